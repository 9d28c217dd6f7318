"""Messages that were used lately, in memory: what the journal has of a message never changes."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fedfolder.exchange.envelope import Message

MOST_BYTES = 32 << 20
"""Bytes of the messages that are kept, about."""

Key = tuple[str, str, int]
"""Peer, direction and number."""


class Recent:
    """Messages by key, as many as `most_bytes` hold, and one in any case; who was not asked for longest goes first."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Key, Message] = OrderedDict()

    def get(self, key: Key) -> Message | None:
        """The message, if it is kept."""
        message = self._kept.get(key)
        if message is not None:
            self._kept.move_to_end(key)
        return message

    def put(self, key: Key, message: Message) -> None:
        """Keep a message."""
        self._drop(key)
        self._kept[key] = message
        self._bytes += _size(message)
        while self._bytes > self._most and len(self._kept) > 1:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        message = self._kept.pop(key, None)
        if message is not None:
            self._bytes -= _size(message)

    def clear(self) -> None:
        """Keep none."""
        self._kept.clear()
        self._bytes = 0


def _size(message: Message) -> int:
    return len(message.content) + sum(map(len, message.payloads.values()))
