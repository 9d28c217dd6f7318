"""Starts passthrough.py and ends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = Path(__file__).with_name("passthrough.py")
PATIENCE = 10.0


class PoorShare:
    """`folder`, shown at `point` as the options have it; with `connect` and the ways to lose it."""

    def __init__(self, folder: Path, point: Path, options: Sequence[str]) -> None:
        self.folder, self.point = folder, point
        self._options = options
        self._report = point.with_name(f"{point.name}.json")
        point.mkdir()
        self.connect()

    def connect(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(self.folder), str(self.point), str(self._report), *self._options],
            stdin=subprocess.PIPE,
        )
        until = time.monotonic() + PATIENCE
        while not os.path.ismount(self.point):
            assert self._process.poll() is None, "the share could not be mounted"
            assert time.monotonic() < until, "the share was not mounted in time"
            time.sleep(0.01)

    def disconnect(self) -> None:
        """Unmount it, as somebody who pulls out a stick: the mount point is an empty folder."""
        command = ["fusermount3", "-u", "-z", str(self.point)]
        subprocess.run(command, check=False, capture_output=True)
        # Who holds a file open there would keep it alive out of sight.
        self._process.kill()
        self._end()

    def crash(self) -> None:
        """Kill what serves it: the mount point cannot even be looked at."""
        self._process.kill()
        self._end()

    def _end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=PATIENCE)

    def struck(self) -> dict[str, int]:
        """How often each option did what it is there for."""
        found: dict[str, int] = json.loads(self._report.read_text(encoding="utf-8") or "{}")
        return found
