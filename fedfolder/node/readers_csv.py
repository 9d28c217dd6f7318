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

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.errors import DataFileError
from fedfolder.node.cells import Spelling, is_number_somehow
from fedfolder.node.cells import looks_like_a_date as is_date_somehow
from fedfolder.node.dialect import detect, text_file
from fedfolder.node.growing_column import GrowingColumn
from fedfolder.node.progress import unwatched
from fedfolder.node.readers import Field, Table
from fedfolder.node.text_file import GuessError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from fedfolder.node.dialect import Dialect
    from fedfolder.node.progress import Watch
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

    def read(self, wanted: Sequence[str], words: Mapping[str, frozenset[str]], watch: Watch = unwatched) -> Table:
        """The wanted columns.

        Raises
        ------
        DataFileError
            The file is malformed, or changed while it was read.
        """
        encoding = self.dialect.file.encoding_inside
        cells = {name: GrowingColumn(self._spelling(name, words), encoding) for name in wanted}
        nrows = self._fill(cells, watch)
        again = {
            name: GrowingColumn(cells[name].spelling, encoding, numeric=False) for name in wanted if cells[name].changed
        }
        if again and self._fill(again, watch) != nrows:
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

    def _fill(self, columns: Mapping[str, GrowingColumn], watch: Watch) -> int:
        """Put the cells of the file into its columns; the number of rows."""
        places = [(self.header.index(name), column) for name, column in columns.items()]
        nrows = 0
        for block in self.dialect.file.blocks(len(self.header), watch, {place for place, _ in places}):
            nrows += block.nrows
            for place, column in places:
                column.add(block, place)
        for column in columns.values():
            column.take_in()
        return nrows


class GuessedSource:
    """An opened .csv that is taken for ASCII until something else is met in it: a `Source`.

    Which encoding a file is in, only its last byte may tell; in most files of numbers and codes, none does. So these
    are read once and not twice.
    """

    def __init__(self, path: Path, reading: Reading) -> None:
        self._path, self._reading = path, reading
        self._source = _opened(path, reading, guess=True)

    @property
    def fields(self) -> Mapping[str, Field]:
        """Its columns."""
        return self._source.fields

    @property
    def how(self) -> tuple[tuple[str, str], ...]:
        """What was detected, the encoding included."""
        return self._settled().how

    @property
    def decimal(self) -> str:
        """The file's decimal sign."""
        return self._source.decimal

    def read(self, wanted: Sequence[str], words: Mapping[str, frozenset[str]], watch: Watch = unwatched) -> Table:
        """As `CsvSource.read`."""
        with suppress(GuessError):
            return self._source.read(wanted, words, watch)
        return self._settled().read(wanted, words, watch)

    def _settled(self) -> CsvSource:
        """The same file, once it is known what it is."""
        if self._source.dialect.file.guessed:
            self._source = _opened(self._path, self._reading)
        return self._source


def open_csv(path: Path, reading: Reading) -> CsvSource | GuessedSource:
    """The .csv at `path`; raises `DataFileError` when it is none, or cannot be told how it is to be read."""
    if reading.encoding is None:
        # What is wrong with a file is said once its encoding is known.
        with suppress(GuessError, DataFileError):
            return GuessedSource(path, reading)
    return _opened(path, reading)


def _opened(path: Path, reading: Reading, *, guess: bool = False) -> CsvSource:
    file, said = text_file(path, reading, guess=guess)
    header = read_header(file)
    if guess and any("\0" in name for name in header):
        raise GuessError
    return CsvSource(detect(file, header, said, reading), header)


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
