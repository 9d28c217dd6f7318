"""Conditional logistic regression, against the sum over all subsets."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.likelihood.samples import SETS, slopes

each = pytest.mark.parametrize("likelihood", SETS.values(), ids=SETS)
SIZES = [(m, k) for m in range(2, 8) for k in range(1, m)]


def draw(seed, m, k, *, sets=5, p=3):
    rng = np.random.default_rng(seed)
    y = np.array([rng.permutation([1.0] * k + [0.0] * (m - k)) for _ in range(sets)])
    return y, rng.standard_normal((sets, m, p)), rng.standard_normal(p)


def brute_force(y, z, beta):
    """Ln f, its mean and its covariance over the subsets, one set and one subset at a time."""
    found = []
    for outcomes, columns in zip(y, z, strict=True):
        chosen = [list(c) for c in itertools.combinations(range(len(outcomes)), int(outcomes.sum()))]
        sums = np.array([columns[c].sum(axis=0) for c in chosen])
        eta = sums @ beta
        total = eta.max() + math.log(math.fsum(np.exp(eta - eta.max())))
        share = np.exp(eta - total)
        mean = share @ sums
        seen = columns[outcomes > 0].sum(axis=0)
        found.append((seen @ beta - total, seen - mean, -(sums - mean).T @ (share[:, None] * (sums - mean))))
    return (np.array(part) for part in zip(*found, strict=True))


@each
@pytest.mark.parametrize(("m", "k"), SIZES)
def test_it_is_the_sum_over_all_subsets(likelihood, m, k):
    y, z, beta = draw(m * 10 + k, m, k)
    found = likelihood.set_derivatives(y, z @ beta, z)
    for value, exact in zip(found, brute_force(y, z, beta), strict=True):
        np.testing.assert_allclose(value, exact, rtol=1e-12, atol=1e-13)


@each
@pytest.mark.parametrize(("m", "k"), SIZES)
def test_score_and_hessian_are_derivatives(likelihood, m, k):
    y, z, beta = draw(m * 10 + k, m, k)

    def at(b):
        return likelihood.set_derivatives(y, z @ b, z)

    found = at(beta)
    for j, unit in enumerate(np.eye(3)):
        score = slopes(lambda h, unit=unit: at(beta + h * unit).loglike, 0.0)
        hessian = slopes(lambda h, unit=unit: at(beta + h * unit).score, 0.0)
        np.testing.assert_allclose(found.score[:, j], score, atol=1e-9)
        np.testing.assert_allclose(found.hessian[:, j], hessian, atol=1e-9)


@each
@settings(max_examples=30)
@given(seed=st.integers(0, 999), size=st.sampled_from(SIZES))
def test_it_promises_what_it_says(likelihood, seed, size):
    y, z, beta = draw(seed, *size)
    found = likelihood.set_derivatives(y, z @ (5 * beta), z)
    assert [part.shape for part in found] == [(5,), (5, 3), (5, 3, 3)]
    assert (found.loglike <= likelihood.highest).all()
    assert (np.linalg.eigvalsh(found.hessian) <= 1e-12).all() == likelihood.concave
    np.testing.assert_array_equal(found.hessian, found.hessian.swapaxes(1, 2))
    alone = [likelihood.set_derivatives(y[i : i + 1], (z @ (5 * beta))[i : i + 1], z[i : i + 1]) for i in range(5)]
    for name in found._fields:
        np.testing.assert_array_equal(getattr(found, name), np.concatenate([getattr(one, name) for one in alone]))


@each
@pytest.mark.parametrize("spread", [1.0, 100.0, 1e4, 1e200])
def test_extremes_are_finite_and_warn_of_nothing(likelihood, spread):
    y, z, beta = draw(3, 6, 3, sets=40)
    with np.errstate(all="raise", under="ignore"):
        found = likelihood.set_derivatives(y, spread * (z @ beta), z)
    assert all(np.isfinite(part).all() for part in found)
    assert (found.loglike <= 0).all()


@each
def test_the_largest_eta_decides_in_the_end(likelihood):
    y = np.array([[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 1.0, 0.0]])
    eta = np.array([[1e4, -1e4, 5e3, 0.0]] * 2)
    found = likelihood.set_derivatives(y, eta, np.zeros((2, 4, 1)))
    np.testing.assert_allclose(found.loglike, [0.0, -2e4], atol=1e-9)


@each
def test_many_rows_neither_overflow_nor_lose_their_digits(likelihood):
    y = np.zeros((1, 3000))
    y[0, :1200] = 1.0
    z = np.random.default_rng(4).standard_normal((1, 3000, 1))
    found = likelihood.set_derivatives(y, np.zeros((1, 3000)), z)
    ways = math.lgamma(3001) - math.lgamma(1201) - math.lgamma(1801)
    assert math.isclose(found.loglike.item(), -ways, rel_tol=1e-12)
    # Sampling without replacement: k (m - k) / (m - 1) times the variance.
    assert math.isclose(found.hessian.item(), -1200 * 1800 / 2999 * float(z.var()), rel_tol=1e-10)
    assert math.isclose(found.score.item(), float(z[0, :1200].sum() - 1200 * z.mean()), rel_tol=1e-10)


@each
def test_what_is_the_same_within_a_set_says_nothing(likelihood):
    y, z, beta = draw(5, 5, 2)
    moved = z + np.arange(5)[:, None, None] * 1e6
    for a, b in zip(
        likelihood.set_derivatives(y, z @ beta, z), likelihood.set_derivatives(y, z @ beta + 7.0, moved), strict=True
    ):
        np.testing.assert_allclose(a, b, atol=1e-8)
    assert not likelihood.has_constant


@each
def test_a_set_of_zeros_or_ones_alone_says_nothing(likelihood):
    y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    assert likelihood.tells(y).tolist() == [False, True, False]
    assert likelihood.outcome(np.array([0.0, 2.0])).tolist() == [0.0, 1.0]
