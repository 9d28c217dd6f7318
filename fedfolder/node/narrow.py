"""The smallest type that holds every value of a column, found while the column is read.

A registry's columns are mostly years, ages and codes: a byte a row instead of eight. Nobody computes in these types;
they are where numbers wait. Only exact ones are taken: whoever makes float64 of a column has the numbers of the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

INTEGERS = (np.dtype(np.int8), np.dtype(np.int16), np.dtype(np.int32))
SINGLE, DOUBLE = np.dtype(np.float32), np.dtype(np.float64)
TYPES = (*INTEGERS, SINGLE, DOUBLE)
"""From the smallest to the largest; a missing value, NaN, needs one of the last two, and so does -0.0.

To a digest of the rows, -0.0 is another number than 0: a home that noted one in the middle of a fit must find it again.
"""
AT_A_TIME = 1 << 16
"""Rows of a column that are looked at together."""


class Narrowing:
    """A column that grows by parts, each kept in the smallest type that holds it and what came before."""

    def __init__(self) -> None:
        self._parts: list[NDArray[Any]] = []
        self._at = 0

    def add(self, values: NDArray[Any]) -> None:
        """Take in the next values, numbers of any type."""
        # What does not fit is found out by trying; a signalling NaN is one like any other.
        with np.errstate(invalid="ignore", over="ignore"):
            for start in range(0, len(values), AT_A_TIME):
                self._parts.append(self._held(values[start : start + AT_A_TIME]))

    def __len__(self) -> int:
        """How many values were taken in."""
        return sum(map(len, self._parts))

    def _held(self, values: NDArray[Any]) -> NDArray[Any]:
        while (held := _cast(values, TYPES[self._at])) is None:
            self._at += 1
        return held

    def column(self) -> NDArray[Any]:
        """All that was taken in, once: the parts are let go of on the way."""
        with np.errstate(over="ignore"):
            found = np.empty(len(self), dtype=self._type())
        self._parts.reverse()
        start = 0
        while self._parts:
            part = self._parts.pop()
            found[start : start + len(part)] = part
            start += len(part)
        return found

    def _type(self) -> np.dtype[Any]:
        """A float32 holds no int32 beyond 2^24 that is odd: what came before must be looked at again."""
        largest = TYPES[self._at]
        if largest == SINGLE and any(_cast(part, SINGLE) is None for part in self._parts if part.dtype.kind == "i"):
            return DOUBLE
        return largest


def _cast(values: NDArray[Any], to: np.dtype[Any]) -> NDArray[Any] | None:
    """The values in a type; None if it does not hold all of them."""
    if values.dtype == to:
        return values if values.flags.c_contiguous and values.flags.owndata else values.copy()
    if to.kind == "i" and (not _within(values, np.iinfo(to)) or _has_negative_zero(values)):
        return None
    held = values.astype(to)
    same = held == values if to.kind == "i" else (held == values) | (values != values)  # noqa: PLR0124 - NaN
    return held if same.all() else None


def _within(values: NDArray[Any], limits: np.iinfo[Any]) -> bool:
    """Whether all values lie between the limits of a type: beyond them, a cast means something else on each machine."""
    # NaN is not within anything, and makes both of these NaN.
    return len(values) == 0 or bool(values.min() >= limits.min and values.max() <= limits.max)


def _has_negative_zero(values: NDArray[Any]) -> bool:
    if values.dtype.kind != "f":
        return False
    signs = np.signbit(values)
    return bool(signs.any() and (values[signs] == 0).any())


def narrowed(values: NDArray[Any]) -> NDArray[Any]:
    """A whole column in the smallest type that holds it."""
    return by_parts(values, lambda part: part)


def by_parts(values: NDArray[Any], change: Callable[[NDArray[Any]], NDArray[Any]]) -> NDArray[Any]:
    """A column changed part by part, so that no float64 of all rows exists; again in the smallest type."""
    found = Narrowing()
    for start in range(0, len(values), AT_A_TIME):
        found.add(change(values[start : start + AT_A_TIME]))
    return found.column()
