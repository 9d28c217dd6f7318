"""What a table says of each coefficient: standard error, test, p-value, interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.estimates import distributions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.estimates.result import FitResult


@dataclass(frozen=True, slots=True, eq=False)
class Coefficients:
    """One entry a coefficient in each array, all of shape (p,), in the order of `names`."""

    names: tuple[str, ...]
    b: NDArray[np.float64]
    se: NDArray[np.float64]
    statistic: NDArray[np.float64]
    p: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


def standard_errors(result: FitResult) -> NDArray[np.float64]:
    """Square roots of the covariance's diagonal, (p,); NaN where a variance is negative."""
    with np.errstate(invalid="ignore"):
        return np.sqrt(np.diag(result.cov))


def coefficients(result: FitResult, level: float | None = None, *, odds_ratios: bool = False) -> Coefficients:
    """Test each coefficient against zero and give its confidence interval.

    Parameters
    ----------
    result : FitResult
        The fit; its `statistic` says whether z (normal) or t (`df_resid`) is meant.
    level : float, optional
        Confidence level in percent; the fit's own by default.
    odds_ratios : bool
        Report exp(b), exp(b) se, and the exponentiated interval, as Stata's `or` does; the test stays that of b.

    Returns
    -------
    Coefficients
        `b +- q se`, with q the two-sided quantile of the level.
    """
    b, se = result.beta, standard_errors(result)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(se > 0, b / se, np.nan)
    reach = _quantile(result, result.level if level is None else level) * se
    b, se, lower, upper = _exponentiated(b, se, reach) if odds_ratios else (b, se, b - reach, b + reach)
    return Coefficients(result.names, b, se, statistic, _two_sided(result, statistic), lower, upper)


def _exponentiated(
    b: NDArray[np.float64], se: NDArray[np.float64], reach: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return np.exp(b), np.exp(b) * se, np.exp(b - reach), np.exp(b + reach)


def _quantile(result: FitResult, level: float) -> float:
    p = 0.5 + level / 200
    if result.statistic == "t" and result.df_resid is not None:
        return float(distributions.t_quantile(p, result.df_resid))
    return float(distributions.normal_quantile(p))


def _two_sided(result: FitResult, statistic: NDArray[np.float64]) -> NDArray[np.float64]:
    if result.statistic == "t" and result.df_resid is not None:
        return distributions.t_two_sided(statistic, result.df_resid)
    return distributions.normal_two_sided(statistic)
