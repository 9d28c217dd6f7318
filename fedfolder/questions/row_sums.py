"""Sums over rows that stand alone.

Blocks of rows are summed by some at a time, and these sums in their order: the same bits however many workers there
are.
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.questions.basis import CentredBasis, basis_of
from fedfolder.questions.columns import DenseBasis
from fedfolder.questions.contributions import Contribution
from fedfolder.questions.patterns import patterns
from fedfolder.questions.prepared import prepared
from fedfolder.questions.workers import in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from fedfolder.likelihood import ObservationDerivatives, RowLikelihood
    from fedfolder.likelihood.base import Rows
    from fedfolder.questions.at_beta import AtBeta
    from fedfolder.questions.columns import Basis, Columns
    from fedfolder.questions.parameters import Parameters
    from fedfolder.questions.prepared import Part
    from fedfolder.questions.sample import Sample

    Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows: their columns in each view, linear predictors, what is observed, derivatives of each, weights."""

    rows: slice
    z: tuple[Array, ...]
    eta: Array
    observed: Rows
    derivatives: ObservationDerivatives
    weights: Array | None


def blocks(question: AtBeta, likelihood: RowLikelihood, sample: Sample) -> Iterator[Block]:
    """The rows, a block at a time, with the derivatives of each row."""
    basis = DenseBasis(question.design)
    at = _At.of(question, likelihood, basis)
    made = prepared(question.specification, basis, sample)
    for number in range(len(made.blocks)):
        part = made.part(number, sample)
        eta, found = at.derivatives(part)
        z = tuple(columns.z for columns in part.views)
        yield Block(part.rows, z, eta, part.observed, found, part.weights)


@dataclass(frozen=True, slots=True)
class _At:
    """A likelihood at a beta: sums over blocks, in the units of their columns.

    Parameters
    ----------
    g : list of (p,) float64
        The coefficients of each equation in the units of the columns.
    """

    likelihood: RowLikelihood
    parameters: Parameters
    beta: Array
    g: list[Array]

    @classmethod
    def of(cls, question: AtBeta, likelihood: RowLikelihood, basis: Basis[Columns]) -> _At:
        """That of a question."""
        parameters, beta = question.parameters, question.beta
        g = [basis.inward(beta[parameters.block(e)]) for e in range(len(parameters.equations))]
        return cls(likelihood, parameters, beta, g)

    def derivatives(self, part: Part[Columns]) -> tuple[Array, ObservationDerivatives]:
        """The linear predictors (Q, n) of a block of rows, and the derivatives of each."""
        eta = self.parameters.predictors(part.views, self.g, self.beta, part.offset)
        return eta, self.likelihood.derivatives(part.observed, eta)

    def sums(self, parts: Iterable[Part[Columns]]) -> Contribution:
        """What some blocks add, in their order."""
        total = Contribution.nothing(self.parameters.count)
        total.further = dict.fromkeys(self.likelihood.also, 0.0)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            for part in parts:
                eta, found = self.derivatives(part)
                loglike, score, hessian = _weighted(found, part.weights)
                total.loglike += float(loglike.sum())
                self._add_score(total.score, part.views, score)
                self._add_hessian(total.hessian, part.views, hessian)
                further = self.likelihood.further(part.observed, eta)
                for name, values in zip(self.likelihood.also, further, strict=True):
                    total.further[name] += float((values if part.weights is None else values * part.weights).sum())
        return total

    def _add_score(self, total: Array, views: Sequence[Columns], score: Array) -> None:
        parameters, q = self.parameters, len(self.parameters.seen)
        for a, (e, v) in enumerate(parameters.seen):
            total[parameters.block(e)] += views[v].sums(score[a])
        if parameters.ancillaries:
            total[len(parameters.equations) * parameters.width :] += score[q:].sum(axis=1)

    def _add_hessian(self, total: Array, views: Sequence[Columns], hessian: Array) -> None:
        """Add the lower triangle, equation by equation."""
        parameters, q = self.parameters, len(self.parameters.seen)
        room = _room(parameters.width, hessian.shape[-1])
        for a, (e, v) in enumerate(parameters.seen):
            for b, (f, w) in enumerate(parameters.seen[: a + 1]):
                place = parameters.block(e), parameters.block(f)
                if v == w:
                    total[place] += views[v].products(hessian[a, b], room)
                elif hessian[a, b].any():
                    crossed = views[v].crossed(hessian[a, b], views[w])
                    total[place] += crossed + crossed.T if e == f else crossed
        if parameters.ancillaries:
            first = len(parameters.equations) * parameters.width
            for j, (a, (e, v)) in itertools.product(range(len(parameters.ancillaries)), enumerate(parameters.seen)):
                total[first + j, parameters.block(e)] += views[v].sums(hessian[q + j, a])
            total[first:, first:] += hessian[q:, q:].sum(axis=2)


