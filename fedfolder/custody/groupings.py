"""Rows that belong together, in the ledger: who stands with whom in strata, matched sets, random groups and clusters.

Sums over the same rows say different things when a person is moved from one group to another: of strata, how the dose
of whoever moved compares with the doses in either. The groups of a fit are kept as the numbers of the rows' groups, by
binary digits, a set of rows each; two fits are compared by who is grouped otherwise, whatever the groups are called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.command.names import NODE
from fedfolder.command.statement import STCOX
from fedfolder.likelihood import SetLikelihood, find
from fedfolder.questions.blocks import numbered
from fedfolder.questions.specification import Specification

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from fedfolder.command import Command
    from fedfolder.questions.sample import Sample

    Numbers = NDArray[np.int64]

_MIXED = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(31))
"""Two odd numbers and a shift that scatter numbers over 64 bits (Steele, Lea, Flood 2014)."""


def groupings(command: Command, sample: Sample) -> Iterator[tuple[str, NDArray[np.integer[Any]]]]:
    """What rows are grouped for, with the number of each row's group (nobs,).

    A Cox model without strata has one; a robust variance without clusters has each row by itself.
    """
    likelihood, name = find(command.likelihood), command.roles.get("group")
    if command.model == STCOX:
        yield "strata", Specification.of(command).strata(sample)
    if name not in {None, NODE}:
        yield ("sets" if isinstance(likelihood, SetLikelihood) else "random intercepts"), sample.ids[str(name)].codes
    if command.vce != "oim":
        cluster = command.roles.get("cluster") or name
        yield "clusters", np.arange(sample.nobs) if cluster is None else sample.ids[cluster].codes


def digits(codes: NDArray[np.integer[Any]], sample: Sample, nrows: int) -> Iterator[NDArray[np.bool_]]:
    """The rows of the file (nrows,) whose group's number has a one in each binary digit, the last first.

    Groups are numbered from 1 as they come in the file; 0 is who did not enter. A record that was cut into pieces is of
    the group that all of its pieces make, in their order.
    """
    places = np.arange(sample.nobs) if sample.places is None else np.asarray(sample.places)
    numbers = np.zeros(nrows, dtype=np.int64)
    records, labels = _of_records(numbered(codes)[1].astype(np.int64), places)
    _, first, label = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(1, len(first) + 1)
    numbers[records] = rank[label]
    for digit in range(int(numbers.max(initial=0)).bit_length()):
        yield (numbers >> digit & 1).astype(np.bool_)


def _of_records(codes: Numbers, places: NDArray[np.integer[Any]]) -> tuple[NDArray[np.integer[Any]], NDArray[Any]]:
    """The records in which rows are pieces, with a label each that the codes of its pieces make."""
    begins = np.flatnonzero(np.r_[True, places[1:] != places[:-1]][: len(places)])
    if len(begins) == len(places):
        return places, codes
    number = np.arange(len(places)) - np.repeat(begins, np.diff(np.r_[begins, len(places)]))
    odd, other, shift = _MIXED
    with np.errstate(over="ignore"):
        mixed = (codes.astype(np.uint64) + np.uint64(1)) * odd + number.astype(np.uint64) * other
        mixed = (mixed ^ (mixed >> shift)) * other
        return places[begins], np.add.reduceat(mixed ^ (mixed >> shift), begins)


def moved(one: Sequence[NDArray[np.uint8]], other: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The rows, packed, that two groupings put with others: all but the largest part that two groups have in common.

    Rows that are not in both are left to the sets of rows. A group that is parted, or two that are one now, have moved
    the smaller part.

    Parameters
    ----------
    one, other : sequences of packed rows
        By binary digits, all of one length.
    """
    a, b = _numbers(one), _numbers(other)
    both = np.flatnonzero((a > 0) & (b > 0))
    found = np.zeros(len(a), dtype=np.bool_)
    if len(both):
        pair = a[both] * (int(b.max()) + 1) + b[both]
        _, first, of, often = np.unique(pair, return_index=True, return_inverse=True, return_counts=True)
        stays = _largest(a[both][first], often) & _largest(b[both][first], often)
        found[both] = ~stays[of]
    return np.packbits(found)


def _numbers(packed: Sequence[NDArray[np.uint8]]) -> Numbers:
    found = np.zeros(8 * max(map(len, packed), default=0), dtype=np.int64)
    for digit, bits in enumerate(packed):
        found += np.unpackbits(bits).astype(np.int64) << digit
    return found


def _largest(group: Numbers, often: Numbers) -> NDArray[np.bool_]:
    """Whether each pair is the one of its group that is most often, the first of several."""
    order = np.lexsort((-often, group))
    found = np.zeros(len(group), dtype=np.bool_)
    found[order[np.r_[True, np.diff(group[order]) != 0]]] = True
    return found
