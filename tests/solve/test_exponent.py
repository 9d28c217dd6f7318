"""Steps in other parameters: one of them ends at the maximum of what is a quadratic there."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fedfolder.solve.derivatives import Derivatives
from fedfolder.solve.step import FAR, Exponent, point_at
from tests.likelihood.samples import slopes

ADDED = [Exponent(2, sign, added=(1,)) for sign in (1.0, -1.0)]
MULTIPLIED = [Exponent(2, sign, multiplied=(0, 1)) for sign in (1.0, -1.0)]
CURVED = np.array([[3.0, 0.8, -0.5], [0.8, 2.0, 0.9], [-0.5, 0.9, 1.5]])


def other(by, beta):
    """The parameters in which the function is a quadratic: some coefficients, and q."""
    q = math.exp(by.sign * beta[by.place])
    found = beta.copy()
    found[by.place] = q
    found[list(by.added)] += math.log(q)
    found[list(by.multiplied)] *= q
    return found


def function(by, top):
    """A quadratic in these parameters, 400 at its maximum `top`, which is given in the usual ones."""
    at = other(by, top)
    return lambda beta: 400.0 - 0.5 * (other(by, beta) - at) @ CURVED @ (other(by, beta) - at)


def derivatives(f, beta):
    def gradient(b):
        return np.array([slopes(lambda h, e=e: f(b + h * e), 0.0, h=0.05) for e in np.eye(3)])

    hessian = np.array([slopes(lambda h, e=e: gradient(beta + h * e), 0.0, h=0.05) for e in np.eye(3)])
    return Derivatives(100, f(beta), gradient(beta), (hessian + hessian.T) / 2)


@pytest.mark.parametrize("by", [*ADDED, *MULTIPLIED])
@pytest.mark.parametrize("top", [(0.4, -1.2, 1.1), (-0.3, 2.0, 0.5), (1.0, -0.5, -0.4)])
def test_one_step_ends_at_the_maximum(by, top):
    top = np.array(top)
    start = top + np.array([0.7, -0.9, -0.6])
    found = point_at(start, derivatives(function(by, top), start), lambda _: 1.0, (by,))
    assert found.decrement > FAR or not found.concave
    np.testing.assert_allclose(found.beta + found.step, top, atol=1e-5)
    plain = point_at(start, found.derivatives, lambda _: 1.0)
    assert np.abs(plain.beta + plain.step - top).max() > 0.05
    assert (plain.decrement, plain.gain, plain.concave) == (found.decrement, found.gain, found.concave)


@pytest.mark.parametrize("by", [*ADDED, *MULTIPLIED])
def test_near_the_maximum_the_step_is_the_usual_one(by):
    top = np.array([0.4, -1.2, 1.1])
    start = top + 0.01
    at = derivatives(function(by, top), start)
    found, plain = point_at(start, at, lambda _: 1.0, (by,)), point_at(start, at, lambda _: 1.0)
    assert found.concave
    assert found.decrement < FAR
    np.testing.assert_array_equal(found.step, plain.step)


@pytest.mark.parametrize("by", ADDED)
def test_a_step_that_would_leave_nothing_of_an_exponential_is_cut(by):
    score = np.array([0.0, 0.0, -by.sign * 50.0])
    found = point_at(np.zeros(3), Derivatives(100, 0.0, score, -np.eye(3)), lambda _: 1.0, (by,))
    assert np.isfinite(found.step).all()
    assert abs(found.step[2]) <= 50.0
    assert found.derivatives.score @ found.step > 0
