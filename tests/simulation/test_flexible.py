"""Flexible parametric models over nodes: their splines, knots and orthogonalisation are one for all."""

from __future__ import annotations

import dataclasses
import itertools
import re
import time

import numpy as np
import pandas as pd
import pytest

from fedfolder import pooled, simulate
from fedfolder.command import parse
from fedfolder.custody.others import possible
from fedfolder.custody.policy import Policy
from fedfolder.custody.profiles import PROFILES
from fedfolder.custody.view import View
from fedfolder.errors import CommandError, RefusedError, TamperedAnswerError, VariableError
from fedfolder.estimates import flexible
from fedfolder.estimates.columns import Rows
from fedfolder.estimates.result import FitResult
from fedfolder.likelihood.stpm2 import HAZARDS
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.knots import curves_of
from fedfolder.questions.event_groups import BOTTOM, LEAST_EVENTS, TOP, EventGroups, edges_of, time_at
from fedfolder.questions.specification import Specification
from fedfolder.questions.sums import Sums, add
from fedfolder.simulation import lay_out, simulate_over_folders
from fedfolder.simulation.memory import fit_samples
from tests.simulation.comparing import alike
from tests.simulation.elsewhere import spline, spline_slope, survivor

KNOTS, INNER = np.array([0.3, 1.0, 3.0, 6.0]), "knots(1 3) bknots(0.3 6)"
TIMES = "time(t) failure(d) entry(t0)"
each = pytest.mark.parametrize("scale", HAZARDS)


