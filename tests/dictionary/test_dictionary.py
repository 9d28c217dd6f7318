"""Dictionaries are read as they were meant, or not at all; what is wrong is named with its line."""

from __future__ import annotations

import contextlib
import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.dictionary import TYPES, Dictionary, Entry, Variable, from_tables, made, parse, write
from fedfolder.dictionary.entry import from_plain
from fedfolder.dictionary.variable import DAY_ZERO, MOST_VARIABLES
from fedfolder.errors import ConfigError

NAMES = st.from_regex(r"[a-zæøå_][a-z0-9_]{0,10}", fullmatch=True).filter(lambda name: name != "_cons")
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)
LABELS = st.one_of(st.just(""), TEXTS, st.just('a "quoted", one; with = signs'))
NUMBERS = st.floats(-1e12, 1e12).map(lambda value: float(f"{value:.6g}") + 0.0)


@st.composite
def entries(draw, name):
    kind = draw(st.sampled_from(TYPES))
    levels: list[str] = []
    if kind == "category":
        whole = st.lists(st.integers(0, 999).map(str), max_size=4, unique=True)
        words = st.lists(st.from_regex(r"[A-Za-z;,\"= ø-]{1,8}[a-z]", fullmatch=True), max_size=4, unique_by=str.strip)
        levels = draw(st.one_of(whole, words))
    low, high = "", ""
    if kind in {"number", "whole"}:
        ends = sorted(draw(st.lists(NUMBERS, min_size=2, max_size=2)))
        low, high = (draw(st.sampled_from([repr(end), ""])) for end in ends)
    if kind == "date":
        low = draw(st.dates()).isoformat()
    pairs = [(level, draw(LABELS), "") for level in levels]
    unit, description = draw(LABELS), draw(LABELS)
    return Entry(name, "here", kind, pairs, unit, low, high, description)


@st.composite
def dictionaries(draw):
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    return made([draw(entries(name)) for name in names])


@given(dictionaries())
def test_a_dictionary_that_is_written_reads_the_same(dictionary):
    assert parse(write(dictionary), where="x") == dictionary
    plain = json.loads(json.dumps(dictionary.to_plain()))
    assert from_plain(plain) == dictionary
    assert from_plain(plain).to_plain() == plain


@given(dictionaries(), st.sampled_from([",", ";", "\t"]), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_a_spreadsheet_may_choose_delimiter_mark_and_line_ends(dictionary, delimiter, mark, end):
    import csv
    import io

    rows = list(csv.reader(io.StringIO(write(dictionary).decode("utf-8-sig"), newline="")))
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    again = text.getvalue().encode("utf-8-sig" if mark else "utf-8")
    assert parse(again, where="x") == dictionary


@given(st.binary(max_size=200))
def test_nothing_but_our_own_error_comes_of_any_bytes(content):
    for head in (b"", b"name,type,level\n"):
        with contextlib.suppress(ConfigError):
            parse(head + content, where="x")


@given(st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)), lambda inner: st.one_of(
    st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["name", "type", "levels", "level", "low"]), inner)
), max_leaves=8))  # fmt: skip
def test_nothing_but_our_own_error_comes_of_any_json(found):
    with contextlib.suppress(ConfigError):
        assert isinstance(from_plain(found), Dictionary)


def test_a_decimal_comma_goes_with_semicolons():
    found = parse(b"name;type;low;high\nx;number;0,5;1.5\n", where="x").variables[0]
    assert (found.low, found.high) == (0.5, 1.5)


def test_a_date_is_a_number_of_days():
    (found,) = parse(b"name,type,low\nborn,date,1960-01-31\n", where="x").variables
    assert (found.low, found.end(found.low)) == (30.0, "1960-01-31")
    assert DAY_ZERO.year == 1960


