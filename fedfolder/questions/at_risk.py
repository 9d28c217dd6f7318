"""The rows of a node by risk sets at the failure times of all nodes, with all that no beta changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.likelihood import RiskLikelihood
from fedfolder.likelihood.partial import At
from fedfolder.likelihood.risk_sets import FollowUp, RiskSets
from fedfolder.questions import prepared
from fedfolder.questions.event_times import follow_up
from fedfolder.questions.strata import numbers_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.likelihood.partial import Cases
    from fedfolder.questions.at_beta import AtBeta
    from fedfolder.questions.event_times import Baseline
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.specification import Specification

    Array = NDArray[np.float64]


def risk_likelihood(specification: Specification) -> RiskLikelihood:
    """The likelihood, which must be one of risk sets."""
    if not isinstance(specification.likelihood, RiskLikelihood):
        raise TypeError(specification.likelihood)
    return specification.likelihood


@dataclass(frozen=True, slots=True)
class AtRisk:
    """The rows of a node by risk sets at the failure times of all nodes."""

    sets: RiskSets
    sets_fail: Array
    cases: Cases
    z: Array
    offset: Array
    weights: Array

    def at(self, beta: Array) -> At:
        """The risk sets of this node at `beta` (p,)."""
        return At.of(self.sets, self.cases, self.z, self.z @ beta + self.offset, self.weights)


def at_risk(question: AtBeta, sample: Sample) -> AtRisk:
    """The rows of `sample`, made before for the same failure times and columns or now."""
    baseline = question.specification.baseline
    if baseline is None:
        raise TypeError("risk sets are asked about at failure times")
    numbers = numbers_of(question, sample.nobs)
    (found,) = prepared.of_question("at risk", question, sample, numbers, lambda: (_made(question, baseline, sample),))
    return found


def _made(question: AtBeta, baseline: Baseline, sample: Sample) -> AtRisk:
    specification = question.specification
    rows, names = follow_up(specification, sample)
    known = {name: place for place, name in enumerate(dict.fromkeys(baseline.strata))}
    place = np.array([known.get(name, len(known)) for name in names], dtype=np.int64)
    rows = FollowUp(rows.time, rows.entry, rows.fails, place[rows.stratum])
    strata = np.array([known[name] for name in baseline.strata], dtype=np.int64)
    sets = RiskSets.at(rows, np.array(baseline.times), strata)
    offset, weights = specification.offset(sample), specification.weights(sample)
    cases = risk_likelihood(specification).cases(np.array(baseline.number), np.array(baseline.weight))
    return AtRisk(
        sets,
        rows.fails.astype(np.float64),
        cases,
        question.design.matrix(sample),
        np.zeros(sample.nobs) if offset is None else offset - baseline.offset,
        np.ones(sample.nobs) if weights is None else weights,
    )
