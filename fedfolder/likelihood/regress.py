"""Linear regression."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.likelihood.base import ObservationDerivatives, RowLikelihood

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.likelihood.base import Array, Rows, Totals


class Regress(RowLikelihood):
    """y = eta + error, the errors normal with one variance sigma^2.

    The kernel of a row is -(y - eta)^2 / 2: sigma is profiled out, since the maximum over the coefficients is the same
    for every sigma. The kernel is quadratic, so Newton arrives in one step. Summed, it is -RSS / 2, from which sigma
    follows: RSS / n within the log-likelihood, RSS / (n - k) within the covariance.

    References
    ----------
    Stata Base Reference Manual, [R] regress, Methods and formulas.
    """

    name = "regress"
    title = "Linear regression"
    statistic = "t"
    least_squares = True
    profiled = True

    def derivatives(self, rows: Rows, eta: Array) -> ObservationDerivatives:
        """-(y - eta)^2 / 2, y - eta and -1."""
        residual = rows["y"] - eta[0]
        with np.errstate(over="ignore"):
            kernel = -0.5 * np.square(residual)
        return ObservationDerivatives(kernel, residual[None], -np.ones_like(residual)[None, None])

    def start(self, totals: Totals) -> tuple[float, ...]:
        """The mean: sums of squares about it keep their digits however large it is."""
        return (totals.total / totals.weight,)

    def varies(self, totals: Totals) -> bool:
        """Whether there is anything but zeros.

        Raw sums say no more: with a mean of 1e9, a standard deviation of 1 is below their rounding. Squares about the
        mean, which the first evaluation brings, tell.
        """
        return totals.squares > 0 or totals.total != 0

    def loglike(self, kernel: float, nobs: float) -> float:
        """-n/2 (ln(2 pi RSS / n) + 1), the normal log-likelihood at its maximum over sigma; infinite without error."""
        return normal_loglike(-2.0 * kernel, nobs)

    def scale(self, kernel: float, nobs: float, nparams: int, sums: Mapping[str, float]) -> float:  # noqa: ARG002
        """RSS / (n - k), the unbiased estimate of sigma^2."""
        return -2.0 * kernel / (nobs - nparams) if nobs > nparams else math.nan

    def null_loglike(self, totals: Totals) -> float | None:
        """As `loglike`, with the total sum of squares about the mean as RSS."""
        return normal_loglike(totals.about_mean, totals.weight)


def normal_loglike(rss: float, nobs: float) -> float:
    """The normal log-likelihood with variance RSS / n."""
    if nobs == 0 or rss <= 0:
        return math.inf if nobs else 0.0
    return -0.5 * nobs * (math.log(2.0 * math.pi * rss / nobs) + 1.0)
