"""A lock that a dead program left is no lock: the system holds it, not the file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from fedfolder.errors import HomeInUseError
from fedfolder.node.home import LOCK
from fedfolder.node.loop import once, only_one
from fedfolder.server.run import run as run_fit
from tests.node.places import Bench, data
from tests.system.places import World, end, fedfolder, split_data

if TYPE_CHECKING:
    from pathlib import Path


def test_the_lock_of_a_node_that_was_killed(tmp_path: Path):
    """Fault 39: the file stays, the lock goes with its process; nobody has to delete anything."""
    world = World(tmp_path, split_data(tmp_path / "data", nodes=1))
    home = world.homes["node1"]
    try:
        with world.nodes() as nodes:
            assert "running already" in fedfolder("node", "once", home).stdout
            end(nodes["node1"], kill=True)
            assert (home / LOCK).exists()
            done = fedfolder("node", "once", home)
            assert done.returncode == 0
            assert "nothing has come" in done.stdout
        with world.nodes():
            assert world.run().returncode == 0
    finally:
        world.close()


LEFT = {
    "empty": b"",
    "a dead process": b"999999999\n",
    "this process": f"{os.getpid()}\n".encode(),
    "a process that has the number now": f"{os.getppid()}\nanother-computer\n".encode(),
    "nonsense": bytes(range(256)),
}


@pytest.mark.parametrize("what", LEFT)
def test_a_lock_file_that_lies_there(tmp_path: Path, what: str):
    """Fault 39: whatever number stands in it, of whatever computer (a home was copied)."""
    bench = Bench(tmp_path / "study").open(data(tmp_path / "data", "north"))
    bench.close()
    home = bench.home("north")
    (home.path / LOCK).write_bytes(LEFT[what])
    (bench.folder / "server" / LOCK).write_bytes(LEFT[what])
    assert once(home, echo=lambda _: None) is not None
    with only_one(home):
        assert once(home, echo=lambda _: None) is None, "and this one holds"
        with pytest.raises(HomeInUseError), only_one(home):
            pass
    bench.wake("north")
    assert run_fit(bench.study.path, "logit low age smoke", idle=bench.work, timeout=60.0).nobs == 30
    bench.close()
