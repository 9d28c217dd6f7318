"""What likelihoods of one of some levels share."""

from __future__ import annotations

import copy
import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Self

import numpy as np

from fedfolder.likelihood.base import ROUNDING, RowLikelihood

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedfolder.likelihood.base import Rows, Totals


class Categorical(RowLikelihood):
    """The outcome is one of `levels`; `y` is the place of a row's level among them, from zero.

    The instance in the registry knows no levels yet: `of_levels` gives the one to compute with.

    Attributes
    ----------
    levels : tuple of str
        The levels in their order.
    """

    categorical = True
    levels: tuple[str, ...] = ()
    expected = "one of some levels"

    def of_levels(self, levels: Sequence[str], counts: Sequence[float], base: str | None = None) -> Self:
        """See `Likelihood`."""
        known = copy.copy(self)
        known.levels = tuple(levels)
        known.name_predictors(counts, base)
        return known

    @abstractmethod
    def name_predictors(self, counts: Sequence[float], base: str | None) -> None:
        """Set `equations` and `ancillaries` from the levels."""

    def can_have(self, rows: Rows) -> NDArray[np.bool_]:
        """Whether y is a place among the levels."""
        y = rows["y"]
        return np.asarray((y >= 0) & (y < len(self.levels)) & (y == np.floor(y)))

    def can_be(self, totals: Totals) -> bool:
        """Whether the counts are counts of the rows."""
        total = math.fsum(totals.counts)
        return all(count >= 0 for count in totals.counts) and math.isclose(total, totals.weight, rel_tol=ROUNDING)

    def varies(self, totals: Totals) -> bool:
        """Whether there are rows in more than one category."""
        return sum(count > 0 for count in totals.counts) > 1

    def null_loglike(self, totals: Totals) -> float | None:
        """The sum of n_j ln(n_j / n): a constant for each category fits its share exactly."""
        n = math.fsum(totals.counts)
        return math.fsum(count * math.log(count / n) for count in totals.counts if count > 0)
