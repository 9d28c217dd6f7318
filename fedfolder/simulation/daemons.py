"""Node daemons on this machine, each a process of its own: for a demo, or to try things out."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from fedfolder.errors import FedfolderError, HomeInUseError, WaitingError
from fedfolder.exchange.names import TO_SERVER
from fedfolder.exchange.watching import sleep
from fedfolder.node.home import open_home
from fedfolder.process import handling, interpreter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import FrameType

INTERRUPTS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
READY_WITHIN = 60.0
"""Seconds until every node must have introduced itself."""
STOPS_WITHIN = 10.0
"""Seconds that a daemon has to end by itself."""
OUTPUT = "terminal.txt"
"""In a node's home: what its daemon prints."""


class Daemons:
    """Node daemons that were started here. Whoever starts them stops them: leave by `stop`, however it ends."""

    def __init__(self) -> None:
        self._processes: dict[Path, subprocess.Popen[bytes]] = {}
        self._started: list[Path] = []

    @property
    def running(self) -> list[Path]:
        """The homes whose daemon is at work."""
        return [home for home, process in self._processes.items() if process.poll() is None]

    def start(self, home: Path) -> None:
        """Start the daemon of a node's home.

        Raises
        ------
        HomeInUseError
            If it was started here before, and runs.
        """
        if home in self.running:
            raise HomeInUseError("this node is running already", where=str(home), do="leave it running, or stop it")
        with not_now(), (home / OUTPUT).open("wb") as output:
            self._processes[home] = subprocess.Popen(  # noqa: S603 - our own program
                [interpreter(), "-m", "fedfolder", "node", "run", str(home)],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"},
            )
            self._started.append(home)

    def until_ready(self) -> Iterator[str]:
        """The names of the nodes that were started last, each as soon as it has introduced itself.

        Raises
        ------
        FedfolderError
            If a daemon ends before.
        WaitingError
            If one takes too long.
        """
        end = time.monotonic() + READY_WITHIN
        waiting, self._started = {home: open_home(home) for home in self._started}, []
        while waiting:
            for home, opened in list(waiting.items()):
                if any((opened.exchange / TO_SERVER).glob("m000000-*.json")):
                    del waiting[home]
                    yield opened.me.name
                elif self._processes[home].poll() is not None:
                    raise _ended(opened.me.name, home)
            if waiting and time.monotonic() > end:
                raise _late({home: opened.me.name for home, opened in waiting.items()})
            sleep(0.02)

    def stop(self) -> int:
        """Stop them all; return how many there were."""
        with not_now():
            processes, self._processes, self._started = list(self._processes.values()), {}, []
            for process in processes:
                process.terminate()
            for process in processes:
                try:
                    process.wait(timeout=STOPS_WITHIN)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            return len(processes)


def _ended(name: str, home: Path) -> FedfolderError:
    return FedfolderError(
        f"{name} ended before it was ready",
        where=str(home),
        found=(home / OUTPUT).read_text(encoding="utf-8", errors="replace"),
        do="mend what it says, and try again",
    )


def _late(waiting: dict[Path, str]) -> FedfolderError:
    return WaitingError(
        f"{' and '.join(waiting.values())} did not get ready in {READY_WITHIN:.0f} s",
        where=str(next(iter(waiting)) / OUTPUT),
        do="look into that file; a virus scanner may hold up new programs: try again",
    )


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let whatever wants to end this program be KeyboardInterrupt, so that what was started is stopped."""
    with handling(INTERRUPTS, _interrupt):
        yield


@contextlib.contextmanager
def not_now() -> Iterator[None]:
    """Let an interrupt wait until the end of the block: a process that nobody knows of would stay for ever."""
    came: list[int] = []
    with handling(INTERRUPTS, lambda number, _: came.append(number)):
        yield
    if came:
        raise KeyboardInterrupt


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
