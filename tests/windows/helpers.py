"""Windows, as far as it can be played elsewhere: its errors, and an `os` that lacks what it lacks."""

from __future__ import annotations

import errno
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

VIOLATIONS = [5, 32, 33]
"""Access denied (also: the file is about to be deleted), sharing violation, lock violation."""


def violation(winerror: int, path: object) -> PermissionError:
    """What Windows raises when another program holds a file."""
    error = PermissionError(errno.EACCES, "used by another process", str(path))
    error.winerror = winerror  # type: ignore[attr-defined,unused-ignore]
    return error


class WindowsOs:
    """The module `os` of Windows: no folder can be opened, and some flags are not there."""

    name = "nt"
    ABSENT = frozenset({"O_NOFOLLOW", "O_NONBLOCK", "O_DIRECTORY", "O_CLOEXEC"})

    def __getattr__(self, name: str) -> Any:
        if name in self.ABSENT:
            raise AttributeError(name)
        return getattr(os, name)

    def __init__(self) -> None:
        self.folders_opened: list[Path] = []

    def open(self, path: Any, *arguments: Any) -> int:
        if Path(path).is_dir():
            self.folders_opened.append(Path(path))
            raise violation(5, path)
        return os.open(path, *arguments)


class Held:
    """A call that another program holds up: for each path `times` times, or for ever."""

    def __init__(self, call: Callable[..., Any], winerror: int, times: float, argument: int = 0) -> None:
        self.call, self.winerror, self.times, self.argument = call, winerror, times, argument
        self.tried: Counter[str] = Counter()

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        path = str(arguments[self.argument])
        self.tried[path] += 1
        if self.tried[path] <= self.times:
            raise violation(self.winerror, path)
        return self.call(*arguments, **options)
