"""From the end of the program to the result that people read."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.command import guards
from fedfolder.command.names import NODE
from fedfolder.estimates import FitResult
from fedfolder.estimates.flexible import FittedSpline
from fedfolder.likelihood import ClusterLikelihood, find
from fedfolder.plan import cox
from fedfolder.plan.diagnosis import involved
from fedfolder.plan.first import Vain
from fedfolder.plan.orthogonal import effects, reported
from fedfolder.plan.statistics import statistics
from fedfolder.plan.units import covariance, names, scale_of, to_user
from fedfolder.solve.information import condition

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.command import Command
    from fedfolder.estimates.baseline import FittedBaseline
    from fedfolder.plan.layout import Layout
    from fedfolder.plan.perfect import Predictor
    from fedfolder.plan.proposal import Proposal
    from fedfolder.plan.rounds import Products
    from fedfolder.plan.standardised import Standard
    from fedfolder.plan.start import Start
    from fedfolder.plan.time_effects import Effects
    from fedfolder.questions.design import Design
    from fedfolder.solve.derivatives import Derivatives
    from fedfolder.solve.newton import Solution

NO_ROWS, NO_EVENTS = "no observations", "outcome does not vary"
NO_NUMBERS = {
    NO_ROWS: "no node has a row that is left by if, stset and merge and has no missing value in the variables of the "
    "command, or, of matched sets, one in which the outcome varies",
    "separation": "along some direction of the terms the outcome is predicted perfectly, or has no events: the "
    "log-likelihood has no maximum, and coefficients grow without end. Look for a term (or a level) within which the "
    "outcome never varies, and leave it out",
    "not concave": "the information is singular at the last beta: the data do not identify all coefficients",
    "not converged": "the solver stopped before the maximum: the last step did not raise the log-likelihood, or the "
    "evaluations that the proposal allows were used up",
    NO_EVENTS: "the outcome has one value in all rows of all nodes, or, of survival times, no row ends with a failure. "
    "(0 is no and every other value yes: recode 1 and 2 to 0 and 1)",
    "no coefficients": "every term was left out as constant or collinear, so that there is nothing to estimate",
    "too few rows": "there are no more rows than parameters, so that nothing is left to estimate the error from",
}
"""What each status without numbers means."""

EVEN = 64 * float(np.finfo(np.float64).eps)
"""Share of the squares about the rounded mean below which squares about the mean itself are rounding."""

NEAR_ENOUGH = 1e-8
"""Decrement of the constant alone at which its log-likelihood is its maximum, if rounding allows no better."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Where the solver began and ended.

    With the products of scores if a robust variance was asked for, the solution of the constant alone if it took one,
    the test of proportional hazards, the baselines, and average survival, if these were asked for.
    """

    start: Start
    solution: Solution
    products: Products | None = None
    null: Solution | None = None
    effects: Effects | None = None
    baselines: tuple[FittedBaseline, ...] = ()
    standard: Standard | None = None


def failed(
    proposal: Proposal,
    status: str,
    *,
    nobs: int,
    omitted: tuple[str, ...] = (),
    involved: tuple[str, ...] = (),
) -> FitResult:
    """A result without numbers; whoever drives the program counts its rounds.

    Parameters
    ----------
    involved : tuple of str
        Parameters to name in the diagnosis.
    """
    command = proposal.command
    likelihood = find(command.likelihood)
    message = NO_NUMBERS[status] + (f". Most involved: {', '.join(involved)}" if involved else "")
    return FitResult(
        command=str(command),
        model=command.model,
        likelihood=likelihood.name,
        title=_title(command, likelihood.title),
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
        eform=command.eform,
        vce=f"cluster {command.roles['cluster']}" if command.vce == "cluster" else command.vce,
        weight=command.weight.kind if command.weight else "",
        roles=_roles(command),
        rounds=0,
        evaluations=0,
        condition=math.nan,
        stats={},
        without=proposal.without,
    )


def _title(command: Command, title: str) -> str:
    """The heading of the table; strata are in Stata's of a Cox model."""
    return f"Stratified {title}" if command.argument("strata") else title


def _roles(command: Command) -> dict[str, str]:
    return command.roles if command.trials is None else {**command.roles, "trials": f"{command.trials:g}"}


