"""Where messages' files lie: a folder, or memory. Both pass one suite of contract tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fedfolder.errors import MessageError
from fedfolder.exchange import files

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path


MOST_PATHS = 32
"""Paths of a folder that are kept."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a store says of a file without its being read: its size in bytes, and what mostly changes when it does.

    A hint and no more: times on a share may be coarse, wrong or always the same.
    """

    size: int
    changed: Hashable


class Store(Protocol):
    """One direction of a channel: flat, with one writer, whose files appear whole or not at all."""

    def names(self) -> list[str]:
        """All names there, in no order."""

    def read(self, name: str, limit: int) -> bytes | None:
        """The content of `name`, None if absent; MessageError if longer than `limit` bytes."""

    def stamp(self, name: str) -> Stamp | None:
        """What tells, mostly, whether `name` was changed; None if the store cannot say, or it is absent."""

    def write(self, name: str, content: bytes, *, lasting: bool = True) -> None:
        """Put `content` under `name`, whole or not at all, in place of what was there; for good, or with the next."""

    def remove(self, name: str) -> None:
        """Delete `name`; nothing happens if it is absent."""

    def tidy(self) -> None:
        """Delete what an interrupted write left."""


class FolderStore:
    """A folder on a disk, a share or a stick."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._paths: dict[str, Path] = {}

    def _path(self, name: str) -> Path:
        """The path of a file; those asked for lately are kept, since each is asked for several times."""
        found = self._paths.get(name)
        if found is None:
            if len(self._paths) == MOST_PATHS:
                self._paths.clear()
            found = self._paths[name] = self.folder / name
        return found

    def names(self) -> list[str]:
        """All names in the folder; ExchangeError if it cannot be listed."""
        return files.listing(self.folder)

    def read(self, name: str, limit: int) -> bytes | None:
        """The file's bytes, None if absent; MessageError if it is too long or no plain file."""
        return files.read(self._path(name), limit)

    def stamp(self, name: str) -> Stamp | None:
        """Size, times and place on the disk."""
        found = files.status(self._path(name))
        return Stamp(found.st_size, (found.st_mtime_ns, found.st_ctime_ns, found.st_ino)) if found else None

    def write(self, name: str, content: bytes, *, lasting: bool = True) -> None:
        """Write atomically and durably; ExchangeError otherwise."""
        files.write(self._path(name), content, lasting=lasting)

    def remove(self, name: str) -> None:
        """Delete the file if it is there."""
        files.remove(self._path(name))

    def tidy(self) -> None:
        """Delete temporary files."""
        files.remove_temporary(self.folder)

    def __str__(self) -> str:
        return str(self.folder)


class MemoryStore:
    """The twin in memory, for simulations and tests."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}

    def names(self) -> list[str]:
        """All names."""
        return list(self.contents)

    def read(self, name: str, limit: int) -> bytes | None:
        """The content, None if absent; MessageError if it is too long."""
        content = self.contents.get(name)
        if content is not None and len(content) > limit:
            raise MessageError("this file is too long to be a message", where=name, expected=f"at most {limit} bytes")
        return content

    def stamp(self, name: str) -> Stamp | None:
        """The content itself."""
        content = self.contents.get(name)
        return None if content is None else Stamp(len(content), content)

    def write(self, name: str, content: bytes, *, lasting: bool = True) -> None:  # noqa: ARG002 - no power, no cut
        """Keep a copy."""
        self.contents[name] = bytes(content)

    def remove(self, name: str) -> None:
        """Forget it."""
        self.contents.pop(name, None)

    def tidy(self) -> None:
        """Nothing is ever half-written here."""

    def __str__(self) -> str:
        return "memory"
