"""Every class of error has its own exit code, and docs/errors.md has a row for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fedfolder import errors

ROOT = Path(__file__).resolve().parents[2]
# 0 is success, and click ends with 2 when the command line itself is wrong.
TAKEN = {0, 2}


def tree(root: type[errors.FedfolderError] = errors.FedfolderError) -> list[type[errors.FedfolderError]]:
    """Return a class and all classes below it."""
    return [root, *(below for child in root.__subclasses__() for below in tree(child))]


CLASSES = [cls for cls in tree() if cls.__module__.split(".")[0] == "fedfolder"]


def documented() -> dict[str, int]:
    """Return the exit code of each class that a row of a table in docs/errors.md names."""
    rows = {}
    for line in (ROOT / "docs" / "errors.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip(" `*") for cell in line.strip().strip("|").split("|")]
        codes = [cell for cell in cells if re.fullmatch(r"\d+", cell)]
        names = [cell for cell in cells if re.fullmatch(r"\w+Error", cell)]
        if line.lstrip().startswith("|") and len(codes) == 1 and len(names) == 1:
            assert names[0] not in rows, f"{names[0]} has two rows"
            rows[names[0]] = int(codes[0])
    return rows


def test_no_two_classes_share_an_exit_code() -> None:
    codes = [cls.exit_code for cls in CLASSES]
    assert sorted(set(codes)) == sorted(codes)
    assert not TAKEN & set(codes)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_class_says_its_own_exit_code(cls: type[errors.FedfolderError]) -> None:
    assert "exit_code" in vars(cls), "inherited: it would share the code of its parent"


def test_the_documentation_lists_each_class_with_its_code() -> None:
    assert documented() == {cls.__name__: cls.exit_code for cls in CLASSES}
