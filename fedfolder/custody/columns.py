"""The columns of a fit, as rules look at them: a block of rows at a time, levels as places in a sparse matrix."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.command.terms import Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from fedfolder.questions.sample import Sample

    Array = NDArray[np.float64]

NUMBERS = 1 << 18
"""Numbers in the columns that are worked on at a time: what a processor's cache holds."""
FEWEST_ROWS = 4096
"""Rows that are worked on at a time, at least."""
MOST_CELLS = 1 << 20
"""Combinations of levels up to which columns are found by a table."""
SOME = 16
"""Columns of the same factors from which they are held as places, of which a row has one."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns X (n, p): ones, then those that are held as numbers, then those that are held as places.

    Parameters
    ----------
    numbers : tuple of Column
        Held as numbers.
    places : tuple of _Places
        Held as places.
    """

    numbers: tuple[Column, ...]
    places: tuple[_Places, ...]

    @classmethod
    def of(cls, columns: Iterable[Column], sample: Sample) -> Columns:
        """These columns, of the rows of `sample`."""
        numbers, places, first = [Column()], list["_Places"](), 0

        def shape(column: Column) -> tuple[tuple[str, ...], tuple[str, ...]]:
            return tuple(name for name, _ in column.factors), column.continuous

        for (names, _), group in groupby(sorted(columns, key=shape), key=shape):
            some = list(group)
            cells = math.prod(len(sample.levels(name).levels) for name in names)
            if names and len(some) >= SOME and cells <= MOST_CELLS:
                places.append(_Places.of(some, sample, first))
                first += len(some)
            else:
                numbers += some
        return cls(tuple(numbers), tuple(places))

    def blocks(self, sample: Sample) -> Iterator[tuple[slice, Block]]:
        """X by blocks of the rows of `sample`."""
        entries = len(self.numbers) + len(self.places)
        rows = max(FEWEST_ROWS, NUMBERS // entries)
        for start in range(0, sample.nobs, rows):
            part = sample.rows(start, start + rows)
            yield slice(start, start + rows), self._block(part)

    def _block(self, part: Sample) -> Block:
        dense = np.empty((part.nobs, len(self.numbers)), order="F")
        for j, column in enumerate(self.numbers):
            dense[:, j] = part.column(column)
        return Block(dense, _sparse(self.places, part) if self.places else None)


@dataclass(frozen=True, slots=True)
class _Places:
    """Columns of the same factors and numbers, of which each row has at most one that is not zero.

    Parameters
    ----------
    names : tuple of str
        The factors.
    value : Column
        What stands in a row's column.
    table : (sizes of the factors) int64
        The place of the column of each combination of levels; -1 for none.
    """

    names: tuple[str, ...]
    value: Column
    table: NDArray[np.int64]
    count: int

    @classmethod
    def of(cls, columns: Sequence[Column], sample: Sample, first: int) -> _Places:
        """Those of columns whose places begin at `first`."""
        names = tuple(name for name, _ in columns[0].factors)
        codes = [{level: code for code, level in enumerate(sample.levels(name).levels)} for name in names]
        table = np.full([len(known) for known in codes], -1, dtype=np.int64)
        for place, column in enumerate(columns, start=first):
            table[tuple(known[level] for known, (_, level) in zip(codes, column.factors, strict=True))] = place
        return cls(names, Column(continuous=columns[0].continuous), table, len(columns))

    def at(self, part: Sample) -> tuple[NDArray[np.int64], Array]:
        """The place of each row's column, and what stands there; 0 in the first of all columns for none."""
        places = self.table[tuple(part.levels(name).codes for name in self.names)]
        return np.maximum(places, 0), np.where(places < 0, 0.0, part.column(self.value))


def _sparse(places: Sequence[_Places], part: Sample) -> Any:  # noqa: ANN401 - scipy has no types
    from scipy.sparse import csr_array

    found = [each.at(part) for each in places]
    indices = np.stack([place for place, _ in found], axis=1).ravel()
    values = np.stack([value for _, value in found], axis=1).ravel()
    ends = np.arange(0, len(indices) + 1, len(places))
    return csr_array((values, indices, ends), shape=(part.nobs, sum(each.count for each in places)))


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows of X."""

    dense: Array
    sparse: Any

    def times(self, matrix: Array) -> Array:
        """X times `matrix` (p, r)."""
        some = self.dense.shape[1]
        found = self.dense @ matrix[:some]
        return np.asarray(found if self.sparse is None else found + self.sparse @ matrix[some:])

    def squares_times(self, weights: Array) -> Array:
        """The squares of X, each column by its weight (p,), added up by row."""
        some = self.dense.shape[1]
        found = np.square(self.dense) @ weights[:some]
        return np.asarray(found if self.sparse is None else found + self.sparse.power(2) @ weights[some:])

    def crossed(self) -> Array:
        """X'X, (p, p)."""
        dense = self.dense.T @ self.dense
        if self.sparse is None:
            return np.asarray(dense)
        across = self.sparse.T @ self.dense
        return np.block([[dense, across.T], [across, (self.sparse.T @ self.sparse).toarray()]])

    def few(self, rows: NDArray[np.bool_]) -> Block:
        """Some of these rows."""
        return Block(self.dense[rows], None if self.sparse is None else self.sparse[rows])

    def scaled(self, by: Array) -> Block:
        """The rows, each times a number (n,)."""
        across = by[:, np.newaxis]
        return Block(self.dense * across, None if self.sparse is None else self.sparse.multiply(across).tocsr())
