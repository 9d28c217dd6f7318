"""The clusters of a model with a random intercept, with all that an evaluation needs of them and no beta changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.likelihood import Clusters
from fedfolder.questions import prepared
from fedfolder.questions.blocks import runs
from fedfolder.questions.design import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from fedfolder.questions.at_beta import AtBeta
    from fedfolder.questions.sample import Sample

    Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Clustered:
    """Some whole clusters: their rows, the offset of each row (n,), and the place of each cluster's first row (S,)."""

    clusters: Clusters
    offset: Array | None
    first: NDArray[np.intp]


def clustered(question: AtBeta, sample: Sample) -> Iterable[Clustered]:
    """The clusters of `sample`, some at a time: at most a block of rows, or one cluster."""
    return prepared.of_question("clusters", question, sample, 8, lambda: _parts(question, sample))


def _parts(question: AtBeta, sample: Sample) -> Iterator[Clustered]:
    specification = question.specification
    if not sample.nobs:
        return
    observed = specification.likelihood.prepared(specification.rows(sample))
    weights, offset = specification.weights(sample), specification.offset(sample)
    z = question.design.matrix(sample)
    order, starts = runs(specification.sets(sample))
    for begin, end in _together(starts, len(order)):
        rows = order[begin:end]
        some = starts[(starts >= begin) & (starts < end)] - begin
        owner = np.repeat(np.arange(len(some)), np.diff(some, append=len(rows)))
        yield Clustered(
            Clusters(
                some,
                owner,
                z[rows],
                {role: values[rows] for role, values in observed.items()},
                None if weights is None else weights[rows],
            ),
            None if offset is None else offset[rows],
            rows[some],
        )


def _together(starts: NDArray[np.intp], rows: int) -> Iterator[tuple[int, int]]:
    """Where blocks of whole clusters begin and end."""
    begin, before = 0, 0
    for end in (*starts[1:].tolist(), rows):
        if end - begin > BLOCK and before > begin:
            yield begin, before
            begin = before
        before = end
    yield begin, rows
