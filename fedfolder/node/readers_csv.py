"""Reading .csv files: UTF-8, commas, names in the first line.

What a cell means does not depend on its neighbours' guesses:

- A column is numeric when every cell of it is a number or a sign for a missing one; otherwise it is text, all of it.
- Missing in a numeric column: the empty or blank cell, Stata's `.` and `.a` to `.z`, and R's `NA` and `NaN`, which
  `describe` mentions. Missing in a text column: the empty cell alone, as in Stata. There `NA`, `.` or `None` are levels
  like any other, since a country, a name or a code may be spelled so; `describe` mentions them too.
- Digits are numbers, quoted or not: `01` is 1, as Stata's `import delimited` reads it. Codes whose zeros matter must be
  text in every row, or come in a .dta. `TRUE` and `FALSE` are text, as in Stata.
- A number's digits give the nearest float64, so that one printed with 17 digits comes back as it was.

The standard library's reader is used, not pandas': it tells a short row from missing cells, knows line numbers, and
keeps cells out of its messages.
"""

from __future__ import annotations

import csv
import re
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.errors import DataFileError
from fedfolder.node.readers import (
    CHUNK_ROWS,
    Description,
    Frame,
    Numbering,
    TextColumn,
    VariableInfo,
    check_names,
    join_codes,
    join_numbers,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from fedfolder.node.readers import RawColumn

NUMBER = re.compile(r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf|infinity)", re.ASCII | re.IGNORECASE)
PLAIN = re.compile("[0-9.eE+-]*", re.ASCII)
STATA_MISSING = frozenset({"."} | {f".{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"})
R_MISSING = frozenset({"NA", "NaN"})
TEXT_MARKS = frozenset({"NA", "NaN", "nan", "None", "null", "NULL", "N/A"}) | STATA_MISSING
"""What other programs write for a missing value, and what is a level here."""


@dataclass(slots=True)
class _Survey:
    """What the first pass learns of a column."""

    keep: bool
    numeric: bool = True
    chunks: list[NDArray[np.float64]] = field(default_factory=list)
    missing: int = 0
    empty: int = 0
    marks: set[str] = field(default_factory=set)

    def add(self, cells: Sequence[str]) -> None:
        """Take in the next cells; once one of them is text, the numbers so far are of no use."""
        self.empty += cells.count("")
        self.marks |= TEXT_MARKS.intersection(cells)
        if not self.numeric:
            return
        values = numbers(cells)
        if values is None:
            self.numeric = False
            self.chunks.clear()
            return
        self.missing += int(np.isnan(values).sum())
        if self.keep:
            self.chunks.append(values)

    def info(self, name: str) -> VariableInfo:
        """What there is to show of the column."""
        if self.numeric:
            found = ", ".join(sorted(self.marks & R_MISSING))
            note = f"{found} taken as missing" if found else ""
            return VariableInfo(name, "numeric", "", 0, self.missing, note)
        found = ", ".join(sorted(self.marks))
        note = f"{found} taken as text, not as missing: leave such cells empty if they are" if found else ""
        return VariableInfo(name, "text", "", 0, self.empty, note)


def number(cell: str) -> float | None:
    """The number in a cell: NaN when it is missing, None when it is text."""
    bare = cell.strip()
    if not bare or bare in STATA_MISSING or bare in R_MISSING:
        return float("nan")
    return float(bare) if NUMBER.fullmatch(bare) else None


def numbers(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """The number in each cell, NaN where it is missing; None when a cell is text."""
    if PLAIN.fullmatch("".join(cells)):
        # Of cells in these characters, `float` takes those that `number` takes: the same result, sooner.
        with suppress(ValueError):
            return np.array([float(cell or "nan") for cell in cells])
    distinct = Numbering()
    codes = distinct.codes(cells)
    values = [number(cell) for cell in (*distinct.levels, "")]
    # The empty cell has the code -1, which picks the last number.
    return None if None in values else np.array(values, dtype=np.float64)[codes]


def describe_csv(path: Path) -> Description:
    """The variables of a .csv; raises `DataFileError` when it is not one."""
    names = read_header(path)
    named = [name for name in names if name]
    nrows, surveys = _survey(path, names, named, keep=False)
    return Description(nrows, tuple(surveys[name].info(name) for name in named))


def read_csv(path: Path, wanted: Sequence[str]) -> Frame:
    """The wanted columns of a .csv.

    The file is read once, and once more if a column turns out to be text.

    Raises
    ------
    DataFileError
        The file is empty, not UTF-8, has no header, ragged rows, two columns of one name, or changes meanwhile.
    UnknownNameError
        A wanted column is not there.
    """
    names = read_header(path)
    check_names(str(path), wanted, [name for name in names if name])
    nrows, surveys = _survey(path, names, wanted, keep=True)
    columns: dict[str, RawColumn] = {n: join_numbers(s.chunks) for n, s in surveys.items() if s.numeric}
    columns |= _texts(path, names, [n for n, s in surveys.items() if not s.numeric])
    if any(_length(column) != nrows for column in columns.values()):
        raise DataFileError("the data file changed while it was read", where=str(path), do="start again")
    return Frame(str(path), nrows, {name: columns[name] for name in wanted})


def _length(column: RawColumn) -> int:
    return len(column.codes if isinstance(column, TextColumn) else column)


def _survey(path: Path, names: Sequence[str], wanted: Sequence[str], *, keep: bool) -> tuple[int, dict[str, _Survey]]:
    """The number of rows and what the wanted columns are."""
    surveys = {name: _Survey(keep) for name in wanted}
    places = [(names.index(name), survey) for name, survey in surveys.items()]
    nrows = 0
    for rows in _chunks(path, len(names)):
        nrows += len(rows)
        for place, survey in places:
            survey.add([row[place] for row in rows])
    return nrows, surveys


def _texts(path: Path, names: Sequence[str], wanted: Sequence[str]) -> dict[str, TextColumn]:
    """The wanted columns as text."""
    if not wanted:
        return {}
    numberings = {name: Numbering() for name in wanted}
    parts: dict[str, list[NDArray[np.int32]]] = {name: [] for name in wanted}
    for rows in _chunks(path, len(names)):
        for name in wanted:
            place = names.index(name)
            parts[name].append(numberings[name].codes([row[place] for row in rows]))
    return {name: TextColumn(join_codes(parts[name]), numberings[name].levels) for name in wanted}


def read_header(path: Path) -> list[str]:
    """The names in the first line, blanks around them removed; a column may have no name (R's row names).

    Raises
    ------
    DataFileError
        There is none, it is separated by something else, holds numbers, or a name twice. The message tells places, not
        names: without a header, the first line is someone's data.
    """
    header = [name.strip() for name in next(_rows(path), [])]
    if not header:
        what = "the data file is empty"
        raise DataFileError(what, where=str(path), expected="variable names in the first line", do="export it again")
    if any("\0" in name for name in header):
        raise DataFileError("the data file is not text", where=str(path), expected="a .csv file", do="export it again")
    _check_separator(path, header)
    if any(NUMBER.fullmatch(name) and name.lstrip("+-.")[0].isdigit() for name in header):
        what = "the data file has no header"
        do = "export it again with variable names in the first line, none of them a bare number"
        raise DataFileError(what, where=f"{path}, line 1", found="numbers", expected="variable names", do=do)
    for place, name in enumerate(header):
        if name and name in header[:place]:
            what = "two columns have the same name"
            found = f"columns {header.index(name) + 1} and {place + 1} are named alike"
            raise DataFileError(what, where=f"{path}, line 1", found=found, do="rename one of them")
    return header


def _check_separator(path: Path, header: Sequence[str]) -> None:
    """A header of one column that has semicolons or tabs in it was meant to be several."""
    for mark, word in ((";", "semicolons"), ("\t", "tabs")):
        if sum(name.count(mark) for name in header) > len(header) - 1:
            what = f"the data file looks as if its columns were separated by {word}"
            do = "export it with commas between columns and points in numbers, or as .dta"
            raise DataFileError(what, where=f"{path}, line 1", found=word, expected="commas", do=do)


def _chunks(path: Path, width: int) -> Iterator[list[list[str]]]:
    """The rows below the header, many at a time, each as wide as the header."""
    rows = _rows(path)
    next(rows, None)
    while chunk := list(islice(rows, CHUNK_ROWS)):
        if any(len(row) != width for row in chunk):
            raise _ragged(path, width)
        yield chunk


def _rows(path: Path) -> Iterator[list[str]]:
    """The rows as cells; blank lines are no rows."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            yield from filter(None, reader)
        except UnicodeDecodeError:
            raise _undecodable(path) from None
        except OSError as error:
            what = "the data file cannot be read to its end"
            found = error.strerror or type(error).__name__
            raise DataFileError(what, where=str(path), found=found, do="check that the drive is connected") from None
        except csv.Error:
            what = "the data file is not a well-formed .csv"
            found = "a quotation mark out of place, or a cell without an end"
            do = "look at this line and the cell that begins before it"
            raise DataFileError(what, where=f"{path}, line {reader.line_num}", found=found, do=do) from None


def _ragged(path: Path, width: int) -> DataFileError:
    """Where the first row stands that has too few or too many cells; read again, since chunks don't count lines."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        cells = next((len(row) for row in reader if row and len(row) != width), width)
        what = "a row of the data file has too few or too many cells"
        where = f"{path}, line {reader.line_num}"
    do = "put quotation marks around cells that contain a comma"
    return DataFileError(what, where=where, found=f"{cells} cells", expected=f"{width}, as in the header", do=do)


def _undecodable(path: Path) -> DataFileError:
    """Where the first line stands that is not UTF-8."""
    line = 0
    with path.open("rb") as file:
        for line, text in enumerate(file, start=1):  # noqa: B007  (the line reached is the result)
            try:
                text.decode("utf-8")
            except UnicodeDecodeError:
                break
    what = "the data file is not UTF-8 text"
    do = "save it as UTF-8 (Stata's `export delimited` does), or as .dta"
    return DataFileError(what, where=f"{path}, line {line}", expected="UTF-8", do=do)
