"""Pairs of mailboxes on every kind of store."""

from __future__ import annotations

import pytest

from fedfolder.exchange import files
from tests.exchange.helpers import Pair, stores


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    """As many tries as ever, without the time between them."""
    monkeypatch.setattr(files, "RENAME_PAUSES", (0.0,) * len(files.RENAME_PAUSES))


@pytest.fixture(params=["folders", "memory"])
def pair(request, tmp_path):
    """A server and a node that have not met, on stores that keep what they are given."""
    found = Pair(tmp_path / "homes", *stores(request.param, tmp_path))
    yield found
    found.close()


@pytest.fixture
def asked(pair):
    """The pair after the first request was published, and not yet received."""
    pair.greet()
    pair.ask()
    return pair


@pytest.fixture
def answered(asked):
    """The pair after the first reply was published, and not yet received."""
    asked.answer()
    return asked
