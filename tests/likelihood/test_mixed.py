"""Random intercepts: the integral against a dense grid, and its derivatives against those of the sums over points."""

from __future__ import annotations

import numpy as np
import pytest

from fedfolder.likelihood import LIKELIHOODS, ClusterLikelihood, Clusters
from fedfolder.likelihood.quadrature import points_of
from tests.likelihood.samples import rows_of, slopes

MIXED = {name: each for name, each in LIKELIHOODS.items() if isinstance(each, ClusterLikelihood)}
every = pytest.mark.parametrize("name", MIXED)


def clusters(likelihood, rng, sizes=(1, 2, 7, 1, 12, 4), *, weighted=True):
    """Clusters of these sizes, with two columns and a constant."""
    n, starts = sum(sizes), np.cumsum([0, *sizes[:-1]])
    z = np.column_stack([rng.normal(size=(n, 2)), np.ones(n)])
    observed = likelihood.prepared(rows_of(likelihood.fixed, n, rng))
    weights = rng.integers(1, 4, n).astype(float) if weighted else None
    return Clusters(starts, np.repeat(np.arange(len(sizes)), sizes), z, observed, weights)


def point(likelihood, rng, sd=0.8):
    """Coefficients and ancillaries."""
    return np.array([*0.4 * rng.standard_normal(3), *[0.2] * (len(likelihood.ancillaries) - 1), sd])


def at(likelihood, some, theta):
    return likelihood.cluster_derivatives(some, some.z @ theta[:3], theta[3:-1], theta[-1])


@every
@pytest.mark.parametrize("points", [1, 2, 7])
def test_derivatives_are_those_of_what_is_computed(name, points):
    """Points move with the parameters, and so does what is differentiated; with few points that is seen."""
    rng = np.random.default_rng(points)
    likelihood = MIXED[name].with_points(points)
    some, theta = clusters(likelihood, rng), point(likelihood, rng)
    found = at(likelihood, some, theta)
    for j, e in enumerate(np.eye(len(theta))):
        score = slopes(lambda x, e=e: at(likelihood, some, theta + x * e).loglike, 0.0)
        hessian = slopes(lambda x, e=e: at(likelihood, some, theta + x * e).score, 0.0)
        np.testing.assert_allclose(found.score[:, j], score, atol=1e-9 * np.abs(found.score).max())
        np.testing.assert_allclose(found.hessian[:, j], hessian, atol=1e-9 * np.abs(found.hessian).max())


@every
def test_it_is_the_integral(name):
    rng = np.random.default_rng(3)
    likelihood = MIXED[name].with_points(40)
    some, theta = clusters(likelihood, rng), point(likelihood, rng)
    v = np.linspace(-14.0, 14.0, 8001)
    for s, found in enumerate(at(likelihood, some, theta).loglike):
        rows = some.owner == s
        observed = {role: np.repeat(values[rows], len(v)) for role, values in some.observed.items()}
        eta = ((some.z @ theta[:3])[rows][:, None] + theta[-1] * v).ravel()
        ancillaries = np.tile(theta[3:-1, None], (1, len(eta)))
        each = likelihood.fixed.derivatives(observed, np.vstack([eta, ancillaries])).loglike.reshape(-1, len(v))
        height = some.weights[rows] @ each - v * v / 2
        whole = height.max() + np.log(np.exp(height - height.max()).sum() * (v[1] - v[0]) / np.sqrt(2 * np.pi))
        assert found == pytest.approx(whole, abs=1e-9)


@every
def test_without_variance_it_is_the_model_without(name):
    rng = np.random.default_rng(4)
    likelihood = MIXED[name]
    some, theta = clusters(likelihood, rng), point(likelihood, rng, sd=0.0)
    found = at(likelihood, some, theta)
    eta = np.vstack([some.z @ theta[:3], *(b + np.zeros(len(some.owner)) for b in theta[3:-1])])
    rows = likelihood.fixed.derivatives(some.observed, eta)
    np.testing.assert_allclose(found.loglike, some.sums(rows.loglike * some.weights), rtol=1e-12)
    np.testing.assert_allclose(
        found.score[:, :3], some.of_columns(rows.score[0] * some.weights), rtol=1e-11, atol=1e-12
    )
    np.testing.assert_allclose(found.score[:, -1], 0.0, atol=1e-12)
    score, bend = some.sums(rows.score[0] * some.weights), some.sums(rows.hessian[0, 0] * some.weights)
    np.testing.assert_allclose(found.hessian[:, -1, -1], score**2 + bend, rtol=1e-9)


@every
def test_it_is_the_same_on_the_other_side_of_zero(name):
    rng = np.random.default_rng(5)
    likelihood = MIXED[name]
    some, theta = clusters(likelihood, rng), point(likelihood, rng)
    here, there = at(likelihood, some, theta), at(likelihood, some, np.append(theta[:-1], -theta[-1]))
    sign = np.append(np.ones(len(theta) - 1), -1.0)
    np.testing.assert_allclose(there.loglike, here.loglike, rtol=1e-14)
    np.testing.assert_allclose(there.score * sign, here.score, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(there.hessian * np.outer(sign, sign), here.hessian, rtol=1e-10, atol=1e-11)


@every
def test_a_weight_is_so_many_rows_of_the_cluster(name):
    rng = np.random.default_rng(6)
    likelihood = MIXED[name]
    some, theta = clusters(likelihood, rng), point(likelihood, rng)
    places = np.repeat(np.arange(len(some.owner)), some.weights.astype(int))
    owner = some.owner[places]
    observed = {role: values[places] for role, values in some.observed.items()}
    repeated = Clusters(np.flatnonzero(np.diff(owner, prepend=-1)), owner, some.z[places], observed, None)
    for mine, other in zip(at(likelihood, some, theta), at(likelihood, repeated, theta), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-10, atol=1e-11)


@every
def test_far_out_the_mode_is_found_or_nothing_is_said(name):
    rng = np.random.default_rng(7)
    likelihood = MIXED[name]
    some, theta = clusters(likelihood, rng), point(likelihood, rng)
    for constant in (-300.0, -30.0, 30.0):
        for sd in (1e-12, 0.01, 3.0, 40.0):
            found = at(likelihood, some, np.array([*theta[:2], constant, *theta[3:-1], sd]))
            known = np.isfinite(found.loglike)
            assert np.isfinite(found.score[known]).all()
            assert np.isfinite(found.hessian[known]).all()
            assert known.all() or abs(constant) > 100
    assert not np.isfinite(at(likelihood, some, np.array([0.0, 0.0, 1e5, *theta[3:-1], 1.0])).hessian).all() or (
        name == "melogit"
    )


@pytest.mark.parametrize("number", [1, 2, 7, 25, 100])
def test_points_are_those_of_a_standard_normal(number):
    x, logs = points_of(number)
    weights = np.exp(logs - x * x / 2)
    assert weights.sum() == pytest.approx(1.0, rel=1e-13)
    assert weights @ x**2 == pytest.approx(float(number > 1), rel=1e-12)
    np.testing.assert_array_equal(x, -x[::-1])
