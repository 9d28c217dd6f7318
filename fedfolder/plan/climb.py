"""From the start to the maximum: the solver's betas as questions, and how far a node lets the server's differ."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from fedfolder.likelihood import RiskLikelihood
from fedfolder.plan.outcome import reported_loglike
from fedfolder.plan.proposal import MOST_EVALUATIONS
from fedfolder.plan.rounds import evaluate_all, evaluate_with
from fedfolder.plan.units import scale_of
from fedfolder.questions.risk_scores import RiskClusterScores, RiskScores
from fedfolder.questions.risk_sums import evaluation
from fedfolder.questions.scores import ClusterScores, Scores
from fedfolder.solve.derivatives import Derivatives
from fedfolder.solve.information import NotConcave, invert
from fedfolder.solve.last_step import LastStep
from fedfolder.solve.newton import Iteration, maximize
from fedfolder.solve.step import point_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fedfolder.plan.proposal import Proposal
    from fedfolder.plan.rounds import Found, Products
    from fedfolder.plan.start import Start
    from fedfolder.questions.question import Question
    from fedfolder.questions.sums import Sums
    from fedfolder.solve.newton import Solution
    from fedfolder.solve.step import Point

    Array: TypeAlias = NDArray[np.float64]

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
LONGEST = 64.0
"""How far a step of a Cox model goes at most, in standard deviations of a column: where an offset all but says who of
those at risk fails, the information is a rounding of zero."""
HALVINGS = 2
"""How many halvings of a step travel with it, where a trip costs more than an evaluation, and where splines are in a
model: far from its maximum, steps often are too long."""
UNCERTAIN = 1.0
"""Standard errors from which on a step may turn out too long, so that its halvings travel along."""
MOST_SPARE = 6
"""Candidates, over a whole fit, that may travel along for nothing."""

Solver = Generator["Array", tuple["Array", Derivatives], "Solution"]


@dataclass(frozen=True, slots=True)
class Climbed:
    """Where the solver ended, and the products of scores there, if they came with its last evaluation."""

    solution: Solution
    products: Products | None = None


def climb(
    proposal: Proposal,
    start: Start,
    report: Callable[[Iteration], None] | None = None,
    *,
    tolerance: float | None = None,
) -> Generator[Question, tuple[Question, Sums], Climbed]:
    """Newton's method from `start`; its first question is answered already.

    Parameters
    ----------
    report : callable, optional
        Told of each accepted step with its log-likelihood in the units that people read.
    tolerance : float, optional
        Of the solver; by default that of the model. With another one, nothing travels along.
    """
    is_model = tolerance is None
    tolerance = _tolerance(proposal, start) if tolerance is None else tolerance
    solver = _solver(proposal, start, report, tolerance)
    asked, found = next(solver), start.derivatives
    candidates = _Candidates(start, proposal if is_model else None)
    try:
        while True:
            beta = solver.send((asked, found))
            asked, found = candidates.known(beta) or (yield from candidates.ask(beta))
    except StopIteration as end:
        solution: Solution = end.value
        return Climbed(solution, candidates.products_at(solution.at))


def scores_of(proposal: Proposal) -> type[Scores] | None:
    """The kind of scores that a robust variance takes; None without one."""
    if proposal.command.vce == "oim":
        return None
    if proposal.command.common_baseline:
        return RiskClusterScores if proposal.command.across else RiskScores
    return ClusterScores if proposal.command.across else Scores


def _solver(proposal: Proposal, start: Start, report: Callable[[Iteration], None] | None, tolerance: float) -> Solver:
    """Newton's method from the start, with what this model makes of its numbers."""
    likelihood = start.layout.specification.likelihood
    return maximize(
        start.beta,
        tolerance=tolerance,
        max_iterations=MOST_EVALUATIONS,
        max_evaluations=MOST_EVALUATIONS - start.evaluations + 1 - _spare(proposal, start),
        scale=lambda found: scale_of(start.layout, found),
        bounded=start.parameters.bounded(likelihood),
        forms=start.parameters.forms(likelihood),
        report=_in_words(report, start),
        last_step=LastStep(quadratic=likelihood.least_squares) if proposal.few is not None else None,
        watched=start.watched,
        longest=LONGEST if isinstance(likelihood, RiskLikelihood) else math.inf,
    )


