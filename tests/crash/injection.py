"""The seam through which everything is written, and what goes wrong there.

A file's steps pass `fedfolder.exchange.files.perform`; a journal's transactions end with COMMIT. Both come here as
events, and a fault decides what becomes of each.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import shutil
import sqlite3
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fedfolder.errors import ExchangeError
from fedfolder.exchange import files
from fedfolder.exchange.names import TO_NODE
from fedfolder.node import loop
from tests.node.places import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    import pytest

    from fedfolder.errors import FedfolderError

SERVER = "server"
ERRNOS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS, errno.EDQUOT, errno.EBUSY)
_COUNTS = "SELECT (SELECT count(*) FROM home), (SELECT count(*) FROM messages), (SELECT count(*) FROM audit)"


class Crash(BaseException):
    """The process is gone: nothing that comes after it may happen."""


@dataclass(frozen=True)
class Event:
    """Something that `who` does to a disk.

    `at` tells it from all other events of one fit, also when it happens once more in another process: files are told by
    their names, what has a random name by how many files lie in the folder by then, commits by what they commit.
    """

    who: str
    operation: str
    at: tuple[Any, ...]

    @property
    def is_home(self) -> bool:
        """Whether it happens on the disk of the home, not on the share."""
        return self.operation == "commit" or "runs" in str(self.at)

    def error(self, number: int) -> Exception:
        """What the system would raise."""
        if self.operation == "commit":
            return sqlite3.OperationalError(os.strerror(number))
        return OSError(number, os.strerror(number))


class Fault:
    """Nothing goes wrong; every event of the study below `folder` is noted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: list[Event] = []
        self._renamed: defaultdict[Path, set[str]] = defaultdict(set)

    def event(self, operation: str, path: Path, at: tuple[Any, ...] | None = None) -> Event | None:
        path = Path(os.path.normpath(path))
        if not path.is_relative_to(self.folder):
            return None
        parts = path.relative_to(self.folder).parts
        who = parts[0] if parts[0] != "exchange" else (SERVER if TO_NODE in parts else parts[2])
        if at is None:
            temporary = path.name.startswith(files.TEMPORARY)
            at = parts
            if operation == "fsync-folder":
                at = (*parts, len(self._renamed[path]))
            elif temporary:
                at = (*parts[:-1], len(self._renamed[path.parent]))
        return Event(who, operation, at)

    def perform(self, operation: str, path: Path, call: Callable[[], Any]) -> Any:
        """What stands in for `files.perform`."""
        event = self.event(operation, path)
        if event is None:
            return call()

        def counted() -> Any:
            found = call()
            if operation == "rename" and self.is_counted(event):
                self._renamed[Path(os.path.normpath(path.parent))].add(path.name)
            return found

        return self.happen(event, counted)

    def commit(self, connection: sqlite3.Connection, path: Path, call: Callable[[], Any]) -> Any:
        """What stands in for a COMMIT."""
        try:
            at = connection.execute(_COUNTS).fetchone()
        except sqlite3.OperationalError:
            at = ()
        event = self.event("commit", path, at)
        return call() if event is None else self.happen(event, call)

    def is_counted(self, _event: Event) -> bool:
        """Whether a name that was given tells later events apart."""
        return True

    def happen(self, event: Event, call: Callable[[], Any]) -> Any:
        """Let it happen, or not."""
        self.seen.append(event)
        return call()


