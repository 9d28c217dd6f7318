"""Clocks that are wrong, or jump: they are shown to people, and decide nothing."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fedfolder import clock
from tests.node.places import Bench, data
from tests.system import places
from tests.system.places import World, bits, split_data, until

LIBRARIES = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
]
FAKETIME = next((path for path in LIBRARIES if Path(path).exists()), None)
needs_faketime = pytest.mark.skipif(FAKETIME is None, reason="needs libfaketime (a package of the system)")


def fitted(folder: Path) -> bytes:
    bench = Bench(folder / "study").open(data(folder / "data", "north", "south"))
    try:
        return bench.run().beta.tobytes()
    finally:
        bench.close()


def test_a_clock_that_jumps_by_ten_days_each_time_it_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Fault 36, in one process: the time of day is written down, and nothing else comes of it."""
    expected = fitted(tmp_path / "calm")
    jumps = itertools.cycle([0, 10, -10, 3650])
    real, looked = time.time, []

    def now() -> str:
        looked.append(1)
        return (dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=next(jumps))).isoformat()

    monkeypatch.setattr(clock, "now", now)
    monkeypatch.setattr(time, "time", lambda: real() + 86400 * next(jumps))
    assert fitted(tmp_path / "jumping") == expected
    assert len(looked) > 20


CACHED = 1
"""Seconds until a shift is read again."""


class FakeClocks(World):
    """Nodes whose computers have other times: each reads its shift from a file, which may change while it runs."""

    def shift(self, name: str, days: int) -> Path:
        path = self.folder / f"{name}.clock"
        path.write_text(f"{days:+d}d\n", encoding="utf-8", newline="\n")
        return path

    def node(self, name: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "fedfolder", "node", "run", str(self.homes[name])],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            env={
                **places.ENVIRONMENT,
                "LD_PRELOAD": str(FAKETIME),
                "FAKETIME_TIMESTAMP_FILE": str(self.folder / f"{name}.clock"),
                "FAKETIME_CACHE_DURATION": str(CACHED),
                "NO_FAKE_STAT": "1",
                "DONT_FAKE_MONOTONIC": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            },
        )
        self.processes.append(process)
        return process


def day(line: str) -> dt.datetime:
    return dt.datetime.fromisoformat(line.split(maxsplit=1)[0])


@needs_faketime
@pytest.mark.skipif(os.name == "nt", reason="plays with a library of Linux")
def test_nodes_whose_clocks_are_ten_days_off_and_jump_in_the_middle(tmp_path: Path):
    """Fault 36, with real processes: ten days ahead, ten behind, and the other way round while a fit goes on."""
    files = split_data(tmp_path / "data", nodes=2)
    calm = World(tmp_path / "calm", files)
    with calm.nodes():
        assert calm.run().returncode == 0
    calm.close()
    world = FakeClocks(tmp_path / "jumping", files)
    world.shift("node1", 10)
    world.shift("node2", -10)
    try:
        with world.nodes("node2"):
            pass  # it introduces itself, and is away while the first question waits for it
        with world.nodes("node1"):
            running = world.start_run("logit low age smoke", "--timeout", 60)
            until(lambda: "sent m000001" in world.log("node1"), what="the first answer")
            world.shift("node1", -10)
            time.sleep(2 * CACHED)
            with world.nodes("node2"):
                world.wait_for_request("node1", 2)
                world.shift("node2", 10)
                until(lambda: running.poll() is not None, what="the fit")
                assert running.returncode == 0, running.stdout and running.stdout.read()
                until(lambda: "closed" in world.log("node1") or "receipt" in world.log("node1"), what="the closing")
    finally:
        world.close()
    assert bits(world.result()) == bits(calm.result())
    days = [day(line) for line in world.log("node1").splitlines() if line[:1].isdigit()]
    assert max(days) - min(days) > dt.timedelta(days=15), "the clock did jump"
