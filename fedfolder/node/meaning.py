"""What the cells of a column of a text file are together: numbers, dates or text, with notes and what is open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.node.cells import ALWAYS_MISSING, LEVEL_MARKS, NAN, days, is_grouped, is_number_somehow
from fedfolder.node.cells import looks_like_a_date as is_date_somehow
from fedfolder.node.narrow import by_parts
from fedfolder.node.readers import Numbering, TextColumn
from fedfolder.node.text_file import SETTINGS, spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from fedfolder.node.cells import Spelling
    from fedfolder.node.dialect import Dialect
    from fedfolder.node.readers import RawColumn


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """What a column is."""

    values: RawColumn = field(repr=False)
    note: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What distinct cells are: each a value, or each a text; a problem, and a note."""

    cells: Sequence[str] = field(repr=False)
    missing: frozenset[str]
    values: Sequence[float] | None = field(default=None, repr=False)
    note: str = ""
    problem: str = ""

    def at(self, codes: NDArray[Any]) -> Settled:
        """The column that has these cells at these places."""
        if self.values is not None:
            values = np.array(self.values, dtype=np.float64)
            return Settled(by_parts(codes, values.__getitem__), self.note, self.problem)
        numbering = Numbering({*self.missing, "."})
        texts = numbering.codes(self.cells)
        return Settled(TextColumn(by_parts(codes, texts.__getitem__), numbering.levels), self.note, self.problem)


def meaning_of(cells: Sequence[str], spelling: Spelling, dialect: Dialect) -> _Meaning:
    """Numbers, dates or text."""
    numbers = [spelling.number(cell) for cell in cells]
    if None not in numbers:
        return _Meaning(cells, spelling.missing, numbers, taken(words_among(cells, spelling)))  # type: ignore[arg-type]
    present = [cell for cell in cells if not spelling.is_missing(cell.strip())]
    if all(map(is_date_somehow, present)):
        return _dates(cells, present, spelling, dialect)
    if all(map(is_number_somehow, present)) and not dialect.decimal_is_fixed:
        signs = [sign for sign in ",." if any(sign in cell for cell in present)]
        if len(signs) == 1:
            return _Meaning(cells, spelling.missing, [NAN] * len(cells), problem=_open_decimals(signs[0]))
    return _Meaning(cells, spelling.missing, note=_note_on_text(cells, present, spelling))


def _open_decimals(sign: str) -> str:
    other = "." if sign == "," else ","
    return (
        f"{spoken(sign)} in its numbers may stand before decimals or thousands: "
        f'write decimal = "{sign}" (1{sign}234 is between 1 and 2) or decimal = "{other}" (it is text) into {SETTINGS}'
    )


def _dates(cells: Sequence[str], present: Sequence[str], spelling: Spelling, dialect: Dialect) -> _Meaning:
    """A column whose every cell looks like a date."""
    found = {form: values for form in dialect.forms if (values := days(present, form)) is not None}
    if len(found) > 1 and len({tuple(values) for values in found.values()}) > 1:
        found = {form: values for form, values in found.items() if form in dialect.settled} or found
        if len(found) > 1:
            lines = " or ".join(f'dates = "{form}"' for form in found)
            problem = f"day and month of its dates cannot be told apart: write {lines} into {SETTINGS}"
            return _Meaning(cells, spelling.missing, [NAN] * len(cells), problem=problem)
    if not found:
        note = "" if dialect.forms == () else "looks like dates, but some are not of one form or in no calendar: text"
        return _Meaning(cells, spelling.missing, note=note)
    form, values = next(iter(found.items()))
    by_cell = dict(zip(present, values, strict=True))
    note = f"dates {form}, as days since 1960-01-01"
    words = taken(words_among(cells, spelling))
    return _Meaning(
        cells, spelling.missing, [by_cell.get(cell, NAN) for cell in cells], "; ".join(filter(None, [note, words]))
    )


def _note_on_text(cells: Sequence[str], present: Sequence[str], spelling: Spelling) -> str:
    """What a person should know about a column that is text."""
    notes = [taken({cell for cell in map(str.strip, cells) if cell in spelling.missing | {"."} and cell})]
    if all(is_number_somehow(cell) or is_grouped(cell) for cell in present):
        notes.append("numbers with another decimal sign, or with signs between thousands, are text")
    marks = ", ".join(sorted(LEVEL_MARKS.intersection(map(str.strip, cells)) - spelling.missing))
    if marks:
        notes.append(f"{marks} taken as text, not as missing: name them in missing = [...] in {SETTINGS} if they are")
    return "; ".join(filter(None, notes))


def words_among(cells: Iterable[str], spelling: Spelling) -> frozenset[str]:
    """The words for missing among the cells of numbers; the usual signs of Stata go without saying."""
    return (spelling.missing | {"NaN"}).intersection(map(str.strip, set(cells))) - (ALWAYS_MISSING - {"NaN"})


def taken(words: Iterable[str]) -> str:
    """The note on words for missing that were met; empty without any."""
    found = ", ".join(sorted(words))
    return f"{found} taken as missing" if found else ""
