"""Where the cells of some columns end: found by steps from sign to sign, in many lines at once.

A bit a byte says whether it is a sign between cells. 64 of them are a number, whose lowest bit arithmetic finds and
takes off: what one step costs, thousands of lines share. Columns that are not wanted are stepped over, and no place in
them is written down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

WORD = 64
"""Bits, and bytes of a text, that are looked at together."""
SLICE = 1 << 17
"""Bytes that are compared before they are packed: few enough to stay in the processor's cache."""
_ONE = np.uint64(1)


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole lines, each with its end, and NULs behind them, so that nothing is looked at beyond the text.

    Parameters
    ----------
    text : bytes
        `WORD` bytes or more than the lines, a multiple of `WORD` in all.
    size : int
        The bytes of the lines.
    """

    text: bytes
    size: int

    @classmethod
    def of(cls, *parts: bytes) -> Lines:
        """The lines in these bytes; the last one may lack its end."""
        end = b"" if next(filter(None, reversed(parts)), b"\n").endswith(b"\n") else b"\n"
        size = sum(map(len, parts)) + len(end)
        return cls(b"".join((*parts, end, bytes(2 * WORD - size % WORD))), size)

    @property
    def bare(self) -> bytes:
        """Nothing behind them."""
        return self.text[: self.size]


def ends_of_lines(text: bytes) -> NDArray[np.intp]:
    """The places of all line ends in the text of `Lines`."""
    bits = _bits(text, "\n").view("<u4")
    some = np.flatnonzero(bits != 0)
    here = bits[some]
    below = here - np.uint32(1)
    if (here & below).any():
        # Lines so short that two end within a word.
        return np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))
    found: NDArray[np.intp] = (some << 5) + np.bitwise_count(here ^ below) - 1
    return found


def ends_of_cells(
    text: bytes, delimiter: str, width: int, lines: tuple[NDArray[np.intp], NDArray[np.intp]], wanted: Collection[int]
) -> dict[int, NDArray[np.intp]] | None:
    """Where the cells of some columns end, in lines without quotation marks.

    Parameters
    ----------
    text : bytes
        As `Lines` has it.
    delimiter : str
        The sign between cells, one byte.
    width : int
        The number of cells in each line.
    lines : ((n,) int, (n,) int)
        Where the lines start and end.
    wanted : collection of int
        The columns.

    Returns
    -------
    dict of int to (n,) int, or None
        The ends of the cells of at least these columns; None when not every line has as many cells, or when a cell
        does not fit into a word.
    """
    starts, ends = lines
    signs = _bits(text, delimiter).view("<u8")
    if int(np.bitwise_count(signs).sum(dtype=np.int64)) != len(starts) * (width - 1):
        return None
    found, base, left = {width - 1: ends}, starts, 0
    below = np.empty(len(starts), dtype=np.uint64)
    for place in range(width - 1):
        if not left:
            window = _word_from(signs, base)
            left = int(np.bitwise_count(window).min())
            if not left:
                return None
        left -= 1
        np.subtract(window, _ONE, out=below)
        if not left or place in wanted or place == width - 2:
            found[place] = base + np.bitwise_count(window ^ below) - 1
        if left:
            window &= below
        else:
            base = found[place] + 1
    # With as many signs as they should have together, no line has too many when none has too few.
    return found if width == 1 or (found[width - 2] < ends).all() else None


def _bits(text: bytes, sign: str) -> NDArray[np.uint8]:
    """A bit a byte: whether it is a sign."""
    each = np.frombuffer(text, np.uint8)
    parts = [each[start : start + SLICE] == ord(sign) for start in range(0, len(each), SLICE)]
    return np.concatenate([np.packbits(part, bitorder="little") for part in parts])


def _word_from(bits: NDArray[np.uint64], base: NDArray[np.intp]) -> NDArray[np.uint64]:
    """The `WORD` bits from each place on."""
    words, shift = base >> 6, (base & (WORD - 1)).astype(np.uint64)
    found: NDArray[np.uint64] = bits.take(words, mode="clip") >> shift
    # A number that is moved by all of its bits is 0.
    found |= bits.take(words + 1, mode="clip") << (np.uint64(WORD) - shift)
    return found
