"""When the last step may be taken without asking once more: where a trip costs more than anything else.

Near a maximum, Newton's distances fall quadratically: with lambda the distance in standard errors (the root of the
decrement), lambda' = C lambda^2. Two steps in a row show C, and so what the last one leaves. The information changes in
proportion to the distance, which two steps show, too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.solve import information as info
from fedfolder.solve.step import EPSILON

if TYPE_CHECKING:
    from fedfolder.solve.step import Point

WITHIN = 1e-9
"""Standard errors from the maximum that may be left."""
CONVERGED = 1e-8
"""Standard errors from the maximum at which a search has converged that does not go beyond what it asked about."""
OF_ERRORS = 1e-7
"""Share by which a standard error may still change."""
SAFETY, OF_SHARE = 10.0, 2.0
"""How many times more than was seen is allowed for, of what is left of the distance and of the errors."""
NEARBY = 0.25
"""Standard errors from the maximum within which distances are believed to fall quadratically."""
FALLS = 0.01
"""The share of a distance that one step must have left: where convergence is linear, it leaves more."""


@dataclass(frozen=True, slots=True)
class LastStep:
    """The rule.

    Parameters
    ----------
    quadratic : bool
        Whether the log-likelihood is a quadratic, of which a step leaves nothing but rounding.
    """

    quadratic: bool = False

    def is_proven(self, before: Point | None, now: Point) -> bool:
        """Whether the step from `now` ends within `WITHIN`; `before` is where the full step to it began, if one did."""
        if not now.concave:
            return False
        if self.quadratic:
            rounding = SAFETY * now.distance * EPSILON * info.condition(-now.derivatives.hessian)
            # From farther off, the sum of squares that is left would be a difference of larger ones.
            return now.distance < NEARBY and rounding < WITHIN
        if before is None or not _falls(before, now):
            return False
        left = now.distance / before.distance**2 * now.distance**2
        return SAFETY * left < WITHIN and OF_SHARE * _changed(before, now) * now.distance / before.distance < OF_ERRORS

    def is_expected(self, before: Point | None, now: Point, *, taken: bool) -> bool:
        """Whether it can be foreseen that the next evaluation is the last.

        Parameters
        ----------
        taken : bool
            Whether the search ends as soon as a step is proven; otherwise, where it has converged.
        """
        if self.quadratic:
            return True
        if before is None or not _falls(before, now):
            return False
        rate = now.distance / before.distance**2
        then = rate * now.distance**2
        if not taken:
            return then < CONVERGED
        changes = _changed(before, now) * then / before.distance
        return SAFETY**2 * rate * then**2 < WITHIN and OF_SHARE * changes < OF_ERRORS and then < FALLS * now.distance


def _falls(before: Point, now: Point) -> bool:
    """Whether distances fall as near a maximum."""
    return before.concave and now.concave and before.distance < NEARBY and now.distance < FALLS * before.distance


def _changed(before: Point, now: Point) -> float:
    """The largest share by which a standard error changed from one to the other; infinite if one has none."""
    try:
        first, second = (np.diagonal(info.invert(-point.derivatives.hessian)) for point in (before, now))
    except info.NotConcave:
        return math.inf
    return float(np.abs(np.sqrt(second / first) - 1.0).max(initial=0.0))
