"""The first evaluation of a fit: what it is of, what travels with it, and perfect predictors taken out."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.errors import TamperedAnswerError
from fedfolder.likelihood import ClusterLikelihood, RiskLikelihood, RowLikelihood
from fedfolder.plan.lines import begun
from fedfolder.plan.perfect import perfect_predictors, rows_and_events
from fedfolder.plan.proposal import MOST_EVALUATIONS
from fedfolder.plan.restart import moved
from fedfolder.plan.rounds import evaluate, evaluate_all
from fedfolder.questions.parameters import Parameters
from fedfolder.questions.risk_sums import evaluation

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from fedfolder.plan.layout import Layout
    from fedfolder.plan.perfect import Predictor
    from fedfolder.plan.proposal import Proposal
    from fedfolder.plan.rounds import Found
    from fedfolder.questions.at_beta import Excluded
    from fedfolder.questions.design import Design
    from fedfolder.questions.evaluation import Evaluation
    from fedfolder.questions.question import Question
    from fedfolder.questions.specification import Specification
    from fedfolder.questions.sums import Sums
    from fedfolder.solve.derivatives import Derivatives

    Array = NDArray[np.float64]

ROUNDING = 2.0**-40
"""Share of the largest coefficient by which a beta may come out differently on another machine."""


@dataclass(frozen=True, slots=True)
class Vain:
    """There can be no estimate: the status, and what is known when that is seen.

    `columns` are those that a diagnosis names, `omitted` those that were left out before.
    """

    status: str
    layout: Layout
    columns: tuple[str, ...] = ()
    omitted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class First:
    """The first evaluation of the rows that are left.

    With the derivatives at the usual start, what came beside it, what predicts perfectly, and how many evaluations
    there were.
    """

    layout: Layout
    first: Found
    usual: Derivatives
    others: list[Found]
    perfect: tuple[Predictor, ...]
    evaluations: int


def first_evaluation(
    proposal: Proposal, layout: Layout, inner: Specification, shift: Array | None, mean: Array | None
) -> Generator[Question, tuple[Question, Sums], First | Vain]:
    """The first evaluation, again for as long as there are columns that predict perfectly."""
    everyone, evaluations = layout, 0
    perfect: list[Predictor] = []
    while True:
        excluded = tuple(found.excluded for found in perfect)
        beside = () if perfect else _beside(proposal, layout, inner, mean)
        (asked, first), usual, others = yield from _first(layout, inner, shift, excluded, beside)
        layout = everyone if usual is first and not perfect else _left(everyone, first, perfect)
        evaluations += 1 + len(others)
        if not layout.nobs:
            return Vain("no observations", layout)
        if evaluations >= MOST_EVALUATIONS:
            return Vain("not converged", layout)
        if perfect and not inner.likelihood.varies(layout.totals):
            return Vain("outcome does not vary", layout, omitted=tuple(p.column for p in perfect))
        # With an offset, not all rows have the same linear predictor.
        told = inner.likelihood.binary and usual is first and not inner.has_offset
        found = perfect_predictors(layout, first) if told else []
        _require_new(found, perfect)
        twice = tuple(p.column for p in found if sum(p.column == other.column for other in found) > 1)
        if twice:
            return Vain("separation", layout, tuple(dict.fromkeys(twice)))
        if not found:
            return First(layout, (asked, first), usual, others, tuple(perfect), evaluations)
        # Without a constant, rows that two columns predict could not be told from the sums.
        perfect += found if layout.design.constant else found[:1]


def _beside(proposal: Proposal, layout: Layout, inner: Specification, mean: Array | None) -> tuple[Evaluation, ...]:
    """What travels with the first evaluation: the model's own, if that is of another, and that at the sites' mean."""
    random = isinstance(layout.specification.likelihood, ClusterLikelihood)  # begins where the model without leads
    if random or not proposal.shares_rounds or proposal.restart is not None:
        return ()
    specification, design = layout.specification, layout.design
    betas = [] if mean is None else [mean]
    if inner is not specification:
        if not design.constant and not can_begin_at_zero(layout):
            return ()
        others = [np.array(begun(line, layout, design)) for line in layout.lines[1:]]
        betas = [usual_start(layout, design), *others, *betas]
    return tuple(
        evaluation(specification, design, beta, ROUNDING * np.full_like(beta, np.abs(beta).max(initial=0.0)))
        for beta in betas
    )


def inner_of(layout: Layout) -> Specification:
    """What the columns are freed of each other by, and perfect predictors are seen in: the model itself if it can.

    An information that may be of either sign gives way to cross products; an offset is left away, since without it all
    rows have the same linear predictor at the start (and of those at risk nobody outweighs all others). A random
    intercept is left away, too: the model without it is fitted beside.
    """
    specification = layout.specification
    if isinstance(specification.likelihood, ClusterLikelihood):
        return specification.without_random()
    if not specification.likelihood.curved or not (layout.specification.centred or can_begin_at_zero(layout)):
        return specification.least_squares()
    at_zero = specification.likelihood.binary or isinstance(specification.likelihood, RiskLikelihood)
    if at_zero and specification.has_offset:
        return specification.without_offset()
    return specification


def _require_new(found: list[Predictor], before: list[Predictor]) -> None:
    """Refuse sums in which rows that were left out are still there."""
    again = {p.column for p in found} & {p.column for p in before}
    if again:
        raise TamperedAnswerError("rows that were left out are still in the sums", found=", ".join(sorted(again)))


def _left(layout: Layout, first: Derivatives, perfect: list[Predictor]) -> Layout:
    """The layout of the rows that are left."""
    if not perfect:
        return layout.of_fewer(first)
    _, events = rows_and_events(layout, first, perfect)
    weight = first.weight if layout.specification.weighted else float(first.nobs)
    totals = dataclasses.replace(layout.totals, nobs=first.nobs, weight=weight, total=events, squares=events)
    return dataclasses.replace(layout, totals=totals, subjects=math.nan)


def _first(
    layout: Layout,
    inner: Specification,
    shift: Array | None,
    excluded: tuple[Excluded, ...],
    beside: tuple[Evaluation, ...] = (),
) -> Generator[Question, tuple[Question, Sums], tuple[Found, Derivatives, list[Found]]]:
    """The first evaluation as asked, its derivatives at the usual start, and what came `beside` it.

    From another start than the usual one, only a quadratic can be followed back to it; of others nothing is read off
    at the usual start.
    """
    design = layout.design
    squares = inner.likelihood.least_squares and not layout.specification.likelihood.least_squares
    start = np.zeros(len(design.terms)) if squares else usual_start(layout.of(inner), design, offset=inner.has_offset)
    if shift is None:
        question = evaluation(inner, design, start, np.zeros_like(start), excluded)
        found, *others = yield from evaluate_all((question, *beside), None if excluded else layout.nobs)
        return found, found[1], others
    question = evaluation(inner, design, start + shift, np.zeros_like(start), excluded)
    asked, there = yield from evaluate(question, None)
    return (asked, there), moved(there, start - asked.beta), []


def can_begin_at_zero(layout: Layout) -> bool:
    """Whether the likelihood is defined where the linear predictor is zero, at an outcome of its mean, and near it."""
    likelihood, totals = layout.specification.likelihood, layout.totals
    if likelihood.far_from_zero:
        return False
    if not isinstance(likelihood, RowLikelihood) or likelihood.predictors > 1:
        return True
    rows = {"y": np.array([totals.mean]), **{role: np.ones(1) for role in likelihood.roles}}
    with np.errstate(all="ignore"):
        found = likelihood.derivatives(rows, np.zeros((1, 1)))
    return bool(np.isfinite(found.loglike).all() and np.isfinite(found.hessian).all())


def usual_start(layout: Layout, design: Design, *, offset: bool = True) -> Array:
    """Zero, but for the constants and the ancillaries; of a model with splines, a line.

    Parameters
    ----------
    offset : bool
        Whether the linear predictor has the offset.
    """
    if layout.lines:
        return np.array(begun(layout.lines[0], layout, design))
    parameters = Parameters.of(layout.specification.likelihood, design)
    start = np.zeros(parameters.count)
    values = layout.start if design.constant else layout.start[len(parameters.equations) :]
    start[list(parameters.constants)] = values
    if design.constant and offset:
        start[parameters.constants[0]] -= layout.offset
    return start
