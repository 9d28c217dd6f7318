"""Risk sets: which rows are at risk at which failure times, as sums over groups of rows that need no subtraction.

Failure times are the distinct times at which rows of a stratum fail, all strata one after the other. A row is at risk
at the times of a range: after its entry, up to its end. At the time at which it fails itself it is among the *failing*;
at the earlier ones it is one of the *others*. The failing of a time are a group. Where nobody enters late, the others
are grouped by the last time of their range, and a risk set is a chain of groups. Otherwise a row belongs to the few
nodes of a binary tree over the times that its range is made of, and a risk set is what lies on the way from the root to
a time. Either way a sum over a risk set is a sum of sums over groups, all of one sign: nothing that has left is
subtracted again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Places = NDArray[np.intp]

TOGETHER = 1024
"""Numbers that are added up one after the other, before their sums are."""


class FollowUp(NamedTuple):
    """The rows of some strata, `(n,)` each: when a row ends and begins, whether it fails, its stratum from 0."""

    time: Array
    entry: Array
    fails: NDArray[np.bool_]
    stratum: NDArray[np.int64]

    def some(self, rows: NDArray[Any]) -> FollowUp:
        """Some of these rows."""
        return FollowUp(self.time[rows], self.entry[rows], self.fails[rows], self.stratum[rows])


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows by group; a row may be in several.

    Parameters
    ----------
    rows : (m,) integers
        The rows, those of a group one after the other.
    numbers : (G,) integers
        The number of each group that has rows, ascending.
    starts : (G,) integers
        Where each begins in `rows`.
    cuts : (C,) integers
        The same, and the places at which a sum over a large group is parted.
    """

    rows: Places
    numbers: Places
    starts: Places
    cuts: Places

    @classmethod
    def of(cls, rows: Places, number: Places) -> Groups:
        """Those of `rows` (m,) with these group numbers (m,)."""
        order = np.argsort(number, kind="stable")
        number = number[order]
        starts = np.flatnonzero(np.diff(number, prepend=-1)) if len(number) else np.zeros(0, dtype=np.intp)
        cuts = np.union1d(starts, np.arange(0, len(rows), TOGETHER))
        return cls(rows[order], number[starts], starts, cuts)

    def of_each(self) -> Places:
        """The place among `numbers` of the group of each entry of `rows`, (m,)."""
        return np.repeat(np.arange(len(self.numbers)), np.diff(self.starts, append=len(self.rows)))

    def sums(self, values: Array) -> Array:
        """The sum over each group, (G,), of `values` (m,) in the order of `rows`; of a large one part by part."""
        if not len(self.starts):
            return np.zeros(0)
        parts = np.add.reduceat(values, self.cuts)
        return np.asarray(np.add.reduceat(parts, np.searchsorted(self.cuts, self.starts)))


