"""A pair of mailboxes on folders, and a place to work in that litter does not slow down afterwards."""

from __future__ import annotations

import shutil

import pytest

from fedfolder.exchange import files
from tests.exchange.helpers import Pair, stores
from tests.load.counting import Counted


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    """As many tries as ever, without the time between them."""
    monkeypatch.setattr(files, "RENAME_PAUSES", (0.0,) * len(files.RENAME_PAUSES))


@pytest.fixture
def place(tmp_path):
    """A folder that is gone after the test: pytest keeps those of the last runs."""
    yield tmp_path / "place"
    shutil.rmtree(tmp_path / "place", ignore_errors=True)


@pytest.fixture
def pair(place):
    """A server and a node that have greeted."""
    place.mkdir()
    found = Pair(place / "homes", *stores("folders", place))
    found.greet()
    yield found
    found.close()


@pytest.fixture
def counted(monkeypatch):
    return Counted(monkeypatch)
