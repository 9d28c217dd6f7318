"""docs/accuracy.md: a line for every model, with what the script still measures."""

from __future__ import annotations

import re
from pathlib import Path

import accuracy
import pytest

from fedfolder.likelihood import LIKELIHOODS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "accuracy.md").read_text(encoding="utf-8")
ROWS = re.finditer(r"^\| `(.+?)` \|.*$", PAGE.partition("## Against R")[0], re.MULTILINE)
LINES = {match[1]: match[0].strip("| ").split(" | ") for match in ROWS}
REACH = 100.0
"""Differences below 1e-8 standard errors are rounding, which another processor has otherwise: two decades."""


def test_every_model_has_its_line():
    assert [*LINES] == list(LIKELIHOODS)


def test_the_page_has_the_text_of_the_script():
    for paragraph in re.split(r"\{.*?\}", accuracy.TEXT):
        assert paragraph.strip() in PAGE


@pytest.mark.parametrize("name", list(LIKELIHOODS)[::4])
def test_a_line_is_what_the_script_measures(name):
    found = accuracy.measured(name).cells()
    assert found[:3] == LINES[name][:3]
    assert float(found[3]) == pytest.approx(float(LINES[name][3]), rel=0.01, abs=0.11)
    for now, then in zip(found[4:10], LINES[name][4:10], strict=True):
        assert float(now) <= REACH * float(then)


def test_no_difference_on_the_page_is_more_than_promised():
    for name in LIKELIHOODS:
        b, se, _, split_b, split_se, _ = map(float, LINES[name][4:10])
        assert max(b, se) <= 2e-8, name
        assert max(split_b, split_se) <= 1e-12, name
