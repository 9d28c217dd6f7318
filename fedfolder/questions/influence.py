"""How much of what leaves at a beta hangs on one unit: a row, a matched set, or all rows of one person.

With I_i the information of unit i and I = sum of I_i that of the node, the leverage of the unit is the largest
eigenvalue of I^-1/2 I_i I^-1/2: the largest share that it has of the information along any direction. For one linear
predictor and a row of its own it is the diagonal of the hat matrix (Pregibon 1981). Leverages add up to at most the
rank of I, so that few units can have a large one, and only those are looked at closely.

The effective size is (sum of w)^2 / sum of w^2 (Kish 1965) with w the information of a unit about its linear predictor.

Where a likelihood curves upward for some rows, the size of the second derivatives stands for the information.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.likelihood import RowLikelihood, SetLikelihood
from fedfolder.questions import compute
from fedfolder.solve.information import scaled, scaling

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fedfolder.questions.at_beta import AtBeta
    from fedfolder.questions.parameters import Parameters
    from fedfolder.questions.sample import Sample

    Array = NDArray[np.float64]

UNSEEN = 1e-13
"""Times P: a smaller share of the largest eigenvalue of the scaled information is lost in the rounding of the sums."""


@dataclass(frozen=True, slots=True)
class Influence:
    """What the units of one node weigh at one beta.

    Parameters
    ----------
    units : float
        How many there are.
    effective : float
        Their effective size, the least over the linear predictors; 0 if there is no information at all.
    leverage : float
        The largest of any unit; those below what was asked for may be given too high.
    """

    units: float
    effective: float
    leverage: float


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
    sample = question.included(sample)
    with compute.one_thread().limit(limits=1, user_api="blas"), np.errstate(all="ignore"):
        if isinstance(question.specification.likelihood, SetLikelihood):
            return _of_sets(question, question.specification.likelihood, sample, at_least)
        return _of_rows(question, sample, at_least)


def whitening(information: Array) -> Array:
    """T (P, r) with T' I T = 1 along the r directions that `information` (P, P) says anything about.

    Directions without rows here (a level that this node does not have, columns that are collinear in its rows) have no
    part in what leaves, and none in T.
    """
    by = scaling(information)
    values, vectors = np.linalg.eigh(scaled(information, by))
    seen = values > UNSEEN * len(values) * values.max(initial=0.0)
    return np.asarray(by[:, None] * vectors[:, seen] / np.sqrt(values[seen]))


def effective_size(weights: Array, counts: Array | None = None) -> float:
    """(sum of w)^2 / sum of w^2, each weight as often as `counts` says; 0 for no weight at all."""
    top = float(weights.max(initial=0.0))
    if not top > 0:
        return 0.0
    share = weights / top
    often = np.ones_like(share) if counts is None else counts
    return float((often * share).sum() ** 2 / (often * share * share).sum())


# -- rows -------------------------------------------------------------------------------------------------------------


def _of_rows(question: AtBeta, sample: Sample, at_least: float) -> Influence:
    parameters, specification = question.parameters, question.specification
    weights, owner = specification.weights(sample), _owners(sample)
    # A row with a frequency weight stands for as many persons, each with the row's own information.
    counts = weights if weights is not None and specification.weighted == "fw" and owner is None else None
    sizes, information = _sizes(question, sample)
    if not np.isfinite(information).all():
        return Influence(float(sample.nobs), np.inf, 0.0)  # nothing leaves but that the beta is outside
    if weights is not None and counts is None:
        sizes = sizes * weights
    t = whitening(information)
    traces: Array = np.empty(sample.nobs)
    for rows, z in question.design.blocks(sample):
        traces[rows] = _traces(parameters, z, sizes[..., rows], t @ t.T)
    units = float(sample.nobs if counts is None else counts.sum())
    equations: list[Array] = [sizes[e, e] for e in range(len(parameters.equations))]
    if owner is not None:
        units, traces = float(owner.max(initial=-1) + 1), _by_owner(owner, traces)
        equations = [_by_owner(owner, size) for size in equations]
    effective = min((effective_size(size, counts) for size in equations), default=0.0)
    if owner is None and len(sizes) == 1:
        return Influence(units, effective, float(traces.max(initial=0.0)))
    unit: NDArray[np.intp] = np.arange(sample.nobs) if owner is None else owner
    near = np.isin(unit, np.flatnonzero(traces > at_least))
    closer = _Closer(question, sample.where(near), sizes[..., near], t, unit[near])
    return Influence(units, effective, _largest(traces, at_least, closer.leverage))


def _owners(sample: Sample) -> NDArray[np.intp] | None:
    """The number of the person whom each row is of, from 0; None where each row is a person."""
    persons = getattr(sample, "persons", None)
    return None if persons is None else np.unique(persons.codes, return_inverse=True)[1].astype(np.intp)


def _by_owner(owner: NDArray[np.intp], values: Array) -> Array:
    """The sum of the values of each owner's rows."""
    return np.bincount(owner, weights=values).astype(np.float64)


