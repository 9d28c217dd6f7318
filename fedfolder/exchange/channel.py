"""Whose turn it is: the state of a channel between the server and a node, read from the journal alone.

The server asks with number n, the node answers with number n, and nothing else is in flight. So accepting request n+1
tells the node that its reply n arrived, and accepting reply n tells the server that its request n did. At most one
message of each writer is unacknowledged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fedfolder.errors import JournalError
from fedfolder.exchange import trust
from fedfolder.exchange.acceptance import Acceptance, Due
from fedfolder.exchange.journal import IN, OUT
from fedfolder.exchange.names import SERVER

if TYPE_CHECKING:
    from fedfolder.exchange.envelope import Message, Sign
    from fedfolder.exchange.journal import Journal


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signs: the name in the study, the public key (32 bytes), and what signs with the private one."""

    name: str
    key: bytes
    sign: Sign = field(repr=False)


@dataclass(frozen=True, slots=True)
class Channel:
    """The channel of `me` with `peer` in `study`, as far as the `journal` of this home knows it."""

    study: str
    me: Identity
    peer: str
    journal: Journal

    @property
    def asks(self) -> bool:
        """Whether this side asks (the server) or answers (a node)."""
        return self.me.name == SERVER

    @property
    def sent(self) -> Message | None:
        """The last message of this side."""
        return self.journal.last(self.peer, OUT)

    @property
    def received(self) -> Message | None:
        """The last message accepted from the other side."""
        return self.journal.last(self.peer, IN)

    def waits_for(self) -> int | None:
        """The number of the message that is due from the other side, None if it is this side's turn."""
        received, sent = self.received, self.sent
        if received is None:
            return 0
        mine, theirs = (sent.header.number if sent else -1), received.header.number
        if self.asks:
            return mine if mine > theirs else None
        return theirs + 1 if mine >= theirs else None

    def due(self, number: int) -> Due:
        """What message `number` of the other side must point at; a hello points at nothing."""
        received = self.received
        return Due(number, received.digest if received else "", self.sent if self.asks else None)

    def newest_possible(self) -> int:
        """The highest number that the other side can have used, if this home has forgotten nothing."""
        due = self.waits_for()
        if due is not None:
            return due
        received = self.received
        return received.header.number if received else 0

    def next_place(self) -> dict[str, Any]:
        """Header fields of this side's next message: from whom to whom, number, and what it points at.

        Raises
        ------
        JournalError
            If it is not this side's turn.
        """
        sent, received = self.sent, self.received
        if sent is None or received is None:
            raise JournalError("nothing can be sent before both sides have greeted", where=str(self.journal.path))
        if self.waits_for() is not None:
            raise JournalError(f"it is not the turn of {self.me.name} to write to {self.peer}")
        return {
            **self.place(),
            "number": sent.header.number + 1 if self.asks else received.header.number,
            "previous": sent.digest,
            "answers": "" if self.asks else received.digest,
        }

    def place(self) -> dict[str, Any]:
        """Header fields that say from whom to whom."""
        return {"study": self.study, "sender": self.me.name, "recipient": self.peer}

    def unacknowledged(self) -> list[Message]:
        """What the share must hold: the hello, and the last message until the other side has gone on from it."""
        hello, sent = self.journal.message(self.peer, OUT, 0), self.sent
        messages = [hello] if hello else []
        if sent and 0 < sent.header.number >= self.settled():
            messages.append(sent)
        return messages

    def outstanding(self) -> list[Message]:
        """What the other side may lack: as `unacknowledged`, without a hello that it must have seen to write to us."""
        received = self.received
        known = received is not None and received.header.number > 0
        return [message for message in self.unacknowledged() if message.header.number > 0 or not known]

    def settled(self) -> int:
        """The number below which the other side has acknowledged everything."""
        sent, received = self.sent, self.received
        if sent is None or received is None:
            return 0
        return sent.header.number + (1 if self.asks and received.header.number == sent.header.number else 0)

    def require_trust(self) -> None:
        """Stop if a key of this channel is revoked, or the other side's is not the one whose fingerprint was given.

        Raises
        ------
        RevokedKeyError, AlarmError
        """

        def hold() -> None:
            trust.require_not_revoked(self.journal, self.me.name, own=True)
            trust.require_not_revoked(self.journal, self.peer)
            trust.require_expected(self.journal, self.peer)

        self.journal.known(("trusted", self.me.name, self.peer), hold)

    def theirs(self) -> Acceptance:
        """The rules for what the other side sends."""
        given = trust.expected(self.journal, self.peer)
        return Acceptance(self.study, self.peer, self.me.name, self.journal.key(self.peer), given=given)

    def ours(self) -> Acceptance:
        """The rules that this side's own messages pass."""
        return Acceptance(self.study, self.me.name, self.peer, self.me.key)
