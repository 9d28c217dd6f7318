"""The only place that writes, renames, syncs or deletes files on the share.

Each operation goes through `perform`, which names it before it happens: tests replace `perform` to fail, crash or
tear at the n-th operation. Nothing else in fedfolder.exchange touches a disk, but for the journal's database.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import secrets
import stat
import time
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, TypeVar

from fedfolder.errors import ExchangeError, MessageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path, PurePath

T = TypeVar("T")

TEMPORARY = ".fedfolder-"
"""Start of the names of files that are still being written; no reader looks at them."""
RENAME_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds between tries of a rename or delete that a virus scanner or an open reader holds up."""
_READING = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
_CHUNK = 1 << 16
"""Bytes that are read at a time of a file that is not as long as it was said to be."""
_HELD_UP = {errno.EACCES, errno.EBUSY, errno.EPERM, errno.EEXIST}
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF, errno.EACCES, errno.EPERM, errno.ENOSYS}


def perform(_operation: str, _path: Path, call: Callable[[], T]) -> T:
    """Do `call`, the operation `_operation` on `_path`. The seam for injected failures."""
    return call()


def write(path: Path, content: bytes, *, lasting: bool = True) -> None:
    """Put `content` at `path`: after a crash the file is there whole, is there as before, or is not there.

    The steps are those that a file system keeps its promises for: a new file, write, check its length, fsync,
    rename over the final name, fsync of the folder.

    Parameters
    ----------
    lasting : bool
        Whether it is to be there after a power cut from now on; otherwise it is once the next file in this folder is.
        The fsync of the folder, which that takes, is then made once for both.

    Raises
    ------
    ExchangeError
        If the folder is missing, read-only or full, or the name stays held by another program.
    """
    temporary = path.with_name(f"{TEMPORARY}{secrets.token_hex(8)}")
    with _explained(path, "could not be written"):
        try:
            _write_new(temporary, content)
            _rename(temporary, path, content)
        except BaseException:
            with contextlib.suppress(OSError):
                perform("discard", temporary, lambda: temporary.unlink(missing_ok=True))
            raise
        if lasting:
            _sync_folder(path.parent)


