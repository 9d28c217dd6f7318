from __future__ import annotations

import csv
import io
import math
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fedfolder.errors import TamperedAnswerError
from fedfolder.questions.sums import Sums, add, from_parts, read_number, read_table, to_parts, write_number, write_table

FINITE = st.floats(allow_nan=False, allow_infinity=False)
MODERATE = st.floats(-1e300, 1e300)
LABEL = st.text(max_size=8) | st.sampled_from(
    ["", '"', "a,b", "a\nb", "a\rb", "\r\n", "été", "1.g#c.x", "'", " x ", "\0"]
)


def tables(values=FINITE, columns=2):
    rows = st.dictionaries(st.tuples(LABEL, LABEL), st.tuples(*[values] * columns), max_size=6)
    scalars = st.dictionaries(st.text(max_size=5), values, max_size=3)
    names = tuple(f"c{j}" for j in range(columns))
    return st.builds(lambda s, r: Sums(s, ("k1", "k2"), names, r), scalars, rows)


def same(one, other):
    """Equal to the bit, minus zero included, the order of rows left aside."""
    assert (one.keys, one.columns, set(one.rows), set(one.scalars)) == (
        other.keys,
        other.columns,
        set(other.rows),
        set(other.scalars),
    )
    for label, row in one.rows.items():
        assert [value.hex() for value in row] == [value.hex() for value in other.rows[label]]
    assert {n: v.hex() for n, v in one.scalars.items()} == {n: v.hex() for n, v in other.scalars.items()}


@given(parts=st.lists(tables(MODERATE), min_size=1, max_size=5), seed=st.integers(0, 100))
def test_adding_does_not_know_the_order(parts, seed):
    shuffled = random.Random(seed).sample(parts, len(parts))  # noqa: S311 - no secret
    same(add(parts), add(shuffled))


@given(one=tables(MODERATE), other=tables(MODERATE))
def test_a_missing_row_is_zero(one, other):
    found = add([one, other])
    assert set(found.rows) == set(one.rows) | set(other.rows)
    for label in found.rows:
        for column in found.columns:
            assert found.value(label, column) == one.value(label, column) + other.value(label, column)
    for name in found.scalars:
        assert found.scalars[name] == one.scalars.get(name, 0.0) + other.scalars.get(name, 0.0)
    assert found.value(("no such", "row"), "c1") == 0.0


def test_adding_rounds_once():
    parts = [Sums({"x": v}, (), ("c",), {(): (v,)}) for v in (1e16, 1.0, 1.0, -1e16)]
    assert add(parts).scalars["x"] == add(parts).rows[()][0] == 2.0


def test_what_cannot_be_added_is_said():
    one = Sums({}, ("k",), ("c",), {("a",): (1e308,)})
    with pytest.raises(ValueError, match="nothing to add"):
        add([])
    with pytest.raises(ValueError, match="different headings"):
        add([one, Sums({}, ("k",), ("d",), {})])
    with pytest.raises(TamperedAnswerError, match="more than a float64"):
        add([one, one])


@given(sums=tables())
@example(sums=Sums({"x": -0.0}, ("k1", "k2"), ("c0", "c1"), {("\r", "\n"): (-0.0, 5e-324), ("", ""): (1e15, -1e308)}))
def test_what_is_written_is_read_back_to_the_bit(sums):
    scalars, table = to_parts(sums)
    found = from_parts(scalars, table, sums.keys, where="here")
    same(found, sums)
    assert list(found.rows) == list(sums.rows)
    assert all(type(value) is float for row in found.rows.values() for value in row)
    assert to_parts(found) == (scalars, table)


