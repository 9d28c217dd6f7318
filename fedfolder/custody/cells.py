"""Persons, and how many of them are in the cells of a node's categorical and 0/1 columns.

Rows are counted in crosstabs; persons only where the count of rows does not settle it.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from fedfolder.questions.sample import Sample

PACK = 64
"""Cells of several columns that are counted together, at most."""
MOST_CELLS = 4_000_000
"""Cells of two columns that are counted, at most."""


@dataclass(frozen=True, slots=True)
class Persons:
    """Who the rows are of: each its own person, or by `codes` (n,), from 0 to `number` - 1."""

    nrows: int
    number: int
    codes: NDArray[np.int64] | None = field(default=None, repr=False)
    largest: tuple[int, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, sample: Sample) -> Persons:
        """Those of a sample."""
        if sample.persons is None:
            return cls(sample.nobs, sample.nobs)
        rows = np.bincount(sample.persons.codes)
        codes = (np.cumsum(rows > 0) - 1)[sample.persons.codes]
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

    def sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values (n,) added up by person."""
        if self.codes is None:
            return values
        return np.bincount(self.codes, values, self.number).astype(np.float64, copy=False)


Crosstab: TypeAlias = "tuple[Coded, Coded, NDArray[np.int64] | None]"
"""Two columns, and the rows in each of their cells."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of categories: a factor, two-valued numbers, or the cells of several.

    Parameters
    ----------
    names : tuple of str
        The variables that it is made of.
    codes : (n,) int64
        The category of each row, from 0.
    size : int
        Number of categories.
    """

    names: tuple[str, ...]
    codes: NDArray[np.int64] = field(repr=False)
    size: int

    @classmethod
    def joint(cls, parts: Sequence[Coded]) -> Coded:
        """The cells that occur of several columns."""
        codes, size = parts[0].codes, parts[0].size
        for part in parts[1:]:
            key = codes * part.size + part.codes
            found, codes = np.unique(key, return_inverse=True)
            size = len(found)
        return cls(tuple(name for part in parts for name in part.names), codes, size)

    def counts(self) -> NDArray[np.int64]:
        """Rows in each category."""
        return np.bincount(self.codes, minlength=self.size)


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
    for one, other in itertools.combinations_with_replacement(list(_packs(columns)), 2):
        if one is other:
            yield from _pairs(one, list(itertools.combinations(range(len(one)), 2)))
        else:
            between = itertools.product(range(len(one)), range(len(one), len(one) + len(other)))
            yield from _pairs([*one, *other], list(between))


def crosstabs_with(one: Coded, columns: Sequence[Coded]) -> Iterator[Crosstab]:
    """One column with each of the others, as `crosstabs` has them."""
    for pack in _packs(columns):
        yield from _pairs([one, *pack], [(0, j) for j in range(1, len(pack) + 1)])


def _pairs(parts: Sequence[Coded], pairs: Sequence[tuple[int, int]]) -> Iterator[Crosstab]:
    """The crosstabs of some pairs of these columns, which are counted together if they are small."""
    if pairs and math.prod(part.size for part in parts) <= MOST_CELLS:
        table = _table(parts)
        for i, j in pairs:
            others = tuple(k for k in range(len(parts)) if k not in {i, j})
            yield parts[i], parts[j], table.sum(axis=others)
    else:
        for a, b in ((parts[i], parts[j]) for i, j in pairs):
            yield a, b, _table([a, b]) if a.size * b.size <= MOST_CELLS else None


def _packs(columns: Sequence[Coded]) -> Iterator[list[Coded]]:
    pack: list[Coded] = []
    for column in columns:
        if pack and math.prod(part.size for part in pack) * column.size > PACK:
            yield pack
            pack = []
        pack.append(column)
    if pack:
        yield pack


def _table(parts: Sequence[Coded]) -> NDArray[np.int64]:
    sizes = [part.size for part in parts]
    key = parts[0].codes
    for part in parts[1:]:
        key = key * part.size + part.codes
    return np.bincount(key, minlength=math.prod(sizes)).reshape(sizes)
