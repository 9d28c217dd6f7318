"""Rows that are alike, as one row with their weight: registry data are mostly factors and whole ages.

Sums over rows that stand alone are the same over patterns: the rows that are equal in every variable of the command
become one, whose weight is the sum of theirs. Products of scores and counts of rows are not such sums.

Rows are told apart by a hash of 64 bits over their values, and rows of one hash are then compared: where two that
differ have one, there are no patterns. A few rows are looked at that are drawn by lot, then all of them by blocks, and
it is given up as soon as those so far show that there will be more patterns than half the rows: a decision of the data
alone. The rule: after s of n rows, while s is at most n/2, rows that repeat one before are fewer than s^2/n, less four
times its root. That many repeats come of n/2 patterns that are equally likely and in no order. And at no time are there
more than `MOST` of them.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.questions import kept

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedfolder.questions.sample import Sample

    Array = NDArray[np.float64]
    Hashes = NDArray[np.uint64]

FEWEST = 8192
"""Fewer rows than this are left as they are: there is nothing to gain."""
MOST = 2**23
"""Patterns beyond which rows are left as they are: what tells them apart has to lie in memory."""
AT_ONCE = 2**16
"""Rows that are told apart at a time."""
ENOUGH = 4.0
"""Standard deviations by which repeats may fall short."""
_MIX, _ODD, _SHIFT = (np.uint64(number) for number in (0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93, 32))


@dataclass(frozen=True, slots=True)
class Patterns:
    """The patterns of a sample: a row of each, and the weight of its rows."""

    sample: Sample
    weights: Array


def patterns(sample: Sample, weight: str | None) -> Patterns | None:
    """The patterns of the rows of `sample` with regard to all but the variable of their weights; None if too many.

    They are found when they are first asked for, and kept.
    """
    return kept.once(sample, "patterns", weight, lambda: _found(sample, weight))


def with_counts(sample: Sample, counts: str | None = None) -> tuple[Sample, Array | None]:
    """A row of each pattern, and how often it stands for one; or the rows as they are, and None.

    Parameters
    ----------
    counts : str, optional
        The variable that says how often each row stands for one; all others tell rows apart.
    """
    found = patterns(sample, counts)
    return (sample, None) if found is None else (found.sample, found.weights)


def _found(sample: Sample, weight: str | None) -> Patterns | None:
    if sample.nobs < FEWEST:
        return None
    columns: list[NDArray[Any]] = [values for name, values in sorted(sample.numeric.items()) if name != weight]
    columns += [values.codes for _, values in sorted(sample.factors.items())]
    weights = None if weight is None else sample.numeric[weight]
    if _hardly_alike(sample.nobs, columns):
        return None
    found = _Patterns(sample.nobs, columns, weights)
    for start in range(0, sample.nobs, AT_ONCE):
        if not found.take(slice(start, min(start + AT_ONCE, sample.nobs))):
            return None
    order = np.argsort(found.first)
    keep = np.zeros(sample.nobs, dtype=np.bool_)
    keep[found.first] = True
    bare = dataclasses.replace(sample, ids={}, persons=None, places=None)
    return Patterns(bare.where(keep), found.weights[order])


def _hardly_alike(nobs: int, columns: Sequence[NDArray[Any]]) -> bool:
    """Whether a few rows, drawn by lot, show that there are more patterns than half the rows."""
    rows = np.unique(np.random.default_rng(0).integers(0, nobs, FEWEST))
    repeats = len(rows) - len(np.unique(hashes([column[rows] for column in columns], len(rows))))
    return repeats < _fewest_repeats(len(rows), nobs)


def _fewest_repeats(seen: int, nobs: int) -> float:
    """See the rule above."""
    expected = seen * seen / nobs
    return expected - ENOUGH * math.sqrt(expected)


class _Patterns:
    """The patterns of the rows that were seen so far, in the order of their hashes."""

    def __init__(self, nobs: int, columns: Sequence[NDArray[Any]], weights: NDArray[Any] | None) -> None:
        self.first = np.empty(0, dtype=np.int64)
        self.weights = np.empty(0)
        self._hashes: Hashes = np.empty(0, dtype=np.uint64)
        self._nobs, self._columns, self._given = nobs, columns, weights

    def take(self, rows: slice) -> bool:
        """Take some rows in; whether to go on."""
        told = hashes([column[rows] for column in self._columns], rows.stop - rows.start)
        known, places = np.unique(told, return_inverse=True)
        self._learn(known, told, rows.start)
        place = np.searchsorted(self._hashes, known)[places]
        first = self.first[place]
        if not all(np.array_equal(column[first], column[rows]) for column in self._columns):
            return False
        given = None if self._given is None else self._given[rows].astype(np.float64)
        self.weights += np.bincount(place, weights=given, minlength=len(self.weights))
        return len(self.first) <= MOST and self._few_enough(rows.stop)

    def _learn(self, known: Hashes, told: Hashes, start: int) -> None:
        """Take in the patterns that were not seen before, each with its first row."""
        at = np.searchsorted(self._hashes, known)
        new = ~np.equal(self._hashes[np.minimum(at, len(self._hashes) - 1)], known) if len(self._hashes) else at == 0
        if not new.any():
            return
        added = known[new]
        order = np.argsort(told, kind="stable")
        first = start + order[np.searchsorted(told, added, sorter=order)]
        self.first = np.insert(self.first, at[new], first)
        self.weights = np.insert(self.weights, at[new], 0.0)
        self._hashes = np.insert(self._hashes, at[new], added)

    def _few_enough(self, seen: int) -> bool:
        """See the rule above; past half of the rows, whether the patterns are at most half of them."""
        if 2 * seen > self._nobs:
            return 2 * len(self.first) <= self._nobs
        return seen - len(self.first) >= _fewest_repeats(seen, self._nobs)


def hashes(columns: Sequence[NDArray[Any]], nobs: int) -> Hashes:
    """A hash of each row over its values in every column; equal values have equal bits but for -0.0, which is 0.0."""
    found = np.zeros(nobs, dtype=np.uint64)
    for column in columns:
        bits = (column.astype(np.float64) + 0.0).view(np.uint64)
        found ^= bits
        found *= _MIX
        found ^= found >> _SHIFT
        found *= _ODD
        found ^= found >> _SHIFT
    return found
