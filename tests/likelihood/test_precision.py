"""Digits in the tails, where a difference of two large numbers would have lost them."""

from __future__ import annotations

import decimal
import math
from decimal import Decimal

import numpy as np
import pytest

from fedfolder.likelihood.curves import exp_remainder, log1p_remainder
from fedfolder.likelihood.intervals import logistic_interval, normal_interval
from tests.likelihood.samples import ROWS


@pytest.fixture(autouse=True)
def _many_digits():
    with decimal.localcontext() as context:
        context.prec = 400
        yield


def one(name, y, *eta, **roles):
    """The derivatives at one row."""
    rows = {"y": np.array([float(y)])} | {role: np.array([float(value)]) for role, value in roles.items()}
    return ROWS[name].derivatives(rows, np.array(eta, dtype=float)[:, None])


@pytest.mark.parametrize("eta", [0.0, 1e-9, 0.3, 5.0, 36.0, 40.0, 300.0, 700.0])
@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("y", [0.0, 1.0])
def test_logit_in_both_tails(eta, sign, y):
    x = Decimal(sign * eta)
    failing = 1 / (1 + x.exp())  # 1 - p
    wrong = failing if y else 1 - failing
    expected = ((1 - wrong).ln(), wrong if y else -wrong, -failing * (1 - failing))
    found = [part.item() for part in one("logit", y, sign * eta)]
    np.testing.assert_allclose(found, [float(part) for part in expected], rtol=4e-16)


def mills(x):
    """(1 - Phi(x)) / phi(x) for x >= 3, by its continued fraction."""
    fraction = Decimal(0)
    for k in range(3000, 0, -1):
        fraction = k / (x + fraction)
    return 1 / (x + fraction)


@pytest.mark.parametrize("x", [3.0, 5.99, 6.01, 8.0, 24.0, 37.0, 1e3, 1e6, 1e9])
def test_probit_far_to_the_left(x):
    with decimal.localcontext() as context:
        context.prec = 60
        exact = Decimal(x)
        ratio = 1 / mills(exact)
        found = one("probit", 1, -x)
        assert math.isclose(found.score.item(), float(ratio), rel_tol=1e-14)
        assert math.isclose(found.hessian.item(), -float(ratio * (ratio - exact)), rel_tol=2e-14)
        assert math.isclose(
            found.loglike.item(), -float(exact * exact / 2 + (ratio * Decimal(2 * math.pi).sqrt()).ln()), rel_tol=1e-14
        )


@pytest.mark.parametrize("eta", [-700.0, -30.0, -3.0, -0.1, 0.0, 0.1, 2.0, 5.0])
def test_cloglog_of_a_yes(eta):
    decimal.getcontext().prec = 1000
    x = Decimal(eta).exp()
    odds = 1 / (x.exp() - 1)
    expected = (
        (1 - (-x).exp()).ln(),
        x * odds,
        x * odds * (1 - x * x.exp() * odds),
    )
    found = [part.item() for part in one("cloglog", 1, eta)]
    np.testing.assert_allclose(found, [float(part) for part in expected], rtol=2e-14)


@pytest.mark.parametrize("x", [0.0, 1e-300, 1e-9, 1e-3, 0.1, 0.7, 1.0, 1.0001, 3.0, 500.0])
def test_remainders_of_series(x):
    decimal.getcontext().prec = 1000
    exact = Decimal(x)
    if x:
        expected = ((1 + exact).ln() - exact) / exact / exact, ((-exact).exp() - 1 + exact) / exact / exact
    else:
        expected = Decimal("-0.5"), Decimal("0.5")
    found = log1p_remainder(np.array([x])).item(), exp_remainder(np.array([x])).item()
    np.testing.assert_allclose(found, [float(part) for part in expected], rtol=1e-15)


def exact_nbreg(y, logmean, logalpha):
    """Value, score and Hessian by the definition as a sum over i < y, in many digits."""
    t, eta = Decimal(logalpha), Decimal(logmean)
    alpha, mean = t.exp(), eta.exp()
    r, x = 1 / alpha, alpha * mean
    p, log1p = x / (1 + x), (1 + x).ln()
    shares = [alpha * i / (1 + alpha * i) for i in range(y)]
    loglike = sum((1 + alpha * i).ln() for i in range(y)) + y * eta - (y + r) * log1p - Decimal(math.factorial(y)).ln()
    by_eta = y - (y + r) * p
    by_t = sum(shares) + r * log1p - (y + r) * p
    eta_eta = -(y + r) * p * (1 - p)
    eta_t = r * p - (y + r) * p * (1 - p)
    t_t = sum(share * (1 - share) for share in shares) - r * log1p + 2 * r * p - (y + r) * p * (1 - p)
    return [float(part) for part in (loglike, by_eta, by_t, eta_eta, eta_t, t_t)]