@given(value=FINITE)
@example(value=-0.0)
@example(value=5e-324)
@example(value=1e15)
@example(value=2.0**53)
def test_a_number_is_read_back_to_the_bit_and_whole_ones_look_whole(value):
    text = write_number(value)
    assert read_number(text, where="here").hex() == value.hex()
    if value.is_integer() and abs(value) < 1e15 and math.copysign(1, value) == (1 if value >= 0 else -1):
        assert text == str(int(value))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "nan",
        "NaN",
        "inf",
        "-Infinity",
        "1e999",
        "1_000",
        "0x1p3",
        "1,5",
        " 1",
        "1 ",
        "1\n",
        "\u0661",
        "1e",
        "e5",
        "--1",
        "+-1",
        "1d5",
        "True",
        "None",
        ".",
        "1.2.3",
        "\u00b2",
    ],
)
def test_what_is_no_finite_number_is_refused(text):
    with pytest.raises(TamperedAnswerError, match="not a finite number") as caught:
        read_number(text, where="node1: line 2")
    assert caught.value.where == "node1: line 2"


@pytest.mark.parametrize(("text", "value"), [("1", 1.0), ("-.5", -0.5), ("+1.", 1.0), ("1E5", 1e5), ("1e-400", 0.0)])
def test_what_other_programs_write_is_read(text, value):
    assert read_number(text, where="") == value


@pytest.mark.parametrize(
    "table",
    [
        b"",
        b"\n",
        b"k,c\na,1,2\n",
        b"k,c\na\n",
        b"k,c\na,1\na,2\n",
        b"c,k\na,1\n",
        b"k,c,c\na,1,2\n",
        b"k,k\n",
        b"K,c\n",
        b"\xef\xbb\xbfk,c\na,1\n",
        b"k,c\n\xff,1\n",
        b'k,c\n"a,1\n',
        b"k,c\na,nan\n",
        b"k,c\n\n",
        b"k,c\n" + b"a" * 200_000 + b",1\n",
    ],
)
def test_what_is_no_such_table_is_refused(table):
    with pytest.raises(TamperedAnswerError) as caught:
        read_table(table, ("k",), where="node1")
    assert "node1" in caught.value.where


@given(
    content=st.binary(max_size=60) | st.text(alphabet='k,c"\n\r1.e-', max_size=40).map(lambda t: ("k,c\n" + t).encode())
)
def test_any_bytes_are_read_or_refused_by_our_own_error(content):
    try:
        columns, rows = read_table(content, ("k",), where="here")
    except TamperedAnswerError:
        return
    assert all(len(values) == len(columns) and all(map(math.isfinite, values)) for values in rows.values())
    again = write_table(("k",), columns, rows)
    assert read_table(again, ("k",), where="") == (columns, rows)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(scalars=st.dictionaries(st.text(max_size=3), JSON, max_size=3))
def test_scalars_are_texts_of_numbers_or_refused(scalars):
    try:
        found = from_parts(scalars, b"k\n", ("k",), where="here")
    except TamperedAnswerError:
        assert scalars
        return
    assert all(isinstance(text, str) and float(text) == found.scalars[name] for name, text in scalars.items())


def test_a_scalar_must_be_written_as_text():
    for value in (1, 1.5, True, None, ["1"]):
        with pytest.raises(TamperedAnswerError, match="not written as text"):
            from_parts({"n": value}, b"k\n", ("k",), where="here")


@pytest.mark.parametrize(
    "sums",
    [
        Sums({}, ("k",), ("c",), {("a",): (math.nan,)}),
        Sums({}, ("k",), ("c",), {("a",): (math.inf,)}),
        Sums({"x": -math.inf}, ("k",), ("c",), {}),
        Sums({}, ("k",), ("c",), {("a",): (1.0, 2.0)}),
        Sums({}, ("k",), ("c",), {("a", "b"): (1.0,)}),
    ],
)
def test_require_finite(sums):
    with pytest.raises(TamperedAnswerError):
        sums.require_finite(where="node1")


@given(sums=tables())
def test_another_reader_of_csv_sees_the_same_table(sums):
    lines = list(csv.reader(io.StringIO(to_parts(sums)[1].decode(), newline="")))
    assert lines[0] == ["k1", "k2", "c0", "c1"]
    assert [tuple(line[:2]) for line in lines[1:]] == list(sums.rows)
