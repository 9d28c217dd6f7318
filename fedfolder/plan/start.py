"""How a fit begins: from the first evaluation to columns that are freed of each other."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.errors import TamperedAnswerError
from fedfolder.likelihood import ClusterLikelihood
from fedfolder.plan.first import Vain, can_begin_at_zero, first_evaluation, inner_of, usual_start
from fedfolder.plan.protocol import freed_design
from fedfolder.plan.rounds import evaluate
from fedfolder.questions.design import NOTHING
from fedfolder.questions.parameters import Parameters
from fedfolder.questions.question import Question
from fedfolder.questions.risk_sums import evaluation
from fedfolder.questions.sums import Sums
from fedfolder.solve.information import NotConcave, invert
from fedfolder.solve.step import point_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.plan.first import First
    from fedfolder.plan.layout import Layout
    from fedfolder.plan.perfect import Predictor
    from fedfolder.plan.proposal import Proposal
    from fedfolder.plan.rounds import Found
    from fedfolder.questions.at_beta import Excluded
    from fedfolder.questions.design import Design
    from fedfolder.solve.derivatives import Derivatives

    Array = NDArray[np.float64]


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
    watched : Derivatives or None
        Those at the usual start, in the units of `design`, where the solver begins elsewhere.
    alone : tuple of Design, array and Derivatives, or None
        Of the model without its terms, where that does not begin as the model does: its columns, the beta of these, the
        constants and the ancillaries at the usual start, and the derivatives there.
    fixed : tuple of array and Derivatives, or None
        Of a model with a random intercept, where the same model without it begins.
    """

    layout: Layout
    design: Design
    beta: Array
    derivatives: Derivatives
    usual: Derivatives
    perfect: tuple[Predictor, ...] = ()
    evaluations: int = 1
    watched: Derivatives | None = None
    alone: tuple[Design, Array, Derivatives] | None = None
    fixed: tuple[Array, Derivatives] | None = None

    @property
    def parameters(self) -> Parameters:
        """How beta is laid out."""
        return Parameters.of(self.layout.specification.likelihood, self.design)

    @property
    def excluded(self) -> tuple[Excluded, ...]:
        """The rows that are left out."""
        return tuple(found.excluded for found in self.perfect)


MOST_MOVED = 1.0
"""How far linear predictors are moved on average before a random intercept comes in."""

Begun = Generator[Question, tuple[Question, Sums], Start | Vain]


def begin(proposal: Proposal, layout: Layout, mean: Array | None = None) -> Begun:
    """The first evaluations of a fit, up to where the solver goes on.

    Parameters
    ----------
    mean : (P,) array, optional
        In the units of the layout's design, a beta that may lie nearer to the maximum than the usual start. The solver
        begins there if it does.
    """
    specification = layout.specification
    inner, shift = inner_of(layout), _shift(proposal, layout)
    if inner is not specification and shift is not None:
        return (yield from _as_laid_out(layout, shift))
    begun = yield from first_evaluation(proposal, layout, inner, shift, mean)
    if isinstance(begun, Vain):
        return begun
    start = _freed(begun)
    if isinstance(start, Vain):
        return start
    if isinstance(specification.likelihood, ClusterLikelihood):
        start = dataclasses.replace(start, fixed=(start.beta, start.derivatives))
    if inner is specification:
        return _nearer(start, begun.first, begun.others)
    if not begun.others:
        return (yield from _at_start(start))
    return _of_several(start, begun)


def _of_several(start: Start, begun: First) -> Start:
    """The start with the model's own derivatives, where they came at several betas."""
    lines = len(start.layout.lines)
    if not lines:
        usual, *further = begun.others
        return _nearer(_of_the_model(start, usual), usual, further)
    usual = _highest(begun.others[:lines])
    nearer = _nearer(_of_the_model(start, usual), usual, begun.others[lines:])
    return dataclasses.replace(nearer, alone=_of_the_splines(begun, usual))


def _shift(proposal: Proposal, layout: Layout) -> Array | None:
    """How far the first beta lies from the usual one, if it does."""
    shift = proposal.restart.shift(layout) if proposal.restart else None
    return shift if shift is not None and shift.any() else None


def _at_start(start: Start) -> Begun:
    """The model's own derivatives, in the design that the inner ones led to."""
    beta = usual_start(start.layout, start.design)
    if start.fixed is not None:
        beta[: len(start.beta)] = start.beta + _first_step(start.derivatives, start)
    elif not start.design.constant and not can_begin_at_zero(start.layout):
        beta[: len(start.design.terms)] = _towards_the_mean(start)
    question = evaluation(start.layout.specification, start.design, beta, np.zeros_like(beta), start.excluded)
    asked, found = yield from evaluate(question, start.layout.nobs)
    return dataclasses.replace(
        start, beta=asked.beta, derivatives=found, usual=found, evaluations=start.evaluations + 1
    )


