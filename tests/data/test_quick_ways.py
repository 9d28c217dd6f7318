"""What is read by arrays is what is read cell by cell and by libraries: the same bits, notes, problems and errors."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fedfolder.errors import FedfolderError
from fedfolder.node import blocks, dta_rows, growing_column, keys, narrow, readers_dta, stepping, text_file
from fedfolder.node.cells import Spelling
from fedfolder.node.data import describe, read_variables
from fedfolder.node.readers import TextColumn
from fedfolder.node.readers_dta import PANDAS, read_rows, read_with
from fedfolder.node.reading import Reading
from tests.data.old_dta import NAMES as OLD_NAMES
from tests.data.old_dta import VERSIONS, old_dta
from tests.data.test_readers_dta import everything, write

if TYPE_CHECKING:
    from pathlib import Path

    from fedfolder.node.readers import Frame

NEVER = 1 << 40
in_a_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def bits(frame: Frame) -> dict[str, Any]:
    """Columns with their types, so that nothing differs unnoticed."""
    return {
        name: (column.codes.dtype, column.codes.tobytes(), column.levels)
        if isinstance(column, TextColumn)
        else (column.dtype, column.tobytes())
        for name, column in frame.columns.items()
    }


# -- .csv --------------------------------------------------------------------------------------------------------------

cells = st.one_of(
    st.integers(-10_000, 10_000).map(str),
    st.floats(-1000, 1000, width=16).map(lambda value: str(round(value, 3))),
    st.floats().map(repr),
    st.sampled_from(["", "", "NA", ".", ".a", "NaN", "-9", "9", " 7", "1e3", "1,5", "1.5", "01", "-0", "+3", "inf"]),
    st.sampled_from(
        ["a", "north", "\u00e6", "\ufeff", "e\u0301", " x ", "\u2028", '"', '"q"', 'a"b', "a;b", "a,b", "\x0b"]
    ),
    st.sampled_from(["2020-02-29", "01.02.2020", "13.02.2020", "12345678", "123456789", "x" * 70]),
)
columns = st.one_of(
    st.lists(st.integers(0, 3).map(str), min_size=12, max_size=12),
    st.lists(st.floats(-9, 9, width=32).map(repr), min_size=12, max_size=12),
    st.lists(st.sampled_from(["", "NA", "2", "-9", "3.5"]), min_size=12, max_size=12),
    st.lists(st.sampled_from(["01.02.2020", "13.02.2020", ""]), min_size=12, max_size=12),
    st.lists(cells, min_size=12, max_size=12),
)
readings = st.builds(
    Reading,
    delimiter=st.sampled_from([None, ",", ";"]),
    decimal=st.sampled_from([None, ".", ","]),
    encoding=st.sampled_from([None, None, "cp1252", "utf-8"]),
    missing=st.sampled_from([None, frozenset({"-9"}), frozenset({"unknown", "2", "3.5"})]),
)


def told(path: Path, reading: Reading) -> Any:
    """All that is said of a file and read of it, or the error."""
    try:
        described = describe(path, reading)
        able = [info.name for info in described.variables if not info.problem]
        return described, bits(read_variables(path, able, reading))
    except FedfolderError as error:
        return type(error), str(error)


def quoted(cell: str, sign: str, *, always: bool) -> str:
    return '"' + cell.replace('"', '""') + '"' if always or any(mark in cell for mark in f'{sign}"\n') else cell


@dataclass(frozen=True)
class Made:
    """A file, how it is written, how it is read, and the sizes of what is looked at together."""

    table: list[list[str]]
    rows: int
    sign: str
    ends: str
    always: bool
    spoil: str
    encoding: str
    reading: Reading
    sizes: tuple[int, int, int]
    steps: int = 0

    def content(self) -> bytes:
        names = [f"v{k}" for k in range(len(self.table))]
        rows = [names, *zip(*self.table, strict=True)][: self.rows + 1]
        lines = [self.sign.join(quoted(cell, self.sign, always=self.always) for cell in row) for row in rows]
        return self.ends.join([*lines, self.spoil]).encode(self.encoding, "replace")


made = st.builds(
    Made,
    table=st.lists(columns, min_size=1, max_size=3),
    rows=st.integers(0, 12),
    sign=st.sampled_from([",", ";"]),
    ends=st.sampled_from(["\n", "\r\n", "\n\n"]),
    always=st.booleans(),
    spoil=st.sampled_from(["", "", "", "1,2;3,4;5", '"', "\n", '"a\nb"', "a\rb", "\0"]),
    encoding=st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "cp1252"]),
    reading=readings,
    sizes=st.tuples(st.integers(1, 60), st.integers(1, 9), st.integers(-1, 3)),
    steps=st.sampled_from([0, 0, blocks.ROWS_A_STEP]),
)
ALTERNATE = [["1", "2"] * 6, ['"', "x"] * 6]


@in_a_folder
@given(made)
@example(
    Made(ALTERNATE[:1], 2, ",", "\n", always=False, spoil="", encoding="utf-8-sig", reading=Reading(), sizes=(5, 1, 0))
)
@example(
    Made([["-9", "1"] * 6], 9, ",", "\n", False, "", "utf-8", Reading(missing=frozenset({"-9"})), (60, 9, -1))  # noqa: FBT003
)
@example(Made(ALTERNATE, 2, ",", "\n", always=True, spoil="", encoding="utf-8", reading=Reading(), sizes=(5, 1, 0)))
def test_cut_by_arrays_or_taken_apart_by_python_s_reader(tmp_path: Path, made: Made):
    path = tmp_path / "node.csv"
    path.write_bytes(made.content())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_file, "BLOCK", made.sizes[0])
        patch.setattr(growing_column, "AT_A_TIME", made.sizes[1])
        patch.setattr(growing_column, "FEW", made.sizes[2])
        patch.setattr(keys, "MANY", 2 * made.sizes[1])
        patch.setattr(blocks, "ROWS_A_STEP", made.steps)
        quick = told(path, made.reading)
        patch.setattr(text_file, "cut", lambda *_: None)
        assert quick == told(path, made.reading)


def test_an_ordinary_file_is_cut_and_never_given_to_python_s_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "node.csv"
    path.write_text('x,"t"\n' + '1,"a"\n,"b c"\n2,d\n' * 100, encoding="utf-8")
    file = text_file.TextFile(path, "utf-8")
    monkeypatch.setattr(text_file.TextFile, "_parsed", lambda *_: pytest.fail("it was"))
    found = list(file.blocks(2))
    assert all(isinstance(block, blocks.Cut) for block in found)
    assert sum(block.nrows for block in found) == 300
    assert found[0].cells(1)[:3] == ["a", "b c", "d"]


short = st.text("0123456789.-abc", max_size=3)
rows_of_cells = st.integers(1, 40).flatmap(
    lambda width: st.lists(st.lists(st.one_of(short, st.just("x" * 63)), min_size=width, max_size=width), max_size=8)
)


@given(rows_of_cells, st.data())
@example([["1"] * 40] * 3, None)
@example([["", ""], ["", ""]], None)
def test_steps_find_what_writing_all_places_down_finds(rows: list[list[str]], data: Any):
    """A sign too many in one line, and one too few in the next, is seen."""
    width = len(rows[0]) if rows else 2
    lines = [",".join(row) for row in rows]
    if data is not None and len(lines) > 1 and width > 1 and data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(lines) - 2))
        lines[at : at + 2] = [lines[at] + ",", lines[at + 1].replace(",", "", 1)][
            :: data.draw(st.sampled_from([1, -1]))
        ]
    text = stepping.Lines.of("\n".join(lines).encode())
    wanted = range(width) if data is None else data.draw(st.sets(st.integers(0, width - 1)))
    found = []
    with pytest.MonkeyPatch.context() as patch:
        for rows_a_step in (0, NEVER):
            patch.setattr(blocks, "ROWS_A_STEP", rows_a_step)
            block = blocks.cut(text, ",", width, "utf-8", wanted)
            found.append(block and (block.nrows, {place: block.cells(place) for place in wanted}))
    assert found[0] == found[1]


def test_a_line_s_cells_are_not_counted_with_those_of_another():
    for content in ("1,2,3\n4,5\n", "1,2,3\n4\n5,6\n", "4\n1,2,3\n"):
        text = stepping.Lines.of(content.encode()).text
        ends = stepping.ends_of_lines(text)
        starts = np.concatenate([[0], ends[:-1] + 1])
        assert ends.tolist() == [place for place, sign in enumerate(content) if sign == "\n"]
        assert stepping.ends_of_cells(text, ",", 2, (starts, ends), [0]) is None


def test_an_ordinary_file_is_read_by_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "node.csv"
    path.write_text("x,y,t\n" + "1,,a\n22,3,b c\n" * 100, encoding="utf-8")
    monkeypatch.setattr(blocks, "_all_ends", lambda *_, **__: pytest.fail("places were written down"))
    frame = read_variables(path, ["y", "t"])
    assert np.nansum(frame.columns["y"]) == 300  # type: ignore[arg-type]
    assert frame.nrows == 200


def test_blank_lines_alone_are_no_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(text_file, "BLOCK", 4)
    path = tmp_path / "node.csv"
    path.write_text("x\n1\n" + "\n" * 20 + "2\n" + "\n" * 9, encoding="utf-8")
    assert read_variables(path, ["x"]).nrows == 2


def test_an_encoding_in_which_a_delimiter_may_be_half_a_letter_is_not_cut(tmp_path: Path):
    path = tmp_path / "node.csv"
    path.write_bytes("x|t\n1|\u8868\n".encode("cp932"))
    assert b"\x95\x5c" in path.read_bytes()
    assert not blocks.can_be_cut("cp932")
    column = read_variables(path, ["t"], Reading(encoding="cp932", delimiter="|")).columns["t"]
    assert isinstance(column, TextColumn)
    assert column.levels == ("\u8868",)


@given(
    st.lists(st.text("0123456789.,+-eE \u00e6", max_size=8).filter(lambda t: len(t.encode()) <= 8), max_size=20),
    st.sampled_from(["", ".", ","]),
)
@example(["", "-", "+", ".", "-.5", "1.", "99999999", "-9999999", "1..2", "00000000", "-0", ":", "/"], ".")
def test_keys_are_read_as_cells_are(texts: list[str], decimal: str):
    careful = Spelling(decimal, frozenset())
    values, plain = keys.numbers(np.array([keys.key(text.encode()) for text in texts], dtype="<u8"), decimal)
    for text, value, is_plain in zip(texts, values.tolist(), plain.tolist(), strict=True):
        expected = careful.number(text)
        in_digits = expected is not None and set(text) <= set("0123456789+-.,") and any(map(str.isdigit, text))
        assert is_plain == in_digits
        if is_plain:
            assert struct.pack("<d", value) == struct.pack("<d", expected or 0.0 * value)


@given(st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=30), max_size=8))
def test_a_lookup_learns_each_text_once_in_the_order_of_appearance(parts: list[list[int]]):
    asked: list[bytes] = []

    def number(text: bytes) -> float:
        asked.append(text)
        return len(asked) - 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "_TABLE_BITS", 2)  # most texts share a slot with another
        lookup = keys.Lookup(number, np.int64)
        for part in parts:
            found = lookup.at(np.array([keys.key(str(value).encode()) for value in part], dtype="<u8"))
            assert [asked[code].decode() for code in found.tolist()] == [str(value) for value in part]
    flat = [str(value).encode() for part in parts for value in part]
    assert asked == list(dict.fromkeys(flat))


# -- .dta --------------------------------------------------------------------------------------------------------------

PLAIN = ["a_byte", "a_int", "a_long", "a_float", "a_double", "day", "yes", "text"]


@pytest.mark.parametrize("version", [114, 117, 118, 119])
@pytest.mark.parametrize("order", ["<", ">"])
def test_rows_taken_by_numpy_are_those_of_pandas(tmp_path: Path, version: Any, order: Any):
    path = tmp_path / "node.dta"
    frame = everything()[[*PLAIN, "long_text"]] if version > 114 else everything()[PLAIN]
    strl = ["long_text"] if version > 114 else None
    dates: Any = {"day": "td"}
    frame.to_stata(path, write_index=False, version=version, byteorder=order, convert_dates=dates, convert_strl=strl)
    names = [str(name) for name in frame]
    found = read_rows(path, names, PLAIN[::-1])
    assert found is not None
    assert bits(found) == bits(read_with(PANDAS, path, PLAIN[::-1]))
    assert read_rows(path, names, ["long_text"]) is None if strl else True


@pytest.mark.parametrize("version", VERSIONS)
def test_old_versions_too_or_they_are_left_to_pandas(tmp_path: Path, version: int):
    path = tmp_path / "node.dta"
    for order in "<>":
        path.write_bytes(old_dta(version, order))
        found = read_rows(path, OLD_NAMES, OLD_NAMES)
        assert (found is None) == (version < 113)
        if found is not None:
            assert bits(found) == bits(read_with(PANDAS, path, OLD_NAMES))


def test_any_bytes_in_a_row_are_what_pandas_takes_them_for(tmp_path: Path):
    """Missing values, infinities, numbers beyond what Stata has, texts with anything behind their end."""
    frame = pd.concat([everything()[["a_byte", "a_int", "a_long", "a_float", "a_double", "text"]]] * 500)
    path = tmp_path / "node.dta"
    frame.to_stata(path, write_index=False, version=118)
    content = path.read_bytes()
    start, end = content.index(b"<data>") + 6, content.index(b"</data>")
    chance = random.Random(5)  # noqa: S311 - which bytes, no secret
    often = [*b"\x7f\xff\x7e\xe0\xdf\x65\xc3\0\x80\xfe", *range(256)]
    path.write_bytes(
        content[:start] + bytes(chance.choices(often, [9] * 10 + [1] * 256, k=end - start)) + content[end:]
    )
    names = [str(name) for name in frame]
    found = read_rows(path, names, names)
    assert found is not None
    with np.errstate(all="ignore"):
        assert bits(found) == bits(read_with(PANDAS, path, names))


def test_small_and_large_chunks_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path / "node.dta", everything())
    whole = bits(read_variables(path, PLAIN))
    monkeypatch.setattr(dta_rows, "BYTES", 1)
    monkeypatch.setattr(narrow, "AT_A_TIME", 1)
    assert bits(read_variables(path, PLAIN)) == whole


def test_an_ordinary_file_s_rows_are_not_read_by_pandas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path / "node.dta", everything())
    monkeypatch.setattr(readers_dta, "PANDAS", PANDAS._replace(chunks=lambda *_: pytest.fail("they were")))
    assert read_variables(path, PLAIN).nrows == 4


def test_many_texts_are_numbered_as_a_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "node.dta"
    texts = [f"t{k % 40}" for k in range(200)]
    pd.DataFrame({"t": texts, "longer": [text * 5 for text in texts]}).to_stata(path, write_index=False, version=118)
    for many in (5, 1000):
        monkeypatch.setattr(keys, "MANY", many)
        monkeypatch.setattr(dta_rows, "BYTES", 100)
        found = read_variables(path, ["t", "longer"]).columns
        for name, times in (("t", 1), ("longer", 5)):
            column = found[name]
            assert isinstance(column, TextColumn)
            assert [column.levels[code] for code in column.codes] == [text * times for text in texts]


# -- the smallest type -------------------------------------------------------------------------------------------------

numbers = st.one_of(
    st.integers(-200, 200).map(float),
    st.integers(-(2**33), 2**33).map(float),
    st.sampled_from([127.0, -128.0, 128.0, 32767.0, 32768.0, 2.0**31, 2.0**31 - 1, 2.0**24 + 1, -0.0, np.nan, np.inf]),
    st.floats(width=32),
    st.floats(),
)


def smallest(values: np.ndarray[Any, Any]) -> np.dtype[Any]:
    """By trying each type on all of them."""
    with np.errstate(all="ignore"):
        for to in narrow.TYPES[:-1]:
            limits: Any = np.iinfo(to) if to.kind == "i" else np.finfo(to)
            if to.kind == "i" and not ((values >= limits.min) & (values <= limits.max)).all():
                continue
            if to.kind == "i" and np.signbit(values[values == 0]).any():
                continue
            if np.array_equal(values.astype(to).astype(np.float64), values, equal_nan=True):
                return to
    return narrow.DOUBLE


@given(st.lists(numbers, max_size=12), st.integers(1, 5))
@example([2.0**24 + 1, np.nan], 1)
@example([-0.0, 0.5], 1)
@example([300.0, 0.0, -0.0], 1)
def test_a_column_has_the_smallest_type_that_holds_it_however_it_comes(values: list[float], part: int):
    wanted = np.array(values, dtype=np.float64)
    found = narrow.Narrowing()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(narrow, "AT_A_TIME", part)
        found.add(wanted)
        column = found.column()
    assert column.dtype == smallest(wanted)
    assert column.astype(np.float64).tobytes() == wanted.tobytes() or np.isnan(wanted).any()
    assert np.array_equal(column.astype(np.float64), wanted, equal_nan=True)
    assert np.array_equal(np.signbit(column[column == 0]), np.signbit(wanted[wanted == 0]))
