"""The time of day, for people. Nothing is ever decided by it."""

from __future__ import annotations

import datetime as dt
import functools
import time


def now() -> str:
    """The local time with its offset, to the second, as ISO 8601."""
    return _text(int(time.time()))


@functools.lru_cache(maxsize=1)
def _text(second: int) -> str:
    """A round asks many times for the same second."""
    return dt.datetime.fromtimestamp(second).astimezone().isoformat(timespec="seconds")
