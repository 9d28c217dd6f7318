"""What holds for every likelihood in the registry: over nodes, with weights and missing values, and in statsmodels.

Nothing here names a model that it tries: commands and data are made for whatever is registered (`models.py`), and what
a model takes is asked of the table of models.
"""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest

from fedfolder import pooled, simulate
from fedfolder.likelihood import LIKELIHOODS
from tests.simulation.elsewhere import clusters, elsewhere, sandwich
from tests.simulation.models import SPLITS, at_zero, parts, problem, takes

EPSILON = np.finfo(float).eps
NAMES = tuple(LIKELIHOODS)
every_model = pytest.mark.parametrize("name", NAMES)
PRECISION = 2e-8
"""What a squared distance to the maximum below 1e-16 means, and what differences of log-likelihoods can be held to."""


@functools.cache
def plain(name):
    """All rows at one place."""
    return pooled(problem(name).command(), problem(name).frame)


def bound(result):
    """What is promised: 1e-12, and some multiples of rounding by the condition."""
    return min(1e-12, 64 * EPSILON * max(1.0, result.condition))


def away(found, other):
    """The largest difference of a coefficient, by max(|b|, se)."""
    assert (found.status, found.names, found.omitted) == ("converged", other.names, other.omitted), found.message
    return np.max(np.abs(found.beta - other.beta) / np.maximum(np.abs(other.beta), other.bse.to_numpy()))


def same(found, other, tolerance=None):
    tolerance = bound(other) if tolerance is None else tolerance
    assert away(found, other) <= tolerance
    np.testing.assert_allclose(found.bse, other.bse, rtol=tolerance)
    assert found.llf == pytest.approx(other.llf, rel=1e-13, abs=1e-13)


def small(given, result):
    """The k that the robust variance of regress counts."""
    return len(result.beta) if given.name == "regress" else 0


@every_model
def test_federated_is_pooled_whatever_the_split(name):
    given = problem(name)
    everything = plain(name)
    assert everything.status == "converged", everything.message
    for seed, how in enumerate(SPLITS):
        nodes = parts(given, how, seed)
        assert [len(node) > 0 for node in nodes[:2]] == [True, True]
        assert len(nodes[-1]) == 0
        found = simulate(given.command(), nodes)
        same(found, everything)
        if not (found.llnull is everything.llnull is None):
            assert found.llnull == pytest.approx(everything.llnull, rel=1e-13, nan_ok=True)
        assert found.stats == pytest.approx(everything.stats, rel=1e-10, abs=1e-10)
        assert found.nobs == everything.nobs


@every_model
def test_missing_values_in_different_columns_leave_out_the_same_rows(name):
    """One node has no x at all, another lacks y, the third w and levels here and there."""
    given = problem(name)
    nodes = parts(given, "at random", 1)
    nodes[0].loc[::7, "y"] = np.nan
    nodes[1] = nodes[1].assign(g=nodes[1]["g"].astype(float))
    nodes[1].loc[::8, "w"], nodes[1].loc[1::9, "g"] = np.nan, np.nan
    cut = nodes[2]["set"] < nodes[2]["set"].quantile(0.2)
    nodes += [nodes[2][cut].assign(x=np.nan)]
    nodes[2] = nodes[2][~cut]
    found = simulate(given.command(), nodes)
    complete = pd.concat(node.dropna() for node in nodes)
    everything = pooled(given.command(), complete)
    assert found.nobs == everything.nobs < 0.95 * len(given.frame)
    same(found, everything)


@every_model
def test_it_is_the_fit_of_statsmodels_with_its_variances(name):
    given = problem(name)
    nodes, other = parts(given, "at random", 2), elsewhere(given, given.frame)
    found = simulate(given.command(), nodes)
    beta = other.maximum(found.beta + 0.05 * found.bse.to_numpy())
    unit = np.sqrt(np.diag(other.cov(beta)))
    assert np.max(np.abs(found.beta - beta) / unit) <= PRECISION
    np.testing.assert_allclose(found.bse, unit, rtol=PRECISION)
    assert found.llf == pytest.approx(other.loglike(beta), rel=1e-11)
    group = clusters(given, given.frame)
    for vce, cluster in (("robust", None), ("cluster id", group)):
        fitted = simulate(given.command(more=f"vce({vce})"), nodes)
        expected = other.sandwich(beta, cluster, small=small(given, found))
        size = np.sqrt(np.diag(expected))
        np.testing.assert_allclose(fitted.cov / np.outer(size, size), expected / np.outer(size, size), atol=PRECISION)
        assert np.array_equal(fitted.beta, found.beta)


