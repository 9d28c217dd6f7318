"""What a parametric survival model predicts for rows that lie here.

Source: [ST] streg postestimation, Methods and formulas.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.parse import parse
from fedfolder.errors import UnknownNameError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.estimates.columns import Rows
    from fedfolder.estimates.result import FitResult

    Array = NDArray[np.float64]

ROLES = {"surv": ("time", "entry"), "hazard": ("time",)}
"""The times that a prediction needs beside the terms."""


def predicted(result: FitResult, rows: Rows, xb: Array, kind: str) -> Array:
    """`median`, `hr`, `surv` or `hazard` of each row, at its linear predictor `xb` (n,).

    Raises
    ------
    UnknownNameError
        Of hazard ratios, if this is no model of hazards.
    """
    command = parse(result.command)
    shape = next((b for name, b in zip(result.names, result.beta.tolist(), strict=True) if name.startswith("/")), 0.0)
    distribution = command.argument("distribution") or ""
    if kind == "hr" and not command.hazards:
        raise UnknownNameError("a model of time predicts no hazard ratios", found=kind, do="ask for median or surv")
    if distribution in {"exponential", "weibull"} and not command.hazards:
        xb = -math.exp(shape) * xb
    with np.errstate(all="ignore"):
        if kind == "hr":
            return np.exp(xb)
        if kind == "median":
            return _median(distribution, xb, shape)
        time = rows.numbers(result.roles["time"])
        if kind == "hazard":
            return _at(distribution, xb, shape, time)[1]
        entry = rows.numbers(result.roles["entry"]) if "entry" in result.roles else np.zeros_like(time)
        before = np.where(entry > 0, _at(distribution, xb, shape, entry)[0], 0.0)
        return np.exp(before - _at(distribution, xb, shape, time)[0]) + 0.0 * entry


def _at(distribution: str, xb: Array, shape: float, t: Array) -> tuple[Array, Array]:
    """The cumulative hazard and the hazard at t."""
    from scipy.special import erfcx, expit, exprel, log_ndtr

    if distribution == "gompertz":
        return np.exp(xb) * t * exprel(shape * t), np.exp(xb + shape * t)
    if distribution in {"exponential", "weibull"}:
        p = math.exp(shape)
        cumulative = np.exp(xb + p * np.log(t))
        return cumulative, p * cumulative / t
    sigma = math.exp(shape)
    z = (np.log(t) - xb) / sigma
    if distribution == "loglogistic":
        return np.logaddexp(0.0, z), expit(z) / (sigma * t)
    return -log_ndtr(-z), math.sqrt(2.0 / math.pi) / erfcx(z / math.sqrt(2.0)) / (sigma * t)


def _median(distribution: str, xb: Array, shape: float) -> Array:
    """The time at which survival is one half; NaN where more than half never fail, as a falling hazard allows."""
    half = math.log(2.0) * np.exp(-xb)
    if distribution == "gompertz":
        return np.where(shape * half > -1.0, np.log1p(shape * half) / shape if shape else half, np.nan)
    return half ** math.exp(-shape) if distribution in {"exponential", "weibull"} else np.exp(xb)
