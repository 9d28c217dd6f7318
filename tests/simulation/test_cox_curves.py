"""Baselines of a Cox model at agreed times, and survival of patterns by them: in common, and of each site."""

from __future__ import annotations

import json
from typing import TypeAlias

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from matplotlib.figure import Figure
from scipy.special import ndtri

from fedfolder import pooled, simulate
from fedfolder.errors import ConfigError, UnknownNameError
from fedfolder.estimates.drawing import _fill as fill
from fedfolder.estimates.drawing import draw
from fedfolder.estimates.record import to_json
from fedfolder.estimates.result import FitResult
from fedfolder.estimates.stored import arguments
from tests.simulation.followed import FRAME, columns, command, each, nodes

NEAR = FRAME.assign(off=FRAME["off"] - 1000.0)
TIMES = (5.0, 10.0, 30.0)
Patterns: TypeAlias = dict[str, dict[str, float | str]]
AT: Patterns = {"first": {"age": 60.0, "stage": 1}, "second": {"age": 71.0, "stage": 3}}


def breslow(part, beta, until, *, ties="breslow", weight="", offset=""):
    """H0 by its definition, and the sum of m / S^2 over cases."""
    w = part[weight].to_numpy() if weight else np.ones(len(part))
    r = w * np.exp(columns(part) @ beta + (part[offset].to_numpy() if offset else 0.0))
    time, entry, d = (part[name].to_numpy() for name in ("t", "t0", "d"))
    hazard = variance = 0.0
    for t in np.unique(time[(d > 0) & (time <= until)]):
        fails = (time == t) & (d > 0)
        cases = int(w[fails].sum()) if weight == "f" else int(fails.sum())
        for case in range(cases):
            share = 1 - case / cases if ties == "efron" else 1.0
            size = (((entry < t) & (time >= t)) * np.where(fails, share, 1.0) * r).sum()
            hazard += w[fails].sum() / cases / size
            variance += w[fails].sum() / cases / size**2
    return hazard, variance


def parts_of(strata):
    """The rows of each stratum by its levels, in the order of the result."""
    names = {"_node": "site", "sex": "sex"}
    by = [names[name] for name in strata.split()]
    whole = pd.concat(nodes(NEAR)[:3])
    if not by:
        return {(): whole}
    return {
        tuple(f"node{v}" if n == "site" else v for n, v in zip(by, k, strict=True)): p for k, p in whole.groupby(by)
    }


@each
@pytest.mark.parametrize("weight", ["", "w", "f"])
@pytest.mark.parametrize("strata", ["_node", "_node sex", "", "sex"])
def test_baselines_are_breslows_with_all_terms_at_zero(ties, weight, strata):
    kind = {"": "", "w": "[iw=w]", "f": "[fw=f]"}[weight]
    line = command(f"{f'strata({strata})' if strata else ''} {ties} offset(off) basesurv(30 5 10)", weight=kind)
    found, how = simulate(line, nodes(NEAR)[:3]), {"ties": ties, "weight": weight, "offset": "off"}
    assert [tuple(one.stratum.values()) for one in found.baselines] == list(parts_of(strata))
    for one, part in zip(found.baselines, parts_of(strata).values(), strict=True):
        assert list(one.stratum) == strata.split()
        assert one.times == TIMES
        for place, until in enumerate(TIMES):
            hazard, variance = breslow(part, found.beta, until, **how)
            assert one.hazard[place] == pytest.approx(hazard, rel=1e-8)
            assert one.variance[place] == pytest.approx(variance, rel=1e-8)
            steps = 1e-5 * np.diag(found.bse)
            sides = [[breslow(part, found.beta + s * h, until, **how)[0] for s in (1, -1)] for h in steps]
            slopes = [(up - down) / (2e-5 * se) for (up, down), se in zip(sides, found.bse, strict=True)]
            np.testing.assert_allclose(one.by[place], slopes, rtol=1e-4, atol=1e-8 * hazard)
            said = " ".join(["basesurv", f"{until:g}", *one.stratum.values()])
            assert found.stats[said] == pytest.approx(np.exp(-hazard), rel=1e-8)


@pytest.mark.parametrize(
    ("strata", "of"),
    [
        ("", [""]),
        ("sex", [" of sex f", " of sex m"]),
        ("_node sex", [f" of node{k}, sex {s}" for k in "123" for s in "fm"]),
    ],
)
@pytest.mark.parametrize("times", [(5, 10), (2, 4, 6, 8, 10)])
def test_the_table_has_a_note_of_each_stratum_s_baseline_and_says_how_many_it_leaves_out(strata, of, times):
    line = command(f"{f'strata({strata})' if strata else ''} basesurv({' '.join(map(str, times))})")
    found = simulate(line, nodes(NEAR)[:3])
    said = [note.removeprefix("Note: baseline survival") for note in found.notes if "all terms at zero" in note]
    values = [f"{found.stats[name]:.6g} at {name.split()[1]}" for name in found.stats if name.startswith("basesurv")]
    assert len(values) == len(of) * len(times)
    assert [one.partition(", all terms")[0] for one in said] == of[: len(said)]
    told = [value for one in said for value in one.partition("zero: ")[2].removesuffix(".").split(", ")]
    assert told == values[:24]
    assert any(note == "Note: 6 more of these are in the result, under stats." for note in found.notes) == (
        len(values) > 24
    )


