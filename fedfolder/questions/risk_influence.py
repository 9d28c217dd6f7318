"""The influence of rows on a Cox model: each has a share of the information at every failure that it is at risk of.

With S the sum of r over those at risk at a failure of weight m, and x̄ their mean, row i has m r_i / S times the square
of x_i - x̄, and these add up to the information (with Breslow's way with ties, which serves for both here). Its weight
in the effective size is the sum of m r_i / S, what is expected of it to fail.

Where nodes have a common baseline, this is looked at over the node's own failures.

A test of proportional hazards adds sums over failures of g(t) times what is theirs. Where g is about the same at all
failures but one, as exp(20 t) is beside that at the last, these are that person's: so no one has more of the variation
of g than of any number. A sum over failures without g is zero at the maximum, whatever constant g has.

A site's own baseline rises by m / S at a failure, beside which the mean leaves. Late in follow-up few are left, S is
small, and such a rise is the larger part of an interval: row i has the sum of m r_i / S^2 of it, which add up to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.likelihood.partial import over
from fedfolder.likelihood.stcox import Breslow
from fedfolder.questions.baseline_hazards import intervals
from fedfolder.questions.strata import strata
from fedfolder.questions.whitening import Influence, Whitening, effective_size, largest, top

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedfolder.likelihood.partial import At
    from fedfolder.questions.at_beta import AtBeta
    from fedfolder.questions.baseline_hazards import BaselineHazards
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.strata import Stratum
    from fedfolder.questions.time_effects import TimeEffects

    Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Stratum:
    """A stratum at a beta: the places of its rows, and at each time S, m / S and x̄, (T,), (T,) and (T, p)."""

    places: NDArray[np.intp]
    at: At
    size: Array
    share: Array
    mean: Array

    @property
    def information(self) -> Array:
        return -self.at.partial().hessian

    def over_range(self, of_times: Array) -> Array:
        """The sums over all times at which each row is at risk, that of its own failure too, (n, …)."""
        found, failing = self.at.over_range(of_times), self.at.sets.failing
        found[failing.rows] += of_times[failing.numbers[failing.of_each()]]
        return found

    def traces(self, whitened: Array) -> Array:
        """The trace of T' I_i T of each row, for T = `whitened` (p, r)."""
        x, mean, share = self.at.z @ whitened, self.mean @ whitened, self.share[:, None]
        squares = np.square(x).sum(axis=1) * self.over_range(share)[:, 0]
        crossed = (x * self.over_range(share * mean)).sum(axis=1)
        constant = self.over_range(share * np.square(mean).sum(axis=1, keepdims=True))[:, 0]
        return np.asarray(np.maximum(self.at.r * (squares - 2.0 * crossed + constant), 0.0))

    def of_row(self, row: int) -> Array:
        """I_i of one row, (p, p)."""
        times = slice(int(self.at.sets.first[row]), int(self.at.sets.last[row]))
        apart = self.at.z[row] - self.mean[times]
        return np.asarray((apart * (self.share[times] * self.at.r[row])[:, None]).T @ apart)


def of_risk(question: AtBeta, sample: Sample, owner: NDArray[Any] | None, at_least: float) -> Influence:
    """The influence of each row, or of all rows with the same number in `owner` (n,), from 0."""
    count = question.parameters.count
    parts = [part for stratum in strata(question, sample) for part in _looked_at(stratum, question)]
    if not parts:
        return Influence(0.0, 0.0, 0.0)  # without a failure here, what leaves is zero, whatever the rows are
    unit = np.arange(sample.nobs) if owner is None else np.asarray(owner, dtype=np.intp)
    units, total = int(unit.max(initial=-1)) + 1, np.zeros((count, count))
    for part in parts:
        total += part.information
    if not np.isfinite(total).all():
        return Influence(float(units), np.inf, 0.0)  # nothing leaves but that the beta is outside
    t = Whitening.of(total).matrix
    traces, weights = np.zeros(units), np.zeros(units)
    often = _often(question, sample) if owner is None else np.ones(sample.nobs)
    for part in parts:
        expected = part.at.r * part.over_range(part.share[:, None])[:, 0]
        np.add.at(weights, unit[part.places], expected / often[part.places])
        np.add.at(traces, unit[part.places], part.traces(t) / often[part.places])

    def leverage(number: int) -> float:
        information = np.zeros((count, count))
        for part in parts:
            for row in np.flatnonzero(unit[part.places] == number).tolist():
                information += part.of_row(row) / often[part.places[row]]
        return top(t.T @ information @ t)

    counts = often if owner is None else None
    number = float(units if counts is None else counts.sum())
    return Influence(number, effective_size(weights, counts), largest(traces, at_least, leverage))


