"""A test of proportional hazards: one more round, at the last beta."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.plan.climb import near_to
from fedfolder.questions.time_effects import TimeEffects, score_test

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
    proposal: Proposal, start: Start, solution: Solution
) -> Generator[Question, tuple[Question, Sums], Effects | None]:
    """Ask for the score test of `phtest()`, if the command has it; see `questions.time_effects`.

    Each column's own test is of the user's column: columns that are freed of others are brought back.
    """
    transform = proposal.command.argument("phtest")
    if transform is None:
        return None
    totals = start.layout.totals
    near = near_to(solution.beta, solution.derivatives, start)
    centre = totals.exposure / totals.weight
    question = TimeEffects(
        start.layout.specification, start.design, solution.beta, near, start.excluded, transform, centre
    )
    asked, sums = yield question
    if not isinstance(asked, TimeEffects):
        raise TypeError("sent another kind of question than was yielded")
    back = np.linalg.inv(start.parameters.spread(start.design.to_user()))
    score, crossed, own = asked.parts(sums)
    information = -solution.derivatives.hessian
    matrices = (back.T @ matrix @ back for matrix in (crossed, own, information))
    together, each = score_test(back.T @ score, *matrices)
    return Effects(together, each)
