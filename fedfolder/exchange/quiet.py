"""Whether a look would find nothing at all: told by names, bytes and numbers, without a key, a signature or a write.

A pass that is started every minute mostly finds nothing, and should cost nearly that. Whatever is not as it was left
(a file that the journal does not know, one that it knows with other bytes, one that is missing, a request without its
reply) is for a whole look, which knows what to make of it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from fedfolder.errors import ExchangeError, MessageError
from fedfolder.exchange import files
from fedfolder.exchange.names import HELLO, FileName, lookalikes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_FILES = 64
"""Files in a folder; where there are more, a whole look says in turn what they are."""


class Last(NamedTuple):
    """The last message one way: its number, its JSON file's name, its fit and attempt."""

    number: int
    name: str
    fit: int
    attempt: int


class Quiet:
    """What the journal of a node knows of its channel with `peer`, only read."""

    def __init__(self, database: sqlite3.Connection, peer: str) -> None:
        self._db = database
        self._peer = peer

    def fact(self, name: str) -> str | None:
        """What was noted under `name`."""
        row = self._db.execute("SELECT value FROM home WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def decisions(self) -> str:
        """All that was decided about keys, as text."""
        return repr(self._db.execute("SELECT who, what, value FROM trust ORDER BY who, what").fetchall())

    def last(self, direction: str) -> Last | None:
        """The last message that was sent ("out") or accepted ("in")."""
        row = self._db.execute(
            "SELECT number, name, fit, attempt FROM messages WHERE peer = ? AND direction = ? "
            "ORDER BY number DESC LIMIT 1",
            (self._peer, direction),
        ).fetchone()
        return None if row is None else Last(*row)

    def owes_nothing(self) -> bool:
        """Whether both sides have greeted, and every request has its reply."""
        asked, sent = self.last("in"), self.last("out")
        return asked is not None and sent is not None and asked.number <= sent.number

    def has_come(self, folder: Path) -> bool:
        """Whether something lies in the other side's folder that could be more than what was accepted."""
        sent, names = self.last("out"), self._names(folder)
        if names is None or sent is None or lookalikes(names, sent.number + 1):
            return True
        # The other side's payloads count with its JSON files alone.
        envelopes = [name for name in names if name.endswith(".json") and FileName.parse(name) is not None]
        return not all(self._is_known(folder, "in", name) for name in envelopes)

    def is_mended(self, folder: Path) -> bool:
        """Whether our folder holds the hello and the last message, whole, and nothing that is not ours."""
        sent, names = self.last("out"), self._names(folder)
        if names is None or sent is None or not {HELLO, sent.name, *self._payloads(sent)} <= set(names):
            return False
        return all(self._is_known(folder, "out", name) for name in names)

    def _names(self, folder: Path) -> list[str] | None:
        names = files.listing(folder)
        return names if len(names) <= MOST_FILES else None

    def _payloads(self, message: Last) -> Iterator[str]:
        rows = self._db.execute(
            "SELECT name FROM payloads WHERE peer = ? AND direction = 'out' AND number = ?",
            (self._peer, message.number),
        )
        return (str(name) for (name,) in rows)

    def _is_known(self, folder: Path, direction: str, name: str) -> bool:
        """Whether a file is one of the journal's, with the journal's bytes."""
        found = FileName.parse(name)
        if found is None:
            return False
        row = self._db.execute(
            "SELECT content FROM messages WHERE peer = ?1 AND direction = ?2 AND number = ?3 AND name = ?4 UNION ALL "
            "SELECT content FROM payloads WHERE peer = ?1 AND direction = ?2 AND number = ?3 AND name = ?4",
            (self._peer, direction, found.number, name),
        ).fetchone()
        return row is not None and files.read(folder / name, len(row[0])) == row[0]


@contextlib.contextmanager
def reading(journal: Path, peer: str) -> Iterator[Quiet | None]:
    """The journal for a short look; None where there is none. Reading may raise one of `TROUBLE`."""
    if not journal.is_file():
        yield None
        return
    with contextlib.closing(sqlite3.connect(journal, isolation_level=None, timeout=1.0)) as database:
        database.execute("PRAGMA query_only = ON")
        yield Quiet(database, peer)


TROUBLE = (sqlite3.Error, ExchangeError, MessageError)
"""What a short look may meet; a whole one says what to do about it."""
