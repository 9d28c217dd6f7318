"""The sets of a conditional model, with all that an evaluation needs of them and that no beta changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

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
class Matched:
    """S sets of m rows and as many ones: places, outcomes and offsets (S, m), columns (S, m, p), weights (S,)."""

    places: NDArray[np.intp]
    y: Array
    z: Array
    offset: Array | None
    weights: Array


def matched(question: AtBeta, sample: Sample) -> Iterable[Matched]:
    """The sets of `sample`, those with as many rows and ones together, at most a block of rows at a time."""
    return prepared.of_question("sets", question, sample, 4, lambda: _sets(question, sample))


def _sets(question: AtBeta, sample: Sample) -> Iterator[Matched]:
    specification = question.specification
    if not sample.nobs:
        return
    y, weights, offset = specification.rows(sample)["y"], specification.weights(sample), specification.offset(sample)
    z = question.design.matrix(sample)
    for places in alike(specification.sets(sample), y):
        step = max(BLOCK // places.shape[1], 1)
        for some in (places[at : at + step] for at in range(0, len(places), step)):
            yield Matched(
                some,
                y[some],
                z[some],
                None if offset is None else offset[some],
                np.ones(len(some)) if weights is None else weights[some[:, 0]],
            )


def alike(sets: NDArray[np.int64], y: Array) -> list[NDArray[np.intp]]:
    """The places of the rows of each set, (S, m), for sets with as many rows and as many ones, in a fixed order."""
    order, starts = runs(sets)
    sizes = np.diff(starts, append=len(order))
    ones = np.add.reduceat(y[order], starts)
    found: dict[tuple[int, float], list[int]] = {}
    for start, kind in zip(starts.tolist(), zip(sizes.tolist(), ones.tolist(), strict=True), strict=True):
        found.setdefault(kind, []).append(start)
    return [order[np.add.outer(found[kind], np.arange(kind[0]))] for kind in sorted(found)]
