"""What was read of a database, for as long as it stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")


class Memory:
    """Values by key, all of one moment; `as_of` names it, and another name means that something was written since."""

    def __init__(self, as_of: Callable[[], Hashable]) -> None:
        self._now = as_of
        self._as_of: Hashable = None
        self._values: dict[Hashable, Any] = {}
        self._turn = 0

    def recall(self, key: Hashable, read: Callable[[], T]) -> T:
        """What `read` gives, read once for as long as it stands."""
        now = self._now()
        if now != self._as_of:
            self.clear()
            self._as_of = now
        if key in self._values:
            known: T = self._values[key]
            return known
        turn = self._turn
        found = read()
        # What `read` looked up may be remembered, too: if that was after a write, the rest of it was read before.
        if turn == self._turn:
            self._values[key] = found
        return found

    def put(self, key: Hashable, value: object) -> None:
        """Note what has just been written under `key`."""
        self._turn += 1
        self._values[key] = value

    def forget(self, *keys: Hashable) -> None:
        """Let go of what may have been written over."""
        self._turn += 1
        for key in keys:
            self._values.pop(key, None)

    def clear(self) -> None:
        """Let go of everything."""
        self._turn += 1
        self._values.clear()
