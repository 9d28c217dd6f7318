"""From columns to the rows that enter a fit."""

from __future__ import annotations

import errno
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fedfolder.command.parse import parse
from fedfolder.command.terms import level_key
from fedfolder.dictionary.texts import tidied
from fedfolder.errors import DataFileError, FedfolderError, UnknownNameError, VariableError
from fedfolder.node.data import describe, make_sample, read_sample, read_variables, sample_from_frame
from fedfolder.questions.blocks import code_type, smallest

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedfolder.questions.sample import Sample

CANARY = "canary4711"
NUMBER_CANARY = "47114711.5"


def assert_same(left: Sample, right: Sample) -> None:
    assert left.nobs == right.nobs
    # A .csv has no types: its numbers may be the levels of a text at another node.
    kinds = [{name: "numeric" if kind == "either" else kind for name, kind in s.kinds.items()} for s in (left, right)]
    assert kinds[0] == kinds[1]
    assert list(left.numeric) == list(right.numeric)
    assert list(left.factors) == list(right.factors)
    for name, values in left.numeric.items():
        assert values.dtype == right.numeric[name].dtype == smallest(values).dtype
        assert np.array_equal(values, right.numeric[name])
    for name, factor in left.factors.items():
        assert factor.levels == right.factors[name].levels
        assert factor.codes.dtype == right.factors[name].codes.dtype == code_type(len(factor.levels))
        assert np.array_equal(factor.codes, right.factors[name].codes)


# A data frame's "NA" is a level, and a .csv's is missing.
words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=6
).filter(lambda word: word.strip() not in {".", "NA", "N/A", "NULL"})
row = st.tuples(
    st.one_of(st.none(), st.sampled_from([0.0, 1.0])),
    st.one_of(st.none(), st.floats(-8e307, 8e307)),
    st.one_of(st.none(), st.integers(0, 40)),
    st.one_of(st.sampled_from(["", "na", ".a", "None", "01", "2", "10", " b ", "north"]), words),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(row, max_size=12))
@example([])
@example([(None, None, None, "")])
def test_csv_dta_and_data_frame_give_the_same_sample(tmp_path: Path, rows: list[tuple[object, ...]]):
    # The first row keeps t a text column: a .csv cannot tell the text 1 from the number.
    frame = pd.DataFrame([(1.0, 0.1, 3, "word"), *rows], columns=["y", "x", "g", "t"])
    frame = frame.astype({"y": np.float64, "x": np.float64, "g": np.float64, "t": object})
    frame.to_csv(tmp_path / "node.csv", index=False)
    frame.to_stata(tmp_path / "node.dta", write_index=False, version=118)
    command = parse("logit y x i.g c.g#i.t")
    expected = sample_from_frame(frame, command)
    assert_same(read_sample(tmp_path / "node.csv", command), expected)
    assert_same(read_sample(tmp_path / "node.dta", command), expected)
    frame["t"] = frame["t"].map(tidied)
    complete = frame[frame.notna().all(axis=1) & (frame["t"] != "")]
    assert expected.nobs == len(complete)
    assert expected.numeric["x"].tolist() == complete["x"].tolist()
    for name, values in (("g", complete["g"].astype(int).astype(str)), ("t", complete["t"])):
        factor = expected.factors[name]
        assert [factor.levels[code] for code in factor.codes] == values.tolist()
        assert list(factor.levels) == sorted(set(values), key=level_key)
    assert expected.kinds == {"y": "numeric", "x": "numeric", "g": "numeric", "t": "text"}


def test_the_example_is_the_same_in_both_formats(lbw: Path):
    command = parse("logit low age lwt i.race smoke")
    sample = read_sample(lbw / "lbw.dta", command)
    assert sample.nobs == 189
    assert sample.factors["race"].levels == ("1", "2", "3")
    assert sample.outcome("low").sum() == 59
    assert_same(sample, read_sample(lbw / "lbw.csv", command))


def test_only_the_commands_variables_decide_which_rows_are_complete():
    frame = pd.DataFrame({"y": [0, 1, 1], "x": [1.0, np.nan, 3.0], "other": [np.nan] * 3})
    assert sample_from_frame(frame, parse("logit y x")).outcome("y").tolist() == [0, 1]
    assert sample_from_frame(frame, parse("logit y")).nobs == 3


