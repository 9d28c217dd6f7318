"""Sets of rows of a file: packed, stored once by content, and held against each other.

A sum over a set of rows and a sum over a set that differs from it by one row give away that row. What leaves in a fit
is sums over the rows that enter, over those of each 0/1 column, and, by subtraction, over those that a column leaves
and over neighbouring levels together. These are the `members` of a fit; two members whose difference is a few persons
are what a person must look at.
"""

from __future__ import annotations

import functools
import hashlib
import zlib
from dataclasses import dataclass, field
from itertools import combinations, groupby, zip_longest
from typing import TYPE_CHECKING, Final

import numpy as np

from fedfolder.custody.groupings import moved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

BLOCKS = 64
"""Classes of rows that are counted beside each set: two sets whose counts are far apart need not be unpacked."""
ROWS, LEVEL, CELL, VALUE, SUPPORT, PIECES = "rows", "level", "cell", "value", "support", "pieces"
GROUPS, EVENTS, PART = "groups", "events", "part"
"""The rows that enter; those of a level, of a combination of levels, of one of a few values of a number; and those at
which a number of many values is not zero, or a term of a derived one is not the usual: sums are due to them.
Where rows are pieces, the records of which the number of pieces has a one in each of its binary digits, the last first:
a sum over pieces counts a record so often. The same of the number of each row's group (`custody.groupings`); and the
events up to each edge between groups of them, which are held against other fits alone; and the rows at which
what a derived number distinguishes is so, where it is another number."""
_APART: Final = frozenset({SUPPORT, PIECES, GROUPS, EVENTS, PART})
"""Over which no sums of columns are known."""
AT_ONCE = 256
"""Members that are held against all others at a time, which bounds the memory."""
_SIGNS: Final = ((-1, -1), (-1, 1), (1, -1))


