# The signatures are libfuse's, and a file system passes system calls on as they are:
# ruff: noqa: ARG002, PTH102, PTH105, PTH106, PTH108, PTH120, PTH208
"""A folder shown at another place as a poor share shows it; run as a program, in front, until it is unmounted.

Usage: `python passthrough.py FOLDER MOUNT_POINT REPORT [option ...]`

It unmounts itself when its standard input closes, that is, when the tests are gone. REPORT counts how often each
option struck, so that a test knows that it tested something. There are never any hard links (fault 37).
"""

from __future__ import annotations

import argparse
import collections
import errno
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import mfusepy

COARSE = 2 * 10**9
"""Nanoseconds to which FAT, and some shares, round the time of a change."""
DAYS = 10 * 86400 * 10**9
TIMES = {
    "coarse": lambda true: true // COARSE * COARSE,
    "zero": lambda _: 0,
    "future": lambda true: true + DAYS,
}
READS = 3
"""Opens that fail with ESTALE before one works: the kernel hides a single one by trying again."""


class Passthrough(mfusepy.Operations):  # type: ignore[misc]  # mfusepy ships no types
    """Every call goes to `folder`, but for what the options spoil."""

    use_ns = True

    def __init__(self, folder: str, report: Path, options: argparse.Namespace) -> None:
        self._folder = folder
        self._report = os.open(report, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        self._options = options
        self.struck: collections.Counter[str] = collections.Counter()
        self._listed: dict[str, tuple[float, list[str]]] = {}
        self._looks: collections.Counter[str] = collections.Counter()
        self._opens: collections.Counter[tuple[str, int]] = collections.Counter()
        self._appeared: dict[tuple[str, int], float] = {}
        self._ours: set[str] = set()

    def _at(self, path: str) -> str:
        return self._folder + path

    def _strike(self, what: str) -> None:
        self.struck[what] += 1
        # In place: it only ever grows longer, and truncating a file first would have the disk wait each time.
        os.pwrite(self._report, json.dumps(self.struck).encode(), 0)

    # -- what is spoilt ----------------------------------------------------------------------------------------------

    def _names(self, folder: str) -> list[str]:
        """The names in a folder as they were up to `stale` seconds ago, but for changes made through this mount."""
        seen, names = self._listed.get(folder, (-1e9, []))
        if time.monotonic() - seen < self._options.stale:
            if set(names) != set(os.listdir(self._at(folder))):
                self._strike("stale")
            return names
        names = os.listdir(self._at(folder))
        self._listed[folder] = (time.monotonic(), names)
        return names

    def _require_listed(self, path: str) -> None:
        """Who lists late also finds late."""
        folder, name = os.path.split(path)
        if self._options.stale and name and name not in self._names(folder):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    def _changed(self, path: str) -> None:
        self._listed.pop(os.path.dirname(path), None)
        self._ours.add(path)

    def readdir(self, path: str, fh: int) -> list[str]:
        names = [*self._names(path)]
        self._looks[path] += 1
        if self._options.skip and names and self._looks[path] % 3 == 0:
            # Every third look misses one, each another.
            names.pop(self._looks[path] % len(names))
            self._strike("skip")
        return [".", "..", *names]

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        self._require_listed(path)
        found = os.lstat(self._at(path))
        shown = {name: getattr(found, name) for name in ("st_mode", "st_uid", "st_gid", "st_nlink", "st_ino")}
        time_of = TIMES.get(self._options.mtime, lambda true: true)
        shown["st_mtime"] = shown["st_ctime"] = shown["st_atime"] = time_of(found.st_mtime_ns)
        shown["st_size"] = self._length(path, found)
        if shown["st_mtime"] != found.st_mtime_ns:
            self._strike("mtime")
        return shown

    def _length(self, path: str, found: os.stat_result) -> int:
        """Half of it for `partial` seconds since it was first seen, if somebody else wrote it."""
        identity = (path, found.st_ino)
        appeared = self._appeared.setdefault(identity, time.monotonic())
        if path in self._ours or time.monotonic() - appeared >= self._options.partial:
            return found.st_size
        self._strike("partial")
        return found.st_size // 2

    def open(self, path: str, flags: int) -> int:
        self._require_listed(path)
        handle = os.open(self._at(path), flags)
        identity = (path, os.fstat(handle).st_ino)
        self._opens[identity] += 1
        if self._options.estale and path not in self._ours and self._opens[identity] <= READS:
            os.close(handle)
            self._strike("estale")
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return handle

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        length = self._length(path, os.fstat(fh))
        return os.pread(fh, max(0, min(size, length - offset)), offset)

    def link(self, target: str, source: str) -> int:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    # -- what is passed on -------------------------------------------------------------------------------------------

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        handle = os.open(self._at(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
        self._changed(path)
        return handle

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        return os.pwrite(fh, data, offset)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        os.truncate(self._at(path), length)
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        os.fsync(fh)
        return 0

    def release(self, path: str, fh: int) -> int:
        os.close(fh)
        return 0

    def rename(self, old: str, new: str) -> int:
        os.replace(self._at(old), self._at(new))
        self._changed(old)
        self._changed(new)
        return 0

    def unlink(self, path: str) -> int:
        os.unlink(self._at(path))
        self._changed(path)
        return 0

    def mkdir(self, path: str, mode: int) -> int:
        os.mkdir(self._at(path), mode)
        self._changed(path)
        return 0

    def rmdir(self, path: str) -> int:
        os.rmdir(self._at(path))
        self._changed(path)
        return 0

    def statfs(self, path: str) -> dict[str, int]:
        found = os.statvfs(self._at(path))
        return {name: getattr(found, name) for name in ("f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail")}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("mount_point")
    parser.add_argument("report", type=Path)
    parser.add_argument("--stale", type=float, default=0.0, help="seconds for which a listing is shown again")
    parser.add_argument("--mtime", choices=sorted(TIMES), help="what becomes of the times of changes")
    parser.add_argument("--skip", action="store_true", help="every third listing misses an entry")
    parser.add_argument("--estale", action="store_true", help="a new file cannot be opened the first times")
    parser.add_argument("--partial", type=float, default=0.0, help="seconds for which a new file shows its first half")
    options = parser.parse_args()

    def unmount_when_alone() -> None:
        sys.stdin.read()
        command = ["fusermount3", "-u", "-z", options.mount_point]
        subprocess.run(command, check=False, capture_output=True)

    threading.Thread(target=unmount_when_alone, daemon=True).start()
    # The kernel is told to remember nothing: what it knows is what this program says now.
    forgetful = {"attr_timeout": 0, "entry_timeout": 0, "negative_timeout": 0, "direct_io": True, "hard_remove": True}
    share = Passthrough(options.folder, options.report, options)
    mfusepy.FUSE(share, options.mount_point, foreground=True, nothreads=True, **forgetful)


if __name__ == "__main__":
    main()
