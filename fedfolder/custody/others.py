"""What the published sums say of the other nodes: they less this node's own answer must be an answer themselves.

That binds a server that lies about the sums to lies that the others' rows could have told. It does not find those: of
other nodes' rows a node knows nothing. What a server can still do with it stands in docs/threat-model.md.

Published sums are rounded once, so that a difference is right to the last digit of the larger number: whole numbers are
exact, and the others are let pass within `ROUNDED`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.terms import Column
from fedfolder.errors import TamperedAnswerError
from fedfolder.plan.own import SITES, OwnEstimate
from fedfolder.questions.baseline_hazards import BaselineHazards, named_by
from fedfolder.questions.evaluation import LOGLIKE, OUTSIDE, Evaluation
from fedfolder.questions.event_groups import EventGroups
from fedfolder.questions.event_times import FAILURES, EventTimes
from fedfolder.questions.moments import (
    BEYOND,
    EXPOSURE,
    NOBS,
    NODES,
    TEXT,
    TYPELESS,
    WEIGHT,
    Moments,
    factors_of,
    levels_of,
)
from fedfolder.questions.question import whole
from fedfolder.questions.risk_sums import RiskSums
from fedfolder.questions.scores import CLUSTERS, ClusterScores, Scores
from fedfolder.questions.standardised import Standardised
from fedfolder.questions.standardised import possible as averages_possible
from fedfolder.questions.sums import Sums
from fedfolder.questions.together import answered
from fedfolder.solve.information import scaled, scaling

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.questions.question import Question

ROUNDED = 1e-12
"""A share of what was published that no rounding of it reaches."""
WHERE = "the published sums less this node's own"
_BY_NODE = (NODES, TEXT, TYPELESS, BEYOND)
"""Starts of the scalars to which a node adds 0 or 1."""


def possible(question: Question, published: Sums, own: Sums, others: int) -> None:
    """Refuse published sums that no answers of the other nodes can have led to.

    Parameters
    ----------
    question : Question
        As it was asked.
    published : Sums
        Over all nodes, as `question.check` lets them pass.
    own : Sums
        What this node answered.
    others : int
        How many other nodes there are.

    Raises
    ------
    TamperedAnswerError
        If there are none.
    """
    if own.keys != published.keys or set(own.columns) != set(published.columns):
        raise _impossible("this node's answer has other columns")
    parts = zip(answered(question, published), answered(question, own), strict=True)
    for (part, all_of_it), (_, mine) in parts:
        _possible(part, all_of_it, mine, others)


def _possible(question: Question, published: Sums, own: Sums, others: int) -> None:
    rest = _less(published, own)
    if isinstance(question, OwnEstimate):
        _require_own_estimates(question, published, rest, others)
        return
    _require_rows(rest, others)
    match question:
        case EventTimes() | RiskSums():
            _require_not_below_zero(question, published, rest)
        case EventGroups():
            _require_events(rest)
        case Moments():
            _require_moments(question, published, rest, others)
        case Evaluation():
            _require_derivatives(question, published, rest, others)
        case BaselineHazards():
            _require_own_rows(published, own)
        case Scores():
            _require_scores(question, published, rest, own)
        case Standardised() if not averages_possible(rest, published):
            raise _impossible("the average survival of the other nodes is below 0, or above 1")


def _require_rows(rest: Sums, others: int) -> None:
    """Hold the numbers of the others to their rows: without any, there are none."""
    rows = whole(rest.scalars.get(NOBS, 0.0), NOBS, where=WHERE)
    if not others and rows:
        raise _impossible("there are other nodes' rows among the sums, and no other node")
    if not rows and any(map(any, [*rest.rows.values(), rest.scalars.values()])):
        raise _impossible("the other nodes have no rows, and numbers all the same")


def _less(published: Sums, own: Sums) -> Sums:
    """The difference, with the rows of both; a missing row is zero."""
    columns = published.columns
    rows = {
        label: tuple(published.value(label, name) - own.value(label, name) for name in columns)
        for label in dict.fromkeys([*published.rows, *own.rows])
    }
    names = dict.fromkeys([*published.scalars, *own.scalars])
    scalars = {name: published.scalars.get(name, 0.0) - own.scalars.get(name, 0.0) for name in names}
    return Sums(scalars, published.keys, columns, rows)


def _impossible(what: str, name: str = "") -> TamperedAnswerError:
    return TamperedAnswerError(
        f"the published sums cannot be true: {what}",
        where=f"{WHERE}{f': {name}' if name else ''}",
        expected="the sum of every node's answer, this node's among them",
        do="ask whoever runs the server: nothing was computed",
    )


def _require_events(rest: Sums) -> None:
    """Hold the groups of event times over the others: what is left of each is a count."""
    if any(not value >= 0 or not value.is_integer() for (value,) in rest.rows.values()):
        raise _impossible("a count of events is below zero, or none")


# -- moments ----------------------------------------------------------------------------------------------------------


def _require_moments(question: Moments, published: Sums, rest: Sums, others: int) -> None:
    asked, rows = question.specification, rest.scalars[NOBS]
    for name, value in rest.scalars.items():
        if name.startswith(_BY_NODE) and whole(value, name, where=WHERE) > others:
            raise _impossible("more nodes say so than there are", name)
    if not min(rows, 1) <= rest.scalars[NODES] <= rows:
        raise _impossible("nodes without rows count as nodes with some, or the other way round", NODES)
    for name in {WEIGHT, EXPOSURE} & set(rest.scalars):
        if rest.scalars[name] < -ROUNDED * published.scalars[name]:
            raise _impossible("a sum of what is never below zero is", name)
    for (label,), row in rest.rows.items():
        _require_row(question, label, row, published.rows.get((label,), (0.0, 0.0)), rest)
    weight = published.scalars.get(WEIGHT, published.scalars[NOBS])
    names = [factor.variable for factor in factors_of(asked.terms)]
    names += [asked.outcome] if asked.likelihood.categorical else []
    for name, levels in levels_of(published, names).items():
        if abs(sum(levels.values()) - weight) > (0.0 if asked.counts else ROUNDED * weight):
            raise _impossible("every row has one level, and the levels do not add up to the rows", name)


def _require_row(
    question: Moments, label: str, row: tuple[float, ...], published: tuple[float, ...], rest: Sums
) -> None:
    """Hold a column's sum and sum of squares over the others against their rows."""
    asked, (total, squares) = question.specification, row
    weight = rest.scalars.get(WEIGHT, rest.scalars[NOBS])
    least = max(abs(total) - ROUNDED * abs(published[0]), 0.0)
    most = squares + ROUNDED * published[1]
    if most < 0 or least * least > max(weight, 0.0) * most * (1 + ROUNDED) + ROUNDED * published[0] ** 2:
        raise _impossible("no numbers have this sum and this sum of squares", label)
    column = Column.parse(label)
    level = bool(column.factors) and not column.continuous
    if not level and not (asked.likelihood.indicator and label == asked.outcome):
        return
    if asked.counts:
        whole(total, label, where=WHERE)
    slack = 0.0 if asked.counts else ROUNDED * published[0]
    if not -slack <= total <= weight + slack:
        raise _impossible("a count of rows is below zero, or above all of them", label)