def test_a_level_of_dropped_rows_alone_does_not_occur():
    frame = pd.DataFrame({"y": [0, 1, np.nan], "g": [10, 2, 3]})
    factor = sample_from_frame(frame, parse("logit y i.g")).factors["g"]
    assert factor.levels == ("2", "10")
    assert factor.codes.tolist() == [1, 0]


def test_a_sample_cannot_be_written_to():
    sample = sample_from_frame(pd.DataFrame({"y": [0, 1], "x": [1.0, 2.0]}), parse("logit y x"))
    with pytest.raises(ValueError, match="read-only"):
        sample.numeric["y"][0] = 5


def test_every_kind_of_column_of_a_data_frame():
    frame = pd.DataFrame(
        {
            "y": pd.array([True, False, True, None], dtype="boolean"),
            "b": [True, False, True, False],
            "i": pd.array([1, 2, 3, 4], dtype="Int64"),
            "o": pd.Series([1, 2.5, True, 1], dtype=object),
            "c": pd.Categorical(["b", "a", "b", "a"], categories=["c", "b", "a"]),
            "n": pd.Categorical([3, 1, 3, 1]),
        }
    )
    sample = sample_from_frame(frame, parse("logit y b i o i.b i.c i.n n"))
    assert {name: values.tolist() for name, values in sample.numeric.items()} == {
        "y": [1, 0, 1],
        "b": [1, 0, 1],
        "i": [1, 2, 3],
        "o": [1, 2.5, 1],
        "n": [3, 1, 3],
    }
    assert {name: factor.levels for name, factor in sample.factors.items()} == {
        "b": ("0", "1"),
        "c": ("a", "b"),
        "n": ("1", "3"),
    }
    assert sample.kinds["c"] == "text"


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, ""])
def test_missing_text_of_a_data_frame(missing: object):
    frame = pd.DataFrame({"y": [0, 1], "t": pd.Series(["a", missing], dtype=object)})
    assert sample_from_frame(frame, parse("logit y i.t")).nobs == 1
    categorical = frame.assign(t=frame["t"].astype("category"))
    assert sample_from_frame(categorical, parse("logit y i.t")).nobs == 1


def test_a_data_frame_is_left_as_it_was():
    frame = pd.DataFrame({"y": [0.0, 1.0], "x": [1.0, 2.0]})
    sample_from_frame(frame, parse("logit y x"))
    frame.loc[0, "x"] = 5
    assert frame["x"].tolist() == [5, 2]


@pytest.mark.parametrize(
    ("values", "command"),
    [
        (["a", "b"], "logit y x"),
        (["a", "b"], "logit x"),
        ([1.0, math.inf], "logit y x"),
        ([1.0, -math.inf], "logit y i.x"),
        ([1.0, 2.5], "logit y i.x"),
        ([1.0, -1.0], "logit y i.x"),
        ([1.0, 2.0**53], "logit y i.x"),
        ([1, "a"], "logit y i.x"),
        (pd.to_datetime(["2020-01-01", "2020-01-02"]), "logit y x"),
        (pd.to_datetime(["NaT", "NaT"]), "logit y x"),
        ([1j, 2j], "logit y x"),
    ],
)
def test_values_that_a_role_does_not_allow(values: object, command: str):
    frame = pd.DataFrame({"y": [0, 1], "x": values})
    with pytest.raises(VariableError) as caught:
        sample_from_frame(frame, parse(command))
    assert "variable x" in str(caught.value) or "needed: x" in str(caught.value)


def test_a_value_that_no_complete_row_has_is_no_hindrance():
    frame = pd.DataFrame({"y": [0, np.nan], "g": [1, -9]})
    assert sample_from_frame(frame, parse("logit y i.g")).factors["g"].levels == ("1",)


def test_an_absent_variable_is_named_with_its_file_and_the_nearest(lbw: Path):
    for name in ("lbw.csv", "lbw.dta"):
        with pytest.raises(UnknownNameError, match="smoke") as caught:
            read_sample(lbw / name, parse("logit low Smoke"))
        assert name in str(caught.value)
    with pytest.raises(UnknownNameError):
        sample_from_frame(pd.DataFrame({"y": [1]}), parse("logit Y"))
    with pytest.raises(UnknownNameError):
        make_sample(read_variables(lbw / "lbw.csv", ["low"]), parse("logit low age"))


