"""The journal of a home: every message sent or received, and what happened, in one SQLite file on the home's own disk.

It is the truth; what lies on the share is a cache of it. A message is journalled in one transaction with the line of
the audit that tells of it, and published only afterwards, so a crash at any moment leaves either nothing or all of
it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any, Final

import msgspec

from fedfolder.errors import JournalError, VersionError
from fedfolder.exchange.envelope import Message
from fedfolder.exchange.keeping import kept_header, require_signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fedfolder.exchange.envelope import Header

VERSION: Final = 1
OUT: Final = "out"
IN: Final = "in"

_SCHEMA = """
CREATE TABLE home (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE peers (peer TEXT PRIMARY KEY, key BLOB NOT NULL) STRICT;
CREATE TABLE messages (
    peer TEXT NOT NULL, direction TEXT NOT NULL, number INTEGER NOT NULL,
    fit INTEGER NOT NULL, attempt INTEGER NOT NULL, round INTEGER NOT NULL, kind TEXT NOT NULL,
    name TEXT NOT NULL, digest TEXT NOT NULL, header BLOB NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (peer, direction, number)
) STRICT;
CREATE INDEX by_round ON messages (fit, attempt, round, direction, peer);
CREATE TABLE payloads (
    peer TEXT NOT NULL, direction TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (peer, direction, number, name)
) STRICT;
CREATE TABLE audit (
    line INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, event TEXT NOT NULL, peer TEXT NOT NULL,
    number INTEGER, detail TEXT NOT NULL
) STRICT;
"""


class Journal:
    """The journal at `path`; `clock` gives the time of an audit line as text.

    Raises
    ------
    JournalError
        If the file is damaged, or the journal of another home.
    VersionError
        If a newer version of fedfolder wrote it.
    """

    def __init__(self, path: Path, *, clock: Callable[[], str]) -> None:
        self.path = path
        self._clock = clock
        self._whole: set[tuple[str, str, int]] = set()
        with self._explained():
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30.0)
            try:
                self._open()
            except BaseException:
                self._db.close()
                raise

    def _open(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        # FULL: a transaction that was answered for is still there after a power cut.
        self._db.execute("PRAGMA synchronous = FULL")
        with self.transaction():
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0 and not self._db.execute("SELECT 1 FROM sqlite_master").fetchone():
                for statement in _SCHEMA.split(";"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {VERSION}")
            elif version > VERSION:
                raise VersionError(
                    "this home was written by a newer fedfolder",
                    where=str(self.path),
                    found=f"journal version {version}",
                    expected=f"at most {VERSION}",
                    do="update fedfolder here",
                )
            elif version != VERSION:
                raise JournalError(
                    "this is not the journal of a home",
                    where=str(self.path),
                    found=f"a database of version {version}",
                    expected=f"version {VERSION}",
                    do="use the home as it was made",
                )

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside happens together or not at all. May be nested; the outermost one commits."""
        if self._db.in_transaction:
            yield
            return
        with self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself where the disk was full; a second time would be an error.
                with contextlib.suppress(sqlite3.OperationalError):
                    self._db.execute("ROLLBACK")
                raise

    # -- who -----------------------------------------------------------------------------------------------------

    def bind(self, name: str, value: str) -> None:
        """Note a fact about this home for ever (`study`, `node`), or check it.

        Raises
        ------
        JournalError
            If another value was noted before.
        """
        with self.transaction():
            row = self._one("SELECT value FROM home WHERE name = ?", name)
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
        row = self._one("SELECT value FROM home WHERE name = ?", name)
        return str(row[0]) if row else None

    def note(self, name: str, value: str) -> None:
        """Note something under `name`, unless something stands there."""
        with self.transaction():
            self._db.execute("INSERT OR IGNORE INTO home VALUES (?, ?)", (name, value))

    def key(self, peer: str) -> bytes | None:
        """The public key pinned for `peer`."""
        row = self._one("SELECT key FROM peers WHERE peer = ?", peer)
        return bytes(row[0]) if row else None

    def pin(self, peer: str, key: bytes) -> None:
        """Pin the first key that `peer` introduced."""
        with self.transaction():
            self._db.execute("INSERT INTO peers VALUES (?, ?)", (peer, key))
            self.audit("pinned", peer, None, f"key {key.hex()}")

    # -- what ----------------------------------------------------------------------------------------------------

    def append(self, peer: str, direction: str, message: Message, *, event: str, detail: str = "") -> None:
        """Add a message and its audit line.

        Raises
        ------
        JournalError
            If the number is taken: an identity never stands for other bytes.
        """
        header = message.header
        row = (peer, direction, header.number, header.fit, header.attempt, header.round, header.kind)
        with self.transaction():
            self._db.execute(
                "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, message.name, message.digest, msgspec.json.encode(header), message.content),
            )
            self._db.executemany(
                "INSERT INTO payloads VALUES (?, ?, ?, ?, ?)",
                [(peer, direction, header.number, name, content) for name, content in message.payloads.items()],
            )
            self.audit(event, peer, header.number, detail or f"{message.name} sha256 {message.digest}")

    def audit(self, event: str, peer: str, number: int | None, detail: str) -> None:
        """Add a line to the audit."""
        with self.transaction():
            self._db.execute(
                "INSERT INTO audit (at, event, peer, number, detail) VALUES (?, ?, ?, ?, ?)",
                (self._clock(), event, peer, number, detail),
            )

    def audit_lines(self) -> list[tuple[str, str, str, int | None, str]]:
        """All lines: time, event, peer, number, detail."""
        with self._explained():
            return self._db.execute("SELECT at, event, peer, number, detail FROM audit ORDER BY line").fetchall()

    def message(self, peer: str, direction: str, number: int) -> Message | None:
        """The message with this number."""
        where = "peer = ? AND direction = ? AND number = ?"
        found = self._messages(where, peer, direction, number)
        return found[0] if found else None

    def last(self, peer: str, direction: str) -> Message | None:
        """The message with the highest number."""
        found = self._messages("peer = ? AND direction = ? ORDER BY number DESC LIMIT 1", peer, direction)
        return found[0] if found else None

    def of_fit(self, fit: int, direction: str, *, peer: str) -> list[Message]:
        """The messages of a fit with one peer, in order."""
        where = "fit = ? AND direction = ? AND peer = ? ORDER BY number"
        return self._messages(where, fit, direction, peer)

    def of_round(self, fit: int, attempt: int, round_: int, direction: str) -> dict[str, Message]:
        """The messages of one round, by peer."""
        with self._explained():
            peers = self._db.execute(
                "SELECT peer, number FROM messages WHERE fit = ? AND attempt = ? AND round = ? AND direction = ? "
                "AND kind NOT IN ('closing', 'receipt') ORDER BY rowid",
                (fit, attempt, round_, direction),
            ).fetchall()
        found = {peer: self.message(peer, direction, number) for peer, number in peers}
        return {peer: message for peer, message in found.items() if message is not None}

    def first_rounds(self) -> list[Header]:
        """The headers of all requests that opened an attempt, one a fit and attempt and peer, oldest first."""
        with self._explained():
            rows = self._db.execute(
                "SELECT header FROM messages WHERE kind = 'request' AND round = 1 ORDER BY fit, attempt, peer"
            ).fetchall()
        return [self._header(row[0]) for row in rows]

    def headers(self, peer: str, direction: str) -> list[Header]:
        """All headers in order of number, without contents."""
        with self._explained():
            rows = self._db.execute(
                "SELECT header FROM messages WHERE peer = ? AND direction = ? ORDER BY number", (peer, direction)
            ).fetchall()
        return [self._header(row[0]) for row in rows]

    def time_of(self, peer: str, number: int, event: str) -> str:
        """When `event` happened to message `number`, empty if it did not."""
        row = self._one(
            "SELECT at FROM audit WHERE peer = ? AND number = ? AND event = ? ORDER BY line LIMIT 1",
            peer,
            number,
            event,
        )
        return str(row[0]) if row else ""

    def _messages(self, where: str, *values: object) -> list[Message]:
        with self._explained():
            rows = self._db.execute(
                f"SELECT peer, direction, number, header, name, content, digest FROM messages WHERE {where}",  # noqa: S608 - a constant of this module
                values,
            ).fetchall()
            return [self._message((peer, direction, number), *rest) for peer, direction, number, *rest in rows]

    def _message(self, key: tuple[str, str, int], header: bytes, name: str, content: bytes, digest: str) -> Message:
        """A message of the journal: the first time that it is read, it is held against its signature."""
        message = Message(self._header(header), name, content, digest, self._payloads(*key))
        if key not in self._whole:
            require_signed(message, number=key[2], where=str(self.path))
            self._whole.add(key)
        return message

    def _header(self, content: bytes) -> Header:
        return kept_header(content, where=str(self.path))

    def _payloads(self, peer: str, direction: str, number: int) -> dict[str, bytes]:
        return dict(
            self._db.execute(
                "SELECT name, content FROM payloads WHERE peer = ? AND direction = ? AND number = ? ORDER BY rowid",
                (peer, direction, number),
            ).fetchall()
        )

    def _one(self, sql: str, *values: object) -> Any:  # noqa: ANN401 - a row of whatever was selected
        with self._explained():
            return self._db.execute(sql, values).fetchone()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise JournalError(
                "the journal of this home cannot be used",
                where=str(self.path),
                found=str(error),
                do="if the disk is full, make room; if the file is damaged, do not restore an old copy of it (it would "
                "answer for things that it does not remember): make a new home and have it enrolled under a new name",
            ) from error
