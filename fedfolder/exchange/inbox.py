"""What lies in the other side's folder: found, judged, and held against what the journal knows.

A file here counts for nothing until it holds. One that does not is named in the findings and told to the audit once;
it is never moved or deleted, for the folder has another writer, and the rest of it may still be on its way.

Names are for people, and yet they save time: what lies under a name that the other side would give is judged at each
look, and all else in turn, some of it at each look. So litter costs a bounded time, and hides nothing for ever.
"""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING

import msgspec

from fedfolder.errors import ExchangeError, HomeInUseError, MessageError, VersionError
from fedfolder.exchange.acceptance import conflict
from fedfolder.exchange.envelope import LARGEST_ENVELOPE, file_name
from fedfolder.exchange.journal import IN
from fedfolder.exchange.names import HELLO, envelopes, lookalikes
from fedfolder.exchange.rota import Rota

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from fedfolder.errors import FedfolderError
    from fedfolder.exchange.channel import Channel
    from fedfolder.exchange.envelope import Message
    from fedfolder.exchange.store import Store

MOST_FINDINGS = 20
"""Findings that are kept of one look: who litters a folder shall not fill a log."""
MOST_REPORTED = 1000
"""Contents that one inbox tells the audit about."""
MOST_OLD = 12
"""Files with numbers that were accepted that are held against the journal again in one look.

More than glances bring between two whole looks: otherwise what was there first would wait for all that comes after it.
"""

_NOT_NOW = (MessageError, VersionError, ExchangeError)
"""What may be another file's bytes tomorrow."""


