"""What every likelihood promises, for each in the registry."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedfolder.likelihood import LIKELIHOODS, Totals
from tests.likelihood.samples import ROWS, SEEN_ONCE, maximum, points, rows_of, seen_from, slopes, totals_of

every = pytest.mark.parametrize("likelihood", LIKELIHOODS.values(), ids=LIKELIHOODS)
each = pytest.mark.parametrize("likelihood", ROWS.values(), ids=ROWS)
seeds = st.integers(0, 10_000)


def rng_of(*seed):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_a_likelihood_is_registered_under_its_own_name_and_says_what_it_is(name):
    likelihood = LIKELIHOODS[name]
    assert likelihood.name == name
    assert likelihood.title.removesuffix(" for ties").endswith(("regression", "models", "method"))
    assert likelihood.statistic in {"z", "t"}
    assert likelihood.expected
    assert all(ancillary.startswith("/") for ancillary in likelihood.ancillaries)


@each
def test_the_score_is_the_derivative_of_the_loglike_and_the_hessian_of_the_score(likelihood):
    rows, eta = points(likelihood, 60, rng_of(1), margin=0.2)
    found = likelihood.derivatives(rows, eta)
    for k, unit in enumerate(np.eye(likelihood.predictors)[:, :, None]):
        score = slopes(lambda h, unit=unit: likelihood.derivatives(rows, eta + h * unit).loglike, 0.0)
        hessian = slopes(lambda h, unit=unit: likelihood.derivatives(rows, eta + h * unit).score, 0.0)
        scale = 1.0 + np.abs(found.loglike) + np.abs(found.score).max(axis=0) + np.abs(found.hessian).max(axis=(0, 1))
        assert (np.abs(found.score[k] - score) < 1e-8 * scale).all()
        assert (np.abs(found.hessian[k] - hessian) < 1e-8 * scale).all()


@each
@settings(max_examples=20)
@given(seed=seeds, n=st.integers(1, 40))
def test_shapes_types_and_symmetry(likelihood, seed, n):
    rows, q = rows_of(likelihood, n, rng_of(seed)), likelihood.predictors
    found = likelihood.derivatives(rows, 3 * rng_of(seed).standard_normal((q, n)))
    assert [part.shape for part in found] == [(n,), (q, n), (q, q, n)]
    assert all(part.dtype == np.float64 for part in found)
    np.testing.assert_array_equal(found.hessian, found.hessian.swapaxes(0, 1))
    further = likelihood.further(rows, np.full((q, n), 0.3))
    assert [part.shape for part in further] == [(n,)] * len(likelihood.also)


@each
@settings(max_examples=20)
@given(data=st.data(), seed=seeds)
def test_sums_over_any_partition_of_the_rows_are_the_same(likelihood, data, seed):
    rows, eta = points(likelihood, 12, rng_of(seed % 20), margin=0.0)
    part = np.array(data.draw(st.lists(st.integers(0, 3), min_size=12, max_size=12)))
    together = likelihood.derivatives(rows, eta)
    pieces = [
        likelihood.derivatives({role: values[part == k] for role, values in rows.items()}, eta[:, part == k])
        for k in range(5)
    ]
    for name in together._fields:
        whole = getattr(together, name)
        split = np.concatenate([getattr(piece, name) for piece in pieces], axis=-1)
        total = np.abs(whole).sum(axis=-1)
        assert (np.abs(split.sum(axis=-1) - whole.sum(axis=-1)) <= 1e-14 * total).all()


EXTREMES = [0.0, -0.0, 1e-320, 1e-9, 0.5, 1.0, 36.0, -36.0, 700.0, -700.0, 709.8, -746.0, 1e4, -1e4, 1e154, -1e300]


@each
def test_extremes_warn_of_nothing_and_are_never_a_gain(likelihood):
    q = likelihood.predictors
    eta = np.array(list(itertools.product(EXTREMES, repeat=q) if q < 3 else itertools.permutations(EXTREMES, q))).T
    rows = rows_of(likelihood, eta.shape[1], rng_of(2))
    with np.errstate(all="raise", under="ignore"):
        found = likelihood.derivatives(rows, eta)
        likelihood.further(rows, eta)
    assert not np.isposinf(found.loglike).any()
    tame = (np.abs(eta) < 700.0).all(axis=0) & ((eta != 0) & (np.abs(eta) > 1e-300)).all(axis=0)
    inside = np.isfinite(found.loglike[tame])
    assert inside.any()
    assert np.isfinite(found.score[:, tame][:, inside]).all()
    if likelihood.concave:
        known = np.isfinite(found.hessian).all(axis=(0, 1))
        assert (np.einsum("qqn->qn", found.hessian)[:, known] <= 0).all()


def eigenvalues(hessian):
    """Of each row's Hessian relative to its size, `(n, q)`, where it is not beyond all numbers."""
    hessian = hessian[:, :, np.isfinite(hessian).all(axis=(0, 1))]
    size = np.maximum(np.abs(hessian).max(axis=(0, 1)), 1e-300)
    return np.linalg.eigvalsh(np.moveaxis(hessian / size, -1, 0))


