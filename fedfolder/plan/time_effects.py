"""A test of proportional hazards: one more round, at the last beta."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.plan.climb import near_to
from fedfolder.questions.risk_sums import RiskDerivatives
from fedfolder.questions.time_effects import RiskTimeEffects, TimeEffects, score_test
from fedfolder.questions.time_scales import LOG, RANK, TIME, by_stratum, of_times, ranks

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from fedfolder.plan.proposal import Proposal
    from fedfolder.plan.start import Start
    from fedfolder.questions.question import Question
    from fedfolder.questions.sums import Sums
    from fedfolder.solve.newton import Solution


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """Chi-squared of all columns that change with time together, and its degrees of freedom; and of each column."""

    together: float
    each: NDArray[np.float64]


def time_effects(
    proposal: Proposal, start: Start, solution: Solution, found: RiskDerivatives | None
) -> Generator[Question, tuple[Question, Sums], Effects | None]:
    """Ask for the score test of `phtest()`, if the command has it; see `questions.time_effects`.

    Each column's own test is of the user's column: columns that are freed of others are brought back.

    Parameters
    ----------
    found : RiskDerivatives or None
        The sums over risk sets at the last beta, where nodes have a common baseline hazard.
    """
    transform = proposal.command.argument("phtest")
    if transform is None:
        return None
    asked, sums = yield _question(transform, start, solution, found)
    if not isinstance(asked, TimeEffects):
        raise TypeError("sent another kind of question than was yielded")
    back = np.linalg.inv(start.parameters.spread(start.design.to_user()))
    score, crossed, own = asked.parts(sums)
    information = -solution.derivatives.hessian
    matrices = (back.T @ matrix @ back for matrix in (crossed, own, information))
    together, each = score_test(back.T @ score, *matrices)
    return Effects(together, each)


def _question(transform: str, start: Start, solution: Solution, found: RiskDerivatives | None) -> TimeEffects:
    totals, near = start.layout.totals, near_to(solution.beta, solution.derivatives, start)
    centre = totals.exposure / totals.weight
    fixed = (start.layout.specification, start.design, solution.beta, near, start.excluded, transform, centre)
    return TimeEffects(*fixed) if found is None else RiskTimeEffects(*fixed, found, _scale(transform, start, centre))


def _scale(transform: str, start: Start, centre: float) -> NDArray[np.float64]:
    """What g is at the failure times of all nodes, (T,), about its mean over failures."""
    baseline, usual = start.layout.specification.baseline, start.usual
    if baseline is None or not isinstance(usual, RiskDerivatives) or usual.asked is None or usual.sums is None:
        raise TypeError("there are no failure times of all nodes")
    times, weight = np.array(baseline.times), np.array(baseline.weight)
    if transform in {TIME, LOG}:
        g = of_times(transform, times, centre)
    elif transform == RANK:
        g = ranks(times, weight)
    else:
        # At coefficients of zero relative hazards are the weights: their sums count who is at risk.
        if usual.asked.beta.any():
            raise TypeError("the first sums over risk sets are not at zero")
        g = by_stratum(transform, times, np.array(baseline.strata), weight, usual.asked.at_risk(usual.sums))
    return np.asarray(g - weight @ g / weight.sum())
