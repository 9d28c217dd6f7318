"""Cox's proportional hazards model, with Breslow's or Efron's way with failures at one time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedfolder.likelihood.base import RiskLikelihood
from fedfolder.likelihood.partial import Cases
from fedfolder.likelihood.survival import Failures

if TYPE_CHECKING:
    from fedfolder.likelihood.base import Array

BRESLOW, EFRON = "breslow", "efron"


def stcox_name(ties: str) -> str:
    """The name of a `stcox` in the registry."""
    return f"stcox {ties}"


class Breslow(Failures, RiskLikelihood):
    """Who fails, given that somebody of those at risk does; of several at one time, each is held against all at risk.

    References
    ----------
    [ST] stcox, Methods and formulas.
    """

    name = stcox_name(BRESLOW)
    title = "Cox regression with Breslow method for ties"

    def cases(self, number: Array, weight: Array) -> Cases:
        """One a time: the failing are wholly at risk, with their weight."""
        del number
        return Cases(np.arange(len(weight)), np.ones(len(weight)), weight)


class Efron(Breslow):
    """The same, of d failures at one time the first held against all, the next against all but one in d of them, ….

    With weights, the cases of a time have the mean weight of its failures, as in R's survival (Stata has none here).
    """

    name = stcox_name(EFRON)
    title = "Cox regression with Efron method for ties"
    parted = True

    def cases(self, number: Array, weight: Array) -> Cases:
        """As many as fail at the time."""
        each = np.round(number).astype(np.intp)
        time = np.repeat(np.arange(len(each)), each)
        before = np.arange(len(time)) - np.repeat(np.cumsum(each) - each, each)
        return Cases(time, 1.0 - before / number[time], (weight / number)[time])
