"""The folder that this side writes: ours alone, and holding what the other side still needs.

What the share lost or tore is written again from the journal, the same bytes. What the other side has acknowledged is
deleted when a fit closes. A stranger's file in it is nobody's message; one that this home's key has signed, and that
this home does not know, means that there are two homes.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fedfolder.errors import AlarmError, ExchangeError, HomeInUseError, MessageError, VersionError
from fedfolder.exchange.acceptance import introduced
from fedfolder.exchange.envelope import LARGEST_ENVELOPE
from fedfolder.exchange.journal import OUT
from fedfolder.exchange.names import HELLO, FileName, envelopes
from fedfolder.exchange.rota import Rota

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from fedfolder.exchange.channel import Channel
    from fedfolder.exchange.envelope import Message
    from fedfolder.exchange.store import Store

MOST_AT_START = 1000
"""Files that are looked at when a home opens a folder, twice: those that could be ahead of it, and older ones."""
MOST_BYTES_AT_START = 32 << 20
"""Bytes of these files together, each time."""
MOST_STRANGERS = 1000
"""Files of others under acknowledged numbers that are deleted when a fit closes."""


class Outbox:
    """Writes to `store` what the other side of `channel` needs."""

    def __init__(self, channel: Channel, store: Store) -> None:
        self._channel = channel
        self._store = store
        self._rota = Rota(store)
        self._whole: set[str] = set()

    def require_own(self) -> None:
        """Check that no other home writes here as this one; what is too much for now has its turn at each `publish`.

        Raises
        ------
        HomeInUseError
            If messages lie there that this home did not write, or has forgotten.
        AlarmError
            If a copy of this home gave another content to a number of its own.
        """
        sent = self._channel.sent
        lying = envelopes(self._store.names())
        for numbers in (_since(lying, sent), lying.keys() - _since(lying, sent)):
            rota = Rota(self._store, MOST_AT_START, MOST_BYTES_AT_START)
            self._require_ours(sent, rota.turn(name for number in numbers for name in lying[number]))

    def require_none_beside(self) -> None:
        """As `require_own`, of what may be ahead of this home, at each look.

        Raises
        ------
        HomeInUseError, AlarmError
            As `require_own`.
        ExchangeError
            If the folder cannot be listed.
        """
        self._require_none_beside(self._channel.sent)

    def _require_none_beside(self, sent: Message | None) -> None:
        lying = envelopes(self._store.names())
        names = {name for number in _since(lying, sent) for name in lying[number]}
        first = [name for name in (sent.name if sent else HELLO,) if name in names]
        self._require_ours(sent, first)
        self._require_ours(sent, self._rota.turn(names.difference(first)))

    def _require_ours(self, sent: Message | None, names: Iterable[str]) -> None:
        for name in names:
            self._require_own_file(sent, int(name[1:7]), name)

    def _require_own_file(self, sent: Message | None, number: int, name: str) -> None:
        content = self._read(name, LARGEST_ENVELOPE)
        known = self._channel.journal.message(self._channel.peer, OUT, number)
        if content is None:
            return
        if known and content == known.content:
            self._whole.add(name)
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
            If a message in the journal is damaged: whatever is read there is held against its signature.
        """
        sent = self._channel.sent
        self._whole.clear()
        self._require_none_beside(sent)
        written = []
        for message in self._channel.unacknowledged():
            files = [*message.payloads.items(), (message.name, message.content)]
            lacking = [(name, content) for name, content in files if not self._lies(name, content)]
            for place, (name, content) in enumerate(lacking, start=1):
                # One fsync of the folder a message, with its last file: until then nobody counts it.
                self._store.write(name, content, lasting=place == len(lacking))
                written.append(name)
        return written

    def _lies(self, name: str, content: bytes) -> bool:
        """Whether a file of ours lies there as the journal has it; what was read in this look is not read again."""
        return name in self._whole or self._read(name, len(content)) == content

    def release(self) -> None:
        """Delete what the other side has acknowledged; the hello stays.

        A courtesy: what cannot be deleted now is deleted with the next fit.
        """
        settled = self._channel.settled()
        with contextlib.suppress(ExchangeError):
            names = {name for name in self._store.names() if (of := FileName.parse(name)) and 0 < of.number < settled}
            ours = {name for number in {int(name[1:7]) for name in names} for name in self._names(number)}
            for name in [*sorted(names & ours), *sorted(names - ours)[:MOST_STRANGERS]]:
                self._store.remove(name)
            self._store.tidy()

    def _names(self, number: int) -> list[str]:
        """The names of the files of a message that this home sent."""
        message = self._channel.journal.message(self._channel.peer, OUT, number)
        return [*message.payloads, message.name] if message else []

    def _read(self, name: str, limit: int) -> bytes | None:
        """What lies there; None for what cannot be ours (too long, a link, not for us to read)."""
        try:
            return self._store.read(name, limit)
        except (MessageError, ExchangeError):
            return None

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


def _since(lying: Collection[int], sent: Message | None) -> set[int]:
    """The numbers that are not older than the last message of this home."""
    return {number for number in lying if sent is None or number >= sent.header.number}
