"""Distributions of z = (ln t - mu) / sigma: hazards by z, and what they add up to between two z.

Of short rows, the cumulative hazards at both ends are large numbers whose difference is small. None is taken: each
difference has a form of its own, in which only terms of one sign are added.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fedfolder.likelihood.curves import Curve
from fedfolder.likelihood.probability import Normal

if TYPE_CHECKING:
    from fedfolder.likelihood.base import Array


class Rise(NamedTuple):
    """By how much the cumulative hazard, the hazard and its slope rise from z - x to z; the last two at z - x."""

    cumulative: Array
    hazard: Array
    slope: Array
    hazard_before: Array
    slope_before: Array


class Hazard(ABC):
    """A hazard on the scale of z, h(z) = H'(z)."""

    @abstractmethod
    def log_hazard(self, z: Array) -> Curve:
        """Ln h(z) with its derivatives, `(n,)`."""

    @abstractmethod
    def rise(self, z: Array, x: Array) -> Rise:
        """What rises from z - x to z, `(n,)`, for x > 0; from where nothing has happened if x is infinite."""


class ExtremeValue(Hazard):
    """H = exp(z), so that t is Weibull."""

    def log_hazard(self, z: Array) -> Curve:
        """Z itself."""
        return Curve(z, np.ones_like(z), np.zeros_like(z))

    def rise(self, z: Array, x: Array) -> Rise:
        """Exp(z) (1 - exp(-x)), three times."""
        risen, before = np.exp(z) * -np.expm1(-x), np.exp(z - x)
        return Rise(risen, risen, risen, before, before)


class LogisticHazard(Hazard):
    """H = ln(1 + exp(z)) and h = p = 1 / (1 + exp(-z)), so that t is log-logistic; q = 1 - p.

    With p0 and q0 at z - x, p - p0 = p q0 (1 - exp(-x)) and pq - p0 q0 = (p - p0) (q - p0). The rise of H is
    -ln(1 - p (1 - exp(-x))), or, where that would cancel, -ln p - ln(exp(-z) + exp(-x)).
    """

    def log_hazard(self, z: Array) -> Curve:
        """Ln p, q and -pq."""
        from scipy.special import expit, log_expit

        q = expit(-z)
        return Curve(log_expit(z), q, -expit(z) * q)

    def rise(self, z: Array, x: Array) -> Rise:
        """See the class."""
        from scipy.special import expit, log_expit

        before = z - x
        p, q, p0, q0 = expit(z), expit(-z), expit(before), expit(-before)
        share = -p * np.expm1(-x)
        whole = -log_expit(z) - np.logaddexp(-z, -x)
        cumulative = np.where(share < 0.5, -np.log1p(-np.minimum(share, 0.5)), whole)  # noqa: PLR2004 - either is exact there
        hazard = share * q0
        return Rise(cumulative, hazard, hazard * (q - p0), p0, p0 * q0)


NODES, WEIGHTS = np.polynomial.legendre.leggauss(8)
SHORT = 0.5
"""Up to this x, Gauss's rule with these nodes is exact to rounding for a normal's hazard and its derivatives."""


class NormalHazard(Hazard):
    """H = -ln Phi(-z) and h = lambda, the inverse of Mills's ratio, so that t is lognormal.

    lambda' = lambda (lambda - z), and lambda'' = lambda' (2 lambda - z) - lambda. Over a short x, a rise is an integral
    of the next derivative.
    """

    def log_hazard(self, z: Array) -> Curve:
        """Ln lambda, lambda - z and lambda' - 1."""
        from scipy.special import log_ndtr

        found = Normal().yes(-z)
        density = -0.5 * (np.square(z) + math.log(2.0 * math.pi))
        right = z > 0
        value = np.where(right, np.log(found.slope), density - log_ndtr(-z))
        slope = np.where(right, -found.bend / found.slope, found.slope - z)
        return Curve(value, slope, -found.bend - 1.0)

    def rise(self, z: Array, x: Array) -> Rise:
        """See the class."""
        after, before = Normal().yes(-z), Normal().yes(x - z)
        nothing = np.isinf(x)
        h0, slope0 = (np.where(nothing, 0.0, values) for values in (before.slope, -before.bend))
        cumulative = np.where(nothing, -after.value, before.value - after.value)
        hazard, slope = after.slope - h0, -after.bend - slope0
        short = np.flatnonzero(x < SHORT)
        if len(short):
            for whole, part in zip((cumulative, hazard, slope), _short_rise(z[short], x[short]), strict=True):
                whole[short] = part
        return Rise(cumulative, hazard, slope, h0, slope0)


def _short_rise(z: Array, x: Array) -> tuple[Array, Array, Array]:
    """The integrals of lambda, lambda' and lambda'' from z - x to z, by Gauss's rule."""
    total = np.zeros((3, len(z)))
    for node, weight in zip(NODES, WEIGHTS, strict=True):
        at = z - 0.5 * (1.0 - node) * x
        found = Normal().yes(-at)
        h, slope = found.slope, -found.bend
        total += 0.5 * weight * x * np.stack([h, slope, slope * (2.0 * h - at) - h])
    cumulative, hazard, bend = total
    return cumulative, hazard, bend
