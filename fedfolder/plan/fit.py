"""A fit as one program.

`fit(proposal)` is a generator: it yields a question, is sent the question as it was asked and the published sums of
its answers, yields the next question, and returns the result. The server drives it with replies, a restart with the
journal, a node with what was published (which is how a node knows what it may be asked), a simulation in memory.
There is no second solver and no code for resuming.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.errors import TamperedAnswerError
from fedfolder.plan.baseline import with_baseline
from fedfolder.plan.basesurv import baselines
from fedfolder.plan.climb import TOLERANCE_OF_NULL, climb, near_to, scores_of
from fedfolder.plan.first import Vain
from fedfolder.plan.knots import curves_of
from fedfolder.plan.layout import lay_out, nothing_to_fit
from fedfolder.plan.null import beside, null_start
from fedfolder.plan.opening import opening, specification_of, weighted_mean
from fedfolder.plan.outcome import NO_EVENTS, NO_ROWS, Ending, failed, fitted, in_vain, in_words
from fedfolder.plan.rounds import evaluate, products_of
from fedfolder.plan.standardised import require_levels, standardised
from fedfolder.plan.start import Start, begin
from fedfolder.plan.time_effects import time_effects
from fedfolder.questions.event_groups import EventGroups
from fedfolder.questions.question import Question
from fedfolder.questions.risk_scores import RiskClusterScores, RiskScores
from fedfolder.questions.risk_sums import RiskDerivatives, evaluation
from fedfolder.questions.scores import Scores
from fedfolder.questions.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedfolder.estimates import FitResult
    from fedfolder.plan.climb import Climbed
    from fedfolder.plan.proposal import Proposal
    from fedfolder.plan.rounds import Products
    from fedfolder.solve.newton import Iteration, Solution

Program = Generator[Question, tuple[Question, Sums], "FitResult"]
AnyProgram = Generator[Question, tuple[Question, Sums], "FitResult | None"]
"""That of a fit, or of a check, which comes to no result."""


def fit(proposal: Proposal, report: Callable[[Iteration], None] | None = None) -> Program:
    """The program of a fit.

    Parameters
    ----------
    proposal : Proposal
        What was approved.
    report : callable, optional
        Told of each accepted step with its log-likelihood in the units that people read.

    Yields
    ------
    Question
        To be asked of every node. `send` the question as asked with the sums of its answers.

    Returns
    -------
    FitResult
        With a status that says whether there are numbers.

    Raises
    ------
    TamperedAnswerError
        If the sums contradict each other.
    UnknownNameError
        If the command names a level, as a base or in `at1()`, that no node has.
    VariableError
        If a column is too large or too small to compute with.
    """
    return (yield from explained(counted(_program(proposal, report))))


def explained(program: Program) -> Program:
    """The program, with errors of arithmetic as what they mean: sums that contradict each other."""
    try:
        return (yield from program)
    except (ArithmeticError, ValueError) as error:
        # Sums that pass every check on their own may still contradict each other: an honest node's cannot.
        raise TamperedAnswerError(
            "the published sums cannot be sums of data: they lead to no next step",
            found=type(error).__name__,
            do="look at each node's answers of this fit in the server's journal, and ask the node that differs",
        ) from error


def counted(program: Program) -> Program:
    """The program, with the rounds and the betas that it asked about in its result."""
    rounds = betas = 0
    try:
        question = next(program)
        while True:
            rounds += 1
            betas += question.betas
            question = program.send((yield question))
    except StopIteration as end:
        result: FitResult = end.value
        return replace(result, rounds=rounds, evaluations=betas)


def beginning(proposal: Proposal) -> Generator[Question, tuple[Question, Sums], Start | FitResult]:
    """What every fit begins with, whoever drives it: moments and the first evaluations, up to where a solver goes on.

    Returns
    -------
    Start or FitResult
        The result, without numbers, where there can be no estimate.
    """
    specification = specification_of(proposal)
    if specification.lacks_knots:
        _, events = yield EventGroups(specification)
        if not events.rows:
            return failed(proposal, NO_EVENTS if events.scalars["nobs"] else NO_ROWS, nobs=int(events.scalars["nobs"]))
        specification = specification.with_knots(curves_of(proposal.command, events))
    opened = yield from opening(proposal, specification)
    nothing = nothing_to_fit(specification, opened.moments)
    if nothing is not None:
        return failed(proposal, nothing, nobs=int(opened.moments.scalars["nobs"]))
    require_levels(proposal.command, opened.moments)
    specification = yield from with_baseline(specification, opened.moments)
    layout = lay_out(specification, opened.moments)
    begun = yield from begin(proposal, layout, weighted_mean(opened, layout))
    if isinstance(begun, Start):
        begun = in_vain(begun) or begun
    return in_words(proposal, begun) if isinstance(begun, Vain) else begun


def _program(proposal: Proposal, report: Callable[[Iteration], None] | None) -> Program:
    """The program itself; see `fit`."""
    begun = yield from beginning(proposal)
    if not isinstance(begun, Start):
        return begun
    climbed, null = yield from _both(proposal, begun, report)
    solution, products, scores = climbed.solution, climbed.products, scores_of(proposal)
    if solution.status != "converged":
        return fitted(proposal, Ending(begun, solution, products, null.solution if null else None))
    found = (yield from _risk_sets(begun, solution)) if _takes_risk_sets(begun) else None
    if scores is not None and products is None:
        products = yield from _products(begun, solution, scores, found)
    test = yield from time_effects(proposal, begun, solution, found)
    curves = yield from baselines(begun, solution, found)
    averages = yield from standardised(proposal, begun, solution)
    return fitted(proposal, Ending(begun, solution, products, null.solution if null else None, test, curves, averages))


def _takes_risk_sets(start: Start) -> bool:
    """Whether what is computed at the last beta needs the sums over risk sets there."""
    specification = start.layout.specification
    command = specification.command
    asked_for = command.vce != "oim" or {"phtest", "basesurv"} & {option.name for option in command.options}
    return specification.baseline is not None and bool(asked_for)


def _both(
    proposal: Proposal, start: Start, report: Callable[[Iteration], None] | None
) -> Generator[Question, tuple[Question, Sums], tuple[Climbed, Climbed | None]]:
    """The model's solution, and that of the constant alone where it takes one."""
    model = climb(proposal, start, report)
    alone = null_start(proposal, start)
    if alone is None:
        return (yield from model), None
    return (yield from beside(model, climb(proposal, alone, tolerance=TOLERANCE_OF_NULL)))


