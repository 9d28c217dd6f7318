"""The question of a robust variance where nodes have a common baseline hazard.

A row's score then hangs on sums over all nodes: those that were published at the last beta.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.questions.at_risk import at_risk
from fedfolder.questions.risk_sums import Moments
from fedfolder.questions.scores import ClusterScores, Scores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedfolder.questions.risk_sums import RiskDerivatives
    from fedfolder.questions.sample import Sample

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RiskScores(Scores):
    """The sum of s s' over rows or clusters.

    Parameters
    ----------
    found : RiskDerivatives
        The sums over all nodes at this beta.
    """

    found: RiskDerivatives | None = None

    def blocks(self, sample: Sample) -> Iterator[tuple[slice, Array]]:
        """All rows in one block."""
        yield slice(0, sample.nobs), _scores(self, sample)


@dataclass(frozen=True, eq=False)
class RiskClusterScores(ClusterScores):
    """The score of each cluster by its name; see `RiskScores`."""

    found: RiskDerivatives | None = None

    def blocks(self, sample: Sample) -> Iterator[tuple[slice, Array]]:
        """All rows in one block."""
        yield slice(0, sample.nobs), _scores(self, sample)


def _scores(question: RiskScores | RiskClusterScores, sample: Sample) -> Array:
    """The score of each row, (n, P), weighted."""
    found = question.found
    if found is None or found.asked is None or found.sums is None:
        raise TypeError("scores are due to published sums")
    at = at_risk(question, sample).at(question.beta)
    everyone, *tied = found.asked.moments(found.sums)
    nothing = Moments(np.zeros_like(everyone.size), np.zeros_like(everyone.total), everyone.second)
    failing = tied[0] if tied else nothing
    parts = replace(at.failing, sizes=failing.size, totals=failing.total)
    return replace(at, size=everyone.size, total=everyone.total, failing=parts).scores()
