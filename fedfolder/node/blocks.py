"""Blocks of a text file's lines, cut into cells by arrays: where the signs between cells stand, and nothing else.

Only what cannot be meant in two ways is cut here: lines of one width, whose quotation marks, if there are any, stand
around whole cells. Everything else is left to Python's reader, which the lines are given to as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from fedfolder.node.keys import LONGEST, keys_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LINE_END, QUOTE = ord("\n"), ord('"')
WIDE = 64
"""Bytes of the longest cell of a column that is still cut by arrays: all cells take as much room."""
_ONE_BYTE = ("utf-8", "ascii", "iso8859-", "cp125", "cp437", "cp85", "cp86")
"""How the names of encodings begin in which no byte of another sign is one of ASCII."""


def can_be_cut(encoding: str) -> bool:
    """Whether a byte that looks like a sign between cells is one, in this encoding."""
    return encoding.startswith(_ONE_BYTE)


class Block(Protocol):
    """Some rows of a file."""

    @property
    def nrows(self) -> int:
        """How many."""

    def cells(self, place: int) -> Sequence[str]:
        """The cells of a column."""

    def keys(self, place: int) -> NDArray[np.uint64] | None:
        """The same as keys (see `fedfolder.node.keys`); None if a cell is too long for one, or they were not cut."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that Python's reader has taken apart: a `Block`."""

    columns: Sequence[Sequence[str]]

    @property
    def nrows(self) -> int:
        """The length of any column."""
        return len(self.columns[0])

    def cells(self, place: int) -> Sequence[str]:
        """As it was read."""
        return self.columns[place]

    def keys(self, place: int) -> None:
        """None."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Lines and the places of their cells: a `Block`.

    Parameters
    ----------
    text : bytes
        The lines, and `LONGEST` bytes behind them.
    ends : (n, width) int
        Where each cell ends.
    starts : (n,) int
        Where each line starts.
    encoding : str
        Of the text.
    quoted : bool
        Whether some cells stand between quotation marks.
    """

    text: bytes
    ends: NDArray[np.intp]
    starts: NDArray[np.intp]
    encoding: str
    quoted: bool

    @property
    def nrows(self) -> int:
        """The number of lines."""
        return len(self.starts)

    def below(self, rows: int) -> Cut:
        """Without the first rows."""
        return Cut(self.text, self.ends[rows:], self.starts[rows:], self.encoding, self.quoted)

    def _spans(self, place: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Where the cells of a column start, and their lengths."""
        ends = self.ends[:, place]
        starts = self.ends[:, place - 1] + 1 if place else self.starts
        if not self.quoted:
            return starts, ends - starts
        inside = (np.frombuffer(self.text, np.uint8)[starts] == QUOTE).astype(np.intp)
        return starts + inside, ends - starts - 2 * inside

    def keys(self, place: int) -> NDArray[np.uint64] | None:
        """As the protocol says."""
        starts, lengths = self._spans(place)
        return None if lengths.max(initial=0) > LONGEST else keys_of(self.text, starts, lengths)

    def cells(self, place: int) -> Sequence[str]:
        """As the protocol says."""
        starts, lengths = self._spans(place)
        longest = int(lengths.max(initial=1))
        if longest > WIDE:
            spans = zip(starts.tolist(), lengths.tolist(), strict=True)
            return [self.text[start : start + length].decode(self.encoding) for start, length in spans]
        words = -(-longest // LONGEST)
        found = np.empty((len(starts), words), dtype="<u8")
        last = len(self.text) - LONGEST
        for word in range(words):
            at = word * LONGEST
            here = np.clip(lengths - at, 0, LONGEST)
            found[:, word] = keys_of(self.text, np.minimum(starts + at, last), here)
        texts: list[bytes] = found.view(f"S{words * LONGEST}").ravel().tolist()
        # No cell that was cut holds a line end.
        return b"\n".join(texts).decode(self.encoding).split("\n") if texts else []


def cut(lines: bytes, delimiter: str, width: int, encoding: str) -> Cut | None:
    """Whole lines, cut into cells; None when they are not as plain as it takes, or not of one width.

    Parameters
    ----------
    lines : bytes
        In an encoding that can be cut; the last one may lack its end.
    delimiter : str
        The sign between cells, one byte.
    width : int
        The number of cells in each line.
    """
    if b"\r" in lines:
        lines = lines.replace(b"\r\n", b"\n")
    if b"\r" in lines or b"\0" in lines:
        return None
    if not lines.endswith(b"\n"):
        lines += b"\n"
    found = _cut(lines, delimiter, width, encoding)
    if found is None or (width == 1 and (found.ends[:, 0] == found.starts).any()):
        # Blank lines are no rows.
        fewer = b"".join(line + b"\n" for line in lines.split(b"\n") if line)
        return _cut(fewer, delimiter, width, encoding) if len(fewer) < len(lines) else None
    return found


def _cut(lines: bytes, delimiter: str, width: int, encoding: str) -> Cut | None:
    text = lines + bytes(LONGEST)
    each = np.frombuffer(text, np.uint8)[: len(lines)]
    line_ends, ends_here = each == LINE_END, each == ord(delimiter)
    rows = int(np.count_nonzero(line_ends))
    places = np.flatnonzero(np.logical_or(line_ends, ends_here, out=ends_here))
    if len(places) != rows * width:
        return None
    ends = places.reshape(rows, width)
    if not line_ends[ends[:, -1]].all():
        return None
    quoted = b'"' in lines
    if quoted and not _around_whole_cells(each, ends):
        return None
    starts = np.empty(rows, dtype=np.intp)
    starts[:1], starts[1:] = 0, ends[:-1, -1] + 1
    return Cut(text, ends, starts, encoding, quoted)


def _around_whole_cells(each: NDArray[np.uint8], ends: NDArray[np.intp]) -> bool:
    """Whether every quotation mark is the first or the last byte of a cell that begins and ends with one."""
    stops = ends.ravel()
    starts = np.empty_like(stops)
    starts[0], starts[1:] = 0, stops[:-1] + 1
    both = (each[starts] == QUOTE) & (each[stops - 1] == QUOTE) & (stops - starts > 1)
    return bool(np.count_nonzero(each == QUOTE) == 2 * np.count_nonzero(both))