def test_two_columns_of_one_name_in_a_data_frame():
    frame = pd.DataFrame([[0, 1, 2]], columns=["y", "x", "x"])
    with pytest.raises(VariableError, match="two columns"):
        sample_from_frame(frame, parse("logit y x"))


def test_only_named_columns_are_read_once_each(lbw: Path):
    for name in ("lbw.csv", "lbw.dta"):
        assert list(read_variables(lbw / name, ["smoke", "low", "smoke"]).columns) == ["smoke", "low"]


@pytest.mark.parametrize(
    "name", ["absent.dta", "absent.csv", "folder.dta", "folder", "data.xlsx", "data", "data.DTA.zip"]
)
def test_what_is_no_data_file(tmp_path: Path, name: str):
    path = tmp_path / name
    if name.startswith("folder"):
        path.mkdir()
    elif name.startswith("data"):
        path.write_text("x,y\n1,2\n", encoding="utf-8")
    for read in (describe, lambda path: read_variables(path, ["x"])):
        with pytest.raises(DataFileError) as caught:
            read(path)
        assert str(path) in str(caught.value)
        assert caught.value.do


@pytest.mark.parametrize("suffix", ["csv", "dta"])
def test_a_file_without_the_right_to_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str):
    path = tmp_path / f"node.{suffix}"
    path.write_text("x\n1\n", encoding="utf-8")

    def refuse(self: Path, *_arguments: object, **_options: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataFileError, match=os.strerror(errno.EACCES)):
        describe(path)


def test_suffixes_in_capitals_are_fine(tmp_path: Path):
    (tmp_path / "NODE.CSV").write_text("x\n1\n", encoding="utf-8")
    assert describe(tmp_path / "NODE.CSV").nrows == 1


def damaged_dta(path: Path) -> None:
    frame = pd.DataFrame({"y": [0.0, 1.0], "x": [float(NUMBER_CANARY), 1.0], "t": [CANARY, "b"]})
    frame.to_stata(path, write_index=False, version=118)
    content = path.read_bytes()
    path.write_bytes(content[: content.index(CANARY.encode()) + 20])


MALFORMED: dict[str, str | bytes | Callable[[Path], None]] = {
    "ragged.csv": f"y,x\n1,{CANARY},{NUMBER_CANARY}\n",
    "quotes.csv": f'y,x\n1,"{CANARY}"{NUMBER_CANARY}\n',
    "unclosed.csv": f'y,x\n1,"{CANARY},{NUMBER_CANARY}\n',
    "huge.csv": f"y,x\n1,{CANARY * 20_000}\n",
    "latin.csv": f"y,x\n1,{CANARY}é{NUMBER_CANARY}\n".encode("latin-1"),
    "headerless.csv": f"{NUMBER_CANARY},{CANARY}\n1,2\n",
    "twice.csv": f"{CANARY},{CANARY}\n1,2\n",
    "semicolons.csv": f"{CANARY};{NUMBER_CANARY}\n1;2\n",
    "text.csv": f"y,x\n1,{CANARY}\n0,{NUMBER_CANARY}\n",
    "infinite.csv": f"y,x\n1,Inf\n0,{NUMBER_CANARY}\n",
    "fraction.csv": f"y,x,g\n1,1,{NUMBER_CANARY}\n",
    "negative.csv": f"y,x,g\n1,1,-{NUMBER_CANARY}\n",
    "text.dta": f"{CANARY},{NUMBER_CANARY}\n",
    "version.dta": bytes([114, 1]) + f"{CANARY},{NUMBER_CANARY}\n".encode() * 50,
    "header.dta": f"<stata_dta><header><release>{CANARY}{NUMBER_CANARY}".encode(),
    "cut.dta": damaged_dta,
}


@pytest.mark.parametrize("name", MALFORMED)
def test_no_error_holds_a_value(tmp_path: Path, name: str):
    path, content = tmp_path / name, MALFORMED[name]
    if callable(content):
        content(path)
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    command = parse("logit y x i.g") if name in {"fraction.csv", "negative.csv"} else parse("logit y x")
    with pytest.raises(FedfolderError) as caught:
        read_sample(path, command)
    error: BaseException | None = caught.value
    while error is not None:
        shown = f"{error} {error!r} {vars(error) if hasattr(error, '__dict__') else ''}"
        assert "canary" not in shown
        assert "4711" not in shown
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
