"""Standardised survival: one more round, at the last beta."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.expression import number_text
from fedfolder.errors import UnknownNameError
from fedfolder.estimates.averages import Averages
from fedfolder.plan.climb import near_to
from fedfolder.plan.rounds import require_rows
from fedfolder.questions.moments import NOBS, factors_of, levels_of
from fedfolder.questions.standardised import Standardised

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from numpy.typing import NDArray

    from fedfolder.command import Command
    from fedfolder.plan.proposal import Proposal
    from fedfolder.plan.start import Start
    from fedfolder.questions.question import Question
    from fedfolder.questions.sums import Sums
    from fedfolder.solve.newton import Solution

    Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """Average survival (K, T) of each pattern at each time, and its gradient (K, T, P) in protocol units."""

    survival: Array
    gradient: Array

    def averages(self, command: Command, user: Array) -> Averages | None:
        """The same by the coefficients that are reported, which are `user` (P, P) times those of the protocol."""
        asked = command.standsurv
        if asked is None:
            return None
        gradient = np.asarray(np.linalg.solve(user.T, self.gradient[..., np.newaxis])[..., 0], dtype=np.float64)
        return Averages(tuple(p.label for p in asked.patterns), asked.times, self.survival, gradient)


def standardised(
    proposal: Proposal, start: Start, solution: Solution
) -> Generator[Question, tuple[Question, Sums], Standard | None]:
    """Ask for the average survival of `standsurv()`, if the command has it; see `questions.standardised`."""
    if proposal.command.standsurv is None:
        return None
    near = near_to(solution.beta, solution.derivatives, start)
    question = Standardised(start.layout.specification, start.design, solution.beta, near, start.excluded)
    asked, sums = yield question
    if not isinstance(asked, Standardised):
        raise TypeError("sent another kind of question than was yielded")
    require_rows(sums.scalars[NOBS], start.layout.nobs)
    return Standard(*asked.averages(sums))


def require_levels(command: Command, moments: Sums) -> None:
    """Refuse a pattern with a level that no row of any node has: the fit says nothing of it.

    Raises
    ------
    UnknownNameError
        Naming the variable. The levels are not listed: they can disclose.
    """
    levels = levels_of(moments, [factor.variable for factor in factors_of(command.terms)])
    for option, name, level in _levels(command):
        if name in levels and not levels[name].get(level):
            raise UnknownNameError(
                f"{option}() puts a level in place of {name} that no row has",
                where=name,
                found=level,
                expected="a level that some row of the fit has",
            )


def _levels(command: Command) -> Iterator[tuple[str, str, str]]:
    """The option, the variable and the value of all that is put in place, as levels are written."""
    for pattern in () if command.standsurv is None else command.standsurv.patterns:
        for name, value in pattern.values:
            yield pattern.name, name, value if isinstance(value, str) else number_text(value)