def _sizes(question: AtBeta, sample: Sample) -> tuple[Array, Array]:
    """The information of each row about its linear predictors (Q, Q, n), unweighted, and the sum of it over rows."""
    likelihood, parameters = question.specification.likelihood, question.parameters
    if not isinstance(likelihood, RowLikelihood):
        raise TypeError(likelihood)
    q = len(parameters.equations) + len(parameters.ancillaries)
    sizes, total = np.empty((q, q, sample.nobs)), np.zeros((parameters.count, parameters.count))
    for block in compute.blocks(question, likelihood, sample):
        size = _absolute(-block.derivatives.hessian, concave=likelihood.concave)
        sizes[..., block.rows] = size
        weighed = size if block.weights is None else size * block.weights
        _add(total, parameters, block.z, weighed)
    return sizes, total


def _absolute(information: Array, *, concave: bool) -> Array:
    """The size of each matrix in (Q, Q, n): itself where it is positive semidefinite."""
    if len(information) == 1:
        return np.abs(information)
    if concave or not np.isfinite(information).all():
        return information
    values, vectors = np.linalg.eigh(np.moveaxis(information, 2, 0))
    sizes = (vectors * np.abs(values)[:, None, :]) @ np.swapaxes(vectors, 1, 2)
    return np.moveaxis(sizes, 0, 2)


def _predictors(parameters: Parameters, z: Array) -> list[tuple[int, slice, Array]]:
    """Each linear predictor's number, the places of its parameters and its columns (n, ·)."""
    q = len(parameters.equations)
    ones, first = np.ones((len(z), 1)), q * parameters.width
    ancillaries = [(q + j, slice(first + j, first + j + 1), ones) for j in range(len(parameters.ancillaries))]
    return [*((e, parameters.block(e), z) for e in range(q)), *ancillaries]


def _add(total: Array, parameters: Parameters, z: Array, sizes: Array) -> None:
    """Add the information of rows with columns `z` (n, p) and `sizes` (Q, Q, n)."""
    predictors = _predictors(parameters, z)
    for (e, at, x), (f, beside, y) in itertools.product(predictors, predictors):
        total[at, beside] += x.T @ (y * sizes[e, f][:, None])


def _traces(parameters: Parameters, z: Array, sizes: Array, inverse: Array) -> Array:
    """The trace (n,) of I^-1 I_i of each row, which no eigenvalue exceeds."""
    total = np.zeros(len(z))
    predictors = _predictors(parameters, z)
    for (e, at, x), (f, beside, y) in itertools.product(predictors, predictors):
        total += sizes[e, f] * np.einsum("ij,ij->i", x @ inverse[at, beside], y)
    return total


@dataclass(frozen=True, slots=True)
class _Closer:
    """Looks closely at the units whose rows these are."""

    question: AtBeta
    sample: Sample
    sizes: Array
    whitening: Array
    owner: NDArray[np.intp]

    def leverage(self, unit: int) -> float:
        """The largest eigenvalue of I^-1/2 I_i I^-1/2."""
        parameters, mine = self.question.parameters, self.owner == unit
        information, sizes, start = np.zeros((parameters.count, parameters.count)), self.sizes[..., mine], 0
        for _, z in self.question.design.blocks(self.sample.where(mine)):
            _add(information, parameters, z, sizes[..., start : start + len(z)])
            start += len(z)
        return _top(self.whitening.T @ information @ self.whitening)


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
    t = whitening(total)
    scale = scaling(total) ** 2
    traces = np.einsum("sij,ij->s", each, t @ t.T)
    effective = effective_size(np.einsum("sii,i->s", each, scale), counts)
    units = float(len(each) if counts is None else counts.sum())
    return Influence(units, effective, _largest(traces, at_least, lambda s: _top(t.T @ each[s] @ t)))


def _largest(traces: Array, at_least: float, exact: Callable[[int], float]) -> float:
    """The largest leverage of units with these traces, which bound it from above."""
    best = 0.0
    for unit in np.argsort(-traces).tolist():
        if traces[unit] <= max(best, at_least):
            return max(best, min(float(traces[unit]), 1.0))
        best = max(best, exact(unit))
    return best


def _top(matrix: Array) -> float:
    return float(np.linalg.eigvalsh(matrix)[-1]) if matrix.size else 0.0
