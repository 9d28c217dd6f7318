"""What a flexible parametric survival model predicts: from coefficients and their covariance alone.

Source: Royston, Parmar (2002). Statistics in Medicine 21; Lambert, Royston (2009). Stata Journal 9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fedfolder.command.parse import parse
from fedfolder.command.splines import Spline
from fedfolder.estimates.survival import OverTime
from fedfolder.likelihood.stpm2 import HAZARDS, cumulative_hazard
from fedfolder.questions.splines import Curve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.estimates.columns import Rows
    from fedfolder.estimates.result import FitResult

    Array = NDArray[np.float64]

ROLES = {"surv": ("entry",)}
"""The variables beside time and terms that a prediction for rows needs."""


@dataclass(frozen=True, slots=True)
class FittedSpline:
    """A spline of ln(time) of a fit.

    Parameters
    ----------
    of : str
        The column whose effect it is, `x` or `2.g`; `""` for the baseline.
    columns : tuple of str
        The names of its d coefficients: `_rcs1`, `_rcs_x1`, `2.g#c._rcs_g1`.
    knots : tuple of float
        Times, the boundary knots among them; none of a straight line.
    means : (d,) tuple of float
        M, where the columns were orthogonalised: they are (v - M) R^-1 for the splines v; empty for v themselves.
    r : (d, d) tuple of tuple of float
        R, upper triangular, row by row.
    """

    of: str
    columns: tuple[str, ...]
    knots: tuple[float, ...]
    means: tuple[float, ...] = ()
    r: tuple[tuple[float, ...], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        matrix = [list(row) for row in self.r]
        return {
            "of": self.of, "columns": list(self.columns), "knots": list(self.knots), "means": list(self.means),
            "r": matrix,
        }  # fmt: skip

    def at(self, time: Array) -> tuple[Array, Array]:
        """The columns (n, d) at some times, and their derivatives by ln(time)."""
        d = len(self.columns)
        curve, x = Curve(Spline(self.of, d), self.knots), np.log(time)
        values, slopes = (np.stack([of(x, j) for j in range(1, d + 1)], axis=1) for of in (curve.value, curve.slope))
        if not self.r:
            return values, slopes
        r = np.array(self.r)
        return np.linalg.solve(r.T, (values - self.means).T).T, np.linalg.solve(r.T, slopes.T).T


class _At(NamedTuple):
    """Columns (n, p) at some times with their slopes, and what follows for eta."""

    x: Array
    slopes: Array
    eta: Array
    slope: Array
    time: Array


def _at(result: FitResult, rows: Rows, time: Array, offset: Array | float = 0.0) -> _At:
    """The linear predictor of rows at their times."""
    x, slopes = np.zeros((len(time), len(result.names))), np.zeros((len(time), len(result.names)))
    made = {name: (spline, j) for spline in result.splines for j, name in enumerate(spline.columns)}
    for place, name in enumerate(result.names):
        if name not in made:
            x[:, place] = rows.design([name])[:, 0]
            continue
        spline, j = made[name]
        of = rows.design([spline.of])[:, 0] if spline.of else 1.0
        values, by_time = spline.at(time)
        x[:, place], slopes[:, place] = values[:, j] * of, by_time[:, j] * of
    return _At(x, slopes, x @ result.beta + offset, slopes @ result.beta, time)


def _scale(result: FitResult) -> str:
    return parse(result.command).argument("scale") or "hazard"


def _log_hazard(result: FitResult, at: _At) -> tuple[Array, Array]:
    """Ln h, (n,), and its gradient (n, p)."""
    found = HAZARDS[_scale(result)].log_hazard(at.eta)
    gradient = at.slopes / at.slope[:, np.newaxis] + found.slope[:, np.newaxis] * at.x
    return np.log(at.slope) + found.value - np.log(at.time), gradient


def _log_cumulative(result: FitResult, at: _At) -> tuple[Array, Array]:
    """Ln H, (n,), and its gradient (n, p)."""
    scale = _scale(result)
    whole = cumulative_hazard(scale, at.eta)
    by_eta = np.exp(HAZARDS[scale].log_hazard(at.eta).value) / whole
    return np.log(whole), by_eta[:, np.newaxis] * at.x


# -- for rows that lie here ----------------------------------------------------------------------------------------


def predicted(result: FitResult, rows: Rows, kind: str, offset: Array | float) -> Array:
    """`surv`, `hazard`, `cumhazard`, `hr`, `xb` or `stdp` of each row at its time."""
    time = rows.numbers(result.roles["time"])
    with np.errstate(all="ignore"):
        at = _at(result, rows, time, offset)
        if kind == "stdp":
            return np.asarray(np.sqrt(np.einsum("ij,jk,ik->i", at.x, result.cov, at.x)))
        if kind == "xb":
            return at.eta
        if kind == "hazard":
            return np.exp(_log_hazard(result, at)[0])
        if kind == "hr":
            return np.exp(_log_hazard(result, at)[0] - _log_hazard(result, _of_zero(result, at))[0])
        cumulative = cumulative_hazard(_scale(result), at.eta)
        if kind == "cumhazard":
            return np.asarray(cumulative)
        entry = rows.numbers(result.roles["entry"]) if "entry" in result.roles else np.zeros_like(time)
        before = _at(result, rows, np.where(entry > 0, entry, time), offset)
        entered = np.where(entry > 0, cumulative_hazard(_scale(result), before.eta), 0.0)
        return np.exp(entered - cumulative) + 0.0 * entry


def _of_zero(result: FitResult, at: _At) -> _At:
    """The same times with zero in all terms."""
    baseline = {name for spline in result.splines if not spline.of for name in spline.columns} | {"_cons"}
    keep = np.array([float(name in baseline) for name in result.names])
    x, slopes = at.x * keep, at.slopes * keep
    return _At(x, slopes, x @ result.beta, slopes @ result.beta, at.time)


# -- for patterns of covariates at agreed times --------------------------------------------------------------------


def over_time(result: FitResult, rows: Rows, times: Array) -> OverTime:
    """What a fit by `stpm2` says of the patterns in `rows` at `times` (T,); after `bhazard()`, of the excess."""
    offset = rows.numbers(result.roles["offset"]) if "offset" in result.roles else 0.0
    count = len(rows.frame)
    each = [
        _at(result, rows, np.full(count, time if time > 0 else 1.0), offset) for time in np.asarray(times, dtype=float)
    ]
    with np.errstate(all="ignore"):
        cumulative, hazard = (
            [np.stack(parts, axis=1) for parts in zip(*(of(result, at) for at in each), strict=True)]
            for of in (_log_cumulative, _log_hazard)
        )
    # Up to a time of zero nothing can have happened, whatever the coefficients are; the hazard there is no number.
    never = np.asarray(times) <= 0
    cumulative[0][:, never], cumulative[1][:, never] = -np.inf, 0.0
    hazard[0][:, never], hazard[1][:, never] = np.nan, np.nan
    return OverTime(cumulative[0], cumulative[1], hazard[0], hazard[1])
