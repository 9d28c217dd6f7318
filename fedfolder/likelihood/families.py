"""What the families of generalized linear models share, and the binomial one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

import numpy as np

from fedfolder.likelihood.base import ROUNDING
from fedfolder.likelihood.curves import Curve
from fedfolder.likelihood.links import Link
from fedfolder.likelihood.probability import Probability

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.likelihood.base import Array, Rows, Totals

L = TypeVar("L", Link, Probability)


class Family(ABC, Generic[L]):
    """How the outcome varies about its mean.

    Attributes
    ----------
    name : str
        In Stata's words.
    canonical : str
        The link that Stata takes where none is named.
    roles : tuple of str
        What is observed beside the outcome.
    dispersed : bool
        Whether the covariance is multiplied by the Pearson statistic / (n - k).
    profiled : bool
        As `Likelihood.profiled`.
    highest : float
        What the kernel of a row cannot exceed.
    ordinary : float
        A mean that every link can have, to start from if the outcome's own is none.
    expected : str
        What values an outcome can have, in words.
    """

    name: ClassVar[str]
    canonical: ClassVar[str]
    roles: ClassVar[tuple[str, ...]] = ()
    dispersed: ClassVar[bool] = False
    highest: ClassVar[float] = 0.0
    profiled: ClassVar[bool] = False
    ordinary: ClassVar[float] = 1.0
    expected: ClassVar[str]

    @abstractmethod
    def kernel(self, rows: Rows, eta: Array, link: L) -> Curve:
        """The kernel of each row with its derivatives by `eta` (n,)."""

    @abstractmethod
    def domain(self, eta: Array, link: L) -> NDArray[np.bool_]:
        """Where the mean is one that the family can have, `(n,)`."""

    @abstractmethod
    def misfit(self, rows: Rows, eta: Array, link: L) -> tuple[Array, Array]:
        """The parts of the deviance and of the Pearson statistic, `(n,)` each."""

    @abstractmethod
    def shape(self, link: L) -> tuple[bool, bool]:
        """Whether the kernel is concave everywhere, and whether that of every row is curved downward."""

    @abstractmethod
    def can_have(self, rows: Rows, link: L) -> NDArray[np.bool_]:
        """Whether each row `(n,)` is one that family and link can be of."""

    def can_be(self, totals: Totals) -> bool:  # noqa: ARG002 - every finite sum is one of a normal
        """Whether there may be rows with these totals."""
        return True

    def varies(self, totals: Totals) -> bool:  # noqa: ARG002 - most cannot tell
        """Whether there can be a fit, as far as the totals tell."""
        return True

    def loglike(self, kernel: float, nobs: float) -> float:  # noqa: ARG002 - most kernels are the whole of it
        """The log-likelihood from the sum of the kernel."""
        return kernel

    def null_loglike(self, totals: Totals) -> float | None:  # noqa: ARG002 - most have no closed form
        """That of the mean alone."""
        return None


class Binomial(Family[Probability]):
    """y successes in n `trials`: ln C(n, y) + y ln p + (n - y) ln(1 - p)."""

    name = "binomial"
    canonical = "logit"
    roles = ("trials",)
    ordinary = 0.5
    expected = "successes: from zero to the number of trials"

    def kernel(self, rows: Rows, eta: Array, link: Probability) -> Curve:
        """See the class; no successes say nothing of ln p, even where it is minus infinity."""
        from scipy.special import gammaln

        y, trials = rows["y"], rows["trials"]
        failures = trials - y
        ways = gammaln(trials + 1.0) - gammaln(y + 1.0) - gammaln(failures + 1.0)
        value, slope, bend = (
            np.where(y > 0, y * yes, 0.0) + np.where(failures > 0, failures * no, 0.0)
            for yes, no in zip(link.yes(eta), link.no(eta), strict=True)
        )
        return Curve(ways + value, slope, bend)

    def domain(self, eta: Array, link: Probability) -> NDArray[np.bool_]:
        """Where there is a probability."""
        return link.domain(eta)

    def misfit(self, rows: Rows, eta: Array, link: Probability) -> tuple[Array, Array]:
        """2 (y ln(y / n p) + (n - y) ln((n - y) / n (1 - p))) and (y - n p)^2 / (n p (1 - p))."""
        from scipy.special import kl_div

        y, trials = rows["y"], rows["trials"]
        p, q = np.exp(link.yes(eta).value), np.exp(link.no(eta).value)
        deviance = 2.0 * (kl_div(y, trials * p) + kl_div(trials - y, trials * q))
        residual, variance = y * q - (trials - y) * p, trials * p * q
        pearson = np.where(residual == 0, 0.0, np.square(residual) / variance)
        return deviance, pearson

    def shape(self, link: Probability) -> tuple[bool, bool]:
        """Every link here makes ln p and ln(1 - p) concave."""
        return True, link.curved

    def can_have(self, rows: Rows, link: Probability) -> NDArray[np.bool_]:  # noqa: ARG002
        """Whether 0 <= y <= n and n > 0."""
        y, trials = rows["y"], rows["trials"]
        return np.isfinite(y) & np.isfinite(trials) & (y >= 0) & (y <= trials) & (trials > 0)

    def can_be(self, totals: Totals) -> bool:
        """Whether there may be that many successes."""
        return 0 <= totals.total <= totals.exposure * (1 + ROUNDING)

    def varies(self, totals: Totals) -> bool:
        """Whether there are both successes and failures."""
        return 0 < totals.total < totals.exposure
