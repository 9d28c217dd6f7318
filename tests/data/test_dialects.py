"""Text files in the dialects that programs write: what is written comes back, or the line that settles it is named."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import math
import random
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from fedfolder.dictionary.texts import tidied
from fedfolder.errors import DataFileError, VariableError
from fedfolder.node import dialect, encoding, readers_csv, text_file
from fedfolder.node.cells import FORMS, WORDS, days
from fedfolder.node.data import describe, read_variables
from fedfolder.node.reading import Reading
from tests.data.test_malformed_dta import mutated
from tests.data.test_readers_csv import texts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

in_a_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.integers(-(10**6), 10**6).map(float), st.just(math.nan)
)
letters = st.text(
    st.characters(codec="cp1252", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=6
).filter(lambda text: any(character.isalpha() for character in text))
DIALECTS = [(",", "."), (";", ","), (";", "."), ("\t", ","), ("\t", "."), ("|", ".")]
ENCODINGS = ["utf-8", "utf-8-sig", "cp1252"]


def put(path: Path, rows: list[list[str]], delimiter: str = ",", encoding: str = "utf-8", ends: str = "\n") -> Path:
    """A file as a program writes it."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=ends).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def said(path: Path, reading: Reading | None = None) -> dict[str, str]:
    return dict(describe(path, reading).how)


# -- what is written comes back ----------------------------------------------------------------------------------------


@in_a_folder
@given(
    st.lists(st.tuples(numbers, numbers, letters), min_size=1, max_size=8),
    st.sampled_from(DIALECTS),
    st.sampled_from(ENCODINGS),
    st.sampled_from(["\n", "\r\n"]),
)
@example([(1.5, 2.0, "é")], (";", ","), "cp1252", "\r\n")
@example([(1.5, 2.0, "é"), (0.1, math.nan, "ø")], ("\t", ","), "utf-8-sig", "\n")
@example([(1.5, -0.0, "é")], (",", "."), "utf-8", "\n")
def test_numbers_and_texts_come_back_in_any_dialect(
    tmp_path: Path, rows: list[tuple[float, float, str]], dialect: tuple[str, str], encoding: str, ends: str
):
    delimiter, decimal = dialect

    def cell(value: float) -> str:
        return "" if math.isnan(value) else repr(value).replace(".", decimal)

    # The first row shows the decimal sign beyond doubt, and that t is text.
    table = [["x", "y", "t"], [cell(0.125), "1", "north"], *([cell(x), cell(y), t] for x, y, t in rows)]
    path = put(tmp_path / "node.csv", table, delimiter, encoding, ends)
    assume(encoding != "cp1252" or not _has_utf8(path))
    frame = read_variables(path, ["y", "x", "t"])
    expected: dict[str, list[float]] = {"x": [0.125, *(row[0] for row in rows)], "y": [1.0, *(row[1] for row in rows)]}
    for name, values in expected.items():
        column = frame.columns[name]
        assert isinstance(column, np.ndarray)
        assert column.astype(np.float64).tobytes() == np.array(values).tobytes(), "the same bits"
    wanted = [tidied(row[2]) for row in rows]
    assert texts(frame.columns["t"]) == ["north", *(None if text in WORDS else text for text in wanted)]


def _has_utf8(path: Path) -> bool:
    """Whether some line of a file in another encoding happens to be UTF-8."""
    for line in path.read_bytes().splitlines():
        with contextlib.suppress(UnicodeDecodeError):
            if not line.decode("utf-8").isascii():
                return True
    return False


@in_a_folder
@given(
    st.lists(st.dates(), min_size=1, max_size=6),
    st.sampled_from(FORMS),
    st.sampled_from(["", " 00:00", " 00:00:00", "T00:00:00.000"]),
)
def test_dates_of_a_fixed_form_are_stata_s_days(tmp_path: Path, dates: list[dt.date], form: str, midnight: str):
    table = [["dx"], *([_spelled(date, form) + midnight] for date in dates), [""]]
    path = put(tmp_path / "node.csv", table)
    column = read_variables(path, ["dx"], Reading(dates=(form,))).columns["dx"]
    expected = [float((date - dt.date(1960, 1, 1)).days) for date in dates]
    assert isinstance(column, np.ndarray)
    assert column.tolist()[: len(dates)] == expected


