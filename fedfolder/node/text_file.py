"""A file of text as rows of cells, and where it stops being one.

The standard library's reader is used, not pandas': it tells a short row from missing cells, knows line numbers, and
keeps cells out of its messages. Lines without quotation marks are split without it.
"""

from __future__ import annotations

import csv
import io
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, TextIO

from fedfolder.errors import DataFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

BLOCK = 1 << 18
CHUNK_ROWS = 5_000
"""Characters, and rows, that are held at a time: few enough to stay in the processor's cache."""
SETTINGS = "node.toml, below [reading]"


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file whose rows are lines, and whose cells are separated by `delimiter`."""

    path: Path
    encoding: str
    delimiter: str = ","

    def rows(self) -> Iterator[list[str]]:
        """The rows as cells, the header first; blank lines are no rows.

        Raises
        ------
        DataFileError
            It is no such file; the line is named, and nothing that stands in it.
        """
        with self._opened() as file:
            yield from self._parsed(file, 0)

    def columns(self, width: int) -> Iterator[Sequence[Sequence[str]]]:
        """The rows below the header, many at a time, as columns; each row is as wide as the header."""
        with self._opened() as file:
            lines, above = 0, 1
            while text := file.read(BLOCK):
                text += file.readline()
                plain = text.replace("\r\n", "\n")
                if '"' in plain or "\r" in plain:
                    rows = self._parsed(chain(io.StringIO(text, newline=""), file), lines)
                    yield from self._turned(islice(rows, above, None), width)
                    return
                lines += plain.count("\n")
                rows_here = [line for line in plain.split("\n") if line]
                if rows_here[above:]:
                    yield self._split(rows_here[above:], width)
                above = 0 if rows_here else above

    @contextmanager
    def _opened(self) -> Iterator[TextIO]:
        with explained(self.path), self.path.open(encoding=self.encoding, newline="") as file:
            try:
                yield file
            except UnicodeDecodeError:
                raise self._undecodable() from None

    def _parsed(self, lines: Iterable[str], before: int) -> Iterator[list[str]]:
        """The rows that some lines are, after `before` others."""
        reader = csv.reader(lines, strict=True, delimiter=self.delimiter)
        try:
            yield from filter(None, reader)
        except csv.Error:
            what = "the data file is not a well-formed .csv"
            found = "a quotation mark out of place, or a cell without an end"
            do = "look at this line and the cell that begins before it"
            where = f"{self.path}, line {before + reader.line_num}"
            raise DataFileError(what, where=where, found=found, do=do) from None

    def _turned(self, rows: Iterator[list[str]], width: int) -> Iterator[Sequence[Sequence[str]]]:
        """Rows as columns, many at a time."""
        while chunk := list(islice(rows, CHUNK_ROWS)):
            try:
                columns = list(zip(*chunk, strict=True))
            except ValueError:
                raise self._ragged(width) from None
            if len(columns) != width:
                raise self._ragged(width)
            yield columns

    def _split(self, lines: Sequence[str], width: int) -> Sequence[Sequence[str]]:
        """The columns of lines without a quotation mark: what the reader gives, in half the time."""
        if set(map(str.count, lines, repeat(self.delimiter))) != {width - 1}:
            raise self._ragged(width)
        cells = self.delimiter.join(lines).split(self.delimiter)
        return [cells[place::width] for place in range(width)]

    def _ragged(self, width: int) -> DataFileError:
        """Where the first row stands that has too few or too many cells; read again, since chunks don't count lines."""
        with self.path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(file, strict=True, delimiter=self.delimiter)
            cells = next((len(row) for row in reader if row and len(row) != width), width)
            what = "a row of the data file has too few or too many cells"
            where = f"{self.path}, line {reader.line_num}"
        do = f"put quotation marks around cells that contain {spoken(self.delimiter)}"
        if width == 1:
            do = f'if the cells are separated by something else, write delimiter = ";" (or another) into {SETTINGS}'
        return DataFileError(what, where=where, found=f"{cells} cells", expected=f"{width}, as in the header", do=do)

    def _undecodable(self) -> DataFileError:
        """Where the first line stands that is not in the encoding."""
        line = 0
        with self.path.open("rb") as file:
            for line, text in enumerate(file, start=1):  # noqa: B007  (the line reached is the result)
                try:
                    text.decode(self.encoding)
                except UnicodeDecodeError:
                    break
        name = "UTF-8" if self.encoding.startswith("utf-8") else self.encoding
        do = f'save it as UTF-8, or write encoding = "cp1252" (or another) into {SETTINGS}'
        return DataFileError(
            f"the data file is not {name} text", where=f"{self.path}, line {line}", expected=name, do=do
        )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """A drive that goes away in the middle of a file is an error of ours."""
    try:
        yield
    except OSError as error:
        what = "the data file cannot be read to its end"
        found = error.strerror or type(error).__name__
        raise DataFileError(what, where=str(path), found=found, do="check that the drive is connected") from None


def spoken(sign: str) -> str:
    """A sign in words."""
    known = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar", ".": "a point"}
    return known.get(sign, f'"{sign}"')
