"""The ledger: what a node remembers of what it has answered, so that no two answers differ by a few persons.

It stands in the node's journal, and is written in the transaction of the reply that it is about: a crash leaves both
or neither, and a restart forgets nothing. What it cannot judge, it puts before a person (`Ledger.concerns`,
`Ledger.must_look`); what is spent is refused (`Ledger.budget`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from fedfolder.custody.answered import Answered
from fedfolder.custody.charges import Charges, limited
from fedfolder.custody.differing import Differing
from fedfolder.custody.finding import Finding
from fedfolder.custody.seen import seen, with_knots
from fedfolder.exchange import strict_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from fedfolder.command import Command
    from fedfolder.custody.answered import Attempt
    from fedfolder.custody.charges import Refused, Spent
    from fedfolder.custody.seen import Seen
    from fedfolder.exchange.journal import Journal
    from fedfolder.questions.expressions import TextValues
    from fedfolder.questions.question import Question
    from fedfolder.questions.records import Records
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.splines import Splines

_KEY: Final = "ledger key"


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

    def with_knots(self, seen: Seen, splines: Splines, sample: Sample) -> Seen:
        """The same with the rows beyond knots that were found; see `fedfolder.custody.seen.with_knots`."""
        return with_knots(seen, splines, sample, key=self.key)

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
        found += Differing(self._answered, attempt, seen, self.limits.differing_rows).at_first()
        return [dataclasses.replace(finding, data=self._mark(seen)) for finding in found]

    def _mark(self, seen: Seen) -> str:
        """A short name of the data that were looked at."""
        content = strict_json.digest([dict(seen.columns), [part.digest for part in seen.parts]]).encode()
        return hashlib.blake2b(content, key=self.key, digest_size=4).hexdigest()

    def concerns_of_knots(self, attempt: Attempt, seen: Seen) -> list[Finding]:
        """The same once it is known where knots are that a command does not give: what was published leads to them.

        The same command may have other knots another time.
        """
        if not limited(self.limits.differing_rows):
            return []
        found = Differing(self._answered, attempt, seen, self.limits.differing_rows).once_knots_are_found()
        return [dataclasses.replace(finding, data=self._mark(seen)) for finding in found]

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
        """Remember what an attempt is answered from; again, what was found since."""
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