@in_a_folder
@given(st.lists(st.dates(), min_size=1, max_size=6), st.sampled_from(FORMS))
def test_dates_are_detected_or_the_line_is_named(tmp_path: Path, dates: list[dt.date], form: str):
    path = put(tmp_path / "node.csv", [["dx"], *([_spelled(date, form)] for date in dates)])
    expected = [float((date - dt.date(1960, 1, 1)).days) for date in dates]
    other = form.replace("dd", "?").replace("mm", "dd").replace("?", "mm")
    told = form.startswith("yyyy") or any(date.day > 12 for date in dates) or all(d.day == d.month for d in dates)
    if told:
        column = read_variables(path, ["dx"]).columns["dx"]
        assert isinstance(column, np.ndarray)
        assert column.tolist() == expected
        assert f"dates {form}" in describe(path).variables[0].note or not any(date.day > 12 for date in dates)
        return
    with pytest.raises(VariableError) as caught:
        read_variables(path, ["dx"])
    for line in (f'dates = "{form}"', f'dates = "{other}"', "[reading]", "dx"):
        assert line in str(caught.value)
    assert describe(path).variables[0].problem
    column = read_variables(path, ["dx"], Reading(dates=(form,))).columns["dx"]
    assert isinstance(column, np.ndarray)
    assert column.tolist() == expected


def _spelled(date: dt.date, form: str) -> str:
    parts = {"dd": f"{date.day:02}", "mm": f"{date.month:02}", "yyyy": f"{date.year:04}"}
    for part, text in parts.items():
        form = form.replace(part, text)
    return form


# -- dates -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "form"), [("31.02.2020", "dd.mm.yyyy"), ("00.05.1950", "dd.mm.yyyy"), ("2020-13-01", "yyyy-mm-dd")]
)
def test_a_day_that_is_in_no_calendar_is_no_date(tmp_path: Path, cell: str, form: str):
    assert days([cell], form) is None
    path = put(tmp_path / "node.csv", [["dx"], [_spelled(dt.date(2020, 1, 31), form)], [cell]])
    described = describe(path).variables[0]
    assert described.type == "text"
    assert "calendar" in described.note
    fixed = Reading(missing=frozenset({cell}))
    assert read_variables(path, ["dx"], fixed).columns["dx"].tolist()[0] == 21945  # type: ignore[union-attr]


def test_another_column_of_the_file_tells_day_from_month(tmp_path: Path):
    rows = [["born", "dx", "other"], ["01.02.1950", "13.02.2020", "01/02/2020"], ["03.04.1950", "02.03.2020", ""]]
    path = put(tmp_path / "node.csv", rows, ";")
    assert read_variables(path, ["born"]).columns["born"].tolist() == [-3621, -3560]  # type: ignore[union-attr]
    assert said(path)["dates"] == "dd.mm.yyyy (seen in dx)"
    with pytest.raises(VariableError, match="other"):
        read_variables(path, ["other"])


@pytest.mark.parametrize(("nrows", "told"), [(90, True), (110, False)])
def test_the_first_rows_tell_day_from_month(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nrows: int, told: bool):
    monkeypatch.setattr(dialect, "SAMPLE_ROWS", 100)
    monkeypatch.setattr(text_file, "BLOCK", 16)
    rows = [["born", "dx"], *([["01.02.1950", ""]] * (nrows - 1)), ["01.02.1950", "13.02.2020"]]
    path = put(tmp_path / "node.csv", rows, ";")
    assert bool(describe(path).variables[0].problem) is not told
    assert not describe(path).variables[1].problem


