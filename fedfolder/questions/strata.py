"""The strata of a Cox model at one node, with all that an evaluation needs of them and that no beta changes.

Rows are sorted into risk sets once and kept between rounds. A large stratum stands alone, so that its risk sets are a
chain; the others stand together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.likelihood.partial import At, Cases
from fedfolder.likelihood.risk_sets import FollowUp, RiskSets
from fedfolder.questions import prepared
from fedfolder.questions.blocks import runs
from fedfolder.questions.contributions import Contribution

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from fedfolder.likelihood import RiskLikelihood
    from fedfolder.questions.at_beta import AtBeta
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.specification import Specification

    Array = NDArray[np.float64]

LARGE = 4096
"""Rows from which on a stratum stands alone."""
FAR = 256.0
"""Linear predictors that lie so far apart are looked at in parts: exp(-745) is the smallest float64."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """The rows of a stratum, or of several, that are at risk at some failure.

    Parameters
    ----------
    places : (n,) integers
        Their places in the sample.
    number : (n,) integers
        The stratum of each, from 0 without gaps.
    z : (n, p) float64
        The columns, less those of one row of the stratum.
    offset : (n,) float64 or None
        What is added to the linear predictor.
    weights : (n,) float64
        The weights; ones without.
    sets : RiskSets
        Who is at risk when.
    cases : Cases
        What failures are compared with.
    """

    places: NDArray[np.intp]
    number: NDArray[np.int64]
    z: Array
    offset: Array | None
    weights: Array
    sets: RiskSets
    cases: Cases

    def at(self, beta: Array) -> Iterator[tuple[NDArray[np.intp], At]]:
        """The risk sets at `beta` (p,), some failure times at a time: the places of these, and the sets.

        Linear predictors are at most zero. Where they lie so far apart that those at risk late would have no relative
        hazard beside those at risk early, times stand together whose highest linear predictors lie near each other.
        """
        eta = self.z @ beta
        if self.offset is not None:
            eta += self.offset
        highest = np.full(int(self.number.max(initial=-1)) + 1, -np.inf)
        np.maximum.at(highest, self.number, eta)
        eta -= highest[self.number]
        if not eta.min(initial=0.0) < -FAR:  # also where one is no number
            yield np.arange(len(self.sets.times)), At.of(self.sets, self.cases, self.z, eta, self.weights)
            return
        above = self.sets.highest(eta)
        for band in np.unique(np.floor(above / FAR)):
            places = np.flatnonzero(np.floor(above / FAR) == band)
            time, share, weight = self.cases
            here = np.isin(time, places)
            cases = Cases(np.searchsorted(places, time[here]), share[here], weight[here])
            # Who is higher is at risk at none of these times.
            near = np.minimum(eta - above[places].max(), 0.0)
            yield places, At.of(self.sets.at_some(places), cases, self.z, near, self.weights)


def strata(question: AtBeta, sample: Sample) -> Iterable[Stratum]:
    """The strata of `sample`, in a fixed order."""
    numbers = numbers_of(question, sample.nobs)
    return prepared.of_question("strata", question, sample, numbers, lambda: _strata(question, sample))


def numbers_of(question: AtBeta, rows: int) -> int:
    """How many numbers a row takes in risk sets, at most; one that enters late is in some of a tree's levels."""
    return 14 + (rows.bit_length() if "entry" in question.specification.roles else 0)


def follow_up(specification: Specification, sample: Sample) -> FollowUp:
    """The times of all rows, with the strata that the command names.

    Raises
    ------
    VariableError
        If a time or an outcome cannot be one of the model's.
    """
    rows = specification.rows(sample)
    return FollowUp(rows["time"], rows["entry"], rows["y"] > 0, specification.strata(sample))


def _strata(question: AtBeta, sample: Sample) -> Iterator[Stratum]:
    if not sample.nobs:
        return
    rows = follow_up(question.specification, sample)
    sizes = np.bincount(rows.stratum)
    large = np.flatnonzero(sizes >= LARGE)
    for alone in large:
        yield from _stratum(question, sample, rows, rows.stratum == alone)
    yield from _stratum(question, sample, rows, ~np.isin(rows.stratum, large))


def _stratum(question: AtBeta, sample: Sample, rows: FollowUp, among: NDArray[np.bool_]) -> Iterator[Stratum]:
    """The rows among these that are at risk at some failure; nothing without a failure."""
    among = among & np.isin(rows.stratum, np.unique(rows.stratum[rows.fails & among]))
    first = RiskSets.of(rows.some(among))
    among[among] = first.last > first.first
    places = np.flatnonzero(among)
    order = np.lexsort((rows.time[places], rows.stratum[places]))  # a group's rows then lie near each other
    places = places[order]
    if not len(places):
        return
    some, specification = rows.some(places), question.specification
    sets, part = RiskSets.of(some), sample.where(among)
    given, added = specification.weights(part), specification.offset(part)
    weights = np.ones(len(places)) if given is None else given[order]
    offset = None if added is None else added[order]
    _, numbers = np.unique(some.stratum, return_inverse=True)
    z = question.design.matrix(part)[order]
    _centre(z, numbers)
    yield Stratum(
        places,
        numbers,
        z,
        offset,
        weights,
        sets,
        cases_of(specification, sets, weights),
    )


def cases_of(specification: Specification, sets: RiskSets, weights: Array) -> Cases:
    """What the failing of each time are compared with, for rows of these `weights` (n,)."""
    likelihood: RiskLikelihood = specification.likelihood  # type: ignore[assignment]  # only these have strata
    weight = sets.failing.sums(weights[sets.failing.rows])
    number = np.diff(sets.failing.starts, append=len(sets.failing.rows)).astype(np.float64)
    return likelihood.cases(weight if specification.weighted == "fw" else number, weight)


def _centre(z: Array, number: NDArray[np.int64]) -> None:
    """Take the columns of one row of each stratum off those of all, which changes nothing but rounding.

    It is the row that is nearest to the mean; what does not vary within a stratum is zero there to the last bit.
    """
    often = np.bincount(number).astype(np.float64)
    order, starts = runs(number)
    for j in range(z.shape[1]):
        away = np.abs(z[:, j] - (np.bincount(number, z[:, j]) / often)[number])
        least = np.minimum.reduceat(away[order], starts)
        nearest = np.full(len(often), len(number), dtype=np.intp)
        at = np.flatnonzero(away == least[number])
        np.minimum.at(nearest, number[at], at)
        z[:, j] -= z[nearest, j][number]


def of_strata(question: AtBeta, sample: Sample) -> Contribution:
    """The log partial likelihood of a node's strata, with its derivatives."""
    total = Contribution.nothing(question.parameters.count)
    with np.errstate(over="ignore", invalid="ignore", under="ignore", divide="ignore"):
        for stratum in strata(question, sample):
            for _, at in stratum.at(question.beta):
                found = at.partial()
                total.loglike += found.loglike
                total.score += found.score
                total.hessian += found.hessian
    return total


def scores_of_rows(question: AtBeta, sample: Sample) -> Array:
    """The score of each row of `sample`, (n, P), weighted; zeros for rows that are at risk at no failure."""
    found = np.zeros((sample.nobs, question.parameters.count))
    for stratum in strata(question, sample):
        found[stratum.places] = sum(at.scores() for _, at in stratum.at(question.beta))
    return found


__all__ = ["Stratum", "cases_of", "follow_up", "numbers_of", "of_strata", "scores_of_rows", "strata"]
