"""A fit that another program drives, such as Stata's `ml`: it says at which beta, and the plan how far off that may be.

The plan begins like any fit: moments, and the first evaluation, from which the columns follow. Then it goes along with
whatever is asked near its path: the segment from the best beta so far to where Newton's step from the published sums
there leads, and the one from zero, where other programs begin, to the start. It comes to an end by itself only when its
evaluations are used up: whoever drives closes the fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedfolder.errors import FitError, RefusedError
from fedfolder.plan.fit import beginning, counted, explained
from fedfolder.plan.outcome import failed
from fedfolder.plan.proposal import MOST_EVALUATIONS
from fedfolder.plan.rounds import evaluate
from fedfolder.plan.start import Start
from fedfolder.questions.within import Within
from fedfolder.solve.step import newton_step

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from fedfolder.plan.fit import Program
    from fedfolder.plan.proposal import Proposal
    from fedfolder.questions.question import Question
    from fedfolder.questions.sums import Sums

    Array = NDArray[np.float64]


def external(proposal: Proposal) -> Program:
    """The program of a fit that another program drives; see `fedfolder.plan.fit.fit`.

    Yields
    ------
    Question
        Where it is a `Within`, `send` the question at the beta of choice, `question.at(beta)`.

    Returns
    -------
    FitResult
        Without numbers: where there can be no estimate, or no evaluation is left.
    """
    return (yield from explained(counted(_program(proposal))))


def _program(proposal: Proposal) -> Program:
    if proposal.command.common_baseline:
        raise RefusedError(
            "another program cannot drive a fit with a common baseline hazard: nodes answer with no derivatives",
            do="write strata(_node), or let this program drive",
        )
    if proposal.command.splines:
        raise FitError(
            "another program cannot drive a model with splines: these have no slope at its zero",
            where=proposal.command.model,
            do="let fedfolder drive the fit",
        )
    if proposal.command.standsurv is not None:
        raise FitError(
            "another program cannot drive a fit with standsurv(), which follows a maximum that this program finds",
            do="leave standsurv() out, or let fedfolder drive the fit",
        )
    begun = yield from beginning(proposal)
    if not isinstance(begun, Start):
        return begun
    yield from _follow(begun, proposal.radius)
    return failed(proposal, "not converged", nobs=begun.layout.nobs)


def _follow(start: Start, radius: float) -> Generator[Question, tuple[Question, Sums], None]:
    """Ask wherever it is wanted, as long as there are evaluations."""
    specification, design, layout = start.layout.specification, start.design, start.layout
    zero, sizes = np.zeros_like(start.beta), spreads(start)
    best, beta = start.derivatives, start.beta
    for _ in range(start.evaluations, MOST_EVALUATIONS):
        there = beta + newton_step(best)
        path = ((zero, start.beta), (beta, there))
        asked, found = yield from evaluate(
            Within(specification, design, there, zero, start.excluded, path, sizes, radius), layout.nobs
        )
        if found.is_finite and not found.loglike <= best.loglike:
            best, beta = found, asked.beta


def spreads(start: Start) -> Array:
    """What each parameter (P,) is multiplied by to count in standard deviations of its column.

    At the start all rows weigh alike, so that the information along a column over that along the constant is its
    variance. Without a constant, columns are left as the protocol scales them. Of a least-squares fit the outcome's
    standard deviation is the unit.
    """
    parameters, diagonal = start.parameters, -np.diagonal(start.derivatives.hessian)
    found = np.ones(parameters.count)
    if start.design.constant:
        for e in range(len(parameters.equations)):
            block, constant = parameters.block(e), diagonal[parameters.constants[e]]
            with np.errstate(all="ignore"):
                shares = np.sqrt(diagonal[block] / constant)
            found[block] = np.where(np.isfinite(shares) & (shares > 0), shares, 1.0)
    return found / start.layout.unit
