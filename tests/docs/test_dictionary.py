"""The example of docs/dictionary.md, as it stands there, and its tables against the code."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from fedfolder.dictionary import TYPES, from_tables, parse
from fedfolder.dictionary.table import COLUMNS
from fedfolder.questions import facts
from tests.cli.commands import fedfolder

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "dictionary.md").read_text(encoding="utf-8")
BLOCKS = [
    "\n".join(line[4:] for line in block.strip("\n").split("\n"))
    for block in re.findall(r"(?:^    .*\n|^\n(?=    ))+", PAGE, re.MULTILINE)
]
(TABLE,) = (block for block in BLOCKS if block.startswith("name,type"))
(TOML,) = (block for block in BLOCKS if block.startswith("[variables"))
(PRINTED,) = (block for block in BLOCKS if block.startswith("node1:"))
LINES = {shlex.split(block)[1]: shlex.split(block)[1:] for block in BLOCKS if block.startswith("fedfolder ")}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "dictionary.csv").write_text(TABLE + "\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_the_check_prints_what_the_page_shows():
    done = fedfolder(*LINES["check"])
    assert done.exit_code == 20
    assert done.stdout.strip() == PRINTED.strip()


def test_synthetic_data_of_the_page_do_not_differ_from_the_dictionary_of_the_page(folder):
    assert fedfolder(*LINES["synth"]).exit_code == 0
    done = fedfolder("check", "north.csv", "--dictionary", "dictionary.csv")
    assert done.exit_code == 0, done.output
    assert len((folder / "north.csv").read_text(encoding="utf-8").splitlines()) == 1001


def test_tables_of_study_toml_say_the_same_as_the_table():
    import tomllib

    in_toml = {v.name: v for v in from_tables(tomllib.loads(TOML)["variables"], TOML, where="study.toml").variables}
    in_table = {v.name: v for v in parse(TABLE.encode(), where="dictionary.csv").variables}
    assert in_toml["race"] == in_table["race"]
    assert in_toml["age"].to_plain().items() <= in_table["age"].to_plain().items()


def cells(first):
    """The rows of a table by its first cell."""
    rows = re.findall(rf"^\| {first}.*?\n\n", PAGE, re.MULTILINE | re.DOTALL)
    assert len(rows) == 1
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in rows[0].strip().split("\n")[2:]]


def test_every_column_and_type_has_a_row():
    named = [name for row in cells("column") for name in re.findall("`([a-z]+)`", row[0])]
    assert named == list(COLUMNS)
    assert {row[0].strip("`") for row in cells("type")} == set(TYPES)


def test_every_fact_that_a_node_may_say_has_a_row_with_its_classes():
    rows = {re.findall("`(.+?)`", row[0])[0]: row[1] for row in cells("fact")}
    assert set(rows) == {*facts.WHICH, *facts.OF_LEVELS}
    for fact, which in facts.WHICH.items():
        assert tuple(re.split("[,;] ", rows[fact])) == which


def test_the_limits_are_those_of_the_code():
    assert f"With fewer than {facts.FEWEST} rows" in PAGE
    assert f"Fewer than {facts.FEWEST_OUTSIDE} values\n  outside" in PAGE
