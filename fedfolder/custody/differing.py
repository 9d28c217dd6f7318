"""What of a fit differs by a few persons from what was answered: the findings that a person must look at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from fedfolder.custody.finding import Finding
from fedfolder.custody.row_sets import (
    NOBODY,
    PIECES,
    Comparison,
    as_digits,
    distinguished,
    events,
    groupings,
    members,
    supports,
    with_distinguished,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from fedfolder.custody.answered import Admitted, Answered, Attempt, Members
    from fedfolder.custody.row_sets import Member
    from fedfolder.custody.seen import Seen

Pair: TypeAlias = "tuple[Sequence[Member], Sequence[tuple[Member, Admitted]]]"
"""Sets of this fit, and those of others that they are held against."""
MOST_COMBINED: Final = 100
"""Samples of earlier fits, the latest, of which each two are held against a new one."""


@dataclass(frozen=True, slots=True)
class Differing:
    """Holds what was `seen` for an attempt against what was `answered` in others.

    Sets of rows are held against those of every version of the data: rows that were added at the end of a file show by
    that, and the places in a file that was sorted anew differ in many.

    Parameters
    ----------
    fewest : float
        Persons that two sums must differ by, if they differ.
    """

    answered: Answered
    attempt: Attempt
    seen: Seen
    fewest: float

    def at_first(self) -> list[Finding]:
        """Before anything of the attempt is answered: a finding for each earlier command; then within the fit."""
        parts, comparison = self.seen.parts, self._comparison()
        new = list(members(parts, self._counts))
        found = self._near_to(comparison, (new, self._others()), *self._distinguished(new, comparison))
        found += self._of_events(new, comparison)
        found += self._combined(comparison)
        found += self._multiplied(comparison)
        found += self._regrouped(comparison)
        within = {new[k].about for i, j in comparison.between(new, new) if i < j for k in (i, j)}
        due_to = supports(parts, self._counts)
        within |= {due_to[i].about for i, _ in comparison.between(due_to, [NOBODY])}
        return [*found, self._within(within)] if within else found

    def once_knots_are_found(self) -> list[Finding]:
        """Of the rows beyond knots that follow from what was published; nothing of those that were answered with."""
        known = self.answered.parts(self.attempt)
        parts = [part for part in self.seen.found if part not in known]
        if not parts:
            return []
        comparison, whole = self._comparison(), self.seen.parts[0]
        new = [member for member in members([whole, *parts], self._counts) if member.about]
        own = [*members(self.seen.parts, self._counts), *new]
        within = {member.about for i, j in comparison.between(new, own) for member in (new[i], own[j])}
        found = self._near_to(comparison, (new, self._others()))
        return [*found, self._within(within)] if within else found

    def _counts(self, digest: str) -> NDArray[np.int64]:
        return self.seen.sets[digest].counts

    def _comparison(self) -> Comparison:
        sets = self.seen.sets
        return Comparison(
            math.ceil(self.fewest),
            self.seen.persons,
            lambda digest: sets[digest].packed if digest in sets else self.answered.stored(digest),
        )

    def _others(self, of: Members = members) -> list[tuple[Member, Admitted]]:
        """The sets of other attempts."""
        return self.answered.members(but=self.attempt, of=of)

    def _of_events(self, new: Sequence[Member], comparison: Comparison) -> list[Finding]:
        """Counts of events up to an edge, beside which another fit counts, or sums over, the events of a few more."""
        mine, theirs = events(self.seen.parts, self._counts), self._others(events)
        return self._near_to(comparison, (mine, [*theirs, *self._others()] if mine else []), (new, theirs))

    def _distinguished(self, new: Sequence[Member], comparison: Comparison) -> list[Pair]:
        """What to hold against each other where derived numbers are another for some, in this fit or in one before.

        Two sets that were there before were held against each other when the later of them came. What is so for a few,
        or for all but a few, is said of the fit by itself.
        """
        old, parts = self._others(with_distinguished), self._others(distinguished)
        known = {member.digests for member, _ in old}
        mine = [member for member in distinguished(self.seen.parts, self._counts) if member.digests not in known]
        by_itself = {i for i, _ in comparison.between(mine, [NOBODY, *new[:1]])}
        return [
            ([member for i, member in enumerate(mine) if i not in by_itself], old),
            ([member for member in new if member.digests not in known], parts),
        ]

    def _near_to(self, comparison: Comparison, *pairs: Pair) -> list[Finding]:
        """A finding for each earlier command, of whose sets some differ by a few persons from what is new."""
        near: dict[str, tuple[Admitted, set[str]]] = {}
        for new, old in pairs:
            for i, j in comparison.between(new, [member for member, _ in old]):
                member, of = old[j]
                near.setdefault(of.command, (of, set()))[1].update((new[i].about, member.about))
        return [self._near(of, f"sums over {in_words(about)}") for of, about in near.values()]

    def _combined(self, comparison: Comparison) -> list[Finding]:
        """The first two earlier fits that make sums over a few persons with this one, by the rows that enter each."""
        samples = self.answered.samples(but=self.attempt)
        new, latest = self.seen.parts[0].digest, list(samples)[-MOST_COMBINED:]
        for one, other in comparison.combined(new, [digest for digest in latest if digest != new]):
            of = [samples[one], samples[other]]
            names = tuple(dict.fromkeys(name for found in of for name in found.names))
            fits = " and ".join(f"{found.attempt[0]} ({found.command})" for found in of)
            says = f"together with sums of fits {fits}, sums over fewer than {self.fewest:g} persons follow"
            return [Finding("differing_rows", tuple(dict.fromkeys([*self.seen.names, *names])), says)]
        return []

    def _multiplied(self, comparison: Comparison) -> list[Finding]:
        """The first earlier fit in which a few persons have another number of pieces, so that sums differ by them."""
        parts = self.seen.parts
        new = as_digits([parts[0].digest, *(part.digest for part in parts if part.kind == PIECES)])
        for old, of in self.answered.multiples(but=self.attempt):
            if len(new) + len(old) > 2 and comparison.multiplied(new, old):  # noqa: PLR2004 - neither has pieces
                return [self._near(of, f"sums over {in_words({'_t'})}")]
        return []

    def _regrouped(self, comparison: Comparison) -> list[Finding]:
        """For each thing that rows are grouped for, the first earlier fit in which a few persons stand with others."""
        found = []
        for what, new in groupings(self.seen.parts).items():
            for old, of in self.answered.groupings(what, but=self.attempt):
                if new != old and comparison.regrouped(new, old):
                    found.append(self._near(of, f"sums by {what}, with other members,"))
                    break
        return found

    def _near(self, of: Admitted, sums: str) -> Finding:
        return Finding(
            "differing_rows",
            tuple(dict.fromkeys([*self.seen.names, *of.names])),
            f"{sums} would differ from sums of fit {of.attempt[0]} ({of.command}) by fewer than "
            f"{self.fewest:g} persons",
        )

    def _within(self, about: set[str]) -> Finding:
        return Finding(
            "differing_rows",
            self.seen.names,
            f"sums of this fit over {in_words(about)} would be about fewer than {self.fewest:g} persons, or differ "
            "from each other by as few",
        )


def in_words(about: Iterable[str]) -> str:
    """The sets of rows, by the variables that they are about."""
    named = sorted({text.replace(" ", "#") for text in about})
    rows = ["the rows that enter"] if "" in named else []
    return " and ".join(rows + ([f"rows by {', '.join(filter(None, named))}"] if any(named) else []))
