"""What a parametric survival model predicts for rows that lie here, at their times or at any.

All of it follows from two functions of time, ln H and ln h, with their derivatives by the linear predictor and by the
ancillary parameter.

Source: [ST] streg postestimation, Methods and formulas.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fedfolder.command.parse import parse
from fedfolder.errors import UnknownNameError
from fedfolder.likelihood.hazards import LogisticHazard, NormalHazard
from fedfolder.likelihood.streg import moments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.estimates.columns import Rows
    from fedfolder.estimates.result import FitResult
    from fedfolder.likelihood.hazards import Hazard

    Array = NDArray[np.float64]

_SHAPES = {"/ln_p", "/gamma", "/lngamma", "/lnsigma"}
"""The ancillary parameters that are the shape of a distribution."""

ROLES = {"surv": ("time", "entry"), "hazard": ("time",)}
"""The times that a prediction needs beside the terms."""


class Logs(NamedTuple):
    """ln H and ln h, `(3, …)` each: the value, its derivative by the linear predictor, and that by the ancillary."""

    cumulative: Array
    hazard: Array


class Distribution(NamedTuple):
    """What a fit says of times beside the linear predictor.

    Parameters
    ----------
    name : str
        What `distribution()` says.
    hazards : bool
        Whether it is a model of hazards, rather than of time.
    shape : float
        The ancillary parameter; 0 where there is none.
    """

    name: str
    hazards: bool
    shape: float

    @classmethod
    def of(cls, result: FitResult) -> Distribution:
        """That of a fit by `streg` or `mestreg`."""
        command = parse(result.command)
        ancillary = (b for name, b in zip(result.names, result.beta.tolist(), strict=True) if name in _SHAPES)
        return cls(command.argument("distribution") or "", command.hazards, next(ancillary, 0.0))

    def logs(self, xb: Array, t: Array) -> Logs:
        """At linear predictors and times that broadcast to one shape."""
        xb, t = np.broadcast_arrays(xb, t)
        with np.errstate(all="ignore"):
            if self.name == "gompertz":
                return _gompertz(xb, self.shape, t)
            if self.name in _FAILURE_TIMES:
                return _failure_time(_FAILURE_TIMES[self.name], xb, self.shape, np.log(t))
            return (_weibull if self.hazards else _weibull_time)(xb, self.shape, np.log(t))


_FAILURE_TIMES: dict[str, Hazard] = {"loglogistic": LogisticHazard(), "lognormal": NormalHazard()}


def _weibull(xb: Array, shape: float, u: Array) -> Logs:
    """Ln H = xb + p u with u = ln t; the exponential model is that of p = 1."""
    p, one = math.exp(shape), np.ones_like(u)
    rising = (p - 1.0) * u if shape else 0.0
    return Logs(np.stack([xb + p * u, one, p * u]), np.stack([xb + shape + rising, one, 1.0 + p * u]))


def _weibull_time(xb: Array, shape: float, u: Array) -> Logs:
    """Ln H = p (u - xb)."""
    p, z = math.exp(shape), u - xb
    slope = np.full_like(u, -p)
    return Logs(np.stack([p * z, slope, p * z]), np.stack([shape + p * z - u, slope, 1.0 + p * z]))


def _gompertz(xb: Array, gamma: float, t: Array) -> Logs:
    """H = exp(xb) times the integral of exp(gamma s) from 0 to t, taken from its end where gamma is above zero."""
    p0, p1, _ = moments(np.abs(gamma) * t)
    share = p1 / p0 if gamma <= 0 else 1.0 - p1 / p0
    cumulative = xb + np.log(t * p0) + max(gamma, 0.0) * t
    one = np.ones_like(t)
    return Logs(np.stack([cumulative, one, t * share]), np.stack([xb + gamma * t, one, t]))


def _failure_time(hazard: Hazard, xb: Array, shape: float, u: Array) -> Logs:
    """H and h by z = (u - xb) / sigma."""
    sigma = math.exp(shape)
    z = (u - xb) / sigma
    rise, log_hazard = hazard.rise(z, np.full_like(z, np.inf)), hazard.log_hazard(z)
    slope = rise.hazard / rise.cumulative
    return Logs(
        np.stack([np.log(rise.cumulative), -slope / sigma, -z * slope]),
        np.stack([log_hazard.value - shape - u, -log_hazard.slope / sigma, -1.0 - z * log_hazard.slope]),
    )


def predicted(result: FitResult, rows: Rows, xb: Array, kind: str) -> Array:
    """`median`, `hr`, `surv` or `hazard` of each row, at its linear predictor `xb` (n,).

    Raises
    ------
    UnknownNameError
        Of hazard ratios, if this is no model of hazards.
    """
    distribution = Distribution.of(result)
    if kind == "hr" and not distribution.hazards:
        raise UnknownNameError("a model of time predicts no hazard ratios", found=kind, do="ask for median or surv")
    with np.errstate(all="ignore"):
        if kind == "hr":
            return np.exp(xb)
        if kind == "median":
            return _median(distribution, xb)
        time = rows.numbers(result.roles["time"])
        if kind == "hazard":
            return np.asarray(np.exp(distribution.logs(xb, time).hazard[0]))
        entry = rows.numbers(result.roles["entry"]) if "entry" in result.roles else np.zeros_like(time)
        before = np.where(entry > 0, np.exp(distribution.logs(xb, entry).cumulative[0]), 0.0)
        return np.asarray(np.exp(before - np.exp(distribution.logs(xb, time).cumulative[0])) + 0.0 * entry)


def _median(distribution: Distribution, xb: Array) -> Array:
    """The time at which survival is one half; NaN where more than half never fail, as a falling hazard allows."""
    name, hazards, shape = distribution
    if not hazards:
        return np.asarray(np.exp(xb) * (1.0 if name in _FAILURE_TIMES else math.log(2.0) ** math.exp(-shape)))
    half = math.log(2.0) * np.exp(-xb)
    if name == "gompertz":
        return np.where(shape * half > -1.0, np.log1p(shape * half) / shape if shape else half, np.nan)
    return half ** math.exp(-shape)


class OverTime(NamedTuple):
    """ln H and ln h of K patterns at T times `(K, T)`, and their derivatives by the P coefficients `(K, T, P)`.

    Where something beside the coefficients is estimated, independently of them, `further` has its variances (Q,), and
    derivatives are by these P + Q numbers.
    """

    cumulative: Array
    cumulative_by: Array
    hazard: Array
    hazard_by: Array
    further: Array | None = None


def over_time(result: FitResult, rows: Rows, times: Array) -> OverTime:
    """What a fit by `streg` says of the patterns in `rows` at `times` (T,)."""
    terms = [place for place, name in enumerate(result.names) if not name.startswith("/")]
    design = rows.design([result.names[place] for place in terms])
    offset = rows.numbers(result.roles["offset"]) if "offset" in result.roles else 0.0
    logs = Distribution.of(result).logs((design @ result.beta[terms] + offset)[:, None], times[None, :])

    def by_coefficients(found: Array) -> Array:
        by = np.repeat(found[2][:, :, None], len(result.names), axis=2)
        by[:, :, terms] = found[1][:, :, None] * design[:, None, :]
        return by

    with np.errstate(all="ignore"):
        cumulative_by, hazard_by = by_coefficients(logs.cumulative), by_coefficients(logs.hazard)
    # Up to a time of zero nothing can have happened, whatever the coefficients are.
    cumulative_by[np.isneginf(logs.cumulative[0])] = 0.0
    return OverTime(logs.cumulative[0], cumulative_by, logs.hazard[0], hazard_by)
