"""Which files are read in one look, when anybody may have put any number of them there.

What is read in a look is bounded, and in the end everything is read. A folder says of a file when it was changed, and
may be wrong about it: so that only ever makes a file be read sooner. One that looks unchanged has its turn too.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from fedfolder.exchange.envelope import LARGEST_ENVELOPE
from fedfolder.exchange.names import as_written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fedfolder.exchange.store import Stamp, Store

MOST_READ = 16
"""Files that are read in one look."""
MOST_BYTES = 4 << 20
"""Bytes of these files together."""
MOST_STAMPED = 4
"""Times as many files that are asked for their stamp in one look."""
MOST_SKIPPED = 15
"""Turns that a file is not read again because its stamp says that it is as it was."""


class Rota:
    """Whose turn it is among the files of one kind in `store`: what is new first, then one after the other.

    Parameters
    ----------
    most : int
        Files that are read in one turn.
    most_bytes : int
        Bytes of these files together; never less than one message's.
    """

    def __init__(self, store: Store, most: int = MOST_READ, most_bytes: int = MOST_BYTES) -> None:
        self._store = store
        self._most = most
        self._most_bytes = max(most_bytes, LARGEST_ENVELOPE)
        self._line: deque[str] = deque()
        self._here: set[str] = set()
        # A stamp's hash will do for knowing it again: this may have to hold a hundred thousand of them.
        self._read: dict[str, tuple[int, int]] = {}

    def turn(self, names: Iterable[str]) -> Iterator[str]:
        """Those of `names` that are to be read now: new ones first, and among them such as fedfolder writes."""
        self._line_up(set(names))
        read = size = 0
        for _ in range(min(len(self._line), self._most * MOST_STAMPED)):
            name = self._line[0]
            stamp = self._store.stamp(name)
            if self._skips(name, stamp):
                self._line.rotate(-1)
                continue
            size += _cost(stamp)
            if size > self._most_bytes:
                return
            self._line.rotate(-1)
            if stamp is not None:
                self._read[name] = (hash(stamp), 0)
            yield name
            read += 1
            if read == self._most:
                return

    def again(self, name: str) -> None:
        """Take `name` as not read: what was made of it hangs on more than its bytes."""
        self._read.pop(name, None)

    def _line_up(self, here: set[str]) -> None:
        """Put what is new at the head of the line, and forget what is gone."""
        if here == self._here:
            return
        new = sorted(here - self._here, key=lambda name: (not as_written(name), name))
        self._line = deque([*new, *(name for name in self._line if name in here)])
        self._read = {name: known for name, known in self._read.items() if name in here}
        self._here = here

    def _skips(self, name: str, stamp: Stamp | None) -> bool:
        """Whether a file that was read is passed over this time."""
        known = self._read.get(name)
        if known is None or stamp is None:
            return False
        before, skipped = known
        if hash(stamp) != before or skipped >= MOST_SKIPPED:
            return False
        self._read[name] = (before, skipped + 1)
        return True


def _cost(stamp: Stamp | None) -> int:
    """Bytes that reading will take: what is too long is refused unread, and costs nothing."""
    if stamp is None:
        return LARGEST_ENVELOPE
    return stamp.size if stamp.size <= LARGEST_ENVELOPE else 0
