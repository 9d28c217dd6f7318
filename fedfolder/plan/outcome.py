"""From the end of the program to the result that people read."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.estimates import FitResult, logit_stats, regress_stats
from fedfolder.likelihood import LIKELIHOODS
from fedfolder.solve.information import condition, invert

if TYPE_CHECKING:
    from fedfolder.command import Command
    from fedfolder.plan.layout import Layout
    from fedfolder.plan.proposal import Proposal
    from fedfolder.questions.design import Design
    from fedfolder.solve.derivatives import Derivatives
    from fedfolder.solve.newton import Solution

NO_NUMBERS = {
    "no observations": "no node has a row without a missing value in the variables of the command",
    "separation": "the outcome is predicted perfectly along some direction of the terms: the log-likelihood has no "
    "maximum, and coefficients grow without end. Look for a term (or a level) within which the outcome never varies, "
    "and leave it out",
    "not concave": "the information is singular at the last beta: the data do not identify all coefficients",
    "not converged": "the solver stopped before the maximum: the last step did not raise the log-likelihood, or the "
    "evaluations that the proposal allows were used up",
    "outcome does not vary": "the outcome has one value in all rows of all nodes. (For logit, 0 is a "
    "negative outcome and every other value a positive one: recode 1 and 2 to 0 and 1)",
    "no coefficients": "every term was left out as constant or collinear, so that there is nothing to estimate",
    "too few rows": "there are no more rows than parameters, so that nothing is left to estimate the error from",
}
"""What each status without numbers means."""

EVEN = 64 * float(np.finfo(np.float64).eps)
"""Share of the squares about the rounded mean below which squares about the mean itself are rounding."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Where the solver ended: the design it worked in, its solution, and the derivatives at the usual start."""

    design: Design
    solution: Solution
    first: Derivatives


def failed(proposal: Proposal, status: str, *, nobs: int, evaluations: int, omitted: tuple[str, ...] = ()) -> FitResult:
    """A result without numbers; every round was an evaluation, but for the one that asked for the moments."""
    command, likelihood = proposal.command, LIKELIHOODS[proposal.command.model]
    return FitResult(
        command=str(command),
        model=command.model,
        title=likelihood.title,
        depvar=command.depvar,
        status=status,
        message=NO_NUMBERS[status],
        nobs=nobs,
        llf=math.nan,
        llnull=None,
        names=(),
        beta=np.zeros(0),
        cov=np.zeros((0, 0)),
        omitted=omitted,
        bases={},
        statistic=likelihood.statistic,
        level=command.level,
        odds_ratios=command.option("or") is not None,
        rounds=evaluations + proposal.asks_moments,
        evaluations=evaluations,
        condition=math.nan,
        stats={},
        without=proposal.without,
    )


def in_vain(command: Command, layout: Layout, first: Derivatives, design: Design) -> str | None:
    """The status if the first derivatives show that there can be no estimate, else None: no need to ask on."""
    likelihood = LIKELIHOODS[command.model]
    if likelihood.least_squares and command.constant and total_squares(layout, first) <= -2.0 * EVEN * first.loglike:
        return "outcome does not vary"
    if not design.terms:
        return "no coefficients"
    if math.isnan(likelihood.scale(first.loglike, layout.nobs, len(design.terms))):
        return "too few rows"
    return None


def fitted(proposal: Proposal, layout: Layout, ending: Ending) -> FitResult:
    """The result, in the units of the data."""
    command, likelihood = proposal.command, LIKELIHOODS[proposal.command.model]
    solution, design, nobs = ending.solution, ending.design, layout.nobs
    without = failed(
        proposal,
        solution.status if solution.status != "converged" else "not converged",
        nobs=nobs,
        evaluations=solution.evaluations,
        omitted=left_out(layout, design),
    )
    if solution.status != "converged":
        return without
    information = -solution.derivatives.hessian
    scale = likelihood.scale(solution.derivatives.loglike, nobs, len(design.terms))
    beta, covariance = design.to_user(solution.beta, scale * invert(information))
    llf, llnull = likelihood.loglike(solution.derivatives.loglike, nobs), _null_loglike(command, layout, ending.first)
    if likelihood.least_squares:
        rss, tss = -2.0 * solution.derivatives.loglike, total_squares(layout, ending.first)
        stats = regress_stats(rss, tss, nobs, len(design.terms), constant=command.constant)
    else:
        stats = logit_stats(llf, llnull, design.terms, beta, covariance)
    return dataclasses.replace(
        without,
        status=solution.status,
        message="",
        llf=llf,
        llnull=llnull,
        names=design.terms,
        beta=beta,
        cov=covariance,
        bases=layout.bases,
        df_resid=nobs - len(design.terms) if likelihood.statistic == "t" else None,
        iterations=tuple((i.number, likelihood.loglike(i.loglike, nobs)) for i in solution.iterations),
        condition=condition(information),
        stats=stats,
    )


def left_out(layout: Layout, design: Design) -> tuple[str, ...]:
    """The columns of the command that are not in the design, in the order of the command."""
    return tuple(label for label in layout.labels if label not in design.columns)


def _null_loglike(command: Command, layout: Layout, first: Derivatives) -> float | None:
    likelihood = LIKELIHOODS[command.model]
    if not command.constant:
        return None
    if likelihood.least_squares:
        return likelihood.null_loglike(layout.nobs, math.nan, total_squares(layout, first))
    return None if layout.total is None else likelihood.null_loglike(layout.nobs, layout.total, math.nan)


def total_squares(layout: Layout, first: Derivatives) -> float:
    """Sum of squares of a regression's outcome: about its mean with a constant, about zero without.

    A raw sum of squares less n times the squared mean loses all its digits when the mean is large. The first evaluation
    of a regression stands at the mean, rounded, or at zero without a constant: its kernel is -sum (y - c)^2 / 2 and
    its score sum (y - c).
    """
    about_mean = float(first.score[-1]) ** 2 / layout.nobs if layout.design.constant else 0.0
    return -2.0 * first.loglike - about_mean
