"""What a table says of each coefficient: standard error, test, p-value, interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.arguments import LARGEST_LEVEL, SMALLEST_LEVEL
from fedfolder.command.parameters import ANCILLARY
from fedfolder.errors import ConfigError
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


def coefficients(result: FitResult, level: float | None = None, *, exponentiated: bool = False) -> Coefficients:
    """Test each coefficient against zero and give its confidence interval.

    Parameters
    ----------
    result : FitResult
        The fit; its `statistic` says whether z (normal) or t (`df_resid`) is meant.
    level : float, optional
        Confidence level in percent; the fit's own by default.
    exponentiated : bool
        Report exp(b), exp(b) se, and the exponentiated interval, as Stata's `or` and `irr` do, but for ancillary
        parameters; the test stays that of b.

    Returns
    -------
    Coefficients
        `b +- q se`, with q the two-sided quantile of the level.
    """
    b, se = result.beta, standard_errors(result)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(se > 0, b / se, np.nan)
    reach = critical(result, level) * se
    p, lower, upper = two_sided(result, statistic), b - reach, b + reach
    if exponentiated:
        shown = np.array([not name.startswith(ANCILLARY) for name in result.names], dtype=bool)
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            se = np.where(shown, np.exp(b) * se, se)
            b, lower, upper = (np.where(shown, np.exp(values), values) for values in (b, lower, upper))
    return Coefficients(result.names, b, se, statistic, p, lower, upper)


def check_level(level: float) -> float:
    """Return the level in percent if it is one.

    Raises
    ------
    ConfigError
        It is not from 10 to 99.99, as in Stata: 0.95 or 0.05 is meant as something else.
    """
    if not SMALLEST_LEVEL <= level <= LARGEST_LEVEL:
        raise ConfigError(
            "this is no confidence level",
            found=str(level),
            expected=f"percent, from {SMALLEST_LEVEL:g} to {LARGEST_LEVEL}",
            do="write 95 for 95 percent",
        )
    return level


def critical(result: FitResult, level: float | None = None) -> float:
    """The two-sided quantile of the fit's statistic at a level in percent, by default the fit's own."""
    p = 0.5 + (result.level if level is None else level) / 200
    if result.statistic == "t" and result.df_resid is not None:
        return float(distributions.t_quantile(p, result.df_resid))
    return float(distributions.normal_quantile(p))


def two_sided(result: FitResult, statistic: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two-sided p-values of z or t statistics."""
    if result.statistic == "t" and result.df_resid is not None:
        return distributions.t_two_sided(statistic, result.df_resid)
    return distributions.normal_two_sided(statistic)
