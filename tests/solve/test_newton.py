from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from fedfolder.likelihood import LIKELIHOODS, RowLikelihood
from fedfolder.solve import Derivatives, invert, maximize, newton, separation, step
from fedfolder.solve.last_step import LastStep


def drive(evaluate, start, ask=lambda beta: beta, **settings_):
    """Drive the generator; `ask` is what becomes of a beta on its way."""
    search = maximize(np.asarray(start, dtype=float), **settings_)
    beta = next(search)
    while True:
        try:
            asked = ask(beta)
            beta = search.send((asked, evaluate(asked)))
        except StopIteration as end:
            return end.value


def objective(name, y, X):
    """Pooled data."""

    def evaluate(beta):
        likelihood = LIKELIHOODS[name]
        assert isinstance(likelihood, RowLikelihood)
        d = likelihood.derivatives({"y": y}, (X @ beta)[None])
        return Derivatives(len(y), math.fsum(d.loglike), X.T @ d.score[0], (X * d.hessian[0, 0][:, None]).T @ X)

    return evaluate


def scalar(loglike, score, hessian):
    """A function of one parameter."""

    def evaluate(beta):
        b = float(beta[0])
        try:
            return Derivatives(1, loglike(b), np.array([score(b)]), np.array([[hessian(b)]]))
        except ValueError:
            return Derivatives(1, math.nan, np.array([math.nan]), np.array([[math.nan]]))

    return evaluate


def logit_data(seed=3, n=400, p=4):
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.normal(size=(n, p - 1)), np.ones(n)])
    y = (rng.random(n) < 1 / (1 + np.exp(-X @ rng.normal(scale=0.7, size=p)))).astype(float)
    return y, X


@pytest.mark.parametrize("seed", range(5))
def test_logit_agrees_with_statsmodels(seed):
    y, X = logit_data(seed)
    found = drive(objective("logit", y, X), np.zeros(4), tolerance=1e-24)
    other = sm.Logit(y, X).fit(method="newton", maxiter=50, tol=1e-15, disp=False)
    se = np.sqrt(np.diag(invert(-found.derivatives.hessian)))
    assert found.status == "converged"
    assert np.all(np.abs(found.beta - other.params) <= 1e-12 * np.maximum(np.abs(other.params), se))
    np.testing.assert_allclose(se, other.bse, rtol=1e-12)
    assert math.isclose(found.derivatives.loglike, other.llf, rel_tol=1e-13)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=50)
def test_the_decrement_bounds_the_distance_to_the_maximum(seed):
    evaluate = objective("logit", *logit_data(seed))
    found, exact = (drive(evaluate, np.zeros(4), tolerance=tolerance) for tolerance in (1e-16, 1e-24))
    away = found.beta - exact.beta
    assert found.status == exact.status == "converged"
    assert away @ -exact.derivatives.hessian @ away <= 1.1e-16
    assert exact.evaluations <= found.evaluations + 1


def test_the_trace_is_told_honestly():
    found = drive(objective("logit", *logit_data()), np.zeros(4))
    assert [i.number for i in found.iterations] == list(range(len(found.iterations)))
    assert found.evaluations == len(found.iterations) + sum(i.halvings for i in found.iterations) <= 8
    assert found.iterations[0].loglike == pytest.approx(400 * math.log(0.5), rel=1e-14)
    assert found.iterations[-1].loglike == found.derivatives.loglike
    decrements = [i.decrement for i in found.iterations]
    assert decrements == sorted(decrements, reverse=True)
    assert decrements[-1] < 1e-16 <= decrements[-2]
    g, H = found.derivatives.score, found.derivatives.hessian
    assert decrements[-1] == pytest.approx(float(g @ np.linalg.solve(-H, g)), rel=1e-6)


def test_driven_twice_the_bits_are_the_same():
    one, other = (drive(objective("logit", *logit_data()), np.zeros(4)) for _ in range(2))
    assert one.beta.tobytes() == other.beta.tobytes()
    assert one.derivatives.hessian.tobytes() == other.derivatives.hessian.tobytes()
    assert one.iterations == other.iterations