def followed(n=400, seed=3, unit=1.0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": np.round(rng.uniform(40, 80, n)), "sex": rng.integers(0, 2, n).astype(float)})
    death = 6.0 * rng.weibull(1.3, n) * np.exp(-0.6 * frame["sex"] - 0.02 * (frame["age"] - 60))
    end = rng.uniform(0.5, 8.0, n)
    frame["d"] = (death <= end).astype(float)
    frame["t"] = unit * (np.round(np.minimum(death, end), 3) + 0.001)
    frame["t0"] = np.round(frame["t"] * rng.uniform(0.05, 0.9, n), 3) * rng.integers(0, 2, n)
    frame["rate"] = np.round(0.003 * np.exp(0.08 * (frame["age"] - 50)), 5) / unit
    return frame


FRAME = followed()


def nodes(frame):
    """Three parts of uneven size, the last one of a single row."""
    return [frame.iloc[: len(frame) // 2], frame.iloc[len(frame) // 2 : -1], frame.iloc[-1:]]


def command(scale="hazard", more="noorthog", knots=INNER, times=TIMES, terms="age sex"):
    return f"stpm2 {terms}, scale({scale}) {knots} {times} {more}".rstrip()


def by_formula(scale, frame, *, rate=0.0, time_varying=True):
    """The log-likelihood as Lambert and Royston (2009) write it, as a function of the coefficients."""
    x, t, y = frame[["age", "sex"]].to_numpy(), frame["t"].to_numpy(), frame["d"].to_numpy()
    late = frame["t0"].to_numpy() > 0
    t0 = np.where(late, frame["t0"], 1.0)
    inner = np.log([0.3, 2.0, 6.0])

    def columns(time, of, plain):
        x1 = np.log(time)
        varying = [of(x1, inner) * x[:, 1:]] if time_varying else []
        return np.column_stack([plain * x, of(x1, np.log(KNOTS)), *varying, plain * np.ones(len(t))])

    z, slope, before = columns(t, spline, 1.0), columns(t, spline_slope, 0.0), columns(t0, spline, 1.0)

    def loglike(beta):
        survival, hazard = survivor(f"({scale})", z @ beta)
        start, _ = survivor(f"({scale})", before @ beta)
        return y * np.log(rate * t + hazard * (slope @ beta)) + survival - np.where(late, start, 0.0)

    return loglike


@each
@pytest.mark.parametrize("expected", [True, False])
def test_it_is_the_maximum_of_the_formula_with_tvc_delayed_entry_and_expected_rates(scale, expected):
    more = f"noorthog tvc(sex) knotstvc(sex 2){' bhazard(rate)' if expected else ''}"
    found = simulate(command(scale, more), nodes(FRAME))
    loglike = by_formula(scale, FRAME, rate=FRAME["rate"].to_numpy() if expected else 0.0)
    steps = 1e-30j * np.eye(len(found.beta))

    def score(beta):
        return np.array([loglike(beta + step).imag.sum() / 1e-30 for step in steps])

    away = 1e-5 * np.diag(found.bse)
    hessian = np.array([(score(found.beta + h) - score(found.beta - h)) / (2 * h.sum()) for h in away])
    cov = np.linalg.inv(-(hessian + hessian.T) / 2)
    assert found.llf == pytest.approx(loglike(found.beta).sum(), rel=1e-12)
    assert np.max(np.abs(cov @ score(found.beta)) / found.bse) < 1e-8
    np.testing.assert_allclose(np.sqrt(np.diag(cov)), found.bse, rtol=1e-7)
    assert found.names[-3:] == ("_rcs_sex1", "_rcs_sex2", "_cons")
    assert found.rounds <= 15


@each
@pytest.mark.parametrize("more", ["noorthog", "", "tvc(sex) dftvc(1)", "bhazard(rate)"])
def test_federated_is_pooled(scale, more):
    alike(simulate(command(scale, more), nodes(FRAME)), pooled(command(scale, more), FRAME), tolerance=1e-12)


@each
def test_rows_that_are_parted_give_the_same_fit(scale):
    whole = simulate(command(scale), nodes(FRAME))
    middle = np.round((FRAME["t"] + FRAME["t0"]) / 2, 4)
    parted = pd.concat([FRAME.assign(t=middle, d=0.0), FRAME.assign(t0=middle)])
    alike(simulate(command(scale), nodes(parted)), whole, tolerance=1e-7)


@each
def test_years_and_days_are_the_same_fit(scale):
    years, days = simulate(command(scale), nodes(FRAME)), followed(unit=365.25).assign(t0=365.25 * FRAME["t0"])
    knots = " ".join(repr(365.25 * knot) for knot in (1.0, 3.0))
    ends = " ".join(repr(365.25 * knot) for knot in (0.3, 6.0))
    found = simulate(command(scale, knots=f"knots({knots}) bknots({ends})"), nodes(days))
    slopes = [place for place, name in enumerate(years.names) if name != "_cons"]
    assert np.max(np.abs(found.beta - years.beta)[slopes] / years.bse.iloc[slopes]) <= 1e-7
    assert found.llf == pytest.approx(years.llf, rel=1e-11)


def test_a_straight_line_is_the_weibull_model():
    found = simulate(command(knots="df(1)"), nodes(FRAME))
    other = simulate(f"streg age sex, distribution(weibull) {TIMES}", nodes(FRAME))
    assert found.llf == pytest.approx(other.llf, rel=1e-11)
    np.testing.assert_allclose(found.beta[:2], other.beta[:2], rtol=1e-7)
    assert found.params["_rcs1"] == pytest.approx(np.exp(other.params["/ln_p"]), rel=1e-7)
    assert found.llnull is None
    assert simulate(command("odds", knots="df(1)"), nodes(FRAME)).llf == pytest.approx(
        simulate(f"streg age sex, distribution(loglogistic) {TIMES}", nodes(FRAME)).llf, rel=1e-11
    )


@pytest.mark.parametrize(("scale", "more"), [*zip(HAZARDS, ["", "tvc(sex) dftvc(2)", "bhazard(rate)"], strict=True)])
def test_lrmodel_compares_with_the_baselines_spline_alone(scale, more):
    """The smaller model beside is the one that is fitted by itself, and the model is the one without the option."""
    found, without = (simulate(command(scale, f"{more} {option}"), nodes(FRAME)) for option in ("lrmodel", ""))
    kept = f"noorthog {more if 'bhazard' in more else ''}"
    alone = simulate(command(scale, kept, terms="nothing"), nodes(FRAME.assign(nothing=0.0)))
    assert alone.omitted == ("nothing",)
    assert found.llnull == pytest.approx(alone.llf, rel=1e-12)
    assert found.stats["chi2"] == pytest.approx(2 * (without.llf - alone.llf), rel=1e-9)
    assert "LR chi2" in found.summary()
    alike(found, without, tolerance=1e-12)
    assert without.llnull is None
    assert found.evaluations > without.evaluations
    assert found.rounds <= without.rounds + 2


@pytest.mark.parametrize(("more", "what"), [("noorthog noconstant", "no constant"), ("vce(robust)", "makes no test")])
def test_lrmodel_needs_log_likelihoods_that_compare(more, what):
    with pytest.raises(CommandError, match=what):
        simulate(command(more=f"lrmodel {more}"), nodes(FRAME))


# -- one orthogonalisation -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", ["", "tvc(sex) dftvc(1)", "tvc(sex) knotstvc(sex 2)"])
def test_orthogonalised_columns_are_another_way_to_write_the_same_fit(more):
    found = simulate(command(more=more), nodes(FRAME))
    plain = simulate(command(more=f"noorthog {more}"), nodes(FRAME))
    assert found.llf == pytest.approx(plain.llf, rel=1e-13)
    baseline, *others = found.splines
    values, _ = baseline.at(FRAME["t"].to_numpy())
    np.testing.assert_allclose(values.mean(axis=0), 0.0, atol=1e-10)
    np.testing.assert_allclose(values.T @ values / len(FRAME), np.eye(3), atol=1e-9)
    assert (np.diag(baseline.r) > 0).all()
    np.testing.assert_array_equal(np.tril(baseline.r, -1), 0.0)
    for fit in (found, plain):
        x = [FRAME["age"], FRAME["sex"]]
        x += [s.at(FRAME["t"].to_numpy())[0] * (FRAME[["sex"]].to_numpy() if s.of else 1.0) for s in fit.splines]
        xb = np.column_stack([*x, np.ones(len(FRAME))]) @ fit.beta
        np.testing.assert_allclose(xb, fit.predict(FRAME, "xb"), rtol=1e-12)
        np.testing.assert_allclose(xb, plain.predict(FRAME, "xb"), atol=1e-10)
    assert len(others) == bool(more)


def test_a_result_read_back_predicts_the_same():
    found = simulate(command(more="tvc(sex) dftvc(1)"), nodes(FRAME))
    again = FitResult.from_json(found.to_json())
    assert again == found
    assert again.splines == found.splines


# -- effects of levels that vary with time ---------------------------------------------------------------------------

AGREED = [0.5, 1.0, 2.5, 5.0]
PLACE = np.arange(len(FRAME)) % 3
STAGES = FRAME.assign(g=PLACE + 1.0, two=(PLACE == 1) * 1.0, three=(PLACE == 2) * 1.0)
BY_LEVEL = {"_rcs_two": "2.g#c._rcs_g", "_rcs_three": "3.g#c._rcs_g", "two": "2.g", "three": "3.g"}


@each
@pytest.mark.parametrize(("orthogonal", "knots"), [("", "df(2) bknots(0.3 6)"), ("noorthog", INNER)])
def test_a_spline_of_a_factor_is_one_of_each_level_but_the_base(scale, orthogonal, knots):
    """The same fit as with 0/1 variables in the place of levels; one level at one node only, as everywhere."""
    numbers = command(scale, f"{orthogonal} tvc(two three age) dftvc(2)", knots, terms="age two three")
    levels = command(scale, f"{orthogonal} tvc(i.g age) dftvc(i.g: 2 age: 2)", knots, terms="age i.g")
    parts = [STAGES[STAGES["g"] < 3], STAGES[STAGES["g"] == 3]]
    found, other = simulate(levels, parts), simulate(numbers, parts)

    def called(name):
        of = next((start for start in BY_LEVEL if re.fullmatch(f"{start}[0-9]*", name)), "")
        return name.replace(of, BY_LEVEL[of]) if of else name

    expected = {called(name): name for name in other.names}
    assert set(found.names) == set(expected)
    pairs = [(found.names.index(ours), other.names.index(theirs)) for ours, theirs in expected.items()]
    ours, theirs = map(list, zip(*pairs, strict=True))
    assert found.llf == pytest.approx(other.llf, rel=1e-12)
    assert np.max(np.abs(found.beta[ours] - other.beta[theirs]) / other.bse.to_numpy()[theirs]) < 1e-9
    np.testing.assert_allclose(found.cov[np.ix_(ours, ours)], other.cov[np.ix_(theirs, theirs)], rtol=1e-8, atol=1e-12)
    assert [spline.of for spline in found.splines] == ["", "2.g", "3.g", "age"]
    for kind in ("surv", "hazard", "xb", "stdp"):
        np.testing.assert_allclose(found.predict(STAGES, kind), other.predict(STAGES, kind), rtol=1e-8)
    at_three = found.curves({"": {"age": 60.0, "g": 3}}, AGREED).estimate
    as_number = other.curves({"": {"age": 60.0, "two": 0.0, "three": 1.0}}, AGREED).estimate
    np.testing.assert_allclose(at_three, as_number, rtol=1e-9)
    assert FitResult.from_json(found.to_json()) == found


def test_few_trips_and_another_base_are_the_same_fit_of_levels():
    text = command(more="tvc(i.g) dftvc(1)", terms="age i.g")
    usual, few = (simulate(text, nodes(STAGES), few_trips=trips) for trips in (False, True))
    assert few.rounds < usual.rounds
    assert np.max(np.abs(few.beta - usual.beta) / usual.bse) < 1e-8
    other = simulate(text.replace("i.g,", "ib3.g,"), nodes(STAGES))
    assert other.llf == pytest.approx(usual.llf, rel=1e-12)
    assert [spline.of for spline in other.splines] == ["", "1.g", "2.g"]


@pytest.mark.parametrize(
    "given", ["tvc(g) dftvc(2)", "tvc(i.sex) dftvc(2)", "tvc(i.g) dftvc(g: 2)", "tvc(g i.g) dftvc(2)"]
)
def test_a_factor_is_named_among_the_terms_as_tvc_does(given):
    with pytest.raises(CommandError):
        simulate(command(more=given, terms="age i.g sex"), nodes(STAGES))


def test_a_level_of_a_spline_is_a_column_to_a_policy():
    """Parameters are counted by level; a level in which one person ends early is that person's by the logarithm."""
    text = command(more="tvc(i.g) dftvc(1) noorthog", terms="age i.g", times="time(t) failure(d)")
    usual, small = parse(text), command(more="noorthog", terms="age i.g", times="time(t) failure(d)")
    sample = sample_from_frame(STAGES, usual)
    registry, strict = (Policy((), limits=PROFILES[profile]) for profile in ("registry", "strict"))
    assert registry.of_sample(Specification.of(usual), sample) == []
    assert View.of(Specification.of(usual), sample).parameters() == 9
    early = STAGES.assign(t=np.where(np.arange(len(STAGES)) == 2, 1e-4, STAGES["t"]))
    early.loc[early["g"] == 3, "t"] = np.where(early["t"] < 1.5, early["t"], 2.0)[early["g"] == 3]
    for policy in (registry, strict):
        found = {f.rule for f in policy.of_sample(Specification.of(usual), sample_from_frame(early, usual))}
        without = {
            f.rule for f in policy.of_sample(Specification.of(parse(small)), sample_from_frame(early, parse(small)))
        }
        assert "largest_share" in found - without or "leverage" in found - without


# -- knots by the event times ------------------------------------------------------------------------------------------


def events(frame, text=None):
    asked = EventGroups(Specification.of(parse(text or command(knots="df(3)"))))
    sample = sample_from_frame(frame, asked.specification.command)
    return asked, asked.compute(sample)


def test_groups_hold_all_events_and_none_too_few_and_neither_end_is_told():
    asked, answer = events(FRAME)
    asked.check(answer, where="here")
    groups = [(*edges_of(labels), count) for labels, (count,) in answer.rows.items()]
    failed = FRAME["t"][FRAME["d"] > 0]
    assert sum(count for *_, count in groups) == len(failed)
    assert min(count for *_, count in groups) >= LEAST_EVENTS
    assert len(groups) > 5
    assert [low for low, *_ in groups[1:]] == [high for _, high, _ in groups[:-1]]
    for low, high, count in groups[1:-1]:
        assert (failed.between(2 ** (low / 64), 2 ** (high / 64), inclusive="right")).sum() == count
    assert time_at(groups[0][1]) > failed.nsmallest(LEAST_EVENTS - 1).max()
    assert time_at(groups[-1][0]) < failed.nlargest(LEAST_EVENTS).min() * 1.02


@pytest.mark.parametrize("persons", [None, 3])
def test_of_many_events_groups_are_few_and_as_fine_as_ever_near_both_ends(persons):
    """Bounds on a centile lie within a few hundredths; the first groups are those of any number of events."""
    frame = followed(30_000).query("t0 < t")
    text = command(knots="df(3)") + (" id(p)" if persons else "")
    frame = frame.assign(p=np.arange(len(frame)) // (persons or 1))
    _, answer = events(frame, text)
    counts = np.array([count for (count,) in answer.rows.values()])
    assert counts.sum() == frame["d"].sum() > 10_000
    assert 50 < len(counts) < 150
    assert counts.max() < 0.04 * counts.sum()
    below = np.cumsum(counts)
    middle = (below > 0.05 * counts.sum()) & (below < 0.95 * counts.sum())
    assert counts[middle].min() >= 0.01 * counts.sum() // 1
    assert max(counts[0], counts[-1]) <= 10 * LEAST_EVENTS


def test_fewer_events_than_two_groups_have_are_one_number():
    some = FRAME[FRAME["d"] > 0].iloc[: LEAST_EVENTS + 3]
    _, answer = events(some)
    ((labels, (count,)),) = answer.rows.items()
    assert (labels, count) == (("-65536", "65536"), LEAST_EVENTS + 3)
    assert not events(FRAME.assign(d=0.0))[1].rows


def test_counts_of_events_in_many_groups_far_apart_take_no_time():
    """Whoever publishes them would have every node count for hours."""
    asked = parse(command(knots="df(3)"))
    edges = np.linspace(BOTTOM + 1, TOP - 1, 4000).astype(int).tolist()
    rows: dict[tuple[str, ...], tuple[float, ...]] = {
        (str(a), str(b)): (10.0,) for a, b in itertools.pairwise([BOTTOM, *edges, TOP])
    }
    sums = Sums({"nobs": 50000.0}, ("from", "to"), ("events",), rows)
    EventGroups(Specification.of(asked)).check(sums, where="here")
    begun = time.thread_time()
    (curve,) = curves_of(asked, sums)
    assert time.thread_time() - begun < 2.0
    assert len(curve.knots) == 4


def test_counts_of_events_that_cannot_be_are_refused():
    asked, own = events(FRAME)
    both = add([own, own])
    possible(asked, both, own, others=1)
    less = {labels: (count / 2 - 1,) for labels, (count,) in both.rows.items()}
    with pytest.raises(TamperedAnswerError, match="count of events"):
        possible(asked, dataclasses.replace(both, rows=less), own, others=1)
    for rows in ({("1", "2"): (9.0,)}, {("2", "1"): (10.0,)}, {("1", "x"): (10.0,)}, {("1", "2"): (10.5,)}):
        with pytest.raises(TamperedAnswerError):
            asked.check(dataclasses.replace(own, rows=rows), where="here")
    with pytest.raises(RefusedError):
        asked.as_asked({**asked.declaration(), "least": 1}, {})


def test_knots_lie_where_the_result_says_and_near_the_centiles():
    found = simulate(command(knots="df(4)"), nodes(FRAME))
    low, *inner, high = found.splines[0].knots
    failed = FRAME["t"][FRAME["d"] > 0]
    true = np.percentile(failed, [25, 50, 75])
    assert low < inner[0] < inner[1] < inner[2] < high
    assert np.max(np.abs(np.log(inner / true))) < 0.2
    assert failed.min() < low
    assert high < failed.max()
    said = " ".join(note for note in found.notes)
    for knot, place in zip(inner, (25, 50, 75), strict=True):
        assert f"{knot:g} ({place} % of the event times, which is from" in said
    exact = simulate(command(knots=f"knots({' '.join(map(repr, inner))}) bknots({low} {high})"), nodes(FRAME))
    alike(found, exact, tolerance=1e-12)
    assert found.rounds == exact.rounds + 1


def test_boundary_knots_that_are_given_are_taken():
    found = simulate(command(knots="df(3) bknots(0.25 7)"), nodes(FRAME))
    assert (found.splines[0].knots[0], found.splines[0].knots[-1]) == (0.25, 7.0)


def test_too_few_events_for_knots_are_said():
    few = FRAME[FRAME["d"] > 0].iloc[:12]
    with pytest.raises(VariableError, match="events enough"):
        simulate(command(knots="df(3)"), [few])
    assert simulate(command(knots="df(3)"), nodes(FRAME.assign(d=0.0))).status == "outcome does not vary"
    assert simulate(command(knots="df(3)"), nodes(FRAME.assign(age=np.nan))).status == "no observations"


def test_a_policy_of_larger_cells_refuses_to_count_events_in_smaller_groups(tmp_path):
    places = written(tmp_path, nodes(FRAME)[:2], smallest_cell=30)
    with pytest.raises(RefusedError, match="rule cells"):
        simulate_over_folders(command(knots="df(3)", terms="age"), places)
    assert simulate_over_folders(command(terms="age"), places).status == "converged"


def written(folder, frames, smallest_cell=0):
    files = {}
    for number, frame in enumerate(frames, start=1):
        files[f"node{number}"] = folder / f"node{number}.csv"
        frame.to_csv(files[f"node{number}"], index=False)
    places = lay_out(folder / "study", "survival", files)
    for home in places.nodes.values():
        page = home / "policy.toml"
        text = page.read_text(encoding="utf-8")
        changed = re.sub("(?m)^#? ?smallest_cell = [0-9]+", f"smallest_cell = {smallest_cell}", text)
        page.write_text(changed, encoding="utf-8", newline="\n")
    return places


def test_over_folders_nodes_follow_the_plan_to_the_same_bits(tmp_path):
    frames = [FRAME.iloc[:200], FRAME.iloc[200:]]
    text = command("odds", "tvc(sex) dftvc(2) vce(robust)", knots="df(3)")
    found = simulate_over_folders(text, written(tmp_path, frames))
    parsed = parse(text)
    samples = {f"node{k}": sample_from_frame(frame, parsed) for k, frame in enumerate(frames, start=1)}
    assert found.to_json() == fit_samples(parsed, samples).to_json()


# -- in few trips ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scale", "knots", "more"),
    [("hazard", INNER, "bhazard(rate)"), ("odds", "df(3)", "tvc(sex) dftvc(2)"), ("normal", "df(1)", "lrmodel")],
)
def test_sites_own_estimates_save_trips(scale, knots, more):
    """A node of a single row has none, and sends zeros."""
    usual, few = (simulate(command(scale, more, knots), nodes(FRAME), few_trips=trips) for trips in (False, True))
    alike(few, usual, tolerance=1e-7)
    assert np.max(np.abs(few.beta - usual.beta) / usual.bse) <= 1e-8
    assert few.splines == usual.splines
    assert (few.llnull or 0.0) == pytest.approx(usual.llnull or 0.0, rel=1e-12)
    assert few.rounds < usual.rounds


# -- from attained age, and what is outside ----------------------------------------------------------------------------


@each
@pytest.mark.parametrize("rate", ["", "bhazard(rate)"])
def test_on_attained_age_a_fit_takes_no_long_way(scale, rate):
    rng = np.random.default_rng(1)
    n, b, a = 1500, 0.09, 1.6e-4
    age, sex = rng.uniform(40, 80, n), rng.integers(0, 2, n).astype(float)
    death = np.log(np.exp(b * age) + rng.exponential(size=n) * b / (a * np.exp(-0.4 * sex))) / b
    end = age + rng.uniform(0.5, 10, n)
    frame = pd.DataFrame({"age": age, "sex": sex, "t0": age, "t": np.minimum(death, end), "d": (death <= end) * 1.0})
    frame["rate"] = 0.3 * a * np.exp(b * frame["t"])
    found = simulate(command(scale, f"noorthog {rate}", "knots(72) bknots(45 87)", terms="sex"), nodes(frame))
    assert found.status == "converged"
    assert found.rounds <= 16


def test_rates_below_zero_are_an_error_that_names_them():
    with pytest.raises(VariableError, match="rate has negative values"):
        simulate(command(more="noorthog bhazard(rate)"), nodes(FRAME.assign(rate=-FRAME["rate"])))


# -- predictions -------------------------------------------------------------------------------------------------------

FIT = simulate(command("hazard", "tvc(sex) dftvc(1)"), nodes(FRAME))
PATTERN = {"age": 60.0, "sex": 1.0}
BOTH = {"": PATTERN | {"sex": 0.0}, "women": PATTERN}


@each
def test_the_gradients_of_curves_are_their_derivatives(scale):
    fit = simulate(command(scale, "tvc(sex) dftvc(1)"), nodes(FRAME))
    rows, times = Rows(fit, pd.DataFrame(BOTH.values())), np.array(AGREED)

    def of(beta):
        coef = dict(zip(fit.names, beta.tolist(), strict=True))
        return flexible.over_time(FitResult.from_dict(fit.to_dict() | {"coef": coef}), rows, times)

    found = of(fit.beta)
    for place, se in enumerate(fit.bse):
        step = 1e-4 * se * np.eye(len(fit.beta))[place]
        low, high = of(fit.beta - step), of(fit.beta + step)
        for value, by in (("cumulative", found.cumulative_by), ("hazard", found.hazard_by)):
            slopes = (getattr(high, value) - getattr(low, value)) / (2e-4 * se)
            np.testing.assert_allclose(by[:, :, place], slopes, rtol=1e-5, atol=1e-6)


@each
def test_a_hazard_is_the_slope_of_a_cumulative_hazard_and_rows_are_predicted_alike(scale):
    fit, one, step = simulate(command(scale, ""), nodes(FRAME)), {"": PATTERN}, 1e-6
    ends = fit.curves(one, [t + s for t in AGREED for s in (-step, step)], "cumhazard").estimate[0]
    slopes = (ends[1::2] - ends[::2]) / (2 * step)
    np.testing.assert_allclose(fit.curves(one, AGREED, "hazard").estimate[0], slopes, rtol=1e-7)
    rows = pd.DataFrame([PATTERN] * 4).assign(t=AGREED, t0=0.0)
    for kind, what in (("surv", "survival"), ("hazard", "hazard"), ("cumhazard", "cumhazard")):
        np.testing.assert_allclose(fit.predict(rows, kind), fit.curves(one, AGREED, what).estimate[0], rtol=1e-12)
    later, before = rows.assign(t0=0.25), fit.curves(one, [0.25]).estimate[0, 0]
    np.testing.assert_allclose(fit.predict(later), fit.predict(rows) / before, rtol=1e-12)
    start = fit.curves(one, [0.0, 1.0])
    assert (start.estimate[0, 0], start.lower[0, 0], start.upper[0, 0]) == (1.0, 1.0, 1.0)


def test_proportional_hazards_are_proportional_and_time_varying_ones_are_not():
    fixed = simulate(command(), nodes(FRAME))
    ratio = fixed.curves(BOTH, AGREED, "hazard", contrast="ratio")
    ends = np.exp(fixed.params["sex"] + np.array([[-1.0], [1.0]]) * 1.959963984540054 * fixed.bse["sex"])
    np.testing.assert_allclose(ratio.estimate[0], np.exp(fixed.params["sex"]), rtol=1e-12)
    np.testing.assert_allclose(np.vstack([ratio.lower, ratio.upper]), ends * np.ones(4), rtol=1e-9)
    rows = pd.DataFrame([PATTERN] * 4).assign(t=AGREED, t0=0.0)
    np.testing.assert_allclose(
        FIT.predict(rows, "hr") / FIT.predict(rows.assign(age=0.0), "hr"), np.exp(60 * FIT.params["age"])
    )
    assert np.ptp(FIT.curves(BOTH, AGREED, "hazard", contrast="ratio").estimate) > 0.01
