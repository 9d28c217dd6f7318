"""Logistic regression of a disease that is seen through an imperfect test."""  # noqa: INP001 - a module of its own

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.likelihood import ObservationDerivatives, RowLikelihood

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedfolder.likelihood import Totals

SENSITIVITY, SPECIFICITY = 0.90, 0.98
"""Of the test; every site has the same, since every site installs this package."""


class Screened(RowLikelihood):
    """P(disease) = 1 / (1 + exp(-eta)); the test finds it with its sensitivity, and errs with 1 - its specificity.

    P(y = 1) = q(eta) = (1 - specificity) + (sensitivity + specificity - 1) P(disease).

    References
    ----------
    Magder and Hughes, Logistic regression when the outcome is measured with uncertainty, American Journal of
    Epidemiology 146 (1997), 195-203.
    """

    name = "screened"
    title = "Logistic regression behind a test"
    binary = True
    concave = False
    curved = False
    expected = "0 for a negative test, 1 for a positive one"

    def derivatives(self, rows: Mapping[str, NDArray[np.float64]], eta: NDArray[np.float64]) -> ObservationDerivatives:
        """The logarithm of q or 1 - q for each row, and its derivatives by eta."""
        share = SENSITIVITY + SPECIFICITY - 1.0
        p = 1.0 / (1.0 + np.exp(-np.clip(eta[0], -700.0, 700.0)))
        first = share * p * (1.0 - p)
        second = first * (1.0 - 2.0 * p)
        sign = np.where(rows["y"] > 0, 1.0, -1.0)
        chance = np.where(rows["y"] > 0, (1.0 - SPECIFICITY) + share * p, SPECIFICITY - share * p)
        slope = sign * first / chance
        return ObservationDerivatives(np.log(chance), slope[None], (sign * second / chance - slope * slope)[None, None])

    def can_have(self, rows: Mapping[str, NDArray[np.float64]]) -> NDArray[np.bool_]:
        """Whether each outcome is 0 or 1."""
        return np.isin(rows["y"], (0.0, 1.0))

    def can_be(self, totals: Totals) -> bool:
        """Whether it is a sum of ones, which are their own squares."""
        return 0 <= totals.total == totals.squares <= totals.weight

    def varies(self, totals: Totals) -> bool:
        """Whether there are both negative and positive tests."""
        return 0 < totals.total < totals.weight

    def start(self, totals: Totals) -> tuple[float, ...]:
        """The constant that fits the share of positive tests, if any does."""
        p = (totals.mean - (1.0 - SPECIFICITY)) / (SENSITIVITY + SPECIFICITY - 1.0)
        p = min(max(p, 0.05), 0.95)
        return (math.log(p / (1.0 - p)),)
