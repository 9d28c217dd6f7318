"""How much of what leaves at a beta hangs on one unit: a row, a matched set, or all rows of one person.

With I_i the information of unit i and I = sum of I_i that of the node, the leverage of the unit is the largest
eigenvalue of I^-1/2 I_i I^-1/2: the largest share that it has of the information along any direction. For one linear
predictor and a row of its own it is the diagonal of the hat matrix (Pregibon 1981). Leverages add up to at most the
rank of I, so that few units can have a large one, and only those are looked at closely.

The effective size is (sum of w)^2 / sum of w^2 (Kish 1965) with w the information of a unit about its linear predictor.

Where a likelihood curves upward for some rows, the size of the second derivatives stands for the information.

Of averages over rows it is each average by itself: see `average_influence`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.likelihood import ClusterLikelihood, RiskLikelihood, SetLikelihood
from fedfolder.questions import compute
from fedfolder.questions.average_influence import of_average
from fedfolder.questions.baseline_hazards import BaselineHazards
from fedfolder.questions.blocks import numbered
from fedfolder.questions.risk_influence import of_baseline, of_failures, of_risk
from fedfolder.questions.row_influence import information_of_rows, of_rows
from fedfolder.questions.standardised import Standardised
from fedfolder.questions.time_effects import RiskTimeEffects, TimeEffects
from fedfolder.questions.whitening import Influence, Whitening, effective_size, largest, top
from fedfolder.solve.information import scaling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedfolder.questions.at_beta import AtBeta
    from fedfolder.questions.sample import Sample

__all__ = ["Influence", "influence", "influences"]


def influences(question: AtBeta, sample: Sample, *, at_least: float = 0.0) -> Iterator[tuple[str, Influence]]:
    """The influence on each part of an answer that is to be looked at by itself; arguments as of `influence`.

    Yields
    ------
    (str, Influence)
        What the part is, in words that follow "at this beta"; "" for all of the answer.
    """
    if not isinstance(question, Standardised):
        yield "", influence(question, sample, at_least=at_least)
        # Of a common baseline, sums at each failure time have left before.
        if isinstance(question, TimeEffects) and not isinstance(question, RiskTimeEffects):
            with np.errstate(all="ignore"):
                yield ", of the test of proportional hazards,", of_failures(question, sample, _owners(sample))
        if isinstance(question, BaselineHazards):
            with np.errstate(all="ignore"):
                for time, found in of_baseline(question, sample, _owners(sample)):
                    yield f", of this site's own baseline up to time {time:g},", found
        return
    included, owner = question.included(sample), _owners(sample)
    for pattern, time in question.places:
        part = f", of average survival at time {time:g}, {pattern.in_words},"
        with compute.one_thread().limit(limits=1, user_api="blas"), np.errstate(all="ignore"):
            found = of_average(question, included, owner, pattern, time, at_least=at_least)
        yield part, found


def influence(question: AtBeta, sample: Sample, *, at_least: float = 0.0) -> Influence:
    """The influence of the units of `sample` on the derivatives at `question.beta`.

    Parameters
    ----------
    at_least : float
        Leverages below this need not be exact: an upper bound stands for them.

    Raises
    ------
    VariableError, RefusedError
        As when the question is answered.
    """
    with compute.one_thread().limit(limits=1, user_api="blas"), np.errstate(all="ignore"):
        if isinstance(question.specification.likelihood, SetLikelihood):
            return _of_sets(question, question.specification.likelihood, question.included(sample), at_least)
        if isinstance(question.specification.likelihood, RiskLikelihood):
            return of_risk(question, sample, _owners(sample), at_least)
        if isinstance(question.specification.likelihood, ClusterLikelihood):
            question = _without_random(question)
        information, sample = information_of_rows(question, sample), question.included(sample)
        return of_rows(question, information, sample, _owners(sample), at_least)


def _without_random(question: AtBeta) -> AtBeta:
    """The same question as if there were no random intercept: the units are rows, or persons, as elsewhere.

    What a cluster shares is unseen, and takes part of the information away; none of it belongs to a row alone.
    """
    return dataclasses.replace(
        question,
        specification=question.specification.without_random(),
        beta=question.beta[:-1],
        tolerance=question.tolerance[:-1],
    )


# -- sets -------------------------------------------------------------------------------------------------------------


def _of_sets(question: AtBeta, likelihood: SetLikelihood, sample: Sample, at_least: float) -> Influence:
    """The units are sets: their rows cannot be told apart in what leaves."""
    found = [(-part.hessian, weights) for _, part, weights in compute.sets(question, likelihood, sample)]
    p = question.parameters.count
    each = np.concatenate([part for part, _ in found]) if found else np.zeros((0, p, p))
    weights = np.concatenate([weight for _, weight in found]) if found else np.zeros(0)
    counts = weights if question.specification.weighted == "fw" else None
    total = np.tensordot(weights, each, axes=1) if len(each) else np.zeros((p, p))
    if not np.isfinite(total).all():
        return Influence(float(len(each)), np.inf, 0.0)
    if counts is None:
        each = each * weights[:, None, None]
    t = Whitening.of(total).matrix
    scale = scaling(total) ** 2
    traces = np.einsum("sij,ij->s", each, t @ t.T)
    effective = effective_size(np.einsum("sii,i->s", each, scale), counts)
    units = float(len(each) if counts is None else counts.sum())
    return Influence(units, effective, largest(traces, at_least, lambda s: top(t.T @ each[s] @ t)))


def _owners(sample: Sample) -> NDArray[np.signedinteger[Any]] | None:
    """The number of the person whom each row is of, from 0; None where each row is a person."""
    persons = getattr(sample, "persons", None)
    return None if persons is None else numbered(persons.codes)[1]
