"""What fits were answered from: the version of the data, and the sets of rows that their sums are over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from fedfolder.custody.row_sets import GROUPS, PIECES, Part, as_digits, groupings, members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from fedfolder.custody.row_sets import Member
    from fedfolder.custody.seen import Seen
    from fedfolder.exchange.journal import Journal

Attempt: TypeAlias = "tuple[int, int, str]"
"""Fit, attempt, and the digest of the proposal."""
Members: TypeAlias = "Callable[[Sequence[Part], Callable[[str], NDArray[np.int64]]], Iterable[Member]]"


@dataclass(frozen=True, slots=True)
class Admitted:
    """An attempt that was answered: on which version of the data, which command, and its variables in the file."""

    attempt: Attempt
    version: int
    command: str
    names: tuple[str, ...]


_ADMITTED = "SELECT fit, attempt, proposal, version, command, names FROM admitted"


def _admitted(row: tuple[int, int, str, int, str, str]) -> Admitted:
    fit, attempt, proposal, version, command, names = row
    return Admitted((fit, attempt, proposal), version, command, tuple(names.split()))


class Answered:
    """What `journal` remembers of the attempts that were admitted."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def all(self) -> dict[Attempt, Admitted]:
        """Every attempt, in order."""
        found = [_admitted(row) for row in self.journal.rows(f"{_ADMITTED} ORDER BY fit, attempt, proposal")]
        return {admitted.attempt: admitted for admitted in found}

    def of(self, attempt: Attempt) -> Admitted | None:
        """One attempt; None if it was not answered."""
        row = self.journal.row(f"{_ADMITTED} WHERE fit = ? AND attempt = ? AND proposal = ?", *attempt)
        return None if row is None else _admitted(row)

    def version_of(self, seen: Seen) -> tuple[int, list[str]]:
        """The newest version of the data that nothing speaks against, or the number of a new one.

        With the columns that speak against the newest version that was known, where it is a new one.
        """
        known: dict[int, dict[str, tuple[int, str]]] = {}
        for version, name, rows, digest in self.journal.rows("SELECT * FROM columns ORDER BY version DESC, name"):
            known.setdefault(version, {})[name] = (rows, digest)
        changed: list[str] = []
        for version, columns in known.items():
            others = _others(seen, columns)
            if not others:
                return version, []
            changed = changed or others
        return max(known, default=0) + 1, changed

    def newest(self) -> int:
        """The version that was last found; 0 before the first."""
        return int(self.journal.row("SELECT coalesce(max(version), 0) FROM columns")[0])

    def parts(self, attempt: Attempt) -> set[Part]:
        """The sets of one attempt; none if it was not answered."""
        sql = "SELECT kind, about, digest FROM parts WHERE fit = ? AND attempt = ? AND proposal = ?"
        return {Part(*row) for row in self.journal.rows(sql, *attempt)}

    def members(self, but: Attempt, of: Members = members) -> list[tuple[Member, Admitted]]:
        """The sets of rows of all attempts but one, each once, with the first attempt that has it.

        Parameters
        ----------
        of : callable
            Which sets, of the parts of an attempt.
        """
        parts: dict[Attempt, list[Part]] = {}
        sql = "SELECT * FROM parts ORDER BY fit, attempt, proposal, place"
        for fit, number, proposal, _, kind, about, digest in self.journal.rows(sql):
            parts.setdefault((fit, number, proposal), []).append(Part(kind, about, digest))
        counts, found = self._counts(), dict[frozenset[str], tuple["Member", Admitted]]()
        for attempt, admitted in self.all().items():
            if attempt != but:
                for member in of(parts[attempt], counts.__getitem__):
                    found.setdefault(member.digests, (member, admitted))
        return list(found.values())

    def multiples(self, but: Attempt) -> list[tuple[tuple[str, ...], Admitted]]:
        """How often sums count each record, by binary digits, in all attempts but one; equal ones once."""
        admitted, digits = self.all(), dict[Attempt, list[str]]()
        wanted = "SELECT fit, attempt, proposal, digest FROM parts WHERE kind = ? OR place = 0"
        sql = f"{wanted} ORDER BY fit, attempt, proposal, place"
        for fit, number, proposal, digest in self.journal.rows(sql, PIECES):
            digits.setdefault((fit, number, proposal), []).append(digest)
        found: dict[tuple[str, ...], Admitted] = {}
        for attempt, known in digits.items():
            if attempt != but:
                found.setdefault(as_digits(known), admitted[attempt])
        return list(found.items())

    def groupings(self, what: str, but: Attempt) -> list[tuple[tuple[str, ...], Admitted]]:
        """How rows were grouped for something, by binary digits, in all attempts but one; equal ones once."""
        admitted, digits = self.all(), dict[Attempt, list[Part]]()
        sql = "SELECT * FROM parts WHERE kind = ? AND about = ? ORDER BY fit, attempt, proposal, place"
        for fit, number, proposal, _, *part in self.journal.rows(sql, GROUPS, what):
            digits.setdefault((fit, number, proposal), []).append(Part(*part))
        found: dict[tuple[str, ...], Admitted] = {}
        for attempt, parts in digits.items():
            if attempt != but:
                found.setdefault(groupings(parts)[what], admitted[attempt])
        return list(found.items())

    def samples(self, but: Attempt) -> dict[str, Admitted]:
        """The rows that entered in all attempts but one, by digest, the latest last; of equal ones the first."""
        admitted, found = self.all(), dict[str, Admitted]()
        sql = "SELECT fit, attempt, proposal, digest FROM parts WHERE place = 0 ORDER BY fit, attempt, proposal"
        for fit, number, proposal, digest in self.journal.rows(sql):
            of = admitted[fit, number, proposal]
            if of.attempt != but:
                found.setdefault(digest, of)
        return found

    def _counts(self) -> Mapping[str, NDArray[np.int64]]:
        rows = self.journal.rows("SELECT digest, counts FROM row_sets")
        return {digest: np.frombuffer(content, dtype="<i8") for digest, content in rows}

    def stored(self, digest: str) -> bytes:
        """The packed rows of a set."""
        return bytes(self.journal.row("SELECT rows FROM row_sets WHERE digest = ?", digest)[0])

    def size(self) -> tuple[int, int]:
        """How many sets are stored, and their bytes."""
        number, stored = self.journal.row("SELECT count(*), coalesce(sum(length(rows)), 0) FROM row_sets")
        return number, stored

    def admit(self, attempt: Attempt, seen: Seen) -> None:
        """Remember an attempt; what is remembered already stays as it is, and sets that were found since join it."""
        with self.journal.transaction():
            if self.of(attempt) is None:
                self._admit(attempt, seen)
            known = self.parts(attempt)
            self._add(attempt, seen, [part for part in seen.found if part not in known], after=len(known))

    def _admit(self, attempt: Attempt, seen: Seen) -> None:
        version, _ = self.version_of(seen)
        self.journal.write(
            "INSERT INTO admitted VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*attempt, version, seen.command, " ".join(seen.names), self.journal.now()),
        )
        self.journal.write(
            "INSERT OR IGNORE INTO columns VALUES (?, ?, ?, ?)",
            *((version, name, seen.nrows, digest) for name, digest in seen.columns.items()),
        )
        self._add(attempt, seen, seen.parts)

    def _add(self, attempt: Attempt, seen: Seen, parts: Sequence[Part], after: int = 0) -> None:
        """Sets of rows of an attempt; after so many that it has."""
        sets = {part.digest: seen.sets[part.digest] for part in parts}
        if not sets:
            return
        self.journal.write(
            "INSERT OR IGNORE INTO row_sets VALUES (?, ?, ?)",
            *((digest, rows.counts.astype("<i8").tobytes(), rows.packed) for digest, rows in sets.items()),
        )
        self.journal.write(
            "INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)",
            *((*attempt, after + place, part.kind, part.about, part.digest) for place, part in enumerate(parts)),
        )


def _others(seen: Seen, known: Mapping[str, tuple[int, str]]) -> list[str]:
    """The columns that speak against a version: they have another content, or the file another number of rows."""
    if any(rows != seen.nrows for rows, _ in known.values()):
        return list(seen.columns)
    return [name for name, digest in seen.columns.items() if name in known and known[name][1] != digest]
