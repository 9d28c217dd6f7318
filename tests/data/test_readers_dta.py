"""Stata files: both libraries give the same, and every missing value of Stata is missing."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from fedfolder.errors import DataFileError
from fedfolder.node import readers_dta
from fedfolder.node.data import describe, read_variables
from fedfolder.node.readers import TextColumn
from fedfolder.node.readers_dta import PANDAS, PYREADSTAT, read_with

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fedfolder.node.readers import Frame

READERS = [pytest.param(PANDAS, id="pandas"), pytest.param(PYREADSTAT, id="pyreadstat")]


def plain(frame: Frame) -> dict[str, list[Any]]:
    """The columns as lists, None where a value is missing."""
    return {
        name: [None if code < 0 else column.levels[code] for code in column.codes]
        if isinstance(column, TextColumn)
        else [None if np.isnan(value) else value for value in column.tolist()]
        for name, column in frame.columns.items()
    }


def everything() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "a_byte": np.array([1, -2, 100, 0], dtype=np.int8),
            "a_int": np.array([1, -2, 32740, 0], dtype=np.int16),
            "a_long": np.array([1, -2, 2_147_483_620, 0], dtype=np.int32),
            "a_float": np.array([0.1, -2.5, 1e38, np.nan], dtype=np.float32),
            "a_double": [0.1, -2.5, 8.9e307, np.nan],
            "day": pd.to_datetime(["1960-01-02", "2020-02-29", "NaT", "1900-01-01"]),
            "yes": [True, False, True, True],
            "text": ["a", "", "é ", "."],
            "long_text": ["b" * 3000, "", "b", "1"],
        }
    )


NAMES = [str(name) for name in everything()]


def write(path: Path, frame: pd.DataFrame, version: Any = 118) -> Path:
    frame.to_stata(
        path, write_index=False, version=version, convert_strl=["long_text"], convert_dates={"day": "td"},
        variable_labels={"a_byte": "a label"}, value_labels={"a_byte": {1: "one", 100: "hundred"}},
    )  # fmt: skip
    return path


def patch(path: Path, row: str, value: tuple[float, ...], *missing: bytes) -> None:
    """Put the bytes of missing values where a row of numbers stands in a file."""
    content = path.read_bytes()
    found = struct.pack(row, *value)
    assert content.count(found) == 1
    path.write_bytes(content.replace(found, b"".join(missing)))


@pytest.mark.parametrize("version", [117, 118, 119])
def test_both_libraries_give_the_same(tmp_path: Path, version: int):
    path = write(tmp_path / "node.dta", everything(), version)
    assert plain(read_with(PANDAS, path, NAMES)) == plain(read_with(PYREADSTAT, path, NAMES))


def test_both_libraries_give_the_same_for_the_example(lbw: Path):
    path = lbw / "lbw.dta"
    names = [info.name for info in describe(path).variables]
    assert plain(read_with(PANDAS, path, names)) == plain(read_with(PYREADSTAT, path, names))


@pytest.mark.parametrize("reader", READERS)
def test_what_is_read(tmp_path: Path, reader: readers_dta._Reader):
    path = write(tmp_path / "node.dta", everything())
    columns = plain(read_with(reader, path, NAMES))
    assert columns["a_byte"] == [1, -2, 100, 0]
    assert columns["a_float"] == [float(np.float32(0.1)), -2.5, float(np.float32(1e38)), None]
    assert columns["day"] == [1, 21974, None, -21914]
    assert columns["yes"] == [1, 0, 1, 1]
    assert columns["text"] == ["a", None, "é", "."]
    assert columns["long_text"] == ["b" * 3000, None, "b", "1"]


@pytest.mark.parametrize("reader", READERS)
def test_every_missing_value_of_stata_is_missing(tmp_path: Path, reader: readers_dta._Reader):
    signs = range(27)
    frame = pd.DataFrame(
        {
            "a_byte": np.array([1, *(70 + sign for sign in signs)], dtype=np.int8),
            "a_int": np.array([1, *(70 + sign for sign in signs)], dtype=np.int16),
            "a_long": np.array([1, *(70 + sign for sign in signs)], dtype=np.int32),
            "a_float": np.array([1, *(70 + sign for sign in signs)], dtype=np.float32),
            "a_double": np.array([1, *(70 + sign for sign in signs)], dtype=np.float64),
        }
    )
    names = [str(name) for name in frame]
    path = tmp_path / "node.dta"
    frame.to_stata(path, write_index=False, version=118, byteorder="<")
    # [D] Data types and the description of the .dta format: . is the first, .a the next, and so on to .z.
    for sign in signs:
        patch(
            path,
            "<bhifd",
            (70 + sign,) * 5,
            struct.pack("<bhi", 101 + sign, 32741 + sign, 2_147_483_621 + sign),
            (0x7F000000 + sign * 0x800).to_bytes(4, "little"),
            (0x7FE0000000000000 + sign * 0x10000000000).to_bytes(8, "little"),
        )
    assert plain(read_with(reader, path, names)) == {name: [1, *[None] * 27] for name in names}


@pytest.mark.parametrize("reader", READERS)
def test_missing_values_written_by_another_program(tmp_path: Path, reader: readers_dta._Reader):
    path = tmp_path / "node.dta"
    frame = pd.DataFrame({"g": [1, 2, "a", "z", None], "x": [1.5, 2.5, "b", None, 3.0]})
    pyreadstat.write_dta(frame, str(path), missing_user_values={"g": ["a", "z"], "x": ["b"]})
    assert plain(read_with(reader, path, ["x", "g"])) == {
        "x": [1.5, 2.5, None, None, 3.0],
        "g": [1, 2, None, None, None],
    }


@pytest.mark.parametrize("reader", READERS)
def test_no_rows_and_nothing_but_missing_values_keep_their_types(tmp_path: Path, reader: readers_dta._Reader):
    frame = pd.DataFrame({"x": [np.nan, np.nan], "text": ["", ""]})
    for rows in (0, 2):
        path = tmp_path / f"{rows}.dta"
        frame.iloc[:rows].astype({"text": object}).to_stata(path, write_index=False, version=118)
        columns = read_with(reader, path, ["x", "text"]).columns
        assert isinstance(columns["x"], np.ndarray)
        assert isinstance(columns["text"], TextColumn)
        assert plain(read_with(reader, path, ["x", "text"])) == {"x": [None] * rows, "text": [None] * rows}
        assert [info.type for info in describe(path).variables] == ["numeric", "text"]


def test_chunks_make_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path / "node.dta", everything())
    names: Sequence[str] = ["long_text", "a_float", "text", "a_byte"]
    whole, described = plain(read_variables(path, names)), describe(path)
    monkeypatch.setattr(readers_dta, "CHUNK_ROWS", 1)
    assert plain(read_variables(path, names)) == whole
    assert describe(path) == described


def test_describe_shows_labels_and_counts_and_no_value(tmp_path: Path):
    description = describe(write(tmp_path / "node.dta", everything()))
    assert description.nrows == 4
    byte = description.variables[0]
    assert (byte.name, byte.type, byte.label, byte.value_labels, byte.missing) == ("a_byte", "numeric", "a label", 2, 0)
    assert {info.name: info.missing for info in description.variables if info.missing} == {
        "a_float": 1,
        "a_double": 1,
        "day": 1,
        "text": 1,
        "long_text": 1,
    }
    assert "hundred" not in repr(description)


def test_pyreadstat_takes_over_where_pandas_does_not_know_the_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path / "node.dta", everything())
    expected = plain(read_variables(path, NAMES))

    def unknown(_path: Path) -> dict[str, str]:
        message = "Version of given Stata file is 120."
        raise ValueError(message)

    monkeypatch.setattr(readers_dta, "PANDAS", PANDAS._replace(labels=unknown))
    assert plain(read_variables(path, NAMES)) == expected


def test_a_file_cut_short_anywhere_is_an_error(tmp_path: Path):
    path = write(tmp_path / "node.dta", everything())
    content = path.read_bytes()
    for length in [*range(0, len(content), 97), len(content) - 1]:
        path.write_bytes(content[:length])
        with pytest.raises(DataFileError):
            read_variables(path, ["a_byte", "text"])


@pytest.mark.parametrize("text", ["", "h", "hospital,age\n1,2\n" * 50, "low,age\n0,19\n", "<stata_dt"])
def test_text_named_dta_is_told_from_a_damaged_file(tmp_path: Path, text: str):
    path = tmp_path / "node.dta"
    # The first letter h is the number of an old version of the format.
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataFileError, match="is no Stata file"):
        describe(path)
    with pytest.raises(DataFileError, match="is no Stata file"):
        read_variables(path, ["age"])
