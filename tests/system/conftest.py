"""Studies with real processes, ended after each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.places import World, bits, fedfolder, split_data

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The births split over three nodes; nothing runs yet."""
    made = World(tmp_path / "a place", split_data(tmp_path / "data"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The bits of the same split fitted in memory."""
    folder = tmp_path_factory.mktemp("memory")
    out = folder / "result.json"
    files = split_data(folder / "data").values()
    done = fedfolder("simulate", "logit low age smoke", *files, "--json", out)
    assert done.returncode == 0, done.stderr
    return bits(out)