@every_model
def test_frequency_weights_are_repeated_rows(name):
    if not takes(name, "fw"):
        pytest.skip("its model takes none")
    given = problem(name)
    frame = given.frame.assign(count=given.frame["count"] * (given.frame["set"] % 5 != 2))  # some are zero
    expanded = frame.loc[frame.index.repeat(frame["count"])]
    copy = expanded.groupby(level=0).cumcount()
    if not takes(name, "random"):  # there, weights count rows within the cluster
        expanded = expanded.assign(set=expanded["set"] + 1000 * copy)  # a repeated set is a set of its own
    weighted, repeated = (parts(given.of(f), "at random", 3) for f in (frame, expanded.reset_index(drop=True)))
    vce = "vce(cluster id)" if name == "clogit" else "vce(robust)"  # a set that counts thrice is one cluster
    found = simulate(given.command(weight="fw=count", more=vce), weighted)
    everything = simulate(given.command(more=vce), repeated)
    assert found.nobs == everything.nobs
    same(found, everything, 1e-11)
    assert found.stats == pytest.approx(everything.stats, rel=1e-9, abs=1e-9)


@every_model
def test_sampling_weights_have_the_estimates_of_importance_weights_and_a_robust_variance(name):
    if not (takes(name, "pw") and takes(name, "iw")):
        pytest.skip("its model takes none")
    if name == "stcox efron":
        pytest.skip("with Efron's ties, a weighted row is no copies of it: see test_cox.py")
    given = problem(name)
    nodes = parts(given, "at random", 4)
    sampling = simulate(given.command(weight="pw=count"), nodes)
    importance = simulate(given.command(weight="iw=count"), nodes)
    assert away(sampling, importance) <= PRECISION  # the scale of the weights says when to stop
    assert sampling.robust
    # The bread is that of repeated rows; the meat has each row's scores by its weight.
    expanded = given.frame.loc[given.frame.index.repeat(given.frame["count"])]
    expanded = expanded.assign(set=expanded["set"] + 1000 * expanded.groupby(level=0).cumcount())
    one, many = elsewhere(given, given.frame), elsewhere(given, expanded.reset_index(drop=True))
    by = given.frame["count"]
    by = by if name != "clogit" else by.groupby(given.frame["set"]).first()[clusters(given, given.frame).index]
    scores = one.scores(sampling.beta) * by.to_numpy()[:, None]
    if name == "stcox breslow":  # where a row counts for others, too
        scores = pd.DataFrame(many.scores(sampling.beta)).groupby(expanded.index).sum().to_numpy()
    expected = sandwich(scores, many.hessian(sampling.beta), small=small(given, sampling))
    np.testing.assert_allclose(sampling.bse, np.sqrt(np.diag(expected)), rtol=PRECISION)
    tripled = [node.assign(count=3 * node["count"]) for node in nodes]
    same_thrice = simulate(given.command(weight="pw=count"), tripled)
    assert away(same_thrice, sampling) <= PRECISION
    np.testing.assert_allclose(same_thrice.bse, sampling.bse, rtol=PRECISION)


@every_model
def test_analytic_weights_are_scaled_to_the_number_of_rows(name):
    given = problem(name)
    if not takes(name, "aw") or ("glm" in name and LIKELIHOODS[name].highest == 0.0 and "gaussian" not in name):
        pytest.skip("its model takes none")
    nodes = parts(given, "at random", 5)
    total = given.frame["real"].sum()
    scaled = [node.assign(scaled=node["real"] * (len(given.frame) / total)) for node in nodes]
    found = simulate(given.command(weight="aw=real"), nodes)
    other = simulate(given.command(weight="iw=scaled"), scaled)
    assert found.nobs == len(given.frame)
    assert away(found, other) <= 1e-11


