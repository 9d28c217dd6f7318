"""Functions of one linear predictor with their derivatives, and the series that keep their digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedfolder.likelihood.base import Array


class Curve(NamedTuple):
    """A function of the linear predictor, its first and its second derivative: `(n,)` each."""

    value: Array
    slope: Array
    bend: Array


def horner(coefficients: Sequence[float], x: Array) -> Array:
    """c[0] + c[1] x + c[2] x^2 + …, `(n,)`."""
    total = np.zeros_like(x)
    for coefficient in reversed(coefficients):
        total = total * x + coefficient
    return total


ATANH = [1 / k for k in range(3, 37, 2)]
"""1/3, 1/5, …: atanh(s) = s + s^3 (1/3 + s^2/5 + …); 9^-17 is below rounding."""


def log1p_remainder(x: Array) -> Array:
    """(ln(1 + x) - x) / x^2 for x >= 0, `(n,)`; -1/2 at zero.

    With s = x / (2 + x), ln(1 + x) = 2 atanh(s), and 2 s - x = -x^2 / (2 + x): the terms that would cancel are gone.
    """
    small = np.minimum(x, 1.0)
    s = small / (2.0 + small)
    series = -1.0 / (2.0 + small) + 2.0 * small / (2.0 + small) ** 3 * horner(ATANH, np.square(s))
    large = np.maximum(x, 1.0)
    return np.where(x <= 1.0, series, (np.log1p(large) - large) / large / large)


def _reciprocal_factorials() -> list[float]:
    terms = [0.5]
    for k in range(3, 22):
        terms.append(-terms[-1] / k)
    return terms


EXP = _reciprocal_factorials()
"""1/2!, -1/3!, 1/4!, …"""


def exp_remainder(x: Array) -> Array:
    """(exp(-x) - 1 + x) / x^2 for x >= 0, `(n,)`; 1/2 at zero."""
    large = np.maximum(x, 1.0)
    return np.where(x <= 1.0, horner(EXP, np.minimum(x, 1.0)), (np.expm1(-large) + large) / large / large)
