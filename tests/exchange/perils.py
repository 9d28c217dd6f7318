"""What goes wrong on purpose: processes that die or fail at an operation, and views of a share at its worst."""

from __future__ import annotations

import contextlib
import errno
import functools
import itertools
import os
import shutil
import sqlite3
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fedfolder.exchange import envelope, files
from fedfolder.exchange.store import FolderStore
from tests.exchange.helpers import made

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Crash(BaseException):
    """The process is gone: nothing that comes after it may happen."""


KILLED = ("killed before", "killed midway", "killed after")
FAILED = ("fails", "fails for ever", "fails though done")
AWAY = "away"


@dataclass(frozen=True)
class Fault:
    """What goes wrong in one step, and at which operation on the share or statement of the journal (from 0)."""

    at: int
    how: str


class Doom:
    """Stands at every operation on the share and every statement that writes to a journal.

    `sealed` are the messages that were signed, with the key, by content; `stored` the direction and content of those
    whose transaction was committed since `arm`.
    """

    def __init__(self, monkeypatch):
        self.sealed = {}
        self.arm(None)
        connect = sqlite3.connect
        monkeypatch.setattr(files, "perform", self.perform)
        monkeypatch.setattr("fedfolder.exchange.mailbox.seal", self.seal)
        monkeypatch.setattr(sqlite3, "connect", lambda *args, **more: Watched(connect(*args, **more), self))

    def arm(self, fault):
        """Let `fault` happen from now on; forget what happened before."""
        self._fault, self._left = fault, fault.at if fault else -1
        self._dead = self._failing = False
        self._inserted, self.stored = [], []

    def _strikes(self, kinds):
        if self._fault is None or self._fault.how not in kinds:
            return ""
        self._left -= 1
        return self._fault.how if self._left == -1 else ""

    def _die(self):
        self._dead = True
        raise Crash

    def perform(self, operation, _path, call):
        """Stand in for `files.perform`."""
        if self._dead:
            raise Crash
        if self._failing:
            raise OSError(errno.ENOSPC, "no space left")
        how = self._strikes((*KILLED, *FAILED))
        if how == "killed before":
            self._die()
        if how in {"fails", "fails for ever"}:
            self._failing = how == "fails for ever"
            raise OSError(errno.EIO, "input/output error")
        if how == "killed midway" and isinstance(call, functools.partial):
            call.func(call.args[0][: len(call.args[0]) // 2])
            self._die()
        # A process that is killed loses nothing that it had written: what is synced makes no difference here.
        done: Any = None if operation.startswith("fsync") else call()
        if how and operation == "create":
            os.close(done)
        if how == "fails though done":
            raise OSError(errno.EIO, "input/output error")
        if how:
            self._die()
        return done

    def statement(self, word, call, rows):
        """A statement of the journal; rows of messages count as stored when their transaction is committed."""
        if self._dead:
            raise Crash
        how = self._strikes(KILLED)
        if how in {"killed before", "killed midway"}:
            self._die()
        done = call()
        if word == "COMMIT":
            self.stored += self._inserted
        self._inserted = [] if word in {"BEGIN", "ROLLBACK", "COMMIT"} else [*self._inserted, *rows]
        if how:
            self._die()
        return done

    def seal(self, header, payloads, sign, *, key):
        """Stand in for `seal`, and keep what was signed."""
        message = envelope.seal(header, payloads, sign, key=key)
        self.sealed[message.content] = (message, key)
        return message


class Watched:
    """A connection whose statements `doom` sees."""

    def __init__(self, db, doom):
        self._db, self._doom = db, doom

    def __getattr__(self, name):
        return getattr(self._db, name)

    def execute(self, sql, values=()):
        if sql == "PRAGMA synchronous = FULL":
            # As with fsync: nobody pulls the plug here.
            sql = "PRAGMA synchronous = OFF"
        word = sql.split(maxsplit=1)[0] if sql.strip() else ""
        if word in {"SELECT", "PRAGMA"}:
            return self._db.execute(sql, values)
        rows = [(values[1], values[-1])] if sql.startswith("INSERT INTO messages") else []
        return self._doom.statement(word, lambda: self._db.execute(sql, values), rows)

    def executemany(self, sql, rows):
        for row in rows:
            self.execute(sql, row)


_COPIES = itertools.count()


def copied(path: Path) -> Path:
    """A copy of a journal's files as they are now: what a process that is killed now leaves."""
    copy = path.with_name(f"journal-{next(_COPIES)}.sqlite3")
    for end in ("", "-wal"):
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(f"{path}{end}", f"{copy}{end}")
    return copy


class View(FolderStore):
    """One side's view of a folder on the share: it may go away, and its listing may skip entries."""

    def __init__(self, folder):
        super().__init__(made(folder))
        self._hidden = 0
        self._ticks = itertools.count(1)
        self._known: dict[str, tuple[tuple[int, ...], bytes]] = {}

    def hides(self, name: str) -> bool:
        """Whether the listing skips `name` now: nothing at 0, all at 1, some otherwise."""
        return self._hidden == 1 or (self._hidden > 1 and zlib.crc32(name.encode()) % self._hidden == 0)

    @contextlib.contextmanager
    def hiding(self, hidden: int) -> Iterator[None]:
        """Let the listing skip entries meanwhile."""
        self._hidden = hidden
        try:
            yield
        finally:
            self._hidden = 0

    @contextlib.contextmanager
    def gone(self) -> Iterator[None]:
        """Take the folder away meanwhile."""
        away = self.folder.rename(self.folder.with_suffix(".away"))
        try:
            yield
        finally:
            away.rename(self.folder)

    def names(self):
        return [name for name in super().names() if not self.hides(name)]

    def contents(self) -> dict[str, bytes]:
        """All files there; what has not changed since the last time, by all that the folder says of it, is not read."""
        known, self._known = self._known, {}
        with os.scandir(self.folder) as entries:
            for entry in entries:
                status = entry.stat()
                stamp = status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
                before = known.get(entry.name)
                content = before[1] if before and before[0] == stamp else (self.folder / entry.name).read_bytes()
                self._known[entry.name] = stamp, content
        return {name: content for name, (_, content) in self._known.items()}

    def put(self, name: str, content: bytes | None) -> None:
        """What the share does to a file: not atomic, and at a time of its own."""
        path = self.folder / name
        if content is None:
            path.unlink(missing_ok=True)
            return
        path.write_bytes(content)
        moment = 1_500_000_000_000_000_000 + next(self._ticks) * 1_000_000_007
        os.utime(path, ns=(moment, moment))


HARMS = {
    "lost": lambda _content: None,
    "torn": lambda content: content[: len(content) // 2],
    "short by one": lambda content: content[:-1],
    "empty": lambda _content: b"",
    "zeros": lambda content: bytes(len(content)),
    "longer": lambda content: content + b"\n",
    "flipped": lambda content: content[:-1] + bytes([content[-1] ^ 1]) if content else b"\0",
}
"""What a share makes of a file's content."""
COPIES = ("{stem} (1).{end}", "{stem}-copy.{end}", "{stem}.sync-conflict-1.{end}", "{upper}", "m000007{tail}")
"""Names under which a file comes once more."""
JUNK = (
    "Thumbs.db",
    "m000001-x.json",
    "m000002-x.csv",
    "m000001-fit1-round1-beta.csv",
    "m000099-fit9-round9-result.json",
    f"{files.TEMPORARY}0123456789abcdef",
)
"""Names under which a few bytes appear."""
