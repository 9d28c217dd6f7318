"""One end of a channel between the server and a node: strictly paired messages over two stores.

Every message is journalled before it is published, so that whatever happens to the share, or to this process, the same
bytes go out again and nothing is computed twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fedfolder.exchange.channel import Channel, Identity
from fedfolder.exchange.envelope import Header, seal
from fedfolder.exchange.inbox import Inbox
from fedfolder.exchange.journal import IN, OUT
from fedfolder.exchange.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.exchange.envelope import Message
    from fedfolder.exchange.journal import Journal
    from fedfolder.exchange.store import Store

__all__ = ["Identity", "Mailbox"]


class Mailbox:
    """The end of `me` in the channel with `peer`.

    Parameters
    ----------
    study : str
        The study's name.
    me : Identity
        Who writes to `outgoing`.
    peer : str
        Who writes to `incoming`.
    incoming, outgoing : Store
        The two directions.
    journal : Journal
        Of this home.

    Once a key of the channel is revoked, or the other side's turns out not to be the one whose fingerprint was given,
    nothing goes either way: RevokedKeyError, or AlarmError.
    """

    def __init__(
        self, study: str, me: Identity, peer: str, *, incoming: Store, outgoing: Store, journal: Journal
    ) -> None:
        self.me = me
        self.peer = peer
        self.incoming = incoming
        self.outgoing = outgoing
        self.journal = journal
        self._channel = Channel(study, me, peer, journal)
        self._inbox = Inbox(self._channel, incoming)
        self._outbox = Outbox(self._channel, outgoing)

    @property
    def findings(self) -> dict[str, str]:
        """What stands in the way now: file name to the reason that it does not count (yet)."""
        return self._inbox.findings

    def open(self, hello: Mapping[str, Any]) -> None:
        """Take possession of the outgoing store: check that it is ours, greet, and bring it up to date.

        Parameters
        ----------
        hello : mapping
            What the hello says beside the public key.

        Raises
        ------
        HomeInUseError
            If messages lie there that this home did not write.
        AlarmError
            If a copy of this home signed another message with a number of its own.
        ExchangeError
            If the store is out of reach.
        """
        self._channel.require_trust()
        self._outbox.require_own()
        self.outgoing.tidy()
        if self._channel.sent is None:
            body = {"key": self.me.key.hex(), **hello}
            message = self._seal(Header(**self._channel.place(), kind="hello", number=0, body=body), {})
            self.journal.append(self.peer, OUT, message, event="greeted")
        self.publish()

    def post(self, payloads: Mapping[str, bytes], *, event: str, **fields: Any) -> Message:  # noqa: ANN401 - the header's
        """Journal the next message; it goes out with the next `publish`.

        Parameters
        ----------
        payloads : mapping of str to bytes
            By short label, as in `beta.csv`.
        event : str
            The word for it in the audit.
        **fields
            The header's kind, fit, attempt, round, proposal, protocol, roster and body.

        Raises
        ------
        JournalError
            If it is not this side's turn.
        MessageError
            If no reader could accept it: too long, or of what JSON cannot hold.
        """
        self._channel.require_trust()
        message = self._seal(Header(**self._channel.next_place(), **fields), payloads)
        self.journal.append(self.peer, OUT, message, event=event)
        return message

    def publish(self) -> list[str]:
        """Write what the other side has not acknowledged and the share lacks; return the names written.

        Raises
        ------
        ExchangeError
            If the store cannot be written.
        AlarmError, HomeInUseError
            If another home writes there as this one.
        """
        self._channel.require_trust()
        return self._outbox.publish()

    def has_greeted(self) -> bool:
        """Whether this home has introduced itself."""
        return self._channel.sent is not None

    def outstanding(self) -> list[Message]:
        """The messages that the other side may lack."""
        return self._channel.outstanding()

    def release(self) -> None:
        """Delete what the other side has acknowledged, when a fit is closed; the hello stays."""
        self._outbox.release()

    def waits_for(self) -> int | None:
        """The number of the message that is due from the other side, None if it is this side's turn."""
        return self._channel.waits_for()

    def receive(self) -> Message | None:
        """Accept and journal the message that is due, if it is there and holds; None otherwise.

        Raises
        ------
        AlarmError
            If the other side changed its key, or signed two messages with one number.
        HomeInUseError
            If the other side is further on than this home remembers.
        ExchangeError
            If the store is out of reach.
        """
        self._channel.require_trust()
        accepted = self._inbox.look()
        if accepted is not None:
            with self.journal.transaction():
                if accepted.header.kind == "hello":
                    self.journal.pin(self.peer, bytes.fromhex(accepted.header.body["key"]))
                self.journal.append(self.peer, IN, accepted, event="accepted")
        return accepted

    def _seal(self, header: Header, payloads: Mapping[str, bytes]) -> Message:
        return seal(header, payloads, self.me.sign, key=self.me.key)