@every_model
def test_an_offset_is_that_of_statsmodels_and_an_exposure_its_logarithm(name):
    if not takes(name, "offset"):
        pytest.skip("its model takes none")
    given = problem(name)
    size = 0.02 if "power" in name else 1.0
    frame = given.frame.assign(off=size * given.frame["off"])
    nodes = parts(given.of(frame), "at random", 6)
    if "ologit" not in name and "oprobit" not in name and name != "clogit":
        found = simulate(given.command(more="offset(off)"), nodes)
        other = elsewhere(given, frame, frame["off"].to_numpy())
        beta = other.maximum(found.beta + 0.02 * found.bse.to_numpy())
        assert np.max(np.abs(found.beta - beta) / found.bse) <= PRECISION
        np.testing.assert_allclose(found.bse, np.sqrt(np.diag(other.cov(beta))), rtol=PRECISION)
    constant = simulate(given.command(more="offset(off)"), [node.assign(off=0.25 * size) for node in nodes])
    everything = plain(name)
    slopes = [place for place, label in enumerate(everything.names) if "_cons" not in label and "/cut" not in label]
    unit = everything.bse.to_numpy()[slopes]
    np.testing.assert_allclose(constant.beta[slopes] / unit, everything.beta[slopes] / unit, atol=PRECISION)
    np.testing.assert_allclose(constant.bse.iloc[slopes], unit, rtol=PRECISION)
    if takes(name, "exposure"):
        timed = simulate(given.command(more="exposure(time)"), nodes)
        logged = simulate(given.command(more="offset(lnt)"), [node.assign(lnt=np.log(node["time"])) for node in nodes])
        same(timed, logged, PRECISION)


@every_model
def test_without_a_constant_a_column_of_ones_takes_its_place(name):
    if not takes(name, "constant"):
        pytest.skip("it has none")
    given = problem(name)
    nodes = parts(given.of(given.frame.assign(one=1.0)), "at random", 7)
    found = simulate(given.command("x w i.g one", more="noconstant"), nodes)
    if found.status == "not converged":
        assert not at_zero(name)
        return
    everything = plain(name)
    assert found.status == "converged"
    assert sorted(label.replace("one", "_cons") for label in found.names) == sorted(everything.names)
    named = [series.rename(lambda name: name.replace("one", "_cons")) for series in (found.params, found.bse)]
    beta, bse = (series[list(everything.names)] for series in named)
    assert np.max(np.abs(beta - everything.beta) / everything.bse) <= 1e-7
    np.testing.assert_allclose(bse, everything.bse, rtol=1e-7)
    assert found.llf == pytest.approx(everything.llf, rel=1e-11)


@every_model
def test_a_condition_is_the_rows_that_it_holds_for(name):
    given = problem(name)
    condition = "set!=3 & (w<=0.8 | g==2) & id<."
    frame = given.frame
    kept = frame[(frame["set"] != 3) & ((frame["w"] <= 0.8) | (frame["g"] == 2))]
    found = simulate(given.command(condition=condition), parts(given, "at random", 8))
    same(found, pooled(given.command(), kept))


@every_model
def test_millions_beside_millionths(name):
    given = problem(name)
    everything = plain(name)
    wild = given.frame.assign(x=given.frame["x"] * 2.0**20, w=given.frame["w"] * 2.0**-20)
    found = simulate(given.command(), parts(given.of(wild), "at random", 9))
    assert (found.status, found.omitted) == ("converged", ())
    unit = np.array([{"x": 2.0**20, "w": 2.0**-20}.get(label.rpartition(":")[2], 1.0) for label in found.names])
    assert np.max(np.abs(found.beta * unit - everything.beta) / everything.bse) <= 1e-11
    np.testing.assert_allclose(found.bse * unit, everything.bse, rtol=1e-11)


@every_model
def test_a_year_and_its_square_agree_between_splits(name):
    given = problem(name)
    frame = given.frame.assign(year=2000 + np.round(5 * given.frame["x"]))
    command = given.command("c.year##c.year w")
    everything = pooled(command, frame)
    assert (everything.status, everything.omitted) == ("converged", ())
    found = simulate(command, parts(given.of(frame), "at random", 10))
    # After one step alone, as from a quadratic, the columns have not been freed of each other yet.
    same(found, everything, PRECISION if found.evaluations == 2 else 300 * bound(everything))
