"""From the end of the program to the result that people read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.estimates import FitResult, logit_stats, regress_stats
from fedfolder.likelihood import LIKELIHOODS
from fedfolder.solve.information import condition, invert

if TYPE_CHECKING:
    from fedfolder.plan.layout import Layout
    from fedfolder.plan.proposal import Proposal
    from fedfolder.questions.design import Design
    from fedfolder.solve.derivatives import Derivatives
    from fedfolder.solve.newton import Solution

NO_NUMBERS = {
    "separation": "the outcome is predicted perfectly along some direction of the terms: the log-likelihood has no "
    "maximum, and coefficients grow without end. Look for a term (or a level) within which the outcome never varies, "
    "and leave it out",
    "not concave": "the information is singular at the last beta: the data do not identify all coefficients",
    "not converged": "the solver stopped before the maximum: the last step did not raise the log-likelihood, or the "
    "evaluations that the proposal allows were used up",
    "too few rows": "there are no more rows than parameters, so that nothing is left to estimate the error from",
}


@dataclass(frozen=True, slots=True)
class Ending:
    """Where the solver ended: the design it worked in, its solution, labels left out, and the first derivatives."""

    design: Design
    solution: Solution
    omitted: tuple[str, ...]
    first: Derivatives


def failed(
    proposal: Proposal, status: str, message: str, *, nobs: int, rounds: int, evaluations: int = 0,
    omitted: tuple[str, ...] = (),
) -> FitResult:  # fmt: skip
    """A result without numbers."""
    command, likelihood = proposal.command, LIKELIHOODS[proposal.command.model]
    return FitResult(
        command=str(command),
        model=command.model,
        title=likelihood.title,
        depvar=command.depvar,
        status=status,
        message=message,
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
        rounds=rounds,
        evaluations=evaluations,
        condition=math.nan,
        stats={},
    )


def fitted(proposal: Proposal, layout: Layout, ending: Ending) -> FitResult:
    """The result, in the units of the data."""
    command, likelihood = proposal.command, LIKELIHOODS[proposal.command.model]
    solution, design = ending.solution, ending.design
    p, nobs = len(design.terms), layout.nobs
    scale = likelihood.scale(solution.derivatives.loglike, nobs, p)
    status = "too few rows" if math.isnan(scale) else solution.status
    if status != "converged":
        return failed(
            proposal, status, NO_NUMBERS[status], nobs=nobs, rounds=1 + solution.evaluations,
            evaluations=solution.evaluations, omitted=ending.omitted,
        )  # fmt: skip
    information = -solution.derivatives.hessian
    beta, covariance = design.to_user(solution.beta, scale * invert(information))
    llf = likelihood.loglike(solution.derivatives.loglike, nobs)
    names = design.terms
    tss = math.nan
    if command.model == "regress":
        tss = _total_squares(layout, ending.first, constant=command.constant)
    llnull = likelihood.null_loglike(nobs, layout.total, tss) if command.constant else None
    if command.model == "regress":
        stats = regress_stats(-2 * solution.derivatives.loglike, tss, nobs, p, constant=command.constant)
    else:
        stats = logit_stats(llf, llnull, names, beta, covariance)
    return FitResult(
        command=str(command),
        model=command.model,
        title=likelihood.title,
        depvar=command.depvar,
        status=status,
        nobs=nobs,
        llf=llf,
        llnull=llnull,
        names=names,
        beta=beta,
        cov=covariance,
        omitted=ending.omitted,
        bases=layout.bases,
        statistic=likelihood.statistic,
        df_resid=nobs - p if likelihood.statistic == "t" else None,
        level=command.level,
        odds_ratios=command.option("or") is not None,
        rounds=1 + solution.evaluations,
        evaluations=solution.evaluations,
        iterations=tuple((i.number, likelihood.loglike(i.loglike, nobs)) for i in solution.iterations),
        condition=condition(information),
        stats=stats,
    )


def _total_squares(layout: Layout, first: Derivatives, *, constant: bool) -> float:
    """Sum of squares of a regression's outcome: about its mean with a constant, about zero without.

    A raw sum of squares less n times the squared mean loses all its digits when the mean is large. The first evaluation
    of a regression stands at the mean, rounded: its kernel is -sum (y - c)^2 / 2 and its score sum (y - c).
    """
    if not constant:
        return layout.squares
    return -2.0 * first.loglike - float(first.score[-1]) ** 2 / layout.nobs
