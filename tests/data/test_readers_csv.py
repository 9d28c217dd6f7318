"""What a cell of a .csv means."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.errors import DataFileError, UnknownNameError
from fedfolder.node import readers_csv
from fedfolder.node.data import describe, read_variables
from fedfolder.node.readers import TextColumn
from fedfolder.node.readers_csv import number, numbers

if TYPE_CHECKING:
    from pathlib import Path


def texts(column: object) -> list[str | None]:
    assert isinstance(column, TextColumn)
    return [None if code < 0 else column.levels[code] for code in column.codes]


def write(folder: Path, text: str, name: str = "node.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_float_comes_back_as_it_was(value: float):
    assert number(repr(value)) == value
    assert numbers([repr(value)]) == [value]


cells = st.one_of(
    st.floats().map(repr), st.from_regex(r"[0-9eE.+_ -]{0,6}", fullmatch=True), st.sampled_from(["NA", ".a"])
)


@given(st.lists(cells, max_size=6))
def test_the_quick_way_and_the_careful_way_agree(column: list[str]):
    careful = [number(cell) for cell in column]
    quick = numbers(column)
    if quick is None:
        assert None in careful
    else:
        assert np.array_equal(quick, np.array(careful, dtype=np.float64), equal_nan=True)


@pytest.mark.parametrize(
    "cell", ["", " ", ".", "NA", "NaN", *(f".{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")]
)
def test_missing_in_a_numeric_column(tmp_path: Path, cell: str):
    path = write(tmp_path, f"x,y\n1,1\n{cell},2\n")
    column = read_variables(path, ["x"]).columns["x"]
    assert np.array_equal(column, [1, math.nan], equal_nan=True)  # type: ignore[arg-type]
    assert describe(path).variables[0].missing == 1


@pytest.mark.parametrize("cell", ["NA", "None", "null", "nan", "NaN", ".", ".a", " ", "N/A", "1"])
def test_a_level_in_a_text_column(tmp_path: Path, cell: str):
    path = write(tmp_path, f"x,y\nnorth,1\n{cell},2\n,3\n")
    assert texts(read_variables(path, ["x"]).columns["x"]) == ["north", cell, None]
    assert describe(path).variables[0].missing == 1


@pytest.mark.parametrize("cell", ["1_000", "0x1F", "1,5", "1d5", "TRUE", "\u0661", "12a", "--1", "1e", "nan", "- 1"])
def test_what_is_no_number(cell: str):
    assert number(cell) is None
    assert numbers([cell]) is None


@pytest.mark.parametrize(("cell", "value"), [("01", 1), ("+5", 5), (".5", 0.5), ("5.", 5), ("1E3", 1000), (" 7 ", 7)])
def test_what_is_a_number(cell: str, value: float):
    assert number(cell) == value
    assert numbers([cell]) == [value]


def test_text_after_many_numbers_makes_the_whole_column_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(readers_csv, "CHUNK_ROWS", 2)
    path = write(tmp_path, "x,y\n01,1\n2,2\n3,3\n4,4\nfive,5\n")
    frame = read_variables(path, ["y", "x"])
    assert texts(frame.columns["x"]) == ["01", "2", "3", "4", "five"]
    assert list(frame.columns["y"]) == [1, 2, 3, 4, 5]  # type: ignore[arg-type]
    assert list(frame.columns) == ["y", "x"]
    assert [(info.name, info.type) for info in describe(path).variables] == [("x", "text"), ("y", "numeric")]


def test_bom_crlf_quotes_and_commas_and_lines_in_cells(tmp_path: Path):
    path = write(tmp_path, '\ufeff"x","y"\r\n"a, ""b""\r\nc","1"\r\n\r\né,2')
    frame = read_variables(path, ["x", "y"])
    assert texts(frame.columns["x"]) == ['a, "b"\r\nc', "é"]
    assert list(frame.columns["y"]) == [1, 2]  # type: ignore[arg-type]


def test_a_header_alone_is_a_node_without_rows(tmp_path: Path):
    path = write(tmp_path, "x,y\n")
    assert read_variables(path, ["x"]).nrows == 0
    assert [info.missing for info in describe(path).variables] == [0, 0]


def test_row_names_without_a_header_are_passed_over(tmp_path: Path):
    path = write(tmp_path, '"","x"\n"1",5\n')
    assert [info.name for info in describe(path).variables] == ["x"]
    with pytest.raises(UnknownNameError):
        read_variables(path, [""])


def test_describe_tells_of_signs_for_missing(tmp_path: Path):
    path = write(tmp_path, "x,y,z,N.Eth\n1,north,1,a\nNA,NA,.,b\n")
    notes = {info.name: info.note for info in describe(path).variables}
    assert notes["x"] == "NA taken as missing"
    assert notes["y"].startswith("NA taken as text, not as missing")
    assert notes["z"] == ""
    assert notes["N.Eth"] == "no command can use this name: rename it"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("x;y\n1;2\n", "semicolons"),
        ("x;y\n1,5;2\n", "semicolons"),
        ("x\ty\n1\t2\n", "tabs"),
        ("85,0,19\n86,0,33\n", "no header"),
        ("x,y,x\n1,2,3\n", "columns 1 and 3"),
        ("x,y\n1,2\n3\n", "line 3"),
        ('x,y\n"1\n",2\n3,4,5\n', "line 4"),
        ('x,y\n1,"2\n', "well-formed"),
        ('x,y\n1,"2"3\n', "line 2"),
        ("x\0,y\n1,2\n", "not text"),
    ],
)
def test_what_is_no_csv(tmp_path: Path, text: str, said: str):
    path = write(tmp_path, text)
    with pytest.raises(DataFileError, match=said):
        read_variables(path, ["x"])
    with pytest.raises(DataFileError, match=said):
        describe(path)


def test_other_encodings_are_named_with_their_line(tmp_path: Path):
    path = tmp_path / "node.csv"
    path.write_bytes("x,y\n1,a\n2,é\n".encode("latin-1"))
    with pytest.raises(DataFileError, match="line 3"):
        read_variables(path, ["x"])
    path.write_bytes("x,y\n1,a\n".encode("utf-16"))
    with pytest.raises(DataFileError, match="UTF-8"):
        read_variables(path, ["x"])


def test_a_file_that_grows_between_the_passes_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path, "x,y\na,1\n")
    texts_of = readers_csv._texts  # noqa: SLF001

    def grown(*arguments):
        with path.open("a", encoding="utf-8") as file:
            file.write("b,2\n")
        return texts_of(*arguments)

    monkeypatch.setattr(readers_csv, "_texts", grown)
    with pytest.raises(DataFileError, match="changed"):
        read_variables(path, ["x", "y"])