@dataclass(frozen=True, slots=True, eq=False)
class RowSet:
    """A set of rows.

    Parameters
    ----------
    digest : str
        Keyed, so that it says nothing to whoever lacks the key.
    counts : (BLOCKS,) int64
        How many of its rows are in each class; the class of a row is its byte's place, modulo `BLOCKS`.
    packed : bytes
        A bit a row, the first row the highest, without zeros at the end; compressed.
    """

    digest: str
    counts: NDArray[np.int64] = field(repr=False)
    packed: bytes = field(repr=False)

    @classmethod
    def of(cls, mask: NDArray[np.bool_], key: bytes) -> RowSet:
        """The set of the rows at which `mask` (n,) is True."""
        bits = np.packbits(mask)
        content = bits.tobytes().rstrip(b"\0")
        digest = hashlib.blake2b(content, key=key, digest_size=16).hexdigest()
        padded = np.zeros(-(-len(bits) // BLOCKS) * BLOCKS, dtype=np.uint8)
        padded[: len(bits)] = bits
        counts = np.bitwise_count(padded).reshape(-1, BLOCKS).sum(axis=0, dtype=np.int64)
        return cls(digest, counts, zlib.compress(content, 1))


def unpacked(packed: bytes) -> NDArray[np.uint8]:
    """The bits of a set, eight a byte."""
    return np.frombuffer(zlib.decompress(packed), dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Part:
    """A set of rows in a fit: what it is (`kind`), and the variables that it is about, with blanks between."""

    kind: str
    about: str
    digest: str


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A set of rows over which sums of a fit are known: those that are in an odd number of the sets `digests`."""

    about: str
    digests: frozenset[str]
    counts: NDArray[np.int64] = field(repr=False)


def members(parts: Sequence[Part], counts: Callable[[str], NDArray[np.int64]]) -> Iterator[Member]:
    """All sets over which sums of a fit are known, but for those without rows.

    The rows that enter; each part, and the rows that it leaves; the first two, three, … levels of a variable together,
    and the rows that they leave. Each once.

    Parameters
    ----------
    parts : sequence of Part
        The rows that enter, then sets of some of them; the levels of a variable in their order. Supports are none: how
        many rows they have is not known.
    counts : callable
        Those of a set, by its digest.
    """
    whole = frozenset([parts[0].digest])
    of_all = counts(parts[0].digest)
    seen: set[frozenset[str]] = {frozenset()}
    for about, digests, found in _sums(parts, counts):
        both = ((about, digests, found), (about, whole ^ digests, of_all - found))
        for name, these, those in both:
            if these not in seen and those.any():
                seen.add(these)
                yield Member(name, these, those)


NOBODY = Member("", frozenset(), np.zeros(BLOCKS, dtype=np.int64))
"""No row. What differs from it by a few persons is about a few persons."""


def as_digits(digests: Sequence[str]) -> tuple[str, ...]:
    """The sets of the binary digits of how often a record counts: each entering row once, where rows are no pieces.

    Parameters
    ----------
    digests : sequence of str
        The rows that enter, then the sets of the kind `PIECES`, if there are any.
    """
    entered, *digits = digests
    return tuple(digits) or (entered,)


def supports(parts: Sequence[Part], counts: Callable[[str], NDArray[np.int64]]) -> list[Member]:
    """The rows that sums of numbers are due to, where these are not all."""
    return [Member(p.about, frozenset([p.digest]), counts(p.digest)) for p in parts if p.kind in {SUPPORT, PART}]


def distinguished(parts: Sequence[Part], counts: Callable[[str], NDArray[np.int64]]) -> list[Member]:
    """The rows at which a derived number is another, of which there are some."""
    found = [Member(p.about, frozenset([p.digest]), counts(p.digest)) for p in parts if p.kind == PART]
    return [member for member in found if member.counts.any()]


def with_distinguished(parts: Sequence[Part], counts: Callable[[str], NDArray[np.int64]]) -> list[Member]:
    """All sets over which sums are known, and those at which a derived number is another."""
    return [*members(parts, counts), *distinguished(parts, counts)]


def events(parts: Sequence[Part], counts: Callable[[str], NDArray[np.int64]]) -> list[Member]:
    """The events up to each edge between groups of them."""
    return [Member(p.about, frozenset([p.digest]), counts(p.digest)) for p in parts if p.kind == EVENTS]


def groupings(parts: Sequence[Part]) -> dict[str, tuple[str, ...]]:
    """The sets of the binary digits of the rows' groups, by what they are grouped for."""
    found: dict[str, tuple[str, ...]] = {}
    for part in parts:
        if part.kind == GROUPS:
            found[part.about] = (*found.get(part.about, ()), part.digest)
    return found


def _sums(
    parts: Sequence[Part], counts: Callable[[str], NDArray[np.int64]]
) -> Iterator[tuple[str, frozenset[str], NDArray[np.int64]]]:
    """Each part, and after the levels of a variable the first of them together."""
    counted = (part for part in parts if part.kind not in _APART)
    for (kind, about), group in groupby(counted, key=lambda part: (part.kind, part.about)):
        together: frozenset[str] = frozenset()
        so_far = np.zeros(BLOCKS, dtype=np.int64)
        for part in group:
            found = counts(part.digest)
            yield about, frozenset([part.digest]), found
            if kind == LEVEL:
                together, so_far = together ^ {part.digest}, so_far + found
                yield about, together, so_far


def _of_one_length(sets: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """The sets with zeros at their ends, for a file may have grown."""
    length = max(map(len, sets))
    return [np.pad(bits, (0, length - len(bits))) for bits in sets]


def _in_common(sets: Sequence[NDArray[np.uint8]]) -> NDArray[np.int64]:
    """How many rows each two sets have in common, (m, m)."""
    found = np.zeros((len(sets), len(sets)), dtype=np.int64)
    for i, one in enumerate(sets):
        for j in range(i + 1):
            found[i, j] = found[j, i] = np.bitwise_count(one & sets[j]).sum()
    return found


def _left_over(bits: NDArray[np.uint8], *others: tuple[int, NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The rows at which a set, with others added or taken off, is not zero."""
    total = np.unpackbits(bits).astype(np.int8)
    for sign, other in others:
        total += sign * np.unpackbits(other).astype(np.int8)
    return np.packbits(total != 0)


class Comparison:
    """Says which members differ by a few persons.

    Parameters
    ----------
    fewest : int
        Persons by which two sets may differ: differences of 1 to one fewer are found.
    persons : (n,) int64, optional
        The number of the person that each row of the file is about; without it, each row is a person.
    stored : callable
        The packed rows of a set, by its digest.
    """

    def __init__(
        self, fewest: int, persons: NDArray[np.int64] | None, stored: Callable[[str], bytes], *, held: int = 256
    ) -> None:
        self.fewest = fewest
        self.persons = persons
        self._bits = functools.lru_cache(maxsize=held)(lambda digest: unpacked(stored(digest)))
        self._most = self._most_rows()

    def _most_rows(self) -> int:
        """Rows that fewer than `fewest` persons can have together; more are enough persons, whoever they are."""
        if self.persons is None or not len(self.persons):
            return self.fewest - 1
        each = np.unique(self.persons, return_counts=True)[1]
        return int(np.sort(each)[::-1][: self.fewest - 1].sum())

    def between(self, some: Sequence[Member], others: Sequence[Member]) -> Iterator[tuple[int, int]]:
        """The places of each two that differ by a few persons."""
        if not some or not others:
            return
        theirs = np.stack([member.counts for member in others])
        sizes = theirs.sum(axis=1)
        for i, member in enumerate(some):
            near = np.flatnonzero(np.abs(sizes - member.counts.sum()) <= self._most)
            for start in range(0, len(near), AT_ONCE):
                block = near[start : start + AT_ONCE]
                close = block[np.abs(theirs[block] - member.counts).sum(axis=1) <= self._most]
                yield from ((i, int(j)) for j in close if self.few(member, others[j]))

    def few(self, one: Member, other: Member) -> bool:
        """Whether two sets differ, and by fewer persons than `fewest`."""
        return self._is_few(self._difference(one.digests ^ other.digests))

    def combined(self, new: str, old: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Each two of the sets `old` whose sums, added to those over the set `new` or taken off, are of a few persons.

        A row counts as often as it is left over; of s = N + aA + bB, with a and b 1 or -1, the sum of squares follows
        from how many rows each two sets have in common, so that few combinations are looked at row by row.
        """
        sets = _of_one_length([self._bits(digest) for digest in (new, *old)])
        common = _in_common(sets)
        for i, j in combinations(range(1, len(sets)), 2):
            for a, b in _SIGNS:
                squares = common[0, 0] + common[i, i] + common[j, j]
                squares += 2 * (a * common[0, i] + b * common[0, j] + a * b * common[i, j])
                # No row is left over more than three times.
                if 0 < squares <= 9 * self._most and self._is_few(_left_over(sets[0], (a, sets[i]), (b, sets[j]))):
                    yield old[i - 1], old[j - 1]
                    break

    def multiplied(self, one: Sequence[str], other: Sequence[str]) -> bool:
        """Whether a few persons are counted another number of times, by the sets of the binary digits of two fits."""
        digits = ([frozenset(filter(None, [digest])) for digest in pair] for pair in zip_longest(one, other))
        differing = _of_one_length([self._difference(a ^ b) for a, b in digits])
        return self._is_few(np.bitwise_or.reduce(differing))

    def regrouped(self, one: Sequence[str], other: Sequence[str]) -> bool:
        """Whether a few persons stand with others, by the sets of the binary digits of the groups of two fits."""
        sets = _of_one_length([self._bits(digest) for digest in (*one, *other)])
        return self._is_few(moved(sets[: len(one)], sets[len(one) :]))

    def _is_few(self, bits: NDArray[np.uint8]) -> bool:
        """Whether these are rows of one to `fewest` - 1 persons."""
        rows = int(np.bitwise_count(bits).sum())
        if self.persons is None or not 0 < rows <= self._most:
            return 0 < rows <= self._most
        places = np.flatnonzero(np.unpackbits(bits))
        known = places[places < len(self.persons)]
        # Rows that the file no longer has are a person each: of whom they were cannot be told.
        return len(np.unique(self.persons[known])) + len(places) - len(known) < self.fewest

    def _difference(self, digests: frozenset[str]) -> NDArray[np.uint8]:
        """The rows that are in an odd number of sets."""
        sets = [self._bits(digest) for digest in digests]
        found = np.zeros(max(map(len, sets), default=0), dtype=np.uint8)
        for bits in sets:
            found[: len(bits)] ^= bits
        return found
