"""The locks are complete, hold a hash for every pin, and say nothing of where packages came from."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from setup_venv import SOURCES

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


def test_the_lock_gives_each_package_what_it_asks_for_but_for_what_we_override() -> None:
    # pip is told to install the lock and to ask for nothing more, so that only this looks. It sees this system alone.
    asked = [Requirement(line.split(" --hash=")[0]) for line in pins(LOCKED / "test.txt")]
    locked = {found.name: str(found.specifier).removeprefix("==") for found in asked if applies(found)}
    overridden = required(PROJECT["tool"]["uv"]["override-dependencies"])
    needs = [
        (name, need) for name in locked for need in map(Requirement, metadata.requires(name) or []) if applies(need)
    ]
    lacking = [
        f"{name} needs {need}"
        for name, need in needs
        if (key := canonicalize_name(need.name)) not in locked
        or (key not in overridden and not need.specifier.contains(locked[key], prereleases=True))
    ]
    assert lacking == []


def applies(requirement: Requirement) -> bool:
    """Say whether a requirement without extras holds here."""
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def test_who_only_uses_fedfolder_builds_nothing() -> None:
    assert names(LOCKED / "run.txt").isdisjoint(SOURCES)
    assert {*SOURCES, "setuptools"} <= names(LOCKED / "test.txt")
