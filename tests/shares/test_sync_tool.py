"""Server and nodes have folders of their own, and a sync tool joins them in its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.shares.places import part
from tests.shares.sync_tool import SyncTool
from tests.system.places import bits

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.places import World


@pytest.mark.parametrize("seed", [1])
def test_a_whole_fit(world: World, tmp_path: Path, undisturbed: str, seed: int) -> None:
    """Faults 27, 29, 30 and 42: in part under the final name, conflict copies, duplicates, out of order."""
    far = part(world, tmp_path / "far exchange")
    with SyncTool(world.exchange, far, seed).at_work() as tool, world.nodes() as nodes:
        done = world.run()
        again = world.run("logit low age")
    assert done.returncode == 0, done.stdout + done.stderr
    assert again.returncode == 0, again.stdout + again.stderr
    assert bits(world.result()) == undisturbed
    did = tool.did
    assert min(did[what] for what in ("torn", "conflict copy", "duplicate", "message before its payload")) > 2, did
    assert did["both changed"] == 0, "somebody wrote what is not his"
    logs = "".join(world.log(node) for node in nodes)
    assert "not accepted: " in logs
    assert "did a sync tool make a copy?" in logs
    for node in nodes:
        # One answer to each request, however many copies of it lay there.
        sent = [line.split()[2] for line in world.log(node).splitlines() if "  sent m" in line]
        assert len(sent) == len(set(sent)) > 8
