"""What attacks have in common."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No power is cut here; tests/crash is about that."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
