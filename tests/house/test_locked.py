"""The locks are complete, hold a hash for every pin, and say nothing of where packages came from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKED = ROOT / "scripts" / "locked"
LOCKS = sorted(LOCKED.glob("*.txt"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PIN = re.compile(
    r"[a-z0-9-]+==[0-9a-z.]+"  # name and version
    r"(?: ; [^\\]+?)?"  # the systems and Pythons it is for
    r"(?: --hash=sha256:[0-9a-f]{64})+"
)


def pins(path: Path) -> list[str]:
    """Return the lines of a lock, with those that a backslash continues put together."""
    joined = re.sub(r" *\\\n +", " ", path.read_text(encoding="utf-8"))
    return [line for line in joined.splitlines() if line]


def names(path: Path) -> set[str]:
    """Return the names that a lock pins."""
    return {line.split("==")[0] for line in pins(path)}


def required(requirements: list[str]) -> set[str]:
    """Return the normalised names of requirements."""
    found = (re.match(r"[A-Za-z0-9._-]+", line) for line in requirements)
    return {re.sub(r"[-_.]+", "-", match.group()).lower() for match in found if match}


def test_there_is_a_lock_for_use_and_one_for_the_tests() -> None:
    assert [path.name for path in LOCKS] == ["run.txt", "test.txt"]


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_every_line_is_a_pin_with_hashes(path: Path) -> None:
    assert [line for line in pins(path) if not PIN.fullmatch(line)] == []


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_no_host_or_folder_stands_in_a_lock(path: Path) -> None:
    assert re.findall(r"://|--(?:extra-)?index-url|--find-links|--trusted-host|@ |file:", path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_all_dependencies_and_the_build_backend_are_locked(path: Path) -> None:
    assert required(PROJECT["project"]["dependencies"] + PROJECT["build-system"]["requires"]) <= names(path)


def test_all_that_the_tests_need_is_locked() -> None:
    assert required(PROJECT["project"]["optional-dependencies"]["test"]) <= names(LOCKED / "test.txt")


def test_the_lock_of_the_tests_holds_every_pin_of_the_lock_for_use() -> None:
    # scripts/setup_venv.py counts on it: who has installed the one needs not install the other.
    assert set(pins(LOCKED / "run.txt")) <= set(pins(LOCKED / "test.txt"))
