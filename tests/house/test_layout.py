"""The top level stays small, and text files are the same bytes on every system."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = {
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "docs",
    "examples",
    "fedfolder",
    "node_templates",
    "pyproject.toml",
    "scripts",
    "tests",
}
# What running the project leaves there; git ignores it, and without git we do.
BY_PRODUCTS = {"build", "dist", "fedfolder-demo"}


def committed_or_new() -> list[Path]:
    """Return the files of the checkout, those that git ignores left out; without git, all of them."""
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        command = [git, "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8").split("\0")
        return [Path(name) for name in listed if name and (ROOT / name).is_file()]
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return [path for path in found if "__pycache__" not in path.parts and not is_by_product(path.parts[0])]


def is_by_product(top: str) -> bool:
    """Say whether a name at the top level is a cache, an environment or an output."""
    return top in BY_PRODUCTS or top == ".venv" or top.endswith("_cache") or top == ".hypothesis"


FILES = committed_or_new()


def test_the_top_level_holds_only_what_it_should() -> None:
    top = {path.parts[0] for path in FILES}
    assert {name for name in top if not name.startswith(".")} <= ALLOWED


def test_the_top_level_holds_all_that_it_should() -> None:
    assert {path.parts[0] for path in FILES} >= ALLOWED | {".ci"}


def test_lines_end_with_lf_everywhere() -> None:
    # `node init` writes run-node.bat with CRLF, as cmd.exe needs; its template is LF like all the rest.
    text = [path for path in FILES if path.suffix not in {".dta", ".sqlite3"} and "golden" not in path.parts]
    assert [path for path in text if b"\r" in (ROOT / path).read_bytes()] == []


def test_names_of_files_work_on_windows() -> None:
    reserved = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
    parts = {part for path in FILES for part in path.parts}
    assert {part for part in parts if part.split(".")[0].lower() in reserved} == set()
    assert {part for part in parts if set(part) & set('<>:"|?*\\') or part[-1] in " ."} == set()
    assert len({str(path).lower() for path in FILES}) == len(FILES)
