"""How far a data file is read, for whoever waits: told by a person's measure of time, and nothing about values."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

Watch: TypeAlias = Callable[[float], None]
"""Is told the share of a file that is read, from 0 to 1, many times a second."""

FIRST, EVERY = 3.0, 10.0
"""Seconds until the first word, and between two."""


def unwatched(_share: float) -> None:
    """Nobody waits."""


class Told:
    """A `Watch` that says a line now and then, once reading takes long.

    Parameters
    ----------
    what : str
        The file's name.
    say : callable
        Shows a line.
    clock : callable
        Seconds, from any start.
    """

    def __init__(self, what: str, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._what, self._say, self._clock = what, say, clock
        self._next = clock() + FIRST

    def __call__(self, share: float) -> None:
        """Say it, if it is time."""
        now = self._clock()
        if now >= self._next:
            self._next = now + EVERY
            self._say(f"reading {self._what}: {min(100, int(100 * share))} %")
