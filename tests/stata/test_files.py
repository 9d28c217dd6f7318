"""The ado, Mata, help and package files that ship are what Stata reads."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from fedfolder.about import __version__
from tests.stata.checker.tree import TEXTS, alone, check

ROOT = Path(__file__).resolve().parents[2] / "fedfolder" / "stata"
FILES = sorted(path for path in ROOT.rglob("*") if path.suffix in TEXTS)
PROJECT = ROOT.parents[1]
DO_FILES = sorted(
    path for folder in ("examples", "node_templates", "tests/stata") for path in (PROJECT / folder).rglob("*.do")
)
MOST = 25
"""Losses that are tried, per help file; of programs, all."""


def test_nothing_is_wrong_with_any_of_our_files():
    assert [str(finding) for finding in check(ROOT)] == []
    assert len(FILES) > 10


@pytest.mark.parametrize("path", DO_FILES, ids=lambda path: path.name)
def test_nothing_is_wrong_with_a_do_file(path):
    assert [str(finding) for finding in alone(path.name, path.read_bytes().decode("utf-8"))] == []


def lines_to_lose(text):
    """Return every way to lose what must not get lost: an end, a brace, a quote outside of comments."""
    for found in re.finditer(r"(?m)^[ ]*(end|\}|version 16)\n", text):
        yield found.start(), found.end()
    for line in re.finditer(r"(?m)^(?!\s*(//|\*)).+$", text):
        code = line[0].partition(" //")[0]
        for found in re.finditer(r'[{}"`()]', code):
            in_string = code[: found.start()].count('"') % 2
            if not (in_string and found[0] in "()"):  # text there
                yield line.start() + found.start(), line.start() + found.end()


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.suffix in {".ado", ".sthlp", ".mata"}], ids=lambda path: path.name
)
def test_a_file_that_lost_one_of_these_is_found(path):
    text = path.read_text(encoding="ascii")
    unnoticed = []
    chances = [
        (start, end)
        for start, end in lines_to_lose(text)
        if path.suffix != ".sthlp" or text[start:end] not in '"`()'  # they are text there
    ]
    if path.suffix == ".sthlp":
        chances = random.Random(1).sample(chances, min(len(chances), MOST))  # noqa: S311 - no secret
    for start, end in chances:
        lost = text[start:end]
        if not alone(path.name, text[:start] + text[end:]):
            unnoticed.append((text[:start].count("\n") + 1, lost))
    assert unnoticed == []


@pytest.mark.parametrize("file", ["fedfolder.pkg", "ado/_fedfolder_doctor.ado"])
def test_the_version_is_that_of_the_package(file):
    (version,) = re.findall(r"\b[0-9]+\.[0-9]+\.[0-9]+\b", (ROOT / file).read_text(encoding="ascii"))
    assert version == __version__
