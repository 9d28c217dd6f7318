"""The constant-only fit that ll_0 comes from, where there is no closed form: it travels with the model's own rounds."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from fedfolder.plan.start import Start
from fedfolder.questions.design import Design
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.pair import Pair
from fedfolder.questions.question import Question
from fedfolder.questions.sums import Sums
from fedfolder.solve.derivatives import Derivatives

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedfolder.plan.proposal import Proposal

Result = TypeVar("Result")
Asking = Generator[Question, tuple[Question, Sums], Result]


def null_start(proposal: Proposal, start: Start) -> Start | None:
    """Where the fit of the constant alone begins; None if there is none, or if ll_0 is known without it."""
    layout = start.layout
    specification = layout.specification
    if not specification.constant or proposal.restart is not None or specification.likelihood.least_squares:
        return None
    if not specification.has_offset and specification.likelihood.null_loglike(layout.totals) is not None:
        return None
    design = Design((), constant=True, centres=(), scales=(), mixing=(), rescaling=())
    places, found = list(start.parameters.constants), start.derivatives
    alone = Derivatives(
        found.nobs, found.loglike, found.score[places], found.hessian[np.ix_(places, places)], found.further
    )
    return Start(layout, design, start.beta[places], alone, alone, start.perfect)


class _Running(Generic[Result]):
    """A program that was started: the question it waits for, until it has a result."""

    def __init__(self, program: Asking[Result]) -> None:
        self._program = program
        self.question: Question | None = None
        self._results: list[Result] = []
        self._go(lambda: next(program))

    def _go(self, on: Callable[[], Question]) -> None:
        try:
            self.question = on()
        except StopIteration as end:
            self.question = None
            self._results = [end.value]

    def send(self, asked: Question, sums: Sums) -> None:
        """Go on to the next question."""
        self._go(lambda: self._program.send((asked, sums)))

    @property
    def result(self) -> Result:
        """What it returned."""
        (result,) = self._results
        return result


def beside(model: Asking[Result], constant: Asking[Result]) -> Asking[tuple[Result, Result]]:
    """Two programs of evaluations, each round of both in one question as long as both ask."""
    first, second = _Running(model), _Running(constant)
    while True:
        if isinstance(first.question, Evaluation) and isinstance(second.question, Evaluation):
            asked, sums = yield Pair(first.question, second.question)
            if not isinstance(asked, Pair):
                raise TypeError("sent another kind of question than was yielded")
            mine, other = asked.parts(sums)
            first.send(asked.model, mine)
            second.send(asked.constant, other)
        elif first.question is not None:
            first.send(*(yield first.question))
        elif second.question is not None:
            second.send(*(yield second.question))
        else:
            return first.result, second.result
