"""A column of a text file while it is read: it grows by blocks, and is settled at the end."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.node import keys
from fedfolder.node.meaning import Settled, meaning_of, taken, words_among
from fedfolder.node.narrow import Narrowing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from fedfolder.node.blocks import Block
    from fedfolder.node.cells import Spelling
    from fedfolder.node.dialect import Dialect

AT_A_TIME = 1 << 14
"""Cells of a column that are looked at together."""
FEW = 256
"""Different numbers that are looked up sooner than they are read."""


class _Distinct(dict[str, int]):
    """Cells, numbered from 0 in the order in which they are first looked up."""

    def __missing__(self, cell: str) -> int:
        """Give the next number to a new cell."""
        self[cell] = len(self)
        return self[cell]


class GrowingColumn:
    """A column that grows by blocks: numbers as long as it can be, otherwise its distinct cells and where they stand.

    `changed` tells that numbers came first and something else later: it must be read again, since the numbers do not
    tell how they were written.

    Short cells wait as keys until there are enough of them, so that arrays are long; what they are is the same as that
    of each cell by itself.
    """

    def __init__(self, spelling: Spelling, encoding: str, *, numeric: bool = True) -> None:
        self.spelling, self.numeric, self.changed = spelling, numeric, False
        self._encoding = encoding
        self._numbers, self._codes = Narrowing(), Narrowing()
        self._distinct = _Distinct()
        self._words: set[str] = set()
        self._waiting: list[NDArray[np.uint64]] = []
        self._numbers_of = keys.Lookup(self._value, np.float64)
        self._known = keys.Lookup(self._code, np.int64)
        words = [word.encode() for word in spelling.plain_words]
        self._plain_words = [np.uint64(keys.key(word)) for word in words if len(word) <= keys.LONGEST]

    def add(self, block: Block, place: int) -> None:
        """Take in the cells of a column of the next block."""
        if self.changed:
            return
        short = None if self._has_many() else block.keys(place)
        if short is None:
            self.take_in()
            self._add_cells(block.cells(place))
            return
        self._waiting.append(short)
        if sum(map(len, self._waiting)) >= AT_A_TIME:
            self.take_in()

    def take_in(self) -> None:
        """Take in what waits."""
        if not self._waiting:
            return
        short = np.concatenate(self._waiting)
        self._waiting.clear()
        if self._stays_numeric(lambda: self._values(short)):
            return
        if not self.changed:
            self._codes.add(self._known.at(short))

    def settle(self, dialect: Dialect) -> Settled:
        """What the column is, once all of it is known."""
        if self.numeric:
            return Settled(self._numbers.column(), taken(self._words))
        return meaning_of(list(self._distinct), self.spelling, dialect).at(self._codes.column())

    def _has_many(self) -> bool:
        """Whether there are so many different cells that each is looked up by itself."""
        return len(self._known if not self.numeric else self._numbers_of) > keys.MANY

    def _add_cells(self, cells: Sequence[str]) -> None:
        """Take in cells one by one."""
        if self.changed or self._stays_numeric(lambda: self._careful_values(cells)) or self.changed:
            return
        self._codes.add(np.fromiter(map(self._distinct.__getitem__, cells), np.int64, len(cells)))

    def _stays_numeric(self, read: Callable[[], NDArray[np.float64] | None]) -> bool:
        """Whether the column was and is numeric with the next cells, which then are in it."""
        values = read() if self.numeric else None
        if values is not None:
            self._numbers.add(values)
            return True
        self.numeric, self.changed = False, self.changed or (self.numeric and len(self._numbers) > 0)
        return False

    def _careful_values(self, cells: Sequence[str]) -> NDArray[np.float64] | None:
        values = self.spelling.numbers(cells)
        if values is not None and np.isnan(values).any():
            self._words |= words_among(cells, self.spelling)
        return values

    def _values(self, short: NDArray[np.uint64]) -> NDArray[np.float64] | None:
        """The number of each cell, NaN where it is missing; None when one is text."""
        with suppress(_TextError):
            if len(self._numbers_of) <= FEW and len(np.unique(short[: 2 * FEW])) <= FEW:
                return self._numbers_of.at(short)
            values, plain = keys.numbers(short, self.spelling.decimal)
            for word in self._plain_words:
                plain &= short != word
            if not plain.all():
                unusual = np.logical_not(plain)
                values[unusual] = self._numbers_of.at(short[unusual])
            return values
        return None

    def _value(self, text: bytes) -> float:
        """The number in a cell; raises `_TextError` when it is text."""
        cell = text.decode(self._encoding)
        value = self.spelling.number(cell)
        if value is None:
            raise _TextError
        self._words |= words_among([cell], self.spelling)
        return value

    def _code(self, text: bytes) -> int:
        return self._distinct[text.decode(self._encoding)]


class _TextError(Exception):
    """A cell is no number."""
