"""`test` and `testparm`: Wald tests of linear hypotheses ([R] test, Methods and formulas)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.errors import FitError
from fedfolder.estimates import distributions
from fedfolder.estimates.hypotheses import read_hypotheses, read_terms
from fedfolder.estimates.linear import written
from fedfolder.estimates.number import display, general

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedfolder.estimates.linear import Linear
    from fedfolder.estimates.result import FitResult

DEPENDENT = 1e-10
"""What is left of a constraint, relative to it, once those before it are taken out: below this, nothing is."""

SINGULAR = 1e-13
"""Smallest eigenvalue of the constraints' correlation matrix that is not taken for zero."""


@dataclass(frozen=True, slots=True)
class WaldTest:
    """A test of linear hypotheses about coefficients.

    Parameters
    ----------
    constraints : tuple of str
        Each hypothesis, as Stata writes it.
    dropped : tuple of int
        Numbers (from 1) of those that follow from the others.
    statistic : float
        chi2; F = chi2 / df where the fit goes by t.
    df : int
        The number of constraints that were not dropped.
    df_resid : int or None
        The second degrees of freedom of F, None for chi2.
    p : float
        The probability of a larger statistic.
    """

    constraints: tuple[str, ...]
    dropped: tuple[int, ...]
    statistic: float
    df: int
    df_resid: int | None
    p: float

    def __str__(self) -> str:
        """What Stata prints."""
        lines = [f" ({number:2})  {text}" for number, text in enumerate(self.constraints, start=1)]
        lines += [f"       Constraint {number} dropped" for number in self.dropped]
        if self.df_resid is None:
            name, tail = f"chi2({self.df:3})", "Prob > chi2"
        else:
            name, tail = f"F({self.df:3}, {self.df_resid:5})", "Prob > F"
        lines += ["", f"{name:>20} ={display(self.statistic, '%8.2f')}", f"{tail:>20} ={display(self.p, '%10.4f')}"]
        return "\n".join(["", *lines, ""])


def wald_test(result: FitResult, hypotheses: str) -> WaldTest:
    """Test linear hypotheses about the coefficients.

    Parameters
    ----------
    result : FitResult
        A fit with numbers.
    hypotheses : str
        In Stata's words; see `fedfolder.estimates.hypotheses`.

    Returns
    -------
    WaldTest
        `(R b - r)' (R V R')^-1 (R b - r)` against chi2, or over its degrees of freedom against F.

    Raises
    ------
    CommandError
        The text does not say hypotheses.
    UnknownNameError
        A coefficient that the fit does not have.
    FitError
        The hypotheses contradict one another, or the covariance is singular along them, or the fit has no numbers.
    """
    return wald(result, read_hypotheses(result, hypotheses))


def term_test(result: FitResult, terms: str, *, equal: bool = False, equation: str | None = None) -> WaldTest:
    """Test that all coefficients of some terms are zero.

    Parameters
    ----------
    result : FitResult
        A fit with numbers.
    terms : str
        As in a command: `i.race`, `smoke ptl`, `i.race##i.smoke`.
    equal : bool
        Test that they are equal to one another instead.
    equation : str, optional
        Look in one equation only.

    Raises
    ------
    CommandError
        The text is not a list of terms.
    UnknownNameError
        The fit has no coefficient of a term.
    FitError
        As for `wald_test`.
    """
    return wald(result, read_terms(result, terms, equal=equal, equation=equation))


def wald(result: FitResult, hypotheses: Sequence[Linear]) -> WaldTest:
    """Wald's test that each of these is zero; those that follow from others are dropped."""
    if not np.isfinite(result.cov).all():
        raise _singular()
    kept, dropped = _independent(result, hypotheses)
    df, statistic = len(kept), 0.0
    if kept:
        weights = np.array([hypotheses[i].weights for i in kept])
        distance = weights @ result.beta + np.array([hypotheses[i].constant for i in kept])
        statistic = _quadratic(distance, weights @ result.cov @ weights.T)
    linear = result.statistic == "t" and result.df_resid is not None
    if linear:
        statistic = statistic / df if df else math.nan
        p = float(distributions.f_upper(statistic, df, result.df_resid or 0))
    else:
        p = float(distributions.chi2_upper(statistic, df))
    return WaldTest(
        constraints=tuple(_hypothesis(result, one) for one in hypotheses),
        dropped=tuple(dropped),
        statistic=statistic,
        df=df,
        df_resid=result.df_resid if linear else None,
        p=p,
    )


def _hypothesis(result: FitResult, linear: Linear) -> str:
    return f"{written(result, linear.weights)} = {general(-linear.constant, 9)}"


def _independent(result: FitResult, hypotheses: Sequence[Linear]) -> tuple[list[int], list[int]]:
    """The places of the constraints to keep, and the numbers of those that follow from the ones before them.

    Gram-Schmidt with each coefficient in units of its standard error, so that units of the data do not matter.

    Raises
    ------
    FitError
        A constraint contradicts those before it.
    """
    units = np.sqrt(np.clip(np.diag(result.cov), 0.0, None))
    units[units == 0] = 1.0
    directions: list[NDArray[np.float64]] = []
    values: list[float] = []
    kept, dropped = [], []
    for i, linear in enumerate(hypotheses):
        row, value = linear.weights * units, linear.constant
        size = float(np.linalg.norm(row))
        tolerance = DEPENDENT * max(abs(value), 1.0)
        for _ in range(2):  # twice is enough (Kahan)
            for direction, known in zip(directions, values, strict=True):
                along = float(row @ direction)
                row, value = row - along * direction, value - along * known
        left = float(np.linalg.norm(row))
        if left > DEPENDENT * size:
            kept.append(i)
            directions.append(row / left)
            values.append(value / left)
        elif abs(value) > tolerance:
            raise FitError(
                "the hypotheses cannot all be true",
                found=_hypothesis(result, linear),
                expected="hypotheses that do not contradict one another",
                do="test them one at a time",
            )
        else:
            dropped.append(i + 1)
    return kept, dropped


def _quadratic(distance: NDArray[np.float64], covariance: NDArray[np.float64]) -> float:
    """Return d' V^-1 d, with V scaled to correlations.

    Raises
    ------
    FitError
        V is singular.
    """
    variances = np.diag(covariance)
    if (variances > 0).all():
        scale = 1 / np.sqrt(variances)
        values, vectors = np.linalg.eigh(covariance * np.outer(scale, scale))
        if values[0] > SINGULAR * len(values):
            along = vectors.T @ (scale * distance)
            return float(np.sum(along * along / values))
    raise _singular()


def _singular() -> FitError:
    return FitError(
        "the covariance of the coefficients is singular along these hypotheses",
        expected="coefficients whose covariance has full rank",
        do="test fewer at a time; with few clusters, no more than clusters less one can be tested together",
    )
