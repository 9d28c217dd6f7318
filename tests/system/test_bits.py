"""One split gives the same bits, whichever way the messages travel and however often anybody is killed."""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from fedfolder.exchange.names import TO_NODE, TO_SERVER
from tests.system.places import COMMAND, LONG, bits, end, fedfolder, finished, split_data, until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from tests.system.places import World


def test_processes_over_folders(world: World, undisturbed: str) -> None:
    with world.nodes():
        done = world.run()
    assert done.returncode == 0, done.stderr
    assert bits(world.result()) == undisturbed


def test_folders_in_one_process(tmp_path: Path, undisturbed: str) -> None:
    files = split_data(tmp_path / "data").values()
    done = fedfolder("simulate", COMMAND, *files, "--folders", tmp_path / "folders", "--json", tmp_path / "out.json")
    assert done.returncode == 0, done.stderr
    assert bits(tmp_path / "out.json") == undisturbed


class Mover:
    """A courier between two trees of folders: any file first, some torn first, some twice."""

    def __init__(self, ours: Path, theirs: Path, seed: int) -> None:
        self._ways = [(ours, theirs, TO_NODE), (theirs, ours, TO_SERVER)]
        self._random = random.Random(seed)  # noqa: S311 - a courier's whims
        self._stopped = threading.Event()
        self.torn = 0
        self._thread = threading.Thread(target=self._work, daemon=True)

    def _work(self) -> None:
        while not self._stopped.wait(0.01):
            for source, target, direction in self._ways:
                with contextlib.suppress(FileNotFoundError):
                    self._carry(source, target, direction)

    def _carry(self, source: Path, target: Path, direction: str) -> None:
        files = [path for path in source.glob(f"lbw/*/{direction}/*") if not path.name.startswith(".")]
        there = {path.relative_to(target) for path in target.glob(f"lbw/*/{direction}/*")}
        for gone in there - {path.relative_to(source) for path in files}:
            (target / gone).unlink()
        self._random.shuffle(files)
        # Some of what there is, in no order: a manifest may well come before its payload.
        for path in files[: self._random.randint(1, 8)]:
            content, copy = path.read_bytes(), target / path.relative_to(source)
            if copy.exists() and copy.read_bytes() == content:
                continue
            if self._random.random() < 0.3:
                content = content[: self._random.randint(0, len(content))]
                self.torn += 1
            copy.write_bytes(content)

    @contextlib.contextmanager
    def at_work(self) -> Iterator[Mover]:
        self._thread.start()
        try:
            yield self
        finally:
            self._stopped.set()
            self._thread.join()


@pytest.mark.parametrize("seed", [1])
def test_files_that_arrive_shuffled_and_torn(world: World, tmp_path: Path, undisturbed: str, seed: int) -> None:
    far = tmp_path / "far exchange"
    for node, home in world.homes.items():
        for direction in (TO_NODE, TO_SERVER):
            (far / "lbw" / node / direction).mkdir(parents=True)
        settings = home / "node.toml"
        text = settings.read_text(encoding="utf-8")
        assert text.count(str(world.exchange)) == 1
        settings.write_text(text.replace(str(world.exchange), str(far)), encoding="utf-8", newline="\n")
    with Mover(world.exchange, far, seed).at_work() as mover, world.nodes():
        done = world.run()
    assert done.returncode == 0, done.stderr
    assert mover.torn > 5, "the courier was too good"
    assert bits(world.result()) == undisturbed


def _has_come(world: World, number: int, server: subprocess.Popen[str]) -> bool:
    return server.poll() is not None or any(world.exchange.glob(f"lbw/*/to-node/m{number:06d}*"))


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
@pytest.mark.parametrize("seed", [1, 2])
def test_server_and_every_node_killed_twice(world: World, undisturbed: str, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - when to kill
    victims = [*world.homes, "server"] * 2
    chance.shuffle(victims)
    processes = {name: world.node(name) for name in world.homes}
    processes["server"] = world.start_run()
    last = 0
    for victim in victims:
        # A moment in a round that is not the one of the last kill; at most one message later.
        number = chance.choice([last, last + 1])
        until(partial(_has_come, world, number, processes["server"]), what=f"message {number}")
        time.sleep(chance.random() / 5)
        last = number
        processes[victim].kill()
        end(processes[victim])
        processes[victim] = world.start_run() if victim == "server" else world.node(victim)
    code, output = finished(processes["server"], seconds=LONG)
    assert code == 0, output
    assert bits(world.result()) == undisturbed