@each
def test_concave_says_whether_the_kernel_is_concave_everywhere(likelihood):
    found = [
        likelihood.derivatives(*points(likelihood, 500, rng_of(seed), spread=spread, margin=0.0)).hessian
        for seed, spread in enumerate((0.5, 2.0, 5.0))
    ]
    largest = max(float(eigenvalues(hessian).max()) for hessian in found)
    assert (largest < 1e-9) == likelihood.concave


@pytest.mark.parametrize("likelihood", SEEN_ONCE.values(), ids=SEEN_ONCE)
def test_curved_says_whether_every_row_is_curved_downward_at_the_usual_start(likelihood):
    downward = []
    for seed in range(40):
        rows = rows_of(likelihood, 60, rng_of(seed))
        start = np.array(likelihood.start(totals_of(likelihood, rows)))
        hessian = likelihood.derivatives(rows, np.repeat(start[:, None], 60, axis=1)).hessian
        downward.append((hessian[0, 0] < 0).all())
    assert all(downward) == likelihood.curved


@each
@settings(max_examples=20)
@given(seed=seeds)
def test_no_kernel_exceeds_the_highest(likelihood, seed):
    rng = rng_of(seed)
    rows = rows_of(likelihood, 50, rng)
    loglike = likelihood.derivatives(rows, 3 * rng.standard_normal((likelihood.predictors, 50))).loglike
    assert (loglike[np.isfinite(loglike)] <= likelihood.highest + 1e-12).all()


@pytest.mark.parametrize("likelihood", SEEN_ONCE.values(), ids=SEEN_ONCE)
def test_a_kernel_without_a_highest_value_has_none(likelihood):
    rows = rows_of(likelihood, 20, rng_of(3))
    if math.isinf(likelihood.highest):
        # A density without bounds is so near zero, and a hazard in a short row that ends with a failure.
        if "time" in rows:
            rows = {"y": np.ones(20), "entry": np.ones(20), "time": np.full(20, 1.0 + 1e-9)}
        else:
            rows["y"] = np.full(20, 1e-9)
        start = likelihood.start(totals_of(likelihood, rows))
        steep = (0.0, *(-17.0 for _ in likelihood.ancillaries)), (0.0, *(17.0 for _ in likelihood.ancillaries))
        found = [likelihood.derivatives(rows, np.repeat(np.array(at)[:, None], 20, axis=1)) for at in (start, *steep)]
        assert max(float(each.loglike.min()) for each in found) > 15
    else:
        assert likelihood.highest == 0.0


@each
@settings(max_examples=20)
@given(seed=seeds, n=st.integers(40, 60))
def test_it_can_start_where_it_says(likelihood, seed, n):
    rows = rows_of(likelihood, n, rng_of(seed))
    totals = totals_of(likelihood, rows)
    start = likelihood.start(totals)
    assert len(start) == len(likelihood.equations) + len(likelihood.ancillaries)
    found = likelihood.derivatives(rows, seen_from(likelihood, start, n))
    assert all(np.isfinite(part).all() for part in found)
    assert likelihood.can_be(totals)
    assert likelihood.varies(totals)
    assert likelihood.can_have(rows).all()


@each
@settings(max_examples=20)
@given(seed=st.integers(0, 10), weighted=st.booleans())
def test_the_null_loglike_is_the_maximum_over_the_constant(likelihood, seed, weighted):
    rng = rng_of(seed)
    rows = rows_of(likelihood, 50, rng)
    if not likelihood.categorical:
        rows["y"] = np.abs(rows["y"])  # a mean that every link can have
    weight = rng.integers(1, 4, 50) * 0.5 if weighted else np.ones(50)
    totals = totals_of(likelihood, rows, weight)
    null = likelihood.null_loglike(totals)
    if null is not None:
        kernel = maximum(likelihood, rows, np.ones((50, 1)), likelihood.start(totals), weight=weight).kernel
        assert math.isclose(null, likelihood.loglike(kernel, totals.weight), rel_tol=1e-11)


def test_the_null_loglike_is_in_closed_form_where_the_totals_hold_it():
    closed = {
        name
        for name, each in ROWS.items()
        if each.null_loglike(totals_of(each, rows_of(each, 50, rng_of(4)))) is not None
    }
    assert {"logit", "probit", "cloglog", "regress", "mlogit", "ologit", "oprobit"} <= closed
    assert {"glm family(gaussian) link(identity)", "glm family(gamma) link(log)"} <= closed
    assert closed.isdisjoint({"poisson", "nbreg", "glm family(poisson) link(rs)", "glm family(binomial) link(logit)"})


