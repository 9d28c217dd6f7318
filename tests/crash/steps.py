"""A fit taken apart into steps, each of them one process: `node once`, or `run` with no time to wait."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.errors import WaitingError
from fedfolder.exchange.names import SERVER
from tests.crash.study import (
    COMMAND,
    NODES,
    TEMPORARY,
    answered,
    assert_share_holds_what_is_journalled,
    journalled,
    on_share,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.crash.processes import Call, Ended, Spare
    from tests.crash.study import Living, Sent

EXCHANGE, IN_USE, TIME_IS_OVER, JOURNAL = 7, 8, 12, 16
"""Exit codes: the exchange is out of reach, a home is one of two, the time is over, the journal cannot be used."""
HELLO, ANSWER, OWING, RECEIPT = "node: hello", "node: answer", "node: owing", "node: receipt"
ASK, RESULT = "server: ask", "server: result"


@dataclass(frozen=True)
class Disks:
    """What lies on the exchange, in the journals, and among the copies and results that people read."""

    share: dict[tuple[str, str, str], bytes]
    journals: dict[str, set[Sent]]
    readable: dict[str, bytes]


def disks(study: Path) -> Disks:
    folders = [study / SERVER / "runs", *(study / node / "kept" for node in NODES)]
    readable = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return Disks(
        on_share(study),
        {name: journalled(study / name, name) for name in (SERVER, *NODES)},
        {str(path.relative_to(study)): path.read_bytes() for path in readable if not TEMPORARY.fullmatch(path.name)},
    )


@dataclass(frozen=True)
class Step:
    """What one process does: the disks before it, its arguments and exit code, its calls, and the disks after it."""

    before: Path
    arguments: tuple[str, ...]
    code: int
    calls: tuple[Call, ...]
    after: Disks

    def publishing(self, name: str, end: str = "") -> list[Call]:
        """The calls `name` on files of the exchange whose path ends with `end`."""
        return publishing(self.calls, name, end)


def publishing(calls: Sequence[Call], name: str, end: str = "") -> list[Call]:
    """Those of `calls` to `name` that are on the exchange, on a path with this end."""
    found = [call for call in calls if call.name == name and call.touches("exchange/")]
    return [call for call in found if call.paths[-1].endswith(end)]


def server_turn(living: Living) -> None:
    """The server takes what has come, and asks what comes next."""
    with contextlib.suppress(WaitingError):
        living.fit(timeout=0.01, idle=lambda _: None)


def node_turns(living: Living) -> None:
    for name in NODES:
        node = living.wake(name)
        while node.work():
            pass
    living.let_all_go()


NODE = ("node", "once", f"@/{NODES[0]}")
RUN = ("run", "@/server", COMMAND, "--timeout", "0.01")


class Recorder:
    """Takes a fit apart."""

    def __init__(self, study: Path, folder: Path, spare: Spare) -> None:
        self.steps: dict[str, Step] = {}
        self._folder = folder
        self.spare = spare
        self._study = study

    def take_apart(self, living: Living) -> dict[str, Step]:
        """Go through a fit, and note its steps."""
        self.note(HELLO, *NODE)
        server_turn(living)
        node_turns(living)
        server_turn(living)
        node_turns(living)
        self.note(ASK, *RUN)
        server_turn(living)
        self.note(ANSWER, *NODE)
        assert living.wake(NODES[0]).mailbox.receive() is not None
        living.let_all_go()
        self.note(OWING, *NODE)
        node_turns(living)
        server_turn(living)
        node_turns(living)
        server_turn(living)
        self.note(RECEIPT, *NODE)
        node_turns(living)
        self.note(RESULT, *RUN)
        return self.steps

    def note(self, name: str, *arguments: str) -> None:
        """Keep the disks before a step, and do it once for what it imports: later it does nothing but its work."""
        before = self._folder / name
        shutil.copytree(self._study, before)
        self.steps[name] = Step(before, arguments, 0, (), disks(before))
        with self._on_a_copy(name) as (words, case):
            self.spare.warm(*words)
            code, after = self.spare.run(*words).code, disks(case)
        self.steps[name] = Step(before, arguments, code, (), after)

    def watch(self) -> None:
        """Do each step, and write down what it calls."""
        for name, step in self.steps.items():
            with self._on_a_copy(name) as (words, case):
                calls = calls_below(case, self.spare.run(*words, watch=True))
            self.steps[name] = dataclasses.replace(step, calls=calls)

    @contextlib.contextmanager
    def _on_a_copy(self, name: str) -> Iterator[tuple[list[str], Path]]:
        case = self._folder / "recorded"
        shutil.copytree(self.steps[name].before, case)
        yield [word.replace("@", str(case)) for word in self.steps[name].arguments], case
        shutil.rmtree(case)


NODE = ("node", "once", f"@/{NODES[0]}")
RUN = ("run", "@/server", COMMAND, "--timeout", "0.01")


def calls_below(folder: Path, ended: Ended) -> tuple[Call, ...]:
    """The calls on files below a folder, by their paths from there."""
    start = f"{folder}/"
    found = []
    for call in ended.calls:
        paths = tuple(path.removeprefix(start) for path in map(os.path.normpath, call.paths) if path.startswith(start))
        if paths and not call.reads:
            found.append(dataclasses.replace(call, paths=paths))
    return tuple(found)


@dataclass
class Trial:
    """A step on a copy of its disks."""

    step: Step
    folder: Path
    spare: Spare

    def run(self, *inject: str) -> Ended:
        words = [word.replace("@", str(self.folder)) for word in self.step.arguments]
        ended = self.spare.run(*words, inject=inject)
        return dataclasses.replace(ended, calls=calls_below(self.folder, ended))

    def fail(self, *inject: str) -> Ended:
        """Run it with what strace does to it; the disks are whole afterwards."""
        ended = self.run(*inject)
        assert_share_holds_what_is_journalled(self.folder)
        return ended

    def go_on(self) -> None:
        """Run it again, undisturbed: then all is as if it had been so at the first time."""
        ended = self.run()
        assert ended.code == self.step.code, ended.output
        found = disks(self.folder)
        assert found.journals == self.step.after.journals
        assert found.readable == self.step.after.readable
        numbers = answered(self.folder / NODES[0])
        assert numbers == sorted(set(numbers)), "each request is answered once"
        assert self.share() == self.step.after.share

    def share(self) -> dict[tuple[str, str, str], bytes]:
        """What is on the share, but for what lay there before this step and is cleared with the next fit."""
        late, expected = on_share(self.step.before), self.step.after.share
        return {n: c for n, c in on_share(self.folder).items() if n in expected or late.get(n) != c}

    def new_names(self) -> set[str]:
        """The final names that have come to the share."""
        names = set(on_share(self.folder)) - set(on_share(self.step.before))
        return {name for _, _, name in names if not TEMPORARY.fullmatch(name)}
