"""Tail probabilities and quantiles that the tables need, from scipy.special (Cephes, Boost).

Each function takes floats or arrays and returns an array of the broadcast shape. scipy is imported when one is called:
asking for help on the command line should not wait for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def normal_two_sided(z: ArrayLike) -> NDArray[np.float64]:
    """P(|Z| >= |z|) for a standard normal Z."""
    from scipy import special

    return np.asarray(2 * special.ndtr(-np.abs(np.asarray(z, dtype=np.float64))), dtype=np.float64)


def normal_quantile(p: ArrayLike) -> NDArray[np.float64]:
    """The z with P(Z <= z) = p."""
    from scipy import special

    return np.asarray(special.ndtri(np.asarray(p, dtype=np.float64)), dtype=np.float64)


def t_two_sided(t: ArrayLike, df: ArrayLike) -> NDArray[np.float64]:
    """P(|T| >= |t|) for Student's t with `df` degrees of freedom."""
    from scipy import special

    half = special.stdtr(np.asarray(df, dtype=np.float64), -np.abs(np.asarray(t, dtype=np.float64)))
    return np.asarray(2 * half, dtype=np.float64)


def t_quantile(p: ArrayLike, df: ArrayLike) -> NDArray[np.float64]:
    """The t with P(T <= t) = p, for Student's t with `df` degrees of freedom."""
    from scipy import special

    quantile = special.stdtrit(np.asarray(df, dtype=np.float64), np.asarray(p, dtype=np.float64))
    return np.asarray(quantile, dtype=np.float64)


def chi2_upper(x: ArrayLike, df: ArrayLike) -> NDArray[np.float64]:
    """P(X >= x) for chi-squared with `df` degrees of freedom; NaN with none."""
    from scipy import special

    freedom = np.asarray(df, dtype=np.float64)
    return np.where(freedom > 0, special.chdtrc(freedom, np.asarray(x, dtype=np.float64)), np.nan)


def f_upper(x: ArrayLike, df1: ArrayLike, df2: ArrayLike) -> NDArray[np.float64]:
    """P(X >= x) for F with `df1` and `df2` degrees of freedom; NaN where either has none."""
    from scipy import special

    first, second = np.asarray(df1, dtype=np.float64), np.asarray(df2, dtype=np.float64)
    tail = special.fdtrc(first, second, np.asarray(x, dtype=np.float64))
    return np.where((first > 0) & (second > 0), tail, np.nan)
