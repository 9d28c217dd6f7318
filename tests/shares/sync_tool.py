"""A sync tool as registries have them: it joins two folders in its own time, in its own order, and not always whole.

It knows nothing of who writes what. What changed on one side it brings to the other; it tears files under their final
names, leaves conflict copies and duplicates on the way, and is late with deletions.
"""

from __future__ import annotations

import collections
import contextlib
import random
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Tree = dict[str, bytes]

PAUSE = 0.02
MOST = 4
"""Files that are brought over in one pass."""
TORN_FOR = 0.1
"""Seconds for which a file lies there in part."""
LATE = 0.5
"""Seconds until a deletion is brought over."""
CONFLICTS = ("{stem}.sync-conflict-20240101-120000-ABCDEFG{suffix}", "{stem}-PC1{suffix}", "{stem} (1){suffix}")
"""How Syncthing, OneDrive and a browser call a second copy. None is a name that a message can have."""
DUPLICATE = "{stem}-2{suffix}"
"""A name that a message can have."""
LONGEST = 160
"""Characters of a name of which a copy is still made: a folder takes 255, and a copy has up to sixty more."""


def contents(folder: Path) -> Tree:
    """All files below a folder, but for those that vanish while they are read."""
    found = {}
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.is_file():
                found[str(path.relative_to(folder))] = path.read_bytes()
    return found


class SyncTool:
    """Joins two folders while it is `at_work`; `did` counts what it did."""

    def __init__(self, first: Path, second: Path, seed: int) -> None:
        self.did: collections.Counter[str] = collections.Counter()
        self._sides = (first, second)
        self._random = random.Random(seed)  # noqa: S311 - a tool's whims
        self._agreed: Tree = {}
        self._torn: dict[tuple[int, str], tuple[float, bytes]] = {}
        self._missed: dict[str, float] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    @contextlib.contextmanager
    def at_work(self) -> Iterator[SyncTool]:
        self._thread.start()
        try:
            yield self
        finally:
            self._stopped.set()
            self._thread.join()

    def _work(self) -> None:
        while not self._stopped.wait(PAUSE):
            self._finish()
            trees = [contents(side) for side in self._sides]
            names = sorted({*trees[0], *trees[1]} - {name for _, name in self._torn})
            # Any first: a manifest may well come before its payload.
            self._random.shuffle(names)
            moved = 0
            for name in names:
                if moved < MOST:
                    moved += self._agree(name, trees[0].get(name), trees[1].get(name))

    def _agree(self, name: str, first: bytes | None, second: bytes | None) -> bool:
        """Bring one change over, if there is one."""
        known = self._agreed.get(name)
        if first == second:
            if first is not None:
                self._agreed[name] = first
            return False
        if known not in {first, second} and None not in {first, second}:
            self.did["both changed"] += 1
        target = 1 if first != known else 0
        content = first if target == 1 else second
        if content is None:
            return self._delete(target, name)
        self._bring(target, name, content)
        return True

    def _delete(self, target: int, name: str) -> bool:
        if time.monotonic() - self._missed.setdefault(name, time.monotonic()) < LATE:
            return False
        (self._sides[target] / name).unlink(missing_ok=True)
        del self._agreed[name], self._missed[name]
        self.did["deleted"] += 1
        return True

    def _bring(self, target: int, name: str, content: bytes) -> None:
        path = self._sides[target] / name
        self._agreed[name] = content
        if path.name.startswith("."):
            path.write_bytes(content)
            return
        if self._random.random() < 0.6:
            path.write_bytes(content)
        else:
            part = self._random.randrange(len(content) + 1)
            # As they grow, or at full length with what has not come as zeros.
            path.write_bytes(content[:part] + bytes(len(content) - part) * self._random.randrange(2))
            self._torn[target, name] = time.monotonic(), content
            self.did["torn"] += 1
        if "-instruction" in name or "-result" in name:
            self._litter(path, content)
            payloads = path.parent.glob(f"{path.name[:8]}*.csv")
            self.did["message before its payload"] += b'"payloads": []' not in content and not list(payloads)

    def _litter(self, path: Path, content: bytes) -> None:
        """Leave a second copy beside a message: it too is brought over, to where the message comes from."""
        # Copies of copies, too, but none whose name a folder no longer takes.
        if path.stem.endswith("-2") or len(path.name) > LONGEST or self._random.random() < 0.5:
            return
        pattern = self._random.choice([*CONFLICTS, DUPLICATE])
        part = len(content) if pattern == DUPLICATE else self._random.randrange(len(content) + 1)
        path.with_name(pattern.format(stem=path.stem, suffix=path.suffix)).write_bytes(content[:part])
        self.did["duplicate" if pattern == DUPLICATE else "conflict copy"] += 1

    def _finish(self) -> None:
        """Complete what has lain there in part for long enough."""
        for (target, name), (since, content) in [*self._torn.items()]:
            if time.monotonic() - since > TORN_FOR:
                (self._sides[target] / name).write_bytes(content)
                del self._torn[target, name]
