"""docs/reliability.md: every fault has its line, and every test that a line names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
FAULTS = [*range(1, 54), *range(55, 64), *range(89, 99)]
NAMED = re.compile(r"tests/[a-z_/]+(?:\.py)?(?:::test_\w+)?")


def rows() -> dict[int, str]:
    """The line of each fault."""
    found = [re.match(r"\| (\d+) \|", line) for line in PAGE.splitlines()]
    return {int(match[1]): match.string for match in found if match}


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_fault_has_its_line() -> None:
    assert sorted(rows()) == FAULTS


def test_every_line_names_a_test() -> None:
    assert {number for number, line in rows().items() if not NAMED.search(line)} == set()


def test_every_test_that_is_named_is_there() -> None:
    named = NAMED.findall(PAGE)
    assert named
    for name in named:
        path, _, function = name.partition("::")
        assert (ROOT / path).exists(), name
        assert not function or function in functions(ROOT / path), name


def test_no_placeholder_is_left() -> None:
    assert not re.search(r"@\w+@", PAGE)
