"""The command line starts fast: it imports what is heavy only where it is used."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from fedfolder.node.loop import once, only_one
from fedfolder.node.quiet import is_quiet
from tests.node.places import Bench, data

if TYPE_CHECKING:
    from pathlib import Path

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
    return set(json.loads(ran.stdout.splitlines()[-1]))


def test_the_command_line_imports_nothing_heavy() -> None:
    assert imported_by("import fedfolder.cli") & set(HEAVY) == set()


NOT_FOR_A_LOOK = {*HEAVY, "filelock", "rfc8785"} - {"sqlite3"}
"""What an answer needs, and a pass that finds nothing does not."""


def test_a_pass_that_finds_nothing_imports_nothing_that_an_answer_needs(tmp_path: Path) -> None:
    bench = Bench(tmp_path).open(data(tmp_path / "data", "north"))
    bench.run("regress low age")
    bench.nodes["north"].close()
    home = bench.home("north")
    assert not is_quiet(home.path), "no pass of this version has read these settings"
    assert once(home, echo=lambda _: None) is False
    looking = f"import fedfolder.cli; fedfolder.cli.cli(['node', 'once', {str(home.path)!r}], standalone_mode=False)"
    assert imported_by(looking) & NOT_FOR_A_LOOK == set()
    # Whatever is not as it was left needs a whole pass.
    asked = home.exchange / "to-node" / "m000009-fit2-round1-instruction.json"
    for path in (home.path / "policy.toml", home.exchange / "to-server" / "m000000-hello.json", asked):
        before = path.read_bytes() if path.exists() else None
        path.write_bytes((before or b"{}") + b"\n")
        assert not is_quiet(home.path), path
        path.unlink() if before is None else path.write_bytes(before)
        assert is_quiet(home.path), path
    with only_one(home):
        assert not is_quiet(home.path)


def test_the_probe_would_see_a_heavy_import() -> None:
    assert "sqlite3" in imported_by("import sqlite3")
