"""The parameters of a model in protocol units: a block a linear predictor, then one number an ancillary."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.parameters import ANCILLARY
from fedfolder.likelihood import ClusterLikelihood
from fedfolder.likelihood.base import AT_END, SLOPE
from fedfolder.solve.step import Exponent, Mirror

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedfolder.likelihood import Likelihood
    from fedfolder.questions.columns import Columns
    from fedfolder.questions.design import Design
    from fedfolder.solve.step import Form

    Array = NDArray[np.float64]

ONLY = "xb"
"""The equation of a model that has one."""


@dataclass(frozen=True)
class Parameters:
    """How P = q p + r parameters are laid out: q equations with the p columns of one design, then r ancillaries."""

    equations: tuple[str, ...]
    ancillaries: tuple[str, ...]
    design: Design
    views: tuple[str, ...] = (AT_END,)

    @classmethod
    def of(cls, likelihood: Likelihood, design: Design) -> Parameters:
        """Those of a likelihood over a design."""
        return cls(likelihood.equations, likelihood.ancillaries, design, likelihood.views)

    @property
    def count(self) -> int:
        """P."""
        return len(self.equations) * self.width + len(self.ancillaries)

    @property
    def width(self) -> int:
        """p, the columns of an equation."""
        return len(self.design.terms)

    @functools.cached_property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """Equation and term of each parameter, as files have them."""
        return (
            *((equation or ONLY, term) for equation in self.equations for term in self.design.terms),
            *((ANCILLARY, name.removeprefix(ANCILLARY)) for name in self.ancillaries),
        )

    @property
    def constants(self) -> tuple[int, ...]:
        """The places of the constants of the equations and of the ancillaries, in the order of linear predictors.

        Without a constant, only those of the ancillaries.
        """
        p, q = self.width, len(self.equations)
        of_equations = tuple((e + 1) * p - 1 for e in range(q)) if self.design.constant else ()
        return (*of_equations, *range(q * p, self.count))

    def forms(self, likelihood: Likelihood) -> tuple[Form, ...]:
        """The ancillaries in whose exponential steps are taken from far off, and the one that may be of either sign."""
        first, constant = len(self.equations) * self.width, self.constants[:1] if self.design.constant else ()
        mirrored = (Mirror(self.count - 1),) if isinstance(likelihood, ClusterLikelihood) else ()
        exponents = tuple(
            Exponent(first + self.ancillaries.index(name), sign, constant)
            if how == "added"
            else Exponent(first + self.ancillaries.index(name), sign, multiplied=tuple(range(first)))
            for name, sign, how in likelihood.exponents
        )
        return (*exponents, *mirrored)

    def bounded(self, likelihood: Likelihood) -> tuple[int, ...]:
        """The places of ancillary parameters that may run to their bound."""
        first = len(self.equations) * self.width
        return tuple(first + j for j, name in enumerate(self.ancillaries) if name in likelihood.bounded)

    def block(self, equation: int) -> slice:
        """The places of an equation's parameters."""
        return slice(equation * self.width, (equation + 1) * self.width)

    @property
    def seen(self) -> tuple[tuple[int, int], ...]:
        """The equation and the view of each linear predictor before the ancillaries."""
        return tuple((e, v) for e in range(len(self.equations)) for v in range(len(self.views)))

    def predictors(self, views: Sequence[Columns], g: Sequence[Array], beta: Array, offset: Array | None) -> Array:
        """The linear predictors of a block of rows; the offset is the first equation's, which no time changes.

        Parameters
        ----------
        views : sequence of Columns
            Those of the rows, in each view.
        g : sequence of (p,) float64
            The coefficients of each equation, as `columns` wants them.
        """
        q = len(self.seen)
        first = views[0].predictor(g[0])
        if offset is not None:
            first += offset
        if q + len(self.ancillaries) == 1:
            return first[np.newaxis]
        eta = np.empty((q + len(self.ancillaries), len(first)))
        eta[0] = first
        for a, (e, v) in enumerate(self.seen[1:], start=1):
            eta[a] = views[v].predictor(g[e])
            if e == 0 and offset is not None and self.views[v] != SLOPE:
                eta[a] += offset
        eta[q:] = beta[len(self.equations) * self.width :, np.newaxis]
        return eta

    def spread(self, of_design: Array) -> Array:
        """A matrix (P, P) with `of_design` (p, p) for each equation, and ones for the ancillaries."""
        full = np.eye(self.count)
        for e in range(len(self.equations)):
            full[self.block(e), self.block(e)] = of_design
        return full

    def among(self, places: tuple[int, ...]) -> list[int]:
        """The places of the parameters that are left when only the columns at `places` are."""
        kept = [e * self.width + j for e in range(len(self.equations)) for j in places]
        return [*kept, *range(len(self.equations) * self.width, self.count)]
