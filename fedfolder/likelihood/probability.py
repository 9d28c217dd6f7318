"""The probability of a yes as a function of a linear predictor, with log scale and derivatives.

A likelihood of yes and no needs ln p and ln(1 - p) with their derivatives, never p alone: 1 - p would lose its digits
where p is close to one.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.likelihood.curves import Curve, exp_remainder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.likelihood.base import Array

FAR = -6.0
"""Beyond this, a difference of lambda and -eta has lost digits."""

DEPTH = 22
"""Of the continued fraction: exact to rounding beyond `FAR`."""


class Probability(ABC):
    """How the probability p of a yes follows from the linear predictor.

    Attributes
    ----------
    name : str
        Its link, in Stata's words.
    curved : bool
        Whether both ln p and ln(1 - p) are strictly concave; all of these are concave.
    roles : tuple of str
        What p depends on beside the linear predictor: nothing.
    """

    name: str
    curved: bool = True
    roles: tuple[str, ...] = ()

    @abstractmethod
    def yes(self, eta: Array) -> Curve:
        """Ln p with its derivatives by `eta` (n,)."""

    @abstractmethod
    def no(self, eta: Array) -> Curve:
        """ln(1 - p) with its derivatives by `eta` (n,)."""

    @abstractmethod
    def of_mean(self, p: float) -> float:
        """The linear predictor at which the probability is `p`, 0 < p < 1."""

    def domain(self, eta: Array) -> NDArray[np.bool_]:
        """Where p is a probability, `(n,)`."""
        return np.isfinite(eta)

    def of_outcome(self, success: NDArray[np.bool_], eta: Array) -> Curve:
        """`yes` where `success` (n,), `no` elsewhere."""
        return Curve(*(np.where(success, yes, no) for yes, no in zip(self.yes(eta), self.no(eta), strict=True)))


class Symmetric(Probability):
    """One whose p at -eta is 1 - p at eta."""

    def no(self, eta: Array) -> Curve:
        """`yes` at -eta."""
        mirrored = self.yes(-eta)
        return Curve(mirrored.value, -mirrored.slope, mirrored.bend)

    def of_outcome(self, success: NDArray[np.bool_], eta: Array) -> Curve:
        """As of any; one evaluation does for both."""
        return self.of_sign(np.where(success, 1.0, -1.0), eta)

    def of_sign(self, sign: Array, eta: Array) -> Curve:
        """`yes` where `sign` (n,) is 1, `no` where it is -1."""
        curve = self.yes(sign * eta)
        return Curve(curve.value, sign * curve.slope, curve.bend)


class Logistic(Symmetric):
    """p = 1 / (1 + exp(-eta)); ln p has the derivatives 1 - p and -p (1 - p).

    1 - p is 1 / (1 + exp(eta)), never a difference, and p (1 - p) is taken from exp(-|eta|), which cannot overflow. So
    p, 1 - p and p (1 - p) keep their relative precision in both tails, down to where they underflow to zero.

    Nothing is chosen by the sign of eta: choices cost more than a second exponential, where signs are in no order.
    """

    name = "logit"

    def yes(self, eta: Array) -> Curve:
        """See the class."""
        with np.errstate(all="ignore"):
            tail = np.abs(eta)
            value = np.subtract(eta, tail)
            np.exp(np.negative(tail, out=tail), out=tail)
            value *= 0.5  # the lesser of eta and 0
            value -= np.log1p(tail)
            slope = np.exp(eta)
            slope += 1.0
            np.divide(1.0, slope, out=slope)
            near = tail + 1.0
            tail /= np.multiply(near, near, out=near)
            return Curve(value, slope, np.negative(tail, out=tail))

    def of_mean(self, p: float) -> float:
        """ln(p / (1 - p))."""
        return math.log(p / (1.0 - p))


class Normal(Symmetric):
    """p = Phi(eta), the standard normal distribution.

    With lambda = phi / Phi, the derivatives of ln p are lambda and -lambda (lambda + eta). lambda is taken from the
    scaled complementary error function, which neither underflows nor cancels; lambda + eta, which is about -1/eta far
    to the left, from Laplace's continued fraction there: 1 / (x + 2 / (x + 3 / (x + …))) with x = -eta.

    References
    ----------
    Abramowitz and Stegun (1964), Handbook of Mathematical Functions, 26.2.14.
    """

    name = "probit"

    def yes(self, eta: Array) -> Curve:
        """See the class."""
        from scipy.special import erfcx, log_ndtr

        with np.errstate(all="ignore"):
            ratio = math.sqrt(2.0 / math.pi) / erfcx(-eta / math.sqrt(2.0))
            beyond = ratio + eta
            far = eta < FAR
            if far.any():
                beyond[far] = _beyond(-eta[far])
            return Curve(log_ndtr(eta), ratio, -ratio * beyond)

    def of_mean(self, p: float) -> float:
        """The normal quantile."""
        from scipy.special import ndtri

        return float(ndtri(p))


def _beyond(x: Array) -> Array:
    """By how much lambda at -x exceeds x, for x > -FAR."""
    level = x
    for number in range(DEPTH, 1, -1):
        level = x + number / level
    return 1.0 / level


class ComplementaryLogLog(Probability):
    """p = 1 - exp(-x) with x = exp(eta).

    ln(1 - p) is -x and so are its derivatives. ln p is eta + ln((1 - exp(-x)) / x), its slope x / (exp(x) - 1), its
    bend the slope times 1 - x / (1 - exp(-x)), of which the numerator is -x^2 (1/2 - x/6 + …) without cancellation.
    """

    name = "cloglog"

    def yes(self, eta: Array) -> Curve:
        """See the class."""
        from scipy.special import exprel

        with np.errstate(all="ignore"):
            x = np.exp(eta)
            value = np.where(eta < 0, eta + np.log(exprel(-x)), np.log1p(-np.exp(-x)))
            slope = 1.0 / exprel(x)
            bend = np.where(slope > 0, -slope * x * exp_remainder(x) / exprel(-x), 0.0)
            return Curve(value, slope, bend)

    def no(self, eta: Array) -> Curve:
        """-exp(eta), three times."""
        with np.errstate(all="ignore"):
            x = np.exp(eta)
        return Curve(-x, -x, -x)

    def of_mean(self, p: float) -> float:
        """ln(-ln(1 - p))."""
        return math.log(-math.log1p(-p))


class LogLink(Probability):
    """p = exp(eta), for eta < 0."""

    name = "log"
    curved = False

    def yes(self, eta: Array) -> Curve:
        """Eta, one and zero."""
        return Curve(eta, np.ones_like(eta), np.zeros_like(eta))

    def no(self, eta: Array) -> Curve:
        """ln(1 - exp(eta)), -p / (1 - p) and -p / (1 - p)^2."""
        with np.errstate(all="ignore"):
            failing = -np.expm1(eta)
            slope = 1.0 / np.expm1(-eta)
            value = np.where(eta > -math.log(2.0), np.log(failing), np.log1p(-np.exp(eta)))
            return Curve(value, -slope, -slope / failing)

    def of_mean(self, p: float) -> float:
        """The logarithm."""
        return math.log(p)

    def domain(self, eta: Array) -> NDArray[np.bool_]:
        """Below zero."""
        return np.isfinite(eta) & (eta < 0)


class IdentityLink(Probability):
    """p = eta, for 0 < eta < 1."""

    name = "identity"

    def yes(self, eta: Array) -> Curve:
        """Ln eta, 1 / eta and -1 / eta^2."""
        with np.errstate(all="ignore"):
            return Curve(np.log(eta), 1.0 / eta, -1.0 / np.square(eta))

    def no(self, eta: Array) -> Curve:
        """ln(1 - eta), -1 / (1 - eta) and -1 / (1 - eta)^2."""
        with np.errstate(all="ignore"):
            failing = 1.0 - eta
            return Curve(np.log1p(-eta), -1.0 / failing, -1.0 / np.square(failing))

    def of_mean(self, p: float) -> float:
        """Itself."""
        return p

    def domain(self, eta: Array) -> NDArray[np.bool_]:
        """Between zero and one."""
        return (eta > 0) & (eta < 1)