@pytest.mark.parametrize("y", [0, 1, 2, 7, 60])
@pytest.mark.parametrize("logmean", [-5.0, 0.0, 1.5, 6.0])
@pytest.mark.parametrize("logalpha", [-200.0, -40.0, -20.0, -8.0, -2.78, -2.77, -1.0, 0.0, 1.0, 5.0, 40.0])
def test_nbreg_keeps_its_digits_for_every_alpha(y, logmean, logalpha):
    found = one("nbreg", y, logmean, logalpha)
    (by_eta, by_t), ((eta_eta, eta_t), (_, t_t)) = found.score[:, 0], found.hessian[:, :, 0]
    expected = exact_nbreg(y, logmean, logalpha)
    values = [found.loglike.item(), by_eta, by_t, eta_eta, eta_t, t_t]
    # What a derivative is a sum of: as alpha falls, all terms of those by ln alpha fall with it.
    mean, alpha = math.exp(logmean), math.exp(logalpha)
    size = (y + mean) * min(1.0, alpha * (1.0 + y + mean)) + (min(1.0, alpha * y * y) if y else 0.0)
    tolerances = [
        1e-13 * (1 + y + mean),
        4e-15 * (y + mean),
        4e-14 * size,
        4e-15 * (y + mean),
        4e-15 * size,
        4e-14 * size,
    ]
    for value, exact, tolerance in zip(values, expected, tolerances, strict=True):
        assert abs(value - exact) <= tolerance + 1e-14 * abs(exact)


@pytest.mark.parametrize("logalpha", [-40.0, -700.0, -750.0, -1e4])
def test_nbreg_goes_to_poisson(logalpha):
    y = np.array([0.0, 1.0, 2.5, 40.0, 1e5])
    eta = np.array([-3.0, 0.5, 2.0, 4.0, 11.0])
    found = ROWS["nbreg"].derivatives({"y": y}, np.stack([eta, np.full(5, logalpha)]))
    poisson = ROWS["poisson"].derivatives({"y": y}, eta[None])
    little = 1e12 * math.exp(logalpha) + 1e-300
    np.testing.assert_allclose(found.loglike, poisson.loglike, rtol=1e-14, atol=little)
    np.testing.assert_allclose(found.score[0], poisson.score[0], rtol=1e-14, atol=1e-12 + little)
    np.testing.assert_allclose(found.hessian[0, 0], poisson.hessian[0, 0], rtol=1e-12, atol=little)
    assert (np.abs(found.score[1]) <= little).all()
    assert (np.abs(found.hessian[1]) <= little).all()


def integral(function, low, high, pieces=400):
    """By Gauss's rule on many pieces."""
    nodes, weights = np.polynomial.legendre.leggauss(10)
    edges = np.linspace(low, high, pieces + 1)
    half = np.diff(edges) / 2
    at = (edges[:-1] + half)[:, None] + half[:, None] * nodes
    return math.fsum((half[:, None] * weights * function(at)).ravel())


@pytest.mark.parametrize("near", [-4.0, -1.0, -1e-3, 0.0, 1e-3, 0.5, 3.0, 9.0, 40.0, 300.0])
@pytest.mark.parametrize("width", [1e-9, 1e-4, 1.5e-3, 0.02, 0.4, 1.0, 6.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_normal_probability_of_an_interval_anywhere(near, width, mirrored):
    # Relative to the density at the end nearer to zero, all is of moderate size: phi(near + t) / phi(near).
    reach = min(width, 80.0 / max(near, 1.0))
    share = integral(lambda t: np.exp(-near * t - 0.5 * t * t), 0.0, reach)
    pull = integral(lambda t: (near + t) * np.exp(-near * t - 0.5 * t * t), 0.0, reach) / share
    ends = (-near - width, -near) if mirrored else (near, near + width)
    with np.errstate(all="ignore"):
        found = normal_interval(*(np.array([end]) for end in (*ends, width)))
    value = math.log(share) - 0.5 * near * near - 0.5 * math.log(2 * math.pi)
    sign = 1.0 if mirrored else -1.0
    assert math.isclose(found.value.item(), value, rel_tol=1e-13, abs_tol=1e-13)
    assert math.isclose(found.shift.item(), sign * pull, rel_tol=1e-11, abs_tol=1e-12)
    at_near = found.upper.item() if mirrored else -found.lower.item()
    assert math.isclose(at_near, 1.0 / share, rel_tol=3e-14)


@pytest.mark.parametrize("lower", [-40.0, -3.0, -0.1, 0.0, 0.7, 30.0])
@pytest.mark.parametrize("width", [1e-9, 0.3, 2.0, 50.0])
def test_the_logistic_probability_of_an_interval_anywhere(lower, width):
    a, w = Decimal(lower), Decimal(width)
    at = [1 / (1 + (-end).exp()) for end in (a, a + w)]
    p = at[1] - at[0]
    density = [x * (1 - x) for x in at]
    shift = (density[1] - density[0]) / p
    bend = (density[1] * (1 - 2 * at[1]) - density[0] * (1 - 2 * at[0])) / p - shift * shift
    found = logistic_interval(np.array([lower]), np.array([lower + width]), np.array([width]))
    expected = p.ln(), shift, density[1] / p, -density[0] / p, bend
    for value, exact in zip(
        (found.value, found.shift, found.upper, found.lower, found.shift_shift), expected, strict=True
    ):
        assert math.isclose(value.item(), float(exact), rel_tol=1e-13, abs_tol=1e-15)
