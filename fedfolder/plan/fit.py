"""A fit as one program.

`fit(proposal)` is a generator: it yields a question, is sent the question as it was asked and the published sums of
its answers, yields the next question, and returns the result. The server drives it with replies, a restart with the
journal, a node with what was published (which is how a node knows what it may be asked), a simulation in memory.
There is no second solver and no code for resuming.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.errors import TamperedAnswerError
from fedfolder.likelihood import LIKELIHOODS
from fedfolder.plan.layout import lay_out, nothing_to_fit
from fedfolder.plan.outcome import Ending, failed, fitted
from fedfolder.plan.proposal import MOST_EVALUATIONS
from fedfolder.plan.protocol import freed_design
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.moments import Moments
from fedfolder.questions.question import Question
from fedfolder.questions.sums import Sums
from fedfolder.solve.derivatives import Derivatives
from fedfolder.solve.information import invert
from fedfolder.solve.newton import Iteration, maximize

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fedfolder.estimates import FitResult
    from fedfolder.plan.layout import Layout
    from fedfolder.plan.proposal import Proposal
    from fedfolder.questions.design import Design
    from fedfolder.solve.newton import Solution

Program = Generator[Question, tuple[Question, Sums], "FitResult"]
Evaluations = Generator[Question, tuple[Question, Sums], tuple["Evaluation", Derivatives]]

NEAR = 1e-6
"""How far from its own a node lets the server's beta be, in standard errors: the last bits differ between machines."""
SECOND_ROUND = 2


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
    """
    command = proposal.command
    _, sums = yield Moments(command.model, command.depvar, command.terms)
    nothing = nothing_to_fit(command, sums)
    if nothing is not None:
        return failed(proposal, *nothing, nobs=int(sums.scalars["nobs"]), rounds=1)
    layout = lay_out(command, sums)
    likelihood = LIKELIHOODS[command.model]
    start = _start(layout)
    asked, first = yield from _evaluate(proposal, layout, layout.design, start, np.zeros_like(start))
    design, kept = freed_design(layout.design, (-first.hessian).tolist(), layout.nobs)
    solver = maximize(
        asked.beta[list(kept)],
        max_iterations=MOST_EVALUATIONS - SECOND_ROUND,
        scale=lambda d: likelihood.scale(d.loglike, d.nobs, len(kept)),
        report=_in_words(report, proposal, layout.nobs),
    )
    solution = yield from _climb(proposal, layout, design, solver, _freed(first, design, kept))
    omitted = tuple(label for label in layout.design.columns if label not in design.columns)
    return fitted(proposal, layout, Ending(design, solution, (*layout.empty, *omitted), first))


def _start(layout: Layout) -> NDArray[np.float64]:
    """Zero, but for the constant."""
    start = np.zeros(len(layout.design.terms))
    if layout.design.constant:
        start[-1] = layout.start_constant
    return start


def _in_words(
    report: Callable[[Iteration], None] | None, proposal: Proposal, nobs: int
) -> Callable[[Iteration], None] | None:
    """Pass iterations on with the log-likelihood that is reported, not the kernel."""
    if report is None:
        return None
    likelihood = LIKELIHOODS[proposal.command.model]

    def passed(iteration: Iteration) -> None:
        report(
            Iteration(
                iteration.number, likelihood.loglike(iteration.loglike, nobs), iteration.halvings, iteration.decrement
            )
        )

    return passed


def _freed(first: Derivatives, design: Design, kept: tuple[int, ...]) -> Derivatives:
    """The derivatives of the first evaluation in the units of the design that follows from them."""
    m, places = design.unmixing(), list(kept)
    hessian = m @ first.hessian[np.ix_(places, places)] @ m.T
    return Derivatives(first.nobs, first.loglike, m @ first.score[places], (hessian + hessian.T) / 2)


def _climb(
    proposal: Proposal,
    layout: Layout,
    design: Design,
    solver: Generator[NDArray[np.float64], tuple[NDArray[np.float64], Derivatives], Solution],
    first: Derivatives,
) -> Generator[Question, tuple[Question, Sums], Solution]:
    """Let the solver ask; its first question is answered already."""
    beta, found = next(solver), first
    try:
        beta = solver.send((beta, found))
        while True:
            near = NEAR * _standard_errors(found, proposal)
            asked, found = yield from _evaluate(proposal, layout, design, beta, near)
            beta = solver.send((asked.beta, found))
    except StopIteration as end:
        solution: Solution = end.value
        return solution


def _standard_errors(found: Derivatives, proposal: Proposal) -> NDArray[np.float64]:
    """Standard errors by the information at the last beta; infinite where it has none yet."""
    scale = LIKELIHOODS[proposal.command.model].scale(found.loglike, found.nobs, len(found.score))
    try:
        variances = scale * np.diag(invert(-found.hessian))
    except ValueError:
        return np.full(len(found.score), np.inf)
    return np.sqrt(np.where(variances > 0, variances, 0.0))


def _evaluate(
    proposal: Proposal, layout: Layout, design: Design, beta: NDArray[np.float64], near: NDArray[np.float64]
) -> Evaluations:
    """Ask for derivatives at `beta`, and hold the number of rows against the moments'."""
    question = Evaluation(proposal.command.model, proposal.command.depvar, design, beta, near)
    asked, sums = yield question
    if not isinstance(asked, Evaluation):
        raise TypeError("sent another kind of question than was yielded")
    found = asked.derivatives(sums)
    if found.nobs != layout.nobs:
        raise TamperedAnswerError(
            "the number of rows changed within the fit",
            found=str(found.nobs),
            expected=str(layout.nobs),
            do="see which node's data changed, then start the fit again with --again",
        )
    return asked, found


@dataclass(frozen=True, slots=True)
class Step:
    """A round that has been: the question as asked, and the published sums of its answers."""

    asked: Question
    sums: Sums


def expected(program: Program, history: list[Callable[[Question], Step]]) -> Question | FitResult:
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
        result: FitResult = end.value
        return result
    return question
