from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.solve import NotConcave, condition, invert, solve


def positive_definite(seed, p):
    rows = np.random.default_rng(seed).normal(size=(3 * p + 2, p))
    return rows.T @ rows


SEEDS = st.integers(0, 10**6)


@given(seed=SEEDS, p=st.integers(0, 7), units=st.lists(st.integers(-200, 200), min_size=7, max_size=7))
def test_the_inverse_does_not_know_the_units_to_the_last_bit(seed, p, units):
    information = positive_definite(seed, p)
    unit = 2.0 ** np.array(units[:p])
    inverse = invert(information)
    np.testing.assert_array_equal(invert(unit[:, None] * information * unit) * unit * unit[:, None], inverse)
    np.testing.assert_array_equal(inverse, inverse.T)
    np.testing.assert_allclose(information @ inverse, np.eye(p), atol=1e-12 * condition(information))
    assert condition(unit[:, None] * information * unit) == condition(information)


@given(seed=SEEDS, p=st.integers(0, 7))
def test_the_solution_is_the_inverse_times_the_vector(seed, p):
    information, v = positive_definite(seed, p), np.random.default_rng(seed).normal(size=p)
    np.testing.assert_allclose(solve(information, v), invert(information) @ v, rtol=1e-9, atol=1e-12)


def test_the_condition_is_that_of_the_scaled_matrix():
    r = 0.75
    matrix = np.array([[4.0, 2e6 * r], [2e6 * r, 1e12]])
    assert math.isclose(condition(matrix), (1 + r) / (1 - r), rel_tol=1e-12)
    assert condition(np.zeros((0, 0))) == 1.0
    assert condition(np.diag([1.0, 0.0])) == math.inf
    assert condition(np.diag([1.0, math.nan])) == math.inf


def test_of_a_matrix_that_is_not_symmetric_both_triangles_count():
    np.testing.assert_array_equal(
        invert(np.array([[2.0, 1.0], [0.0, 2.0]])), invert(np.array([[2.0, 0.5], [0.5, 2.0]]))
    )


@pytest.mark.parametrize(
    "matrix",
    [np.diag([1.0, -1.0]), np.diag([1.0, 0.0]), np.array([[1.0, 2.0], [2.0, 1.0]]), np.diag([1.0, math.nan])],
    ids=["negative", "singular", "indefinite", "nan"],
)
def test_what_is_not_positive_definite_is_refused(matrix):
    with pytest.raises(NotConcave):
        invert(matrix)
    with pytest.raises(NotConcave):
        solve(matrix, np.ones(2))
