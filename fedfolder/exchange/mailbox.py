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

MOST_GLANCES = 8
"""Glances in a row after which a look is a whole one: what else lies there is noticed at the latest then."""
_LAST = frozenset({"closing", "receipt"})
"""The kinds of the last messages of a fit."""


def is_first(found: Message) -> bool:
    """Whether a message that was found brings a key to be pinned."""
    return found.header.kind == "hello"


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
        # The first look is a whole one: this home may be an old copy, and the share hold what it has forgotten.
        self._glanced = MOST_GLANCES
        self._just_asked = False

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
        with self.journal.steady():
            self._channel.require_trust()
            place = self._channel.next_place()
        message = self._seal(Header(**place, **fields), payloads)
        self.journal.append(self.peer, OUT, message, event=event)
        self._just_asked = False
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
        with self.journal.steady():
            self._channel.require_trust()
            written = self._outbox.publish()
        self._just_asked = bool(written) and self._channel.asks
        return written

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
        with self.journal.steady():
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
        found = self.find()
        if found is not None:
            self.accept(found)
        return found

    def find(self) -> Message | None:
        """The message that is due, if it is there and holds; None otherwise. It counts once it is accepted.

        Raises
        ------
        AlarmError, HomeInUseError, ExchangeError
            As `receive`.
        """
        self._glanced = 0
        with self.journal.steady():
            self._channel.require_trust()
            return self._inbox.look()

    def accept(self, found: Message) -> None:
        """Journal a message that was found, in a transaction of its own or in the one that is open.

        Until it is answered, or taken up by a request, its writer keeps it on the share: after a power cut it would be
        found again. A key, once pinned, is to be known for good.
        """
        with self.journal.transaction(lasting=is_first(found)):
            if found.header.kind == "hello":
                self.journal.pin(self.peer, bytes.fromhex(found.header.body["key"]))
            self.journal.append(self.peer, IN, found, event="accepted")

    def look(self, *, hastened: bool = False) -> tuple[list[str], Message | None]:
        """Publish and find: what was written, and the message that is due.

        First a glance: what is due has a name that is known, and mostly lies there. It acknowledges what lies in our
        own folder, which then needs no mending; but before we go on from that, it must be what this home wrote. That is
        known already when this side has just written a question; which nobody can have answered, and so, when there is
        no answer, nothing more is looked at. What else lies in the other side's folder (forgeries, litter, a message
        under another name) is seen by a whole look: whenever a glance finds nothing, after `MOST_GLANCES` in any case,
        and at the end of a fit, before folders are tidied.

        Parameters
        ----------
        hastened : bool
            That something moved, perhaps in another folder, before the time for a look had come. Where a glance finds
            nothing, the rest waits for that time.

        Raises
        ------
        AlarmError, HomeInUseError, ExchangeError
            As `publish` and `receive`.
        """
        with self.journal.steady():
            if self._may_glance():
                just_asked, self._just_asked = self._just_asked, False
                found = self._glance()
                if found is not None and not just_asked:
                    self._outbox.require_none_beside()
                if found is not None and found.header.kind in _LAST:
                    return [], self.find()
                if found is not None or just_asked or hastened:
                    return [], found
        return self.publish(), self.find()

    def _may_glance(self) -> bool:
        return self._glanced < MOST_GLANCES and self._channel.waits_for() != 0

    def _glance(self) -> Message | None:
        self._glanced += 1
        self._channel.require_trust()
        return self._inbox.glance()

    def _seal(self, header: Header, payloads: Mapping[str, bytes]) -> Message:
        return seal(header, payloads, self.me.sign, key=self.me.key)
