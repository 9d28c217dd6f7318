"""From rows to sums: log-likelihood, score and Hessian of a model over one node's rows.

Blocks are summed in their order, each with one thread of BLAS, so the same rows give the same bits whatever else the
machine does.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.likelihood import RowLikelihood, SetLikelihood

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedfolder.likelihood import ObservationDerivatives
    from fedfolder.likelihood.base import Rows, SetDerivatives
    from fedfolder.questions.at_beta import AtBeta
    from fedfolder.questions.parameters import Parameters
    from fedfolder.questions.sample import Sample

    Array = NDArray[np.float64]


@dataclass(slots=True)
class Contribution:
    """What the rows of one node add at one beta; `defined` is False where the likelihood is not defined at some row."""

    loglike: float
    score: Array
    hessian: Array
    further: dict[str, float] = field(default_factory=dict)
    defined: bool = True

    @classmethod
    def nothing(cls, parameters: int) -> Contribution:
        """No rows."""
        return cls(0.0, np.zeros(parameters), np.zeros((parameters, parameters)))


@functools.cache
def one_thread() -> Any:  # noqa: ANN401 - threadpoolctl has no types
    """What limits BLAS to one thread, so that sums are the same bits whatever else the machine does."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def contribution(question: AtBeta, sample: Sample) -> Contribution:
    """Log-likelihood, score Z's and Hessian Z' diag(h) Z at eta = Z beta, over the rows of `sample`.

    Raises
    ------
    VariableError
        If an outcome cannot be one of the model's.
    """
    sample = question.included(sample)
    with one_thread().limit(limits=1, user_api="blas"), np.errstate(over="ignore", invalid="ignore", under="ignore"):
        match question.specification.likelihood:
            case SetLikelihood() as likelihood:
                total = _of_sets(question, likelihood, sample)
            case RowLikelihood() as likelihood:
                total = _of_rows(question, likelihood, sample)
            case other:
                raise TypeError(other)
    return settled(total)


def settled(total: Contribution) -> Contribution:
    """The same with one triangle of the Hessian on both sides; nothing but zeros where anything is not finite.

    Both triangles come out of the same products, but not always of the same order of additions.
    """
    if math.isfinite(total.loglike) and np.isfinite(total.score).all() and np.isfinite(total.hessian).all():
        lower = np.tril(total.hessian)
        return dataclasses.replace(total, hessian=lower + np.tril(total.hessian, -1).T)
    undefined = Contribution.nothing(len(total.score))
    undefined.further = dict.fromkeys(total.further, 0.0)
    undefined.defined = False
    return undefined


