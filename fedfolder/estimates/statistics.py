"""Statistics of a whole model, under Stata's names in e()."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.parameters import ANCILLARY, Parameter
from fedfolder.command.terms import CONSTANT_NAME
from fedfolder.solve.information import condition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BASELINE = "_rcs[0-9]+"
"""The names of the columns of a baseline's spline, after `stpm2`."""
SINGULAR = 1e14
"""The condition number from which a covariance, scaled to correlations, has no inverse."""

_ROUNDING = 2.0**-46  # 64 eps, what a step may lose and still count as no worse


def model_df(names: Sequence[str]) -> int:
    """Degrees of freedom of a model: its coefficients without constants and ancillary parameters."""
    return sum(map(is_slope, names))


def is_slope(name: str) -> bool:
    """Whether a parameter is neither a constant, a baseline's spline, nor an ancillary parameter."""
    parameter = Parameter.parse(name)
    baseline = parameter.term == CONSTANT_NAME or re.fullmatch(BASELINE, parameter.term) is not None
    return not baseline and parameter.equation != ANCILLARY


def wald_chi2(names: Sequence[str], beta: NDArray[np.float64], cov: NDArray[np.float64]) -> float:
    """Wald's test that all slopes are zero: b' V^-1 b over these, beta (p,), cov (p, p)."""
    tested = np.array(list(map(is_slope, names)), dtype=bool)
    if not tested.any():
        return 0.0
    b = beta[tested]
    within = cov[np.ix_(tested, tested)]
    if condition(within) > SINGULAR:
        return math.nan  # a sandwich of few clusters, which has fewer ranks than coefficients
    return float(b @ np.linalg.solve(within, b))


def logit_stats(
    llf: float,
    llnull: float | None,
    names: Sequence[str],
    beta: NDArray[np.float64],
    cov: NDArray[np.float64],
    *,
    robust: bool = False,
) -> dict[str, float]:
    """chi2 and r2_p of a model fitted by maximum likelihood ([R] Maximize, Methods and formulas).

    Parameters
    ----------
    robust : bool
        Whether `cov` is a sandwich: then the log-likelihoods cannot be compared, and chi2 is Wald's.

    Returns
    -------
    dict
        `chi2 = 2 (ll - ll_0)` and McFadden's `r2_p = 1 - ll / ll_0`; without `ll_0` Wald's chi2 alone.
    """
    if llnull is None:
        return {"chi2": wald_chi2(names, beta, cov)}
    chi2 = wald_chi2(names, beta, cov) if robust else _without_rounding(2 * (llf - llnull), abs(llnull))
    r2_p = 1 - llf / llnull if llnull != 0 else math.nan
    return {"chi2": chi2, "r2_p": _without_rounding(r2_p, 1.0)}


def regress_stats(rss: float, tss: float, nobs: int, parameters: int, *, constant: bool = True) -> dict[str, float]:
    """Sums of squares and what follows from them ([R] regress, Methods and formulas).

    Parameters
    ----------
    rss, tss : float
        Residual and total sums of squares; the total is about the mean with a constant, about zero without.
    nobs : int
        Observations, n.
    parameters : int
        Coefficients in the fit, k, with the constant.
    constant : bool
        Whether the constant is one of them.

    Returns
    -------
    dict
        rss, tss, `rmse = sqrt(rss / (n - k))`, `r2 = 1 - rss / tss`, `r2_a = 1 - (1 - r2) (n - c) / (n - k)`,
        `F = ((tss - rss) / (k - c)) / (rss / (n - k))`, with c = 1 for a constant; NaN where it divides by zero.
    """
    c = int(constant)
    residual = _ratio(rss, nobs - parameters)
    r2 = _without_rounding(1 - _ratio(rss, tss), 1.0)
    return {
        "rss": rss,
        "tss": tss,
        "rmse": math.sqrt(residual),
        "r2": r2,
        "r2_a": 1 - (1 - r2) * _ratio(nobs - c, nobs - parameters),
        "F": _ratio(_ratio(tss - rss, parameters - c), residual) if parameters > c else 0.0,
    }


def _without_rounding(difference: float, scale: float) -> float:
    """Zero for what is only rounding in numbers of size `scale`: a constant alone must not print R2 as -0.0000."""
    return 0.0 if abs(difference) <= _ROUNDING * scale else difference


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator > 0 else math.nan
