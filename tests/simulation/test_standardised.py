"""Standardised survival over nodes: against the average over all rows of the formulas of a book."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from fedfolder import pooled, simulate
from fedfolder.custody.others import possible
from fedfolder.custody.page import Size
from fedfolder.errors import ConfigError, FitError, TamperedAnswerError, UnknownNameError
from fedfolder.estimates.curves import CONTRASTS
from fedfolder.estimates.result import FitResult
from fedfolder.likelihood.stpm2 import HAZARDS
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.external import external
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.questions.sums import add
from fedfolder.simulation import few_of
from fedfolder.simulation.memory import fit_samples
from tests.node.places import Bench
from tests.questions.asking import averaging
from tests.simulation import elsewhere, test_flexible, test_survival
from tests.simulation.test_survival import nodes

TIMES = (0.5, 2.0, 7.0)
WANTED = "standsurv(0.5 2 7)"
AGED = {"age": 55.0, "stage": 2}
STREG = [*((name, "") for name in test_survival.NAMES), ("exponential", "aft"), ("weibull", "aft")]
FRAME = test_survival.followed(n=150).assign(
    off=lambda f: np.round(0.3 * np.sin(np.arange(len(f))), 2), w=lambda f: 1 + np.arange(len(f)) % 3
)
FLEXIBLE = test_flexible.followed(n=160)


def column(frame, name, time=1.0):
    """A column of a design by its name, as Stata writes it; of a spline at a time."""
    if name.startswith("_rcs"):
        of, number = name.removeprefix("_rcs").removeprefix("_")[:-1], int(name[-1])
        knots = np.log([0.3, 2.0, 6.0] if of else test_flexible.KNOTS)
        return elsewhere.spline(np.array([np.log(time)]), knots)[0, number - 1] * (frame[of] if of else 1.0)
    found = np.ones(len(frame))
    for part in name.split("#") if name != "_cons" else ():
        level, _, variable = part.rpartition(".")
        found = found * (frame[variable] if level in {"", "c"} else frame[variable] == int(level))
    return found


def average(fit, frame, beta, pattern, time):
    """The mean of S over rows with a pattern's values, as a function of the reported coefficients."""
    frame = frame.assign(**pattern)
    linear = [place for place, name in enumerate(fit.names) if not name.startswith("/")]
    xb = sum(beta[place] * column(frame, fit.names[place], time) for place in linear)
    xb = xb + (frame[fit.roles["offset"]] if "offset" in fit.roles else 0.0)
    if fit.model == "stpm2":
        logarithm, _ = elsewhere.survivor(fit.likelihood, xb.to_numpy())
    else:
        eta = [xb.to_numpy(), *(beta[place] for place in range(len(beta)) if place not in linear)]
        logarithm = -elsewhere.hazards(fit.likelihood, time, eta)[1]
    weights = frame[fit.roles["weight"]] if "weight" in fit.roles else np.ones(len(frame))
    return (np.exp(logarithm) * weights).sum() / weights.sum()


def averages(fit, frame, beta, patterns):
    return np.array([[average(fit, frame, beta, pattern, time) for time in TIMES] for pattern in patterns])


def averaged(fit):
    assert fit.averages is not None
    return fit.averages


def assert_is_the_average(line, parts, frame, patterns):
    """Averages and gradients are those of the formulas, and those of all rows in one place."""
    found, whole = simulate(line, parts), pooled(line, frame)
    assert found.status == "converged"
    np.testing.assert_allclose(averaged(found).survival, averages(found, frame, found.beta, patterns), rtol=1e-12)
    steps = 1e-30j * np.eye(len(found.beta))  # exact, as of any analytic function
    moved = [averages(found, frame, found.beta + step, patterns).imag / 1e-30 for step in steps]
    gradient, size = np.stack(moved, axis=-1), np.abs(moved).max()
    np.testing.assert_allclose(averaged(found).gradient, gradient, rtol=1e-8, atol=1e-12 * size)
    np.testing.assert_allclose(averaged(found).survival, averaged(whole).survival, rtol=1e-13)
    np.testing.assert_allclose(averaged(found).gradient, averaged(whole).gradient, rtol=1e-10, atol=1e-13 * size)
    return found


