"""The first question of a fit, and in a fit of few trips all that can travel with it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.plan.few import known_columns
from fedfolder.plan.own import OwnEstimate
from fedfolder.plan.protocol import solved
from fedfolder.questions.event_groups import EventGroups
from fedfolder.questions.moments import Moments
from fedfolder.questions.parameters import Parameters
from fedfolder.questions.specification import Specification
from fedfolder.questions.together import Together, part_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from fedfolder.plan.layout import Layout
    from fedfolder.plan.proposal import Proposal
    from fedfolder.questions.question import Question
    from fedfolder.questions.sums import Sums, Values

LARGEST = 3.0
"""Of a slope at the start, per standard deviation of its column: estimates of small sites may lie far out, and policies
refuse to answer there."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What was published with the first question.

    Parameters
    ----------
    moments : Sums
        The moments of everyone.
    own : Sums or None
        The sums of the sites' own estimates.
    question : OwnEstimate or None
        What these answer.
    """

    moments: Sums
    own: Sums | None = None
    question: OwnEstimate | None = None


def first_question(proposal: Proposal) -> Question:
    """What a fit begins with: the moments, or what knots are placed by."""
    specification = specification_of(proposal)
    return EventGroups(specification) if specification.lacks_knots else question_of_moments(proposal, specification)


def specification_of(proposal: Proposal) -> Specification:
    """What is fitted; with knots, if these follow from what was published before sites were left out."""
    specification = Specification.of(proposal.command)
    return specification if proposal.restart is None else proposal.restart.placed(specification)


def question_of_moments(proposal: Proposal, specification: Specification) -> Question:
    """The moments, and in a fit of few trips beside them each site's own estimate, where its columns are known."""
    moments, few = Moments(specification), proposal.few
    alone = few is None or proposal.command.common_baseline
    terms = None if few is None or alone else known_columns(specification, few)
    if few is None or not terms:
        return moments
    return Together((moments, OwnEstimate(specification, few, terms)))


def opening(proposal: Proposal, specification: Specification) -> Generator[Question, tuple[Question, Sums], Opening]:
    """Ask for them. The moments are those that were published before, if sites were left out since."""
    if proposal.restart is not None and proposal.restart.moments is not None:
        return Opening(proposal.restart.moments)
    asked, sums = yield question_of_moments(proposal, specification)
    if not isinstance(asked, Together):
        return Opening(sums)
    moments, own = asked.parts(sums)
    question = asked.questions[-1]
    if not isinstance(question, OwnEstimate):
        raise TypeError("sent another kind of question than was yielded")
    return Opening(moments, own, question)


def published_moments(asked: Question, sums: Sums) -> Sums | None:
    """The moments among the sums of a first question."""
    return part_of(asked, Moments, sums)


def weighted_mean(found: Opening, layout: Layout) -> NDArray[np.float64] | None:
    """The mean of the sites' own estimates, weighted by their information, in the units of the layout's design (P,).

    None where there is none to begin at: the sums say nothing of some direction, as collinear columns, or too little
    beside their rounding; they are about other columns; or a slope would lie far out. All of it is arithmetic on
    published sums that comes out alike on every machine.
    """
    if found.own is None or found.question is None:
        return None
    labels = {label: place for place, label in enumerate(found.question.labels)}
    rows = list(found.own.rows.values())
    parameters = Parameters.of(layout.specification.likelihood, layout.design)
    if not set(parameters.labels) <= set(labels) or set(layout.labels) - set(found.question.terms):
        return None
    places = [labels[label] for label in parameters.labels]
    others = set(range(len(rows))) - set(places)
    if any(rows[i][1 + j] for i in others for j in range(len(rows))):
        return None
    try:
        beta = _mean(rows, places, parameters.spread(layout.design.to_user()).tolist())
    except (ArithmeticError, ValueError):
        # Beyond what a float64 holds, as no estimate is.
        return None
    slopes = [abs(b) for j, b in enumerate(beta or ()) if j not in parameters.constants]
    far = not layout.specification.likelihood.least_squares and max(slopes, default=0.0) > LARGEST
    return None if beta is None or far or not all(map(math.isfinite, beta)) else np.array(beta)


def _mean(rows: list[Values], places: list[int], t: list[list[float]]) -> list[float] | None:
    """(T' I T)^-1 T' (I g) for g = T b, with `rows` of I g and I, of which those at `places` count."""
    entries = [[(i, row[j]) for i, row in enumerate(t) if row[j]] for j in range(len(t))]
    information = [
        [math.fsum(x * rows[places[i]][1 + places[k]] * y for i, x in left for k, y in right) for right in entries]
        for left in entries
    ]
    weighted = [math.fsum(x * rows[places[i]][0] for i, x in left) for left in entries]
    return solved(information, weighted)