def scores(question: AtBeta, sample: Sample) -> Array:
    """The score of each row, or of each set, at `question.beta`: (n, P), weighted, in the order of the sample.

    The score of a set stands at its first row; the other rows have zeros.
    """
    sample = question.included(sample)
    found = np.zeros((sample.nobs, question.parameters.count))
    with one_thread().limit(limits=1, user_api="blas"):
        match question.specification.likelihood:
            case SetLikelihood() as likelihood:
                for places, derivatives, weights in sets(question, likelihood, sample):
                    found[places[:, 0]] = derivatives.score * weights[:, np.newaxis]
            case RowLikelihood() as likelihood:
                for block in blocks(question, likelihood, sample):
                    found[block.rows] = _row_scores(question.parameters, block)
    return found


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows: their columns, linear predictors, what is observed, the derivatives of each, and their weights."""

    rows: slice
    z: Array
    eta: Array
    observed: Rows
    derivatives: ObservationDerivatives
    weights: Array | None


def blocks(question: AtBeta, likelihood: RowLikelihood, sample: Sample) -> Iterator[Block]:
    """The rows, a block at a time, with the derivatives of each row."""
    specification = question.specification
    observed, parameters = specification.rows(sample), question.parameters
    offset, weights = specification.offset(sample), specification.weights(sample)
    for rows, z in question.design.blocks(sample):
        eta = parameters.predictors(z, question.beta, None if offset is None else offset[rows])
        seen = {role: values[rows] for role, values in observed.items()}
        found = likelihood.derivatives(seen, eta)
        yield Block(rows, z, eta, seen, found, None if weights is None else weights[rows])


def _of_rows(question: AtBeta, likelihood: RowLikelihood, sample: Sample) -> Contribution:
    parameters = question.parameters
    total = Contribution.nothing(parameters.count)
    total.further = dict.fromkeys(likelihood.also, 0.0)
    for block in blocks(question, likelihood, sample):
        loglike, score, hessian = _weighted(block)
        total.loglike += float(loglike.sum())
        _add_score(total.score, parameters, block.z, score)
        _add_hessian(total.hessian, parameters, block.z, hessian)
        further = likelihood.further(block.observed, block.eta)
        for name, values in zip(likelihood.also, further, strict=True):
            total.further[name] += float((values if block.weights is None else values * block.weights).sum())
    return total


def _weighted(block: Block) -> tuple[Array, Array, Array]:
    found = block.derivatives
    if block.weights is None:
        return found
    return found.loglike * block.weights, found.score * block.weights, found.hessian * block.weights


def _add_score(total: Array, parameters: Parameters, z: Array, score: Array) -> None:
    q = len(parameters.equations)
    for e in range(q):
        total[parameters.block(e)] += z.T @ score[e]
    total[q * parameters.width :] += score[q:].sum(axis=1)


def _add_hessian(total: Array, parameters: Parameters, z: Array, hessian: Array) -> None:
    """Add the lower triangle, block by block."""
    q = len(parameters.equations)
    for e in range(q):
        for f in range(e + 1):
            total[parameters.block(e), parameters.block(f)] += z.T @ (z * hessian[e, f][:, np.newaxis])
        total[q * parameters.width :, parameters.block(e)] += hessian[q:, e] @ z
    total[q * parameters.width :, q * parameters.width :] += hessian[q:, q:].sum(axis=2)


def _row_scores(parameters: Parameters, block: Block) -> Array:
    _, score, _ = _weighted(block)
    q = len(parameters.equations)
    return np.hstack([*(block.z * score[e][:, np.newaxis] for e in range(q)), score[q:].T])


def _of_sets(question: AtBeta, likelihood: SetLikelihood, sample: Sample) -> Contribution:
    total = Contribution.nothing(question.parameters.count)
    for _, found, weights in sets(question, likelihood, sample):
        total.loglike += float((found.loglike * weights).sum())
        total.score += found.score.T @ weights
        total.hessian += np.tensordot(weights, found.hessian, axes=1)
    return total


def sets(
    question: AtBeta, likelihood: SetLikelihood, sample: Sample
) -> Iterator[tuple[NDArray[np.intp], SetDerivatives, Array]]:
    """The sets, those with as many rows and ones together: the places of their rows (S, m), derivatives, weights."""
    specification = question.specification
    if not sample.nobs:
        return
    z = np.vstack([block for _, block in question.design.blocks(sample)])
    y = specification.rows(sample)["y"]
    eta = question.parameters.predictors(z, question.beta, specification.offset(sample))[0]
    weights = specification.weights(sample)
    for places in alike(specification.sets(sample), y):
        w = np.ones(len(places)) if weights is None else weights[places[:, 0]]
        yield places, likelihood.set_derivatives(y[places], eta[places], z[places]), w


def alike(sets: NDArray[np.int64], y: Array) -> list[NDArray[np.intp]]:
    """The places of the rows of each set, (S, m), for sets with as many rows and as many ones, in a fixed order."""
    order = np.argsort(sets, kind="stable")
    starts = np.flatnonzero(np.diff(sets[order], prepend=sets[order][:1] - 1))
    sizes = np.diff(starts, append=len(order))
    ones = np.add.reduceat(y[order], starts)
    found: dict[tuple[int, float], list[int]] = {}
    for start, kind in zip(starts.tolist(), zip(sizes.tolist(), ones.tolist(), strict=True), strict=True):
        found.setdefault(kind, []).append(start)
    return [order[np.add.outer(found[kind], np.arange(kind[0]))] for kind in sorted(found)]
