"""How a fit begins: the first evaluation, perfect predictors taken out, and the columns freed of each other."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.errors import TamperedAnswerError
from fedfolder.likelihood import RowLikelihood
from fedfolder.plan.perfect import perfect_predictors, rows_and_events
from fedfolder.plan.proposal import MOST_EVALUATIONS
from fedfolder.plan.protocol import freed_design
from fedfolder.plan.restart import moved
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.parameters import Parameters
from fedfolder.questions.question import Question
from fedfolder.questions.sums import Sums
from fedfolder.solve.derivatives import Derivatives

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.plan.layout import Layout
    from fedfolder.plan.perfect import Predictor
    from fedfolder.plan.proposal import Proposal
    from fedfolder.questions.at_beta import Excluded
    from fedfolder.questions.design import Design
    from fedfolder.questions.specification import Specification

    Array = NDArray[np.float64]

Evaluations = Generator[Question, tuple[Question, Sums], tuple["Evaluation", Derivatives]]


@dataclass(frozen=True, slots=True)
class Start:
    """Where the solver begins.

    Parameters
    ----------
    layout : Layout
        Of the rows that are left.
    design : Design
        The columns, freed of each other.
    beta : (P,) array
        In the units of `design`.
    derivatives : Derivatives
        Those at `beta`.
    usual : Derivatives
        Those at the usual start in the units of the layout's design; the same, or followed back to it.
    perfect : tuple of Predictor
        What was left out because it predicts perfectly.
    evaluations : int
        Betas asked about so far.
    """

    layout: Layout
    design: Design
    beta: Array
    derivatives: Derivatives
    usual: Derivatives
    perfect: tuple[Predictor, ...] = ()
    evaluations: int = 1

    @property
    def parameters(self) -> Parameters:
        """How beta is laid out."""
        return Parameters.of(self.layout.specification.likelihood, self.design)

    @property
    def excluded(self) -> tuple[Excluded, ...]:
        """The rows that are left out."""
        return tuple(found.excluded for found in self.perfect)


@dataclass(frozen=True, slots=True)
class Vain:
    """There can be no estimate: the status, and what is known when that is seen.

    `columns` are those that a diagnosis names, `omitted` those that were left out before.
    """

    status: str
    layout: Layout
    columns: tuple[str, ...] = ()
    omitted: tuple[str, ...] = ()


Begun = Generator[Question, tuple[Question, Sums], Start | Vain]


def begin(proposal: Proposal, layout: Layout) -> Begun:
    """The first evaluations of a fit, up to where the solver goes on."""
    specification = layout.specification
    inner, shift = _inner(layout), _shift(proposal, layout)
    if inner is not specification and shift is not None:
        return (yield from _as_laid_out(layout, shift))
    everyone, evaluations = layout, 0
    perfect: list[Predictor] = []
    while True:
        excluded = tuple(found.excluded for found in perfect)
        asked, first, usual = yield from _first(layout, inner, shift, excluded)
        layout = everyone if usual is first and not perfect else _left(everyone, first, perfect)
        evaluations += 1
        if not layout.nobs:
            return Vain("no observations", layout)
        if evaluations == MOST_EVALUATIONS:
            return Vain("not converged", layout)
        if perfect and not inner.likelihood.varies(layout.totals):
            return Vain("outcome does not vary", layout, omitted=tuple(p.column for p in perfect))
        found = perfect_predictors(layout, first) if inner.likelihood.binary and usual is first else []
        _require_new(found, perfect)
        twice = tuple(p.column for p in found if sum(p.column == other.column for other in found) > 1)
        if twice:
            return Vain("separation", layout, tuple(dict.fromkeys(twice)))
        if not found:
            break
        # Without a constant, rows that two columns predict could not be told from the sums.
        perfect += found if layout.design.constant else found[:1]
    start = _freed(layout, asked, _First(first, usual, evaluations), tuple(perfect))
    return start if inner is specification or isinstance(start, Vain) else (yield from _at_start(start))


def _inner(layout: Layout) -> Specification:
    """What the columns are freed of each other by, and perfect predictors are seen in: the model itself if it can.

    An information that may be of either sign gives way to cross products; an offset is left away, since without it all
    rows have the same linear predictor at the start.
    """
    specification = layout.specification
    if not specification.likelihood.curved or not (layout.specification.centred or _is_defined_at_zero(layout)):
        return specification.least_squares()
    if specification.likelihood.binary and specification.has_offset:
        return specification.without_offset()
    return specification


def _shift(proposal: Proposal, layout: Layout) -> Array | None:
    """How far the first beta lies from the usual one, if it does."""
    shift = proposal.restart.shift(layout) if proposal.restart else None
    return shift if shift is not None and shift.any() else None


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
    return dataclasses.replace(layout, totals=totals)


def _first(
    layout: Layout, inner: Specification, shift: Array | None, excluded: tuple[Excluded, ...]
) -> Generator[Question, tuple[Question, Sums], tuple[Evaluation, Derivatives, Derivatives]]:
    """The first evaluation: as asked, and its derivatives there and at the usual start.

    From another start than the usual one, only a quadratic can be followed back to it; of others nothing is read off
    at the usual start.
    """
    design = layout.design
    same = inner.likelihood is layout.specification.likelihood
    start = usual_start(layout, design, offset=inner.has_offset) if same else np.zeros(len(design.terms))
    if shift is None:
        question = Evaluation(inner, design, start, np.zeros_like(start), excluded)
        asked, found = yield from evaluate(question, None if excluded else layout.nobs)
        return asked, found, found
    question = Evaluation(inner, design, start + shift, np.zeros_like(start), excluded)
    asked, found = yield from evaluate(question, None)
    return asked, found, moved(found, start - asked.beta)


def _at_start(start: Start) -> Begun:
    """The model's own derivatives, in the design that the inner ones led to."""
    beta = usual_start(start.layout, start.design)
    if not start.design.constant and not _is_defined_at_zero(start.layout):
        beta = _towards_the_mean(start)
    question = Evaluation(start.layout.specification, start.design, beta, np.zeros_like(beta), start.excluded)
    asked, found = yield from evaluate(question, start.layout.nobs)
    return dataclasses.replace(
        start, beta=asked.beta, derivatives=found, usual=found, evaluations=start.evaluations + 1
    )


