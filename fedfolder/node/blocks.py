"""Blocks of a text file's lines, cut into cells by arrays: where the signs between cells stand, and nothing else.

Only what cannot be meant in two ways is cut here: lines of one width, whose quotation marks, if there are any, stand
around whole cells. Everything else is left to Python's reader, which the lines are given to as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from fedfolder.node.keys import LONGEST, keys_of
from fedfolder.node.stepping import Lines, ends_of_cells, ends_of_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

LINE_END, QUOTE = ord("\n"), ord('"')
WIDE = 64
"""Bytes of the longest cell of a column that is still cut by arrays: all cells take as much room."""
ROWS_A_STEP = 4
"""Lines a column, from which on steps are quicker than writing down where all cells end."""
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
        The lines, and `LONGEST` bytes or more behind them.
    ends : mapping of int to (n,) int
        Where the cells of a column end: of those that can be asked for, and those in front of them.
    starts : (n,) int
        Where each line starts.
    encoding : str
        Of the text.
    quoted : bool
        Whether some cells stand between quotation marks.
    """

    text: bytes
    ends: Mapping[int, NDArray[np.intp]]
    starts: NDArray[np.intp]
    encoding: str
    quoted: bool = False

    @property
    def nrows(self) -> int:
        """The number of lines."""
        return len(self.starts)

    def below(self, rows: int) -> Cut:
        """Without the first rows."""
        ends = {place: ends[rows:] for place, ends in self.ends.items()}
        return Cut(self.text, ends, self.starts[rows:], self.encoding, self.quoted)

    def _spans(self, place: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Where the cells of a column start, and their lengths."""
        ends = self.ends[place]
        starts = self.ends[place - 1] + 1 if place else self.starts
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


def cut(lines: Lines, delimiter: str, width: int, encoding: str, wanted: Collection[int]) -> Cut | None:
    """Lines, cut into cells; None when they are not as plain as it takes, or not of one width.

    Parameters
    ----------
    lines : Lines
        In an encoding that can be cut.
    delimiter : str
        The sign between cells, one byte.
    width : int
        The number of cells in each line.
    wanted : collection of int
        The columns whose cells will be asked for.
    """
    if b"\r" in lines.text:
        lines = Lines.of(lines.bare.replace(b"\r\n", b"\n"))
    if b"\r" in lines.text or lines.text.find(b"\0", 0, lines.size) >= 0:
        return None
    found = _cut(lines, delimiter, width, encoding, wanted)
    if found is None or (width == 1 and (found.ends[0] == found.starts).any()):
        # Blank lines are no rows.
        fewer = Lines.of(b"".join(line + b"\n" for line in lines.bare.split(b"\n") if line))
        return _cut(fewer, delimiter, width, encoding, wanted) if fewer.size < lines.size else None
    return found


def _cut(lines: Lines, delimiter: str, width: int, encoding: str, wanted: Collection[int]) -> Cut | None:
    text, quoted, ends = lines.text, b'"' in lines.text, None
    line_ends = ends_of_lines(text)
    starts = np.empty_like(line_ends)
    starts[:1], starts[1:] = 0, line_ends[:-1] + 1
    if not quoted and len(starts) >= max(1, ROWS_A_STEP * width):
        needed = {place - before for place in wanted for before in (0, 1)}
        ends = ends_of_cells(text, delimiter, width, (starts, line_ends), needed)
    if ends is None:
        ends = _all_ends(text, delimiter, width, line_ends, quoted=quoted)
    return None if ends is None else Cut(text, ends, starts, encoding, quoted)


def _all_ends(
    text: bytes, delimiter: str, width: int, line_ends: NDArray[np.intp], *, quoted: bool
) -> dict[int, NDArray[np.intp]] | None:
    """Where all cells end."""
    each = np.frombuffer(text, np.uint8)
    places = np.flatnonzero((each == ord(delimiter)) | (each == LINE_END))
    if len(places) != len(line_ends) * width:
        return None
    ends = places.reshape(-1, width)
    if not np.array_equal(ends[:, -1], line_ends) or (quoted and not _around_whole_cells(each, ends)):
        return None
    return dict(enumerate(ends.T))


def _around_whole_cells(each: NDArray[np.uint8], ends: NDArray[np.intp]) -> bool:
    """Whether every quotation mark is the first or the last byte of a cell that begins and ends with one."""
    stops = ends.ravel()
    starts = np.empty_like(stops)
    starts[0], starts[1:] = 0, stops[:-1] + 1
    both = (each[starts] == QUOTE) & (each[stops - 1] == QUOTE) & (stops - starts > 1)
    return bool(np.count_nonzero(each == QUOTE) == 2 * np.count_nonzero(both))
