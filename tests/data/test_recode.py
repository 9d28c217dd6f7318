"""A node's own names and codes, and what node.toml says about reading."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.errors import ConfigError, UnknownNameError
from fedfolder.node.data import describe, read_variables
from fedfolder.node.readers import Numbering, TextColumn
from fedfolder.node.reading import Reading, ReadingSettings, reading_of
from fedfolder.node.recode import recoded, without_missing
from tests.data.test_dialects import put

if TYPE_CHECKING:
    from pathlib import Path

    from fedfolder.node.reading import Target

SEX: dict[str, Target] = {"M": 1.0, "K": 2.0, "9": None}


def values(column: Any) -> list[float | str | None]:
    if isinstance(column, TextColumn):
        return [None if code < 0 else column.levels[code] for code in column.codes]
    return [None if math.isnan(value) else value for value in column.tolist()]


def text(*cells: str) -> TextColumn:
    numbering = Numbering()
    return TextColumn(numbering.codes(cells), numbering.levels)


targets = st.one_of(st.none(), st.integers(0, 9).map(float), st.sampled_from(["East", "West"]))
tables = st.dictionaries(st.sampled_from(["1", "2", "-9", "M", "K", "Øst", "."]), targets, max_size=5)


@given(st.lists(st.sampled_from([1.0, 2.0, -9.0, 3.5, math.nan])), tables)
def test_numbers_become_what_the_table_says(column: list[float], table: dict[str, Target]):
    found = recoded(np.array(column, dtype=np.float64), table)
    by_value = {1.0: "1", 2.0: "2", -9.0: "-9"}
    expected: list[Target] = []
    for value in column:
        code = "." if math.isnan(value) else by_value.get(value, "no code")
        expected.append(table.get(code, None if math.isnan(value) else value))
    if any(isinstance(to, str) for to in table.values()):
        assert isinstance(found, TextColumn)
        expected = [f"{to:g}" if isinstance(to, float) else to for to in expected]
    assert values(found) == expected


@given(st.lists(st.sampled_from(["1", "M", "K", "Øst", ""])), tables)
def test_texts_become_what_the_table_says(column: list[str], table: dict[str, Target]):
    found = recoded(text(*column), table)
    expected: list[Target] = [table.get(cell or ".", cell or None) for cell in column]
    if isinstance(found, TextColumn):
        expected = [f"{to:g}" if isinstance(to, float) else to for to in expected]
    else:
        assert not any(isinstance(to, str) for to in table.values())
        expected = [float(to) if to is not None else None for to in expected]
    assert values(found) == expected


@pytest.mark.parametrize(
    ("column", "table", "expected"),
    [
        (text("M", "K", "9", ""), SEX, [1, 2, None, None]),
        (text("M", "K", "3"), SEX, [1, 2, 3]),
        (text("M", "K", "u"), SEX, ["1", "2", "u"]),
        (text("01", "u"), {"u": None}, [1, None]),
        (text("01", "u"), {"x": None}, ["01", "u"]),
        (text("01", "1"), {"1": 5.0}, [5, 5]),
        (text("01", "1"), {"01": 7.0, "1": 5.0}, [7, 5]),
        (text("Øst", "Vest"), {"Øst": "East"}, ["East", "Vest"]),
        (text("M", "K"), {"M": "1", "K": "2"}, ["1", "2"]),
        (text("", ""), {"M": 1.0}, [None, None]),
        (text("", ""), {"M": "1"}, [None, None]),
        (np.array([1.0, 2.5, np.nan]), {"2,5": 7.0, ".": 0.0}, [1, 7, 0]),
        (np.array([1.0, 2.0, 2.5]), {"1": "East", "2": None}, ["East", None, "2.5"]),
        (np.array([1.0, 2.0]), {"1": 2.0, "2": 1.0}, [2, 1]),
    ],
)
def test_codes(column: Any, table: dict[str, Target], expected: list[object]):
    found = recoded(column, table)
    assert values(found) == expected
    assert isinstance(found, TextColumn) == (any(isinstance(to, str) for to in [*table.values(), *expected]))


@pytest.mark.parametrize(("value", "code"), [(0.1, "0.1"), (2.0**24, str(2**24 + 1))])
def test_a_code_is_not_rounded_to_the_numbers_of_a_float(value: float, code: str):
    """As in Stata: a float that was 0.1 once is not 0.1, whatever its column is kept in."""
    column = np.array([value, 0.5], dtype=np.float32)
    found = recoded(column, {code: 7.0})
    assert values(found) == values(recoded(column.astype(np.float64), {code: 7.0})) == column.tolist()


def test_nothing_that_was_read_is_written_to():
    column = np.array([1.0, 2.0])
    column.setflags(write=False)
    recoded(column, {"1": 5.0})
    without_missing(column, frozenset({"2"}))
    assert column.tolist() == [1, 2]


def test_two_levels_that_become_one_are_one():
    found = recoded(text("Øst", "øst", "Vest"), {"øst": "Øst"})
    assert isinstance(found, TextColumn)
    assert found.levels == ("Øst", "Vest")
    assert found.codes.tolist() == [0, 0, 1]


@pytest.fixture(params=["csv", "dta", "sav"])
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A node's file with names and codes of its own."""
    frame = pd.DataFrame(
        {
            "lavvekt": [1.0, 0.0, np.nan, 1.0],
            "kjonn": ["M", "K", "9", "K"],
            "low": [7.0] * 4,
            "alder": [30.0, -9.0, 31.0, 32.0],
        }
    )
    path = tmp_path / f"node.{request.param}"
    if request.param == "csv":
        frame.to_csv(path, index=False, sep=";", decimal=",")
    elif request.param == "dta":
        frame.to_stata(path, write_index=False, version=118, value_labels={"lavvekt": {1: "lav", 0: "ikke lav"}})
    else:
        import pyreadstat

        pyreadstat.write_sav(frame, str(path), variable_value_labels={"lavvekt": {1.0: "lav", 0.0: "ikke lav"}})
    return path


