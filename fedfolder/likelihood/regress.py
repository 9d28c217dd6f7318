"""Linear regression."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.likelihood.base import Likelihood, ObservationDerivatives

if TYPE_CHECKING:
    from fedfolder.likelihood.base import Vector


class Regress(Likelihood):
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

    def outcome(self, values: Vector) -> Vector:
        """The values as they are."""
        return values

    def derivatives(self, y: Vector, eta: Vector) -> ObservationDerivatives:
        """-(y - eta)^2 / 2, y - eta and -1."""
        residual = y - eta
        return ObservationDerivatives(-0.5 * np.square(residual), residual, -np.ones_like(residual))

    def start_constant(self, nobs: int, total: float) -> float:
        """The mean: sums of squares about it keep their digits however large it is."""
        return total / nobs

    def varies(self, nobs: int, total: float, squares: float) -> bool:  # noqa: ARG002 - see below
        """Whether there is anything but zeros.

        Raw sums say no more: with a mean of 1e9, a standard deviation of 1 is below their rounding. Squares about the
        mean, which the first evaluation brings, tell.
        """
        return squares > 0 or total != 0

    def loglike(self, kernel: float, nobs: int) -> float:
        """-n/2 (ln(2 pi RSS / n) + 1), the normal log-likelihood at its maximum over sigma; infinite without error."""
        return _normal_loglike(-2.0 * kernel, nobs)

    def scale(self, kernel: float, nobs: int, nparams: int) -> float:
        """RSS / (n - k), the unbiased estimate of sigma^2."""
        return -2.0 * kernel / (nobs - nparams) if nobs > nparams else math.nan

    def null_loglike(self, nobs: int, total: float, total_of_squares_about_mean: float) -> float:  # noqa: ARG002
        """As `loglike`, with the total sum of squares about the mean as RSS."""
        return _normal_loglike(total_of_squares_about_mean, nobs)


def _normal_loglike(rss: float, nobs: int) -> float:
    """The normal log-likelihood with variance RSS / n."""
    if nobs == 0 or rss <= 0:
        return math.inf if nobs else 0.0
    return -0.5 * nobs * (math.log(2.0 * math.pi * rss / nobs) + 1.0)
