"""When to look again: a schedule that backs off, and events that only ever make it look earlier.

Events are a courtesy: no share is obliged to deliver them. So the scan is the truth, and everything here may fail
without anything being lost but time.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fedfolder.exchange.files import TEMPORARY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from watchdog.events import FileSystemEvent

FIRST_PAUSE = 0.02
"""Seconds between scans right after something happened."""
ANNOUNCED_PAUSE = 0.25
"""The same where an event had announced it: the next is likely to be announced, too."""
LONGEST_PAUSE = 5.0
"""Seconds between scans after a long silence."""
GROWTH = 1.4
MOST_RESTARTS = 3
"""Times that a watcher that has died is replaced; after that, only looking is left."""

SLICE = 0.1
"""Seconds after which a host program that wants to be asked is asked again."""

_POLL: contextvars.ContextVar[Callable[[], object] | None] = contextvars.ContextVar("poll", default=None)


@contextlib.contextmanager
def polling(poll: Callable[[], object]) -> Iterator[None]:
    """Call `poll` several times a second whenever something waits: a program that runs us has keys of its own to watch.

    What `poll` raises ends the wait, as Ctrl-C does.
    """
    token = _POLL.set(poll)
    try:
        yield
    finally:
        _POLL.reset(token)


def sleep(seconds: float) -> None:
    """Let time pass."""
    _sliced(seconds, time.sleep)


def _sliced(seconds: float, wait: Callable[[float], object]) -> bool:
    """Wait in slices, and poll between them, until `wait` says that it was woken (True) or the time is over."""
    poll = _POLL.get()
    if poll is None:
        return bool(wait(seconds))
    end = time.monotonic() + seconds
    poll()
    while (left := end - time.monotonic()) > 0:
        if wait(min(SLICE, left)):
            return True
        poll()
    return False


class Pauses:
    """Seconds to the next scan: short after progress, longer with silence."""

    def __init__(self, first: float = FIRST_PAUSE, longest: float = LONGEST_PAUSE, growth: float = GROWTH) -> None:
        self._first, self._longest, self._growth = first, longest, growth
        self._next = first

    def progress(self, *, announced: bool = False) -> None:
        """Something happened: look again soon, or a little later if an event had announced it."""
        self._next = min(self._longest, max(self._first, ANNOUNCED_PAUSE)) if announced else self._first

    def next(self) -> float:
        """The next pause, in seconds."""
        pause = self._next
        self._next = min(self._longest, pause * self._growth)
        return pause


class Wake:
    """Sleeps, but for no longer than until something moves in one of `folders`.

    Parameters
    ----------
    folders : sequence of Path
        Watched one by one; what lies below them is not.
    tell : callable, optional
        Told, in words for a log, when what watches had died.
    heeds : callable, optional
        Whether a file of this name that appeared or changed is to wake. Files that are still being written never do.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        tell: Callable[[str], None] = lambda _: None,
        heeds: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._folders = folders
        self._tell = tell
        self._heeds = heeds
        self._event = threading.Event()
        self._observer: Any = None
        self._restarts = 0
        self._start()

    def _start(self) -> None:
        # Whatever goes wrong here (no such system call, no watches left, a share that has no events), scanning goes on.
        with contextlib.suppress(Exception):
            self._observer = _observe(self._folders, self._event, self._heeds)

    def wait(self, seconds: float) -> bool:
        """Return after `seconds`, or sooner; whether something woke us."""
        if self._observer is not None and not _alive(self._observer):
            self._restart()
        woken = _sliced(seconds, self._event.wait)
        if woken:
            self._event.clear()
        return woken

    def _restart(self) -> None:
        self.close()
        if self._restarts == MOST_RESTARTS:
            self._tell("what watches for changes has died too often: from now on they are found by looking")
            return
        self._restarts += 1
        self._tell("what watches for changes had died, and was started again")
        self._start()

    def close(self) -> None:
        """Stop watching."""
        observer, self._observer = self._observer, None
        if observer is not None:
            with contextlib.suppress(Exception):
                observer.unschedule_all()
            with contextlib.suppress(Exception):
                observer.stop()
                observer.join(timeout=2.0)


def _alive(observer: Any) -> bool:  # noqa: ANN401 - watchdog's Observer is a variable
    return bool(observer.is_alive() and all(emitter.is_alive() for emitter in observer.emitters))


def _observe(folders: Sequence[Path], event: threading.Event, heeds: Callable[[str], bool]) -> Any:  # noqa: ANN401 - watchdog's Observer is a variable
    import logging

    from watchdog import events
    from watchdog.observers import Observer

    # Where a system says that a file was closed, that it was begun and grows is not asked for: it costs as much as a
    # look. Nor is that something was read.
    kinds: list[type[FileSystemEvent]] = [events.FileCreatedEvent, events.FileMovedEvent, events.FileClosedEvent]
    if not sys.platform.startswith("linux"):
        kinds.append(events.FileModifiedEvent)

    # It calls it an error when something moves while it stops, and without a handler Python prints that.
    logger = logging.getLogger("watchdog")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())

    class _Handler(events.FileSystemEventHandler):
        def on_any_event(self, moved: FileSystemEvent) -> None:
            name = Path(os.fsdecode(moved.dest_path or moved.src_path)).name
            if not name.startswith(TEMPORARY) and heeds(name):
                event.set()

    observer = Observer()
    observer.start()
    for folder in folders:
        # One by one: a folder that cannot be watched costs the others nothing.
        with contextlib.suppress(Exception):
            observer.schedule(_Handler(), str(folder), event_filter=kinds)
    return observer
