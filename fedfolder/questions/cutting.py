"""The cutting of follow-up: a row at risk over (t0, t] becomes pieces that end and begin where it is cut.

The end of a piece and the beginning of the next are one number, so that no time is lost or counted twice. As with
Stata's `stsplit`, what happens at a cut belongs to the piece that ends there.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.errors import VariableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    _Moment = Callable[[NDArray[np.int64], NDArray[np.int64]], Array]

MOST_PIECES = 1000
"""Pieces of one row, at most."""
MOST_TOGETHER = 50_000_000
"""Pieces of all rows together, at most: some gigabytes."""
CLOSE = 8 * np.finfo(np.float64).eps
"""A cut this near to where a row begins or ends, as a share of the numbers that the moment is the sum of, is there."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """What rows became.

    Parameters
    ----------
    parents : (m,) int64
        The row that each piece is of; those of a row stand together, in the order of time.
    begins, ends : (m,) float64
        When each begins to be at risk and when it ends.
    last : (m,) bool
        Whether it ends where its row did.
    bands : (m,) float64
        The beginning of the interval that it lies in; 0 before the first moment.
    numbers : (m,) int64
        How many moments lie at or before its beginning.
    """

    parents: NDArray[np.int64]
    begins: Array
    ends: Array
    last: NDArray[np.bool_]
    bands: Array
    numbers: NDArray[np.int64]


def cut(begins: Array, ends: Array, after: Array, at: Sequence[float], *, trim: bool = False) -> Pieces:
    """Cut at each of some moments.

    Parameters
    ----------
    begins, ends : (n,) float64
        The rows, each with `begins` below `ends`.
    after : (n,) float64
        From when the moments count, for each row.
    at : sequence of float
        The moments, ascending.
    trim : bool
        Whether pieces before the first and after the last moment are left out.
    """
    moments = np.array(at)
    scale = np.maximum(np.abs(moments).max(), np.abs(after))
    near = CLOSE * scale
    # How many moments lie at or before the beginning, and how many before the end.
    first = np.searchsorted(moments, begins - after + near, side="right")
    stop = np.maximum(np.searchsorted(moments, ends - after - near, side="left"), first)
    found = _pieces(begins, ends, first, stop, lambda number, row: moments[number] + after[row])
    number = found.numbers
    bands = np.where(number > 0, moments[np.maximum(number - 1, 0)], 0.0)
    found = dataclasses.replace(found, bands=bands)
    return _kept(found, (number > 0) & (number < len(moments))) if trim else found


def cut_every(begins: Array, ends: Array, after: Array, every: float) -> Pieces:
    """Cut at all multiples of a number, counted `after` some moment; see `cut`.

    Raises
    ------
    VariableError
        If a row would be cut into more than `MOST_PIECES`.
    """
    near = CLOSE * np.maximum(np.maximum(np.abs(begins), np.abs(ends)), np.abs(after))
    # The number of the first multiple after the beginning, and of the first at the end or after it.
    with np.errstate(over="ignore", invalid="ignore"):
        first = np.floor((begins - after + near) / every) + 1
        stop = np.maximum(np.ceil((ends - after - near) / every), first)
    # An infinite number is not below another.
    if not bool((stop < first + MOST_PIECES).all()):
        raise _too_many(f"at most {MOST_PIECES} pieces of a row")
    counts = (stop - first).astype(np.int64)
    found = _pieces(
        begins, ends, np.zeros_like(counts), counts, lambda number, row: (first[row] + number) * every + after[row]
    )
    return dataclasses.replace(
        found, bands=np.asarray((first[found.parents] + found.numbers - 1) * every, dtype=np.float64)
    )


def _pieces(begins: Array, ends: Array, first: NDArray[np.int64], stop: NDArray[np.int64], moment: _Moment) -> Pieces:
    """The pieces of rows that are cut at the moments from `first` up to `stop`, all of the band 0."""
    counts = stop - first + 1
    if int(counts.sum()) > MOST_TOGETHER:
        raise _too_many(f"at most {MOST_TOGETHER:,} pieces of all rows together")
    parents = np.repeat(np.arange(len(begins)), counts)
    starts = np.cumsum(counts) - counts
    number = np.arange(len(parents)) - starts[parents] + first[parents]
    last = number == stop[parents]
    piece_ends = ends[parents]
    inner = np.flatnonzero(~last)
    piece_ends[inner] = moment(number[inner], parents[inner])
    piece_begins = np.empty_like(piece_ends)
    piece_begins[1:] = piece_ends[:-1]
    piece_begins[starts] = begins
    return Pieces(parents, piece_begins, piece_ends, last, np.zeros(len(parents)), number)


def _too_many(expected: str) -> VariableError:
    what, do = "rows would be cut into too many pieces", "cut at larger steps, or correct the times"
    return VariableError(what, where="stsplit", expected=expected, do=do)


def _kept(pieces: Pieces, keep: NDArray[np.bool_]) -> Pieces:
    return Pieces(*(getattr(pieces, field.name)[keep] for field in dataclasses.fields(pieces)))
