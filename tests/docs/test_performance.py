"""docs/performance.md and the bench that makes it: every part runs, and every part is on the page."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import bench
import benchmarks
import pytest
from benchmarks.report import Table
from benchmarks.timing import Times, in_turns, spoken

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "performance.md"
MODULES = {path.stem for path in (ROOT / "scripts" / "benchmarks").glob("*.py")}
TOOLS = {"__init__", "data", "report", "timing", "whole_fit"}


def test_every_module_is_a_part_or_a_tool():
    assert set(benchmarks.PARTS) == MODULES - TOOLS


def test_the_page_has_a_section_of_every_part_and_says_what_was_not_measured():
    page = PAGE.read_text(encoding="utf-8")
    titles = [importlib.import_module(f"benchmarks.{name}").TITLE for name in benchmarks.PARTS]
    headings = [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")]
    assert headings == ["What we hold ourselves to", *titles, "What was not measured"]
    assert page.startswith(bench.INTRODUCTION)
    assert page.endswith(bench.NOT_MEASURED)


@pytest.mark.parametrize("name", benchmarks.PARTS)
def test_a_part_runs_at_small_size(name, tmp_path, capsys):
    bench.main(["--only", name, "--quick", "--json", str(tmp_path / "out.json")])
    told = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert set(told) == {"machine", "parts"}
    assert list(told["parts"]) == [name]
    assert "| --- |" in capsys.readouterr().out


def test_a_run_that_was_cut_off_goes_on_with_the_parts_that_it_has_not(tmp_path, capsys):
    out = tmp_path / "out.json"
    there = {"title": "There already", "tables": ["| a |"], "figures": {}}
    for machine, heading in (bench.machine(), "## There already"), ({"processor": "another"}, "## Trips"):
        out.write_text(json.dumps({"machine": machine, "parts": {"trips": there}}), encoding="utf-8", newline="\n")
        bench.main(["--only", "trips", "--quick", "--json", str(out), "--go-on"])
        assert capsys.readouterr().out.startswith(heading)


def test_the_page_says_which_limits_were_missed():
    figures = {"one": {"ratio": 0.5, "limit": 0.7}, "two": {"ms": 8.0, "limit": 7.0}, "three": {"ms": 1.0}}
    said = bench.limits({"a": {"title": "A", "tables": [], "figures": figures}})
    assert said.splitlines()[-2:] == ["| a | one | 0.5 (ratio) | 0.7 | met |", "| a | two | 8 (ms) | 7 | **missed** |"]


def test_calls_take_turns_after_one_to_warm_up():
    seen: list[str] = []
    found = in_turns({"a": lambda: seen.append("a"), "b": lambda: seen.append("b")}, repeat=2)
    assert seen == ["a", "b", "a", "b", "a", "b"]
    assert [len(times.seconds) for times in found.values()] == [2, 2]


def test_a_ratio_is_the_median_of_the_ratios_and_not_the_ratio_of_the_medians():
    # The machine was three times as slow during the second of three runs, for both.
    assert Times((1.0, 6.0, 3.0)).ratio(Times((2.0, 12.0, 3.0))) == 0.5


@pytest.mark.parametrize(("seconds", "text"), [(2.5, "2.5 s"), (0.0125, "12.5 ms"), (3e-6, "3 us"), (5e-9, "5 ns")])
def test_times_are_told_in_units_that_people_read(seconds, text):
    assert spoken(seconds) == text


def test_a_table_is_its_note_and_its_rows():
    table = Table(("what", "ours"), [("a", "1 s")], note="Seen once.")
    assert table.markdown() == "Seen once.\n\n| what | ours |\n| --- | --- |\n| a | 1 s |"