def test_dates_may_be_left_as_text(tmp_path: Path):
    path = put(tmp_path / "node.csv", [["dx"], ["2020-01-31"]])
    assert texts(read_variables(path, ["dx"], Reading(dates=())).columns["dx"]) == ["2020-01-31"]


def test_two_forms_in_one_column_are_text(tmp_path: Path):
    path = put(tmp_path / "node.csv", [["dx"], ["2020-01-31"], ["31.01.2020"]])
    assert describe(path).variables[0].type == "text"


# -- decimals ----------------------------------------------------------------------------------------------------------

MAYBE_THOUSANDS = [
    (";", "7,654"),
    (";", "7.654"),
    ("\t", "-12,345"),
    (",", "7,654"),
    (",", "1,5"),
]


@pytest.mark.parametrize(("delimiter", "cell"), MAYBE_THOUSANDS)
def test_a_sign_that_may_stand_before_thousands_is_never_guessed(tmp_path: Path, delimiter: str, cell: str):
    path = put(tmp_path / "node.csv", [["x", "n"], [cell, "1"], ["2", "2"]], delimiter)
    sign = "," if "," in cell else "."
    described = describe(path).variables
    assert described[0].problem
    assert described[0].type == "numeric"
    assert not described[1].problem
    assert cell not in str(described)
    with pytest.raises(VariableError, match=f'decimal = "{sign}"'):
        read_variables(path, ["x"])
    assert read_variables(path, ["n"]).columns["n"].tolist() == [1, 2]  # type: ignore[union-attr]
    fixed = read_variables(path, ["x"], Reading(decimal=sign)).columns["x"]
    assert fixed.tolist() == [float(cell.replace(",", ".")), 2]  # type: ignore[union-attr]
    other = read_variables(path, ["x"], Reading(decimal="." if sign == "," else ",")).columns["x"]
    assert texts(other) == [cell, "2"]


def test_a_number_anywhere_in_the_file_settles_the_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dialect, "SAMPLE_ROWS", 2)
    monkeypatch.setattr(text_file, "BLOCK", 64)
    rows = [["x", "t"], *([["1,234", "2"]] * 200), ["", "2,5"]]
    path = put(tmp_path / "node.csv", rows, ";")
    assert said(path)["decimals"] == "a comma (seen in t)"
    assert read_variables(path, ["x"]).columns["x"][0] == 1.234  # type: ignore[index]


def test_two_signs_in_one_file_are_not_guessed_between(tmp_path: Path):
    path = put(tmp_path / "node.csv", [["x", "icd"], ["1,5", "174.1"]], ";")
    assert said(path)["decimals"] == "unclear: a comma in x and a point in icd"
    for name in ("x", "icd"):
        with pytest.raises(VariableError, match="decimal = "):
            read_variables(path, [name])
    frame = read_variables(path, ["x", "icd"], Reading(decimal=","))
    assert frame.columns["x"].tolist() == [1.5]  # type: ignore[union-attr]
    assert texts(frame.columns["icd"]) == ["174.1"]


@pytest.mark.parametrize("cell", ["1.234,5", "1 234,5", "1'234.5", "1,234,567"])
def test_signs_between_thousands_are_text_and_noted(tmp_path: Path, cell: str):
    path = put(tmp_path / "node.csv", [["x", "y"], [cell, "1,5"], ["1,5", "1,5"]], ";")
    described = describe(path).variables[0]
    assert described.type == "text"
    assert "thousands" in described.note


def test_text_with_commas_and_points_tells_nothing(tmp_path: Path):
    path = put(tmp_path / "node.csv", [["x", "t"], ["1,5", "St. Olav"], ["2,5", "1.5 mg"]], ";")
    assert said(path)["decimals"] == "a comma (seen in x)"


def test_whole_numbers_need_no_sign(tmp_path: Path):
    path = put(tmp_path / "node.csv", [["x", "y"], ["1", "1e3"]], ";")
    assert said(path)["decimals"] == "no number has any"
    assert read_variables(path, ["y"]).columns["y"].tolist() == [1000]  # type: ignore[union-attr]


