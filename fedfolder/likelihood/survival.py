"""What likelihoods of survival times share: rows (entry, time] with or without a failure at their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedfolder.likelihood.base import Likelihood, RowLikelihood
from fedfolder.likelihood.binary import yes_or_no

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.likelihood.base import Array, Rows, Totals

LOG_TIME = "log time"
LOG_RATIO = "log(time/entry)"


def log_time(rows: Rows) -> Array:
    """The logarithm of t, unless it is known of these rows."""
    known = rows.get(LOG_TIME)
    return np.log(rows["time"]) if known is None else known


def log_ratio(rows: Rows) -> Array:
    """ln(t / t0), `(n,)`, unless it is known of these rows; infinite where the entry t0 is zero.

    For a short row it comes from t - t0, which is exact where the two are near each other: the difference of two
    logarithms would have lost its digits.
    """
    known = rows.get(LOG_RATIO)
    if known is not None:
        return known
    time, entry = rows["time"], rows["entry"]
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        far = np.log(time) - np.log(entry)
        return np.where(2.0 * entry > time, np.log1p((time - entry) / entry), far)


class Failures(Likelihood):
    """What likelihoods share whose rows (entry, time] end with a failure or without one."""

    roles = ("time", "entry")
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


class Survival(Failures, RowLikelihood):
    """What likelihoods of survival times share.

    A row is at risk after `entry` and up to `time`, and `y` is 1 where it ends with a failure. It counts from its
    entry: conditional on survival up to there, so that a row that is parted in two says the same as the two.

    With the hazard h and the cumulative hazard H, a row's kernel is

        y (ln h(time) + ln(time)) - (H(time) - H(entry))

    in which ln(time), which depends on no parameter, makes log-likelihoods the same in years and in days. These are
    those that Stata's `streg` reports.

    References
    ----------
    Stata Survival Analysis Reference Manual, [ST] streg, Methods and formulas.
    """

    def prepared(self, rows: Rows) -> Rows:
        """Logarithms of the times."""
        return {**rows, LOG_TIME: log_time(rows), LOG_RATIO: log_ratio(rows)}
