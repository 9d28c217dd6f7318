"""A node whose data file kills the library that reads it: the daemon refuses, lives on, and answers the next fit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.system import places
from tests.system.places import World, split_data, until

if TYPE_CHECKING:
    from pathlib import Path

FAKE = "import ctypes, os\n\ndef read_dta(*_, **__):\n    ctypes.string_at(0)\n    os.abort()\n"


@pytest.fixture
def crashing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every process that is started reads with a pyreadstat that crashes."""
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake" / "pyreadstat.py").write_text(FAKE, encoding="utf-8", newline="\n")
    path = os.pathsep.join([str(tmp_path / "fake"), places.ENVIRONMENT["PYTHONPATH"]])
    monkeypatch.setitem(places.ENVIRONMENT, "PYTHONPATH", path)


@pytest.mark.usefixtures("crashing")
def test_a_malformed_file_is_refused_and_the_daemon_answers_the_next_fit(tmp_path: Path) -> None:
    """Fault 96, with real processes."""
    world = World(tmp_path / "a place", split_data(tmp_path / "data", nodes=2))
    data = world.data["node1"]
    good = data.read_bytes()
    try:
        with world.nodes() as nodes:
            data.write_bytes(good.replace(b"<release>118", b"<release>120", 1))
            done = world.run()
            assert done.returncode == 13, done.stderr
            assert "node1" in done.stderr
            until(lambda: "crashed over it" in world.log("node1"), what="the node to say why")
            data.write_bytes(good)
            done = world.run()
            assert done.returncode == 0, done.stderr
            assert all(process.poll() is None for process in nodes.values()), "no daemon ended"
    finally:
        world.close()