_ROOMS = threading.local()


def _room(width: int, nobs: int) -> Array:
    """Room (width, nobs) to work in, a worker's own: a fresh one for each block would cost as much as the work."""
    room: Array | None = getattr(_ROOMS, "room", None)
    if room is None or len(room) != width or room.shape[1] < nobs:
        room = _ROOMS.room = np.empty((width, nobs))
    return room[:, :nobs]


def of_rows(question: AtBeta, likelihood: RowLikelihood, sample: Sample) -> Contribution:
    """The sums over all rows of `sample`, or over their patterns where these are far fewer."""
    weights, command = None, question.specification.command
    if (found := patterns(sample, command.weight.variable if command.weight else None)) is not None:
        sample, weights = found.sample, found.weights
    basis = basis_of(question.design, *likelihood.views[1:])
    total = _summed(question, likelihood, basis, sample, weights)
    if not basis.carries:
        return total
    parts = [(block, block) for block in map(question.parameters.block, range(len(question.parameters.equations)))]
    before = [total.hessian[part].copy() for part in parts]
    # Where the likelihood is not defined, neither are its sums, and nobody needs to be told twice.
    with np.errstate(over="ignore", invalid="ignore"):
        _carry(total, basis, question.parameters)
        carried = [total.hessian[part] for part in parts]
        has_lost = isinstance(basis, CentredBasis) and any(map(basis.has_lost, before, carried))
    return _summed(question, likelihood, DenseBasis(question.design), sample, weights) if has_lost else total


def _summed(
    question: AtBeta, likelihood: RowLikelihood, basis: Basis[Columns], sample: Sample, weights: Array | None
) -> Contribution:
    """The sums in the units of the columns."""
    made = prepared(question.specification, basis, sample, weights)
    at = _At.of(question, likelihood, basis)
    total = Contribution.nothing(question.parameters.count)
    total.further = dict.fromkeys(likelihood.also, 0.0)
    for part in in_order(lambda group: at.sums(made.part(number, sample) for number in group), made.groups):
        total.add(part)
    return total


def _carry(total: Contribution, basis: Basis[Columns], parameters: Parameters) -> None:
    """Bring sums in the units of the columns into those of the design."""
    places = [parameters.block(e) for e in range(len(parameters.equations))]
    for e, rows in enumerate(places):
        total.score[rows] = basis.outward(total.score[rows])
        total.hessian[rows] = basis.outward(total.hessian[rows])
        for others in places[: e + 1]:
            total.hessian[rows, others] = basis.outward(total.hessian[rows, others].T).T
    first = len(places) * parameters.width
    for columns in places:
        total.hessian[first:, columns] = basis.outward(total.hessian[first:, columns].T).T


def _weighted(found: ObservationDerivatives, weights: Array | None) -> tuple[Array, Array, Array]:
    if weights is None:
        return found
    return found.loglike * weights, found.score * weights, found.hessian * weights


def row_scores(parameters: Parameters, block: Block) -> Array:
    """The score (n, P) of each row of a block, weighted."""
    _, score, _ = _weighted(block.derivatives, block.weights)
    found = np.zeros((len(block.eta[0]), parameters.count))
    for a, (e, v) in enumerate(parameters.seen):
        found[:, parameters.block(e)] += block.z[v] * score[a][:, np.newaxis]
    found[:, len(parameters.equations) * parameters.width :] = score[len(parameters.seen) :].T
    return found
