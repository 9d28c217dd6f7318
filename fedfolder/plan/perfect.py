"""Perfect predictors: 0/1 columns at one of whose values a yes-or-no outcome never varies.

There is no finite coefficient for such a column, so that it is omitted with the rows at that value, by name, as Stata
does. What is needed is in the first evaluation already: there every row has the same linear predictor, so that a row's
derivatives depend on its outcome alone, and sums of them give the rows and the events at each value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.errors import TamperedAnswerError
from fedfolder.likelihood import RowLikelihood
from fedfolder.questions.at_beta import Excluded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fedfolder.plan.layout import Layout
    from fedfolder.solve.derivatives import Derivatives

ROUNDING = 1e-9
"""Share of all weights below which a sum of them is zero; counts are whole."""


@dataclass(frozen=True, slots=True)
class Predictor:
    """A column, the value of it at which the outcome is always `outcome`, and the weight of these rows."""

    column: str
    value: int
    outcome: int
    rows: float

    @property
    def excluded(self) -> Excluded:
        """The rows that it predicts."""
        return Excluded(self.column, self.value, self.outcome)

    def __str__(self) -> str:
        """In Stata's words: `3.race != 0 predicts failure perfectly`."""
        sign = "!=" if self.value else "=="
        return f"{self.column} {sign} 0 predicts {'success' if self.outcome else 'failure'} perfectly"


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows and events over all, and where a column is 1 (weighted)."""

    rows: float
    events: float
    rows_at_one: float
    events_at_one: float


def perfect_predictors(layout: Layout, first: Derivatives) -> list[Predictor]:
    """The perfect predictors among the columns of the first design, in its order.

    A column that predicts the outcome at both its values is among them twice: the separation is complete.

    Parameters
    ----------
    first : Derivatives
        Those at the usual start, where all slopes are zero and there is no offset.
    """
    return [found for label in layout.indicators for found in _of(label, counts(layout, first, label))]


def _of(label: str, seen: Counts) -> Iterator[Predictor]:
    zero = ROUNDING * seen.rows
    groups = (
        (1, seen.rows_at_one, seen.events_at_one),
        (0, seen.rows - seen.rows_at_one, seen.events - seen.events_at_one),
    )
    if any(rows < -zero or events < -zero or events > rows + zero for _, rows, events in groups):
        raise TamperedAnswerError("the derivatives at the start cannot be those of counts", where=label)
    if any(rows <= zero for _, rows, _ in groups):
        return  # constant in what is left, which collinearity finds
    for value, rows, events in groups:
        if events <= zero or rows - events <= zero:
            yield Predictor(label, value, int(events > zero), rows)


def counts(layout: Layout, first: Derivatives, label: str) -> Counts:
    """What the first derivatives say of a 0/1 column and the outcome.

    With s1, s0 the score of an event and of another row, and h1, h0 their second derivatives, sums over a column u are
    score = s1 A1 + s0 A0 and Hessian with the constant = h1 A1 + h0 A0: two equations for its sums over events and
    over others. Without a constant, u times u is u times its scale.
    """
    design = layout.design
    j, last = design.columns.index(label), len(design.terms) - 1
    centre, scale = design.centres[j], design.scales[j]
    system = _by_outcome(layout)
    if design.constant:
        overall = np.linalg.solve(system, [first.score[last], first.hessian[last, last]])
        among = np.linalg.solve(system, [first.score[j], first.hessian[j, last]])
    else:
        overall = np.array([layout.totals.total, layout.totals.weight - layout.totals.total])
        among = np.linalg.solve(system, [first.score[j], first.hessian[j, j] / scale])
    at_one = among / scale + centre * overall
    if layout.specification.counts:
        overall, at_one = np.round(overall), np.round(at_one)
    return Counts(float(overall.sum()), float(overall[0]), float(at_one.sum()), float(at_one[0]))


def rows_and_events(layout: Layout, first: Derivatives, perfect: Sequence[Predictor]) -> tuple[float, float]:
    """The weight of the rows, and of the events, that are left when the rows of `perfect` are taken out."""
    if not layout.design.constant:
        gone = sum(found.rows for found in perfect)
        return layout.totals.weight - gone, layout.totals.total - sum(p.rows for p in perfect if p.outcome)
    overall = np.linalg.solve(_by_outcome(layout), [first.score[-1], first.hessian[-1, -1]])
    if layout.specification.counts:
        overall = np.round(overall)
    return float(overall.sum()), float(overall[0])


def _by_outcome(layout: Layout) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """((s1, s0), (h1, h0)) at the usual start."""
    likelihood = layout.specification.without_random().likelihood
    if not isinstance(likelihood, RowLikelihood):
        raise TypeError("only rows that stand alone have an outcome of their own")
    eta = layout.start[0] if layout.design.constant else 0.0
    found = likelihood.derivatives({"y": np.array([1.0, 0.0])}, np.full((1, 2), eta))
    return np.array([found.score[0], found.hessian[0, 0]])
