"""Persons, and how many of them are in the cells of a node's categorical and 0/1 columns.

Rows are counted in crosstabs; persons only where the count of rows does not settle it.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from fedfolder.questions.blocks import blocks, code_type, counted, looked_up, numbered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from fedfolder.questions.sample import FactorValues, Sample

    Codes = NDArray[np.signedinteger[Any]]

PACK = 64
"""Cells of several columns that are counted together, at most."""
MOST_CELLS = 4_000_000
"""Cells of two columns that are counted, at most."""


@dataclass(frozen=True, slots=True)
class Persons:
    """Who the rows are of: each its own person, or by `codes` (n,), from 0 to `number` - 1."""

    nrows: int
    number: int
    codes: Codes | None = field(default=None, repr=False)
    largest: tuple[int, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, sample: Sample) -> Persons:
        """Those of a sample."""
        if sample.persons is None:
            return cls(sample.nobs, sample.nobs)
        rows = counted(sample.persons.codes, int(sample.persons.codes.max(initial=-1)) + 1)
        places = (np.cumsum(rows > 0) - 1).astype(code_type(len(rows)))
        codes = looked_up(places, sample.persons.codes)
        counts = np.sort(rows[rows > 0])[::-1]
        return cls(sample.nobs, len(counts), codes, tuple(counts[:1000].tolist()))

    def within(self, rows: NDArray[np.bool_]) -> int:
        """How many persons have one of these rows (n,)."""
        if self.codes is None:
            return int(rows.sum())
        seen = np.zeros(self.number, dtype=np.bool_)
        seen[self.codes[rows]] = True
        return int(seen.sum())

    def most_rows(self, persons: int) -> int:
        """How many rows so many persons can have, at most."""
        if self.codes is None or persons > len(self.largest):
            return persons if self.codes is None else self.nrows
        return sum(self.largest[:persons])

    def sums(self, values: Callable[[slice], NDArray[np.float64]]) -> tuple[float, float]:
        """The largest sum of the values of one person, and the sum of all; `values` gives those of a block of rows."""
        largest = total = 0.0
        by_person = np.zeros(0 if self.codes is None else self.number)
        for rows in blocks(self.nrows):
            found = values(rows)
            total += float(found.sum())
            if self.codes is None:
                largest = max(largest, float(found.max(initial=0.0)))
            else:
                np.add.at(by_person, self.codes[rows], found)
        return max(largest, float(by_person.max(initial=0.0))), total


Crosstab: TypeAlias = "tuple[Coded, Coded, NDArray[np.int64] | None]"
"""Two columns, and the rows in each of their cells."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of categories: a factor, two-valued numbers, or the cells of several.

    Parameters
    ----------
    names : tuple of str
        The variables that it is made of.
    codes : (n,) integers
        The category of each row, from 0.
    size : int
        Number of categories.
    """

    names: tuple[str, ...]
    codes: Codes = field(repr=False)
    size: int

    @classmethod
    def of(cls, name: str, factor: FactorValues) -> Coded:
        """A categorical variable."""
        return cls((name,), factor.codes, max(1, len(factor.levels)))

    @classmethod
    def joint(cls, parts: Sequence[Coded]) -> Coded:
        """The cells that occur of several columns."""
        codes, size = parts[0].codes, parts[0].size
        for part in parts[1:]:
            found, codes = numbered(_keys([cls((), codes, size), part]))
            size = len(found)
        return cls(tuple(name for part in parts for name in part.names), codes, size)

    def counts(self) -> NDArray[np.int64]:
        """Rows in each category."""
        return counted(self.codes, self.size)


def has_few(
    rows: NDArray[np.int64], persons: Persons, least: int, mask: Callable[[tuple[int, ...]], NDArray[np.bool_]]
) -> bool:
    """Whether some cell holds somebody, but fewer than `least` persons.

    Parameters
    ----------
    rows : (...) int64
        The number of rows of each cell.
    mask : callable
        The rows (n,) of the cell at a place of `rows`; asked only where rows alone do not settle it.
    """
    if bool(((rows > 0) & (rows < least)).any()):
        return True
    unsettled = np.argwhere((rows >= least) & (rows <= persons.most_rows(least - 1)))
    return any(persons.within(mask(tuple(place))) < least for place in unsettled.tolist())


def few_in_column(column: Coded, persons: Persons, least: int) -> bool:
    """Whether a category holds somebody, but fewer than `least` persons.

    Complements need no look: those outside a category are in others, and few of them means few in one of these.
    """
    return has_few(column.counts(), persons, least, lambda place: np.equal(column.codes, place[0]))


def few_in_pair(a: Coded, b: Coded, table: NDArray[np.int64], persons: Persons, least: int) -> bool:
    """Whether a cell of two columns holds somebody, but few; so for complements, see `few_in_column`.

    Parameters
    ----------
    table : (a.size, b.size) int64
        The rows of each cell.
    """
    return has_few(table, persons, least, lambda place: np.equal(a.codes, place[0]) & np.equal(b.codes, place[1]))


def crosstabs(columns: Sequence[Coded]) -> Iterator[Crosstab]:
    """Every pair of columns with the rows in its cells; None where there are more cells than can be counted.

    Small columns are counted in packs: one pass over the rows for all pairs of two packs.
    """
    packs = [_Pack.of(parts) for parts in _packs(columns)]
    for one, other in itertools.combinations_with_replacement(packs, 2):
        if one is other:
            yield from _within(one)
        else:
            yield from _between(one, other)


def crosstabs_with(one: Coded, columns: Sequence[Coded]) -> Iterator[Crosstab]:
    """One column with each of the others, as `crosstabs` has them."""
    for parts in _packs(columns):
        yield from _between(_Pack.of([one]), _Pack.of(parts))


@dataclass(frozen=True, slots=True)
class _Pack:
    """Columns that are counted together, and the cell of each row among all that they can have."""

    parts: list[Coded]
    cells: Coded

    @classmethod
    def of(cls, parts: list[Coded]) -> _Pack:
        return cls(parts, Coded((), _keys(parts), math.prod(part.size for part in parts)))

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(part.size for part in self.parts)


def _within(pack: _Pack) -> Iterator[Crosstab]:
    """The crosstabs of the columns of one pack."""
    if len(pack.parts) > 1:
        table = pack.cells.counts().reshape(pack.sizes)
        for i, j in itertools.combinations(range(len(pack.parts)), 2):
            yield pack.parts[i], pack.parts[j], _margin(table, i, j)


def _between(one: _Pack, other: _Pack) -> Iterator[Crosstab]:
    """The crosstabs of each column of one pack with each of the other, counted together if they are small."""
    if one.cells.size * other.cells.size <= MOST_CELLS:
        table = _counted_pairs(one.cells, other.cells).reshape(one.sizes + other.sizes)
        for (i, a), (j, b) in itertools.product(enumerate(one.parts), enumerate(other.parts)):
            yield a, b, _margin(table, i, len(one.parts) + j)
    else:
        for a, b in itertools.product(one.parts, other.parts):
            yield a, b, _counted_pairs(a, b).reshape(a.size, b.size) if a.size * b.size <= MOST_CELLS else None


def _margin(table: NDArray[np.int64], i: int, j: int) -> NDArray[np.int64]:
    """The table of two of its columns."""
    return np.asarray(table.sum(axis=tuple(k for k in range(table.ndim) if k not in {i, j})))


def _packs(columns: Sequence[Coded]) -> Iterator[list[Coded]]:
    pack: list[Coded] = []
    for column in columns:
        if pack and math.prod(part.size for part in pack) * column.size > PACK:
            yield pack
            pack = []
        pack.append(column)
    if pack:
        yield pack


def _keys(parts: Sequence[Coded]) -> Codes:
    """The cell of each row among all that the columns can have together."""
    if len(parts) == 1:
        return parts[0].codes
    found = np.empty(len(parts[0].codes), dtype=code_type(math.prod(part.size for part in parts)))
    for rows in blocks(len(found)):
        key = parts[0].codes[rows].astype(np.int64)
        for part in parts[1:]:
            key = key * part.size + part.codes[rows]
        found[rows] = key
    return found


def _counted_pairs(a: Coded, b: Coded) -> NDArray[np.int64]:
    """The rows of each cell of two columns, (a.size * b.size,)."""
    found = np.zeros(a.size * b.size, dtype=np.int64)
    for rows in blocks(len(a.codes), len(found)):
        found += np.bincount(a.codes[rows].astype(np.int64) * b.size + b.codes[rows], minlength=len(found))
    return found
