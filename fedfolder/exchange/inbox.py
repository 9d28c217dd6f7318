"""What lies in the other side's folder: found, judged, and held against what the journal knows.

A file here counts for nothing until it holds. One that does not is named in the findings and told to the audit once;
it is never moved or deleted, for the folder has another writer, and the rest of it may still be on its way.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from fedfolder.errors import ExchangeError, HomeInUseError, MessageError, VersionError
from fedfolder.exchange.acceptance import conflict
from fedfolder.exchange.envelope import LARGEST_ENVELOPE
from fedfolder.exchange.journal import IN
from fedfolder.exchange.names import envelopes, lookalikes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fedfolder.errors import FedfolderError
    from fedfolder.exchange.channel import Channel
    from fedfolder.exchange.envelope import Message
    from fedfolder.exchange.store import Store

MOST_FINDINGS = 20
"""Findings that are kept of one look: who litters a folder shall not fill a log."""
MOST_REPORTED = 1000
"""Contents that one inbox tells the audit about."""
MOST_AHEAD = 16
"""Files with numbers that cannot be due yet that are read in one look."""

_NOT_NOW = (MessageError, VersionError, ExchangeError)
"""What may be another file's bytes tomorrow."""


class Inbox:
    """Looks into `store`, where the other side of `channel` writes.

    Attributes
    ----------
    findings : dict of str to str
        Of the last look: file name to the reason that it does not count (yet).
    """

    def __init__(self, channel: Channel, store: Store) -> None:
        self.findings: dict[str, str] = {}
        self._channel = channel
        self._store = store
        self._reported: set[str] = set()
        self._compared: set[str] = set()
        self._to_report: list[str] = []

    def look(self) -> Message | None:
        """The message that is due, if it lies there and holds; None otherwise, or if it is this side's turn.

        Raises
        ------
        AlarmError
            If the other side changed its key, or signed two messages with one number.
        HomeInUseError
            If the other side is further on than this home remembers.
        ExchangeError
            If the store is out of reach.
        """
        names = self._store.names()
        lying = envelopes(names)
        self.findings = {}
        try:
            self._compare_with_journal(lying)
            self._require_none_ahead(lying)
            number = self._channel.waits_for()
            if number is None:
                return None
            self._name_lookalikes(names, number)
            return self._hold(number, lying.get(number, []))
        finally:
            self._report()

    def _hold(self, number: int, names: list[str]) -> Message | None:
        """The one message that holds among the files of one number."""
        judge, due = self._channel.theirs(), self._channel.due(number)

        def judged(name: str, content: bytes) -> Message:
            return judge.hello(name, content) if number == 0 else judge.message(name, content, due, self._store.read)

        held: Message | None = None
        for name in sorted(names):
            found = self._try(name, judged)
            if held is not None and found is not None and held.digest != found.digest:
                raise conflict(self._channel.peer, name)
            held = held or found
        return held

    # -- what is there beside it -----------------------------------------------------------------------------------

    def _compare_with_journal(self, lying: Mapping[int, list[str]]) -> None:
        """Hold what was accepted against the journal: the hello and the newest at each look, others once."""
        received = self._channel.received
        if received is None:
            return
        for number, names in lying.items():
            if number > received.header.number:
                continue
            always = number in {0, received.header.number}
            for name in names:
                if always or name not in self._compared:
                    self._compare(number, name)

    def _compare(self, number: int, name: str) -> None:
        known = self._channel.journal.message(self._channel.peer, IN, number)
        judge = self._channel.theirs()

        def judged(name: str, content: bytes) -> Message | None:
            self._compared.add(name)
            if known is None or content == known.content:
                return None
            return judge.hello(name, content) if number == 0 else judge.authentic(name, content)

        other = self._try(name, judged)
        if other is not None and known is not None and other.digest != known.digest:
            raise conflict(self._channel.peer, name)

    def _require_none_ahead(self, lying: Mapping[int, list[str]]) -> None:
        """The pairs are strict: a true message from further on says that this home has forgotten what it sent."""
        judge, newest = self._channel.theirs(), self._channel.newest_possible()
        if judge.key is None:
            return
        ahead = sorted(name for number, names in lying.items() if number > newest for name in names)
        for name in ahead[:MOST_AHEAD]:
            if self._try(name, judge.authentic) is not None:
                raise HomeInUseError(
                    f"{self._channel.peer} is further on than this home of {self._channel.me.name} remembers",
                    where=name,
                    expected=f"nothing after message {newest}",
                    do="this home is an old copy, or another one is at work: go on with the newest; if that is lost, "
                    "enrol a new home under a new name",
                )

    def _name_lookalikes(self, names: list[str], number: int) -> None:
        for name in sorted(lookalikes(names, number))[:MOST_FINDINGS]:
            self.findings[name] = "this is no name of a message; did a sync tool make a copy? It is left alone"

    # -- one file --------------------------------------------------------------------------------------------------

    def _try(self, name: str, judge: Callable[[str, bytes], Message | None]) -> Message | None:
        """What `judge` makes of a file; None, and a finding, if it is nothing (yet)."""
        content: bytes | None = b""
        try:
            content = self._store.read(name, LARGEST_ENVELOPE)
            return None if content is None else judge(name, content)
        except _NOT_NOW as error:
            self._note(name, content or b"", error)
            return None

    def _note(self, name: str, content: bytes, error: FedfolderError) -> None:
        reason = error.what + (f" (found {error.found})" if error.found else "")
        if len(self.findings) < MOST_FINDINGS:
            self.findings[name if isinstance(error, ExchangeError) else error.where or name] = reason
        seen = hashlib.sha256(b"\0".join([name.encode(), reason.encode(), content])).hexdigest()
        if seen not in self._reported and len(self._reported) < MOST_REPORTED:
            self._reported.add(seen)
            self._to_report.append(f"{name}: {reason}")

    def _report(self) -> None:
        """Tell the audit of what was new in this look, in one transaction."""
        if self._to_report:
            with self._channel.journal.transaction():
                for detail in self._to_report:
                    self._channel.journal.audit("not accepted", self._channel.peer, None, detail)
            self._to_report = []
