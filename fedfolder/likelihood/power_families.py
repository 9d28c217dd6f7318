"""The families of generalized linear models whose variance is a power of the mean."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from fedfolder.likelihood.curves import Curve
from fedfolder.likelihood.families import Family
from fedfolder.likelihood.links import Link
from fedfolder.likelihood.regress import normal_loglike

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.likelihood.base import Array, Rows, Totals


class PowerVariance(Family[Link]):
    """A family whose variance is a power v of its mean.

    The kernel is y A - B with A = mu^(1 - v) / (1 - v) and B = mu^(2 - v) / (2 - v), where mu^0 / 0 is ln mu. Terms in
    y alone are added so that it is the log-density.

    Attributes
    ----------
    variance : int
        v.
    positive : bool
        Whether the mean must be above zero.
    least : float
        What the outcome cannot be below.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, 9.2. Stata Base Reference Manual, [R] glm, Methods and
    formulas.
    """

    variance: ClassVar[int]
    positive: ClassVar[bool] = True
    least: ClassVar[float]

    def kernel(self, rows: Rows, eta: Array, link: Link) -> Curve:
        """See the class."""
        y = rows["y"]
        a, b = (link.power(p - self.variance, eta, rows) for p in (1, 2))
        value = self.value(y, a, b, link.mean(eta, rows))
        return Curve(value, y * a.slope - b.slope, y * a.bend - b.bend)

    @abstractmethod
    def value(self, y: Array, a: Curve, b: Curve, mean: Array) -> Array:
        """The kernel `(n,)`."""

    @abstractmethod
    def deviance(self, y: Array, mean: Array) -> Array:
        """The parts of the deviance `(n,)`."""

    def domain(self, eta: Array, link: Link) -> NDArray[np.bool_]:
        """Where there is a mean, above zero unless the family is normal."""
        return link.domain(eta, positive=self.positive)

    def misfit(self, rows: Rows, eta: Array, link: Link) -> tuple[Array, Array]:
        """The deviance's, and (y - mu)^2 / mu^v."""
        y, mean = rows["y"], link.mean(eta, rows)
        return self.deviance(y, mean), np.square(y - mean) / mean**self.variance

    def shape(self, link: Link) -> tuple[bool, bool]:
        """From the signs of the bends of A and B; y is zero, above zero, or anything: the worst of these counts."""
        a, b = link.bend(1 - self.variance), link.bend(2 - self.variance)
        if not self.positive:
            return a == 0 <= b, a == 0 < b
        concave = a <= 0 <= b
        return concave, concave and (b > 0 or (a < 0 and self.least > 0))

    def can_have(self, rows: Rows, link: Link) -> NDArray[np.bool_]:
        """Whether y is not below what the family can have, and there is what the link needs."""
        return link.can_have(rows) & (rows["y"] >= self.least)


class Gaussian(PowerVariance):
    """The kernel is -(y - mu)^2 / 2, without sigma, as that of `Regress`."""

    name = "gaussian"
    canonical = "identity"
    variance = 0
    positive = False
    least = -math.inf
    dispersed = True
    profiled = True
    expected = "numbers"

    def value(self, y: Array, a: Curve, b: Curve, mean: Array) -> Array:  # noqa: ARG002
        """-(y - mu)^2 / 2."""
        return -0.5 * np.square(y - mean)

    def deviance(self, y: Array, mean: Array) -> Array:
        """(y - mu)^2."""
        return np.square(y - mean)

    def varies(self, totals: Totals) -> bool:
        """Whether there is anything but zeros."""
        return totals.squares > 0 or totals.total != 0

    def loglike(self, kernel: float, nobs: float) -> float:
        """The normal log-likelihood with sigma^2 = RSS / n."""
        return normal_loglike(-2.0 * kernel, nobs)

    def null_loglike(self, totals: Totals) -> float | None:
        """With the sum of squares about the mean as RSS."""
        return None if math.isnan(totals.about_mean) else normal_loglike(totals.about_mean, totals.weight)


class PoissonFamily(PowerVariance):
    """y ln mu - mu - ln(y!)."""

    name = "poisson"
    canonical = "log"
    variance = 1
    least = 0.0
    expected = "counts: zero or more"

    def value(self, y: Array, a: Curve, b: Curve, mean: Array) -> Array:  # noqa: ARG002
        """See the class."""
        from scipy.special import gammaln

        return np.where(y > 0, y * a.value, 0.0) - b.value - gammaln(y + 1.0)

    def deviance(self, y: Array, mean: Array) -> Array:
        """2 (y ln(y / mu) - (y - mu))."""
        from scipy.special import kl_div

        return 2.0 * np.asarray(kl_div(y, mean))

    def can_be(self, totals: Totals) -> bool:
        """Whether the counts may be zero or more."""
        return totals.total >= 0

    def varies(self, totals: Totals) -> bool:
        """Whether there is any event."""
        return totals.total > 0


class Positive(PowerVariance):
    """What families of outcomes above zero share."""

    least = math.ulp(0.0)
    dispersed = True
    highest = math.inf
    expected = "numbers above zero"

    def can_be(self, totals: Totals) -> bool:
        """Whether the outcomes may all be above zero."""
        return totals.total > 0 or totals.weight == totals.total == 0


class Gamma(Positive):
    """-y / mu - ln mu: the gamma log-density at dispersion 1, as Stata's `glm` reports it."""

    name = "gamma"
    canonical = "power -1"
    variance = 2

    def value(self, y: Array, a: Curve, b: Curve, mean: Array) -> Array:  # noqa: ARG002
        """See the class."""
        return y * a.value - b.value

    def deviance(self, y: Array, mean: Array) -> Array:
        """2 ((y - mu) / mu - ln(y / mu))."""
        excess = (y - mean) / mean
        return 2.0 * (excess - np.log1p(excess))

    def null_loglike(self, totals: Totals) -> float | None:
        """-n (1 + ln of the mean)."""
        return -totals.weight * (1.0 + math.log(totals.total / totals.weight)) if totals.total > 0 else None


class InverseGaussian(Positive):
    """-((y - mu)^2 / (y mu^2) + ln(2 pi y^3)) / 2: the log-density at dispersion 1, as Stata's `glm` reports it."""

    name = "igaussian"
    canonical = "power -2"
    variance = 3

    def value(self, y: Array, a: Curve, b: Curve, mean: Array) -> Array:  # noqa: ARG002
        """See the class."""
        return -0.5 * (self.deviance(y, mean) + math.log(2.0 * math.pi) + 3.0 * np.log(y))

    def deviance(self, y: Array, mean: Array) -> Array:
        """(y - mu)^2 / (y mu^2)."""
        return np.square(y / mean - 1.0) / y
