"""A site's own estimate, from its rows alone: near enough to begin with, and no farther."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.errors import FedfolderError
from fedfolder.plan.first import usual_start
from fedfolder.plan.layout import lay_out, nothing_to_fit
from fedfolder.plan.protocol import first_design
from fedfolder.plan.units import scale_of
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.moments import Moments
from fedfolder.solve.step import newton_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.plan.layout import Layout
    from fedfolder.plan.own import OwnEstimate
    from fedfolder.questions.sample import Sample
    from fedfolder.solve.derivatives import Derivatives

    Array = NDArray[np.float64]

NEAR_ENOUGH = 2.0
"""Standard errors from its maximum at which a site's search ends. The rest of the way goes along as the score. Farther
on, the estimates of small sites run past everyone's, or away where their few rows are separated."""
MOST_STEPS, MOST_HALVINGS = 20, 6


def estimate(question: OwnEstimate, sample: Sample) -> Evaluation | None:
    """The evaluation where the search over the rows of `sample` ends, in columns centred and scaled by them.

    None where there is none that adds to those of others: it ends nowhere, or a level here is not among the known ones.
    """
    try:
        return _estimate(question, sample)
    except (FedfolderError, ArithmeticError, ValueError):
        # Whatever is wrong with the rows here, the other parts of the opening say so.
        return None


def _estimate(question: OwnEstimate, sample: Sample) -> Evaluation | None:
    specification, moments = question.specification, Moments(question.specification).compute(sample)
    if nothing_to_fit(specification, moments) is not None:
        return None
    layout = lay_out(specification, moments, question.few.levels)
    if not set(layout.labels) <= set(question.terms):
        return None
    design = first_design(
        question.terms,
        {label: (row[0], row[1]) for (label,), row in moments.rows.items()},
        layout.totals.weight,
        constant=specification.constant,
        centred=specification.centred,
    )
    start = usual_start(layout, design)
    return _search(Evaluation(specification, design, start, np.zeros_like(start)), layout, sample)


def _search(asked: Evaluation, layout: Layout, sample: Sample) -> Evaluation | None:
    """Newton's steps from where `asked` is, each halved while the log-likelihood falls."""
    found = asked.derivatives(asked.compute(sample))
    for number in range(MOST_STEPS):
        if not found.is_finite:
            return None
        step = newton_step(found)
        if number and _distance(found, step, layout) <= NEAR_ENOUGH:
            return asked
        for halvings in range(MOST_HALVINGS):
            further = _moved(asked, step * 0.5**halvings)
            there = further.derivatives(further.compute(sample))
            if there.is_finite and there.loglike >= found.loglike:
                break
        else:
            return asked if number else None
        asked, found = further, there
    return None


def _moved(asked: Evaluation, by: Array) -> Evaluation:
    return Evaluation(asked.specification, asked.design, asked.beta + by, asked.tolerance)


def _distance(found: Derivatives, step: Array, layout: Layout) -> float:
    """From the maximum, in standard errors, as far as the quadratic tells."""
    gain, scale = float(found.score @ step), scale_of(layout, found)
    return math.sqrt(gain / scale) if gain > 0 and scale > 0 else 0.0