@pytest.mark.parametrize(("distribution", "aft"), STREG, ids=lambda text: text or "hazards")
def test_of_every_distribution_with_interactions_weights_offset_and_delayed_entry(distribution, aft):
    kind = {"weibull": "[fw=w]", "gompertz": "[pw=w]", "lognormal": "[iw=w]"}.get(distribution, "")
    line = (
        f"streg c.age##i.stage {kind}, distribution({distribution}) {aft} {test_survival.TIMES} offset(off) {WANTED} "
        "at1(stage 3) at2(age 55 stage 2) at3(.)"
    )
    found = assert_is_the_average(line, nodes(FRAME), FRAME, [{"stage": 3}, AGED, {}])
    assert averaged(found).patterns == ("stage 3", "age 55 stage 2", "as observed")
    assert averaged(found).times == TIMES


@pytest.mark.parametrize("expected", ["", "bhazard(rate)"])
@pytest.mark.parametrize("scale", HAZARDS)
def test_of_every_scale_with_effects_that_vary_and_expected_rates(scale, expected):
    line = test_flexible.command(scale, f"noorthog tvc(sex) knotstvc(sex 2) {expected} {WANTED} at1(sex 1) at2(sex 0)")
    found = assert_is_the_average(line, nodes(FLEXIBLE), FLEXIBLE, [{"sex": 1.0}, {"sex": 0.0}])
    # Orthogonalised columns are another way to report the same model, and so are its averages and their errors.
    other = simulate(line.replace("noorthog", ""), nodes(FLEXIBLE))
    for contrast in (None, *CONTRASTS):
        one, two = (fit.standardised(contrast=contrast) for fit in (found, other))
        np.testing.assert_allclose([one.lower, one.upper], [two.lower, two.upper], rtol=1e-9)
    assert found.standardised().what == f"standardised {'relative ' if expected else ''}survival"


@pytest.mark.parametrize("contrast", [None, *CONTRASTS])
def test_intervals_are_those_of_differences_in_beta(contrast):
    """The delta method with a numerical gradient of the average itself, on the scale that each interval is taken on."""
    line = test_survival.command("loglogistic", f"{WANTED} at1(stage 1) at2(stage 3) at3(.)")
    fit, patterns = simulate(line, nodes(FRAME)), [{"stage": 1}, {"stage": 3}, {}]

    def to(s):
        if contrast is None:
            return np.log(-np.log(s))
        return s[1:] - s[:1] if contrast == "difference" else np.log(s[1:] / s[:1])

    def back(x):
        return np.exp(-np.exp(x)) if contrast is None else x if contrast == "difference" else np.exp(x)

    h = 1e-4 * fit.bse.to_numpy()
    moved = [[to(averages(fit, FRAME, fit.beta + sign * step, patterns)) for sign in (1, -1)] for step in np.diag(h)]
    gradient = np.array([(after - before) / (2 * step) for (after, before), step in zip(moved, h, strict=True)])
    reach = norm.ppf(0.95) * np.sqrt(np.einsum("pkt,pq,qkt->kt", gradient, fit.cov, gradient))
    estimate, found = to(averages(fit, FRAME, fit.beta, patterns)), fit.standardised(contrast=contrast, level=90)
    np.testing.assert_allclose(found.estimate, back(estimate), rtol=1e-12)
    ends = np.sort([back(estimate - reach), back(estimate + reach)], axis=0)
    np.testing.assert_allclose([found.lower, found.upper], ends, rtol=1e-6)


@pytest.mark.parametrize(
    "line",
    [
        f"streg age i.stage, distribution(gompertz) {test_survival.TIMES}",
        f"stpm2 age, scale(odds) knots(2) bknots(0.1 8) {test_survival.TIMES}",
    ],
)
def test_a_pattern_that_says_everything_is_the_curve_of_that_pattern(line):
    fit = simulate(f"{line} {WANTED} at1(age 50{' stage 2' if 'stage' in line else ''}) at2(.)", nodes(FRAME))
    one, curve = fit.standardised(), fit.curves({"": {"age": 50.0} | ({"stage": 2} if "stage" in line else {})}, TIMES)
    for name in ("estimate", "lower", "upper"):
        np.testing.assert_allclose(getattr(one, name)[0], getattr(curve, name)[0], rtol=1e-9)


def test_an_entry_that_is_a_term_keeps_its_value_where_rows_are_put_at_a_time():
    line = f"streg t0 i.stage, distribution(weibull) {test_survival.TIMES} {WANTED}"
    assert_is_the_average(line, nodes(FRAME), FRAME, [{}])


