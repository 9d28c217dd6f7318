"""The partial likelihood over risk sets, against what its definition says, in numbers with more digits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedfolder.likelihood import LIKELIHOODS, RiskLikelihood
from fedfolder.likelihood.partial import At
from fedfolder.likelihood.risk_sets import Chain, FollowUp, Groups, RiskSets, Tree, running

MODELS = {name: each for name, each in LIKELIHOODS.items() if isinstance(each, RiskLikelihood)}
EXACT = np.longdouble


def by_definition(rows, weights, eta, z, *, efron):
    """Log-likelihood, score, Hessian and the score of each row, risk set by risk set."""
    weights, eta, z = (values.astype(EXACT) for values in (weights, eta, z))
    r, loglike, hessian, scores = weights * np.exp(eta), EXACT(0), EXACT(0), np.zeros_like(z)
    for stratum, t in np.unique(np.stack([rows.stratum, rows.time])[:, rows.fails], axis=1).T:
        at_risk = (rows.stratum == stratum) & (rows.entry < t) & (rows.time >= t)
        fails = at_risk & rows.fails & (rows.time == t)
        number, whole = int(fails.sum()), weights[fails].sum()
        shares = [1 - EXACT(k) / number for k in range(number)] if efron else [EXACT(1)]
        weight = whole / len(shares)
        loglike += (weights * eta)[fails].sum()
        for share in shares:
            there = at_risk * np.where(fails, share, 1) * r
            mean = there @ z / there.sum()
            loglike -= weight * np.log(there.sum())
            hessian = hessian - weight * ((z - mean) * there[:, None]).T @ (z - mean) / there.sum()
            scores -= weight * there[:, None] * (z - mean) / there.sum()
            scores[fails] += (weight * weights[fails] / whole)[:, None] * (z[fails] - mean)
    return loglike, scores.sum(axis=0), hessian, scores


def followed(rng, n, *, late, strata, ties):
    time = np.ceil(rng.exponential(1.0, n) * ties) + 1.0
    entry = np.floor(rng.uniform(0, 1, n) * time) * (rng.integers(0, 2, n) if late else 0)
    stratum = np.unique(rng.integers(0, strata, n), return_inverse=True)[1].astype(np.int64)
    return FollowUp(time, entry, np.append(True, rng.random(n - 1) < 0.5), stratum)


def at_of(name, sets, weights, eta, z):
    failing = sets.failing
    number = np.diff(failing.starts, append=len(failing.rows)).astype(float)
    return At.of(sets, MODELS[name].cases(number, failing.sums(weights[failing.rows])), z, eta, weights)


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 70), st.booleans(), st.sampled_from([1, 1, 2, 6]))
def test_it_is_what_the_definition_says(name, seed, n, late, strata):
    rng = np.random.default_rng(seed)
    weighted = seed % 2
    rows = followed(rng, n, late=late, strata=strata, ties=rng.choice([2, 10, 1000]))
    z, weights = rng.normal(size=(n, 3)), rng.uniform(0.2, 3.0, n) if weighted else np.ones(n)
    eta = z @ np.array([0.7, -1.0, 0.3]) - 1.0
    at = at_of(name, RiskSets.of(rows), weights, eta, z)
    found, scores = at.partial(), at.scores()
    loglike, score, hessian, each = by_definition(rows, weights, eta, z, efron=name.endswith("efron"))
    size = 1e-13 * (1 + float(np.abs(hessian).max()))
    assert abs(found.loglike - loglike) <= 1e-13 * (1 + abs(loglike))
    np.testing.assert_allclose(found.score, score.astype(float), atol=3 * size)
    np.testing.assert_allclose(found.hessian, hessian.astype(float), atol=size)
    np.testing.assert_allclose(scores, each.astype(float), atol=3 * size)


@pytest.mark.parametrize("name", MODELS)
def test_a_tree_says_what_a_chain_says(name):
    rng = np.random.default_rng(4)
    rows = followed(rng, 3000, late=False, strata=1, ties=300)
    z, weights = rng.normal(size=(3000, 3)), np.ones(3000)
    chain = RiskSets.of(rows)
    assert isinstance(chain.shape, Chain)
    tree = Tree(len(chain.times))
    others = tree.grouped(chain.first, chain.last - rows.fails)
    same = RiskSets(chain.first, chain.last, chain.failing, others, tree, chain.times, chain.strata)
    one, other = (at_of(name, sets, weights, 0.3 * z[:, 0], z).partial() for sets in (chain, same))
    assert one.loglike == pytest.approx(other.loglike, rel=1e-14)
    np.testing.assert_allclose(one.score, other.score, atol=1e-10)
    np.testing.assert_allclose(one.hessian, other.hessian, rtol=1e-12, atol=1e-11)


@pytest.mark.parametrize("late", [False, True])
def test_a_far_mean_and_a_wide_range_of_hazards_cost_no_digits(late):
    """What has left the risk set is subtracted nowhere: not from sums a thousand times larger, and not from squares."""
    rng = np.random.default_rng(2)
    rows = followed(rng, 400, late=late, strata=1, ties=1e6)
    z = rng.normal(size=(400, 2)) * np.array([1e-3, 1.0]) + np.array([1.0, 0.0])
    eta = -20.0 * rows.time / rows.time.max() + z[:, 1]  # early leavers have hazards a billion times those who stay
    found = at_of("stcox breslow", RiskSets.of(rows), np.ones(400), eta, z).partial()
    loglike, _, hessian, _ = by_definition(rows, np.ones(400), eta, z, efron=False)
    assert found.loglike == pytest.approx(float(loglike), rel=1e-14)
    np.testing.assert_allclose(found.hessian, hessian.astype(float), rtol=1e-10)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("late", [False, True])
def test_a_column_that_varies_in_no_risk_set_has_no_information_at_all(name, late):
    rng = np.random.default_rng(7)
    rows = followed(rng, 200, late=late, strata=4, ties=10)
    z = np.column_stack([rng.normal(size=200), np.array([0.1, 0.7, 1 / 3, 2.0])[rows.stratum]])
    hessian = at_of(name, RiskSets.of(rows), np.ones(200), 0.5 * z[:, 0], z).partial().hessian
    assert hessian[0, 0] < 0
    assert not hessian[1].any()
    assert not hessian[:, 1].any()


def test_rows_that_leave_before_anybody_fails_or_enter_at_a_failure_are_not_at_risk():
    rows = FollowUp(
        np.array([2.0, 1.0, 5.0, 2.0]),
        np.array([0.0, 0.0, 2.0, 1.9]),
        np.array([True, False, False, False]),
        np.zeros(4, dtype=np.int64),
    )
    sets = RiskSets.of(rows)
    assert (sets.last - sets.first).tolist() == [1, 0, 0, 1]
    assert sets.times.tolist() == [2.0]


def test_groups_and_running_sums_are_those_of_parts():
    rng = np.random.default_rng(0)
    values, number = rng.normal(size=5000), np.sort(rng.integers(0, 3, 5000)) * 2
    groups = Groups.of(np.arange(5000), number)
    assert groups.numbers.tolist() == [0, 2, 4]
    np.testing.assert_allclose(groups.sums(values), [values[number == k].sum() for k in (0, 2, 4)], rtol=1e-12)
    np.testing.assert_allclose(running(values), np.cumsum(values), rtol=1e-9, atol=1e-12)
    assert Groups.of(np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)).sums(np.zeros(0)).shape == (0,)
