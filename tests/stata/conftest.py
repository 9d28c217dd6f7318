"""A Stata of the tests' own: see tests/stata/standin."""

from __future__ import annotations

import sys

import pytest

from tests.stata.standin import Session, sfi


@pytest.fixture
def stata(tmp_path, monkeypatch):
    """A fresh Stata with our ado-files, whose Python has `sfi`."""
    monkeypatch.setitem(sys.modules, "sfi", sfi)
    session = Session(tmp_path / "stata")
    yield session
    if session.loud is not None:
        pytest.fail(f"the stand-in does not do this: {session.loud}")
