"""The ledger: what a node remembers of what it has answered, so that no two answers differ by a few persons.

It stands in the node's journal, and is written in the transaction of the reply that it is about: a crash leaves both
or neither, and a restart forgets nothing. What it cannot judge, it puts before a person (`Ledger.concerns`,
`Ledger.must_look`); what is spent is refused (`Ledger.budget`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from fedfolder.custody.answered import Answered
from fedfolder.custody.charges import Charges, limited
from fedfolder.custody.finding import Finding
from fedfolder.custody.row_sets import NOBODY, PIECES, Comparison, as_digits, members, supports
from fedfolder.custody.seen import seen
from fedfolder.exchange import strict_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from fedfolder.command import Command
    from fedfolder.custody.answered import Admitted, Attempt
    from fedfolder.custody.charges import Refused, Spent
    from fedfolder.custody.seen import Seen
    from fedfolder.exchange.journal import Journal
    from fedfolder.questions.expressions import TextValues
    from fedfolder.questions.question import Question
    from fedfolder.questions.records import Records
    from fedfolder.questions.sample import Sample

_KEY: Final = "ledger key"
MOST_COMBINED: Final = 100
"""Samples of earlier fits, the latest, of which each two are held against a new one."""


class Bounds(Protocol):
    """The limits of a policy that the ledger holds to; 0 and infinity are no limit."""

    @property
    def evaluations(self) -> float:
        """Betas that a fit may be asked about."""

    @property
    def fits(self) -> float:
        """Fits of a version of the data."""

    @property
    def refusals(self) -> float:
        """Refusals after which a person must look."""

    @property
    def differing_rows(self) -> float:
        """Persons that two sums must differ by, if they differ."""


@dataclass(frozen=True, slots=True)
class Account:
    """All that is spent, for people.

    Parameters
    ----------
    attempts : tuple of Spent
        What each attempt has used.
    unseen : tuple of Refused
        What was refused since a person last looked.
    versions : int
        Of the data, so far.
    row_sets, stored : int
        Sets of rows, and the bytes that they take on disk.
    """

    attempts: tuple[Spent, ...]
    unseen: tuple[Refused, ...]
    versions: int
    row_sets: int
    stored: int


class Ledger:
    """The ledger in `journal`, held to `limits`."""

    def __init__(self, journal: Journal, limits: Bounds) -> None:
        self.limits = limits
        self._journal = journal
        self._answered = Answered(journal)
        self._charges = Charges(journal)
        self._here: dict[Attempt, tuple[int, str]] = {}

    @property
    def key(self) -> bytes:
        """What digests are keyed with: a secret of this home, made once."""
        if self._journal.fact(_KEY) is None:
            self._journal.note(_KEY, secrets.token_hex(32))
        return bytes.fromhex(self._journal.fact(_KEY) or "")

    def seen(
        self,
        columns: Mapping[str, NDArray[np.float64] | TextValues],
        command: Command,
        sample: Sample,
        person: str | None = None,
        records: Records | None = None,
    ) -> Seen:
        """What is to be remembered of a sample; see `fedfolder.custody.seen.seen`."""
        return seen(columns, command, sample, key=self.key, person=person, records=records)

    # -- what a person must judge --------------------------------------------------------------------------------------

    def concerns(self, attempt: Attempt, seen: Seen) -> list[Finding]:
        """What a person must look at before anything of this attempt is answered; nothing if there is nothing.

        A command that was answered on this version of the data has the same answers again. Where sums may differ by
        as few persons as they like, nothing is a concern; it is remembered all the same.
        """
        (version, changed), admitted = self._answered.version_of(seen), self._answered.all()
        self._here[attempt] = (version, seen.command)
        on = {of.version for of in admitted.values() if of.command == seen.command}
        if version in on or not limited(self.limits.differing_rows):
            return []
        found = [_other_version(changed or seen.names)] if changed or on else []
        found += self._differing(attempt, seen)
        return [dataclasses.replace(finding, data=self._mark(seen)) for finding in found]

    def _mark(self, seen: Seen) -> str:
        """A short name of the data that were looked at."""
        content = strict_json.digest([dict(seen.columns), [part.digest for part in seen.parts]]).encode()
        return hashlib.blake2b(content, key=self.key, digest_size=4).hexdigest()

    def _differing(self, attempt: Attempt, seen: Seen) -> list[Finding]:
        """What differs by a few persons from what was answered, a finding for each command; then within the fit.

        Sets of rows are held against those of every version of the data: rows that were added at the end of a file
        show by that, and the places in a file that was sorted anew differ in many.
        """
        sets = seen.sets
        fewest = math.ceil(self.limits.differing_rows)
        comparison = Comparison(
            fewest, seen.persons, lambda d: sets[d].packed if d in sets else self._answered.stored(d)
        )

        def counts(digest: str) -> NDArray[np.int64]:
            return sets[digest].counts

        new = list(members(seen.parts, counts))
        old = self._answered.members(but=attempt)
        near: dict[str, tuple[Admitted, set[str]]] = {}
        for i, j in comparison.between(new, [member for member, _ in old]):
            member, of = old[j]
            near.setdefault(of.command, (of, set()))[1].update((new[i].about, member.about))
        found = [self._near(seen, of, about) for of, about in near.values()]
        found += self._combined(attempt, seen, comparison)
        found += self._multiplied(attempt, seen, comparison)
        within = {new[k].about for i, j in comparison.between(new, new) if i < j for k in (i, j)}
        due_to = supports(seen.parts, counts)
        within |= {due_to[i].about for i, _ in comparison.between(due_to, [NOBODY])}
        return [*found, self._within(seen, within)] if within else found

    def _combined(self, attempt: Attempt, seen: Seen, comparison: Comparison) -> list[Finding]:
        """The first two earlier fits that make sums over a few persons with this one, by the rows that enter each."""
        samples = self._answered.samples(but=attempt)
        new, latest = seen.parts[0].digest, list(samples)[-MOST_COMBINED:]
        for one, other in comparison.combined(new, [digest for digest in latest if digest != new]):
            of = [samples[one], samples[other]]
            names = tuple(dict.fromkeys(name for found in of for name in found.names))
            fits = " and ".join(f"{found.attempt[0]} ({found.command})" for found in of)
            says = (
                f"together with sums of fits {fits}, sums over fewer than {self.limits.differing_rows:g} persons follow"
            )
            return [Finding("differing_rows", tuple(dict.fromkeys([*seen.names, *names])), says)]
        return []

    def _multiplied(self, attempt: Attempt, seen: Seen, comparison: Comparison) -> list[Finding]:
        """The first earlier fit in which a few persons have another number of pieces, so that sums differ by them."""
        new = as_digits([seen.parts[0].digest, *(part.digest for part in seen.parts if part.kind == PIECES)])
        for old, of in self._answered.multiples(but=attempt):
            if len(new) + len(old) > 2 and comparison.multiplied(new, old):  # noqa: PLR2004 - neither has pieces
                return [self._near(seen, of, {"_t"})]
        return []

    def _near(self, seen: Seen, of: Admitted, about: set[str]) -> Finding:
        return Finding(
            "differing_rows",
            tuple(dict.fromkeys([*seen.names, *of.names])),
            f"sums over {_in_words(about)} would differ from sums of fit {of.attempt[0]} ({of.command}) by fewer than "
            f"{self.limits.differing_rows:g} persons",
        )

    def _within(self, seen: Seen, about: set[str]) -> Finding:
        return Finding(
            "differing_rows",
            seen.names,
            f"sums of this fit over {_in_words(about)} would be about fewer than {self.limits.differing_rows:g} "
            "persons, or differ from each other by as few",
        )

    # -- what is spent -------------------------------------------------------------------------------------------------

    def budget(self, attempt: Attempt, question: Question) -> list[Finding]:
        """What is spent, so that `question` is not answered; nothing if it may be.

        To be asked after `concerns`, which finds out on which version of the data the attempt is.
        """
        most, betas, findings = self.limits.fits, self.limits.evaluations, []
        if not limited(most) and not (limited(betas) and question.betas):
            return []
        version, command = self._where(attempt)
        if limited(most) and self._fits_with(attempt[0], command, version) > most:
            findings.append(Finding("fits", (), f"more than {most:g} fits of this version of the data are asked for"))
        if limited(betas) and question.betas and self._charges.evaluations_with(attempt, question, version) > betas:
            what = f"derivatives at more than {betas:g} betas are asked for, in this fit or in all of its proposal"
            findings.append(Finding("evaluations", (), what))
        return findings

    def _fits_with(self, fit: int, command: str, version: int) -> int:
        """Fits of a version of the data, this one included; another command under the same number is another fit."""
        admitted = self._answered.all().values()
        return len({(a.attempt[0], a.command) for a in admitted if a.version == version} | {(fit, command)})

    def _where(self, attempt: Attempt) -> tuple[int, str]:
        """The version of the data, and the command, of an attempt; the newest, if nothing of it was seen."""
        admitted = self._answered.of(attempt)
        if admitted is not None:
            return admitted.version, admitted.command
        return self._here.get(attempt, (self._answered.newest(), ""))

    def is_admitted(self, attempt: Attempt) -> bool:
        """Whether an attempt was answered before."""
        return self._answered.of(attempt) is not None

    # -- what is written, in the transaction of the reply --------------------------------------------------------------

    def admit(self, attempt: Attempt, seen: Seen) -> None:
        """Remember what an attempt is answered from. Once is enough, and again does nothing."""
        self._answered.admit(attempt, seen)

    def charge_answer(self, attempt: Attempt, round_: int, question: Question) -> None:
        """Charge an answer with the betas that it is about."""
        self._charges.answer(attempt, round_, question)

    def charge_refusal(self, attempt: Attempt, round_: int, rule: str) -> None:
        """Charge a refusal: that something was refused is a bit, and one could search with it."""
        self._charges.refusal(attempt, round_, rule)

    # -- refusals, which a person looks at -----------------------------------------------------------------------------

    def must_look(self) -> list[Finding]:
        """Whether so much was refused that a person must look before anything else is computed."""
        limit = self.limits.refusals
        if not limited(limit) or len(self._charges.unseen()) < limit:
            return []
        return [Finding("refusals", (), f"{limit:g} requests or more were refused since a person last looked")]

    def looked(self, who: str) -> None:
        """Note that a person has looked at what was refused."""
        self._charges.looked(who)

    def spent(self) -> Account:
        """All that is spent, for people."""
        unseen = tuple(self._charges.unseen())
        return Account(self._charges.spent(), unseen, self._answered.newest(), *self._answered.size())


def _other_version(names: Iterable[str]) -> Finding:
    return Finding(
        "data_version",
        tuple(names),
        "the data are another version than the one that an earlier fit was answered on; two answers to nearly the same "
        "question would show what has changed",
    )


def _in_words(about: Iterable[str]) -> str:
    """The sets of rows, by the variables that they are about."""
    named = sorted({text.replace(" ", "#") for text in about})
    rows = ["the rows that enter"] if "" in named else []
    return " and ".join(rows + ([f"rows by {', '.join(filter(None, named))}"] if any(named) else []))
