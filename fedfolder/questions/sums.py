"""Sums: the one type of everything that leaves a node.

A table whose rows are found by labels, and named scalars. Tables add row by row, and a missing row is zero; so levels
with their counts, moments, derivatives and histograms all have one adder, one writer and one reader.
"""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.errors import TamperedAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Labels = tuple[str, ...]
Values = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Sums:
    """Scalars, and a table of `rows` whose labels are headed by `keys` and whose values by `columns`."""

    scalars: Mapping[str, float]
    keys: Labels
    columns: Labels
    rows: Mapping[Labels, Values]

    def value(self, labels: Labels, column: str) -> float:
        """One cell; zero where there is no such row."""
        row = self.rows.get(labels)
        return 0.0 if row is None else row[self.columns.index(column)]

    def require_finite(self, *, where: str) -> Sums:
        """Return self.

        Raises
        ------
        TamperedAnswerError
            If a number is NaN or infinite, or a row has another length than the heading.
        """
        for labels, values in self.rows.items():
            if len(values) != len(self.columns) or len(labels) != len(self.keys):
                raise TamperedAnswerError("a row of this answer has another length than its heading", where=where)
            if not all(map(math.isfinite, values)):
                raise TamperedAnswerError("a number in this answer is not finite", where=f"{where}: {' '.join(labels)}")
        if not all(map(math.isfinite, self.scalars.values())):
            raise TamperedAnswerError("a number in this answer is not finite", where=where)
        return self


def add(parts: Iterable[Sums]) -> Sums:
    """Add answers, each number by `math.fsum`: correctly rounded, so the same in every order.

    Rows and scalars stand in the order in which they are first seen; a caller who wants the same text in every run
    gives the parts in the order of the roster.

    Raises
    ------
    ValueError
        If there is nothing to add, or the headings differ.
    TamperedAnswerError
        If a sum is too large for a float64.
    """
    parts = list(parts)
    if not parts:
        raise ValueError("there is nothing to add")
    first = parts[0]
    if any((p.keys, p.columns) != (first.keys, first.columns) for p in parts):
        raise ValueError("tables with different headings cannot be added")
    labels = dict.fromkeys(label for part in parts for label in part.rows)
    zero = (0.0,) * len(first.columns)
    rows = {
        label: tuple(_sum(cells) for cells in zip(*(p.rows.get(label, zero) for p in parts), strict=True))
        for label in labels
    }
    names = dict.fromkeys(name for part in parts for name in part.scalars)
    scalars = {name: _sum(p.scalars.get(name, 0.0) for p in parts) for name in names}
    return Sums(scalars, first.keys, first.columns, rows)


def _sum(cells: Iterable[float]) -> float:
    try:
        return math.fsum(cells)
    except OverflowError:
        raise TamperedAnswerError("the answers add up to more than a float64 can hold", where="the sums") from None


_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)

_WHOLE_BELOW = 1e15
"""Whole numbers below this are written without a point or exponent."""


def write_number(value: float) -> str:
    """Text of a float64 that reads back to the same bits (`repr`, at most 17 digits); whole numbers without `.0`."""
    return (
        repr(int(value))
        if value.is_integer() and abs(value) < _WHOLE_BELOW and not _is_negative_zero(value)
        else repr(value)
    )


def _is_negative_zero(value: float) -> bool:
    return value == 0.0 and math.copysign(1.0, value) < 0


def read_number(text: str, *, where: str) -> float:
    """The number that `text` stands for.

    Raises
    ------
    TamperedAnswerError
        If it is none, or not finite.
    """
    value = _number(text)
    if value is None:
        raise TamperedAnswerError("this is not a finite number", where=where, found=repr(text[:40]))
    return value


def _number(text: str) -> float | None:
    """The finite number that `text` stands for; None if it stands for none."""
    # `float` alone would take spaces, underscores, other scripts' digits and words for numbers.
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    return value if math.isfinite(value) else None


def write_table(keys: Sequence[str], columns: Sequence[str], rows: Mapping[Labels, Sequence[float]]) -> bytes:
    """A table as CSV (RFC 4180, UTF-8, line ends of one byte): a heading, then a row a label."""
    # A number is written in characters that need no quotes.
    lines = [[*map(_field, labels), *map(write_number, values)] for labels, values in rows.items()]
    return "".join(",".join(line) + "\n" for line in [[*map(_field, (*keys, *columns))], *lines]).encode()


def _field(text: str) -> str:
    # Python's csv writes a carriage return bare when lines end in "\n" alone, and its reader ends a line there.
    bare = text != "" and re.search('[",\r\n]', text) is None
    return text if bare else '"' + text.replace('"', '""') + '"'


def read_table(content: bytes, keys: Sequence[str], *, where: str) -> tuple[Labels, dict[Labels, Values]]:
    """Read a table whose labels are headed by `keys`; return the names of its value columns, and its rows.

    Raises
    ------
    TamperedAnswerError
        If it is no such table: other heading, a row twice, a row of another length, a cell that is no number.
    """
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise TamperedAnswerError("this is no table", where=where, found=type(error).__name__) from None
    width = len(keys)
    if not lines or lines[0][:width] != list(keys) or len(set(lines[0])) != len(lines[0]):
        raise TamperedAnswerError("this table has another heading", where=where, expected=",".join(keys))
    rows: dict[Labels, Values] = {}
    for number, line in enumerate(lines[1:], start=2):
        labels, cells = tuple(line[:width]), line[width:]
        if len(line) != len(lines[0]) or labels in rows:
            raise TamperedAnswerError("a row has another length, or stands twice", where=f"{where}: line {number}")
        values = tuple(value for cell in cells if (value := _number(cell)) is not None)
        if len(values) != len(cells):
            values = tuple(read_number(cell, where=f"{where}: line {number}") for cell in cells)
        rows[labels] = values
    return tuple(lines[0][width:]), rows


def to_parts(sums: Sums) -> tuple[dict[str, str], bytes]:
    """What a message carries: the scalars as text, and the table as CSV."""
    scalars = {name: write_number(value) for name, value in sums.scalars.items()}
    return scalars, write_table(sums.keys, sums.columns, sums.rows)


def from_parts(scalars: Mapping[str, object], table: bytes, keys: Sequence[str], *, where: str) -> Sums:
    """The inverse of `to_parts`.

    Raises
    ------
    TamperedAnswerError
        If a scalar is no number written as text, or the table is none.
    """
    columns, rows = read_table(table, keys, where=where)
    numbers = {name: read_number(_text(text, where), where=f"{where}: {name}") for name, text in scalars.items()}
    return Sums(numbers, tuple(keys), columns, rows)


def _text(found: object, where: str) -> str:
    if not isinstance(found, str):
        raise TamperedAnswerError("a number in this answer is not written as text", where=where)
    return found
