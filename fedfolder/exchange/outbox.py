"""The folder that this side writes: ours alone, and holding what the other side still needs.

What the share lost or tore is written again from the journal, the same bytes. What the other side has acknowledged is
deleted when a fit closes. A stranger's file in it is nobody's message; one that this home's key has signed, and that
this home does not know, means that there are two homes.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fedfolder.errors import AlarmError, ExchangeError, HomeInUseError, JournalError, MessageError, VersionError
from fedfolder.exchange.acceptance import introduced
from fedfolder.exchange.envelope import LARGEST_ENVELOPE, is_whole
from fedfolder.exchange.journal import OUT
from fedfolder.exchange.names import FileName, envelopes

if TYPE_CHECKING:
    from fedfolder.exchange.channel import Channel
    from fedfolder.exchange.envelope import Message
    from fedfolder.exchange.store import Store


class Outbox:
    """Writes to `store` what the other side of `channel` needs."""

    def __init__(self, channel: Channel, store: Store) -> None:
        self._channel = channel
        self._store = store

    def require_own(self, *, since: int = 0) -> None:
        """Check that no other home writes here as this one.

        Parameters
        ----------
        since : int
            The lowest number whose files are looked at.

        Raises
        ------
        HomeInUseError
            If messages lie there that this home did not write, or has forgotten.
        AlarmError
            If a copy of this home gave another content to a number of its own.
        """
        sent = self._channel.sent
        for number, names in sorted(envelopes(self._store.names()).items()):
            for name in names if number >= since else ():
                self._require_ours(sent, number, name)

    def _require_ours(self, sent: Message | None, number: int, name: str) -> None:
        content = self._read(name, LARGEST_ENVELOPE)
        known = self._channel.journal.message(self._channel.peer, OUT, number)
        if content is None or (known and content == known.content):
            return
        rules = self._channel.ours()
        try:
            # A home that has sent nothing yet must not move in beside one that has another key.
            other = rules.authentic(name, content) if sent else introduced(rules, name, content)
        except (MessageError, VersionError):
            return
        if sent is None or number > sent.header.number:
            raise self._two_homes(number, sent)
        if known is None or known.digest != other.digest:
            raise self._copied(name)

    def publish(self) -> list[str]:
        """Write what the other side has not acknowledged and the share lacks; return the names written.

        Payloads go first and the JSON last, so that whoever sees the JSON mostly finds the rest.

        Raises
        ------
        ExchangeError
            If the store cannot be written.
        AlarmError, HomeInUseError
            If another home writes here as this one.
        JournalError
            If a message in the journal is damaged.
        """
        sent = self._channel.sent
        self.require_own(since=sent.header.number if sent else 0)
        written = []
        for message in self._channel.unacknowledged():
            lacking = [
                (name, content)
                for name, content in [*message.payloads.items(), (message.name, message.content)]
                if self._read(name, len(content)) != content
            ]
            if lacking:
                self._require_whole(message)
            for name, content in lacking:
                self._store.write(name, content)
                written.append(name)
        return written

    def release(self) -> None:
        """Delete what the other side has acknowledged; the hello stays.

        A courtesy: what cannot be deleted now is deleted with the next fit.
        """
        settled = self._channel.settled()
        with contextlib.suppress(ExchangeError):
            for name in self._store.names():
                parsed = FileName.parse(name)
                if parsed and 0 < parsed.number < settled:
                    self._store.remove(name)

    def _read(self, name: str, limit: int) -> bytes | None:
        """What lies there; None for what cannot be ours (too long, a link, not for us to read)."""
        try:
            return self._store.read(name, limit)
        except (MessageError, ExchangeError):
            return None

    def _require_whole(self, message: Message) -> None:
        if not is_whole(message):
            raise JournalError(
                "a message in the journal is damaged",
                where=f"{self._channel.journal.path}: {message.name}",
                expected="the bytes that were signed",
                do="nothing was sent; make a new home and have it enrolled under a new name",
            )

    def _two_homes(self, number: int, sent: Message | None) -> HomeInUseError:
        return HomeInUseError(
            f"another home writes as {self._channel.me.name} here, or this home is an old copy",
            where=str(self._store),
            found=f"message {number}",
            expected=f"none after {sent.header.number}" if sent else "an empty folder: this home has sent nothing",
            do="go on with the home that wrote it; if that home is lost, enrol a new home under a new name",
        )

    def _copied(self, name: str) -> AlarmError:
        return AlarmError(
            f"a copy of this home of {self._channel.me.name} is at work",
            where=f"{self._store}: {name}",
            found="a message signed with this home's key that this home did not write",
            do="stop both, and enrol a new home under a new name",
        )