def running(values: Array) -> Array:
    """The sums of the first 1, 2, … rows of `values` (T, …), some at a time."""
    size = -(-len(values) // TOGETHER) * TOGETHER
    padded = np.zeros((size, *values.shape[1:]))
    padded[: len(values)] = values
    blocks = np.cumsum(padded.reshape(size // TOGETHER, TOGETHER, *values.shape[1:]), axis=1)
    blocks[1:] += np.cumsum(blocks[:-1, -1], axis=0)[:, np.newaxis]
    return blocks.reshape(padded.shape)[: len(values)]


class Chain:
    """Risk sets in one stratum that nobody enters late: those of a time are the groups from the next one on.

    Group b holds the rows whose last time is the b-th, counted from 1.
    """

    def __init__(self, times: int) -> None:
        self.groups = times + 1
        self._times = times

    def grouped(self, first: Places, last: Places) -> Groups:
        """The rows with at least one time in their range [first, last), by group."""
        rows = np.flatnonzero(last > first)
        return Groups.of(rows, last[rows])

    def over_sets(self, of_groups: Array) -> Array:
        """The sum over the groups of each time's risk set, (T, …), of a number or row of numbers a group."""
        return running(of_groups[:0:-1])[::-1]

    def over_times(self, of_times: Array) -> Array:
        """The sum over the times at which each group is at risk, (groups, …)."""
        return np.concatenate([np.zeros((1, *of_times.shape[1:])), running(of_times)])

    def between(self, alpha: Array, sizes: Array, means: Array, set_sizes: Array, set_means: Array) -> Array:
        """The sum over times of alpha (T,) times the scatter (k, k) of the means of a risk set's groups.

        A group that joins those after it adds s S / (s + S) times the square of the distance between their means, to
        the scatter of all earlier times.
        """
        after, mean_after = np.append(set_sizes[1:], 0.0), np.vstack([set_means[1:], np.zeros((1, means.shape[1]))])
        size, weight = sizes[1:], running(alpha)
        whole = size + after
        joined = np.divide(size * after, whole, out=np.zeros_like(size), where=whole > 0)
        apart = means[1:] - mean_after
        return scatter(apart, joined * weight)


class Tree:
    """Risk sets of any ranges: a binary tree over the times, with the root 1 and the children 2 v and 2 v + 1 of v."""

    def __init__(self, times: int) -> None:
        self._times = times
        self._leaves = 1 << max(times - 1, 0).bit_length()
        self.groups = 2 * self._leaves

    def grouped(self, first: Places, last: Places) -> Groups:
        """The nodes that each row's range [first, last) is made of: at most two on each level."""
        row = np.flatnonzero(last > first)
        low, high = first[row] + self._leaves, last[row] + self._leaves
        rows, nodes = [], []
        while len(row):
            left, right = (low & 1) == 1, (high & 1) == 1
            rows += [row[left], row[right]]
            nodes += [low[left], high[right] - 1]
            low, high = (low + left) >> 1, high >> 1
            more = low < high
            row, low, high = row[more], low[more], high[more]
        return Groups.of(np.concatenate([*rows, row]), np.concatenate([*nodes, row]))

    def over_sets(self, of_groups: Array) -> Array:
        """See `Chain.over_sets`."""
        return self._down(of_groups, np.add)

    def largest(self, of_groups: Array) -> Array:
        """The largest over the groups of each time's risk set, (T,), of a number a group."""
        return self._down(of_groups, np.maximum)

    def _down(self, of_groups: Array, joined: np.ufunc) -> Array:
        total = of_groups.copy()
        level = 2
        while level < self.groups:
            part = total[level : 2 * level]
            joined(part, np.repeat(total[level // 2 : level], 2, axis=0), out=part)
            level *= 2
        return total[self._leaves : self._leaves + self._times]

    def over_times(self, of_times: Array) -> Array:
        """See `Chain.over_times`."""
        total = np.zeros((self.groups, *of_times.shape[1:]))
        total[self._leaves : self._leaves + self._times] = of_times
        level = self._leaves
        while level > 1:
            total[level // 2 : level] = total[level : 2 * level : 2] + total[level + 1 : 2 * level : 2]
            level //= 2
        return total

    def between(self, alpha: Array, sizes: Array, means: Array, set_sizes: Array, set_means: Array) -> Array:
        """See `Chain.between`: the squared distances of the groups' means from that of the whole set."""
        del set_sizes
        total = np.zeros((means.shape[1],) * 2)
        node = np.arange(self._leaves, self._leaves + self._times)
        while len(node) and node[0] >= 1:
            total += scatter(means[node] - set_means, alpha * sizes[node])
            node = node >> 1
        return total


def scatter(apart: Array, weight: Array) -> Array:
    """The sum (k, k) of weight (m,) times x x' over the rows x of `apart` (m, k); rows without weight do not count."""
    some = weight != 0
    if not some.all():
        apart, weight = apart[some], weight[some]
    return np.asarray((apart * weight[:, np.newaxis]).T @ apart)


@dataclass(frozen=True, slots=True)
class RiskSets:
    """The failure times of some strata, and who is at risk.

    Parameters
    ----------
    first, last : (n,) integers
        The range [first, last) of the times at which each row is at risk, that of its own failure among them.
    failing : Groups
        The failing by their time; every time has some.
    others : Groups
        The groups of `shape`.
    shape : Chain or Tree
        How risk sets are made of these.
    times : (T,) float64
        The failure times, stratum by stratum.
    strata : (T,) integers
        The stratum of each.
    """

    first: Places
    last: Places
    failing: Groups
    others: Groups
    shape: Chain | Tree
    times: Array
    strata: NDArray[np.int64]

    @classmethod
    def of(cls, rows: FollowUp) -> RiskSets:
        """Those of the rows of one stratum, or of several."""
        fails = np.flatnonzero(rows.fails)
        at = np.unique(np.stack([rows.stratum[fails], rows.time[fails]]).astype(np.float64), axis=1)
        return cls.at(rows, at[1], at[0].astype(np.int64))

    @classmethod
    def at(cls, rows: FollowUp, times: Array, strata: NDArray[np.int64]) -> RiskSets:
        """Those at given times, ordered by their `strata` (T,) first."""
        first, last = (_until(times, strata, until, rows.stratum) for until in (rows.entry, rows.time))
        own = np.flatnonzero(rows.fails)
        failing = Groups.of(own, last[own] - 1)
        begins = np.searchsorted(strata, rows.stratum)
        one = len(strata) == 0 or strata[0] == strata[-1]
        late = bool((first > begins)[last > first].any())
        shape = Chain(len(times)) if one and not late else Tree(len(times))
        others = shape.grouped(first, last - rows.fails)
        return cls(first, last, failing, others, shape, times, strata)

    def highest(self, values: Array) -> Array:
        """The largest of `values` (n,) over all that are at risk at each time, its failing among them, (T,)."""
        tree = Tree(len(self.times))
        groups = tree.grouped(self.first, self.last)
        found = np.full(tree.groups, -np.inf)
        found[groups.numbers] = np.maximum.reduceat(values[groups.rows], groups.starts)
        return tree.largest(found)

    def at_some(self, places: Places) -> RiskSets:
        """The same rows at some of the times; who fails at another time is then one of the others."""
        fails = np.zeros(len(self.first), dtype=np.bool_)
        fails[self.failing.rows] = np.isin(self.failing.numbers[self.failing.of_each()], places)
        # Counted over all strata, the times of a row's stratum are a range of their own.
        once = np.zeros(len(self.first), dtype=np.int64)
        rows = FollowUp(self.last.astype(np.float64), self.first.astype(np.float64), fails, once)
        return RiskSets.at(rows, (places + 1).astype(np.float64), np.zeros(len(places), dtype=np.int64))

    def sums(self, values: Array) -> tuple[Array, Array]:
        """The sums of `values` (n,) over the others at risk at each time, and over its failing, (T,) each."""
        of_groups, of_times = np.zeros(self.shape.groups), np.zeros(len(self.times))
        of_groups[self.others.numbers] = self.others.sums(values[self.others.rows])
        of_times[self.failing.numbers] = self.failing.sums(values[self.failing.rows])
        return self.shape.over_sets(of_groups), of_times


def _until(times: Array, strata: NDArray[np.int64], until: Array, stratum: NDArray[np.int64]) -> Places:
    """How many times, over all strata, come before those of a row's stratum that are after `until` (n,)."""
    found = np.zeros(len(until), dtype=np.intp)
    if len(strata) and strata[0] == strata[-1]:
        here = stratum == strata[0]
        found[here] = np.searchsorted(times, until[here], side="right")
        found[stratum > strata[0]] = len(times)
        return found
    everything = np.concatenate([times, until])
    # Among equal ones, times come before rows: a row that ends at a time is at risk there, one that enters is not.
    is_row = np.repeat([0, 1], [len(times), len(until)])
    order = np.lexsort((is_row, everything, np.concatenate([strata, stratum])))
    before = np.cumsum(order < len(times))
    place = order >= len(times)
    found[order[place] - len(times)] = before[place]
    return found