class Inbox:
    """Looks into `store`, where the other side of `channel` writes.

    Attributes
    ----------
    findings : dict of str to str
        What lies there and does not count (yet): file name to the reason, the message that is due first.
    """

    def __init__(self, channel: Channel, store: Store) -> None:
        self.findings: dict[str, str] = {}
        self._channel = channel
        self._store = store
        self._due, self._old, self._ahead = Rota(store), Rota(store, MOST_OLD), Rota(store)
        self._standing: dict[str, tuple[str, str]] = {}
        self._reported: set[str] = set()
        self._to_report: list[dict[str, str]] = []

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
        names = set(self._store.names())
        lying = envelopes(names)
        number = self._channel.waits_for()
        due = [] if number is None else _likely(self._channel, number)
        try:
            self._compare_with_journal(lying)
            self._require_none_ahead(lying)
            return None if number is None else self._hold(number, due, lying.get(number, []))
        finally:
            self._tell(names, number, due)
            self._report()

    def glance(self) -> Message | None:
        """As `look`, but only under the names that the other side would give to what is due; the folder is not listed.

        When something is there that does not hold, this is a look.

        Raises
        ------
        AlarmError, HomeInUseError, ExchangeError
            As `look`.
        """
        number = self._channel.waits_for()
        if number is None:
            return None
        judge, due = self._channel.theirs(), self._channel.due(number)
        for name in _likely(self._channel, number) if number else ():
            try:
                content = self._store.read(name, LARGEST_ENVELOPE)
                if content is not None:
                    return judge.message(name, content, due, self._store.read)
            except _NOT_NOW:
                return self.look()
        return None

    def _hold(self, number: int, likely: Collection[str], names: Collection[str]) -> Message | None:
        """The one message that holds among the files of one number."""
        judge, due = self._channel.theirs(), self._channel.due(number)

        def judged(name: str, content: bytes) -> Message:
            return judge.hello(name, content) if number == 0 else judge.message(name, content, due, self._store.read)

        held: Message | None = None
        for name in _in_turn(self._due, names, likely):
            found = self._try(name, judged, self._due)
            if held is not None and found is not None and held.digest != found.digest:
                raise conflict(self._channel.peer, name)
            held = held or found
        return held

    # -- what is there beside it -----------------------------------------------------------------------------------

    def _compare_with_journal(self, lying: Mapping[int, Collection[str]]) -> None:
        """Hold what was accepted against the journal: the hello and the newest at each look, others in turn."""
        received = self._channel.received
        if received is None:
            return
        numbers = {
            name: number for number, names in lying.items() if number <= received.header.number for name in names
        }
        for name in _in_turn(self._old, numbers, [HELLO, received.name]):
            self._compare(numbers[name], name)

    def _compare(self, number: int, name: str) -> None:
        known = self._channel.journal.message(self._channel.peer, IN, number)
        judge = self._channel.theirs()

        def judged(name: str, content: bytes) -> Message | None:
            if known is None or content == known.content:
                return None
            return judge.hello(name, content) if number == 0 else judge.authentic(name, content)

        other = self._try(name, judged, self._old)
        if other is not None and known is not None and other.digest != known.digest:
            raise conflict(self._channel.peer, name)

    def _require_none_ahead(self, lying: Mapping[int, Collection[str]]) -> None:
        """The pairs are strict: a true message from further on says that this home has forgotten what it sent."""
        judge, newest = self._channel.theirs(), self._channel.newest_possible()
        if judge.key is None:
            return
        for name in self._ahead.turn(name for number, names in lying.items() if number > newest for name in names):
            if self._try(name, judge.authentic, self._ahead) is not None:
                raise HomeInUseError(
                    f"{self._channel.peer} is further on than this home of {self._channel.me.name} remembers",
                    where=name,
                    expected=f"nothing after message {newest}",
                    do="this home is an old copy, or another one is at work: go on with the newest; if that is lost, "
                    "enrol a new home under a new name",
                )

    # -- one file --------------------------------------------------------------------------------------------------

    def _try(self, name: str, judge: Callable[[str, bytes], Message | None], rota: Rota) -> Message | None:
        """What `judge` makes of a file; None, and a finding, if it is nothing (yet)."""
        content: bytes | None = b""
        self._standing.pop(name, None)
        try:
            content = self._store.read(name, LARGEST_ENVELOPE)
            return None if content is None else judge(name, content)
        except _NOT_NOW as error:
            if isinstance(error, ExchangeError) or (content and error.where != name):
                # It hangs on another file, or on a program that holds this one: that may change and leave no trace.
                rota.again(name)
            self._note(name, content or b"", error)
            return None

    def _note(self, name: str, content: bytes, error: FedfolderError) -> None:
        reason = error.what + (f" (found {error.found})" if error.found else "")
        self._standing[name] = (name if isinstance(error, ExchangeError) else error.where or name, reason)
        seen = hashlib.sha256(b"\0".join([name.encode(), reason.encode(), content])).hexdigest()
        if seen not in self._reported and len(self._reported) < MOST_REPORTED:
            self._reported.add(seen)
            self._to_report.append({"file": name, "reason": reason})

    # -- what is told ----------------------------------------------------------------------------------------------

    def _tell(self, names: Collection[str], number: int | None, likely: Collection[str]) -> None:
        """Bring the findings up to date: what was not read in this look stands as it was found before."""
        due = "" if number is None else f"m{number:06d}-"
        lying = [name for name in self._standing if name in names]
        lying.sort(key=lambda name: (name not in likely, not (due and name.startswith(due))))
        self._standing = {name: self._standing[name] for name in lying[:MOST_FINDINGS]}
        self.findings = dict(self._standing.values())
        if number is not None:
            for name in sorted(lookalikes(names, number))[:MOST_FINDINGS]:
                # A stranger's name may hold what no terminal should be sent.
                shown = "".join(c if c.isprintable() else "?" for c in name)
                self.findings[shown] = "this is no name of a message; did a sync tool make a copy? It is left alone"

    def _report(self) -> None:
        """Tell the audit of what was new in this look, in one transaction."""
        if self._to_report:
            with self._channel.journal.transaction():
                for detail in self._to_report:
                    self._channel.journal.audit("not accepted", self._channel.peer, None, detail)
            self._to_report = []


def _in_turn(rota: Rota, names: Collection[str], likely: Collection[str]) -> Iterator[str]:
    """Those of `names` that are `likely`, at each look, and others as their turn comes."""
    first = [name for name in likely if name in names]
    yield from first
    yield from rota.turn(name for name in names if name not in first)


def _likely(channel: Channel, number: int) -> list[str]:
    """Names that the other side would give to its message `number`; a new fit may have one that cannot be known."""
    last = channel.sent if channel.asks else channel.received
    if number == 0 or last is None:
        return [HELLO]
    header, replace = last.header, functools.partial(msgspec.structs.replace, last.header, number=number)
    if channel.asks:
        return [file_name(replace(kind="receipt" if header.kind == "closing" else "sums"))]
    following = (
        replace(kind="request", round=header.round + 1),
        replace(kind="closing"),
        replace(kind="request", round=1),
        replace(kind="request", round=1, fit=header.fit + 1),
    )
    return [file_name(header) for header in following]
