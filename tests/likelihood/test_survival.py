"""What likelihoods of survival times promise beyond others: rows can be parted, and time has no unit."""

from __future__ import annotations

import decimal
import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedfolder.likelihood import streg_name
from fedfolder.likelihood.hazards import SHORT, LogisticHazard, NormalHazard
from fedfolder.likelihood.streg import SERIES, moments
from fedfolder.likelihood.survival import log_ratio
from tests.likelihood.samples import ROWS, SEEN_ONCE, SURVIVAL, points, rows_of

ONCE = {name: each for name, each in SURVIVAL.items() if name in SEEN_ONCE}
each = pytest.mark.parametrize("likelihood", SURVIVAL.values(), ids=SURVIVAL)
seeds = st.integers(0, 10_000)


def close(found, expected, size, share=1e-12):
    """Whether derivatives are the same to a share of `size` (n,)."""
    for one, other in zip(found, expected, strict=True):
        assert (np.abs(one - other) <= share * size).all()


def size_of(*found):
    return 1.0 + sum(
        np.abs(each.loglike) + np.abs(each.score).sum(0) + np.abs(each.hessian).sum((0, 1)) for each in found
    )


def added(first, second):
    return type(first)(*(one + other for one, other in zip(first, second, strict=True)))


@pytest.mark.parametrize("likelihood", ONCE.values(), ids=ONCE)
@settings(max_examples=25)
@given(seed=seeds, near=st.integers(0, 12), late=st.booleans())
def test_a_row_that_is_parted_says_the_same_in_two(likelihood, seed, near, late):
    rows, eta = points(likelihood, 40, np.random.default_rng(seed), margin=0.0)
    length = rows["time"] - rows["entry"]
    share = 10.0**-near * np.random.default_rng(seed).uniform(0.1, 0.9, 40)
    cut = rows["time"] - share * length if late else rows["entry"] + share * length
    keep = (cut > rows["entry"]) & (cut < rows["time"])
    rows, eta, cut = {role: values[keep] for role, values in rows.items()}, eta[:, keep], cut[keep]
    before = likelihood.derivatives({"y": np.zeros_like(cut), "entry": rows["entry"], "time": cut}, eta)
    after = likelihood.derivatives({**rows, "entry": cut}, eta)
    whole = likelihood.derivatives(rows, eta)
    close(added(before, after), whole, size_of(whole, before, after))


def in_other_units(name, eta, c):
    """The linear predictors of times that are c times as long."""
    by = math.log(c)
    if "gompertz" in name:
        return np.stack([eta[0] - by, eta[1] / c])
    if name.endswith(" aft") or "log" in name:
        return np.stack([eta[0] + by, *eta[1:]])
    return np.stack([eta[0] - by * (np.exp(eta[1]) if "weibull" in name else 1.0), *eta[1:]])


@pytest.mark.parametrize("name", ONCE)
@pytest.mark.parametrize("c", [365.25, 1 / 12, 31_557_600.0])
def test_the_unit_of_time_does_not_matter(name, c):
    rows, eta = points(SURVIVAL[name], 200, np.random.default_rng(5), margin=0.0)
    longer = {**rows, "time": c * rows["time"], "entry": c * rows["entry"]}
    found = SURVIVAL[name].derivatives(rows, eta)
    other = SURVIVAL[name].derivatives(longer, in_other_units(name, eta, c))
    size = size_of(found)
    assert (np.abs(found.loglike - other.loglike) <= 1e-11 * size).all()
    assert (np.abs(found.score[0] - other.score[0]) <= 1e-11 * size).all()


