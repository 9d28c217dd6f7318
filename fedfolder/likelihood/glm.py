"""Generalized linear models: a family with a link."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.likelihood import links as by_power
from fedfolder.likelihood import probability as by_chance
from fedfolder.likelihood.base import ObservationDerivatives, RowLikelihood
from fedfolder.likelihood.families import Binomial
from fedfolder.likelihood.power_families import Gamma, Gaussian, InverseGaussian, PoissonFamily

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedfolder.likelihood.base import Array, Likelihood, Rows, Totals
    from fedfolder.likelihood.families import Family, L


class Glm(RowLikelihood):
    """A generalized linear model; see the family for its log-likelihood.

    The Hessian is the observed one, which differs from Fisher's for links that are not canonical.

    References
    ----------
    Stata Base Reference Manual, [R] glm, Methods and formulas.
    """

    title = "Generalized linear models"
    also = ("deviance", "pearson")

    def __init__(self, family: Family[L], link: L) -> None:
        self.family: Family[Any] = family
        self.link: by_power.Link | by_chance.Probability = link
        self.name = glm_name(family.name, link.name)
        self.roles = (*family.roles, *link.roles)
        self.concave, self.curved = family.shape(link)
        self.highest = family.highest
        self.profiled = family.profiled
        self.expected = family.expected

    def derivatives(self, rows: Rows, eta: Array) -> ObservationDerivatives:
        """See the family; NaN where its mean cannot be."""
        with np.errstate(all="ignore"):
            inside = self.family.domain(eta[0], self.link)
            value, slope, bend = (
                np.where(inside, part, np.nan) for part in self.family.kernel(rows, eta[0], self.link)
            )
        return ObservationDerivatives(value, slope[None], bend[None, None])

    def further(self, rows: Rows, eta: Array) -> tuple[Array, ...]:
        """The parts of the deviance and of the Pearson statistic."""
        with np.errstate(all="ignore"):
            inside = self.family.domain(eta[0], self.link)
            deviance, pearson = self.family.misfit(rows, eta[0], self.link)
            return np.where(inside, deviance, np.nan), np.where(inside, pearson, np.nan)

    def can_have(self, rows: Rows) -> NDArray[np.bool_]:
        """Whether both family and link can be of each row."""
        return self.family.can_have(rows, self.link)

    def can_be(self, totals: Totals) -> bool:
        """Whether the family has such sums."""
        return super().can_be(totals) and self.family.can_be(totals)

    def varies(self, totals: Totals) -> bool:
        """As the family has it."""
        return self.family.varies(totals)

    def start(self, totals: Totals) -> tuple[float, ...]:
        """The link of the mean, or of the family's ordinary mean where there is none."""
        known = math.isfinite(totals.mean) and self.family.can_be(totals) and self.family.varies(totals)
        found = self.link.of_mean(totals.mean) if known else math.nan
        return (found if math.isfinite(found) else self.link.of_mean(self.family.ordinary),)

    def loglike(self, kernel: float, nobs: float) -> float:
        """As the family has it."""
        return self.family.loglike(kernel, nobs)

    def scale(self, kernel: float, nobs: float, nparams: int, sums: Mapping[str, float]) -> float:  # noqa: ARG002
        """The Pearson statistic / (n - k) for a family with a dispersion, 1 for the others."""
        if not self.family.dispersed:
            return 1.0
        return sums["pearson"] / (nobs - nparams) if nobs > nparams else math.nan

    def null_loglike(self, totals: Totals) -> float | None:
        """As the family has it, where the mean is one that the link can have."""
        found = self.family.null_loglike(totals)
        return found if found is None or math.isfinite(self.link.of_mean(totals.total / totals.weight)) else None


POWER_FAMILIES = (Gaussian(), PoissonFamily(), Gamma(), InverseGaussian())
POWER_LINKS = (by_power.PowerLink(1), by_power.LogLink(), by_power.PowerLink(-1), by_power.PowerLink(-2))
PROBABILITIES = (
    by_chance.Logistic(),
    by_chance.Normal(),
    by_chance.ComplementaryLogLog(),
    by_chance.LogLink(),
    by_chance.IdentityLink(),
)
CANONICAL = {family.name: family.canonical for family in (Binomial(), *POWER_FAMILIES)}
"""The link that Stata takes for a family where none is named."""

ALIASES = {"reciprocal": "power -1"}
"""Other words for a link."""


def glm_name(family: str, link: str | None = None) -> str:
    """The name in the registry of a family with a link; with its canonical link where none is named."""
    chosen = CANONICAL.get(family, "") if link is None else ALIASES.get(link, link)
    return f"glm family({family}) link({chosen})"


def every_glm() -> tuple[Likelihood, ...]:
    """Every family with every link that makes sense."""
    return (
        *(Glm(Binomial(), probability) for probability in PROBABILITIES),
        *(Glm(family, link) for family in POWER_FAMILIES for link in POWER_LINKS),
        Glm(PoissonFamily(), by_power.ExcessLink()),
    )
