"""A fit as one program.

`fit(proposal)` is a generator: it yields a question, is sent the question as it was asked and the published sums of
its answers, yields the next question, and returns the result. The server drives it with replies, a restart with the
journal, a node with what was published (which is how a node knows what it may be asked), a simulation in memory.
There is no second solver and no code for resuming.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.errors import TamperedAnswerError
from fedfolder.plan.layout import lay_out, nothing_to_fit
from fedfolder.plan.null import beside, null_start
from fedfolder.plan.outcome import Ending, Products, failed, fitted, in_vain, in_words, reported_loglike
from fedfolder.plan.proposal import MOST_EVALUATIONS
from fedfolder.plan.start import Start, Vain, begin, evaluate
from fedfolder.plan.units import scale_of
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.moments import Moments
from fedfolder.questions.question import Question
from fedfolder.questions.scores import ClusterScores, Scores
from fedfolder.questions.specification import Specification
from fedfolder.questions.sums import Sums
from fedfolder.solve.derivatives import Derivatives
from fedfolder.solve.information import NotConcave, invert
from fedfolder.solve.newton import Iteration, maximize

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fedfolder.estimates import FitResult
    from fedfolder.plan.proposal import Proposal
    from fedfolder.solve.newton import Solution

Program = Generator[Question, tuple[Question, Sums], "FitResult"]
AnyProgram = Generator[Question, tuple[Question, Sums], "FitResult | None"]
"""That of a fit, or of a check, which comes to no result."""

TOLERANCE = 1e-16
"""Of the solver: within 1e-8 standard errors of the maximum."""
TOLERANCE_OF_ONE_STEP = 1e-28
"""Of the solver, for a quadratic. The one step to its maximum starts from derivatives in columns that were not yet
freed of each other, and no later step would take their rounding away: on to 1e-14 standard errors."""
TOLERANCE_OF_NULL = 1e-13
"""Of the solver for the constant alone, of which only the log-likelihood is used: within 1e-13 of its maximum."""
TOLERANCE_OF_RESTART = 1e-22
"""Of the solver, where another start than the usual one leads to other last digits: within 1e-11 standard errors."""
NEAR = 1e-6
"""How far from its own a node lets the server's beta be, in standard errors: the last bits differ between machines."""
ROUNDING = 2.0**-40
"""The same relative to the largest coefficient, where a perfect fit has standard errors below rounding."""


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
        If the command names a base level that no node has.
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
        return dataclasses.replace(result, rounds=rounds, evaluations=betas)


def beginning(proposal: Proposal) -> Generator[Question, tuple[Question, Sums], Start | FitResult]:
    """What every fit begins with, whoever drives it: moments and the first evaluations, up to where a solver goes on.

    Returns
    -------
    Start or FitResult
        The result, without numbers, where there can be no estimate.
    """
    specification = Specification.of(proposal.command)
    sums = yield from moments(proposal, specification)
    nothing = nothing_to_fit(specification, sums)
    if nothing is not None:
        return failed(proposal, nothing, nobs=int(sums.scalars["nobs"]))
    begun = yield from begin(proposal, lay_out(specification, sums))
    if isinstance(begun, Start):
        begun = in_vain(begun) or begun
    return in_words(proposal, begun) if isinstance(begun, Vain) else begun


def _program(proposal: Proposal, report: Callable[[Iteration], None] | None) -> Program:
    """The program itself; see `fit`."""
    begun = yield from beginning(proposal)
    if not isinstance(begun, Start):
        return begun
    solution, null = yield from _both(proposal, begun, report)
    products = None
    if solution.status == "converged" and proposal.command.vce != "oim":
        products = yield from _scores(proposal, begun, solution)
    return fitted(proposal, Ending(begun, solution, products, null))


def _both(
    proposal: Proposal, start: Start, report: Callable[[Iteration], None] | None
) -> Generator[Question, tuple[Question, Sums], tuple[Solution, Solution | None]]:
    """The model's solution, and that of the constant alone where it takes one."""
    model = _climb(start, _solver(proposal, start, report))
    alone = null_start(proposal, start)
    if alone is None:
        return (yield from model), None
    return (yield from beside(model, _climb(alone, _solver(proposal, alone, None, tolerance=TOLERANCE_OF_NULL))))


