"""A server and nodes in this process: real homes, journals and folders, no other process."""

from __future__ import annotations

import contextlib
import itertools
import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from fedfolder import clock
from fedfolder.exchange.journal import IN
from fedfolder.node.home import open_home
from fedfolder.node.loop import Node
from fedfolder.server.channels import Channels
from fedfolder.server.run import run
from fedfolder.server.study import open_study
from fedfolder.simulation import lay_out

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pytest

    from fedfolder.estimates import FitResult
    from fedfolder.exchange.envelope import Message
    from fedfolder.node.home import NodeHome
    from fedfolder.server.progress import Progress
    from fedfolder.server.study import Study

ROWS = ["low,age,smoke", *(f"{k % 3 % 2},{15 + k * 7 % 23},{k // 2 % 2}" for k in range(30))]


def data(folder: Path, *names: str) -> dict[str, Path]:
    """A small csv for each node."""
    folder.mkdir(parents=True, exist_ok=True)
    for shift, name in enumerate(names):
        head, *rows = ROWS
        text = "\n".join([head, *rows[shift * 3 :]]) + "\n"
        (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="\n")
    return {name: folder / f"{name}.csv" for name in names}


class Clock:
    """Time that passes when the server waits, as long as it would wait, and at no other time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        began = int(time.time())
        monkeypatch.setitem(Channels.__init__.__kwdefaults__ or {}, "clock", lambda: self.seconds)
        monkeypatch.setattr(clock, "time", SimpleNamespace(time=lambda: began + self.seconds))


@dataclass
class Bench:
    """A study below `folder`, whose nodes work whenever the server waits. It waits for no time, if there is a clock."""

    folder: Path
    nodes: dict[str, Node] = field(default_factory=dict)
    asleep: set[str] = field(default_factory=set)
    echoed: list[str] = field(default_factory=list)
    clock: Clock | None = None

    def open(self, files: Mapping[str, Path]) -> Bench:
        lay_out(self.folder, "lbw", files)
        for name in files:
            self.wake(name)
        return self

    def home(self, name: str) -> NodeHome:
        return open_home(self.folder / name)

    def wake(self, name: str) -> Node:
        """Start a node, anew if it ran already."""
        if name in self.nodes:
            self.nodes[name].close()
        self.nodes[name] = Node(self.home(name), echo=self.echoed.append)
        return self.nodes[name]

    def work(self, seconds: float = 0.0) -> None:
        if self.clock is not None:
            self.clock.seconds += seconds
        self.has_worked()

    def has_worked(self) -> bool:
        """A pass of each node that is awake; whether anything happened."""
        happened = [node.work() for name, node in self.nodes.items() if name not in self.asleep]
        return any(happened)

    def run(
        self,
        command: str = "logit low age smoke",
        *,
        again: bool = False,
        timeout: float = 60.0,
        progress: Progress | None = None,
        idle: Callable[[float], None] | None = None,
        **options: Any,
    ) -> FitResult:
        options |= {"again": again, "timeout": timeout, "progress": progress}
        return run(self.study.path, command, idle=idle or self.work, **options)

    @property
    def study(self) -> Study:
        return open_study(self.folder / "server")

    def log(self, name: str) -> str:
        return (self.folder / name / "log.txt").read_text(encoding="utf-8")

    def study_messages(self, name: str) -> list[Message]:
        """What the server has accepted from a node, without its hello."""
        with contextlib.closing(self.study.journal(clock.now)) as journal:
            headers = journal.headers(name, IN)
            found = [journal.message(name, IN, header.number) for header in headers if header.number > 0]
        return [message for message in found if message is not None]

    def on_share(self, name: str, direction: str) -> list[str]:
        return sorted(path.name for path in (self.folder / "exchange" / "lbw" / name / direction).iterdir())

    def close(self) -> None:
        for node in self.nodes.values():
            node.close()


def ticks() -> Callable[[], float]:
    """A clock that moves a second each time it is looked at."""
    count = itertools.count()
    return lambda: float(next(count))
