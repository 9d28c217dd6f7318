"""Poisson regression, and what likelihoods of counts share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.likelihood.base import ObservationDerivatives, RowLikelihood

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.likelihood.base import Array, Rows, Totals


def log_factorial(rows: Rows) -> Array:
    """ln(y!), unless it is known of these rows."""
    from scipy.special import gammaln

    known = rows.get("log y!")
    return np.asarray(gammaln(rows["y"] + 1.0)) if known is None else known


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

    def prepared(self, rows: Rows) -> Rows:
        """ln(y!)."""
        return {**rows, "log y!": log_factorial(rows)}

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
        y = rows["y"]
        with np.errstate(all="ignore"):
            mean = np.exp(eta[0])
            loglike = y * eta[0]
            loglike -= mean
            loglike -= log_factorial(rows)
            score = y - mean
        return ObservationDerivatives(loglike, score[None], np.negative(mean, out=mean)[None, None])
