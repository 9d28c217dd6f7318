"""What the influence of units is counted with: their information in units of that of all, and their effective size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.solve.information import scaled, scaling

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

UNSEEN = 1e-13
"""Times P: a smaller share of the largest eigenvalue of the scaled information is lost in the rounding of the sums."""


@dataclass(frozen=True, slots=True)
class Influence:
    """What the units of one node weigh at one beta.

    Parameters
    ----------
    units : float
        How many there are.
    effective : float
        Their effective size, the least over the linear predictors; 0 if there is no information at all.
    leverage : float
        The largest of any unit; those below what was asked for may be given too high.
    """

    units: float
    effective: float
    leverage: float


@dataclass(frozen=True, slots=True)
class Whitening:
    """What makes the information I (P, P) of a node one along every direction that it says anything about.

    Directions without rows here (a level that this node does not have, columns that are collinear in its rows) have no
    part in what leaves, and none in T.

    Parameters
    ----------
    matrix : (P, r) float64
        T, with T' I T = 1.
    bounds : (P,) float64
        The trace of T' J T, for J a part of I, is at most the sum of the diagonal of J times these: a smallest
        eigenvalue stands for all.
    """

    matrix: Array
    bounds: Array

    @classmethod
    def of(cls, information: Array) -> Whitening:
        """That of `information`."""
        by = scaling(information)
        values, vectors = np.linalg.eigh(scaled(information, by))
        seen = values > UNSEEN * len(values) * values.max(initial=0.0)
        matrix = np.asarray(by[:, None] * vectors[:, seen] / np.sqrt(values[seen]))
        return cls(matrix, np.square(by) / values[seen].min(initial=np.inf))


def effective_size(weights: Array, counts: Array | None = None) -> float:
    """(sum of w)^2 / sum of w^2, each weight as often as `counts` says; 0 for no weight at all."""
    top = float(weights.max(initial=0.0))
    if not top > 0:
        return 0.0
    share = weights / top
    often = np.ones_like(share) if counts is None else counts
    return float((often * share).sum() ** 2 / (often * share * share).sum())


def largest(traces: Array, at_least: float, exact: Callable[[int], float]) -> float:
    """The largest leverage of units with these traces, which bound it from above."""
    best = 0.0
    for unit in np.argsort(-traces).tolist():
        if traces[unit] <= max(best, at_least):
            return max(best, min(float(traces[unit]), 1.0))
        best = max(best, exact(unit))
    return best


def top(matrix: Array) -> float:
    """The largest eigenvalue; 0 without any."""
    return float(np.linalg.eigvalsh(matrix)[-1]) if matrix.size else 0.0
