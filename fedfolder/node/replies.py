"""A reply before it is a message, and the folder in which it lies while a person has not released it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

    from fedfolder.exchange.envelope import Message
    from fedfolder.plan.messages import Content

OUTBOX = "outbox"


def _nothing() -> None:
    """There is nothing to remember."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back.

    Parameters
    ----------
    kind : str
        As in the header of a message.
    content : Content
        Its body and its files.
    remember : callable
        Notes what is to be known of it later; called in the transaction that makes it certain.
    released : bool
        Whether a person has read it, or need not.
    """

    kind: str
    content: Content
    remember: Callable[[], None] = _nothing
    released: bool = False

    @property
    def body(self) -> dict[str, Any]:
        """As a message carries it."""
        return dict(self.content.body)

    @property
    def files(self) -> dict[str, bytes]:
        """By label."""
        return dict(self.content.files)


class Outbox:
    """The folder of answers that wait, readable; the journal holds the same bytes.

    Parameters
    ----------
    home : Path
        The node's home.
    say : callable
        Told of a file that cannot be written.
    """

    def __init__(self, home: Path, say: Callable[[str], None]) -> None:
        self._folder = home / OUTBOX
        self._say = say

    def write(self, asked: Message, reply: Reply) -> None:
        """Lay the reply out for reading."""
        folder = self.place(asked)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for label, content in {**reply.files, "reply.json": _readable(reply)}.items():
                (folder / label).write_bytes(content)
        except OSError as error:
            self._say(f"the answer could not be laid out as {folder}: {error.strerror}; the journal has it")

    def clear(self, asked: Message) -> None:
        """Take a reply away that has left, or will not."""
        if self._folder.exists():
            shutil.rmtree(self.place(asked), ignore_errors=True)

    def place(self, asked: Message) -> Path:
        """Where the reply to `asked` lies."""
        header = asked.header
        attempt = f"-attempt{header.attempt}" if header.attempt > 1 else ""
        return self._folder / f"fit{header.fit}{attempt}-round{header.round}"


def _readable(reply: Reply) -> bytes:
    said: Mapping[str, Any] = {"kind": reply.kind, "body": reply.body}
    return (json.dumps(said, indent=2, ensure_ascii=False) + "\n").encode()
