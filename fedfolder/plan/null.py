"""The smaller fit that travels with the model's own rounds.

It is of the constant alone, where ll_0 has no closed form; of a model with splines of time, of these and the constant;
of a model with a random intercept, it is that without.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from fedfolder.likelihood import ClusterLikelihood
from fedfolder.plan.start import Start
from fedfolder.questions.candidates import Candidates
from fedfolder.questions.design import NOTHING
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.question import Question
from fedfolder.questions.sums import Sums
from fedfolder.questions.together import Together
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
    if isinstance(specification.likelihood, ClusterLikelihood):
        return _without_random(start)
    if not specification.constant or proposal.restart is not None or specification.likelihood.least_squares:
        return None
    if len(specification.likelihood.views) > 1 and not (start.alone and specification.compares):
        return None  # what a slope is needed for has none with a constant alone
    if not specification.has_offset and specification.likelihood.null_loglike(layout.totals) is not None:
        return None
    if start.alone is not None:
        design, beta, alone = start.alone
        return Start(layout, design, beta, alone, alone, start.perfect)
    places, found = list(start.parameters.constants), start.derivatives
    alone = Derivatives(
        found.nobs, found.loglike, found.score[places], found.hessian[np.ix_(places, places)], found.further
    )
    return Start(layout, NOTHING, start.beta[places], alone, alone, start.perfect)


def _without_random(start: Start) -> Start | None:
    """Where the same model without its random intercept begins; None if its derivatives did not come first."""
    if start.fixed is None:
        return None
    beta, found = start.fixed
    layout = start.layout.of(start.layout.specification.without_random())
    return Start(layout, start.design, beta, found, found, start.perfect)


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
        mine, alone = first.question, second.question
        if isinstance(mine, Evaluation | Candidates | Together) and isinstance(alone, Evaluation):
            asked, sums = yield _joined(mine, alone)
            to_model, to_constant = _parted(asked, sums)
            first.send(*to_model)
            second.send(*to_constant)
        elif first.question is not None:
            first.send(*(yield first.question))
        elif second.question is not None:
            second.send(*(yield second.question))
        else:
            return first.result, second.result


def _joined(model: Evaluation | Candidates | Together, alone: Evaluation) -> Question:
    """The model's evaluation with that of the constant alone beside it; what travels with it goes on to."""
    match model:
        case Together(questions=(Evaluation() as evaluation, *others)):
            return Together((_joined(evaluation, alone), *others))
        case Candidates(models=models):
            return Candidates(models, alone)
        case Evaluation():
            return Candidates((model,), alone)
    raise TypeError(model)


def _parted(asked: Question, sums: Sums) -> tuple[tuple[Question, Sums], tuple[Question, Sums]]:
    """What was asked of the model and its answer, and the same of the constant alone."""
    match asked:
        case Together(questions=(first, *others)):
            answer, *rest = asked.parts(sums)
            (model, mine), constant = _parted(first, answer)
            whole = Together((model, *others))
            return (whole, whole.together([mine, *rest])), constant
        case Candidates(models=models, constant=Evaluation() as alone):
            *answers, other = asked.parts(sums)
            if len(models) == 1:
                return (models[0], answers[0]), (alone, other)
            candidates = Candidates(models)
            return (candidates, candidates.together(*answers)), (alone, other)
    raise TypeError("sent another kind of question than was yielded")