def moments(proposal: Proposal, specification: Specification) -> Generator[Question, tuple[Question, Sums], Sums]:
    """The moments of everyone; those that were published before, if sites were left out since."""
    if proposal.restart is not None and proposal.restart.moments is not None:
        return proposal.restart.moments
    _, sums = yield Moments(specification)
    return sums


Solver = Generator["NDArray[np.float64]", tuple["NDArray[np.float64]", Derivatives], "Solution"]


def _solver(
    proposal: Proposal, start: Start, report: Callable[[Iteration], None] | None, *, tolerance: float | None = None
) -> Solver:
    """Newton's method from the start, with what this model makes of its numbers."""
    return maximize(
        start.beta,
        tolerance=_tolerance(proposal, start) if tolerance is None else tolerance,
        max_iterations=MOST_EVALUATIONS,
        max_evaluations=MOST_EVALUATIONS - start.evaluations + 1,
        scale=lambda found: scale_of(start.layout, found),
        bounded=start.parameters.bounded(start.layout.specification.likelihood),
        report=_in_words(report, start),
    )


def _tolerance(proposal: Proposal, start: Start) -> float:
    if start.layout.specification.likelihood.least_squares:
        return TOLERANCE_OF_ONE_STEP
    return TOLERANCE if proposal.asks_moments else TOLERANCE_OF_RESTART


def _in_words(report: Callable[[Iteration], None] | None, start: Start) -> Callable[[Iteration], None] | None:
    """Pass iterations on with the log-likelihood that is reported, not the kernel."""
    if report is None:
        return None

    def passed(iteration: Iteration) -> None:
        loglike = reported_loglike(start.layout, iteration.loglike)
        report(Iteration(iteration.number, loglike, iteration.halvings, iteration.decrement))

    return passed


def _climb(start: Start, solver: Solver) -> Generator[Question, tuple[Question, Sums], Solution]:
    """Let the solver ask; its first question is answered already."""
    layout, best = start.layout, start.derivatives
    beta = next(solver)
    try:
        beta = solver.send((beta, best))
        while True:
            near = _near(beta, best, start)
            question = Evaluation(layout.specification, start.design, beta, near, start.excluded)
            asked, found = yield from evaluate(question, layout.nobs)
            # A step too long can end where the information vanishes; standard errors there would let anything pass.
            if found.loglike > best.loglike:
                best = found
            beta = solver.send((asked.beta, found))
    except StopIteration as end:
        solution: Solution = end.value
        return solution


def _near(beta: NDArray[np.float64], best: Derivatives, start: Start) -> NDArray[np.float64]:
    """How far from `beta` (P,) a beta may be that is taken for the same, each >= 0 and finite.

    Standard errors are by the information at the best beta so far. Where that is singular, each is by its own second
    derivative alone, which is never more; without one there is none, and only rounding is let pass.
    """
    scale = scale_of(start.layout, best)
    information = -best.hessian
    try:
        variances = scale * np.diagonal(invert(information))
    except NotConcave:
        diagonal = np.diagonal(information)
        variances = scale / np.where(diagonal > 0, diagonal, np.inf)
    errors = np.sqrt(np.where(np.isfinite(variances) & (variances > 0), variances, 0.0))
    return np.asarray(NEAR * errors + ROUNDING * np.abs(beta).max(initial=0.0))


def _scores(
    proposal: Proposal, start: Start, solution: Solution
) -> Generator[Question, tuple[Question, Sums], Products]:
    """The products of scores at the last beta, for a robust variance."""
    kind = ClusterScores if proposal.command.across else Scores
    near = _near(solution.beta, solution.derivatives, start)
    asked, sums = yield kind(start.layout.specification, start.design, solution.beta, near, start.excluded)
    if not isinstance(asked, Scores):
        raise TypeError("sent another kind of question than was yielded")
    return Products(asked.products(sums), asked.number(sums))


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