def test_an_exponential_model_is_poisson_with_the_time_at_risk_as_exposure():
    rows, eta = points(ROWS[streg_name("exponential")], 200, np.random.default_rng(6))
    found = ROWS[streg_name("exponential")].derivatives(rows, eta)
    length = rows["time"] - rows["entry"]
    poisson = ROWS["poisson"].derivatives(rows, eta + np.log(length))
    np.testing.assert_allclose(found.score, poisson.score, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(found.hessian, poisson.hessian, rtol=1e-13)
    in_time = rows["y"] * (np.log(rows["time"]) - np.log(length))
    np.testing.assert_allclose(found.loglike, poisson.loglike + in_time, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("distribution", ["weibull", "gompertz"])
def test_what_has_a_constant_hazard_is_exponential(distribution):
    rows, eta = points(ROWS[streg_name("exponential")], 200, np.random.default_rng(7))
    found = ROWS[streg_name(distribution)].derivatives(rows, np.stack([eta[0], np.zeros(200)]))
    plain = ROWS[streg_name("exponential")].derivatives(rows, eta)
    np.testing.assert_allclose(found.loglike, plain.loglike, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(found.score[0], plain.score[0], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(found.hessian[0, 0], plain.hessian[0, 0], rtol=1e-12)


@pytest.mark.parametrize("distribution", ["exponential", "weibull"])
def test_the_metric_of_time_is_that_of_hazards_written_otherwise(distribution):
    hazards, times = (ROWS[streg_name(distribution, aft=aft)] for aft in (False, True))
    rows, eta = points(times, 200, np.random.default_rng(8))
    p = np.exp(eta[1]) if len(eta) > 1 else np.ones(200)
    found, other = times.derivatives(rows, eta), hazards.derivatives(rows, np.stack([-p * eta[0], *eta[1:]]))
    np.testing.assert_allclose(found.loglike, other.loglike, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(found.score[0], -p * other.score[0], rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(found.hessian[0, 0], p * p * other.hessian[0, 0], rtol=1e-10, atol=1e-10)


@each
def test_what_is_known_beforehand_changes_no_bit(likelihood):
    rows, eta = points(likelihood, 100, np.random.default_rng(9))
    for one, other in zip(
        likelihood.derivatives(rows, eta), likelihood.derivatives(likelihood.prepared(rows), eta), strict=True
    ):
        np.testing.assert_array_equal(one, other)


@each
@pytest.mark.parametrize(
    ("time", "entry", "can"),
    [
        (1.0, 0.0, True),
        (1.0, 1.0, False),
        (1.0, 2.0, False),
        (0.0, 0.0, False),
        (-1.0, -2.0, False),
        (1.0, -1.0, False),
    ],
)
def test_a_row_ends_after_it_begins(likelihood, time, entry, can):
    rows = {"y": np.ones(1), "time": np.array([time]), "entry": np.array([entry])}
    assert likelihood.can_have(rows).tolist() == [can]


@each
def test_failures_are_whatever_is_not_zero_and_some_are_needed(likelihood):
    np.testing.assert_array_equal(likelihood.outcome(np.array([0.0, 1.0, 2.0, -1.0])), [0, 1, 1, 1])
    assert likelihood.indicator
    assert not likelihood.binary


# -- digits -----------------------------------------------------------------------------------------------------------


def exact_moments(a):
    """The integrals of s^k exp(-a s) from 0 to 1, in many digits."""
    a = Decimal(a)
    if a == 0:
        return [Decimal(1) / (k + 1) for k in range(3)]
    if a < Decimal("1e-3"):
        terms = [(-a) ** j / math.factorial(j) for j in range(40)]
        return [sum(term / (j + k + 1) for j, term in enumerate(terms)) for k in range(3)]
    e = (-a).exp()
    return [(1 - e) / a, (1 - e * (1 + a)) / a**2, (2 - e * (a * a + 2 * a + 2)) / a**3]


@pytest.mark.parametrize("a", [0.0, 1e-300, 1e-12, 1e-4, 0.3, 1.0, SERIES, 2.0001, 5.0, 40.0, 800.0, 1e6])
def test_the_integrals_of_gompertz(a):
    with decimal.localcontext() as context:
        context.prec = 120
        found = [part.item() for part in moments(np.array([a]))]
        np.testing.assert_allclose(found, [float(part) for part in exact_moments(a)], rtol=2e-15)


def exact_gompertz(y, time, entry, eta, gamma):
    """Value, score and Hessian, in many digits, for gamma that is not zero."""
    t, t0, b, g = map(Decimal, (time, entry, eta, gamma))

    def integral(k, u):
        e = (g * u).exp()
        return [e / g, e * (g * u - 1) / g**2, e * ((g * u) ** 2 - 2 * g * u + 2) / g**3][k]

    i = [b.exp() * (integral(k, t) - integral(k, t0)) for k in range(3)]
    return [y * (b + g * t + t.ln()) - i[0], y - i[0], y * t - i[1], -i[0], -i[1], -i[2]]


@pytest.mark.parametrize("gamma", [1e-14, -1e-9, 1e-5, -0.01, 0.1, -0.7, 3.0])
@pytest.mark.parametrize(("time", "entry"), [(5.0, 0.0), (80.0, 79.0), (80.25, 80.0), (60.0, 59.999999)])
def test_gompertz_keeps_its_digits_at_attained_age_and_as_gamma_falls(gamma, time, entry):
    with decimal.localcontext() as context:
        context.prec = 120
        eta = -4.0 - max(gamma, 0.0) * time
        expected = [float(part) for part in exact_gompertz(1, time, entry, eta, gamma)]
    rows = {"y": np.ones(1), "time": np.array([time]), "entry": np.array([entry])}
    found = ROWS[streg_name("gompertz")].derivatives(rows, np.array([[eta], [gamma]]))
    values = [
        found.loglike[0],
        *found.score[:, 0],
        found.hessian[0, 0, 0],
        found.hessian[0, 1, 0],
        found.hessian[1, 1, 0],
    ]
    np.testing.assert_allclose(values, expected, rtol=2e-13)


@pytest.mark.parametrize(("time", "entry"), [(80.0, 79.999999), (2.0**-30 + 80.0, 80.0), (1e-6, 9e-7), (5.0, 1e-3)])
def test_the_logarithm_of_a_ratio_of_times_keeps_its_digits(time, entry):
    with decimal.localcontext() as context:
        context.prec = 60
        exact = float((Decimal(time) / Decimal(entry)).ln())
    found = log_ratio({"time": np.array([time]), "entry": np.array([entry])})
    assert math.isclose(found.item(), exact, rel_tol=4e-16)
    assert log_ratio({"time": np.array([time]), "entry": np.zeros(1)}).item() == math.inf


@pytest.mark.parametrize("z", [-30.0, -3.0, -0.5, 0.0, 0.7, 4.0, 30.0])
@pytest.mark.parametrize("x", [1e-12, 1e-6, 0.01, 0.4999, 0.5001, 3.0, 40.0, math.inf])
def test_what_rises_over_a_logistic_row(z, x):
    with decimal.localcontext() as context:
        context.prec = 120
        after = Decimal(z).exp()
        before = Decimal(0) if math.isinf(x) else (Decimal(z) - Decimal(x)).exp()
        p, p0 = (e / (1 + e) for e in (after, before))
        expected = [((1 + after) / (1 + before)).ln(), p - p0, p * (1 - p) - p0 * (1 - p0)]
    with np.errstate(all="ignore"):
        found = LogisticHazard().rise(np.array([z]), np.array([x]))
    np.testing.assert_allclose(
        [found.cumulative[0], found.hazard[0]], [float(part) for part in expected[:2]], rtol=4e-14
    )
    assert abs(found.slope[0] - float(expected[2])) <= 4e-15 * found.hazard[0]


@pytest.mark.parametrize("z", [-8.0, -1.0, 0.0, 0.3, 2.0, 9.0, 40.0])
@pytest.mark.parametrize("x", [1e-13, 1e-7, 1e-3, 0.2, SHORT * (1 - 1e-9)])
def test_what_rises_over_a_short_normal_row_is_an_integral(z, x):
    from scipy.special import erfcx

    nodes, weights = np.polynomial.legendre.leggauss(20)
    at = z - 0.5 * x * (1.0 - nodes)
    hazard = math.sqrt(2.0 / math.pi) / erfcx(at / math.sqrt(2.0))
    with np.errstate(all="ignore"):
        found = NormalHazard().rise(np.array([z]), np.array([x]))
    assert math.isclose(found.cumulative[0], 0.5 * x * float(weights @ hazard), rel_tol=1e-13)
    np.testing.assert_allclose(found.hazard, 0.5 * x * weights @ (hazard * (hazard - at)), rtol=1e-13 * (1 + z * z))


@pytest.mark.parametrize("z", [-2.0, 0.3, 4.0, 30.0])
def test_a_short_normal_row_and_a_longer_one_meet(z):
    with np.errstate(all="ignore"):
        short, longer = (NormalHazard().rise(np.array([z]), np.array([SHORT * by])) for by in (1 - 1e-13, 1 + 1e-13))
    for one, other in zip(short, longer, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-15 * (1 + z * z))


def test_rows_of_every_kind_are_tried():
    rows = rows_of(SURVIVAL[streg_name("weibull")], 200, np.random.default_rng(1))
    assert 0.2 < rows["y"].mean() < 0.95
    assert 0.2 < (rows["entry"] > 0).mean() < 0.8
