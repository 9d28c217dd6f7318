"""What a cell of a .csv means."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fedfolder.errors import DataFileError, UnknownNameError
from fedfolder.node import growing_column, readers_csv, text_file
from fedfolder.node.cells import Spelling
from fedfolder.node.data import describe, read_variables
from fedfolder.node.readers import TextColumn

if TYPE_CHECKING:
    from pathlib import Path

POINT, COMMA = Spelling("."), Spelling(",")


def texts(column: object) -> list[str | None]:
    assert isinstance(column, TextColumn)
    return [None if code < 0 else column.levels[code] for code in column.codes]


def write(folder: Path, text: str, name: str = "node.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_float_comes_back_as_it_was(value: float):
    written = repr(value)
    for spelling, cell in ((POINT, written), (COMMA, written.replace(".", ","))):
        assert spelling.number(cell) == value
        assert spelling.numbers([cell]) == [value]


cells = st.one_of(
    st.floats().map(repr),
    st.floats().map(lambda value: repr(value).replace(".", ",")),
    st.from_regex(r"[0-9eE.,+_ -]{0,6}", fullmatch=True),
    st.sampled_from(["NA", ".a", "-9", "9", "09", "-9.0"]),
)
spellings = st.builds(
    Spelling, st.sampled_from([".", ",", ""]), st.frozensets(st.sampled_from(["NA", "-9", "9", "e", "unknown"]))
)


@given(st.lists(cells, max_size=6), spellings)
@example(["-9", "9"], Spelling(".", frozenset({"-9"})))
def test_the_quick_way_and_the_careful_way_agree(column: list[str], spelling: Spelling):
    careful = [spelling.number(cell) for cell in column]
    quick = spelling.numbers(column)
    if quick is None:
        assert None in careful
    else:
        assert np.array_equal(quick, np.array(careful, dtype=np.float64), equal_nan=True)


@pytest.mark.parametrize(
    "cell", ["", " ", ".", "NA", "NaN", "N/A", "NULL", *(f".{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")]
)
def test_missing_in_a_numeric_column(tmp_path: Path, cell: str):
    path = write(tmp_path, f"x,y\n1,1\n{cell},2\n")
    column = read_variables(path, ["x"]).columns["x"]
    assert np.array_equal(column, [1, math.nan], equal_nan=True)  # type: ignore[arg-type]
    assert describe(path).variables[0].missing == 1


@pytest.mark.parametrize("cell", ["None", "null", "nan", "NaN", ".a", "na", "1", "n/a"])
def test_a_level_in_a_text_column(tmp_path: Path, cell: str):
    path = write(tmp_path, f"x,y\nnorth,1\n{cell},2\n,3\n")
    assert texts(read_variables(path, ["x"]).columns["x"]) == ["north", cell, None]
    assert describe(path).variables[0].missing == 1


@pytest.mark.parametrize("cell", ["NA", "N/A", "NULL", ".", " NA ", " "])
def test_missing_in_a_text_column(tmp_path: Path, cell: str):
    path = write(tmp_path, f"x,y\nnorth,1\n{cell},2\n,3\n")
    assert texts(read_variables(path, ["x"]).columns["x"]) == ["north", None, None]
    described = describe(path).variables[0]
    assert described.missing == 2
    assert described.note == (f"{cell.strip()} taken as missing" if cell.strip() else "")


@pytest.mark.parametrize("cell", ["1_000", "0x1F", "1,5", "1d5", "TRUE", "\u0661", "12a", "--1", "1e", "nan", "- 1"])
def test_what_is_no_number(cell: str):
    assert POINT.number(cell) is None
    assert POINT.numbers([cell]) is None


@pytest.mark.parametrize("cell", ["1.5", "1.234,5", "1,234,5", "1,5.2", "1 234", "1'234", "1\u00a0234"])
def test_what_is_no_number_with_a_decimal_comma(cell: str):
    assert COMMA.number(cell) is None
    assert COMMA.numbers([cell]) is None


@pytest.mark.parametrize(("cell", "value"), [("01", 1), ("+5", 5), (".5", 0.5), ("5.", 5), ("1E3", 1000), (" 7 ", 7)])
def test_what_is_a_number(cell: str, value: float):
    assert POINT.number(cell) == value
    assert POINT.numbers([cell]) == [value]
    assert COMMA.numbers([cell.replace(".", ",")]) == [value]


def test_text_after_many_numbers_makes_the_whole_column_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(text_file, "BLOCK", 8)
    monkeypatch.setattr(growing_column, "AT_A_TIME", 1)
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
    path = write(tmp_path, "x,y,z,N.Eth\n1,north,1,a\nNA,None,.,b\n")
    notes = {info.name: info.note for info in describe(path).variables}
    assert notes["x"] == "NA taken as missing"
    assert notes["y"].startswith("None taken as text, not as missing")
    assert notes["z"] == ""
    assert notes["N.Eth"] == "no command can use this name: rename it"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("85,0,19\n86,0,33\n", "no header"),
        ("85,5;0;19\n86,0;1,5;33\n", "no header"),
        ("2020-01-01,x\n2020-01-02,1\n", "no header"),
        ("x,y,x\n1,2,3\n", "columns 1 and 3"),
        ("x,y\n1,2\n3\n", "line 3"),
        ("x,y\n1,2\n3,4,5\n", "line 3"),
        ("x,y\n1,2,3\n", "line 2"),
        ('x,y\n"1\n",2\n3,4,5\n', "line 4"),
        ('x,y\n1,"2\n', "well-formed"),
        ('x,y\n1,"2"3\n', "line 2"),
        ("x\0,y\n1,2\n", "not text"),
        ("x\n1,5\n", "delimiter = "),
    ],
)
def test_what_is_no_csv(tmp_path: Path, text: str, said: str):
    path = write(tmp_path, text)
    with pytest.raises(DataFileError, match=said):
        read_variables(path, ["x"])
    with pytest.raises(DataFileError, match=said):
        describe(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from(["", "1", "a b", "\u2028", "\x0b", '"q"', "é"]), min_size=2, max_size=2), max_size=8
    ),
    st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
    st.sampled_from([("", ""), ("", "\n"), ("\n\n", ""), ("\r\n\n\n", "\r\n")]),
    st.integers(1, 40),
)
@example([["1", "1"]], "\n", ("\n\n", ""), 1)
def test_lines_are_split_as_the_reader_splits_them(
    tmp_path: Path, rows: list[list[str]], ends: str, around: tuple[str, str], block: int
):
    path = write(tmp_path, ends.join(["x,y", *map(",".join, rows)]).join(around))
    with path.open(encoding="utf-8", newline="") as opened:
        expected = [row for row in csv.reader(opened, strict=True) if row][1:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_file, "BLOCK", block)
        chunks = list(text_file.TextFile(path, "utf-8").columns(2))
    assert [list(row) for chunk in chunks for row in zip(*chunk, strict=True)] == expected


@pytest.mark.parametrize("quoted", ["1", '"1"'])
def test_a_malformed_line_is_named_wherever_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quoted: str):
    monkeypatch.setattr(text_file, "BLOCK", 16)
    path = write(tmp_path, "x,y\n" + f"{quoted},2\n" * 20 + '1,"2"3\n' + "1,2\n" * 20)
    with pytest.raises(DataFileError, match="line 22\n"):
        read_variables(path, ["x"])


@pytest.mark.parametrize("rows", [1, 4_999, 5_000, 5_001, 12_000])
def test_a_short_row_anywhere_is_named_with_its_line(tmp_path: Path, rows: int):
    path = write(tmp_path, "x;y\n" + "1;2\n" * rows + "3\n" + "1;2\n" * 3)
    with pytest.raises(DataFileError, match=f"line {rows + 2}\n"):
        read_variables(path, ["x"])


def test_a_file_that_grows_between_the_passes_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(text_file, "BLOCK", 1)
    monkeypatch.setattr(growing_column, "AT_A_TIME", 1)
    path = write(tmp_path, "x,y\n1,1\na,1\n")
    fill = readers_csv.CsvSource._fill  # noqa: SLF001
    passes = []

    def grown(self, columns, watch):
        passes.append(list(columns))
        if len(passes) > 1:
            with path.open("a", encoding="utf-8") as file:
                file.write("b,2\n")
        return fill(self, columns, watch)

    monkeypatch.setattr(readers_csv.CsvSource, "_fill", grown)
    with pytest.raises(DataFileError, match="changed"):
        read_variables(path, ["x", "y"])
    assert passes == [["x", "y"], ["x"]], "only what turned out as text is read again"
