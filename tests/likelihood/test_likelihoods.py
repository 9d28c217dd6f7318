from __future__ import annotations

import decimal
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.likelihood import LIKELIHOODS

every = pytest.mark.parametrize("likelihood", LIKELIHOODS.values(), ids=LIKELIHOODS)
ETAS = st.lists(st.floats(-20, 20), min_size=1, max_size=30).map(np.array)


def outcomes(likelihood, n, seed=1):
    """Values that suit every likelihood once they went through `outcome`."""
    values = np.random.default_rng(seed).integers(-1, 3, n).astype(float)
    return likelihood.outcome(values)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_a_likelihood_is_registered_under_its_own_name_and_says_what_it_is(name):
    likelihood = LIKELIHOODS[name]
    assert likelihood.name == name
    assert likelihood.title.endswith("regression")
    assert likelihood.statistic in {"z", "t"}
    assert likelihood.concave
    assert likelihood.start_constant(10, 5.0) in {0.0, 0.5}


@every
@given(eta=ETAS)
def test_the_score_is_the_derivative_of_the_loglike_and_the_hessian_of_the_score(likelihood, eta):
    y, h = outcomes(likelihood, len(eta)), 1e-5
    at, above, below = (likelihood.derivatives(y, e) for e in (eta, eta + h, eta - h))
    np.testing.assert_allclose(at.score, (above.loglike - below.loglike) / (2 * h), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(at.hessian, (above.score - below.score) / (2 * h), rtol=1e-8, atol=1e-8)
    assert (at.hessian < 0).all()


@every
@given(eta=ETAS, data=st.data())
def test_sums_over_any_partition_of_the_rows_are_the_same(likelihood, eta, data):
    y = outcomes(likelihood, len(eta))
    part = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(eta), max_size=len(eta))))
    together = likelihood.derivatives(y, eta)
    pieces = [likelihood.derivatives(y[part == k], eta[part == k]) for k in range(5)]
    for name in together._fields:
        whole = getattr(together, name)
        split = np.concatenate([getattr(piece, name) for piece in pieces])
        assert whole.dtype == np.float64
        assert whole.shape == eta.shape
        tolerance = 1e-14 * math.fsum(np.abs(whole))
        assert math.isclose(math.fsum(split), math.fsum(whole), rel_tol=0, abs_tol=tolerance)


@every
def test_extremes_are_finite_and_warn_of_nothing(likelihood):
    eta = np.array([0.0, -0.0, 1e-320, 36.0, -36.0, 709.0, -709.0, 746.0, -746.0, 1e4, -1e4])
    with np.errstate(all="raise", under="ignore"):
        for value in (0.0, 1.0):
            y = likelihood.outcome(np.full_like(eta, value))
            assert all(np.isfinite(part).all() for part in likelihood.derivatives(y, eta))


@pytest.mark.parametrize("eta", [0.0, 1e-9, 0.3, 5.0, 36.0, 40.0, 300.0, 700.0])
@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("y", [0.0, 1.0])
def test_logit_keeps_its_relative_precision_in_both_tails(eta, sign, y):
    decimal.getcontext().prec = 400
    x = decimal.Decimal(sign * eta)
    failing = 1 / (1 + x.exp())  # 1 - p
    wrong = failing if y else 1 - failing
    found = LIKELIHOODS["logit"].derivatives(np.array([y]), np.array([sign * eta]))
    expected = ((1 - wrong).ln(), wrong if y else -wrong, -failing * (1 - failing))
    np.testing.assert_allclose([float(part[0]) for part in found], [float(part) for part in expected], rtol=4e-16)


def maximum_over_the_constant(likelihood, y):
    """Newton on the constant alone, to rounding."""
    constant = likelihood.start_constant(len(y), float(y.sum()))
    for _ in range(50):
        d = likelihood.derivatives(y, np.full_like(y, constant))
        constant -= d.score.sum() / d.hessian.sum()
    return likelihood.loglike(float(likelihood.derivatives(y, np.full_like(y, constant)).loglike.sum()), len(y))


@every
@given(seed=st.integers(0, 1000), n=st.integers(10, 60))
def test_the_null_loglike_is_the_maximum_over_the_constant(likelihood, seed, n):
    y = outcomes(likelihood, n, seed)
    y[:2] = 0.0, 1.0  # some variation
    null = likelihood.null_loglike(n, float(y.sum()), float(np.square(y - y.mean()).sum()))
    assert math.isclose(null, maximum_over_the_constant(likelihood, y), rel_tol=1e-12)


@every
def test_an_outcome_keeps_what_is_missing(likelihood):
    found = likelihood.outcome(np.array([0.0, 1.0, np.nan]))
    np.testing.assert_array_equal(found, [0.0, 1.0, np.nan])


def test_a_logit_outcome_is_whatever_is_not_zero():
    np.testing.assert_array_equal(LIKELIHOODS["logit"].outcome(np.array([0, -0.0, 1, 2, -3, 0.5])), [0, 0, 1, 1, 1, 1])


def test_a_logit_without_variation_has_the_null_loglike_zero():
    assert [LIKELIHOODS["logit"].null_loglike(5, total, 0.0) for total in (0.0, 5.0)] == [0.0, 0.0]


def test_loglike_and_scale_complete_the_kernel():
    logit, regress = LIKELIHOODS["logit"], LIKELIHOODS["regress"]
    assert (logit.loglike(-3.5, 9), logit.scale(-3.5, 9, 2)) == (-3.5, 1.0)
    assert regress.scale(-3.5, 9, 2) == 1.0
    residuals = np.array([1.0, -2.0, 0.5, 0.5])
    sigma2 = float(np.square(residuals).mean())
    density = -0.5 * np.log(2 * np.pi * sigma2) - np.square(residuals) / (2 * sigma2)
    kernel = float(-0.5 * np.square(residuals).sum())
    assert math.isclose(regress.loglike(kernel, 4), float(density.sum()), rel_tol=1e-14)


def test_a_regression_that_leaves_no_error_or_no_freedom_says_so():
    regress = LIKELIHOODS["regress"]
    assert regress.loglike(0.0, 4) == math.inf
    assert regress.loglike(0.0, 0) == 0.0
    assert math.isnan(regress.scale(-1.0, 3, 3))
