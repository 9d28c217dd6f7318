"""Derivatives at a beta that another program chooses, within a radius of where the plan would go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fedfolder.errors import BetaError, RefusedError
from fedfolder.questions.at_beta import BETA, read_beta
from fedfolder.questions.evaluation import Evaluation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

ROUNDING = 1e-9
"""Share of the radius by which a beta on its edge may be beyond it."""


@dataclass(frozen=True, eq=False)
class Within(Evaluation):
    """What may be asked next; `at` makes the question of it, which looks to a node like any other evaluation.

    Parameters
    ----------
    beta : (P,) float64
        Where the plan itself would go.
    path : tuple of pairs of (P,) float64
        Segments, each from one beta to another.
    spreads : (P,) float64
        What a coefficient is multiplied by to count in standard deviations of its column.
    radius : float
        How far a beta may lie from the nearest point of the path, in these units.
    """

    path: tuple[tuple[Array, Array], ...] = ()
    spreads: Array = ()  # type: ignore[assignment]  # after a default everything needs one
    radius: float = 0.0

    wanted: ClassVar[str] = "derivatives near the path"

    def at(self, beta: Array) -> Evaluation:
        """The question at `beta` (P,).

        Raises
        ------
        BetaError
            If it lies too far from the path.
        """
        # Written so that what is no number is too far.
        if not self.distance(beta) <= self.radius * (1 + ROUNDING):
            raise BetaError(
                "this beta lies too far from the path that the published sums lead along",
                expected=f"within {self.radius:g} standard deviations of the columns",
                do="let the other program take shorter steps, or propose a larger trust radius; nothing was computed",
            )
        return Evaluation(self.specification, self.design, beta, np.zeros_like(beta), self.excluded)

    def distance(self, beta: Array) -> float:
        """How far `beta` (P,) lies from the nearest point of the path."""
        return min(_distance(self.spreads * (beta - a), self.spreads * (b - a)) for a, b in self.path)

    def as_asked(self, declaration: Mapping[str, Any], payloads: Mapping[str, bytes]) -> Evaluation:  # type: ignore[override]  # what is asked may stray, so it is no longer this
        """The question at the server's beta, if that lies near enough."""
        if declaration != self.declaration() or set(payloads) != {BETA}:
            raise RefusedError("the question is not the one that the plan comes to", expected=self.wanted)
        return self.at(read_beta(payloads[BETA], self.parameters.labels))


def _distance(point: Array, end: Array) -> float:
    """From `point` to the segment from zero to `end`."""
    length = float(end @ end)
    share = min(max(float(point @ end) / length, 0.0), 1.0) if length > 0 else 0.0
    return float(np.linalg.norm(point - share * end))
