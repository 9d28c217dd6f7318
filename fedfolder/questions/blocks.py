"""Rows in blocks, and columns in few bytes: so that no array of all rows is made that need not be.

A column is kept in the smallest type that holds every value exactly; whoever computes with it takes a block of its rows
in float64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

ROWS = 1 << 16
"""Rows that are worked on at a time: in float64, what a processor's cache holds. A multiple of 8, for packed bits."""
INTEGERS = (np.int8, np.int16, np.int32)
"""Types of whole numbers in which a column may be kept."""
MOST_COUNTED = 1 << 20
"""Whole numbers from the smallest to the largest of a column, up to which they are counted instead of sorted."""
_EIGHT = 8
"""The sums that numpy's pairwise summation has side by side."""


def blocks(rows: int, least: int = 0) -> Iterator[slice]:
    """The rows from 0 up to `rows`, `ROWS` or `least` at a time; one empty block where there are none.

    So errors that do not depend on values are found in no rows, too.
    """
    size = max(ROWS, least)
    for start in range(0, max(rows, 1), size):
        yield slice(start, min(start + size, rows))


def smallest(values: NDArray[Any]) -> NDArray[Any]:
    """The same numbers in the smallest of int8, int16, int32, float32 and float64 that holds each exactly.

    NaN takes a float, and so does -0.0: it is another number to a digest of the rows.
    """
    if values.dtype == np.int8 or not len(values):
        return values.astype(np.int8, copy=False)
    wanted = _whole(values) if values.dtype.kind in "iu" else _real(values)
    return values.astype(wanted, copy=False)


def _whole(values: NDArray[Any]) -> type:
    return _between(int(values.min()), int(values.max())) or np.float64


def _between(low: float, high: float) -> type | None:
    """The smallest type of whole numbers from `low` to `high`; None if there is none."""
    for kind in INTEGERS:
        limits = np.iinfo(kind)
        if limits.min <= low and high <= limits.max:
            return kind
    return None


def _real(values: NDArray[Any]) -> type:
    whole = single = True
    low, high = np.inf, -np.inf
    with np.errstate(over="ignore", invalid="ignore"):
        for rows in blocks(len(values)):
            block = values[rows]
            whole = whole and bool(np.equal(block, np.trunc(block)).all()) and not _has_negative_zero(block)
            if whole:
                low, high = min(low, float(block.min())), max(high, float(block.max()))
            single = single and (block.dtype.itemsize <= np.dtype(np.float32).itemsize or _single(block))
            if not (whole or single):
                return np.float64
    return (_between(low, high) if whole else None) or (np.float32 if single else np.float64)


def _single(block: NDArray[Any]) -> bool:
    """Whether float32 holds these."""
    return bool((np.equal(block.astype(np.float32), block) | np.isnan(block)).all())


def _has_negative_zero(block: NDArray[Any]) -> bool:
    return bool(np.signbit(block[block == 0]).any())


def joined(pieces: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """The blocks of a column as one, in its smallest type."""
    return smallest(np.concatenate(pieces))


def code_type(size: int) -> type[np.signedinteger[Any]]:
    """The smallest type of the codes from 0 to `size` - 1, and of -1."""
    return next((kind for kind in INTEGERS if size - 1 <= np.iinfo(kind).max), np.int64)


def counted(codes: NDArray[Any], size: int) -> NDArray[np.int64]:
    """How many rows have each code from 0 to `size` - 1, (size,)."""
    found = np.zeros(size, dtype=np.int64)
    for rows in blocks(len(codes), size):
        found += np.bincount(codes[rows], minlength=size)
    return found


def looked_up(table: NDArray[Any], codes: NDArray[Any]) -> NDArray[Any]:
    """What `table` has at each code: the same as `table[codes]`, without codes of eight bytes."""
    found = np.empty(len(codes), dtype=table.dtype)
    for rows in blocks(len(codes)):
        found[rows] = table[codes[rows]]
    return found


def numbered(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The distinct values, sorted, and the place of each row's value among them, in the smallest type."""
    values = smallest(values)
    low = int(values.min(initial=0)) if values.dtype.kind == "i" else 0
    if values.dtype.kind == "i" and int(values.max(initial=0)) - low < MOST_COUNTED:
        return _numbered_whole(values, low, int(values.max(initial=0)) - low + 1)
    distinct, places = np.unique(values, return_inverse=True)
    return distinct, places.astype(code_type(len(distinct)))


def _numbered_whole(values: NDArray[Any], low: int, span: int) -> tuple[NDArray[Any], NDArray[Any]]:
    often = np.zeros(span, dtype=np.int64)
    for rows in blocks(len(values), span):
        often += np.bincount(values[rows].astype(np.int64) - low, minlength=span)
    distinct = np.flatnonzero(often)
    places = np.zeros(span, dtype=code_type(len(distinct)))
    places[distinct] = np.arange(len(distinct))
    codes = np.empty(len(values), dtype=places.dtype)
    for rows in blocks(len(values)):
        codes[rows] = places[values[rows].astype(np.int64) - low]
    return distinct + low, codes


def summed(rows: int, of: Callable[[slice], NDArray[np.float64]], start: int = 0) -> NDArray[np.float64]:
    """A sum over the rows from `start` to `rows`, of blocks that are added in pairs; `of` sums the rows of a block.

    As exact as numpy's sum of all rows, and the same bits: numpy adds up an array of float64 in halves, of which each
    but the last is a multiple of 8 rows long.
    """
    if rows - start <= ROWS:
        return of(slice(start, rows))
    half = (rows - start) // 2
    middle = start + half - half % _EIGHT
    return summed(middle, of, start) + summed(rows, of, middle)


def runs(numbers: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The places of rows (n,) in the order of their numbers, and where in it each number begins."""
    order = np.argsort(numbers, kind="stable")
    return order, np.flatnonzero(np.diff(numbers[order], prepend=numbers[order][:1] - 1))
