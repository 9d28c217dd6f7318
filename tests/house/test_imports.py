"""The command line starts fast: it imports what is heavy only where it is used."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = (
    "cryptography",
    "msgspec",
    "numpy",
    "pandas",
    "pyreadstat",
    "rich",
    "scipy",
    "sqlite3",
    "watchdog",
)


def imported_by(statement: str) -> set[str]:
    """Return the top-level modules that a fresh Python holds after a statement."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True)
    return set(json.loads(ran.stdout))


def test_the_command_line_imports_nothing_heavy() -> None:
    assert imported_by("import fedfolder.cli") & set(HEAVY) == set()


def test_the_probe_would_see_a_heavy_import() -> None:
    assert "sqlite3" in imported_by("import sqlite3")
