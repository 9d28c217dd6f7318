"""Studies with real processes, as the system tests have them."""

from __future__ import annotations

from tests.system.conftest import undisturbed, world

__all__ = ["undisturbed", "world"]
