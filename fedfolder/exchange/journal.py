"""The journal of a home: every message sent or received, and what happened, in one SQLite file on the home's own disk.

It is the truth; what lies on the share is a cache of it. A message is journalled in one transaction with the line of
the audit that tells of it, and published only afterwards, so a crash at any moment leaves either nothing or all of
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from fedfolder.errors import JournalError
from fedfolder.exchange import audit
from fedfolder.exchange.audited import Audited
from fedfolder.exchange.envelope import Message
from fedfolder.exchange.keeping import kept_header, require_signed
from fedfolder.exchange.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fedfolder.exchange.audit import Detail
    from fedfolder.exchange.envelope import Header
    from fedfolder.exchange.recent import Key

OUT: Final = "out"
IN: Final = "in"

OPENINGS: Final = """
WITH RECURSIVE fits (fit) AS (
    SELECT max(fit) FROM messages UNION ALL SELECT fit - 1 FROM fits WHERE fit > 1
), attempts (fit, attempt) AS (
    SELECT fit, (SELECT max(attempt) FROM messages WHERE messages.fit = fits.fit) FROM fits
    UNION ALL SELECT fit, attempt - 1 FROM attempts WHERE attempt > 1
), firsts (fit, attempt, first) AS (
    SELECT fit, attempt, (
        SELECT rowid FROM messages WHERE messages.fit = attempts.fit AND messages.attempt = attempts.attempt
        AND round = 1 AND direction = ?1 AND kind = 'request' LIMIT 1
    ) FROM attempts
)
SELECT header FROM firsts CROSS JOIN messages ON messages.rowid = firsts.first
WHERE ?2 = x'' OR instr(header, ?2) > 0 ORDER BY firsts.fit DESC, firsts.attempt DESC
"""
"""Fits and attempts are counted from 1, so that each is found by its number, without a look at what lies between."""


class Journal(Audited):
    """The journal at `path`; `clock` gives the time of an audit line as text.

    Raises
    ------
    JournalError
        If the file is damaged, or the journal of another home.
    VersionError
        If a newer version of fedfolder wrote it.
    """

    def __init__(self, path: Path, *, clock: Callable[[], str]) -> None:
        self._recent = Recent()
        super().__init__(path, clock=clock)

    def now(self) -> str:
        """The time, as an audit line has it."""
        return self._clock()

    # -- who -----------------------------------------------------------------------------------------------------

    def bind(self, name: str, value: str) -> None:
        """Note a fact about this home for ever (`study`, `node`), or check it.

        Raises
        ------
        JournalError
            If another value was noted before.
        """
        if self.fact(name) == value:
            return
        with self.transaction():
            row = self.row("SELECT value FROM home WHERE name = ?", name)
            self._known.clear()
            if row is None:
                self._db.execute("INSERT INTO home VALUES (?, ?)", (name, value))
            elif row[0] != value:
                raise JournalError(
                    f"this journal belongs to another {name}",
                    where=str(self.path),
                    found=row[0],
                    expected=value,
                    do="use the home that belongs to it, or make a new home",
                )

    def fact(self, name: str) -> str | None:
        """What was noted under `name`; None if nothing was."""

        def read() -> str | None:
            row = self.row("SELECT value FROM home WHERE name = ?", name)
            return str(row[0]) if row else None

        return self.known(("fact", name), read)

    def note(self, name: str, value: str) -> None:
        """Note something under `name`, unless something stands there."""
        with self.transaction():
            self._known.forget(("fact", name))
            self._db.execute("INSERT OR IGNORE INTO home VALUES (?, ?)", (name, value))

    def key(self, peer: str) -> bytes | None:
        """The public key pinned for `peer`."""

        def read() -> bytes | None:
            row = self.row("SELECT key FROM peers WHERE peer = ?", peer)
            return bytes(row[0]) if row else None

        return self.known(("key", peer), read)

    def peers(self) -> list[str]:
        """Those whose keys are pinned, or were decided about."""
        rows = self.rows("SELECT peer FROM peers UNION SELECT who FROM trust ORDER BY 1")
        return [str(row[0]) for row in rows]

    def pin(self, peer: str, key: bytes) -> None:
        """Pin the first key that `peer` introduced."""
        with self.transaction():
            self._known.clear()
            self._db.execute("INSERT INTO peers VALUES (?, ?)", (peer, key))
            how = "seen first" if self.decided(peer, "fingerprint") is None else "its fingerprint was given"
            self.audit("pinned", peer, None, {"key": key.hex(), "how": how})

    def decided(self, who: str, what: str) -> str | None:
        """What a person decided about the key of `who`; None if nothing. See `fedfolder.exchange.trust`."""

        def read() -> str | None:
            row = self.row("SELECT value FROM trust WHERE who = ? AND what = ?", who, what)
            return str(row[0]) if row else None

        return self.known(("decided", who, what), read)

    def decide(self, who: str, what: str, value: str, *, event: str) -> None:
        """Note what a person decided about the key of `who`, instead of what was decided before."""
        with self.transaction():
            self._known.clear()
            self._db.execute("INSERT OR REPLACE INTO trust VALUES (?, ?, ?, ?)", (who, what, value, self._clock()))
            self.audit(event, who, None, {what: value})

    # -- what ----------------------------------------------------------------------------------------------------

    def append(self, peer: str, direction: str, message: Message, *, event: str, detail: Detail | None = None) -> None:
        """Add a message and its audit line.

        Raises
        ------
        JournalError
            If the number is taken: an identity never stands for other bytes.
        """
        header = message.header
        row = (peer, direction, header.number, header.fit, header.attempt, header.round, header.kind)
        with self.transaction():
            last = self.last(peer, direction)
            self._db.execute(
                "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, message.name, message.digest, msgspec.json.encode(header), message.content),
            )
            self._db.executemany(
                "INSERT INTO payloads VALUES (?, ?, ?, ?, ?)",
                [(peer, direction, header.number, name, content) for name, content in message.payloads.items()],
            )
            self.audit(event, peer, header.number, {**_about(message, direction), **(detail or {})})
            self._recent.put((peer, direction, header.number), message)
            if last is None or last.header.number < header.number:
                self._known.put(("last", peer, direction), message)

    def message(self, peer: str, direction: str, number: int) -> Message | None:
        """The message with this number."""
        # What was written of a message is never written again.
        recent = self._recent.get((peer, direction, number))
        if recent is not None:
            return recent
        found = self._messages("peer = ? AND direction = ? AND number = ?", peer, direction, number)
        return found[0] if found else None

    def last(self, peer: str, direction: str) -> Message | None:
        """The message with the highest number."""

        def read() -> Message | None:
            found = self._messages("peer = ? AND direction = ? ORDER BY number DESC LIMIT 1", peer, direction)
            return found[0] if found else None

        return self.known(("last", peer, direction), read)

    def of_fit(self, fit: int, direction: str, *, peer: str) -> list[Message]:
        """The messages of a fit with one peer, in order."""
        # With the +, SQLite looks among the messages of the fit, and not among all of the peer.
        where = "fit = ? AND direction = ? AND +peer = ? ORDER BY number"
        return self._messages(where, fit, direction, peer)

    def of_round(self, fit: int, attempt: int, round_: int, direction: str) -> dict[str, Message]:
        """The messages of one round, by peer."""
        peers = self.rows(
            "SELECT peer, number FROM messages WHERE fit = ? AND attempt = ? AND round = ? AND direction = ? "
            "AND kind NOT IN ('closing', 'receipt') ORDER BY rowid",
            fit,
            attempt,
            round_,
            direction,
        )
        found = {peer: self.message(peer, direction, number) for peer, number in peers}
        return {peer: message for peer, message in found.items() if message is not None}

    def first_rounds(self) -> list[Header]:
        """The headers of all requests that opened an attempt, one a fit and attempt and peer, oldest first."""
        rows = self.rows("SELECT header FROM messages WHERE kind = 'request' AND round = 1 ORDER BY fit, attempt, peer")
        return [self._header(row[0]) for row in rows]

    def openings(self, about: str) -> Iterator[Header]:
        """The headers of the requests that opened an attempt, one each, the newest first, of those that hold a text.

        However many there are, only those are read that hold it.
        """
        for (header,) in self.rows(OPENINGS, OUT, msgspec.json.encode(about)[1:-1]):
            yield self._header(header)

    def newest_fit(self) -> int:
        """The highest number of a fit; 0 before the first."""
        return int(self.row("SELECT coalesce(max(fit), 0) FROM messages")[0])

    def headers(self, peer: str, direction: str) -> list[Header]:
        """All headers in order of number, without contents."""
        sql = "SELECT header FROM messages WHERE peer = ? AND direction = ? ORDER BY number"
        rows = self.rows(sql, peer, direction)
        return [self._header(row[0]) for row in rows]

    def time_of(self, peer: str, number: int, event: str) -> str:
        """When `event` happened to message `number`, empty if it did not."""
        row = self.row(
            "SELECT at FROM audit WHERE peer = ? AND number = ? AND event = ? ORDER BY line LIMIT 1",
            peer,
            number,
            event,
        )
        return str(row[0]) if row else ""

    def digests(self, peer: str, direction: str) -> dict[int, str]:
        """The digests of all messages with one peer, by number."""
        return dict(self.rows("SELECT number, digest FROM messages WHERE peer = ? AND direction = ?", peer, direction))

    # -- as it is kept -------------------------------------------------------------------------------------------

    def _messages(self, where: str, *values: object) -> list[Message]:
        sql = f"SELECT peer, direction, number FROM messages WHERE {where}"  # noqa: S608 - a constant of this module
        return [self._recent.get(key) or self._read(key) for key in self.rows(sql, *values)]

    def _read(self, key: Key) -> Message:
        """A message as it is kept, held against its signature; from then on it is in memory, while there is room."""
        sql = "SELECT header, name, content, digest FROM messages WHERE peer = ? AND direction = ? AND number = ?"
        header, name, content, digest = self.row(sql, *key)
        message = Message(self._header(header), name, content, digest, self._payloads(*key))
        require_signed(message, number=key[2], where=str(self.path))
        self._recent.put(key, message)
        return message

    def _forget(self) -> None:
        super()._forget()
        self._recent.clear()

    def _header(self, content: bytes) -> Header:
        return kept_header(content, where=str(self.path))

    def _payloads(self, peer: str, direction: str, number: int) -> dict[str, bytes]:
        sql = "SELECT name, content FROM payloads WHERE peer = ? AND direction = ? AND number = ? ORDER BY rowid"
        return dict(self.rows(sql, peer, direction, number))


def _about(message: Message, direction: str) -> dict[str, str]:
    """What a line of the audit says of a message."""
    header = message.header
    place = {"fit": header.fit, "attempt": header.attempt, "round": header.round}
    return {
        audit.MESSAGE: message.name,
        audit.DIGEST: message.digest,
        audit.DIRECTION: direction,
        **{name: str(number) for name, number in place.items() if header.number > 0},
    }