@given(seed=st.integers(0, 10**6), p=st.integers(1, 6), magnitude=st.integers(-3, 3))
def test_a_quadratic_takes_two_evaluations(seed, p, magnitude):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(4 * p + 4, p))
    H = -rows.T @ rows
    top = rng.normal(size=p) * 10.0**magnitude

    def evaluate(beta):
        d = beta - top
        return Derivatives(9, float(d @ H @ d / 2), H @ d, H)

    found = drive(evaluate, np.zeros(p))
    assert (found.status, found.evaluations) == ("converged", 2)
    np.testing.assert_allclose(found.beta, top, rtol=1e-9, atol=1e-9 * 10.0**magnitude)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_regress_does_not_know_the_unit_of_its_outcome(unit):
    _, X = logit_data()
    y = (X @ np.array([1.0, 2.0, 3.0, 4.0]) + np.random.default_rng(1).normal(size=400)) * unit
    regress = LIKELIHOODS["regress"]
    found = drive(objective("regress", y, X), np.zeros(4), scale=lambda d: regress.scale(d.loglike, d.nobs, 4, {}))
    other = sm.OLS(y, X).fit()
    se = np.sqrt(np.diag(invert(-found.derivatives.hessian)) * regress.scale(found.derivatives.loglike, 400, 4, {}))
    assert (found.status, found.evaluations) == ("converged", 2)
    assert np.all(np.abs(found.beta - other.params) <= 1e-12 * np.maximum(np.abs(other.params), se))
    np.testing.assert_allclose(se, other.bse, rtol=1e-12)
    assert regress.loglike(found.derivatives.loglike, 400) == pytest.approx(other.llf, rel=1e-12)


@pytest.mark.parametrize("rows", [4, 40])
def test_a_regression_without_error_converges(rows):
    X = logit_data(n=rows)[1]
    y = X @ np.array([0.1, 0.2, 0.3, 1e5])
    regress = LIKELIHOODS["regress"]
    found = drive(objective("regress", y, X), np.zeros(4), scale=lambda d: regress.scale(d.loglike, d.nobs, 4, {}))
    assert found.status == "converged"
    np.testing.assert_allclose(found.beta, [0.1, 0.2, 0.3, 1e5], rtol=1e-8)


@pytest.mark.parametrize("ordinary", [0, 2])
@pytest.mark.parametrize("kind", ["complete", "quasi", "level"])
@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
def test_separation_is_seen(kind, ordinary, unit):
    rng = np.random.default_rng(7)
    x = np.linspace(-3, 3, 61)
    y = (x > 0).astype(float)
    if kind == "quasi":
        y[x == 0] = 1.0
        x, y = np.append(x, 0.0), np.append(y, 0.0)
    if kind == "level":
        x = (np.arange(61) < 5).astype(float)
        y = np.where(x == 1, 1.0, (rng.random(61) < 0.4).astype(float))
    X = np.column_stack([x * unit, rng.normal(size=(len(x), ordinary)), np.ones(len(x))])
    found = drive(objective("logit", y, X), np.zeros(X.shape[1]))
    assert found.status == "separation"
    assert found.evaluations <= 25


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6))
def test_rare_outcomes_are_not_separation(seed):
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.normal(size=20_000), np.ones(20_000)])
    y = np.zeros(20_000)
    y[rng.choice(20_000, 4, replace=False)] = 1.0
    assert drive(objective("logit", y, X), np.zeros(2)).status == "converged"


def test_a_step_too_long_is_halved():
    log_cosh = scalar(lambda b: -math.log(math.cosh(b)), lambda b: -math.tanh(b), lambda b: -(math.cosh(b) ** -2))
    found = drive(log_cosh, [2.0])
    assert found.status == "converged"
    assert sum(i.halvings for i in found.iterations) > 0
    assert found.evaluations == len(found.iterations) + sum(i.halvings for i in found.iterations)
    assert abs(found.beta[0]) < 1e-8


def test_a_step_to_where_there_is_no_value_is_halved():
    log = scalar(lambda b: math.log(b) - b, lambda b: 1 / b - 1, lambda b: -(b**-2))
    found = drive(log, [3.0])
    assert found.status == "converged"
    assert found.iterations[1].halvings == 2  # 3 - 6 and 3 - 3 are outside
    assert found.beta[0] == pytest.approx(1.0, rel=1e-8)


def test_no_value_that_is_not_finite_is_accepted():
    finite = scalar(lambda b: -(b**2), lambda b: -2 * b, lambda _: -2.0)

    def evaluate(beta):
        d = finite(beta)
        return d if beta[0] == 1.0 else Derivatives(1, d.loglike, d.score, np.array([[math.inf]]))

    found = drive(evaluate, [1.0], max_halvings=5)
    assert (found.status, found.evaluations, found.beta[0]) == ("not converged", 7, 1.0)


