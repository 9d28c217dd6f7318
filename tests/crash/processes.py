"""Real processes of fedfolder, watched and disturbed by strace at their system calls."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.system.places import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Sequence

SPARE = Path(__file__).with_name("spare.py")
WRITING = (
    "openat,write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,ftruncate"
)
_CALL = re.compile(r"(?P<thread>\d+) +(?P<name>\w+)\((?P<text>.*?)(?:\) += | <unfinished \.\.\.>)")
_PATH = re.compile(r'(?<=[<"])/[^>"]+')
_RANDOM = re.compile(r"\.fedfolder-[0-9a-f]{16}")


@dataclass(frozen=True)
class Call:
    """The `nth` system call `name` of a process, on files at `paths`, of which nothing is random."""

    name: str
    nth: int
    paths: tuple[str, ...]
    reads: bool

    def touches(self, *parts: str) -> bool:
        """Whether one of its paths has one of `parts` in it, and it does more than read."""
        return not self.reads and any(part in path for path in self.paths for part in parts)

    def inject(self, what: str, when: str = "") -> str:
        """The expression for strace that does `what` at this call, or at those that `when` says, in its place."""
        return f"inject={self.name}:{what}:when={when or self.nth}"


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code (negative: the signal that killed it), what it printed, what it called."""

    code: int
    output: str
    calls: tuple[Call, ...]


class Spare:
    """The process that others are forked from."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, str(SPARE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=ENVIRONMENT,
        )

    def order(self, **order: Any) -> int:
        """Give an order; return what is answered."""
        return self._write(json.dumps(order))

    def _write(self, line: str) -> int:
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        (answer,) = json.loads(self._process.stdout.readline()).values()
        return int(answer)

    def warm(self, *arguments: object) -> None:
        """Run once, and import whatever was imported: then all later calls are of fedfolder's own doing."""
        modules = self._folder / "modules.json"
        self.order(arguments=[*map(str, arguments)], output=os.devnull, modules=str(modules))
        self._write("")
        self.order(**{"import": json.loads(modules.read_text(encoding="utf-8"))})

    def run(self, *arguments: object, inject: Sequence[str] = (), watch: bool = False) -> Ended:
        """Be `fedfolder ARGUMENTS`, watched and disturbed as `inject` says."""
        output, trace = self._folder / "output.txt", self._folder / "trace.txt"
        pid = self.order(arguments=[*map(str, arguments)], output=str(output))
        tracer = attach(pid, trace, inject) if inject or watch else None
        status = self._write("")
        if tracer is not None:
            assert tracer.wait(timeout=20) is not None
        calls = read_calls(trace, thread=str(pid)) if tracer is not None else ()
        text = output.read_text(encoding="utf-8") if output.exists() else ""
        return Ended(os.waitstatus_to_exitcode(status), text, calls)

    def close(self) -> None:
        if self._process.stdin is not None and self._process.stdout is not None:
            self._process.stdin.close()
            self._process.stdout.close()
        self._process.wait(timeout=10)


def options(trace: Path, inject: Sequence[str]) -> list[str]:
    """Options of strace."""
    found = ["-f", "-q", "-y", "-o", str(trace), "-e", f"trace={WRITING}"]
    return found + [word for expression in inject for word in ("-e", expression)]


def attach(pid: int, trace: Path, inject: Sequence[str]) -> subprocess.Popen[bytes]:
    """Attach strace to a process, and return when it has."""
    trace.unlink(missing_ok=True)
    command = [shutil.which("strace") or "strace", *options(trace, inject), "-p", str(pid)]
    tracer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    status = Path("/proc") / str(pid) / "status"
    end = time.monotonic() + 20
    while "TracerPid:\t0\n" in status.read_text(encoding="utf-8"):
        assert tracer.poll() is None, "strace cannot attach"
        assert time.monotonic() < end
        time.sleep(0.001)
    return tracer


def read_calls(trace: Path, thread: str = "") -> tuple[Call, ...]:
    """The system calls (of one thread) that strace wrote down, counted by thread and name, as strace counts them."""
    counts: Counter[tuple[str, str]] = Counter()
    found = []
    for line in trace.read_text(encoding="utf-8", errors="replace").splitlines():
        match = _CALL.match(line)
        if match is None or thread not in {"", match["thread"]}:
            continue
        key = match["thread"], match["name"]
        counts[key] += 1
        text = _RANDOM.sub(".fedfolder-x", match["text"])
        found.append(Call(match["name"], counts[key], tuple(_PATH.findall(text)), reads="O_RDONLY" in text))
    return tuple(found)
