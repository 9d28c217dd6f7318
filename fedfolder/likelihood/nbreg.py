"""Negative binomial regression."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.likelihood.base import ObservationDerivatives
from fedfolder.likelihood.curves import Curve, horner, log1p_remainder
from fedfolder.likelihood.poisson import Count, log_factorial

if TYPE_CHECKING:
    from fedfolder.likelihood.base import Array, Rows, Totals

LEAST_ALPHA, MOST_ALPHA = 0.05, 20.0
"""Where the search for alpha starts, at least and at most: further out the likelihood is flat in it."""

STIRLING = 16.0
"""From this 1/alpha on, Stirling's series with the terms below is exact to rounding."""

LOG_GAMMA = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360]
"""ln Gamma(x) - (x - 1/2) ln x + x - ln(2 pi)/2 = 1/(12 x) - 1/(360 x^3) + …"""

DIGAMMA = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760]
"""ln x - 1/(2 x) - psi(x) = 1/(12 x^2) - 1/(120 x^4) + …"""

TRIGAMMA = [2 * (k + 1) * term for k, term in enumerate(DIGAMMA)]
"""The coefficients of minus its derivative, of 1/x^3, 1/x^5, …"""


class NegativeBinomial(Count):
    r"""y has the mean mu = exp(eta) and the variance mu + alpha mu^2, with alpha = exp(/lnalpha).

    With r = 1/alpha and x = alpha mu,

        ln f = ln G(y + r) - ln G(r) - y ln r  +  y eta - (y + r) ln(1 + x) - ln(y!)

    where G is the gamma function. Let S be the first three terms, which are the sum of ln(1 + alpha i), i < y. As alpha
    falls, r is large, and S, its derivatives by ln alpha and those of r ln(1 + x) would each be a small difference of
    large numbers. None is taken: S is expanded by Stirling's series so that ln r cancels on paper, and
    ln(1 + x) - x comes from its own series. Everything is then written in alpha, never in r, and goes smoothly to the
    Poisson likelihood, also where alpha underflows to zero.

    References
    ----------
    Stata Base Reference Manual, [R] nbreg, Methods and formulas (mean-dispersion model).
    """

    name = "nbreg"
    title = "Negative binomial regression"
    ancillaries = ("/lnalpha",)
    bounded = ("/lnalpha",)
    concave = False

    def start(self, totals: Totals) -> tuple[float, ...]:
        """Ln of events per exposure; alpha from the variance above the mean, within `LEAST_ALPHA` and `MOST_ALPHA`."""
        mean = totals.total / totals.weight
        variance = totals.squares / totals.weight - mean * mean
        alpha = (variance - mean) / (mean * mean) if mean > 0 else math.nan
        bounded = min(max(alpha, LEAST_ALPHA), MOST_ALPHA) if math.isfinite(alpha) else 1.0
        return (*super().start(totals), math.log(bounded))

    def derivatives(self, rows: Rows, eta: Array) -> ObservationDerivatives:
        """See the class."""
        from scipy.special import expit, log_expit

        y, (logmean, logalpha) = rows["y"], eta
        with np.errstate(all="ignore"):
            sums = _rising(y, logalpha)
            tail = _tail(y, logmean, logalpha)
            odds = logmean + logalpha
            loglike = sums.value + y * logmean + tail.value - log_factorial(rows)
            p, q = expit(odds), expit(-odds)  # x / (1 + x) and 1 / (1 + x)
            shrunk = np.exp(logmean + log_expit(-odds))  # mu / (1 + x)
            residual = y * q - shrunk
            cross = -residual * p
            bend = -shrunk * (q + y * np.exp(logalpha + log_expit(-odds)))
            score = np.stack([residual, sums.slope + tail.slope])
            hessian = np.stack([np.stack([bend, cross]), np.stack([cross, sums.bend + tail.bend])])
        return ObservationDerivatives(loglike, score, hessian)


def _tail(y: Array, logmean: Array, logalpha: Array) -> Curve:
    """-(y + r) ln(1 + x) with its derivatives by ln alpha.

    Where x is below 1, r ln(1 + x) is mu + mu x l(x), with l(x) = (ln(1 + x) - x) / x^2.
    """
    from scipy.special import expit, log_expit

    odds = logmean + logalpha
    mean, x, p, q = np.exp(logmean), np.exp(odds), expit(odds), expit(-odds)
    log1p = -log_expit(-odds)
    flat = mean * x * log1p_remainder(x)  # r (ln(1 + x) - x)
    small = Curve(-mean - flat, flat + (mean - y) * p, -flat - mean * p + (mean - y) * p * q)
    rate = np.exp(-logalpha)
    whole, part = rate * log1p, rate * p
    large = Curve(-whole, whole - part - y * p, -whole + part + part * p - y * p * q)
    value, slope, bend = (np.where(odds < 0, a, b) for a, b in zip(small, large, strict=True))
    return Curve(value - y * log1p, slope, bend)


def _rising(y: Array, logalpha: Array) -> Curve:
    """S = ln G(y + r) - ln G(r) - y ln r with its derivatives by ln alpha; zero where y is."""
    by_series = logalpha <= -math.log(STIRLING)
    exact = _rising_exact(y, np.maximum(logalpha, -math.log(STIRLING)))
    series = _rising_series(y, np.minimum(logalpha, -math.log(STIRLING)))
    return Curve(*(np.where(by_series, a, np.where(y > 0, b, 0.0)) for a, b in zip(series, exact, strict=True)))


def _rising_exact(y: Array, logalpha: Array) -> Curve:
    """S for y > 0 by the gamma function at y + r and 1 + r, which is nowhere near its pole."""
    from scipy.special import digamma, gammaln, zeta

    r = np.exp(-logalpha)
    value = gammaln(y + r) - gammaln(1.0 + r) + (y - 1.0) * logalpha
    first = r * (digamma(y + r) - digamma(1.0 + r))
    second = np.square(r) * (zeta(2.0, y + r) - zeta(2.0, 1.0 + r))
    return Curve(value, y - 1.0 - first, first + second)


def _rising_series(y: Array, logalpha: Array) -> Curve:
    """S by Stirling's series in alpha and w = 1 / (y + r) = alpha / (1 + alpha y)."""
    alpha = np.exp(logalpha)
    u = alpha * y
    share = 1.0 / (1.0 + u)
    w = alpha * share
    flat = y * u * log1p_remainder(u)  # r (ln(1 + u) - u)
    value = flat + (y - 0.5) * np.log1p(u) + w * horner(LOG_GAMMA, w * w) - alpha * horner(LOG_GAMMA, alpha * alpha)
    rest = share * w * horner(DIGAMMA, w * w) - alpha * horner(DIGAMMA, alpha * alpha)
    slopes = alpha * horner(TRIGAMMA, alpha * alpha) - share * share * w * horner(TRIGAMMA, w * w)
    slope = -flat - 0.5 * u * share + rest
    bend = flat + y * u * share - 0.5 * u * share * share - rest - slopes
    return Curve(value, slope, bend)