@pytest.mark.parametrize(("distance", "status"), [(1e-7, "converged"), (1e-5, "not converged")])
def test_when_halvings_run_out_only_the_top_counts_as_converged(distance, status):
    """The value falls at every step, as it does for rounding in a poorly scaled sum."""

    def evaluate(beta):
        return Derivatives(1, -1.0 if beta[0] == distance else -2.0, -beta, np.array([[-1.0]]))

    found = drive(evaluate, [distance])
    assert found.beta[0] == distance
    assert found.evaluations == 14
    assert found.status == status


def test_a_decrement_that_rounding_keeps_up_is_converged():
    parabola = scalar(lambda b: -1 - b**2 / 2, lambda b: -b, lambda _: -1.0)
    found = drive(parabola, [1.0], ask=lambda beta: beta + 1e-7)
    assert found.status == "converged"
    assert found.iterations[-1].decrement > 1e-16
    assert found.evaluations < 5


def double_well(b):
    return -((b * b - 1) ** 2) / 4


WELL = scalar(double_well, lambda b: -b * (b * b - 1), lambda b: 1 - 3 * b * b)


@pytest.mark.parametrize("start", [0.01, 0.1, 0.5, -0.3])
def test_from_where_it_is_not_concave_it_climbs(start):
    found = drive(WELL, [start])
    assert found.status == "converged"
    assert abs(found.beta[0]) == pytest.approx(1.0, rel=1e-8)
    assert all(b.loglike >= a.loglike for a, b in zip(found.iterations, found.iterations[1:], strict=False))


def test_a_saddle_in_two_dimensions_is_left_uphill():
    def evaluate(beta):
        a, b = (float(v) for v in beta)
        score = np.array([-2000 * a + b, -b * (b * b - 1) + a])
        hessian = np.array([[-2000.0, 1.0], [1.0, 1 - 3 * b * b]])
        return Derivatives(1, -1000 * a * a + a * b + double_well(b), score, hessian)

    found = drive(evaluate, [0.3, 0.01])
    assert found.status == "converged"
    assert abs(found.beta[1]) == pytest.approx(1.0, abs=1e-3)


def test_a_place_without_gain_that_is_no_maximum_is_not_concave():
    assert drive(WELL, [0.0]).status == "not concave"
    assert drive(scalar(lambda b: b * b, lambda b: 2 * b, lambda _: 2.0), [1.0]).status == "not concave"
    flat = drive(scalar(lambda _: 0.0, lambda _: 0.0, lambda _: 0.0), [1.0])
    assert (flat.status, flat.evaluations) == ("not concave", 1)


def test_collinear_columns_are_not_concave_and_not_separation():
    y, X = logit_data()
    found = drive(objective("logit", y, np.column_stack([X, X[:, 0] + X[:, 1]])), np.zeros(5))
    assert found.status == "not concave"
    assert found.evaluations < 15


def test_without_parameters_one_evaluation_is_enough():
    found = drive(lambda _: Derivatives(5, -3.0, np.zeros(0), np.zeros((0, 0))), np.zeros(0))
    assert (found.status, found.evaluations, found.beta.shape) == ("converged", 1, (0,))
    assert found.iterations[0].decrement == 0.0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", [0, 1, 2])
def test_a_start_that_is_not_finite_does_not_converge(where, value):
    bad = [value if k == where else 0.0 for k in range(3)]
    derivatives = Derivatives(3, bad[0], np.full(2, bad[1]), np.full((2, 2), bad[2]))
    assert not derivatives.is_finite
    found = drive(lambda _: derivatives, np.zeros(2))
    assert (found.status, found.evaluations) == ("not converged", 1)


def test_iterations_are_bounded():
    y, X = logit_data()
    found = drive(objective("logit", y, X), np.zeros(4), max_iterations=2)
    assert (found.status, len(found.iterations)) == ("not converged", 3)


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6))
def test_it_goes_on_from_the_beta_that_was_asked_about(seed):
    rng, asked = np.random.default_rng(seed), []

    def ask(beta):
        asked.append(beta + rng.uniform(-1e-12, 1e-12, beta.shape))
        return asked[-1]

    y, X = logit_data()
    exact = drive(objective("logit", y, X), np.zeros(4))
    found = drive(objective("logit", y, X), np.zeros(4), ask=ask)
    assert found.status == "converged"
    assert any(found.beta.tobytes() == beta.tobytes() for beta in asked)
    np.testing.assert_allclose(found.beta, exact.beta, atol=1e-11)