def test_only_a_site_s_own_baseline_takes_a_round():
    rounds = {more: simulate(command(more), nodes(NEAR)).rounds for more in ("", "basesurv(5)")}
    assert rounds["basesurv(5)"] == rounds[""]
    by_node = {more: simulate(command(f"strata(_node) {more}"), nodes(NEAR)).rounds for more in ("", "basesurv(5)")}
    assert by_node["basesurv(5)"] == by_node[""] + 1


def exploded(frame):
    """A row for each person and each failure time that she is at risk at, as a Poisson model takes a Cox model."""
    rows = []
    for place, time in enumerate(np.unique(frame["t"][frame["d"] > 0])):
        at_risk = frame[(frame["t0"] < time) & (frame["t"] >= time)]
        rows.append(at_risk.assign(y=((at_risk["t"] == time) & (at_risk["d"] > 0)).astype(float), k=place))
    return pd.concat(rows)


def test_survival_and_its_interval_are_those_of_a_poisson_model_with_a_parameter_for_each_failure_time():
    """Its likelihood is Breslow's in full: coefficients and rises together, with their whole covariance."""
    some = NEAR[::3]
    found = simulate(command("basesurv(5 10 30)"), nodes(some))
    rows = exploded(some)
    x, k = columns(rows), rows["k"].to_numpy()
    fit = sm.GLM(rows["y"], np.hstack([x, k[:, None] == np.arange(k.max() + 1)]), family=sm.families.Poisson()).fit(
        tol=1e-13
    )
    np.testing.assert_allclose(fit.params[:3], found.beta, atol=1e-6 * found.bse.min())
    times = np.unique(some["t"][some["d"] > 0])
    for level in (95.0, 80.0):
        z = ndtri(0.5 + level / 200)
        curve = found.curves(AT, TIMES, level=level)
        for row, pattern in enumerate(columns(pd.DataFrame(AT.values()))):
            for column, until in enumerate(TIMES):
                rises = np.exp(fit.params[3:]) * (times <= until)
                log_hazard = np.log(rises.sum()) + pattern @ fit.params[:3]
                gradient = np.concatenate([pattern, rises / rises.sum()])
                reach = z * np.sqrt(gradient @ fit.cov_params() @ gradient)
                ends = np.exp(-np.exp([log_hazard, log_hazard + reach, log_hazard - reach]))
                got = [getattr(curve, name)[row, column] for name in ("estimate", "lower", "upper")]
                np.testing.assert_allclose(got, ends, rtol=1e-6)