def in_words(proposal: Proposal, vain: Vain) -> FitResult:
    """The result of a fit that cannot have an estimate."""
    return failed(
        proposal, vain.status, nobs=vain.layout.nobs, omitted=vain.omitted,
        involved=vain.columns,
    )  # fmt: skip


def in_vain(start: Start) -> Vain | None:
    """What the first derivatives say if there can be no estimate, else None: no need to ask on."""
    layout, first = start.layout, start.usual
    likelihood = layout.specification.likelihood
    status = None
    if likelihood.least_squares and layout.design.constant and _is_even(layout, first):
        status = "outcome does not vary"
    elif not start.design.terms:
        status = "no coefficients"
    elif math.isnan(scale_of(layout, start.derivatives)):
        status = "too few rows"
    if status is None:
        return None
    return Vain(status, layout, omitted=left_out(layout, start.design))


def _is_even(layout: Layout, first: Derivatives) -> bool:
    return total_squares(layout, first) <= -2.0 * EVEN * first.loglike


def fitted(proposal: Proposal, ending: Ending) -> FitResult:
    """The result, in the units of the data."""
    start, solution = ending.start, ending.solution
    layout, design = start.layout, start.design
    information = -solution.derivatives.hessian
    without = failed(
        proposal,
        solution.status if solution.status != "converged" else "not converged",
        nobs=layout.nobs,
        omitted=left_out(layout, design),
        involved=involved(start, information) if solution.status != "converged" else (),
    )
    if solution.status != "converged":
        return without
    user = _signed(to_user(start.parameters, layout.specification.likelihood), layout, solution)
    if layout.orthogonal:
        user = start.parameters.spread(reported(layout.orthogonal, design)) @ user
    beta = np.array([math.fsum(row * solution.beta) for row in user])
    cov = covariance(proposal.command, ending, user)
    llf = reported_loglike(layout, solution.derivatives.loglike)
    averages = None if ending.standard is None else ending.standard.averages(proposal.command, user)
    result = dataclasses.replace(
        without,
        status=solution.status,
        message="",
        nobs=round(layout.observations),
        llf=llf,
        llnull=_null_loglike(proposal, ending),
        names=names(start.parameters, layout.specification),
        beta=beta,
        cov=cov,
        **_about(proposal, ending),
        iterations=tuple((i.number, reported_loglike(layout, i.loglike)) for i in solution.iterations),
        condition=condition(information),
        averages=averages,
    )
    return dataclasses.replace(result, stats=statistics(result, ending))


def _signed(user: NDArray[np.float64], layout: Layout, solution: Solution) -> NDArray[np.float64]:
    """What leads to the units of the data, with the standard deviation of a random intercept as its size."""
    if isinstance(layout.specification.likelihood, ClusterLikelihood) and solution.beta[-1] < 0:
        user[-1] = -user[-1]
    return user


def _about(proposal: Proposal, ending: Ending) -> dict[str, Any]:
    """What else a result says of its model."""
    layout, products = ending.start.layout, ending.products
    likelihood, count = layout.specification.likelihood, ending.start.parameters.count
    clusters = int(products.number) if products and proposal.command.vce == "cluster" else None
    residual = clusters - 1 if clusters is not None else round(layout.observations) - count
    return {
        "bases": layout.bases,
        "equations": likelihood.equations,
        "outcomes": layout.specification.levels,
        "base_outcome": _base_outcome(layout),
        "clusters": clusters,
        "df_resid": residual if likelihood.statistic == "t" else None,
        "notes": (*_notes(proposal), *cox.notes(proposal.command, ending), *_of_knots(layout)),
        "splines": _splines(layout),
        "baselines": ending.baselines,
        "excluded": tuple((p.column, str(p), _rows(p, layout)) for p in ending.start.perfect),
    }


def _notes(proposal: Proposal) -> tuple[str, ...]:
    """What a reader of the table has to know of how rows were chosen and counted."""
    command = proposal.command
    told = [f"Note: {sentence}." for sentence in guards.notes(command)]
    if (strata := command.argument("strata")) is not None:
        told.append(f"Note: stratified by {strata.replace(' ', ', ')}; each stratum has its own baseline hazard.")
    if command.grid is not None:
        told.append(f"Note: an approximation: times are rounded up to multiples of {command.grid:g}, by grid().")
    if command.random not in {"", NODE} and len(proposal.nodes) > 1:
        told.append(f"Note: values of {command.random} at two sites are two values.")
    if command.standsurv is not None:
        told.append(f"Note: {command.standsurv.note}.")
    if command.vce == "cluster" and not command.across and len(proposal.nodes) > 1:
        told.append(f"Note: clusters of {command.roles['cluster']} are taken to lie within sites.")
    return tuple(told)