STUDY = Reading(
    missing=frozenset({"-9"}),
    names={"low": "lavvekt", "sex": "kjonn", "age": "alder"},
    recodes={"sex": SEX, "low": {"1": 1.0, "0": 2.0, "8": 3.0}},
)


def test_the_study_s_names_and_codes_are_all_that_is_seen(own: Path):
    frame = read_variables(own, ["age", "low", "sex"], STUDY)
    assert {name: values(column) for name, column in frame.columns.items()} == {
        "age": [30, None, 31, 32],
        "low": [1, 2, None, 1],
        "sex": [1, 2, None, 2],
    }
    described = {info.name: info for info in describe(own, STUDY).variables}
    assert list(described) == ["low", "sex", "age"], "the file's own low is hidden"
    assert [(info.source, info.type, info.missing) for info in described.values()] == [
        ("lavvekt", "numeric", 1),
        ("kjonn", "numeric", 1),
        ("alder", "numeric", 1),
    ]
    if own.suffix != ".csv":
        assert described["low"].texts == {"1": "lav", "2": "ikke lav"}
        assert described["low"].value_labels == 2
    for name in ("lavvekt", "kjonn"):
        with pytest.raises(UnknownNameError):
            read_variables(own, [name], STUDY)


def test_names_may_be_exchanged(own: Path):
    swapped = Reading(names={"low": "alder", "alder": "low"})
    frame = read_variables(own, ["low", "alder"], swapped)
    assert values(frame.columns["low"]) == [30, -9, 31, 32]
    assert values(frame.columns["alder"]) == [7] * 4


def test_a_column_that_is_not_there_is_named_both_ways(own: Path):
    with pytest.raises(UnknownNameError) as caught:
        read_variables(own, ["weight"], Reading(names={"weight": "lavvegt"}))
    assert "no variable weight" in str(caught.value)
    assert "reads it from lavvegt" in str(caught.value)
    assert "did you mean lavvekt" in str(caught.value)


def test_a_word_that_is_recoded_to_missing_hides_no_numbers(tmp_path: Path):
    path = put(tmp_path / "node.csv", [["x", "dx"], ["1,5", "31.12.2020"], ["ukjent", "ukjent"], ["NA", ""]], ";")
    fixed = Reading(recodes={"x": {"ukjent": None, "NA": 3.0}, "dx": {"ukjent": None}}, decimal=",")
    frame = read_variables(path, ["x", "dx"], fixed)
    assert values(frame.columns["x"]) == [1.5, None, 3]
    assert values(frame.columns["dx"]) == [22280, None, None]


# -- what node.toml says -----------------------------------------------------------------------------------------------


def test_lines_become_a_reading():
    settings = ReadingSettings(
        delimiter="tab", decimal=",", encoding="UTF8", dates="dd.mm.yyyy", missing=["NA", -9, 1.5, " x "]
    )
    found = reading_of(settings, {"low": "lavvekt", "age": "age"}, {"sex": {"M": 1, "9": ".", "K": " Kv "}})
    assert found == Reading(
        delimiter="\t",
        decimal=",",
        encoding="utf-8",
        dates=("dd.mm.yyyy",),
        missing=frozenset({"NA", "-9", "1.5", "x"}),
        names={"low": "lavvekt"},
        recodes={"sex": {"M": 1.0, "9": None, "K": "Kv"}},
    )
    assert reading_of(ReadingSettings(dates=["yyyy-mm-dd", "dd/mm/yyyy"]), {}, {}).dates == ("yyyy-mm-dd", "dd/mm/yyyy")
    assert reading_of(ReadingSettings(), {}, {}) == Reading()


@pytest.mark.parametrize(
    "line",
    [
        {"delimiter": ";;"},
        {"delimiter": "x"},
        {"delimiter": '"'},
        {"delimiter": ""},
        {"encoding": "utf-16"},
        {"encoding": "no such"},
        {"encoding": "base64"},
        {"encoding": ""},
        {"dates": "dd.mm.yy"},
        {"dates": "dd.dd.yyyy"},
        {"dates": ["dd.mm-yyyy"]},
    ],
)
def test_lines_that_cannot_be_meant(line: dict[str, Any]):
    with pytest.raises(ConfigError):
        reading_of(ReadingSettings(**line), {}, {})


def test_one_column_has_one_name():
    with pytest.raises(ConfigError, match="two names"):
        reading_of(ReadingSettings(), {"a": "x", "b": "x"}, {})


@pytest.mark.parametrize("name", ["utf-8", "UTF-8-SIG", "cp1252", "latin-1", "cp850", "windows-1250", "iso8859-15"])
def test_encodings_of_registries(name: str):
    assert reading_of(ReadingSettings(encoding=name), {}, {}).encoding