@each
@pytest.mark.parametrize("contrast", [None, "difference", "ratio"])
@pytest.mark.parametrize("what", ["survival", "cumhazard"])
def test_curves_do_not_depend_on_where_zero_is_nor_on_whose_sums_the_baseline_is_of(ties, what, contrast):
    """Other centres and another base change the baseline, its variance and their covariance: not a pattern's curve."""
    at: Patterns = {name: {**pattern, "_node": "node1"} for name, pattern in AT.items()}
    in_common: Patterns = {name: {**pattern, "site": 1} for name, pattern in AT.items()}
    other: Patterns = {name: {**at[name], "age": age} for name, age in (("first", -2940.0), ("second", -2929.0))}
    line = command(f"strata(_node) {ties} basesurv(5 10 30)")
    curve = simulate(line, nodes(NEAR)[:3]).curves(at, TIMES, what, contrast=contrast)
    moved = simulate(line.replace("i.stage", "ib3.stage"), nodes(NEAR.assign(age=NEAR["age"] - 3000.0))[:3]).curves(
        other, TIMES, what, contrast=contrast
    )
    by_site = simulate(line.replace("_node", "site"), nodes(NEAR)[:3]).curves(in_common, TIMES, what, contrast=contrast)
    for name in ("estimate", "lower", "upper"):
        np.testing.assert_allclose(getattr(moved, name), getattr(curve, name), rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(getattr(by_site, name), getattr(curve, name), rtol=1e-6, atol=1e-9)


def test_patterns_of_two_sites_share_the_coefficients_and_no_baseline():
    found = simulate(command("strata(_node) basesurv(5 10 30)"), nodes(NEAR)[:3])
    at: Patterns = {name: {"age": 60.0, "stage": 2, "_node": name} for name in ("node1", "node2")}
    curve = found.curves(at, TIMES, "cumhazard", contrast="ratio")
    one, two = (next(b for b in found.baselines if b.stratum["_node"] == name) for name in at)
    slope = np.array(two.by) / np.array(two.hazard)[:, None] - np.array(one.by) / np.array(one.hazard)[:, None]
    variance = np.einsum("tp,pq,tq->t", slope, found.cov, slope)
    variance += np.array(one.variance) / np.square(one.hazard) + np.array(two.variance) / np.square(two.hazard)
    log_ratio = np.log(np.array(two.hazard) / np.array(one.hazard))
    np.testing.assert_allclose(curve.estimate[0], np.exp(log_ratio), rtol=1e-12)
    np.testing.assert_allclose(curve.lower[0], np.exp(log_ratio - ndtri(0.975) * np.sqrt(variance)), rtol=1e-12)


def test_where_nobody_has_failed_yet_survival_is_one_for_sure():
    late = NEAR.assign(t=NEAR["t"] + 10.0)
    curve = simulate(command("basesurv(5 30)"), nodes(late)).curves(AT, [0.0, 5.0, 30.0])
    np.testing.assert_array_equal(curve.estimate[:, :2], 1.0)
    np.testing.assert_array_equal(curve.lower[:, :2], 1.0)
    np.testing.assert_array_equal(curve.upper[:, :2], 1.0)
    assert (curve.lower[:, 2] < curve.estimate[:, 2]).all()


def test_a_fit_that_was_stored_has_the_same_curves():
    found = simulate(command("strata(_node sex) basesurv(5 10 30)"), nodes(NEAR)[:3])
    at = {"a": {**AT["first"], "_node": "node2", "sex": "m"}}
    again = FitResult(**arguments(json.loads(to_json(found))))
    assert again.baselines == found.baselines
    np.testing.assert_array_equal(again.curves(at, TIMES).lower, found.curves(at, TIMES).lower)
    fields = json.loads(to_json(found))
    fields["baselines"][0]["by"][0].pop()
    with pytest.raises(ConfigError, match="not the result of a fit"):
        arguments(fields)
    assert "baselines" not in json.loads(to_json(pooled(command(), NEAR)))


def test_a_robust_variance_is_that_of_the_coefficients():
    usual, robust = (pooled(command(f"basesurv(10) {vce}"), NEAR) for vce in ("", "vce(robust)"))
    assert robust.baselines == usual.baselines
    widths = [fit.curves(AT, [10.0], "cumhazard") for fit in (usual, robust)]
    assert (widths[0].upper != widths[1].upper).all()


def test_a_stratum_of_a_derived_variable_is_known_by_what_it_is_made_of():
    found = pooled(f"generate old = age > 60; {command('strata(old) basesurv(10)', terms='i.stage')}", NEAR)
    curve = found.curves({"young": {"age": 50.0, "stage": 1}, "old": {"age": 70.0, "stage": 1}}, [10.0])
    hazards = [one.hazard[0] for one in found.baselines]
    np.testing.assert_allclose(curve.estimate[:, 0], np.exp(-np.array(hazards)), rtol=1e-12)


def test_what_a_cox_model_does_not_say_over_time_is_said():
    found = simulate(command("strata(_node) basesurv(5 10)"), nodes(NEAR)[:3])
    at: Patterns = {"a": {**AT["first"], "_node": "node1"}}
    with pytest.raises(ConfigError, match="says nothing of the hazard"):
        found.curves(at, [5.0], "hazard")
    with pytest.raises(ConfigError, match="not known at some of these times"):
        found.curves(at, [5.0, 7.0])
    with pytest.raises(ConfigError, match="no baseline is of the stratum") as error:
        found.curves({"a": {**at["a"], "_node": "node9"}}, [5.0])
    assert (error.value.found, "_node=node1" in str(error.value.expected)) == ("_node=node9", True)
    with pytest.raises(UnknownNameError, match="a value for each variable"):
        found.curves(AT, [5.0])
    with pytest.raises(ConfigError, match="no baseline survival"):
        pooled(command(), NEAR).curves(AT, [5.0])
    with pytest.raises(ConfigError, match="sampling weights"):
        pooled(command("basesurv(5)", weight="[pw=w]"), NEAR).curves(AT, [5.0])


def test_a_picture_of_them_goes_in_steps():
    """From one time to the next neither the line nor its band moves."""
    found = pooled(command("basesurv(5 10 30)"), NEAR).curves(AT, [0.0, *TIMES])
    axes = Figure().subplots()
    fill(axes, found, "months")
    assert found.stepped
    assert {line.get_drawstyle() for line in axes.lines} == {"steps-post"}
    corners = np.asarray(axes.collections[0].get_paths()[0].vertices, dtype=float)
    at_next = corners[corners[:, 0] == found.times[2], 1].tolist()
    assert {found.lower[0, 1], found.upper[0, 1]} <= set(at_next), "as it was before"
    assert draw(found, "svg").startswith(b"<?xml")
