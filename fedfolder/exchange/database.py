"""The one SQLite file of a home: opened, brought up to this version, and written in transactions.

Whatever a home must remember stands here, so that it can be written in one transaction with the message that it is
about. The tables of messages are the journal's; what another room remembers has tables of its own, in `_MORE`.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any, Final, TypeVar

from fedfolder.errors import JournalError, VersionError
from fedfolder.exchange import audit
from fedfolder.exchange.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator
    from pathlib import Path

T = TypeVar("T")

VERSION: Final = 2

_FIRST = """
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
_CUSTODY = """
ALTER TABLE audit ADD COLUMN digest TEXT NOT NULL DEFAULT '';
CREATE TABLE decisions (
    fit INTEGER NOT NULL, attempt INTEGER NOT NULL, proposal TEXT NOT NULL, decision TEXT NOT NULL,
    who TEXT NOT NULL, reason TEXT NOT NULL, seen TEXT NOT NULL, at TEXT NOT NULL
) STRICT;
CREATE TABLE drafts (
    number INTEGER PRIMARY KEY, digest TEXT NOT NULL, content BLOB NOT NULL, released TEXT NOT NULL
) STRICT;
CREATE TABLE charges (
    number INTEGER PRIMARY KEY AUTOINCREMENT, fit INTEGER NOT NULL, attempt INTEGER NOT NULL, proposal TEXT NOT NULL,
    round INTEGER NOT NULL, what TEXT NOT NULL, amount INTEGER NOT NULL, detail TEXT NOT NULL, at TEXT NOT NULL
) STRICT;
CREATE INDEX charges_by_fit ON charges (what, fit);
CREATE INDEX charges_by_proposal ON charges (what, proposal);
CREATE TABLE admitted (
    fit INTEGER NOT NULL, attempt INTEGER NOT NULL, proposal TEXT NOT NULL, version INTEGER NOT NULL,
    command TEXT NOT NULL, names TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (fit, attempt, proposal)
) STRICT;
CREATE TABLE columns (
    version INTEGER NOT NULL, name TEXT NOT NULL, rows INTEGER NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (version, name)
) STRICT;
CREATE TABLE row_sets (
    digest TEXT PRIMARY KEY, counts BLOB NOT NULL, rows BLOB NOT NULL
) STRICT;
CREATE TABLE parts (
    fit INTEGER NOT NULL, attempt INTEGER NOT NULL, proposal TEXT NOT NULL, place INTEGER NOT NULL,
    kind TEXT NOT NULL, about TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (fit, attempt, proposal, place)
) STRICT;
"""
_TRUST = """
CREATE TABLE trust (
    who TEXT NOT NULL, what TEXT NOT NULL, value TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (who, what)
) STRICT;
"""
_VERSIONS: Final = (_FIRST, _CUSTODY + _TRUST)
"""What each version adds to the one before."""
_KNOWN: Final = ("home", "peers", "trust", "messages", "audit")
"""Tables of which something may be known; there is no trigger, so that a statement writes to those that it names."""
_TROUBLE: Final = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite raises; of a damaged file its message may quote what Python cannot read."""
_FULL: Final = "FULL"
_NORMAL: Final = "NORMAL"
_INSIDE: Final = contextlib.nullcontext()
"""Inside a transaction there is nothing to begin or to end."""


class Database:
    """The file at `path`.

    Raises
    ------
    JournalError
        If the file is damaged, or no home's.
    VersionError
        If a newer version of fedfolder wrote it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._version = -1
        self._level = ""
        self._is_steady = False
        self._remembered = Memory(lambda: (self._moment(), self._db.total_changes))
        self._known = Memory(self._moment)
        if not path.exists():
            # What is remembered of the data is as confidential as they are.
            path.touch(mode=0o600)
        with self._explained():
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30.0)
            try:
                self._open()
            except BaseException:
                self._db.close()
                raise

    def _open(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        # FULL, first: a transaction that was answered for is still there after a power cut.
        with self.transaction():
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise VersionError(
                    "this home was written by a newer fedfolder",
                    where=str(self.path),
                    found=f"journal version {version}",
                    expected=f"at most {VERSION}",
                    do="update fedfolder here",
                )
            if version < 0 or (version == 0 and self._db.execute("SELECT 1 FROM sqlite_master").fetchone()):
                raise JournalError(
                    "this is not the journal of a home",
                    where=str(self.path),
                    found=f"a database of version {version}",
                    expected=f"version {VERSION}",
                    do="use the home as it was made",
                )
            if version < VERSION:
                self._bring_up(version)

    def _bring_up(self, version: int) -> None:
        """Add what versions after `version` have, in the transaction that is open."""
        for added in _VERSIONS[version:]:
            for statement in added.split(";"):
                self._db.execute(statement)
        audit.chain(self._db)
        self._db.execute(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def transaction(self, *, lasting: bool = True) -> contextlib.AbstractContextManager[None]:
        """Everything inside happens together or not at all. May be nested; the outermost one commits.

        Parameters
        ----------
        lasting : bool
            Whether it is to be there after a power cut from now on; otherwise it is once the next one is, and gone
            with all of itself, but nothing before it, if there is none. For what would be found anew.
        """
        return _INSIDE if self._db.in_transaction else self._outermost(lasting)

    @contextlib.contextmanager
    def _outermost(self, lasting: bool) -> Iterator[None]:  # noqa: FBT001 - as `transaction` has it
        with self._explained():
            self._sync(_FULL if lasting else _NORMAL)
            self._db.execute("BEGIN IMMEDIATE")
            try:
                # What others have written until now; more they cannot before the end.
                self._version = self.changes()
                yield
                self._db.execute("COMMIT")
            except BaseException:
                self._forget()
                # SQLite has rolled back by itself where the disk was full; a second time would be an error.
                with contextlib.suppress(sqlite3.OperationalError):
                    self._db.execute("ROLLBACK")
                raise

    def _sync(self, level: str) -> None:
        """With FULL, each commit is synced; with NORMAL, it waits for the next one that is, and they last in order."""
        if level != self._level:
            self._db.execute(f"PRAGMA synchronous = {level}")
            self._level = level

    def steady(self) -> contextlib.AbstractContextManager[None]:
        """For a short while, what was remembered stands: whether others have written is asked once, and first."""
        return _INSIDE if self._is_steady or self._db.in_transaction else self._held()

    @contextlib.contextmanager
    def _held(self) -> Iterator[None]:
        self._version = self.changes()
        self._is_steady = True
        try:
            yield
        finally:
            self._is_steady = False

    def _moment(self) -> int:
        """As `changes`, asked anew unless that was done for all of a while."""
        if not (self._is_steady or self._db.in_transaction):
            self._version = self.changes()
        return self._version

    def changes(self) -> int:
        """A number that is another one once another process, or connection, has written here."""
        return int(self.row("PRAGMA data_version")[0])

    def remembered(self, key: Hashable, read: Callable[[], T]) -> T:
        """What `read` gives, read once for as long as nothing is written here, by this process or by another."""
        return self._remembered.recall(key, read)

    def known(self, key: Hashable, read: Callable[[], T]) -> T:
        """As `remembered`, of what this process writes only where it says so: it must forget `key` when it does."""
        return self._known.recall(key, read)

    def _forget(self) -> None:
        """Let go of what was read in a transaction that was taken back: nothing counts such changes."""
        self._remembered.clear()
        self._known.clear()

    def row(self, sql: str, *values: object) -> Any:  # noqa: ANN401 - a row of whatever was selected
        """The first row that `sql` selects; None if there is none."""
        try:
            return self._db.execute(sql, values).fetchone()
        except _TROUBLE as error:
            raise self._unusable(error) from error

    def rows(self, sql: str, *values: object) -> list[Any]:
        """All rows that `sql` selects."""
        try:
            return self._db.execute(sql, values).fetchall()
        except _TROUBLE as error:
            raise self._unusable(error) from error

    def write(self, sql: str, *rows: Iterable[object]) -> None:
        """Execute `sql` for each of `rows`, together."""
        with self.transaction():
            if any(table in sql for table in _KNOWN):
                self._known.clear()
            self._db.executemany(sql, [tuple(row) for row in rows])

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except _TROUBLE as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> JournalError:
        return JournalError(
            "the journal of this home cannot be used",
            where=str(self.path),
            found=str(error),
            do="if the disk is full, make room; if the file is damaged, do not restore an old copy of it (it would "
            "answer for things that it does not remember): make a new home and have it enrolled under a new name",
        )