def of_failures(question: TimeEffects, sample: Sample, owner: NDArray[Any] | None) -> Influence:
    """The largest share of a person in the variation of g over failures; arguments as of `of_risk`."""
    unit = np.arange(sample.nobs) if owner is None else np.asarray(owner, dtype=np.intp)
    rows, g = [np.zeros(0, dtype=np.intp)], [np.zeros(0)]
    for stratum in strata(question, sample):
        failing = stratum.sets.failing
        rows.append(stratum.places[failing.rows])
        g.append(question.of_failures(stratum)[failing.numbers[failing.of_each()]])
    who, values = np.concatenate(rows), np.concatenate(g)
    given = question.specification.weights(sample)
    weights = np.ones(len(who)) if given is None else np.abs(given[who])
    if not values.size or not weights.any():
        return Influence(0.0, 0.0, 0.0)
    often = _often(question, sample)[who] if owner is None else np.ones(len(who))
    apart = weights / often * np.square(values - np.average(values, weights=weights))
    each, total = np.bincount(unit[who], apart), float((often * apart).sum())
    share = float(each.max()) / total if total > 0 else 0.0
    return Influence(float(len(np.unique(unit[who]))), np.inf, share if np.isfinite(total) else np.inf)


def of_baseline(
    question: BaselineHazards, sample: Sample, owner: NDArray[Any] | None
) -> Iterator[tuple[float, Influence]]:
    """The influence on what a baseline rises by up to each time, of each stratum; arguments as of `of_risk`.

    Failures whose relative hazards are too far apart for one scale are looked at by themselves.
    """
    unit = np.arange(sample.nobs) if owner is None else np.asarray(owner, dtype=np.intp)
    often = _often(question, sample) if owner is None else np.ones(sample.nobs)
    for stratum in strata(question, sample):
        for part in _looked_at(stratum, question):
            sets, places = part.at.sets, part.places
            of = intervals(question.times, sets.times)
            for k, time in enumerate(question.times):
                here = np.where(of == k, part.share / part.size, 0.0)
                each = part.at.r * part.over_range(here[:, None])[:, 0] / often[places]
                for number in np.unique(sets.strata[of == k]).tolist():
                    yield time, _of_rise(each, unit[places], often[places], stratum.number == number)


def _of_rise(each: Array, unit: NDArray[np.intp], often: Array, rows: NDArray[np.bool_]) -> Influence:
    """The influence of those at risk, of what each row has of a rise (n,), at the rows of one stratum."""
    _, who = np.unique(unit[rows], return_inverse=True)
    counts = np.ones(int(who.max(initial=-1)) + 1)
    counts[who] = often[rows]
    sizes = np.asarray(np.bincount(who, each[rows]), dtype=np.float64)
    counts, sizes = counts[sizes > 0], sizes[sizes > 0]
    if not np.isfinite(sizes).all() or not sizes.size:
        return Influence(float(counts.sum()), 0.0, np.inf)
    share = float(sizes.max() / (counts * sizes).sum())
    return Influence(float(counts.sum()), effective_size(sizes, counts), share)


def _often(question: AtBeta, sample: Sample) -> Array:
    """How many persons each row stands for, by frequency weights."""
    weights = question.specification.weights(sample) if question.specification.weighted == "fw" else None
    return np.ones(sample.nobs) if weights is None else weights


def _looked_at(stratum: Stratum, question: AtBeta) -> Iterator[_Stratum]:
    for _, found in stratum.at(question.beta):
        weight = found.sets.failing.sums(found.weights[found.sets.failing.rows])
        at = replace(found, cases=Breslow().cases(weight, weight))
        sizes, totals = at.size + at.failing.sizes, at.total + at.failing.totals
        yield _Stratum(stratum.places, at, sizes, weight / sizes, over(totals, sizes))
