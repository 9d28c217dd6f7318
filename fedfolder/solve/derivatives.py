"""What an evaluation at one beta returns."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Derivatives:
    """A log-likelihood and its derivatives, summed over rows.

    One sign everywhere: these are derivatives of the log-likelihood, so that the Hessian is negative definite at the
    maximum.

    Parameters
    ----------
    nobs : int
        Rows that contribute.
    loglike : float
        The log-likelihood (or its kernel).
    score : (p,) array
        Its gradient.
    hessian : (p, p) array
        Its second derivatives.
    further : mapping of str to float
        Other sums that the likelihood asks for, such as Pearson's chi-squared.
    weight : float
        The sum of the rows' weights, where there are any.
    """

    nobs: int
    loglike: float
    score: NDArray[np.float64]
    hessian: NDArray[np.float64]
    further: Mapping[str, float] = field(default_factory=dict)
    weight: float = math.nan

    @property
    def is_finite(self) -> bool:
        """Whether every number in it is finite."""
        return math.isfinite(self.loglike) and bool(np.isfinite(self.score).all() and np.isfinite(self.hessian).all())