# -- delimiters and encodings ------------------------------------------------------------------------------------------


def test_what_is_asked_for_changes_nothing(tmp_path: Path):
    rows = [["a", "b", "c"], ["1,234", "1,5", "01.02.2020"], ["2,345", "2", "13.02.2020"]]
    path = put(tmp_path / "node.csv", rows, ";")
    together = read_variables(path, ["a", "b", "c"]).columns
    for name, column in together.items():
        alone: Any = read_variables(path, [name]).columns[name]
        assert alone.tolist() == column.tolist()  # type: ignore[union-attr]


def test_rows_tell_which_of_two_signs_in_the_header_separates(tmp_path: Path):
    path = tmp_path / "node.csv"
    path.write_text("age, years;low\n30;1\n31;0\n", encoding="utf-8")
    assert said(path)["delimiter"] == "a semicolon (3 rows have 2 cells each)"
    path.write_text("a,b;c\n1,2;3\n", encoding="utf-8")
    with pytest.raises(DataFileError, match="delimiter = "):
        describe(path)
    assert [info.name for info in describe(path, Reading(delimiter=";")).variables] == ["a,b", "c"]


def test_a_sign_inside_quotation_marks_separates_nothing(tmp_path: Path):
    path = tmp_path / "node.csv"
    path.write_text('"a;b",c\n"1;2",3\n', encoding="utf-8")
    assert [info.name for info in describe(path).variables] == ["a;b", "c"]


def test_encodings_are_told_with_what_was_looked_at(tmp_path: Path):
    path = tmp_path / "node.csv"
    for content, expected in (
        (b"t\na\n", "UTF-8 (all lines are ASCII)"),
        ("t\né\n".encode(), "UTF-8 (all lines are)"),
        ("t\né\n".encode("utf-8-sig"), "UTF-8 (with a byte order mark)"),
        ("t\na\né\n".encode("cp1252"), "cp1252 (line 3 is not UTF-8; all lines were looked at)"),
    ):
        path.write_bytes(content)
        assert said(path)["encoding"] == expected
        assert texts(read_variables(path, ["t"]).columns["t"])[-1] in {"é", "a"}


def test_a_file_of_ascii_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = put(tmp_path / "node.csv", [["x", "t"], *([["1", "a"]] * 100)])
    expected = texts(read_variables(path, ["t"], Reading(encoding="utf-8")).columns["t"])
    monkeypatch.setattr(dialect, "encoding_of", lambda *_: pytest.fail("it was, for its encoding"))
    assert texts(read_variables(path, ["t"]).columns["t"]) == expected


@pytest.mark.parametrize("late", ["é", '"a\nb"', "\0", "a\rb"])
def test_what_is_met_late_in_a_file_is_as_if_it_were_known_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: str
):
    monkeypatch.setattr(text_file, "BLOCK", 64)
    monkeypatch.setattr(dialect, "SAMPLE_ROWS", 2)
    path = tmp_path / "node.csv"
    path.write_text("x,t\n" + "1,a\n" * 3000 + f"2,{late}\n", encoding="utf-8", newline="")
    found = outcome(lambda: texts(read_variables(path, ["t"]).columns["t"]))
    monkeypatch.setattr(readers_csv, "GuessedSource", guesses_nothing)
    assert found == outcome(lambda: texts(read_variables(path, ["t"]).columns["t"]))


def guesses_nothing(*_: object) -> NoReturn:
    raise text_file.GuessError


def outcome(read: Callable[[], object]) -> object:
    """What is read, or the error."""
    try:
        return read()
    except DataFileError as error:
        return str(error)


