"""What a share can do, tried from where the program runs, and said in plain words.

Nothing here is needed for fedfolder to work: a share that keeps files and shows them some day is enough. It tells how
fast it will be, and finds before the start what would stop a run after it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import statistics
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fedfolder.errors import ExchangeError, FedfolderError
from fedfolder.exchange import files, names
from fedfolder.exchange.watching import Wake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Verdict = Literal["good", "slow", "note", "bad"]
TRIES = 5
EVENT_WITHIN = 2.0
"""Seconds in which an event must arrive."""
CLOCKS_APART = 60.0
"""Seconds of difference between clocks that are worth a word."""
LITTLE_SPACE = 100 << 20
"""Bytes."""
SLOW_WRITE = 1.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried: its name, how it went, and what that means."""

    name: str
    verdict: Verdict
    words: str


def examine(path: Path) -> Iterator[Finding]:
    """Try the folder `path`; yield each finding as soon as it is known.

    Raises
    ------
    ExchangeError
        If it is not there.
    """
    if not path.is_dir():
        raise ExchangeError("the folder is not there", where=str(path), do="connect the drive, or correct the path")
    folder = path / f"fedfolder-doctor-{secrets.token_hex(4)}"
    yield _length(path)
    try:
        files.make_folder(folder)
    except FedfolderError as error:
        yield Finding("write", "bad", f"nothing can be written here: {error.found}")
        return
    try:
        for attempt in _TRIALS:
            yield attempt(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _length(path: Path) -> Finding:
    try:
        names.check_length(path.absolute() / ("s" * 12) / ("n" * 12) / names.TO_SERVER)
    except FedfolderError as error:
        return Finding("path length", "bad", f"{error.what}: {error.found}, {error.expected}. {error.do}")
    return Finding("path length", "good", "short enough for every system")


def _write(folder: Path) -> Finding:
    seconds = []
    for number in range(TRIES):
        started = time.perf_counter()
        try:
            files.write(folder / f"write-{number}", b"x" * 1000)
        except FedfolderError as error:
            return Finding("write", "bad", f"a file cannot be put here whole: {error.found}. {error.do}")
        seconds.append(time.perf_counter() - started)
    typical = statistics.median(seconds)
    words = f"a file is written, made safe and renamed in {typical * 1000:.0f} ms"
    slow = "; a round takes some seconds" if typical > SLOW_WRITE else ""
    return Finding("write", "slow" if slow else "good", words + slow)


def _replace_under_reader(folder: Path) -> Finding:
    path = folder / "open"
    files.write(path, b"old")
    with path.open("rb"):
        try:
            os.replace(_other(folder), path)  # noqa: PTH105 - the primitive that is being tried
        except OSError:
            return Finding(
                "replace an open file", "note", "not possible while somebody reads it: fedfolder waits and tries again"
            )
    return Finding("replace an open file", "good", "possible")


def _other(folder: Path) -> Path:
    path = folder / "other"
    files.write(path, b"new")
    return path


def _exclusive(folder: Path) -> Finding:
    path = folder / "exclusive"
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            return Finding("exclusive create", "good", "kept: two programs cannot make one file")
    return Finding("exclusive create", "note", "not kept; fedfolder does not rely on it")


def _folder_sync(folder: Path) -> Finding:
    if os.name == "nt":
        return Finding(
            "fsync of folders", "note", "Windows has none; a power cut may undo the last rename, and it is redone"
        )
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        return Finding("fsync of folders", "note", f"refused ({error.strerror}); a power cut may undo the last rename")
    return Finding("fsync of folders", "good", "possible")


def _events(folder: Path) -> Finding:
    wake = Wake([folder])
    try:
        # Only what another thread does: an event that our own call returns would say nothing.
        threading.Timer(0.1, lambda: (folder / "event").write_bytes(b"x")).start()
        started = time.monotonic()
        wake.wait(EVENT_WITHIN)
        waited = time.monotonic() - started
    finally:
        wake.close()
    if waited < EVENT_WITHIN:
        return Finding("events", "good", "arrive for what this computer writes; for what others write, they may not")
    return Finding("events", "note", "do not arrive: changes are found by looking, every few seconds")


def _clock(folder: Path) -> Finding:
    path = folder / "clock"
    path.write_bytes(b"x")
    apart = path.stat().st_mtime - time.time()
    if abs(apart) > CLOCKS_APART:
        return Finding("clock", "note", f"the share's clock differs by {apart:.0f} s; fedfolder relies on no clock")
    return Finding("clock", "good", "agrees with this computer's")


def _case(folder: Path) -> Finding:
    (folder / "lower").write_bytes(b"x")
    if (folder / "LOWER").exists():
        return Finding("case", "good", "ignored, as on Windows; all names of fedfolder are lower case")
    return Finding("case", "good", "kept; all names of fedfolder are lower case")


def _space(folder: Path) -> Finding:
    total, _, free = shutil.disk_usage(folder)
    if total == 0:
        return Finding("free space", "note", "the share does not say how much there is")
    if free < LITTLE_SPACE:
        return Finding("free space", "bad", f"{free / (1 << 20):.0f} MiB; make room")
    return Finding("free space", "good", f"{free / (1 << 30):.1f} GiB")


_TRIALS: tuple[Callable[[Path], Finding], ...] = (
    _write,
    _replace_under_reader,
    _exclusive,
    _folder_sync,
    _events,
    _clock,
    _case,
    _space,
)
