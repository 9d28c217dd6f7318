"""Poisson regression, and what likelihoods of counts share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.likelihood.base import ObservationDerivatives, RowLikelihood

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.likelihood.base import Array, Rows, Totals


class Count(RowLikelihood):
    """What likelihoods of counts share. As in Stata, a count need not be an integer; it must not be negative."""

    expected = "counts: zero or more"

    def can_have(self, rows: Rows) -> NDArray[np.bool_]:
        """Whether each count is zero or more."""
        return np.isfinite(rows["y"]) & (rows["y"] >= 0)

    def can_be(self, totals: Totals) -> bool:
        """Whether the counts may be zero or more."""
        return totals.total >= 0 and super().can_be(totals)

    def varies(self, totals: Totals) -> bool:
        """Whether there is any event."""
        return totals.total > 0

    def start(self, totals: Totals) -> tuple[float, ...]:
        """Ln of events per exposure."""
        return (math.log(totals.mean) if totals.mean > 0 else 0.0,)


class Poisson(Count):
    """y is Poisson with the mean mu = exp(eta): ln f = y eta - mu - ln(y!), with derivatives y - mu and -mu.

    An exposure enters eta as its logarithm.

    References
    ----------
    Stata Base Reference Manual, [R] poisson, Methods and formulas.
    """

    name = "poisson"
    title = "Poisson regression"

    def derivatives(self, rows: Rows, eta: Array) -> ObservationDerivatives:
        """See the class."""
        from scipy.special import gammaln

        y = rows["y"]
        with np.errstate(all="ignore"):
            mean = np.exp(eta[0])
            loglike = y * eta[0] - mean - gammaln(y + 1.0)
        return ObservationDerivatives(loglike, (y - mean)[None], -mean[None, None])