def _write_new(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = perform("create", path, lambda: os.open(path, flags, 0o666))
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        done = 0
        while done < len(content):
            written = perform("write", path, functools.partial(file.write, memoryview(content)[done:]))
            if not written:
                raise OSError(errno.EIO, "nothing was written", str(path))
            done += written
        if os.fstat(file.fileno()).st_size != len(content):
            raise OSError(errno.EIO, "the file is not as long as what was written to it", str(path))
        # A failed fsync is never tried again on this file: the kernel may have dropped the pages it could not write.
        perform("fsync", path, lambda: os.fsync(file.fileno()))
        # Some shares say only now that there was no room.
        perform("close", path, file.close)


def _rename(temporary: Path, path: Path, content: bytes) -> None:
    try:
        _patiently("rename", path, lambda: os.replace(temporary, path))  # noqa: PTH105 - the primitive, named
    except OSError:
        # A share may report a failure after the deed (a lost answer, then "no such file" at the second try).
        if temporary.exists() or not _holds(path, content):
            raise


def _holds(path: Path, content: bytes) -> bool:
    try:
        return read(path, len(content)) == content
    except (MessageError, ExchangeError):
        return False


def _patiently(operation: str, path: Path, call: Callable[[], None]) -> None:
    """Try again, for some seconds in all, what another program's open handle may be holding up."""
    for pause in RENAME_PAUSES:
        try:
            return perform(operation, path, call)
        except OSError as error:
            if error.errno not in _HELD_UP and getattr(error, "winerror", None) not in {5, 32, 33}:
                raise
            time.sleep(pause)
    return perform(operation, path, call)


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut, where the system has a way to (Windows and many shares have none)."""
    if os.name == "nt":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    except OSError as error:
        if error.errno in _NO_FOLDER_SYNC:
            return
        raise
    try:
        perform("fsync-folder", folder, lambda: os.fsync(descriptor))
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def read(path: Path, limit: int) -> bytes | None:
    """The bytes of `path`, or None if it is not there.

    Parameters
    ----------
    limit : int
        Bytes; a longer file is refused before it is read.

    Raises
    ------
    MessageError
        If it is longer than `limit`, or no plain file (a link, a pipe, a device, a folder).
    ExchangeError
        If it cannot be read.
    """
    with _explained(path, "could not be read"):
        try:
            _require_plain(path, os.lstat(path), limit)
            descriptor = os.open(path, _READING)
        except FileNotFoundError:
            return None
        try:
            opened = os.fstat(descriptor)
            _require_plain(path, opened, limit)
            content = _read_all(descriptor, opened.st_size, limit + 1)
        finally:
            os.close(descriptor)
    if len(content) > limit:
        raise _too_long(path, limit)
    return content


def _read_all(descriptor: int, size: int, most: int) -> bytes:
    """All that is there, though no more than `most` bytes; `size` is what the system says of it."""
    parts = [os.read(descriptor, min(size + 1, most))]
    left = most - len(parts[0])
    # To its end, whatever it is by now, and however little the share gives at a time.
    while left and (part := os.read(descriptor, min(_CHUNK, left))):
        parts.append(part)
        left -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def status(path: Path) -> os.stat_result | None:
    """What the folder says of `path` without opening it; None if it is not there, or cannot be asked."""
    try:
        return os.lstat(path)
    except OSError:
        return None


def _require_plain(path: Path, status: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise MessageError(
            "this is no plain file",
            where=str(path),
            expected="a file (no link, pipe, device or folder)",
            do="remove it; whoever put it there may be trying something",
        )
    if status.st_size > limit:
        raise _too_long(path, limit)


def _too_long(path: Path, limit: int) -> MessageError:
    return MessageError(
        "this file is too long to be a message", where=str(path), expected=f"at most {limit} bytes", do="remove it"
    )


def remove(path: Path) -> None:
    """Delete `path` if it is there.

    Raises
    ------
    ExchangeError
        If it is there and stays there.
    """
    with _explained(path, "could not be deleted"), contextlib.suppress(FileNotFoundError):
        _patiently("remove", path, path.unlink)


def listing(folder: Path) -> list[str]:
    """The names in `folder`, in no order.

    Raises
    ------
    ExchangeError
        If it is not there or cannot be listed. Absence is never taken for an empty folder.
    """
    with _explained(folder, "could not be listed"):
        return os.listdir(folder)  # noqa: PTH208 - names are enough


def make_folder(folder: Path) -> None:
    """Create `folder`, one level, if it is not there.

    Raises
    ------
    ExchangeError
    """
    with _explained(folder, "could not be created"), contextlib.suppress(FileExistsError):
        perform("mkdir", folder, folder.mkdir)


def remove_temporary(folder: Path) -> None:
    """Delete what a crash left half-written in a folder that only we write.

    What cannot be deleted (another program holds it; it is a folder of that name) is in nobody's way.
    """
    for name in listing(folder):
        if name.startswith(TEMPORARY):
            with contextlib.suppress(ExchangeError):
                remove(folder / name)


_ADVICE = {
    errno.ENOENT: "check that the share is connected and that the folder exists",
    errno.EROFS: "the file system is read-only: ask for the right to write there",
    errno.EACCES: "check the rights on the folder, and whether another program holds the file",
    errno.EPERM: "check the rights on the folder, and whether another program holds the file",
    errno.EBUSY: "another program holds the file: close it, or exclude the folder from the virus scanner",
    errno.EEXIST: "another computer holds the file: close it there, or exclude the folder from its virus scanner",
    errno.ENOSPC: "the disk is full: make room; nothing is lost, and it is tried again",
    errno.EDQUOT: "the disk quota is used up: make room; nothing is lost, and it is tried again",
    errno.ENAMETOOLONG: "put the exchange nearer to the root of its drive",
}


def missing_drive(path: PurePath) -> str:
    r"""What to do if `path` lies on a drive letter that this account does not have; empty if it does not.

    A mapped drive belongs to the user who mapped it: the account of a scheduled task or service sees no `S:`.
    """
    drive = PureWindowsPath(str(path)).drive
    if not drive.endswith(":") or os.path.exists(f"{drive}\\"):  # noqa: PTH110 - of a drive, whatever system this is
        return ""
    return (
        f"connect drive {drive}; if it is a mapped drive, it belongs to the user who is logged on, and no scheduled "
        f"task or service sees it: write the folder as \\\\computer\\share\\..., as net use {drive} shows it"
    )


class _explained:  # noqa: N801 - used as a function
    """Turn an OSError into an ExchangeError that says what to do."""

    def __init__(self, path: Path, what: str) -> None:
        self._path = path
        self._what = what

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if not isinstance(error, OSError):
            return
        raise ExchangeError(
            f"the exchange {self._what}",
            where=str(self._path),
            found=error.strerror or type(error).__name__,
            do=(missing_drive(self._path) if error.errno == errno.ENOENT else "")
            or _ADVICE.get(
                error.errno or 0, "check that the share is connected; nothing is lost, and it is tried again"
            ),
        ) from error
