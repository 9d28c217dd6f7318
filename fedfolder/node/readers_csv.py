"""Reading .csv files: names in the first line; encoding, delimiter and decimal sign as `dialect` finds them.

What a column is does not depend on its neighbours:

- It is numeric when every cell of it is a number or a sign for a missing one.
- It is numeric, too, when every cell is a date of one form: see `cells`.
- Otherwise it is text, all of it. Codes whose zeros matter (`01`) must be text in every row, or come in another format.
- Missing in numbers and dates: the empty or blank cell, Stata's `.` and `.a` to `.z`, `NaN`, and the words NA, N/A and
  NULL or those that node.toml names. Missing in text: the empty cell, `.` and the words. `describe` mentions the words
  that it met, and what else looks like one and is a level (`None`, say).

What can be meant in two ways is a problem, which `describe` tells and a person decides: a file's owner knows, we would
guess.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.errors import DataFileError
from fedfolder.node.cells import ALWAYS_MISSING, LEVEL_MARKS, NAN, Spelling, days, is_grouped, is_number_somehow
from fedfolder.node.cells import looks_like_a_date as is_date_somehow
from fedfolder.node.dialect import detect, text_file
from fedfolder.node.readers import Field, Numbering, Table, TextColumn, join_numbers
from fedfolder.node.text_file import SETTINGS, spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from fedfolder.node.dialect import Dialect
    from fedfolder.node.readers import RawColumn
    from fedfolder.node.reading import Reading
    from fedfolder.node.text_file import TextFile


@dataclass(frozen=True, slots=True)
class CsvSource:
    """An opened .csv: a `Source`."""

    dialect: Dialect
    header: Sequence[str]

    @property
    def fields(self) -> Mapping[str, Field]:
        """Its columns; one without a name (R's row names) is none."""
        return {name: Field() for name in self.header if name}

    @property
    def how(self) -> tuple[tuple[str, str], ...]:
        """What was detected, and what was looked at."""
        return self.dialect.how

    @property
    def decimal(self) -> str:
        """The file's decimal sign."""
        return self.dialect.spelling.decimal

    def read(self, wanted: Sequence[str], words: Mapping[str, frozenset[str]]) -> Table:
        """The wanted columns.

        Raises
        ------
        DataFileError
            The file is malformed, or changed while it was read.
        """
        cells = {name: _Cells(self._spelling(name, words)) for name in wanted}
        nrows = self._fill(cells)
        again = {name: _Cells(cells[name].spelling, numeric=False) for name in wanted if cells[name].changed}
        if again and self._fill(again) != nrows:
            raise DataFileError(
                "the data file changed while it was read", where=str(self.dialect.file.path), do="again"
            )
        found = {name: column.settle(self.dialect) for name, column in (cells | again).items()}
        return Table(
            nrows,
            {name: column.values for name, column in found.items()},
            {name: column.note for name, column in found.items() if column.note},
            {name: column.problem for name, column in found.items() if column.problem},
        )

    def _spelling(self, name: str, words: Mapping[str, frozenset[str]]) -> Spelling:
        spelling = self.dialect.spelling
        return Spelling(spelling.decimal, words.get(name, spelling.missing))

    def _fill(self, columns: Mapping[str, _Cells]) -> int:
        """Put the cells of the file into its columns; the number of rows."""
        places = [(self.header.index(name), column) for name, column in columns.items()]
        nrows = 0
        for chunk in self.dialect.file.columns(len(self.header)):
            nrows += len(chunk[0])
            for place, column in places:
                column.add(chunk[place])
        return nrows


def open_csv(path: Path, reading: Reading) -> CsvSource:
    """The .csv at `path`; raises `DataFileError` when it is none, or cannot be told how it is to be read."""
    file, said = text_file(path, reading)
    header = read_header(file)
    return CsvSource(detect(file, header, said, reading), header)


class _Distinct(dict[str, int]):
    """Cells, numbered from 0 in the order in which they are first looked up."""

    def __missing__(self, cell: str) -> int:
        """Give the next number to a new cell."""
        self[cell] = len(self)
        return self[cell]


@dataclass(frozen=True, slots=True, eq=False)
class _Settled:
    """What a column is."""

    values: RawColumn = field(repr=False)
    note: str = ""
    problem: str = ""


@dataclass(slots=True)
class _Cells:
    """A column that grows by chunks: numbers as long as it can be, otherwise its distinct cells and where they stand.

    `changed` tells that numbers came first and something else later: it must be read again, since the numbers do not
    tell how they were written.
    """

    spelling: Spelling
    numeric: bool = True
    changed: bool = False
    numbers: list[NDArray[np.float64]] = field(default_factory=list)
    distinct: _Distinct = field(default_factory=_Distinct)
    codes: list[NDArray[np.intp]] = field(default_factory=list)
    words: set[str] = field(default_factory=set)

    def add(self, cells: Sequence[str]) -> None:
        """Take in the next cells."""
        if self.changed:
            return
        if self.numeric:
            values = self.spelling.numbers(cells)
            if values is not None:
                self.numbers.append(values)
                self.words |= _words(cells, self.spelling) if np.isnan(values).any() else set()
                return
            self.numeric, self.changed = False, bool(self.numbers)
        self.codes.append(np.fromiter(map(self.distinct.__getitem__, cells), np.intp, len(cells)))

    def settle(self, dialect: Dialect) -> _Settled:
        """What the column is, once all of it is known."""
        if self.numeric:
            return _Settled(join_numbers(self.numbers), _taken(self.words))
        return _meaning(list(self.distinct), self.spelling, dialect).at(np.concatenate(self.codes))


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What distinct cells are: each a value, or each a text; a problem, and a note."""

    cells: Sequence[str] = field(repr=False)
    missing: frozenset[str]
    values: Sequence[float] | None = field(default=None, repr=False)
    note: str = ""
    problem: str = ""

    def at(self, codes: NDArray[np.intp]) -> _Settled:
        """The column that has these cells at these places."""
        if self.values is not None:
            return _Settled(np.array(self.values, dtype=np.float64)[codes], self.note, self.problem)
        numbering = Numbering({*self.missing, "."})
        texts = numbering.codes(self.cells)
        return _Settled(TextColumn(texts[codes], numbering.levels), self.note, self.problem)


def _meaning(cells: Sequence[str], spelling: Spelling, dialect: Dialect) -> _Meaning:
    """Numbers, dates or text."""
    numbers = [spelling.number(cell) for cell in cells]
    if None not in numbers:
        return _Meaning(cells, spelling.missing, numbers, _taken(_words(cells, spelling)))  # type: ignore[arg-type]
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
    words = _taken(_words(cells, spelling))
    return _Meaning(
        cells, spelling.missing, [by_cell.get(cell, NAN) for cell in cells], "; ".join(filter(None, [note, words]))
    )


def _note_on_text(cells: Sequence[str], present: Sequence[str], spelling: Spelling) -> str:
    """What a person should know about a column that is text."""
    notes = [_taken({cell for cell in map(str.strip, cells) if cell in spelling.missing | {"."} and cell})]
    if all(is_number_somehow(cell) or is_grouped(cell) for cell in present):
        notes.append("numbers with another decimal sign, or with signs between thousands, are text")
    marks = ", ".join(sorted(LEVEL_MARKS.intersection(map(str.strip, cells)) - spelling.missing))
    if marks:
        notes.append(f"{marks} taken as text, not as missing: name them in missing = [...] in {SETTINGS} if they are")
    return "; ".join(filter(None, notes))


def _words(cells: Iterable[str], spelling: Spelling) -> frozenset[str]:
    """The words for missing among the cells of numbers; the usual signs of Stata go without saying."""
    return (spelling.missing | {"NaN"}).intersection(map(str.strip, set(cells))) - (ALWAYS_MISSING - {"NaN"})


def _taken(words: Iterable[str]) -> str:
    found = ", ".join(sorted(words))
    return f"{found} taken as missing" if found else ""


# -- the header --------------------------------------------------------------------------------------------------------


def read_header(file: TextFile) -> list[str]:
    """The names in the first line, blanks around them removed; a column may have no name (R's row names).

    Raises
    ------
    DataFileError
        There is none, it holds numbers, or a name twice. The message tells places, not names: without a header, the
        first line is someone's data.
    """
    where = str(file.path)
    header = [name.strip() for name in next(file.rows(), [])]
    if not header:
        what = "the data file is empty"
        raise DataFileError(what, where=where, expected="variable names in the first line", do="export it again")
    if any(_is_value(name) for name in header):
        what = "the data file has no header"
        do = "export it again with variable names in the first line, none of them a bare number"
        raise DataFileError(what, where=f"{where}, line 1", found="numbers", expected="variable names", do=do)
    for place, name in enumerate(header):
        if name and name in header[:place]:
            what = "two columns have the same name"
            found = f"columns {header.index(name) + 1} and {place + 1} are named alike"
            raise DataFileError(what, where=f"{where}, line 1", found=found, do="rename one of them")
    return header


def _is_value(name: str) -> bool:
    """Whether a name is a number or a date; `inf` is a name."""
    return is_date_somehow(name) or (is_number_somehow(name) and name.lstrip("+-.,")[0].isdigit())