def _products(
    start: Start, solution: Solution, kind: type[Scores], found: RiskDerivatives | None
) -> Generator[Question, tuple[Question, Sums], Products]:
    """The products of scores at the last beta, for a robust variance."""
    near = near_to(solution.beta, solution.derivatives, start)
    question = kind(start.layout.specification, start.design, solution.beta, near, start.excluded)
    if isinstance(question, RiskScores | RiskClusterScores):
        question = replace(question, found=found)
    asked, sums = yield question
    if not isinstance(asked, Scores):
        raise TypeError("sent another kind of question than was yielded")
    return products_of(asked, sums)


def _risk_sets(start: Start, solution: Solution) -> Generator[Question, tuple[Question, Sums], RiskDerivatives]:
    """The sums over risk sets at the last beta: those that the solver ended with, or asked for again in its design."""
    found = solution.derivatives
    if not isinstance(found, RiskDerivatives) or found.asked is None or found.asked.design != start.design:
        nothing = np.zeros_like(solution.beta)
        question = evaluation(start.layout.specification, start.design, solution.beta, nothing, start.excluded)
        _, found = yield from evaluate(question, start.layout.nobs)
    if not isinstance(found, RiskDerivatives):
        raise TypeError(found)
    return found


@dataclass(frozen=True, slots=True)
class Step:
    """A round that has been: the question as asked, and the published sums of its answers."""

    asked: Question
    sums: Sums


def expected(program: AnyProgram, history: list[Callable[[Question], Step]]) -> Question | FitResult | None:
    """Drive `program` with what has been published; return the question that it comes to, or its result.

    Parameters
    ----------
    history : list of callables
        One a round: given the question that the plan expects, it returns the round as it was.
    """
    try:
        question = next(program)
        for past in history:
            step = past(question)
            question = program.send((step.asked, step.sums))
    except StopIteration as end:
        result: FitResult | None = end.value
        return result
    return question
