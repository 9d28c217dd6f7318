"""Cox's model over nodes: stratified by site, and with a baseline hazard in common."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
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
from tests.simulation.followed import FRAME, TIMES, columns, command, each, nodes

alike = functools.partial(comparing.alike, tolerance=1e-12, loglike=1e-13)


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
@pytest.mark.parametrize("strata", ["strata(_node)", "strata(_node sex)", ""])
def test_an_offset_is_that_of_statsmodels(ties, strata):
    """With each site's own baseline, too: scores that are zero at our coefficients, and the same information."""
    sites = nodes(FRAME)[:3]
    found = simulate(command(f"{strata} {ties} offset(off)", times="time(t) failure(d)"), sites)
    whole = pd.concat(sites)
    by = whole["site"] * (10 if "_node" in strata else 0) + (whole["sex"] == "m") * ("sex" in strata)
    offset = whole["off"].to_numpy() - 1000.0
    model = PHReg(whole["t"], columns(whole), status=whole["d"], strata=by, offset=offset, ties=ties)
    assert np.max(np.abs(found.cov @ model.score(found.beta)) / found.bse) <= 1e-7
    np.testing.assert_allclose(np.linalg.inv(-model.hessian(found.beta)), found.cov, rtol=1e-9)


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


def softmax(part, beta, ties):
    """Score and information with each risk set's weights taken relative to its largest linear predictor."""
    x = np.column_stack([part["male"], part["age"]]).astype(float)
    eta, score, information = x @ beta + part["off"].to_numpy(), np.zeros(2), np.zeros((2, 2))
    for t in np.unique(part["t"][part["d"] > 0]):
        at_risk = ((part["t0"] < t) & (part["t"] >= t)).to_numpy()
        fails = ((part["t"] == t) & (part["d"] > 0)).to_numpy()
        score += x[fails].sum(axis=0)
        for case in range(fails.sum()):
            r = np.exp(eta - eta[at_risk].max(), where=at_risk, out=np.zeros(len(eta)))
            r *= np.where(fails, 1 - case / fails.sum() if ties == "efron" else 1.0, 1.0)
            mean = r @ x / r.sum()
            score -= mean
            information += ((x - mean) * (r / r.sum())[:, None]).T @ (x - mean)
    return score, information


@each
@pytest.mark.parametrize("spread", [120.0])
@pytest.mark.parametrize("strata", ["strata(_node)", "strata(site)", ""])
def test_an_offset_that_all_but_says_who_fails_leaves_a_maximum(ties, spread, strata):
    """At zero the information is a rounding of nothing: no column is left out for that, and steps stay short."""
    frame = FRAME.assign(off=spread * (FRAME["off"] - 1000.0), male=(FRAME["sex"] == "m").astype(float))
    sites = nodes(frame)[:3]
    found = simulate(command(f"{strata} {ties} offset(off)", terms="male age"), sites)
    assert (found.status, found.omitted, found.names) == ("converged", (), ("male", "age"))
    parts = sites if strata else [pd.concat(sites)]
    score, information = (sum(these) for these in zip(*(softmax(p, found.beta, ties) for p in parts), strict=True))
    assert np.max(np.abs(np.linalg.solve(information, score)) / found.bse) <= 1e-5
    np.testing.assert_allclose(np.linalg.inv(information), found.cov, rtol=1e-4)


@pytest.mark.parametrize(("spread", "strata"), [(1000.0, "strata(_node)"), (1000.0, "")])
def test_relative_hazards_beyond_all_numbers_warn_of_nothing(spread, strata):
    """Of each site's own, risk sets are looked at in parts; in common they are sums, and the status alone says so."""
    frame = FRAME.assign(off=spread * (FRAME["off"] - 1000.0), male=(FRAME["sex"] == "m").astype(float))
    found = simulate(command(f"{strata} offset(off)", terms="male"), nodes(frame)[:3])
    assert found.status == ("converged" if strata else "not converged")


@each
@pytest.mark.parametrize("more", ["vce(robust)", "phtest(rank)", "phtest(log)", "offset(off)"])
def test_risk_sets_in_parts_say_what_they_say_at_once(ties, more, monkeypatch):
    """Linear predictors are parted every half: in nobody's data they would be."""
    line = command(f"strata(_node sex) {ties} {more}", weight="" if more == "vce(robust)" else "[iw=w]")
    whole = simulate(line, nodes(FRAME)[:3])
    monkeypatch.setattr("fedfolder.questions.strata.FAR", 0.5)
    found = simulate(line, nodes(FRAME)[:3])
    alike(found, whole, tolerance=1e-9)
    for name, value in whole.stats.items():
        assert found.stats[name] == pytest.approx(value, rel=1e-8)


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
