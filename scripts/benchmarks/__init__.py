"""The parts of the bench, a module each, in the order of the page."""

from __future__ import annotations

PARTS = (
    "evaluation",
    "patterns",
    "factors",
    "reading",
    "memory",
    "rounds",
    "idle",
    "trips",
    "fit",
    "nodes",
)
"""Names of the modules: each has a `TITLE` and `run(bench)`, which yields tables."""
