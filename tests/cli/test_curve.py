"""`fedfolder curve`, from a stored fit to numbers and pictures; the examples of docs/survival.md."""

from __future__ import annotations

import csv
import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fedfolder as product
from fedfolder.cli.curve import read_patterns
from tests.cli.commands import fedfolder

ROOT = Path(__file__).resolve().parents[2]
NODES = [ROOT / "tests" / "truth" / "streg_weibull" / f"node{number}.csv" for number in (1, 2, 3)]
COMMAND = "streg age rx ecog_ps, distribution(weibull) time(futime) failure(fustat)"
PAGE = (ROOT / "docs" / "survival.md").read_text(encoding="utf-8")
SIMULATED = re.compile(r'^    \$ fedfolder simulate "(.*)" .* --json averaged.json$', re.MULTILINE)
AT = ("--at", "first: age=60 rx=1 ecog_ps=1", "--at", "second: age=60 rx=2 ecog_ps=1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("curves")
    fit = product.simulate(COMMAND, [pd.read_csv(node) for node in NODES])
    (path / "ovarian.json").write_text(fit.to_json(), encoding="utf-8", newline="\n")
    (averaged,) = SIMULATED.findall(PAGE)
    fit = product.simulate(averaged, [pd.read_csv(node) for node in NODES])
    (path / "averaged.json").write_text(fit.to_json(), encoding="utf-8", newline="\n")
    return path


@pytest.fixture(autouse=True)
def _here(folder, monkeypatch):
    monkeypatch.chdir(folder)


def test_numbers_are_written_as_python_has_them_and_shown_with_seven_digits():
    line = ("curve", "ovarian.json", *AT, "--times", "0(100)500", "--level", 90)
    shown, written = fedfolder(*line), fedfolder(*line, "--out", "s.csv")
    assert (shown.exit_code, written.exit_code, written.output) == (0, 0, "")
    patterns = {name: {"age": 60.0, "rx": rx, "ecog_ps": 1.0} for name, rx in (("first", 1.0), ("second", 2.0))}
    expected = product.load("ovarian.json").curves(patterns, np.arange(0.0, 600.0, 100.0), level=90.0).frame()
    with Path("s.csv").open(encoding="utf-8", newline="") as file:
        lines = [[row[0], *map(float, row[1:])] for row in list(csv.reader(file))[1:]]
    assert lines == expected.to_numpy().tolist()
    heading, *rows = (row.split() for row in shown.output.splitlines())
    assert heading == ["pattern", "time", "estimate", "lower", "upper"]
    np.testing.assert_allclose([[float(cell) for cell in row[1:]] for row in rows], expected.iloc[:, 1:], rtol=5e-7)


def test_a_picture_is_drawn_beside_the_numbers():
    for form, start in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        line = (*AT, "--times", "0/9", "--of", "hazard", "--contrast", "ratio", "--plot", f"s.{form}", "--unit", "days")
        found = fedfolder("curve", "ovarian.json", *line)
        assert "second against first" in found.output
        assert found.output.splitlines()[1].split()[-3:] == [".", ".", "."], "at time zero there is no ratio of hazards"
        assert Path(f"s.{form}").read_bytes().startswith(start)


def test_values_may_be_texts_with_spaces_and_a_pattern_without_a_name_is_its_text():
    found = read_patterns(['age=60 "celltype=large cell"', "late :x=1", "y=a:b"])
    assert found == {
        "age=60 celltype=large cell": {"age": 60.0, "celltype": "large cell"},
        "late": {"x": 1.0},
        "y=a:b": {"y": "a:b"},
    }


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        (("--at", "age=60", "--times", "1"), 4, "nothing for rx, ecog_ps"),
        (("--times", "1"), 4, "expected: age, rx, ecog_ps"),
        (("--at", "age 60", "--times", "1"), 15, "VARIABLE=VALUE"),
        (("--at", "age=60 age=61", "--times", "1"), 15, "each variable once"),
        (("--at", "a: age=60", "--at", "a: age=61", "--times", "1"), 15, "two patterns have one name"),
        ((*AT, "--times", "now"), 15, "no list of numbers"),
        ((*AT, "--times", "-1"), 15, "zero or above"),
        ((*AT, "--times", "1", "--plot", "s.pdf"), 15, ".png or .svg"),
        ((*AT, "--times", "1", "--out", "no/such/s.csv"), 15, "cannot be written"),
        ((*AT, "--times", "1", "--plot", "no/such/s.svg"), 15, "cannot be written"),
        ((*AT[:2], "--times", "1", "--contrast", "ratio"), 15, "one pattern"),
        (AT, 15, "these curves have no times"),
        (("--standardised",), 15, "no survival was averaged"),
        (("--standardised", "--times", "1"), 15, "--times does not go with --standardised"),
        (("--standardised", *AT), 15, "--at does not go with --standardised"),
        (("--standardised", "--of", "hazard"), 15, "--of does not go with --standardised"),
    ],
)
def test_bad_input_says_what_was_expected(line, code, says):
    found = fedfolder("curve", "ovarian.json", *line)
    assert found.exit_code == code, found.output
    assert says in found.output


def test_averages_are_shown_written_and_drawn_as_curves_are():
    expected = product.load("averaged.json").standardised(contrast="ratio", level=90.0).frame()
    line = ("curve", "averaged.json", "--standardised", "--contrast", "ratio", "--level", 90, "--plot", "a.svg")
    shown, written = fedfolder(*line), fedfolder(*line, "--out", "a.csv")
    assert (shown.exit_code, written.exit_code, written.output) == (0, 0, "")
    assert Path("a.svg").read_bytes().startswith(b"<?xml")
    pd.testing.assert_frame_equal(pd.read_csv("a.csv"), expected, check_exact=False, rtol=1e-14)
    assert "rx 2 against rx 1" in shown.output


EXAMPLE = re.compile(r"^    \$ (fedfolder curve [^\n]*)\n\n```text\n(.*?)```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("line", "shown"), EXAMPLE.findall(PAGE))
def test_the_page_shows_what_is_printed(line, shown):
    assert fedfolder(*shlex.split(line)[1:]).output == shown