def _require_own_estimates(question: OwnEstimate, published: Sums, rest: Sums, others: int) -> None:
    """Hold the sums of sites' own estimates over the others: each site's information is that at a maximum."""
    number = whole(rest.scalars[SITES], SITES, where=WHERE)
    if number > others:
        raise _impossible("more nodes say so than there are", SITES)
    if not number and any(map(any, rest.rows.values())):
        raise _impossible("no other node sent an estimate of its own, and there is one", SITES)
    _require_upward(question.information(published), question.information(rest), "information")


def _require_not_below_zero(question: EventTimes | RiskSums, published: Sums, rest: Sums) -> None:
    """Hold counts, and sums of what is never below zero, over the others: who fails, and who is at risk."""
    names = question.never_below_zero
    for label, row in rest.rows.items():
        for name in names:
            if rest.value(label, name) < -ROUNDED * published.value(label, name):
                raise _impossible("a sum of what is never below zero is", name)
        if isinstance(question, EventTimes) and any(row):
            whole(rest.value(label, FAILURES), FAILURES, where=WHERE)


# -- at a beta --------------------------------------------------------------------------------------------------------


def _require_derivatives(question: Evaluation, published: Sums, rest: Sums, others: int) -> None:
    likelihood = question.specification.likelihood
    if whole(rest.scalars.get(OUTSIDE, 0.0), OUTSIDE, where=WHERE) > others:
        raise _impossible("more nodes say so than there are", OUTSIDE)
    for name in {WEIGHT, *(f"{also} b1" for also in ("deviance", "pearson"))} & set(rest.scalars):
        if rest.scalars[name] < -ROUNDED * abs(published.scalars[name]) - ROUNDED:
            raise _impossible("a sum of what is never below zero is", name)
    if rest.scalars[LOGLIKE] > likelihood.highest + ROUNDED * abs(published.scalars[LOGLIKE]):
        raise _impossible("the log-likelihood of the other nodes is higher than any can be", LOGLIKE)
    if likelihood.concave:
        p = question.parameters.count
        hessian, less = (np.array(list(s.rows.values())).reshape(p, -1)[:, 1:] for s in (published, rest))
        _require_upward(-hessian, -less, "information")


def _require_upward(published: NDArray[np.float64], rest: NDArray[np.float64], what: str) -> None:
    """Refuse a matrix (P, P) that is no sum of squares, beyond the rounding of the published one."""
    if not rest.size:
        return
    if np.linalg.eigvalsh(scaled(rest, scaling(published)))[0] < -ROUNDED * len(rest):
        raise _impossible(f"the {what} of the other nodes is below zero in some direction")


def _require_own_rows(published: Sums, own: Sums) -> None:
    """What stands under this node's name is what it said, and nobody else's."""
    mine = named_by(own)
    if {label: row for label, row in published.rows.items() if label[0] in mine} != own.rows:
        raise _impossible("another baseline stands under this node's name")


def _require_scores(question: Scores, published: Sums, rest: Sums, own: Sums) -> None:
    if isinstance(question, ClusterScores):
        if not set(own.rows) <= set(published.rows):
            raise _impossible("clusters of this node are missing")
        return
    whole(rest.scalars[CLUSTERS], CLUSTERS, where=WHERE)
    _require_upward(question.products(published), question.products(rest), "sum of products of scores")
