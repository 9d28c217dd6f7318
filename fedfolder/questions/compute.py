"""From rows to sums: log-likelihood, score and Hessian of a model over one node's rows.

BLAS has one thread, so that the same rows give the same bits whatever else the machine does.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.likelihood import ClusterLikelihood, RiskLikelihood, RowLikelihood, SetLikelihood
from fedfolder.questions import kept, strata
from fedfolder.questions.clustered import clustered
from fedfolder.questions.contributions import Contribution, settled
from fedfolder.questions.matched import alike, matched
from fedfolder.questions.prepared import specification_key
from fedfolder.questions.row_sums import Block, blocks, of_rows, row_scores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedfolder.likelihood.base import SetDerivatives
    from fedfolder.questions.at_beta import AtBeta
    from fedfolder.questions.sample import Sample

    Array = NDArray[np.float64]


@functools.cache
def one_thread() -> Any:  # noqa: ANN401 - threadpoolctl has no types
    """What limits BLAS to one thread, so that sums are the same bits whatever else the machine does."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def contribution(question: AtBeta, sample: Sample) -> Contribution:
    """Log-likelihood, score Z's and Hessian Z' diag(h) Z at eta = Z beta, over the rows of `sample`.

    What custody has looked at is what leaves: it is computed once.

    Raises
    ------
    VariableError
        If an outcome cannot be one of the model's.
    """
    key = (specification_key(question.specification), question.design, question.excluded, question.beta.tobytes())
    return kept.once(sample, "contribution", key, lambda: _contribution(question, sample))


def _contribution(question: AtBeta, sample: Sample) -> Contribution:
    sample = question.included(sample)
    with one_thread().limit(limits=1, user_api="blas"):
        match question.specification.likelihood:
            case SetLikelihood() | ClusterLikelihood() as likelihood:
                total = _of_sets(question, likelihood, sample)
            case RiskLikelihood():
                total = strata.of_strata(question, sample)
            case RowLikelihood() as likelihood:
                total = of_rows(question, likelihood, sample)
            case other:
                raise TypeError(other)
    return settled(total)


def scores(question: AtBeta, sample: Sample) -> Iterator[tuple[slice, Array]]:
    """The score of each row, or of each set, at `question.beta`: (rows, P), weighted, a block of rows at a time.

    The score of a set stands at its first row; the other rows have zeros. All sets are one block,
    and so are all rows that are held against each other at failures.
    """
    sample = question.included(sample)
    match question.specification.likelihood:
        case SetLikelihood() | ClusterLikelihood() as likelihood:
            found = np.zeros((sample.nobs, question.parameters.count))
            for places, derivatives, weights in sets(question, likelihood, sample):
                found[places[:, 0]] = derivatives.score * weights[:, np.newaxis]
            yield slice(0, sample.nobs), found
        case RiskLikelihood():
            yield slice(0, sample.nobs), strata.scores_of_rows(question, sample)
        case RowLikelihood() as likelihood:
            for block in blocks(question, likelihood, sample):
                yield block.rows, row_scores(question.parameters, block)


def _of_sets(question: AtBeta, likelihood: SetLikelihood | ClusterLikelihood, sample: Sample) -> Contribution:
    total = Contribution.nothing(question.parameters.count)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for _, found, weights in sets(question, likelihood, sample):
            total.loglike += float((found.loglike * weights).sum())
            total.score += found.score.T @ weights
            total.hessian += np.tensordot(weights, found.hessian, axes=1)
    return total


def sets(
    question: AtBeta, likelihood: SetLikelihood | ClusterLikelihood, sample: Sample
) -> Iterator[tuple[NDArray[np.intp], SetDerivatives, Array]]:
    """The sets, some with as many rows and ones together: the places of their rows (S, m), derivatives, weights.

    Of clusters, the place of the first row alone (S, 1); what weights there are count within them.
    """
    if isinstance(likelihood, ClusterLikelihood):
        yield from _clusters(question, likelihood, sample)
        return
    for some in matched(question, sample):
        eta = some.z @ question.beta
        if some.offset is not None:
            eta += some.offset
        yield some.places, likelihood.set_derivatives(some.y, eta, some.z), some.weights


def _clusters(
    question: AtBeta, likelihood: ClusterLikelihood, sample: Sample
) -> Iterator[tuple[NDArray[np.intp], SetDerivatives, Array]]:
    p = question.parameters.width
    *shape, sd = question.beta[p:].tolist()
    for some in clustered(question, sample):
        eta = some.clusters.z @ question.beta[:p]
        if some.offset is not None:
            eta += some.offset
        found = likelihood.cluster_derivatives(some.clusters, eta, np.array(shape), sd)
        yield some.first[:, np.newaxis], found, np.ones(len(some.first))


__all__ = ["Block", "Contribution", "alike", "blocks", "contribution", "one_thread", "scores", "sets", "settled"]
