"""Programs that must disturb nobody: in a network of their own, with mounts of their own, and gone when the test is."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PATIENCE = 20.0
"""Seconds in which a program of the system must be ready."""


class Namespace:
    """A private network with nothing but a loopback, private mounts and process numbers; /run is empty and in memory.

    Its first process reads from a pipe of ours until that closes. Then it ends, and the kernel kills and unmounts all
    that was in it: so nothing is left over, even if the tests are killed.
    """

    def __init__(self) -> None:
        unshared = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child")
        script = "ip link set lo up && mount -t tmpfs none /run && echo ready && exec cat >/dev/null"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._first = subprocess.Popen(
            [*unshared, "sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        assert self._first.stdout is not None
        assert self._first.stdout.readline() == b"ready\n", "no namespace could be made"
        children = Path(f"/proc/{self._first.pid}/task/{self._first.pid}/children").read_text(encoding="ascii")
        self._inside = int(children)

    def path(self, path: str) -> Path:
        """How the rest of the machine reaches `path` of the inside."""
        return Path(f"/proc/{self._inside}/root{path}")

    def start(self, *command: str, log: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start a program inside; what it says goes to `log`."""
        with log.open("ab") as output:
            process = subprocess.Popen(
                self._enter(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def run(self, *command: str, said: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program inside to its end."""
        return subprocess.run(
            self._enter(command), input=said, capture_output=True, text=True, check=False, timeout=PATIENCE
        )

    def _enter(self, command: tuple[str, ...]) -> list[str]:
        return ["nsenter", "--target", str(self._inside), "--net", "--mount", "--pid", "--", *command]

    def close(self) -> None:
        for process in self._processes:
            kill(process)
        assert self._first.stdin is not None
        self._first.stdin.close()
        kill(self._first)
        assert self._first.stdout is not None
        self._first.stdout.close()


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that it started, and wait for its end."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=PATIENCE)


def ready(condition: Callable[[], Any], what: str, log: Path) -> Any:
    """Poll until `condition` gives something true without an error, and return it."""
    until = time.monotonic() + PATIENCE
    found: Any = None
    while not found:
        if time.monotonic() > until:
            raise AssertionError(f"{what} was not ready; it said:\n{log.read_text(encoding='utf-8', errors='replace')}")
        time.sleep(0.02)
        with contextlib.suppress(OSError):
            found = condition()
    return found
