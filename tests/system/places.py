"""A study on this computer with real processes: what the system tests stand on."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from fedfolder.exchange.journal import OUT
from fedfolder.exchange.names import SERVER
from fedfolder.node.data import describe, read_variables, write_dta
from fedfolder.node.home import open_home
from fedfolder.node.loop import Node
from fedfolder.simulation import lay_out, places_at_random

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
LBW = ROOT / "examples" / "lbw" / "lbw.dta"
COMMAND = "logit low age smoke"
HELLO = "m000000-hello.json"
LONG = 45.0
"""Seconds after which something that should happen did not."""

ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")},
    "PYTHONPATH": str(ROOT),
    "PYTHONUTF8": "1",
    "PYTHONUNBUFFERED": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def until(condition: Callable[[], Any], *, what: str, seconds: float = LONG) -> Any:
    """Poll until `condition` gives something true, and return it."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.01)
    return found


def fedfolder(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `python -m fedfolder ...` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "fedfolder", *map(str, arguments)],
        **{"capture_output": True, "text": True, "encoding": "utf-8", "env": ENVIRONMENT, "timeout": LONG, **options},
        check=False,
    )


def bits(path: Path) -> str:
    """What of a result.json must not differ by a bit, as text."""
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["coef"]
    return json.dumps({name: found[name] for name in ("coef", "se", "ll", "ll_0", "V", "n")})


def split_data(folder: Path, nodes: int = 3, seed: int = 1) -> dict[str, Path]:
    """The births split at random, a .dta a node."""
    frame = read_variables(LBW, [variable.name for variable in describe(LBW).variables])
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for number, rows in enumerate(places_at_random(frame.nrows, nodes, seed), start=1):
        files[f"node{number}"] = folder / f"births{number}.dta"
        write_dta(frame.take(rows), files[f"node{number}"])
    return files


class World:
    """A study below one folder, and the processes that work in it."""

    def __init__(self, folder: Path, data: Mapping[str, Path]) -> None:
        self.folder = folder
        self.data = dict(data)
        self.places = lay_out(folder, "lbw", data)
        self.server, self.exchange, self.homes = self.places.server, self.places.exchange, self.places.nodes
        self.processes: list[subprocess.Popen[str]] = []
        for settings in (self.server / "study.toml", *(home / "node.toml" for home in self.homes.values())):
            text = settings.read_text(encoding="utf-8").replace("longest_pause = 5.0", "longest_pause = 0.2")
            settings.write_text(text, encoding="utf-8", newline="\n")

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "fedfolder", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=ENVIRONMENT,
        )
        self.processes.append(process)
        return process

    def node(self, name: str) -> subprocess.Popen[str]:
        return self.start("node", "run", self.homes[name])

    @contextlib.contextmanager
    def nodes(self, *names: str) -> Iterator[dict[str, subprocess.Popen[str]]]:
        """Daemons of the named nodes, or of all, ready, and ended on leaving."""
        running = {name: self.node(name) for name in names or self.homes}
        try:
            until(lambda: all((self.to_server(name) / HELLO).exists() for name in running), what="the nodes' hellos")
            yield running
        finally:
            for process in running.values():
                end(process)

    def run(self, command: str = COMMAND, *options: object) -> subprocess.CompletedProcess[str]:
        return fedfolder("run", self.server, command, *options)

    def start_run(self, command: str = COMMAND, *options: object) -> subprocess.Popen[str]:
        return self.start("run", self.server, command, *options)

    def status(self) -> str:
        found = fedfolder("status", self.server)
        assert found.returncode == 0, found.stderr
        return found.stdout

    def result(self, fit: int = 1) -> Path:
        return self.server / "runs" / f"fit{fit}" / "result.json"

    def to_node(self, node: str) -> Path:
        return self.exchange / "lbw" / node / "to-node"

    def to_server(self, node: str) -> Path:
        return self.exchange / "lbw" / node / "to-server"

    @contextlib.contextmanager
    def by_hand(self, name: str) -> Iterator[Node]:
        """A node in this process, which works when it is told to: so a fit stands still where a test wants it to."""
        node = Node(open_home(self.homes[name]))
        try:
            yield node
        finally:
            node.close()

    def wait_for_request(self, node: str, number: int) -> None:
        until(lambda: list(self.to_node(node).glob(f"m{number:06d}*.json")), what=f"request {number} to {node}")

    def log(self, node: str) -> str:
        path = self.homes[node] / "log.txt"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def close(self) -> None:
        for process in self.processes:
            end(process, kill=True)


def end(process: subprocess.Popen[str], *, kill: bool = False) -> None:
    """End a process, if it has not ended, and close its pipe."""
    if process.poll() is None:
        if kill:
            process.kill()
        else:
            process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()


def finished(process: subprocess.Popen[str], *, seconds: float = LONG) -> tuple[int, str]:
    """Wait for the end of a process; its exit code and all that it printed."""
    output, _ = process.communicate(timeout=seconds)
    return process.returncode, output


def answers(node: Node, number: int) -> None:
    """Let a node of this process work until it has answered the request `number`; it answers no later one."""
    while node.journal.message(SERVER, OUT, number) is None:
        until(node.work, what=f"something to do until request {number} is answered")


def write_csv(path: Path, columns: Mapping[str, Sequence[object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_csv(path, index=False, lineterminator="\n")
    return path


def assert_explained(text: str, *words: str) -> None:
    """An error as people need it: what, and what to do; no traceback; and the words that are expected."""
    assert "Traceback" not in text, text
    assert "Error: " in text, text
    for word in ("to do:", *words):
        assert word in text, f"{word!r} is not in:\n{text}"