WRONG = {
    "no type": ("name,type\nage,\n", 2, "does not say of which type age is"),
    "a type of no kind": ("name,type\nx,whole\n\nage,hole\n", 4, "does not say of which type age is"),
    "no name": ("name,type,level\n,,1\n", 2, "first row"),
    "a name no command can use": ("name,type\nage (years),whole\n", 2, "cannot be the name"),
    "a variable twice": ("name,type\nage,whole\nx,whole\nage,whole\n", 4, "twice"),
    "an unknown column": ("name,typ\nage,whole\n", 1, "no column"),
    "no column of types": ("name,level\nage,1\n", 1, "lacks the column type"),
    "a column twice": ("name,type,type\nage,whole,whole\n", 1, "two columns type"),
    "a cell too many": ("name,type\nage,whole,10,60\n", 2, "beyond"),
    "a range that ends before it begins": ("name,type,low,high\nage,whole,60,10\n", 2, "ends before"),
    "an end that is none": ("name,type,low\nage,whole,ten\n", 2, "cannot be read"),
    "an end that is infinite": ("name,type,low\nage,whole,1e999\n", 2, "cannot be read"),
    "a day in no calendar": ("name,type,low\nborn,date,2001-02-30\n", 2, "cannot be read"),
    "a range of a category": ("name,type,low\nrace,category,1\n", 2, "plausible range"),
    "levels of a number": ("name,type,level\nx,number,\n\nage,number,1\n", 4, "has levels"),
    "a level twice": ("name,type,level\nrace,category,1\n,,01\n", 3, "level 1 twice"),
    "a level that is no whole number": ("name,type,level\nrace,category,1\n,,1.5\n", 3, "number for a level"),
    "a label without a level": ("name,type,level,label\nrace,category,1,a\n,,,b\n", 3, "level without a name"),
    "yes/no with three": ("name,type,level\nx,yes/no,0\n,,2\n", 3, "level 2"),
    "another unit further down": ("name,type,level,unit\nr,category,1,\n,,2,kg\n", 3, "another unit"),
    "not UTF-8": ("name,type,label\nage,whole,\nr\xf8d,category,\n", 3, "not UTF-8"),
    "a quotation mark left open": ('name,type\nage,"whole\n', 2, "no table"),
    "nothing": ("", 1, "lacks the column name"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_with_its_line(case):
    text, line, what = WRONG[case]
    with pytest.raises(ConfigError) as raised:
        parse(text.encode("latin-1"), where="dictionary.csv")
    assert what in raised.value.what
    assert raised.value.where.endswith(f"dictionary.csv, line {line}")


WRONG_TABLES = {
    "no table": ("format = 1\nvariables.age = 1\n", "line 2"),
    "an unknown line": ('[variables.x]\ntype = "whole"\n[variables.age]\ntyp = "whole"\n', "line 3"),
    "a wrong level": ('\n\n[ variables."age" ]\ntype = "yes/no"\nlevels = [2]\n', "line 3"),
    "levels that are none": ('[variables.age]\ntype = "category"\nlevels = 3\n', "line 1"),
    "a time": ('[variables.age]\ntype = "date"\nlow = 1990-01-01T10:00:00\n', "line 1"),
    "true": ('[variables.age]\ntype = "whole"\nlow = true\n', "line 1"),
}


@pytest.mark.parametrize("case", WRONG_TABLES)
def test_what_is_wrong_in_study_toml_is_named_with_its_line(case):
    text, line = WRONG_TABLES[case]
    with pytest.raises(ConfigError) as raised:
        from_tables(tomllib.loads(text)["variables"], text, where="study.toml")
    assert raised.value.where == f"study.toml, {line}"


def test_study_toml_may_hold_dates_and_lists():
    text = '[variables.d]\ntype = "date"\nlow = 1960-01-02\n[variables.r]\ntype = "category"\nlevels = ["a", "b"]\n'
    day, race = from_tables(tomllib.loads(text)["variables"], text, where="study.toml").variables
    assert day.low == 1.0
    assert race.levels == {"a": "", "b": ""}


def test_texts_that_look_alike_are_one_level():
    (found,) = parse("name,type,level\nr,category,Ø  st\n".encode(), where="x").variables
    assert list(found.levels) == ["Ø st"]


def test_a_dictionary_fits_into_a_message():
    entry = [Entry(f"x{k}", "", "whole") for k in range(MOST_VARIABLES + 1)]
    with pytest.raises(ConfigError, match="too large"):
        made(entry)
    with pytest.raises(ConfigError, match="too large"):
        made([Entry(f"x{k}", "", "whole", description="æ" * 2000) for k in range(400)])
    assert made(entry[:-1]).names[-1] == f"x{MOST_VARIABLES - 1}"


def test_yes_no_has_both_levels_whatever_is_labelled():
    (found,) = parse(b"name,type,level,label\nx,yes/no,1,ill\n", where="x").variables
    assert found == Variable("x", "yes/no", {"0": "", "1": "ill"})
    assert Dictionary((found,)).labels() == {"x": {"1": "ill"}}
