"""A file of text as rows of cells, and where it stops being one.

The standard library's reader is used, not pandas': it tells a short row from missing cells, knows line numbers, and
keeps cells out of its messages. Lines that are plain enough are cut without it, see `fedfolder.node.blocks`.
"""

from __future__ import annotations

import csv
import io
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from fedfolder.errors import DataFileError
from fedfolder.node.blocks import Rows, can_be_cut, cut
from fedfolder.node.progress import unwatched
from fedfolder.node.stepping import Lines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from fedfolder.node.blocks import Block, Cut
    from fedfolder.node.progress import Watch

BLOCK = 1 << 20
CHUNK_ROWS = 5_000
"""Bytes, and rows, that are held at a time: many enough for what each block costs besides."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SETTINGS = "node.toml, below [reading]"


class GuessError(Exception):
    """A file that was taken for plain ASCII is not: its encoding must be found out."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file whose rows are lines, and whose cells are separated by `delimiter`.

    With a `guessed` encoding, which is ASCII, only blocks that can be cut are read: at anything else, `GuessError` is
    raised.
    """

    path: Path
    encoding: str
    delimiter: str = ","
    guessed: bool = False

    def rows(self) -> Iterator[list[str]]:
        """The rows as cells, the header first; blank lines are no rows.

        Raises
        ------
        DataFileError
            It is no such file; the line is named, and nothing that stands in it.
        """
        with self._opened() as file:
            yield from self._parsed(file)

    def blocks(self, width: int, watch: Watch = unwatched, wanted: Collection[int] | None = None) -> Iterator[Block]:
        """The rows below the header, many at a time; each row is as wide as the header.

        Parameters
        ----------
        width : int
            The names in the header.
        watch : callable, optional
            Is told how far it is.
        wanted : collection of int, optional
            The columns whose cells will be asked for; all by default.

        Raises
        ------
        DataFileError
            As `rows`.
        """
        with self._opened() as file:
            above, at, size = 1, 0, max(1, self.path.stat().st_size)
            while chunk := file.read(BLOCK):
                rest = file.readline()
                block = self._cut(Lines.of(chunk, rest), width, wanted, at_start=not at)
                if block is None:
                    file.seek(at)
                    for turned in self._turned(islice(self._left(file), above, None), width):
                        watch(file.tell() / size)
                        yield turned
                    return
                here = block.below(above) if above else block
                above, at = max(0, above - block.nrows), at + len(chunk) + len(rest)
                watch(at / size)
                if here.nrows:
                    yield here

    def columns(self, width: int) -> Iterator[Sequence[Sequence[str]]]:
        """The same as columns of cells."""
        for block in self.blocks(width):
            yield [block.cells(place) for place in range(width)]

    @property
    def encoding_inside(self) -> str:
        """The encoding anywhere but at the start, where a mark is none of the text."""
        return "utf-8" if self.encoding == "utf-8-sig" else self.encoding

    def _left(self, file: BinaryIO) -> Iterator[list[str]]:
        """The rows from where a file stands, which cannot be cut."""
        if self.guessed:
            raise GuessError
        return self._parsed(file)

    def _cut(self, lines: Lines, width: int, wanted: Collection[int] | None, *, at_start: bool) -> Cut | None:
        """Lines cut into cells; None when they cannot be."""
        if not can_be_cut(self.encoding) or not self.delimiter.isascii():
            return None
        if not lines.text.isascii():
            lines.text.decode(self.encoding)
            if self.encoding == "utf-8-sig" and at_start and lines.text.startswith(BYTE_ORDER_MARK):
                lines = Lines.of(lines.bare.removeprefix(BYTE_ORDER_MARK))
        return cut(lines, self.delimiter, width, self.encoding_inside, range(width) if wanted is None else wanted)

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        with explained(self.path), self.path.open("rb") as file:
            try:
                yield file
            except UnicodeDecodeError:
                raise (GuessError if self.guessed else self._undecodable()) from None

    def _parsed(self, file: BinaryIO) -> Iterator[list[str]]:
        """The rows from where a file stands."""
        at = file.tell()
        encoding = self.encoding_inside if at else self.encoding
        text = io.TextIOWrapper(file, encoding=encoding, newline="")
        reader = csv.reader(text, strict=True, delimiter=self.delimiter)
        try:
            yield from filter(None, reader)
        except csv.Error:
            what = "the data file is not a well-formed .csv"
            found = "a quotation mark out of place, or a cell without an end"
            do = "look at this line and the cell that begins before it"
            where = f"{self.path}, line {lines_before(self.path, at) + reader.line_num}"
            raise DataFileError(what, where=where, found=found, do=do) from None
        finally:
            # Whoever opened the file closes it, or has by now.
            with suppress(ValueError):
                text.detach()

    def _turned(self, rows: Iterator[list[str]], width: int) -> Iterator[Block]:
        """Rows as columns, many at a time."""
        while chunk := list(islice(rows, CHUNK_ROWS)):
            try:
                columns = list(zip(*chunk, strict=True))
            except ValueError:
                raise self._ragged(width) from None
            if len(columns) != width:
                raise self._ragged(width)
            yield Rows(columns)

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


def lines_before(path: Path, place: int) -> int:
    """The number of lines before a place in a file; counted when there is something to say, and not for every file."""
    with path.open("rb") as file:
        return sum(file.read(min(BLOCK, place - at)).count(b"\n") for at in range(0, place, BLOCK))


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
