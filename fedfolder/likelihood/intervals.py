"""The probability of an interval, as a function of its two ends, on the log scale.

ln(F(b) - F(a)) with F logistic or normal. Its derivatives by a common shift of both ends do not depend on how narrow
the interval is, whereas those by one end grow as 1 / (b - a): they are given apart, since their difference would have
lost its digits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fedfolder.likelihood.probability import Logistic

if TYPE_CHECKING:
    from fedfolder.likelihood.base import Array


class Interval(NamedTuple):
    """ln(F(b) - F(a)) with its derivatives by `shift` (of both ends), `upper` (b) and `lower` (a): `(n,)` each."""

    value: Array
    shift: Array
    upper: Array
    lower: Array
    shift_shift: Array
    shift_upper: Array
    shift_lower: Array
    upper_upper: Array
    upper_lower: Array
    lower_lower: Array


def logistic_interval(lower: Array, upper: Array, width: Array) -> Interval:
    """F logistic: F(b) - F(a) = F(b) (1 - F(a)) (1 - exp(-(b - a))), in closed form.

    Parameters
    ----------
    lower, upper : (n,) arrays
        The ends.
    width : (n,) array
        b - a, which the caller may know better than from the ends.
    """
    below, above = Logistic().yes(upper), Logistic().no(lower)
    gap = 1.0 / np.expm1(width)
    bend = gap / -np.expm1(-width)
    return Interval(
        value=below.value + above.value + np.log(-np.expm1(-width)),
        shift=below.slope + above.slope,
        upper=below.slope + gap,
        lower=above.slope - gap,
        shift_shift=below.bend + above.bend,
        shift_upper=below.bend,
        shift_lower=above.bend,
        upper_upper=below.bend - bend,
        upper_lower=bend,
        lower_lower=above.bend - bend,
    )


NODES, WEIGHTS = np.polynomial.legendre.leggauss(12)


def normal_interval(lower: Array, upper: Array, width: Array) -> Interval:
    """F normal: with the densities at the ends over the probability, phi(b) / P and phi(a) / P.

    Parameters
    ----------
    lower, upper, width : (n,) arrays
        As of `logistic_interval`.
    """
    middle = 0.5 * (lower + upper)
    right = middle >= 0
    value, at_near = _upper_half(np.where(right, lower, -upper), np.where(right, upper, -lower), width)
    at_far = at_near * np.exp(-np.abs(middle) * width)
    at_lower, at_upper = np.where(right, at_near, at_far), np.where(right, at_far, at_near)
    shift = np.where(right, 1.0, -1.0) * at_near * np.expm1(-np.abs(middle) * width)
    return Interval(
        value=value,
        shift=shift,
        upper=at_upper,
        lower=-at_lower,
        shift_shift=-shift * (middle + shift) - 0.5 * width * (at_lower + at_upper),
        shift_upper=-at_upper * (upper + shift),
        shift_lower=at_lower * (lower + shift),
        upper_upper=-at_upper * (upper + at_upper),
        upper_lower=at_upper * at_lower,
        lower_lower=at_lower * (lower - at_lower),
    )


def _upper_half(near: Array, far: Array, width: Array) -> tuple[Array, Array]:
    """Ln of the probability P, and phi(near end) / P, of an interval whose middle is not below zero.

    Three forms, each where it does not cancel: for a narrow interval Gauss's rule on the density relative to that in
    the middle; to the right of zero the difference of two Mills ratios; across zero a sum of two error functions.
    """
    from scipy.special import erf, erfcx

    middle = 0.5 * (near + far)
    relative = np.zeros_like(middle)
    for node, weight in zip(NODES, WEIGHTS, strict=True):
        offset = 0.5 * node * width
        relative += 0.5 * weight * np.exp(-offset * (middle + 0.5 * offset))
    narrow = np.log(width) + log_density(middle) + np.log(relative)
    root = math.sqrt(2.0)
    mills = math.sqrt(math.pi / 2.0) * (erfcx(near / root) - np.exp(-middle * width) * erfcx(far / root))
    across = np.log(0.5 * (erf(far / root) + erf(-near / root)))
    is_narrow, is_right = width * (1.0 + middle) < 1.0, near > 0
    value = np.where(is_narrow, narrow, np.where(is_right, log_density(near) + np.log(mills), across))
    at_near = np.where(is_right & ~is_narrow, 1.0 / mills, np.exp(log_density(near) - value))
    at_near = np.where(is_narrow, np.exp(0.5 * width * (middle - 0.25 * width)) / (width * relative), at_near)
    return value, at_near


def log_density(x: Array) -> Array:
    """Ln of the standard normal density, `(n,)`."""
    return -0.5 * (np.square(x) + math.log(2.0 * math.pi))
