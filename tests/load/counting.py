"""What a fit or a look asks of the folders: files read, bytes, stamps, look by look."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fedfolder.exchange import files, inbox, outbox, rota
from fedfolder.exchange.mailbox import Mailbox

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

TURN = rota.MOST_READ * 2 + inbox.MOST_OLD
"""Files of no likely name that a mailbox reads at most when it looks for a message: due, ahead, and old ones."""
LIKELY = 6 + 8
"""Files beside them: names that the other side would give, hello and last message, and payloads."""
BYTES = 3 * rota.MOST_BYTES + 6 * (1 << 20)
STAMPS = rota.MOST_STAMPED * TURN


@dataclass
class Look:
    """What one look did."""

    of: str
    read: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    stamps: int = 0


class Counted:
    """Counts below all stores, from when it is made; a look is a mailbox's `open`, `publish` or `receive`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks = [Look("before")]
        self._wrap(monkeypatch)

    def _wrap(self, monkeypatch):
        read, status = files.read, files.status

        def counted_read(path: Path, limit: int) -> bytes | None:
            self.looks[-1].read[path.name] += 1
            content = read(path, limit)
            self.looks[-1].bytes += len(content or b"")
            return content

        def counted_status(path: Path):
            self.looks[-1].stamps += 1
            return status(path)

        monkeypatch.setattr(files, "read", counted_read)
        monkeypatch.setattr(files, "status", counted_status)
        for name in ("open", "publish", "receive"):
            monkeypatch.setattr(Mailbox, name, self._marked(name, getattr(Mailbox, name)))

    def _marked(self, name, call):
        def marked(box, *arguments):
            self.looks.append(Look(name))
            try:
                return call(box, *arguments)
            finally:
                self.looks.append(Look("between"))

        return marked

    def require_bounded(self) -> None:
        """Each look within its bounds, however much lies there."""
        for look in self.looks:
            most = outbox.MOST_AT_START * 2 + LIKELY if look.of == "open" else TURN + LIKELY
            assert look.read.total() <= most, (look.of, look.read.total())
            assert look.bytes <= (BYTES if look.of != "open" else 2 * outbox.MOST_BYTES_AT_START + BYTES), look.of
            assert look.stamps <= (STAMPS if look.of != "open" else rota.MOST_STAMPED * most), look.of