def test_a_level_of_one_site_is_put_in_place_at_all_and_one_that_nobody_has_is_named():
    frame = FRAME.assign(stage=np.where(FRAME.index < len(FRAME) // 2, FRAME["stage"], 1))
    line = test_survival.command("weibull", f"{WANTED} at1(stage 3)")
    assert_is_the_average(line, nodes(frame), frame, [{"stage": 3}])
    text = frame.assign(stage=frame["stage"].map({1: "i", 2: "ii", 3: "iii"}))
    named = simulate(line.replace("stage 3", "stage iii"), nodes(text))
    np.testing.assert_allclose(averaged(named).survival, averaged(simulate(line, nodes(frame))).survival, rtol=1e-12)
    with pytest.raises(UnknownNameError, match=r"at1\(\) puts a level in place of stage that no row has"):
        simulate(line.replace("stage 3", "stage 4"), nodes(frame))


def test_it_is_one_round_more_and_is_kept_with_the_result():
    plain, line = (simulate(test_survival.command("weibull", more), nodes(FRAME)) for more in ("", WANTED))
    assert (line.rounds, line.evaluations) == (plain.rounds + 1, plain.evaluations)
    np.testing.assert_array_equal(line.beta, plain.beta)
    assert "averaged over all rows at 3 times, of 1 pattern" in " ".join(line.notes)
    again = FitResult.from_json(line.to_json())
    assert again == line
    np.testing.assert_array_equal(averaged(again).gradient, averaged(line).gradient)
    assert plain.averages is None
    assert "averages" not in plain.to_dict()
    with pytest.raises(ConfigError, match="no survival was averaged"):
        plain.standardised()
    with pytest.raises(ConfigError, match="one pattern cannot be compared"):
        line.standardised(contrast="ratio")
    assert simulate(test_survival.command("weibull", WANTED), nodes(FRAME.assign(d=0.0))).averages is None


def test_the_average_of_nobody_failing_yet_has_an_interval_of_no_length():
    fit = simulate(test_survival.command("weibull", "standsurv(1e-200 1)"), nodes(FRAME)).standardised()
    assert (fit.estimate[0, 0], fit.lower[0, 0], fit.upper[0, 0]) == (1.0, 1.0, 1.0)
    assert fit.lower[0, 1] < fit.estimate[0, 1] < fit.upper[0, 1]


def test_rows_that_all_are_gone_have_no_part_in_a_gradient():
    """Infinite cumulative hazards: S and its derivatives are zero, and never no numbers."""
    question, sample, _ = averaging(test_survival.command("weibull", "standsurv(1 1e300)"), FRAME)
    far = question.compute(sample).rows["at1", "1e+300"]
    assert far == (0.0,) * len(far)


def test_answers_that_cannot_be_are_refused():
    question, sample, program = averaging(test_survival.command("weibull", WANTED), FRAME)
    answer = question.compute(sample)
    question.check(answer, where="n")
    label = next(iter(answer.rows))

    def with_survival(value):
        return dataclasses.replace(answer, rows={**answer.rows, label: (value, *answer.rows[label][1:])})

    fewer = dict(list(answer.rows.items())[1:])
    for wrong in (
        with_survival(len(FRAME) + 1.0),
        with_survival(-1.0),
        dataclasses.replace(answer, rows=fewer),
        dataclasses.replace(answer, scalars={"nobs": 1.5, "weight": 1.5}),
        dataclasses.replace(answer, scalars={"nobs": 1.0}),
    ):
        with pytest.raises(TamperedAnswerError):
            question.check(wrong, where="n")
    with pytest.raises(TamperedAnswerError, match="number of rows changed"):
        program.send((question, dataclasses.replace(answer, scalars={"nobs": 9.0, "weight": 9.0})))


def test_published_averages_are_of_rows_that_the_other_sites_can_have():
    line = test_survival.command("weibull", f"{WANTED} at1(stage 3) at2(.)")
    question, _, _ = averaging(line, FRAME)
    answers = [question.compute(sample_from_frame(part, read_command(line))) for part in nodes(FRAME)[:2]]
    published = add(answers)
    for own in answers:
        possible(question, published, own, 1)
    label = ("at2", "2")
    for wrong in (-1.0 - published.rows[label][0], len(FRAME)):
        row = (published.rows[label][0] + wrong, *published.rows[label][1:])
        with pytest.raises(TamperedAnswerError, match="average survival of the other nodes"):
            possible(question, dataclasses.replace(published, rows={**published.rows, label: row}), answers[0], 1)


def test_a_fit_of_few_trips_averages_at_the_beta_that_it_reports():
    """Its last step is taken without asking; the averages are asked for after it."""
    line = test_survival.command("weibull", f"{WANTED} at1(stage 3)")
    command, parts = read_command(line), nodes(FRAME)
    samples = {f"n{k}": sample_from_frame(part, command) for k, part in enumerate(parts)}
    found = fit_samples(command, samples, few=few_of(command, samples))
    expected = averages(found, FRAME, found.beta, [{"stage": 3}])
    np.testing.assert_allclose(averaged(found).survival, expected, rtol=1e-12)
    np.testing.assert_allclose(averaged(found).survival, averaged(simulate(line, parts)).survival, rtol=1e-8)


def test_another_program_cannot_drive_it():
    command = read_command(test_survival.command("weibull", WANTED))
    with pytest.raises(FitError, match="standsurv"):
        next(external(Proposal(command, (("n", ""),), driver="external", radius=1.0)))


def test_the_page_says_what_leaves_and_how_much():
    line = test_survival.command("weibull", f"{WANTED} at1(stage 3 age 60) at2(.)")
    proposal = Proposal(read_command(line), (("n", ""),))
    asked = {entry["kind"]: entry for entry in proposal.to_dict()["asked"]}["standardised survival"]
    assert asked["times at most"] == 1
    assert asked["leaves"].endswith("its gradient: at 0.5, 2 and 7, as if stage were 3 and age 60; as they are")
    question, sample, _ = averaging(line, FRAME)
    answer = question.compute(sample)
    size = Size.of(proposal, sample)
    assert size
    assert size.averages == len(answer.scalars) + sum(map(len, answer.rows.values()))


# -- over folders ------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """What ends a run as a kill would."""


def test_a_run_that_dies_in_the_middle_of_the_round_goes_on_with_the_same_bits(tmp_path):
    """One site has answered, the other has not: nothing is asked or computed twice, and sites come to the result."""
    files = {name: tmp_path / f"{name}.csv" for name in ("north", "south")}
    for path, part in zip(files.values(), (FRAME.iloc[:90], FRAME.iloc[90:]), strict=True):
        part.to_csv(path, index=False, lineterminator="\n")
    line = test_survival.command("weibull", f"{WANTED} at1(stage 3) at2(.)")
    bench, whole = (Bench(tmp_path / name).open(files) for name in ("killed", "whole"))

    def until_one_has_answered(_seconds):
        bench.nodes["north"].work()
        if any("standardised" in name for name in bench.on_share("north", "to-server")):
            raise Killed
        bench.nodes["south"].work()

    with pytest.raises(Killed):
        bench.run(line, idle=until_one_has_answered)
    assert not any("standardised" in name for name in bench.on_share("south", "to-server"))
    for name in files:
        bench.wake(name)
    resumed, undisturbed = bench.run(line), whole.run(line)
    assert resumed.to_json() == undisturbed.to_json()
    np.testing.assert_allclose(averaged(resumed).survival, averaged(pooled(line, FRAME)).survival, rtol=1e-13)
    for name in files:
        assert [m.header.round for m in bench.study_messages(name)] == [
            m.header.round for m in whole.study_messages(name)
        ]
        kept = next((bench.folder / name / "kept").rglob("*standardised.csv")).read_text(encoding="utf-8")
        assert kept.splitlines()[0] == "pattern,time,survival,xb:age,xb:2.stage,xb:3.stage,xb:_cons,/:ln_p"
        assert [row.split(",")[:2] for row in kept.splitlines()[1:3]] == [["at1", "0.5"], ["at1", "2"]]
    bench.close()
    whole.close()


def test_a_site_that_falls_silent_before_it_answers_is_left_out_of_the_average(tmp_path):
    parts = [FRAME.iloc[k::4] for k in range(4)]
    files = {name: tmp_path / f"{name}.csv" for name in ("north", "south", "east", "west")}
    for path, part in zip(files.values(), parts, strict=True):
        part.to_csv(path, index=False, lineterminator="\n")
    line = test_survival.command("weibull", f"{WANTED} at1(stage 3) at2(.)")
    bench = Bench(tmp_path / "study").open(files)

    def work(_seconds):
        if any("standardised" in name for name in bench.on_share("north", "to-server")):
            bench.asleep.add("west")
        for name in set(files) - bench.asleep - {"west"}:
            bench.nodes[name].work()
        if not any("standardised" in name for name in bench.on_share("north", "to-server")):
            bench.nodes["west"].work()

    found = bench.run(line, idle=work, drop_after=0.3, min_nodes=3)
    bench.close()
    assert (found.status, found.without) == ("converged", ("west",))
    left = pd.concat(parts[:3])
    expected = averages(found, left, found.beta, [{"stage": 3}, {}])
    np.testing.assert_allclose(averaged(found).survival, expected, rtol=1e-12)