def test_a_late_line_decides_the_encoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(encoding, "BLOCK", 16)
    path = tmp_path / "node.csv"
    path.write_bytes(b"t\n" + b"abc\n" * 1000 + "é\n".encode("cp1252"))
    assert said(path)["encoding"].startswith("cp1252 (line 1002 ")
    path.write_bytes("t\né\n".encode() + b"abc\n" * 1000 + "é\n".encode("cp1252"))
    with pytest.raises(DataFileError, match="line 1003"):
        describe(path)
    assert describe(path, Reading(encoding="cp1252")).nrows == 1002


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("t\né\n".encode("utf-16"), "UTF-16"),
        ("t\né\n".encode("utf-16-le"), "not text"),
        (b"t\na\x81b\n", "neither UTF-8 nor cp1252"),
        (bytes(range(256)), "not text"),
    ],
)
def test_other_encodings_are_refused(tmp_path: Path, content: bytes, what: str):
    path = tmp_path / "node.csv"
    path.write_bytes(content)
    with pytest.raises(DataFileError, match=what):
        describe(path)


def test_a_fixed_encoding_that_is_wrong_names_the_line(tmp_path: Path):
    path = tmp_path / "node.csv"
    path.write_bytes("t\na\né\n".encode("cp1252"))
    with pytest.raises(DataFileError, match="line 3"):
        read_variables(path, ["t"], Reading(encoding="utf-8"))
    path.write_bytes("t\nčeš\n".encode("cp1250"))
    assert texts(read_variables(path, ["t"], Reading(encoding="cp1250")).columns["t"]) == ["češ"]


def test_all_of_it_is_fixed_by_lines(tmp_path: Path):
    fixed = Reading(delimiter=";", decimal=",", encoding="cp1252", dates=("dd.mm.yyyy",), missing=frozenset({"-9"}))
    path = put(
        tmp_path / "node.csv", [["x", "dx", "t"], ["-9", "01.02.2020", "NA"], ["1,234", "-9", "é"]], ";", "cp1252"
    )
    assert [text for _, text in describe(path, fixed).how if "fixed in node.toml" not in text] == []
    frame = read_variables(path, ["x", "dx", "t"], fixed)
    assert np.array_equal(frame.columns["x"], [math.nan, 1.234], equal_nan=True)  # type: ignore[arg-type]
    assert np.array_equal(frame.columns["dx"], [21946, math.nan], equal_nan=True)  # type: ignore[arg-type]
    assert texts(frame.columns["t"]) == ["NA", "é"]


# -- texts that look alike ---------------------------------------------------------------------------------------------

ALIKE = ["\u00d8st \u00e9", "\u00d8st e\u0301", " \u00d8st \u00e9 ", "\u00d8st  \u00e9", "\u00d8st\u00a0\u00e9"]


def test_texts_that_look_alike_are_one_level(tmp_path: Path):
    path = put(tmp_path / "node.csv", [["t"], *([text] for text in ALIKE), ["\u00f8st \u00e9"]])
    assert texts(read_variables(path, ["t"]).columns["t"]) == [ALIKE[0]] * len(ALIKE) + ["\u00f8st \u00e9"]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".TXT"])
def test_text_files_may_have_other_suffixes(tmp_path: Path, suffix: str):
    path = put(tmp_path / f"node{suffix}", [["x", "y"], ["1", "2"]], "\t")
    assert describe(path).nrows == 1


# -- whatever the bytes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_any_bytes_are_data_or_an_error_of_ours(tmp_path: Path, seed: int):
    rows = [["x", "dx", "t", "n"], *([f"{k},5", f"{k % 28 + 1}.02.2020", 'a;"é"', str(k)] for k in range(20))]
    path = put(tmp_path / "node.csv", rows, ";", ENCODINGS[seed % 3])
    good, chance = path.read_bytes(), random.Random(seed)  # noqa: S311 - which bytes change, no secret
    found = set()
    for _ in range(100):
        path.write_bytes(mutated(good, chance))
        try:
            described = describe(path)
            able = [info.name for info in described.variables if not info.problem]
            frame = read_variables(path, able)
            assert frame.nrows == described.nrows
            found.add("read")
        except DataFileError:
            found.add("refused")
    assert found == {"read", "refused"}
