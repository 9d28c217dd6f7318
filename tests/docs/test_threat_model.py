"""docs/threat-model.md: adversary by adversary, and every test that it names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
ADVERSARIES = (
    "Someone who can read the share",
    "Someone who can write to the share",
    "The server",
    "Another node",
    "The custodian's own analyst",
    "A stolen key",
)
NAMED = re.compile(r"tests/[a-z_/]+\.py(?:::\w+)?")


def sections() -> dict[str, list[str]]:
    """The lines of each adversary's list, each with what it goes on with."""
    found = re.split(r"^## (.+)$", PAGE, flags=re.MULTILINE)[1:]
    return {
        title: [
            " ".join(point.split()) for point in re.findall(r"^- (.+?)(?=\n- |\n\n|\Z)", text, re.DOTALL | re.MULTILINE)
        ]
        for title, text in zip(found[::2], found[1::2], strict=True)
    }


def test_each_adversary_has_a_section() -> None:
    assert tuple(sections()) == ADVERSARIES


@pytest.mark.parametrize("adversary", ADVERSARIES)
def test_a_section_says_what_they_can_and_what_they_cannot(adversary: str) -> None:
    points = sections()[adversary]
    assert all(point.startswith(("**Can** ", "**Can**, ", "**Cannot** ", "**Cannot**, ")) for point in points)
    assert {point[:6] for point in points} == {"**Can*", "**Cann"}
    # What they cannot do is tried.
    without = [
        point for point in points if re.search(r"\*\*cannot\*\*", point, re.IGNORECASE) and not NAMED.search(point)
    ]
    assert without == []


def test_every_test_that_is_named_is_there() -> None:
    named = NAMED.findall(PAGE)
    assert len(named) > len(ADVERSARIES)
    for name in named:
        path, _, function = name.partition("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert not function or function in {getattr(node, "name", "") for node in tree.body}, name


def test_every_place_on_the_page_that_it_leads_to_is_there() -> None:
    headings = {
        re.sub(r"[^a-z -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= headings