def test_a_step_begins_at_the_beta_that_was_asked_about():
    parabola = scalar(lambda b: -(b**2) / 2, lambda b: -b, lambda _: -1.0)
    search = maximize(np.array([3.0]))
    assert next(search)[0] == 3.0
    elsewhere = np.array([5.0])
    assert search.send((elsewhere, parabola(elsewhere)))[0] == 0.0


@settings(max_examples=30)
@given(order=st.permutations(range(4)))
def test_the_order_of_the_parameters_does_not_matter(order):
    y, X = logit_data()
    plain, permuted = (
        drive(objective("logit", y, X), np.zeros(4)),
        drive(objective("logit", y, X[:, order]), np.zeros(4)),
    )
    assert permuted.evaluations == plain.evaluations
    np.testing.assert_allclose(permuted.beta, plain.beta[list(order)], rtol=1e-12, atol=1e-14)


def test_what_is_yielded_can_be_overwritten():
    evaluate = objective("logit", *logit_data())
    start = np.zeros(4)

    def keep_and_spoil(beta):
        kept = beta.copy()
        beta[:] = math.nan
        return kept

    found = drive(evaluate, start, ask=keep_and_spoil)
    np.testing.assert_array_equal(found.beta, drive(evaluate, np.zeros(4)).beta)
    np.testing.assert_array_equal(start, np.zeros(4))


def test_the_constants_are_those_of_the_protocol():
    assert newton.FALL == 64 * 2.0**-52
    assert (newton.EXHAUSTED, step.FLOOR, separation.SEPARATED) == (1e-12, 1e-6, 1e-8)


def test_the_last_step_of_a_quadratic_is_taken_without_asking():
    """Log L = -(b - m)' A (b - m) / 2: from near its maximum, the step leads there, with its value."""
    a, m = np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([1.0, -2.0])

    def there(beta):
        away = beta - m
        return Derivatives(9, float(-away @ a @ away / 2), -a @ away, -a)

    asked = []
    search = maximize(m + 0.1, last_step=LastStep(quadratic=True))
    beta = next(search)
    try:
        while True:
            asked.append(beta)
            beta = search.send((beta, there(beta)))
    except StopIteration as end:
        found = end.value
    assert (len(asked), found.evaluations, found.status) == (1, 1, "converged")
    np.testing.assert_array_equal(found.at, asked[0])
    np.testing.assert_allclose(found.beta, m, atol=1e-15)
    np.testing.assert_allclose(found.derivatives.score, 0, atol=1e-15)
    assert found.derivatives.loglike == pytest.approx(0.0, abs=1e-16)


def test_linear_convergence_proves_nothing():
    """Under separation each step leaves a share: however small the distance, the next is not the last."""
    curved = -np.eye(1)

    def point(distance):
        return step.Point(
            np.zeros(1), Derivatives(9, -1.0, np.array([distance]), curved), np.zeros(1), 0.0, distance**2, concave=True
        )

    rule = LastStep()
    assert not rule.is_proven(point(1e-8), point(0.4e-8))
    assert rule.is_proven(point(1e-4), point(1e-8))
    assert not rule.is_proven(None, point(1e-8))
    assert not rule.is_proven(point(0.5), point(1e-8)), "from too far off to believe in"
    assert not rule.is_proven(point(1e-2), point(9e-5)), "too much is left"


def test_a_step_that_is_only_a_direction_goes_no_farther_than_it_may():
    """-ln cosh(b - 50.3) bends by exp(-100) at zero: Newton's step is of 10^43, and twelve halvings are no help."""

    def evaluate(beta):
        u = float(beta[0]) - 50.3
        slope, bend = math.tanh(u), 4.0 * math.exp(-2 * abs(u)) / (1.0 + math.exp(-2 * abs(u))) ** 2
        return Derivatives(1, -abs(u) - math.log1p(math.exp(-2 * abs(u))), np.array([-slope]), np.array([[-bend]]))

    assert drive(evaluate, [0.0]).status != "converged"
    for longest in (8.0, 64.0):
        found = drive(evaluate, [0.0], longest=longest)
        assert found.status == "converged"
        assert found.beta[0] == pytest.approx(50.3, abs=1e-6)
    usual, y_and_X = drive(objective("logit", *logit_data()), np.zeros(4)), logit_data()
    assert np.array_equal(drive(objective("logit", *y_and_X), np.zeros(4), longest=64.0).beta, usual.beta)
