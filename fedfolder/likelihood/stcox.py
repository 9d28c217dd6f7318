"""Cox's proportional hazards model, with Breslow's or Efron's way with failures at one time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedfolder.likelihood.base import RiskLikelihood
from fedfolder.likelihood.binary import yes_or_no
from fedfolder.likelihood.partial import Cases

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.likelihood.base import Array, Rows, Totals

BRESLOW, EFRON = "breslow", "efron"


def stcox_name(ties: str) -> str:
    """The name of a `stcox` in the registry."""
    return f"stcox {ties}"


class Breslow(RiskLikelihood):
    """Who fails, given that somebody of those at risk does; of several at one time, each is held against all at risk.

    References
    ----------
    [ST] stcox, Methods and formulas.
    """

    name = stcox_name(BRESLOW)
    title = "Cox regression with Breslow method for ties"
    highest = float("inf")
    expected = "0 for no failure at the end of the row, anything else for one"

    @property
    def indicator(self) -> bool:
        """Yes. No column predicts survival perfectly: those who did not fail may yet."""
        return True

    def outcome(self, values: Array) -> Array:
        """1 where the value is not zero, and 0 elsewhere."""
        return yes_or_no(values)

    def can_have(self, rows: Rows) -> NDArray[np.bool_]:
        """Whether a row ends after it begins, and begins at zero or later."""
        finite = np.isfinite(rows["y"]) & np.isfinite(rows["time"])
        return np.asarray(finite & (rows["entry"] >= 0) & (rows["entry"] < rows["time"]))

    def can_be(self, totals: Totals) -> bool:
        """Whether it is a sum of ones, which are their own squares."""
        return 0 <= totals.total == totals.squares <= totals.weight

    def varies(self, totals: Totals) -> bool:
        """Whether there is any failure."""
        return totals.total > 0

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