def _splines(layout: Layout) -> tuple[FittedSpline, ...]:
    """What the columns of the splines are."""
    splines = layout.specification.splines
    found = []
    for place, curve in enumerate(splines.curves if splines is not None else ()):
        matrix = layout.orthogonal[place] if layout.orthogonal else None
        means, r = (matrix.means, matrix.matrix) if matrix else ((), ())
        for of, names_of in effects(curve.spline.of, curve.spline.names, layout.labels):
            found.append(FittedSpline(of, names_of, curve.knots, means, r))
    return tuple(found)


def _of_knots(layout: Layout) -> tuple[str, ...]:
    """Where the knots are that follow from the event times."""
    splines = layout.specification.splines
    told = []
    for curve in splines.curves if splines is not None else ():
        if curve.placed:
            told.append(f"Note: knots of {curve.spline.names[0]} and those after it: {'; '.join(curve.placed)}.")
        if curve.knots and layout.specification.command.option("bknots") is None:
            told.append(f"Note: its boundary knots are {curve.knots[0]:g} and {curve.knots[-1]:g}.")
    return tuple(told)


def _rows(found: Predictor, layout: Layout) -> int:
    """The rows that a predictor takes out; 0 where only the sum of their weights is known."""
    return round(found.rows) if layout.specification.counts else 0


def _base_outcome(layout: Layout) -> str | None:
    """The level of a categorical outcome that has no equation, where the others have one each."""
    specification = layout.specification
    without = [level for level in specification.levels if level not in specification.likelihood.equations]
    return without[0] if len(without) == 1 else None


def reported_loglike(layout: Layout, kernel: float) -> float:
    """The log-likelihood that people read, from a sum of the kernel."""
    return layout.specification.likelihood.loglike(kernel * layout.reported, layout.observations)


def left_out(layout: Layout, design: Design) -> tuple[str, ...]:
    """The columns of the command that are not in the design, in the order of the command."""
    return tuple(label for label in layout.labels if label not in design.columns)


def _null_loglike(proposal: Proposal, ending: Ending) -> float | None:
    """The log-likelihood with a constant alone; None if it is not known.

    Where a model has no constant by its nature, that without any coefficient.
    """
    layout, first = ending.start.layout, ending.start.usual
    specification = layout.specification
    likelihood, totals = specification.likelihood, layout.totals
    if ending.null is not None or isinstance(likelihood, ClusterLikelihood):
        return None if isinstance(likelihood, ClusterLikelihood) else null_maximum(ending)
    if not likelihood.has_constant:
        return reported_loglike(layout, first.loglike) if proposal.restart is None else None
    if likelihood.least_squares:
        if not layout.design.constant:
            return None
        about_mean = total_squares(layout, first) * layout.normalised
        return likelihood.null_loglike(dataclasses.replace(totals, weight=layout.observations, about_mean=about_mean))
    unknown = math.isnan(totals.total) and not totals.counts
    if unknown or specification.has_offset or specification.constant != likelihood.has_constant:
        return None
    found = likelihood.null_loglike(totals)
    return None if found is None else found * layout.reported


def null_maximum(ending: Ending) -> float | None:
    """The log-likelihood of the smaller model that was fitted beside, None where its maximum is not known."""
    if ending.null is None:
        return None
    near = ending.null.status == "converged" or ending.null.iterations[-1].decrement < NEAR_ENOUGH
    return reported_loglike(ending.start.layout, ending.null.derivatives.loglike) if near else None


def total_squares(layout: Layout, first: Derivatives) -> float:
    """Sum of squares of a regression's outcome: about its mean with a constant, about zero without.

    A raw sum of squares less n times the squared mean loses all its digits when the mean is large. The first evaluation
    of a regression stands at the mean, rounded, or at zero without a constant: its kernel is -sum (y - c)^2 / 2 and
    its score sum (y - c).
    """
    about_mean = float(first.score[-1]) ** 2 / layout.totals.weight if layout.design.constant else 0.0
    return -2.0 * first.loglike - about_mean
