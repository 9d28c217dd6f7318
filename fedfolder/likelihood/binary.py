"""Regressions of a yes or no."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from fedfolder.likelihood.base import ObservationDerivatives, RowLikelihood
from fedfolder.likelihood.probability import ComplementaryLogLog, Logistic, Normal, Symmetric

if TYPE_CHECKING:
    from fedfolder.likelihood.base import Array, Rows, Totals
    from fedfolder.likelihood.probability import Probability


def yes_or_no(values: Array) -> Array:
    """1 where the value is not zero, 0 where it is, as Stata has it; NaN stays NaN."""
    return np.where(np.isnan(values), np.nan, (values != 0).astype(np.float64))


class Binary(RowLikelihood):
    """ln P(y = 1) or ln P(y = 0), with P(y = 1) from the linear predictor.

    The outcome is 1 where the value is not zero, as Stata has it.
    """

    binary = True
    expected = "0 for no, anything else for yes"
    probability: ClassVar[Probability]

    def outcome(self, values: Array) -> Array:
        """1 where the value is not zero, and 0 elsewhere."""
        return yes_or_no(values)

    def varies(self, totals: Totals) -> bool:
        """Whether there are both zeros and ones."""
        return 0 < totals.total < totals.weight

    def can_be(self, totals: Totals) -> bool:
        """Whether it is a sum of ones, which are their own squares."""
        return 0 <= totals.total == totals.squares <= totals.weight

    def null_loglike(self, totals: Totals) -> float | None:
        """With k ones of n, k ln(k / n) + (n - k) ln((n - k) / n), and 0 ln 0 = 0."""
        n, k = totals.weight, totals.total
        return math.fsum(count * math.log(count / n) for count in (k, n - k) if count > 0)

    def prepared(self, rows: Rows) -> Rows:
        """`sign`, 1 for a yes and -1 for a no."""
        return {**rows, "sign": np.where(rows["y"] > 0, 1.0, -1.0)}

    def derivatives(self, rows: Rows, eta: Array) -> ObservationDerivatives:
        """See the class."""
        if isinstance(self.probability, Symmetric) and "sign" in rows:
            value, slope, bend = self.probability.of_sign(rows["sign"], eta[0])
        else:
            value, slope, bend = self.probability.of_outcome(rows["y"] > 0, eta[0])
        return ObservationDerivatives(value, slope[None], bend[None, None])


class Logit(Binary):
    """P(y = 1) = 1 / (1 + exp(-eta)).

    References
    ----------
    Stata Base Reference Manual, [R] logit, Methods and formulas.
    """

    name = "logit"
    title = "Logistic regression"
    probability = Logistic()


class Probit(Binary):
    """P(y = 1) = Phi(eta), the standard normal distribution.

    References
    ----------
    Stata Base Reference Manual, [R] probit, Methods and formulas.
    """

    name = "probit"
    title = "Probit regression"
    probability = Normal()


class Cloglog(Binary):
    """P(y = 1) = 1 - exp(-exp(eta)).

    References
    ----------
    Stata Base Reference Manual, [R] cloglog, Methods and formulas.
    """

    name = "cloglog"
    title = "Complementary log-log regression"
    probability = ComplementaryLogLog()