def _is_defined_at_zero(layout: Layout) -> bool:
    """Whether the likelihood is defined where the linear predictor is zero, at an outcome of its mean."""
    likelihood, totals = layout.specification.likelihood, layout.totals
    if not isinstance(likelihood, RowLikelihood) or likelihood.predictors > 1:
        return True
    rows = {"y": np.array([totals.mean]), **{role: np.ones(1) for role in likelihood.roles}}
    with np.errstate(all="ignore"):
        found = likelihood.derivatives(rows, np.zeros((1, 1)))
    return bool(np.isfinite(found.loglike).all() and np.isfinite(found.hessian).all())


def _towards_the_mean(start: Start) -> Array:
    """Where the linear predictor is nearest to the link of the mean: b = (Z'Z)^-1 Z'1 link(mean), without a constant.

    Z'1 follows from the moments, and Z'Z is what the inner evaluation brought.
    """
    m = start.design.unmixing()
    ones = m @ np.array([start.layout.sums[label] for label in start.design.columns]) * start.layout.start[0]
    return np.linalg.solve(-start.derivatives.hessian, ones)


def _as_laid_out(layout: Layout, shift: Array) -> Begun:
    """Begin in columns that are not freed of each other.

    Cross products do not depend on beta: asked of a smaller roster, they would tell those of the sites left out.
    """
    beta = usual_start(layout, layout.design) + shift
    question = Evaluation(layout.specification, layout.design, beta, np.zeros_like(beta))
    asked, found = yield from evaluate(question, None)
    fewer = layout.of_fewer(found)
    if not fewer.nobs:
        return Vain("no observations", fewer)
    return Start(fewer, layout.design, asked.beta, found, found)


@dataclass(frozen=True, slots=True)
class _First:
    """The derivatives of the first evaluation, those at the usual start, and how many evaluations there were."""

    found: Derivatives
    usual: Derivatives
    evaluations: int


def _freed(layout: Layout, asked: Evaluation, seen: _First, perfect: tuple[Predictor, ...]) -> Start | Vain:
    """The start in a design whose columns are freed of each other by the first equation's information."""
    first = seen.found
    if not first.is_finite:
        return Vain("not converged", layout)
    width = len(layout.design.terms)
    if layout.design.constant and not first.hessian[width - 1, width - 1] < 0:
        raise TamperedAnswerError("the Hessian at the start says nothing about the constant", found="zero or more")
    inner = -first.hessian[:width, :width]
    gone = [layout.design.columns.index(found.column) for found in perfect]
    inner[gone, :] = inner[:, gone] = 0.0  # what predicts perfectly is left out, whatever it is in the rows that stay
    design, kept = freed_design(layout.design, inner.tolist(), layout.totals.weight)
    beta, found = _in_units_of(design, kept, asked, first)
    return Start(layout, design, beta, found, seen.usual, perfect, seen.evaluations)


def _in_units_of(
    design: Design, kept: tuple[int, ...], asked: Evaluation, first: Derivatives
) -> tuple[Array, Derivatives]:
    """The first beta and its derivatives in the units of the design that follows from them.

    Where slopes are not zero, columns that were left out count as what they are of the others: the linear predictor is
    projected on what is kept, with the information as inner product.
    """
    before = asked.parameters
    places = before.among(kept)
    m = Parameters.of(asked.specification.likelihood, design).spread(design.unmixing())
    hessian = m @ first.hessian[np.ix_(places, places)] @ m.T
    found = dataclasses.replace(first, score=m @ first.score[places], hessian=(hessian + hessian.T) / 2)
    slopes = [j for j in range(before.count) if j not in before.constants]
    if not asked.beta[slopes].any():
        return asked.beta[places], found
    projected = np.linalg.solve(first.hessian[np.ix_(places, places)], first.hessian[places] @ asked.beta)
    return np.linalg.solve(m.T, projected), found


def usual_start(layout: Layout, design: Design, *, offset: bool = True) -> Array:
    """Zero, but for the constants and the ancillaries.

    Parameters
    ----------
    offset : bool
        Whether the linear predictor has the offset.
    """
    parameters = Parameters.of(layout.specification.likelihood, design)
    start = np.zeros(parameters.count)
    values = layout.start if design.constant else layout.start[len(parameters.equations) :]
    start[list(parameters.constants)] = values
    if design.constant and offset:
        start[parameters.constants[0]] -= layout.offset
    return start


def evaluate(question: Evaluation, nobs: int | None) -> Evaluations:
    """Ask for derivatives, and hold the number of rows against that of the round before, if it is known."""
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
