"""The time of day, for people. Nothing is ever decided by it."""

from __future__ import annotations

import datetime as dt


def now() -> str:
    """The local time with its offset, to the second, as ISO 8601."""
    return dt.datetime.now().astimezone().isoformat(timespec="seconds")