def _first_step(found: Derivatives, start: Start) -> Array:
    """Newton's first step in a model without its random intercept, from which the model with one begins.

    It goes as far as moves linear predictors by `MOST_MOVED` on average, counted by the rows' information, and other
    parameters by as much.
    """
    fixed, width = start.layout.specification.without_random().likelihood, len(start.design.terms)
    forms = Parameters.of(fixed, start.design).forms(fixed)
    step = point_at(start.beta, found, lambda _: 1.0, forms).step
    information = -found.hessian[:width, :width]
    by_row = float(np.abs(np.diagonal(information)).max())
    moved = float(step[:width] @ information @ step[:width]) / by_row if by_row else 0.0
    farthest = max(math.sqrt(max(moved, 0.0)), float(np.abs(step[width:]).max(initial=0.0)))
    return step * min(1.0, MOST_MOVED / farthest) if farthest > 0 else step


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
    question = evaluation(layout.specification, layout.design, beta, np.zeros_like(beta))
    asked, found = yield from evaluate(question, None)
    fewer = layout.of_fewer(found)
    if not fewer.nobs:
        return Vain("no observations", fewer)
    return Start(fewer, layout.design, asked.beta, found, found)


def _freed(begun: First) -> Start | Vain:
    """The start in a design whose columns are freed of each other by the first equation's information."""
    layout, (_, first), perfect = begun.layout, begun.first, begun.perfect
    if not first.is_finite:
        return Vain("not converged", layout)
    width = len(layout.design.terms)
    if layout.design.constant and not first.hessian[width - 1, width - 1] < 0:
        raise TamperedAnswerError("the Hessian at the start says nothing about the constant", found="zero or more")
    inner = -first.hessian[:width, :width]
    gone = [layout.design.columns.index(found.column) for found in perfect]
    inner[gone, :] = inner[:, gone] = 0.0  # what predicts perfectly is left out, whatever it is in the rows that stay
    design, kept = freed_design(layout.design, inner.tolist(), layout.totals.weight)
    beta, found = _in_units_of(design, kept, begun.first)
    return Start(layout, design, beta, found, begun.usual, perfect, begun.evaluations)


def _in_units_of(design: Design, kept: tuple[int, ...], found: Found) -> tuple[Array, Derivatives]:
    """A beta in the first design and its derivatives, in the units of the design that follows from it.

    Where slopes are not zero, columns that were left out count as what they are of the others: the linear predictor is
    projected on what is kept, with the information as inner product.
    """
    asked, first = found
    before = asked.parameters
    places = before.among(kept)
    m = Parameters.of(asked.specification.likelihood, design).spread(design.unmixing())
    hessian = m @ first.hessian[np.ix_(places, places)] @ m.T
    carried = dataclasses.replace(first, score=m @ first.score[places], hessian=(hessian + hessian.T) / 2)
    slopes = [j for j in range(before.count) if j not in before.constants]
    if not asked.beta[slopes].any():
        return asked.beta[places], carried
    projected = np.linalg.solve(first.hessian[np.ix_(places, places)], first.hessian[places] @ asked.beta)
    return np.linalg.solve(m.T, projected), carried


def _of_the_model(start: Start, found: Found) -> Start:
    """The start with the model's own derivatives at the usual start, which came with those of another model."""
    beta, carried = _in_units_of(start.design, _kept(start), found)
    return dataclasses.replace(start, beta=beta, derivatives=carried, usual=found[1])


def _of_the_splines(begun: First, usual: Found) -> tuple[Design, Array, Derivatives]:
    """The splines of the baseline alone, freed of each other, on the line from which the model begins.

    All terms are zero there, and their derivatives are those by the columns that are left.
    """
    layout, (_, first) = begun.layout, begun.first
    before, splines = layout.design, layout.specification.splines
    names = splines.curves[0].spline.names if splines is not None else ()
    places = [place for place, column in enumerate(before.columns) if column in names]
    constant = [len(before.columns)] if before.constant else []
    alone = dataclasses.replace(
        before,
        columns=tuple(before.columns[j] for j in places),
        centres=tuple(before.centres[j] for j in places),
        scales=tuple(before.scales[j] for j in places),
        mixing=tuple((0.0,) * (j + 1) for j in range(len(places))),
        rescaling=(1.0,) * len(places),
    )
    within = [*places, *constant]
    design, kept = freed_design(alone, (-first.hessian[np.ix_(within, within)]).tolist(), layout.totals.weight)
    beta, found = _in_units_of(design, tuple(within[j] for j in kept), usual)
    return design, beta, found


def _highest(found: list[Found]) -> Found:
    """Where the log-likelihood is highest, of the lines that a model with splines can begin on."""
    defined = [one for one in found if one[1].is_finite]
    return max(defined or found[:1], key=lambda one: one[1].loglike)


def _nearer(start: Start, usual: Found, mean: list[Found]) -> Start:
    """The start at the mean of the sites' own estimates, if that came along and lies nearer to the maximum."""
    if not mean:
        return start
    try:
        beta, carried = _in_units_of(start.design, _kept(start), mean[0])
        invert(-carried.hessian)
    except (NotConcave, np.linalg.LinAlgError):
        return start
    if not carried.is_finite or not carried.loglike > start.derivatives.loglike:
        return start
    asked, there = usual
    places = list(asked.parameters.constants)
    alone = dataclasses.replace(there, score=there.score[places], hessian=there.hessian[np.ix_(places, places)])
    return dataclasses.replace(
        start,
        beta=beta,
        derivatives=carried,
        watched=start.derivatives,
        alone=(NOTHING, asked.beta[places], alone),
    )


def _kept(start: Start) -> tuple[int, ...]:
    """The places of the columns that are left, in the first design."""
    return tuple(start.layout.design.terms.index(term) for term in start.design.terms)
