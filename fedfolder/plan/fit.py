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
from fedfolder.plan.outcome import Ending, failed, fitted, in_vain, left_out
from fedfolder.plan.proposal import MOST_EVALUATIONS
from fedfolder.plan.protocol import freed_design
from fedfolder.plan.restart import moved
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.moments import Moments
from fedfolder.questions.question import Question
from fedfolder.questions.sums import Sums
from fedfolder.solve.derivatives import Derivatives
from fedfolder.solve.information import NotConcave, invert
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

TOLERANCE = 1e-16
"""Of the solver: within 1e-8 standard errors of the maximum."""
TOLERANCE_OF_ONE_STEP = 1e-28
"""Of the solver, for a quadratic. The one step to its maximum starts from derivatives in columns that were not yet
freed of each other, and no later step would take their rounding away: on to 1e-14 standard errors."""
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
    try:
        return (yield from _program(proposal, report))
    except (ArithmeticError, ValueError) as error:
        # Sums that pass every check on their own may still contradict each other: an honest node's cannot.
        raise TamperedAnswerError(
            "the published sums cannot be sums of data: they lead to no next step",
            found=type(error).__name__,
            do="look at each node's answers of this fit in the server's journal, and ask the node that differs",
        ) from error


def _program(proposal: Proposal, report: Callable[[Iteration], None] | None) -> Program:
    """The program itself; see `fit`."""
    command = proposal.command
    sums = yield from _moments(proposal)
    nothing = nothing_to_fit(command, sums)
    if nothing is not None:
        return failed(proposal, nothing, nobs=int(sums.scalars["nobs"]), evaluations=0)
    layout = lay_out(command, sums)
    likelihood = LIKELIHOODS[command.model]
    asked, first, usual = yield from _first(proposal, layout)
    layout = layout if usual is first else layout.of_fewer(first.nobs)
    if not layout.nobs:
        return failed(proposal, "no observations", nobs=0, evaluations=1)
    _require_curved(layout, first)
    design, kept = freed_design(layout.design, (-first.hessian).tolist(), layout.nobs)
    vain = in_vain(command, layout, usual, design)
    if vain is not None:
        return failed(proposal, vain, nobs=layout.nobs, evaluations=1, omitted=left_out(layout, design))
    solver = maximize(
        _start_in(design, kept, asked.beta, first),
        tolerance=_tolerance(proposal),
        max_iterations=MOST_EVALUATIONS,
        max_evaluations=MOST_EVALUATIONS,
        scale=lambda d: likelihood.scale(d.loglike, d.nobs, len(kept)),
        report=_in_words(report, proposal, layout.nobs),
    )
    solution = yield from _climb(proposal, layout, design, solver, _freed(first, design, kept))
    return fitted(proposal, layout, Ending(design, solution, usual))


def _moments(proposal: Proposal) -> Generator[Question, tuple[Question, Sums], Sums]:
    """The moments of everyone; those that were published before, if sites were left out since."""
    if proposal.restart is not None and proposal.restart.moments is not None:
        return proposal.restart.moments
    command = proposal.command
    _, sums = yield Moments(command.model, command.depvar, command.terms)
    return sums


def _first(
    proposal: Proposal, layout: Layout
) -> Generator[Question, tuple[Question, Sums], tuple[Evaluation, Derivatives, Derivatives]]:
    """The first evaluation: as asked, and its derivatives there and at the usual start.

    From another start than the usual one, only a quadratic can be followed back to it; of others nothing is read off
    at the usual start.
    """
    start, shift = _start(layout), proposal.restart.shift(layout) if proposal.restart else None
    if shift is None or not shift.any():
        asked, found = yield from _evaluate(proposal, layout.design, start, np.zeros_like(start), layout.nobs)
        return asked, found, found
    asked, found = yield from _evaluate(proposal, layout.design, start + shift, np.zeros_like(start), None)
    return asked, found, moved(found, start - asked.beta)


def _start_in(
    design: Design, kept: tuple[int, ...], beta: NDArray[np.float64], first: Derivatives
) -> NDArray[np.float64]:
    """The start `beta` (p,) of the first design in the units of the freed one.

    Where slopes are not zero, columns that were left out count as what they are of the others: the linear predictor is
    projected on what is kept, with the information as inner product.
    """
    places = list(kept)
    if not beta[: len(beta) - design.constant].any():
        return beta[places]
    m = design.unmixing()
    kept_hessian = first.hessian[np.ix_(places, places)]
    return np.linalg.solve(m.T, np.linalg.solve(kept_hessian, first.hessian[places] @ beta))


def _tolerance(proposal: Proposal) -> float:
    if LIKELIHOODS[proposal.command.model].least_squares:
        return TOLERANCE_OF_ONE_STEP
    return TOLERANCE if proposal.asks_moments else TOLERANCE_OF_RESTART


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


def _require_curved(layout: Layout, first: Derivatives) -> None:
    """Refuse sums by which the log-likelihood at the start is flat along the constant: no row can give that."""
    if layout.design.constant and not first.hessian[-1, -1] < 0:
        raise TamperedAnswerError("the Hessian at the start says nothing about the constant", found="zero or more")


def _climb(
    proposal: Proposal,
    layout: Layout,
    design: Design,
    solver: Generator[NDArray[np.float64], tuple[NDArray[np.float64], Derivatives], Solution],
    first: Derivatives,
) -> Generator[Question, tuple[Question, Sums], Solution]:
    """Let the solver ask; its first question is answered already."""
    beta, best = next(solver), first
    try:
        beta = solver.send((beta, first))
        while True:
            asked, found = yield from _evaluate(proposal, design, beta, _near(beta, best, proposal), layout.nobs)
            # A step too long can end where the information vanishes; standard errors there would let anything pass.
            if found.loglike > best.loglike:
                best = found
            beta = solver.send((asked.beta, found))
    except StopIteration as end:
        solution: Solution = end.value
        return solution


def _near(beta: NDArray[np.float64], best: Derivatives, proposal: Proposal) -> NDArray[np.float64]:
    """How far from `beta` (p,) a beta may be that is taken for the same, each >= 0 and finite.

    Standard errors are by the information at the best beta so far. Where that is singular, each is by its own second
    derivative alone, which is never more; without one there is none, and only rounding is let pass.
    """
    scale = LIKELIHOODS[proposal.command.model].scale(best.loglike, best.nobs, len(best.score))
    information = -best.hessian
    try:
        variances = scale * np.diagonal(invert(information))
    except NotConcave:
        diagonal = np.diagonal(information)
        variances = scale / np.where(diagonal > 0, diagonal, np.inf)
    errors = np.sqrt(np.where(np.isfinite(variances) & (variances > 0), variances, 0.0))
    return np.asarray(NEAR * errors + ROUNDING * np.abs(beta).max(initial=0.0))


def _evaluate(
    proposal: Proposal, design: Design, beta: NDArray[np.float64], near: NDArray[np.float64], nobs: int | None
) -> Evaluations:
    """Ask for derivatives at `beta`, and hold the number of rows against that of the round before, if it is known."""
    question = Evaluation(proposal.command.model, proposal.command.depvar, design, beta, near)
    asked, sums = yield question
    if not isinstance(asked, Evaluation):
        raise TypeError("sent another kind of question than was yielded")
    found = asked.derivatives(sums)
    if nobs is not None and found.nobs != nobs:
        raise TamperedAnswerError(
            "the number of rows changed within the fit",
            found=str(found.nobs),
            expected=str(nobs),
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