class CrashOnce(Fault):
    """The first time that an event is seen, the process dies just before it; the disk stays as it was then."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.dead: set[str] = set()

    def happen(self, event: Event, call: Callable[[], Any]) -> Any:
        if event.who in self.dead:
            raise Crash
        if event in self.seen:
            return call()
        self.seen.append(event)
        self.dead.add(event.who)
        # Unwinding the stack closes journals, as a process that is killed does not: keep what lay there.
        shutil.copytree(self.folder / event.who, self._frozen(event.who))
        raise Crash

    def start_again(self, who: str) -> None:
        """Put the disk of the home as it was when the process died."""
        shutil.rmtree(self.folder / who)
        self._frozen(who).rename(self.folder / who)
        self.dead.remove(who)

    def _frozen(self, who: str) -> Path:
        return self.folder.with_name(f"{self.folder.name} {who} frozen")


class FailOnce(Fault):
    """The first time that an event is seen (or one of `only` these), it fails with the error `number`.

    If it `happened`, it is done all the same, and only its success is not reported.
    """

    def __init__(
        self, folder: Path, number: int, *, only: Collection[Event] | None = None, happened: bool = False
    ) -> None:
        super().__init__(folder)
        self._number = number
        self._only = only
        self._happened = happened

    def happen(self, event: Event, call: Callable[[], Any]) -> Any:
        if event in self.seen or (self._only is not None and event not in self._only):
            return call()
        self.seen.append(event)
        if self._happened:
            found = call()
            if event.operation == "create":
                os.close(found)
        raise event.error(self._number)


class Outage(Fault):
    """The first time that an event is seen (or `only` this one), it fails, as does all on that disk until `heal`."""

    def __init__(self, folder: Path, only: Event | None = None) -> None:
        super().__init__(folder)
        self.out: dict[str, tuple[Event, int]] = {}
        self.tried: Counter[str] = Counter()
        self._only = only
        self._numbers = itertools.cycle(ERRNOS)

    def is_counted(self, event: Event) -> bool:
        # A result is written in the home while the share is away, and written again later: count it then.
        return event.who not in self.out

    def happen(self, event: Event, call: Callable[[], Any]) -> Any:
        if event.who in self.out:
            first, number = self.out[event.who]
            if event.is_home != first.is_home:
                return call()
        elif event in self.seen or self._only not in {None, event}:
            return call()
        else:
            self.seen.append(event)
            number = next(self._numbers)
            self.out[event.who] = (event, number)
            self.tried[event.who] = 0
        self.tried[event.who] += 1
        raise event.error(number)

    def heal(self, who: str) -> Event | None:
        """End the outage of `who`, if there is one, and return where it began."""
        first, _ = self.out.pop(who, (None, 0))
        return first


def connections(fault: Callable[[], Fault | None]) -> type[sqlite3.Connection]:
    """Connections whose COMMIT is an event."""

    class Connection(sqlite3.Connection):
        def __init__(self, path: Any, *arguments: Any, **options: Any) -> None:
            super().__init__(path, *arguments, **options)
            self.path = path

        def execute(self, sql: str, *arguments: Any) -> Any:
            now = fault()
            if sql != "COMMIT" or now is None:
                return super().execute(sql, *arguments)
            return now.commit(self, self.path, lambda: super(Connection, self).execute(sql))

    return Connection


class Seam:
    """Puts a fault in the place of the real disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._fault: Fault | None = None
        self.clock = Clock(monkeypatch)
        kind = connections(lambda: self._fault)
        connect: Any = sqlite3.connect

        def connected(path: Any, *arguments: Any, **options: Any) -> Any:
            # The journals are opened by a path; what the tests look into, by a URI.
            return connect(path, *arguments, **options, **({} if isinstance(path, str) else {"factory": kind}))

        monkeypatch.setattr("fedfolder.exchange.database.sqlite3.connect", connected)
        monkeypatch.setattr(files, "perform", self._perform)
        monkeypatch.setattr(files, "RENAME_PAUSES", (0.0,) * len(files.RENAME_PAUSES))
        monkeypatch.setattr(loop, "sleep", lambda _: None)

    def _perform(self, operation: str, path: Path, call: Callable[[], Any]) -> Any:
        return call() if self._fault is None else self._fault.perform(operation, path, call)

    @contextlib.contextmanager
    def with_fault(self, fault: Fault | None) -> Iterator[None]:
        """For a time, let `fault` decide; None is the real disk."""
        before, self._fault = self._fault, fault
        try:
            yield
        finally:
            self._fault = before


def is_honest(error: FedfolderError, folder: Path) -> bool:
    """Whether an error says where, and what to do."""
    return str(folder) in str(error) and bool(error.do) and (not isinstance(error, ExchangeError) or bool(error.found))