def _spare(proposal: Proposal | None, start: Start) -> int:
    """How many candidates may travel along for nothing."""
    if proposal is None or start.layout.specification.baseline is not None:
        return 0
    return MOST_SPARE if proposal.few is not None or start.layout.lines else 0


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


class _Candidates:
    """What is asked for the solver's next beta, and what was answered beside it.

    Parameters
    ----------
    proposal : Proposal or None
        That of the model, whose halvings, in few trips, and scores travel along; None for the constant alone.
    """

    def __init__(self, start: Start, proposal: Proposal | None) -> None:
        self._start = start
        self._best, self._at = start.derivatives, start.beta
        is_loglike = start.layout.specification.baseline is None
        self._is_few = proposal is not None and proposal.few is not None and is_loglike
        self._spare = _spare(proposal, start)
        self._answered: list[Found] = []
        self._scores = scores_of(proposal) if proposal is not None and proposal.shares_rounds and is_loglike else None
        self._products: tuple[Array, Products] | None = None
        self._rule = LastStep(quadratic=start.layout.specification.likelihood.least_squares)
        self._before: tuple[Array, Derivatives] | None = None

    def _points(self) -> tuple[Point | None, Point]:
        """The best beta so far with its step, and the best before it, if there was one."""
        before = None if self._before is None else self._point(*self._before)
        return before, self._point(self._at, self._best)

    def _point(self, beta: Array, found: Derivatives) -> Point:
        layout = self._start.layout
        forms = self._start.parameters.forms(layout.specification.likelihood)
        return point_at(beta, found, lambda there: scale_of(layout, there), forms)

    def known(self, beta: Array) -> tuple[Array, Derivatives] | None:
        """The answer at `beta` (P,), if it came with that to a longer step."""
        if not self._answered:
            return None
        near = near_to(beta, self._best, self._start)
        for asked, found in self._answered:
            if (np.abs(asked.beta - beta) <= near).all():
                self._go_on(asked.beta, found)
                return asked.beta, found
        return None

    def products_at(self, beta: Array) -> Products | None:
        """The products of scores that came with the evaluation at `beta` (P,), if they did."""
        found = self._products
        return found[1] if found is not None and np.array_equal(found[0], beta) else None

    def ask(self, beta: Array) -> Generator[Question, tuple[Question, Sums], tuple[Array, Derivatives]]:
        """Ask at `beta` (P,), and at halvings of the step to it where it may be too long."""
        start, layout = self._start, self._start.layout
        questions = [
            evaluation(layout.specification, start.design, b, near_to(b, self._best, start), start.excluded)
            for b in [beta, *self._halved(beta)]
        ]
        expected = self._scores is not None and self._rule.is_expected(*self._points(), taken=self._is_few)
        scores, self._scores = (self._scores, None) if expected else (None, self._scores)
        if scores is not None:
            kind = scores(layout.specification, start.design, beta, questions[0].tolerance, start.excluded)
            (asked, found), products = yield from evaluate_with(questions[0], kind, layout.nobs)
            self._products, self._answered = (asked.beta, products), []
        else:
            (asked, found), *self._answered = yield from evaluate_all(tuple(questions), layout.nobs)
        self._go_on(asked.beta, found)
        return asked.beta, found

    def _go_on(self, beta: Array, found: Derivatives) -> None:
        # A step too long can end where the information vanishes; standard errors there would let anything pass.
        if found.loglike > self._best.loglike:
            self._before, self._best, self._at = (self._at, self._best), found, beta

    def _halved(self, beta: Array) -> list[Array]:
        """The step to `beta` (P,) halved, as often as may be; nothing where its full length will do."""
        if self._spare < HALVINGS:
            return []
        if self._point(self._at, self._best).distance <= UNCERTAIN:
            return []
        self._spare -= HALVINGS
        return [self._at + (beta - self._at) * 0.5**k for k in range(1, HALVINGS + 1)]


def near_to(beta: Array, best: Derivatives, start: Start) -> Array:
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
