"""Parametric survival models: proportional hazards, and accelerated failure time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from fedfolder.likelihood.base import ObservationDerivatives
from fedfolder.likelihood.curves import horner
from fedfolder.likelihood.hazards import ExtremeValue, LogisticHazard, NormalHazard
from fedfolder.likelihood.survival import Survival, log_ratio, log_time

if TYPE_CHECKING:
    from fedfolder.likelihood.base import Array, Rows, Totals
    from fedfolder.likelihood.hazards import Hazard


def streg_name(distribution: str, *, aft: bool = False) -> str:
    """The name of a `streg` in the registry; `aft` for what is a model of hazards otherwise."""
    return f"streg distribution({distribution}){' aft' if aft else ''}"


def log_rate(totals: Totals) -> float:
    """Ln of failures per time at risk; 0 where there are none."""
    return math.log(totals.mean) if totals.mean > 0 else 0.0


class Exponential(Survival):
    """h = exp(eta): the kernel is y (eta + ln t) - mu with mu = exp(eta) (t - t0), its derivatives y - mu and -mu.

    References
    ----------
    [ST] streg, Methods and formulas.
    """

    name = streg_name("exponential")
    title = "Exponential PH regression"

    def start(self, totals: Totals) -> tuple[float, ...]:
        """Ln of failures per time at risk."""
        return (log_rate(totals),)

    def derivatives(self, rows: Rows, eta: Array) -> ObservationDerivatives:
        """See the class."""
        y = rows["y"]
        with np.errstate(all="ignore"):
            expected = np.exp(eta[0]) * (rows["time"] - rows["entry"])
            loglike = y * (eta[0] + log_time(rows)) - expected
            return ObservationDerivatives(loglike, (y - expected)[None], -expected[None, None])


class ExponentialAft(Exponential):
    """The same in the metric of time: -eta is the linear predictor."""

    name = streg_name("exponential", aft=True)
    title = "Exponential AFT regression"

    def start(self, totals: Totals) -> tuple[float, ...]:
        """Ln of time at risk per failure."""
        return (-log_rate(totals),)

    def derivatives(self, rows: Rows, eta: Array) -> ObservationDerivatives:
        """See the class."""
        found = super().derivatives(rows, -eta)
        return ObservationDerivatives(found.loglike, -found.score, found.hessian)


class Weibull(Survival):
    r"""h = p exp(eta) t^(p - 1) with p = exp(/ln_p).

    With u = p ln t, x = p ln(t / t0) and m = exp(eta + u), the kernel is y (eta + /ln_p + u) - m (1 - exp(-x)). With
    e1 = x exp(-x) and e2 = x exp(-x) (2 u - x), its derivatives by /ln_p are

        y (1 + u) - m ((1 - exp(-x)) u + e1)    and    y u - m ((1 - exp(-x)) (u + u^2) + e1 + e2)

    References
    ----------
    [ST] streg, Methods and formulas.
    """

    name = streg_name("weibull")
    title = "Weibull PH regression"
    ancillaries = ("/ln_p",)
    exponents = (("/ln_p", 1.0, "added"),)
    concave = False

    def start(self, totals: Totals) -> tuple[float, ...]:
        """That of the exponential model, with p = 1."""
        return log_rate(totals), 0.0

    def derivatives(self, rows: Rows, eta: Array) -> ObservationDerivatives:
        """See the class."""
        y = rows["y"]
        with np.errstate(all="ignore"):
            p = np.exp(eta[1])
            u, x = p * log_time(rows), p * log_ratio(rows)
            m = np.exp(eta[0] + u)
            risen = -np.expm1(-x)
            first = times(x, np.exp(-x))
            second = times(2.0 * u - x, first)
            expected, tilt = m * risen, m * (risen * u + first)
            bend = y * u - m * (risen * (u + np.square(u)) + first + second)
            loglike = y * (eta[0] + eta[1] + u) - expected
            score = np.stack([y - expected, y * (1.0 + u) - tilt])
            hessian = np.stack([np.stack([-expected, -tilt]), np.stack([-tilt, bend])])
        return ObservationDerivatives(loglike, score, hessian)


def times(a: Array, b: Array) -> Array:
    """A b, zero where b is zero: what is infinite stands beside an exponential of minus itself."""
    return np.where(b == 0, 0.0, a * b)


class Gompertz(Survival):
    r"""h = exp(eta + gamma t), gamma = /gamma, of either sign.

    The kernel is y (eta + gamma t + ln t) - I0, and its derivatives are made of I_k, the integrals of
    u^k exp(eta + gamma u) from t0 to t. From the end o of the row at which the hazard is highest, with a = |gamma| L
    and L = t - t0, they are sums of P_k(a), the integrals of s^k exp(-a s) from 0 to 1; see `moments`. So nothing is
    divided by gamma.

    References
    ----------
    [ST] streg, Methods and formulas.
    """

    name = streg_name("gompertz")
    title = "Gompertz PH regression"
    ancillaries = ("/gamma",)

    def start(self, totals: Totals) -> tuple[float, ...]:
        """That of the exponential model, with gamma = 0."""
        return log_rate(totals), 0.0

    def derivatives(self, rows: Rows, eta: Array) -> ObservationDerivatives:
        """See the class."""
        y, time, entry, gamma = rows["y"], rows["time"], rows["entry"], eta[1]
        with np.errstate(all="ignore"):
            length, rises = time - entry, gamma > 0
            far = np.where(rises, time, entry)
            along = np.where(rises, -length, length)
            p0, p1, p2 = moments(np.abs(gamma) * length)
            top = np.exp(eta[0] + gamma * far) * length
            i0, i1 = top * p0, top * (far * p0 + along * p1)
            i2 = top * (np.square(far) * p0 + 2.0 * far * along * p1 + np.square(length) * p2)
            loglike = y * (eta[0] + gamma * time + log_time(rows)) - i0
            score = np.stack([y - i0, y * time - i1])
            hessian = -np.stack([np.stack([i0, i1]), np.stack([i1, i2])])
        return ObservationDerivatives(loglike, score, hessian)


SERIES = 2.0
"""Up to this a, the integrals come from their series."""


def _reciprocals(k: int) -> list[float]:
    """The terms k! / (j + k + 1)! for j = 0, 1, …, until terms at `SERIES` are below rounding."""
    return [math.factorial(k) / math.factorial(j + k + 1) for j in range(27)]


COEFFICIENTS = [_reciprocals(k) for k in range(3)]


def moments(a: Array) -> tuple[Array, Array, Array]:
    """The integrals of s^k exp(-a s) from 0 to 1 for k = 0, 1 and 2, `(n,)` each, at a >= 0.

    Exp(-a) times the sum of a^j k! / (j + k + 1)!, of which all terms are positive; for large a in closed form.
    """
    small, large = np.minimum(a, SERIES), np.maximum(a, SERIES)
    decay = np.exp(-large)
    closed = (
        -np.expm1(-large) / large,
        (1.0 - decay * (1.0 + large)) / np.square(large),
        (2.0 - decay * (2.0 + 2.0 * large + np.square(large))) / large**3,
    )
    series = (np.exp(-small) * horner(terms, small) for terms in COEFFICIENTS)
    p0, p1, p2 = (np.where(a <= SERIES, s, np.where(np.isinf(a), 0.0, c)) for s, c in zip(series, closed, strict=True))
    return p0, p1, p2


class FailureTime(Survival):
    r"""ln t = eta + sigma e: with z = (ln t - eta) / sigma, the kernel is y (ln h(z) - ln sigma) - (H(z) - H(z0)).

    With b = -ln sigma and x = z - z0 = exp(b) ln(t / t0), dz/deta = -exp(b), dz/db = z, and rises of products are

        z h - z0 h0 = z (h - h0) + x h0,    z^2 h' - z0^2 h0' = z^2 (h' - h0') + x (2 z - x) h0'

    Attributes
    ----------
    hazard : Hazard
        That of e.
    sign : float
        That with which b is the ancillary: -1 where this is ln sigma.
    shift : float
        What the constant starts at is above the logarithm of time at risk per failure by this.

    References
    ----------
    [ST] streg, Methods and formulas.
    """

    concave = False
    far_from_zero = True
    hazard: ClassVar[Hazard]
    sign: ClassVar[float] = -1.0
    shift: ClassVar[float] = 0.0

    def start(self, totals: Totals) -> tuple[float, ...]:
        """Near that of the exponential model, with sigma = 1."""
        return self.shift - log_rate(totals), 0.0

    def derivatives(self, rows: Rows, eta: Array) -> ObservationDerivatives:
        """See the class."""
        y, b = rows["y"], self.sign * eta[1]
        with np.errstate(all="ignore"):
            p = np.exp(b)
            z, x = p * (log_time(rows) - eta[0]), p * log_ratio(rows)
            log_hazard, rise = self.hazard.log_hazard(z), self.hazard.rise(z, x)
            by_z = y * log_hazard.slope - rise.hazard
            by_z_z = y * log_hazard.bend - rise.slope
            scaled = y * (1.0 + z * log_hazard.slope) - (z * rise.hazard + times(x, rise.hazard_before))
            cross = y * z * log_hazard.bend - (z * rise.slope + times(x, rise.slope_before))
            bend = z * z * by_z_z - times(x * (2.0 * z - x), rise.slope_before) + scaled - y
            loglike = times(b + log_hazard.value, y) - rise.cumulative
            by_eta_b = self.sign * -p * (by_z + cross)
            score = np.stack([-p * by_z, self.sign * scaled])
            hessian = np.stack([np.stack([p * p * by_z_z, by_eta_b]), np.stack([by_eta_b, bend])])
        return ObservationDerivatives(loglike, score, hessian)


class WeibullAft(FailureTime):
    """The Weibull model in the metric of time: /ln_p is -ln sigma."""

    name = streg_name("weibull", aft=True)
    title = "Weibull AFT regression"
    ancillaries = ("/ln_p",)
    exponents = (("/ln_p", 1.0, "multiplied"),)
    hazard = ExtremeValue()
    sign = 1.0


class Loglogistic(FailureTime):
    """ln t is logistic with the scale gamma = exp(/lngamma).

    A row that enters after the median may be curved upward.
    """

    name = streg_name("loglogistic")
    title = "Loglogistic AFT regression"
    ancillaries = ("/lngamma",)
    exponents = (("/lngamma", -1.0, "multiplied"),)
    curved = False
    hazard = LogisticHazard()
    shift = math.log(math.log(2.0))


class Lognormal(FailureTime):
    """ln t is normal with the standard deviation sigma = exp(/lnsigma)."""

    name = streg_name("lognormal")
    title = "Lognormal AFT regression"
    ancillaries = ("/lnsigma",)
    exponents = (("/lnsigma", -1.0, "multiplied"),)
    hazard = NormalHazard()
    shift = -0.5


def every_streg() -> tuple[Survival, ...]:
    """One of each distribution and metric."""
    return Exponential(), Weibull(), Gompertz(), ExponentialAft(), WeibullAft(), Loglogistic(), Lognormal()
