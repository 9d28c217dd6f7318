"""Separation, seen in the information: there is no maximum, and Newton's method would go on for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedfolder.solve import information as info

if TYPE_CHECKING:
    from fedfolder.solve.derivatives import Derivatives

SEPARATED = 1e-8
"""The share of its value at the start below which the smallest eigenvalue of the information means separation."""

WATCHABLE = 1e-10
"""A smallest eigenvalue at the start, relative to the largest, too close to rounding to watch for separation."""


class Watch:
    """Watches the information for separation.

    Where a combination of columns predicts the outcome perfectly there is no maximum: the likelihood rises for ever as
    that combination's coefficient grows, by one or so with each Newton step. Rows so predicted tell nothing any more,
    and the information along the combination falls by a factor e with each step, towards zero, while the decrement
    falls as fast and would pass for convergence at some large and meaningless beta. An information that has fallen so
    far is not enough: a single row far out loses its weight in an honest fit, too, but there the steps converge ever
    faster (see the crawling in `newton`).
    """

    def __init__(self, start: Derivatives) -> None:
        information = -start.hessian
        self._by = info.scaling(information)
        values = np.linalg.eigvalsh(info.scaled(information, self._by))
        watchable = values.size > 0 and values[0] > WATCHABLE * values[-1]
        self._limit = SEPARATED * float(values[0]) if watchable else None

    def sees_separation(self, now: Derivatives) -> bool:
        """Whether the smallest eigenvalue, scaled as at the start, has fallen below its limit."""
        if self._limit is None:
            return False
        return float(np.linalg.eigvalsh(info.scaled(-now.hessian, self._by))[0]) < self._limit
