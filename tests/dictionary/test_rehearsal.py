"""Synthetic data keep to the dictionary, come out the same every time, and can be fitted to; drafts are cautious."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import given, settings

from fedfolder.dictionary import parse
from fedfolder.errors import ConfigError
from fedfolder.node.data import agreed_labels, value_labels
from fedfolder.node.draft import draft
from fedfolder.rehearsal import check_files, synthetic, write_synthetic
from fedfolder.simulation import lay_out, simulate_over_folders
from tests.cli.commands import fedfolder
from tests.dictionary.test_dictionary import dictionaries
from tests.dictionary.test_facts import DICTIONARY

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("suffix", [".csv", ".dta"])
def test_synthetic_data_do_not_differ_from_their_dictionary(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"made{suffix}"
    write_synthetic(file, DICTIONARY, synthetic(DICTIONARY, 500))
    found = check_files({"node1": file}, DICTIONARY)
    assert found.differences == ()
    assert {line.words for line in found.lines} == {"missing in under 5 % of the rows"}


@settings(max_examples=40, deadline=None)
@given(dictionary=dictionaries())
def test_every_value_is_in_its_range_or_among_its_levels(dictionary):
    made = synthetic(dictionary, 200)
    for variable in dictionary.variables:
        values = [value for value in made[variable.name] if value is not None]
        assert 150 < len(values) < 200 or len(values) == 200
        for value in values:
            if variable.levels:
                spelt = value if isinstance(value, str) else str(int(value))
                assert spelt in variable.levels
            elif isinstance(value, float) and variable.type != "whole":
                assert variable.low is None or value >= variable.low
                assert variable.high is None or value <= variable.high


def test_the_same_seed_gives_the_same_bytes_on_every_machine(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "a.dta", "b.dta"):
        write_synthetic(tmp_path / name, DICTIONARY, synthetic(DICTIONARY, 50, seed=7, site="north"))
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert (tmp_path / "a.dta").read_bytes() == (tmp_path / "b.dta").read_bytes()
    found = hashlib.sha256((tmp_path / "a.csv").read_bytes()).hexdigest()
    assert found == "1153242e56be4184dee88439ac71e7df7361494adbff2464e61973a58120036e"


def test_another_seed_or_site_gives_other_rows_and_another_variable_does_not() -> None:
    made = synthetic(DICTIONARY, 50)
    assert synthetic(DICTIONARY, 50) == made
    assert synthetic(DICTIONARY, 50, seed=2)["age"] != made["age"]
    assert synthetic(DICTIONARY, 50, site="north")["age"] != made["age"]
    less = parse(b"name,type,low,high\nage,whole,10,60\n", where="")
    assert synthetic(less, 50)["age"] == made["age"]
    assert synthetic(less, 30)["age"] == made["age"][:30]


@pytest.mark.parametrize("name", ["made.xlsx", "made", "nowhere/made.csv"])
def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError) as raised:
        write_synthetic(tmp_path / name, DICTIONARY, synthetic(DICTIONARY, 5))
    assert name in raised.value.where.replace("\\", "/")


def test_a_fit_over_synthetic_sites_runs_through_real_folders(tmp_path: Path) -> None:
    (tmp_path / "dictionary.csv").write_text(
        "name,type,level,label,low,high\nill,yes/no,,,,\nage,whole,,,20,90\n"
        "stage,category,1,local,,\n,,2,regional,,\n,,3,distant,,\n",
        encoding="utf-8",
    )
    files = {name: tmp_path / f"{name}{end}" for name, end in (("north", ".csv"), ("south", ".dta"), ("east", ".csv"))}
    for site, file in files.items():
        done = fedfolder("synth", tmp_path / "dictionary.csv", "--rows", 120, "--site", site, "--out", file)
        assert done.exit_code == 0, done.output
    places = lay_out(tmp_path / "study", "rehearsal", files)
    (tmp_path / "dictionary.csv").rename(places.server / "dictionary.csv")
    found = simulate_over_folders("logit ill age i.stage", places)
    assert found.status == "converged"
    assert 300 < found.nobs < 360
    assert "regional" in found.summary()


# -- drafts -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def births(tmp_path: Path) -> Path:
    n = 40
    frame = pd.DataFrame(
        {
            "id": range(1000, 1000 + n),
            "age": [20 + k % 17 for k in range(n)],
            "bmi": [20.5 + k / 7 for k in range(n)],
            "race": [1 + k % 3 for k in range(n)],
            "smoke": [k % 2 for k in range(n)],
            "parity": [k % 4 if k % 9 else 99 for k in range(n)],
            "region": ["North", "South"] * (n // 2),
            "doctor": ["Brunhilde4711", *["a", "b", "c"] * (n // 3)],
            "comment": [f"text {k}" for k in range(n)],
        }
    )
    path = tmp_path / "births.dta"
    frame.to_stata(
        path,
        write_index=False,
        version=118,
        variable_labels={"age": "age of the mother"},
        value_labels={"race": {1: "white", 2: "black", 3: "other", 4: "unused"}, "parity": {99: "unknown"}},
    )
    return path


def test_a_draft_holds_types_and_labels_and_no_single_value(births: Path) -> None:
    found, left_out = draft(births)
    said = {variable.name: variable for variable in found.variables}
    assert left_out == ("id", "comment")
    assert {name: variable.type for name, variable in said.items()} == {
        "age": "whole",
        "bmi": "number",
        "race": "category",
        "smoke": "yes/no",
        "parity": "whole",
        "region": "category",
        "doctor": "text",
    }
    assert said["race"].levels == {"1": "white", "2": "black", "3": "other", "4": "unused"}
    assert said["region"].levels == {"North": "", "South": ""}
    assert said["age"].description == "age of the mother"
    assert {(variable.low, variable.high) for variable in found.variables} == {(None, None)}
    assert "4711" not in json.dumps(found.to_plain())
    assert check_files({"node1": births}, found).differences == ()


def test_a_draft_knows_dates_of_a_text_file(tmp_path: Path) -> None:
    days = "".join(f"{k % 27 + 1:02}.03.2001;{k % 5},5\n" for k in range(60))
    (tmp_path / "x.csv").write_text("born;x\n" + days, encoding="utf-8")
    found, _ = draft(tmp_path / "x.csv")
    assert [variable.type for variable in found.variables] == ["date", "number"]


def test_a_draft_is_shown_written_and_never_over_another(births: Path, tmp_path: Path) -> None:
    (tmp_path / "exchange").mkdir()
    server = tmp_path / "server"
    assert fedfolder("study", "new", server, "--name", "births", "--exchange", tmp_path / "exchange").exit_code == 0
    assert fedfolder("study", "dictionary", server).exit_code == 15
    done = fedfolder("study", "dictionary", server, "--from", births)
    assert done.exit_code == 0
    assert "Left out, as identifiers or names that no command can use: id, comment." in done.stdout
    assert fedfolder("study", "dictionary", server, "--from", births).exit_code == 8
    shown = fedfolder("study", "dictionary", server)
    assert shown.stdout.startswith("name,type,level,label,unit,low,high,description\nage,whole,")
    assert fedfolder("study", "dictionary", server, "--csv", tmp_path / "again.csv").exit_code == 0
    again = parse((tmp_path / "again.csv").read_bytes(), where="")
    assert again == parse((server / "dictionary.csv").read_bytes(), where="")
    assert fedfolder("check", births, "--dictionary", tmp_path / "again.csv").exit_code == 0
    assert fedfolder("check", births, births).exit_code == 2


# -- labels -----------------------------------------------------------------------------------------------------------


def labelled(path: Path, race: dict[float, str]) -> Path:
    frame = pd.DataFrame({"low": [0, 1] * 12, "race": [1, 2, 3, 3] * 6, "age": range(24)})
    frame.to_stata(path, write_index=False, value_labels={"race": race} if race else None)
    return path


WHITE: dict[float, str] = {1: "white", 2: "black", 3: "other"}
LABELS: dict[str, tuple[list[dict[float, str]], dict[str, dict[str, str]]]] = {
    "all alike": ([WHITE, WHITE], {"race": {"1": "white", "2": "black", "3": "other"}}),
    "one without": ([WHITE, {}], {"race": {"1": "white", "2": "black", "3": "other"}}),
    "one with fewer": ([{1: "white"}, {2: "black"}], {"race": {"1": "white", "2": "black"}}),
    "one that differs": ([WHITE, {1: "black"}], {}),
    "the one before differs": ([{1: "black"}, WHITE, {1: "black"}], {}),
    "none": ([{}, {}], {}),
}


@pytest.mark.parametrize("case", LABELS)
def test_labels_are_shown_where_no_file_says_anything_else(tmp_path: Path, case: str) -> None:
    given_labels, expected = LABELS[case]
    files = [labelled(tmp_path / f"{k}.dta", race) for k, race in enumerate(given_labels)]
    assert agreed_labels(files, ["race", "age", "absent"]) == expected
    out = tmp_path / "out.json"
    done = fedfolder("simulate", "regress low age i.race", *files, "--json", out)
    assert done.exit_code == 0, done.output
    assert ("black  |" in done.stdout) == ("race" in expected)
    assert json.loads(out.read_text(encoding="utf-8"))["labels"] == expected
    assert value_labels(files[0], ["age"]) == {}


def test_labels_do_not_hang_on_the_number_of_ways_to_simulate(tmp_path: Path) -> None:
    file = labelled(tmp_path / "all.dta", WHITE)
    ways: list[list[object]] = [[], ["--nodes", 2], ["--folders", tmp_path / "study"]]
    shown = [fedfolder("simulate", "regress low age i.race", file, *way).stdout for way in ways]
    assert all("black  |" in text for text in shown)


def test_a_check_of_files_names_the_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "dictionary.csv").write_text("name,type\nage,whole\n", encoding="utf-8")
    (tmp_path / "a.csv").write_text("age\n30\n", encoding="utf-8")
    done = fedfolder("check", tmp_path / "a.csv", tmp_path / "b.csv", "--dictionary", tmp_path / "dictionary.csv")
    assert done.exit_code == 6
    assert "node2" in done.stderr
