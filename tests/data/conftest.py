"""What the tests of reading data share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def lbw() -> Path:
    return Path(__file__).parents[2] / "examples" / "lbw"
