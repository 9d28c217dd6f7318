"""The server's exchange and the nodes' are two folders that only Syncthing joins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import needs
from tests.shares.places import part
from tests.shares.syncthing import Syncthing
from tests.system.places import bits, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.system.places import World

pytestmark = [needs.root, needs.programs("syncthing", "unshare", "nsenter", "ip")]


@pytest.fixture
def far(world: World, tmp_path: Path) -> Iterator[Path]:
    """The nodes' exchange, at work."""
    folder = part(world, tmp_path / "far exchange")
    syncthing = Syncthing(world.exchange, folder, tmp_path)
    yield folder
    syncthing.close()


def test_a_whole_fit(world: World, far: Path, undisturbed: str) -> None:
    with world.nodes():
        done = world.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert bits(world.result()) == undisturbed

    def lying(folder: Path) -> set[str]:
        # Of what was only ever temporary, Syncthing may keep a temporary copy of its own for a day.
        return {str(path.relative_to(folder)) for path in folder.rglob("m*") if path.is_file()}

    until(lambda: lying(far) == lying(world.exchange), what="both folders to be the same")
    assert not [name for name in lying(far) if "conflict" in name], "somebody wrote what is not his"