@each
def test_an_outcome_keeps_what_is_missing_and_no_row_is_of_it(likelihood):
    found = likelihood.outcome(np.array([0.0, 1.0, np.nan]))
    np.testing.assert_array_equal(np.isnan(found), [False, False, True])
    rows = {role: np.array([np.nan, np.inf, -np.inf, 1.0]) for role in ("y", *likelihood.roles)}
    rows |= {"entry": np.array([np.nan, np.inf, -np.inf, 0.0])} if "entry" in rows else {}
    assert likelihood.can_have(rows).tolist() == [False, False, False, True]


@each
@pytest.mark.parametrize("role", ["trials", "expected", "time", "entry"])
def test_no_row_is_without_its_roles(likelihood, role):
    if role in likelihood.roles:
        rows = {name: np.full(3, 2.0 if name == "time" else 1.0) for name in ("y", *likelihood.roles)}
        assert likelihood.can_have(rows).all()
        rows[role] = np.array([np.nan, -1.0, np.inf])
        assert not likelihood.can_have(rows).any()


@pytest.mark.parametrize(
    ("name", "can"),
    {
        "logit": [0, 1],
        "regress": [-1.5, 0, 0.5, 2],
        "poisson": [0, 0.5, 2],
        "nbreg": [0, 0.5, 2],
        "glm family(binomial) link(probit)": [0, 0.5, 2],
        "glm family(gaussian) link(log)": [-1.5, 0, 0.5, 2],
        "glm family(gamma) link(log)": [0.5, 2],
        "glm family(igaussian) link(log)": [0.5, 2],
        "mlogit": [0, 2],
        "ologit": [0, 2],
    }.items(),
)
def test_which_outcomes_there_can_be(name, can):
    likelihood = ROWS[name]
    y = likelihood.outcome(np.array([-1.5, 0, 0.5, 2]))
    rows = {"y": y, "trials": np.full(4, 3.0)}
    assert set(y[likelihood.can_have(rows)]) == set(can)


@every
@settings(max_examples=20)
@given(n=st.floats(1, 1e6), share=st.floats(0, 1))
def test_totals_that_no_rows_have_are_refused(likelihood, n, share):
    if likelihood.categorical:
        assert not likelihood.can_be(Totals(10, 10.0, counts=(-1.0, 11.0)))
        assert not likelihood.can_be(Totals(10, 10.0, counts=(1.0, 8.0)))
        return
    mean = 1.0 + share
    assert not likelihood.can_be(Totals(10, n, n * mean, 0.9 * n * mean * mean, exposure=2 * n))  # Cauchy and Schwarz


@each
def test_one_category_or_no_event_does_not_vary(likelihood):
    still = Totals(5, 5.0, 0.0, 0.0, (5.0, 0.0), 5.0)
    nothing = {role: np.full(1, float(role == "time")) for role in ("y", *likelihood.roles)}
    above_zero = not likelihood.can_have(nothing).any()
    positive = above_zero and "trials" not in likelihood.roles
    assert likelihood.varies(still) == positive
    assert (
        len(likelihood.start(Totals(5, 5.0, 0.0, 0.0, (4.0, 1.0), 5.0)))
        == 1 + len(likelihood.equations[1:]) + len(likelihood.ancillaries)
        or likelihood.categorical
    )


@each
def test_a_scale_is_one_or_a_mean_square(likelihood):
    rows, eta = points(likelihood, 30, rng_of(5))
    sums = dict(zip(likelihood.also, (float(part.sum()) for part in likelihood.further(rows, eta)), strict=True))
    kernel = float(likelihood.derivatives(rows, eta).loglike.sum())
    scale = likelihood.scale(kernel, 30, 4, sums)
    if scale != 1.0:
        square = sums.get("pearson", -2 * kernel)
        assert math.isclose(scale, square / 26)
        assert math.isnan(likelihood.scale(kernel, 4, 4, sums))


def test_those_with_a_dispersion_are_scaled():
    scaled = {name for name, each in ROWS.items() if each.scale(-2.0, 10, 2, {"pearson": 3.0}) != 1.0}
    families = ("gaussian", "gamma", "igaussian")
    assert scaled == {"regress", *(name for name in ROWS if any(f"family({family})" in name for family in families))}


def test_a_regression_that_leaves_no_error_or_no_freedom_says_so():
    regress = LIKELIHOODS["regress"]
    assert regress.loglike(0.0, 4) == math.inf
    assert regress.loglike(0.0, 0) == 0.0
    assert math.isnan(regress.scale(-1.0, 3, 3, {}))


def test_a_logit_outcome_is_whatever_is_not_zero():
    np.testing.assert_array_equal(LIKELIHOODS["logit"].outcome(np.array([0, -0.0, 1, 2, -3, 0.5])), [0, 0, 1, 1, 1, 1])


def test_a_logit_without_variation_has_the_null_loglike_zero():
    assert [LIKELIHOODS["logit"].null_loglike(Totals(5, 5.0, total, total)) for total in (0.0, 5.0)] == [0.0, 0.0]
