"""Who said yes: what the custodian decided on a proposal, and answers that wait until a person has read them.

Both stand in the home's journal, so that they hold after a restart, and can be given from another window while the node
runs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import msgspec

from fedfolder.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fedfolder.custody.finding import Finding
    from fedfolder.exchange.envelope import Header
    from fedfolder.exchange.journal import Journal

Mode = Literal["auto", "proposal", "every-file"]
"""Who says yes: nobody while no rule asks for a person; a person to each proposal; and besides to each answer."""
APPROVED: Final = "approved"
REJECTED: Final = "rejected"


class Attempt(NamedTuple):
    """An attempt at a fit: its numbers, and the digest of its proposal."""

    fit: int
    number: int
    proposal: str

    @classmethod
    def of(cls, header: Header) -> Attempt:
        """That of a message."""
        return cls(header.fit, header.attempt, header.proposal)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided on a proposal.

    Parameters
    ----------
    approved : bool
        Otherwise it was rejected.
    who, reason, at : str
        By whom, why, and when.
    seen : tuple of str
        What needed a person then, each concern in its words: an approval is of these, in those data, and of no others.
    """

    approved: bool
    who: str
    reason: str
    at: str
    seen: tuple[str, ...]


class Approvals:
    """The decisions in `journal`.

    They are on a proposal within a fit: a later attempt with the same proposal needs no other, unless something new
    calls for a person.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def decide(self, attempt: Attempt, decision: str, who: str, reason: str, concerns: Iterable[Finding] = ()) -> None:
        """Note a decision, `APPROVED` or `REJECTED`, and its line of the audit."""
        seen = [concern.in_view for concern in concerns]
        with self._journal.transaction():
            self._journal.write(
                "INSERT INTO decisions (fit, attempt, proposal, decision, who, reason, seen, at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*attempt, decision, who, reason, msgspec.json.encode(seen).decode(), self._journal.now()),
            )
            said = {"fit": str(attempt.fit), "proposal": attempt.proposal, "who": who, "reason": reason}
            self._journal.audit(decision, "", None, {**said, **({"concerns": "; ".join(seen)} if seen else {})})

    def of(self, attempt: Attempt) -> Decision | None:
        """The last decision on this proposal; None if there is none."""
        row = self._journal.row(
            "SELECT decision, who, reason, at, seen FROM decisions WHERE fit = ? AND proposal = ? "
            "ORDER BY rowid DESC LIMIT 1",
            attempt.fit,
            attempt.proposal,
        )
        if row is None:
            return None
        return Decision(row[0] == APPROVED, row[1], row[2], row[3], tuple(msgspec.json.decode(row[4], type=list[str])))

    def covers(self, attempt: Attempt, concerns: Iterable[Finding]) -> bool:
        """Whether a person has approved of this proposal, with all of `concerns` in view."""
        decision = self.of(attempt)
        return decision is not None and decision.approved and {c.in_view for c in concerns} <= set(decision.seen)


class Draft(msgspec.Struct, frozen=True):
    """An answer that was computed and has not left: its kind, body, and files by label."""

    kind: str
    body: dict[str, Any]
    files: dict[str, bytes]


class Drafts:
    """The answers in `journal` that wait until a person releases them, each under the number of its request."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def add(self, number: int, kind: str, body: Mapping[str, Any], files: Mapping[str, bytes]) -> Draft:
        """Keep an answer. Exactly these bytes leave when it is released."""
        draft = Draft(kind, dict(body), dict(files))
        content = msgspec.json.encode(draft)
        digest = hashlib.sha256(content).hexdigest()
        self._journal.write("INSERT INTO drafts VALUES (?, ?, ?, '')", (number, digest, content))
        return draft

    def of(self, number: int) -> Draft | None:
        """The answer to request `number`; None if none was kept.

        Raises
        ------
        JournalError
            If it is damaged.
        """
        row = self._journal.row("SELECT content, digest FROM drafts WHERE number = ?", number)
        if row is None:
            return None
        if hashlib.sha256(row[0]).hexdigest() != row[1]:
            raise JournalError("an answer that waits in the journal is damaged", where=str(self._journal.path))
        return msgspec.json.decode(row[0], type=Draft)

    def release(self, number: int, who: str) -> None:
        """Note that a person has read the answer and lets it go."""
        with self._journal.transaction():
            self._journal.write("UPDATE drafts SET released = ? WHERE number = ?", (who, number))
            self._journal.audit("released", "", number, {"who": who})

    def is_released(self, number: int) -> bool:
        """Whether a person has let it go."""
        row = self._journal.row("SELECT released FROM drafts WHERE number = ?", number)
        return row is not None and row[0] != ""
