"""Cox's model over nodes: stratified by site, and with a baseline hazard in common."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
from scipy.special import chdtrc
from statsmodels.duration.hazard_regression import PHReg

from fedfolder import pooled, simulate
from fedfolder.command import parse
from fedfolder.custody.policy_file import named
from fedfolder.errors import CommandError, PolicyError, VariableError
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.proposal import Proposal
from fedfolder.questions.event_times import EventTimes, on_grid
from fedfolder.questions.specification import Specification
from tests.simulation import comparing

alike = functools.partial(comparing.alike, tolerance=1e-12, loglike=1e-13)
TIMES = "time(t) failure(d) entry(t0)"
TIES = ("breslow", "efron")
each = pytest.mark.parametrize("ties", TIES)


def followed(n=240, seed=3):
    """Persons at three sites, some observed late, with times in whole months: ties within sites and across them."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": np.round(rng.uniform(40, 80, n)), "stage": rng.integers(1, 4, n)})
    frame["sex"], frame["site"] = rng.choice(["f", "m"], n), np.repeat([1, 2, 3], [n // 2, n - n // 2 - 20, 20])
    death = 20.0 * rng.weibull(1.3, n) * np.exp(-0.3 * (frame["stage"] - 2) - 0.02 * (frame["age"] - 60))
    end = rng.uniform(2.0, 30.0, n)
    frame["d"] = (death <= end).astype(float)
    frame["t"] = np.ceil(np.minimum(death, end))
    frame["t0"] = np.floor(frame["t"] * rng.uniform(0.05, 0.9, n)) * rng.integers(0, 2, n)
    frame["w"], frame["f"] = np.round(rng.uniform(0.5, 2.0, n), 2), rng.integers(1, 4, n)
    frame["off"] = 1000.0 + np.round(rng.normal(size=n), 2)
    return frame


FRAME = followed()


def nodes(frame):
    """By site, and a fourth node of a single row."""
    return [*(part for _, part in frame.iloc[:-1].groupby("site")), frame.iloc[-1:]]


def command(more="", times=TIMES, terms="age i.stage", weight=""):
    return f"stcox {terms} {weight}, {times} {more}".rstrip()


def columns(frame):
    return np.column_stack([frame["age"], frame["stage"] == 2, frame["stage"] == 3]).astype(float)


@each
@pytest.mark.parametrize("strata", ["", "sex"])
def test_a_baseline_in_common_is_the_fit_of_all_rows_together(ties, strata):
    """Ties across nodes, delayed entry, missing covariates at different rows, a level at one node, one of a row."""
    frame = FRAME.copy()
    frame.loc[::9, "age"], frame.loc[4::11, "stage"], frame.loc[6::13, "d"] = np.nan, np.nan, np.nan
    frame.loc[frame["site"] == 1, "stage"] = frame["stage"].clip(upper=2)
    line = command(f"{ties} {f'strata({strata})' if strata else ''}")
    found, whole = simulate(line, nodes(frame)), frame.dropna()
    alike(found, pooled(line, whole))
    after = np.where(whole["t0"] > 0, np.nextafter(whole["t0"], np.inf), 0.0)  # statsmodels counts entry as at risk
    groups = {"strata": (whole[strata] == "m").astype(int)} if strata else {}
    model = PHReg(whole["t"], columns(whole), status=whole["d"], entry=after, ties=ties, **groups)
    assert np.max(np.abs(found.cov @ model.score(found.beta)) / found.bse) <= 1e-7
    np.testing.assert_allclose(np.linalg.inv(-model.hessian(found.beta)), found.cov, rtol=1e-9)
    assert found.llf == pytest.approx(model.loglike(found.beta), rel=1e-10) or strata
    assert found.llnull == pytest.approx(model.loglike(np.zeros(3)), rel=1e-10) or strata
    assert found.nobs == len(whole)


@each
@pytest.mark.parametrize("more", ["", "sex"])
@pytest.mark.parametrize("weight", ["", "[iw=w]", "[fw=f]"])
def test_strata_of_nodes_are_strata_of_sites(ties, more, weight):
    """Two ways to one number: each node's own partial likelihood, and risk sets summed over nodes."""
    by_node = simulate(command(f"strata(_node {more}) {ties} offset(off)", weight=weight), nodes(FRAME)[:3])
    by_site = simulate(command(f"strata(site {more}) {ties} offset(off)", weight=weight), nodes(FRAME)[:3])
    alike(by_node, by_site, tolerance=2e-8)
    assert by_node.llnull == pytest.approx(by_site.llnull, rel=1e-13)
    assert by_node.title == f"Stratified Cox regression with {ties.capitalize()} method for ties"
    assert any("stratified by _node" in note for note in by_node.notes)


@each
@pytest.mark.parametrize("strata", ["strata(_node)", "strata(site)"])
def test_rows_of_a_person_have_the_scores_of_the_whole_between_them(ties, strata):
    sites = [part.assign(id=part.index) for _, part in FRAME.groupby("site")]
    whole = simulate(command(f"{strata} {ties} vce(robust)"), sites)
    alike(simulate(command(f"{strata} {ties} vce(cluster id)"), sites), whole)
    parted = []
    for part in sites:
        middle = np.round((part["t"] + part["t0"]) / 2, 4)
        parted.append(pd.concat([part.assign(t=middle, d=0.0), part.assign(t0=middle)]))
    found = simulate(command(f"{strata} {ties} vce(cluster id)"), parted)
    alike(found, whole, tolerance=2e-8)
    assert found.clusters == len(FRAME)


@each
def test_clusters_at_several_nodes_add_up(ties):
    found = simulate(command(f"{ties} vce(cluster stage)", terms="age i.sex"), nodes(FRAME))
    assert found.clusters == 3
    alike(found, pooled(command(f"{ties} vce(cluster stage)", terms="age i.sex"), FRAME), tolerance=2e-8)


def test_data_that_were_stset_need_no_times():
    frame = FRAME.rename(columns={"t": "_t", "d": "_d", "t0": "_t0"}).assign(_st=(FRAME.index % 7 != 0).astype(float))
    found = simulate("stcox age i.stage, strata(_node)", nodes(frame))
    alike(found, simulate(command("strata(_node)"), nodes(FRAME[FRAME.index % 7 != 0])))
    assert str(parse("stcox age, str(_node)")) == ("stcox age if _st==1, strata(_node) time(_t) failure(_d) entry(_t0)")


@pytest.mark.parametrize("strata", ["strata(_node)", ""])
def test_nodes_without_events_and_strata_that_say_nothing_are_left_as_they_are(strata):
    quiet = FRAME.assign(d=np.where(FRAME["site"] == 3, 0.0, FRAME["d"]))
    found = simulate(command(strata), nodes(quiet))
    assert found.nobs == len(FRAME)
    if strata:
        alike(found, simulate(command(strata), [quiet[quiet["site"] == site] for site in (1, 2)]))
    lonely = FRAME.assign(own=np.arange(len(FRAME)))
    alone = simulate(command("strata(_node own)"), nodes(lonely))
    assert alone.status == "no coefficients"


@pytest.mark.parametrize("strata", ["strata(_node)", ""])
def test_a_monotone_likelihood_is_separation(strata):
    frame = FRAME.assign(d=np.where(FRAME["stage"] == 3, 0.0, FRAME["d"]))
    found = simulate(command(strata), nodes(frame))
    assert found.status == "separation"
    assert "3.stage" in found.message


@each
@pytest.mark.parametrize("strata", ["strata(_node)", "strata(site)"])
def test_what_varies_in_no_stratum_is_left_out_whatever_its_values(ties, strata):
    values = np.random.default_rng(1).normal(size=(6, 3))
    own = {f"own{k}": values[k][FRAME["site"] - 1] for k in range(len(values))}
    frame = FRAME.assign(**own)
    found = simulate(command(f"{strata} {ties}", terms=f"{' '.join(own)} age i.stage"), nodes(frame)[:3])
    assert found.omitted == tuple(own)
    alike(found, simulate(command(f"{strata} {ties}"), nodes(frame)[:3]), tolerance=2e-8)


@pytest.mark.parametrize("strata", ["strata(_node)", ""])
def test_collinear_columns_and_those_that_no_stratum_varies_in_are_left_out(strata):
    frame = FRAME.assign(twice=2.0 * FRAME["age"] + 3.0, huge=1e9 + FRAME["age"] * 0.0)
    found = simulate(command(strata, terms="age i.stage twice huge i.site"), nodes(frame)[:3])
    sites = ("2.site", "3.site") if strata else ()
    assert found.omitted == ("twice", "huge", *sites)
    if strata:
        alike(found, simulate(command(strata), nodes(frame)[:3]), tolerance=1e-10)


@pytest.mark.parametrize("strata", ["strata(_node)", "strata(site)", ""])
@pytest.mark.parametrize("entry", [True, False])
def test_no_column_at_all_is_said(strata, entry):
    """Of levels that only rows which are left out have, nothing is left to ask about."""
    frame = FRAME.assign(g=1.0)
    times = TIMES if entry else TIMES.replace(" entry(t0)", "")
    found = simulate(command(strata, times=times, terms="i.g"), nodes(frame)[:3])
    assert (found.status, found.names) == ("no coefficients", ())


@pytest.mark.parametrize("strata", ["strata(_node)", ""])
def test_wild_scales_give_the_same_fit(strata):
    frame = FRAME.assign(age=1e-6 * (FRAME["age"] - 1e5))
    found, usual = simulate(command(strata), nodes(frame)), simulate(command(strata), nodes(FRAME))
    assert found.beta[0] * 1e-6 == pytest.approx(usual.beta[0], rel=1e-8)
    assert found.llf == pytest.approx(usual.llf, rel=1e-12)


@each
def test_relative_hazards_whose_squares_overflow_warn_of_nothing(ties):
    """An offset of exp(400) and more: a fit that ends without numbers says so by its status alone."""
    frame = FRAME.assign(off=150.0 * (FRAME["off"] - 1000.0), male=(FRAME["sex"] == "m").astype(float))
    found = simulate(command(f"{ties} offset(off)", terms="male"), nodes(frame)[:3])
    assert (found.status, found.names) == ("not converged", ())


def test_efron_with_weights_has_the_mean_weight_of_failures_at_each_time():
    """As in R's survival: doubled weights change nothing but the information."""
    one, two = (simulate(command("efron", weight=f"[iw={w}]"), nodes(FRAME.assign(u=2 * FRAME["w"]))) for w in "wu")
    np.testing.assert_allclose(one.beta, two.beta, rtol=1e-8)
    np.testing.assert_allclose(one.cov, 2 * two.cov, rtol=1e-8)
    sampled = simulate(command("efron", weight="[pw=u]"), nodes(FRAME.assign(u=2 * FRAME["w"])))
    np.testing.assert_allclose(sampled.bse, simulate(command("efron", weight="[pw=w]"), nodes(FRAME)).bse, rtol=1e-8)


# -- the grid ----------------------------------------------------------------------------------------------------------


def test_the_grid_is_the_fit_of_rounded_times_and_says_so():
    frame = FRAME.assign(t=FRAME["t"] + 0.3)
    time, entry = on_grid(frame["t"].to_numpy(), frame["t0"].to_numpy(), 3.0)
    found = simulate(command("grid(3)"), nodes(frame))
    alike(found, simulate(command(), nodes(frame.assign(t=time, t0=entry))))
    assert any("rounded up to multiples of 3" in note for note in found.notes)
    assert found.llf != pytest.approx(simulate(command(), nodes(frame)).llf, rel=1e-6)


def test_times_on_the_grid_stay_and_rows_within_an_interval_begin_with_it():
    time, entry = on_grid(np.array([0.3, 0.7, 1.1, 0.25, 0.61]), np.array([0.0, 0.2, 0.0, 0.21, 0.6]), 0.1)
    np.testing.assert_allclose(time, [0.3, 0.7, 1.1, 0.3, 0.7])
    np.testing.assert_allclose(entry, [0.0, 0.2, 0.0, 0.2, 0.6], atol=1e-15)


# -- what leaves, and what is refused ----------------------------------------------------------------------------------


def test_with_strata_of_nodes_no_time_leaves():
    line = command("strata(_node sex) efron")
    kinds = [question["kind"] for question in Proposal(parse(line), (("a", ""),)).to_dict()["asked"]]
    assert kinds == ["moments", "derivatives"]
    common = [question["kind"] for question in Proposal(parse(command()), (("a", ""),)).to_dict()["asked"]]
    assert common == ["moments", "event times", "risk sets"]


@pytest.mark.parametrize("profile", ["registry", "strict"])
def test_a_baseline_in_common_is_refused_but_by_the_open_profile(profile):
    policy = named(profile)
    parsed = parse(command())
    (finding,) = policy.of_command(parsed, [("a", ""), ("b", ""), ("c", "")])
    assert finding.rule == "event_times"
    assert "strata(_node)" in finding.says
    assert "event_times" in finding.says
    assert policy.of_command(parse(command("strata(_node)")), [("a", ""), ("b", ""), ("c", "")]) == []
    assert named("open").of_command(parsed, [("a", "")]) == []
    with pytest.raises(PolicyError, match="write strata"):
        simulate(command(), nodes(FRAME)[:3], policy=profile)


def test_a_policy_may_let_them_leave_on_a_grid_with_enough_persons_in_each_interval(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text(
        'format = 1\nprofile = "registry"\n[approval]\nmode = "auto"\n[allowed]\nevent_times = true\n', encoding="utf-8"
    )
    policy = named(str(path))
    sample = sample_from_frame(FRAME.assign(t0=0.0), parse(command()))

    def rules(more):
        found = policy.of_sample(Specification.of(parse(command(more))), sample)
        return [finding.rule for finding in found if finding.rule in {"event_times", "same_time"}]

    assert "same_time" in rules("")
    assert rules("grid(30)") == rules("strata(_node)") == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("stcox, time(t) failure(d)", "needs a term"),
        ("stcox age, time(t)", "needs failure"),
        ("stcox age, time(t) failure(d) breslow efron", "two ways with ties"),
        ("stcox age, time(t) failure(d) strata(_node) grid(1)", "several nodes have in common"),
        ("stcox age i.sex, time(t) failure(d) strata(sex)", "among the terms"),
        ("stcox age, time(t) failure(d) strata(t)", "cannot make strata"),
        ("stcox age, time(t) failure(d) strata(a b c d e f)", "not an argument"),
        ("stcox age, time(t) failure(d) grid(0)", "not an argument"),
        ("stcox age, time(t) failure(d) grid(1e999)", "not an argument"),
    ],
)
def test_what_does_not_go_together_is_said(line, said):
    with pytest.raises(CommandError, match=said):
        parse(line)


def test_times_that_cannot_be_are_an_error_as_in_streg():
    with pytest.raises(VariableError, match="not above zero"):
        simulate(command("strata(_node)"), nodes(FRAME.assign(t=0.0)))
    with pytest.raises(VariableError, match="end where they begin"):
        EventTimes(Specification.of(parse(command()))).compute(
            sample_from_frame(FRAME.assign(t0=FRAME["t"]), parse(command()))
        )


def test_without_any_failure_there_is_nothing_to_fit():
    found = simulate(command(), nodes(FRAME.assign(d=0.0)))
    assert (found.status, found.rounds) == ("outcome does not vary", 1)


# -- beside the table --------------------------------------------------------------------------------------------------


@each
@pytest.mark.parametrize("transform", ["log", "time"])
def test_proportional_hazards_are_tested_by_the_score_of_columns_times_time(ties, transform):
    """By its definition: the model with each column times g(t) beside it, at coefficients of zero."""
    sites = [part for _, part in FRAME.groupby("site")]
    found = simulate(command(f"strata(_node) {ties} phtest({transform})"), sites)
    score, information = np.zeros(6), np.zeros((6, 6))
    for part in sites:
        x, r = columns(part), np.exp(columns(part) @ found.beta)
        time, entry, d = (part[name].to_numpy() for name in ("t", "t0", "d"))
        for t in np.unique(time[d > 0]):
            g = np.log(t) if transform == "log" else t
            wide, fails = np.hstack([x, g * x]), (time == t) & (d > 0)
            score += wide[fails].sum(axis=0)
            for case in range(fails.sum()):
                share = 1 - case / fails.sum() if ties == "efron" else 1.0
                at_risk = ((entry < t) & (time >= t)) * np.where(fails, share, 1.0) * r
                mean = at_risk @ wide / at_risk.sum()
                score -= mean
                information += ((wide - mean) * at_risk[:, None]).T @ (wide - mean) / at_risk.sum()
    chi2 = score @ np.linalg.solve(information, score)
    assert found.stats["phtest_chi2"] == pytest.approx(chi2, rel=1e-6)
    assert found.stats["phtest_df"] == 3
    alone = [0, 1, 2, 4]  # the model, and one column times time
    one = score[alone] @ np.linalg.solve(information[np.ix_(alone, alone)], score[alone])
    assert found.stats["phtest_p 2.stage"] == pytest.approx(chdtrc(1, one), rel=1e-6)
    assert any(note.startswith("Note: proportional hazards") for note in found.notes)
    assert found.rounds == simulate(command(f"strata(_node) {ties}"), sites).rounds + 1


@pytest.mark.parametrize("strata", ["", "strata(sex)"])
def test_the_baseline_is_breslows_with_all_terms_at_zero(strata):
    frame = FRAME.assign(off=FRAME["off"] - 998.0)
    found = simulate(command(f"{strata} offset(off) basesurv(30 5 10)"), nodes(frame))
    x = columns(FRAME)
    r = np.exp(x @ found.beta + frame["off"])
    for t in (5, 10, 30):
        for sex in ("f", "m") if strata else ("",):
            here = FRAME["sex"] == sex if sex else FRAME["sex"] != ""
            fails = FRAME[here & (FRAME["d"] > 0) & (FRAME["t"] <= t)]["t"]
            hazard = sum(1 / r[here & (FRAME["t0"] < s) & (FRAME["t"] >= s)].sum() for s in fails)
            name = f"basesurv {t}{f' {sex}' if sex else ''}"
            assert -np.log(found.stats[name]) == pytest.approx(hazard, rel=1e-8)
