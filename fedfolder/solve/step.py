"""A beta with its derivatives, and the Newton step from there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from fedfolder.solve import information as info

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fedfolder.solve.derivatives import Derivatives

    Array: TypeAlias = NDArray[np.float64]

EPSILON = float(np.finfo(np.float64).eps)

CURVED = EPSILON
"""Times p: relative to the largest, a smaller eigenvalue of the scaled information is zero but for rounding."""

FLOOR = 1e-6
"""Where the log-likelihood is not concave: the smallest eigenvalue to step with, relative to the largest."""


@dataclass(frozen=True, slots=True)
class Point:
    """A beta with all that the next step needs."""

    beta: Array
    derivatives: Derivatives
    step: Array
    gain: float  # g I^-1 g, twice what the step gains if the log-likelihood is quadratic
    decrement: float
    concave: bool

    @property
    def distance(self) -> float:
        """From the maximum, in standard errors, as far as the quadratic tells."""
        return math.sqrt(self.decrement) if self.decrement > 0 else 0.0


def point_at(beta: Array, derivatives: Derivatives, scale: Callable[[Derivatives], float]) -> Point:
    """The Newton step from here.

    Where the information is not positive definite, each eigenvalue of the scaled information is replaced by its size,
    and by `FLOOR` times the largest size where that is more: uphill in every direction, and bounded.
    """
    information = -derivatives.hessian
    by = info.scaling(information)
    matrix = info.scaled(information, by)
    values, vectors = np.linalg.eigh(matrix)
    sizes = np.abs(values)
    largest = float(sizes.max(initial=0.0))
    concave = bool((values > CURVED * len(values) * largest).all())
    if concave:
        step = info.solve_scaled(by, matrix, derivatives.score)
    else:
        used = np.maximum(sizes, FLOOR * largest) if largest > 0 else np.ones_like(sizes)
        step = by * (vectors @ ((vectors.T @ (by * derivatives.score)) / used))
    gain = float(derivatives.score @ step)
    by_scale = scale(derivatives)
    decrement = 0.0 if gain == 0.0 else gain / by_scale if by_scale > 0 else math.inf
    return Point(beta, derivatives, step, gain, decrement, concave)


def newton_step(derivatives: Derivatives) -> Array:
    """The step (p,) from where these derivatives were computed; bounded and uphill where they are not concave."""
    return point_at(np.zeros_like(derivatives.score), derivatives, lambda _: 1.0).step
