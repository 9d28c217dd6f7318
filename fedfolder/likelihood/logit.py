"""Logistic regression."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.likelihood.base import Likelihood, ObservationDerivatives

if TYPE_CHECKING:
    from fedfolder.likelihood.base import Vector


class Logit(Likelihood):
    r"""P(y = 1) = 1 / (1 + exp(-eta)).

    With m = eta where y = 1 and m = -eta where y = 0, the log-likelihood of a row is -ln(1 + exp(-m)), its score is
    +-1 / (1 + exp(m)) and its Hessian -p (1 - p).

    References
    ----------
    Stata Base Reference Manual, [R] logit, Methods and formulas.
    """

    name = "logit"
    title = "Logistic regression"
    statistic = "z"

    def outcome(self, values: Vector) -> Vector:
        """1 where the value is not zero, as Stata has it, and 0 elsewhere."""
        return np.where(np.isnan(values), np.nan, (values != 0).astype(np.float64))

    def derivatives(self, y: Vector, eta: Vector) -> ObservationDerivatives:
        """See the class.

        Only exp(-|eta|) is ever taken: it cannot overflow, and 1 - p is never a difference, so that p, 1 - p and
        p (1 - p) keep their relative precision in both tails, down to where they underflow to zero.
        """
        success = y > 0
        margin = np.where(success, eta, -eta)
        with np.errstate(under="ignore"):
            tail = np.exp(-np.abs(eta))
            loglike = np.minimum(margin, 0.0) - np.log1p(tail)
            failure = np.where(margin >= 0, tail, 1.0) / (1.0 + tail)
            hessian = -tail / np.square(1.0 + tail)
        return ObservationDerivatives(loglike, np.where(success, failure, -failure), hessian)

    def varies(self, nobs: int, total: float, squares: float) -> bool:  # noqa: ARG002 - 0 and 1 are their own squares
        """Whether there are both zeros and ones."""
        return 0 < total < nobs

    def can_be(self, nobs: int, total: float, squares: float) -> bool:
        """Whether it is a count of ones, which are their own squares."""
        return 0 <= total == squares <= nobs and float(total).is_integer()

    def loglike(self, kernel: float, nobs: int) -> float:  # noqa: ARG002 - the kernel is the whole of it
        """The sum itself."""
        return kernel

    def scale(self, kernel: float, nobs: int, nparams: int) -> float:  # noqa: ARG002 - nothing to estimate
        """1."""
        return 1.0

    def null_loglike(self, nobs: int, total: float, total_of_squares_about_mean: float) -> float:  # noqa: ARG002
        """With k = `total`, k ln(k / n) + (n - k) ln((n - k) / n), and 0 ln 0 = 0."""
        return math.fsum(count * math.log(count / nobs) for count in (total, nobs - total) if count > 0)
