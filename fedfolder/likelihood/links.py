"""Links of the families whose variance is a power of the mean.

Such a family's log-likelihood is y A(mu) - B(mu), where A and B are powers of the mean (see `families`). So a link is
asked for mu^p / p, or ln mu at p = 0, as a function of the linear predictor with its derivatives in closed form. A
canonical pairing then needs no care: its A is linear, and nothing cancels.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.likelihood.curves import Curve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.likelihood.base import Array, Rows


class Link(ABC):
    """How the mean follows from the linear predictor.

    Attributes
    ----------
    name : str
        In Stata's words.
    roles : tuple of str
        What is observed that the mean depends on.
    """

    name: str
    roles: tuple[str, ...] = ()

    @abstractmethod
    def power(self, p: float, eta: Array, rows: Rows) -> Curve:
        """mu^p / p, or ln mu at p = 0, with its derivatives by `eta` (n,)."""

    @abstractmethod
    def mean(self, eta: Array, rows: Rows) -> Array:
        """The mean mu `(n,)`."""

    @abstractmethod
    def bend(self, p: float) -> float:
        """A number with the sign that the bend of `power` has at every positive mean."""

    @abstractmethod
    def of_mean(self, mean: float) -> float:
        """The linear predictor at which the mean is `mean`; NaN if there is none."""

    def domain(self, eta: Array, *, positive: bool) -> NDArray[np.bool_]:  # noqa: ARG002
        """Where there is a mean, `(n,)`; only where it is above zero if `positive`."""
        return np.isfinite(eta)

    def can_have(self, rows: Rows) -> NDArray[np.bool_]:
        """Whether each row `(n,)` has what the mean depends on."""
        return np.isfinite(rows["y"])


class LogLink(Link):
    """mu = exp(eta)."""

    name = "log"

    def power(self, p: float, eta: Array, rows: Rows) -> Curve:  # noqa: ARG002
        """exp(p eta) / p, or eta."""
        if p == 0:
            return Curve(eta, np.ones_like(eta), np.zeros_like(eta))
        slope = np.exp(p * eta)
        return Curve(slope / p, slope, p * slope)

    def mean(self, eta: Array, rows: Rows) -> Array:  # noqa: ARG002
        """exp(eta)."""
        return np.exp(eta)

    def bend(self, p: float) -> float:
        """P, of p exp(p eta)."""
        return p

    def of_mean(self, mean: float) -> float:
        """The logarithm."""
        return math.log(mean) if mean > 0 else math.nan


class PowerLink(Link):
    """mu^k = eta: `identity` with k = 1, `power -1` (the reciprocal) and `power -2`.

    mu^p / p = eta^(p/k) / p has the derivatives eta^(p/k - 1) / k and (p/k - 1) eta^(p/k - 2) / k, also at p = 0. At
    k = -2 the mean is the positive root.
    """

    def __init__(self, exponent: int) -> None:
        self.exponent = exponent
        self.name = "identity" if exponent == 1 else f"power {exponent}"

    def power(self, p: float, eta: Array, rows: Rows) -> Curve:  # noqa: ARG002
        """See the class."""
        k = self.exponent
        value = np.log(eta) / k if p == 0 else self._to(p / k, eta) / p
        bend = self.bend(p) * self._to(p / k - 2.0, eta) if self.bend(p) else np.zeros_like(eta)
        return Curve(value, self._to(p / k - 1.0, eta) / k, bend)

    def _to(self, exponent: float, eta: Array) -> Array:
        """Eta to a power; whole powers are products and quotients, which know the sign."""
        result: Array = eta ** int(exponent) if exponent == int(exponent) else eta**exponent
        return result

    def mean(self, eta: Array, rows: Rows) -> Array:  # noqa: ARG002
        """Eta to the power 1/k."""
        return self._to(1.0 / self.exponent, eta)

    def bend(self, p: float) -> float:
        """(p/k - 1) / k."""
        return (p / self.exponent - 1.0) / self.exponent

    def of_mean(self, mean: float) -> float:
        """The mean to the power k."""
        known = mean > 0 or self.exponent == 1 or (self.exponent == -1 and mean < 0)
        with np.errstate(over="ignore"):
            return float(np.float64(mean) ** self.exponent) if known else math.nan

    def domain(self, eta: Array, *, positive: bool) -> NDArray[np.bool_]:
        """Above zero where the mean is; otherwise everywhere but at zero, and where there is no root."""
        if positive or self.exponent == -2:  # noqa: PLR2004 - a square
            return np.asarray(np.isfinite(eta) & (eta > 0))
        return np.asarray(np.isfinite(eta) & ((eta != 0) | (self.exponent > 0)))


class ExcessLink(Link):
    """mu = exp(eta) + e, where e is the `expected` number of events: excess mortality.

    With s = exp(eta) / mu, ln mu has the derivatives s and s (1 - s).

    References
    ----------
    Dickman, Sloggett, Hills and Hakulinen (2004), Regression models for relative survival, Statistics in Medicine 23.
    """

    name = "rs"
    roles = ("expected",)

    def power(self, p: float, eta: Array, rows: Rows) -> Curve:
        """Ln mu (p = 0) and mu (p = 1)."""
        from scipy.special import expit

        if p == 1:
            excess = np.exp(eta)
            return Curve(excess + rows["expected"], excess, excess)
        above = eta - np.log(rows["expected"])
        share = expit(above)
        return Curve(np.logaddexp(eta, np.log(rows["expected"])), share, share * expit(-above))

    def mean(self, eta: Array, rows: Rows) -> Array:
        """exp(eta) + expected."""
        return np.exp(eta) + rows["expected"]

    def bend(self, p: float) -> float:  # noqa: ARG002
        """Both ln mu and mu are convex."""
        return 1.0

    def of_mean(self, mean: float) -> float:
        """Ln of the mean, as if nothing were expected: how much is, the totals do not tell."""
        return math.log(mean) if mean > 0 else math.nan

    def can_have(self, rows: Rows) -> NDArray[np.bool_]:
        """Whether the expected number is zero or more."""
        return np.isfinite(rows["y"]) & np.isfinite(rows["expected"]) & (rows["expected"] >= 0)
