"""A study in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.node.places import Bench, data

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Two nodes, north and south, and the server."""
    made = Bench(tmp_path / "study").open(data(tmp_path / "data", "north", "south"))
    yield made
    made.close()
