"""What a node says of a variable: each kind of difference is found, and nothing can be said that is not in the list."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedfolder.dictionary import Entry, made, parse
from fedfolder.errors import RefusedError, TamperedAnswerError
from fedfolder.questions import facts
from fedfolder.questions.differences import FILE, Differences
from fedfolder.questions.facts import Fact
from fedfolder.questions.held import Held, Values
from fedfolder.questions.sample import FactorValues
from fedfolder.questions.sums import add, to_parts
from fedfolder.server.findings import Findings, SiteFindings
from tests.dictionary.test_dictionary import dictionaries

TABLE = b"""name,type,level,label,unit,low,high
age,whole,,,years,10,60
bmi,number,,,,15,50
race,category,1,white,,,
,,2,Black,,,
region,category,North,,,,
,,South,,,,
any,category,,,,,
ill,yes/no,1,ill,,,
born,date,,,,1940-01-01,2010-12-31
name,text,,,,,
"""
DICTIONARY = parse(TABLE, where="x")
VARIABLES = {variable.name: variable for variable in DICTIONARY.variables}
NAN = float("nan")


def numbers(*values: float, **labels: str) -> Values:
    return Values(np.array(values, dtype=np.float64), {level[1:]: text for level, text in labels.items()})


def texts(*values: str) -> Values:
    levels = tuple(dict.fromkeys(filter(None, values)))
    codes = [levels.index(value) if value else -1 for value in values]
    return Values(FactorValues(np.array(codes, dtype=np.int32), levels))


def rows_of(held: Values) -> int:
    return len(held.column.codes if isinstance(held.column, FactorValues) else held.column)


def said(name: str, held: Values) -> set[tuple[str, str]]:
    return {(fact.fact, fact.which) for fact in facts.of(VARIABLES[name], held, rows_of(held))}


GOOD = {
    "age": numbers(*range(20, 40)),
    "bmi": numbers(*np.linspace(18, 40, 20)),
    "race": numbers(*[1, 2] * 10),
    "region": texts(*["North", "South"] * 10),
    "any": numbers(*[7, 8] * 10),
    "ill": numbers(*[0, 1] * 10),
    "born": numbers(*range(0, 10000, 500)),
    "name": texts(*["a", "b"] * 10),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_is_as_it_should_be_gives_no_difference(name):
    assert said(name, GOOD[name]) == {("missing", "none")}


CASES = [
    ("age", texts(*["x"] * 20), ("other type", "text")),
    ("age", numbers(*[20.5] * 20), ("other type", "numbers with decimals")),
    ("bmi", texts(*["x"] * 20), ("other type", "text")),
    ("name", numbers(*range(20)), ("other type", "numbers")),
    ("region", numbers(*range(20)), ("other type", "numbers")),
    ("race", texts(*["white"] * 20), ("other type", "text")),
    ("ill", texts(*["yes"] * 20), ("other type", "text")),
    ("born", texts(*["1950"] * 20), ("other type", "text")),
    ("any", numbers(*[0.5] * 20), ("other type", "numbers with decimals")),
    ("race", numbers(*[1, 2] * 10, 3), ("unknown levels", "1 to 5")),
    ("race", numbers(*range(20)), ("unknown levels", "6 to 20")),
    ("race", numbers(*range(40)), ("unknown levels", "over 20")),
    ("race", numbers(*[1, 2] * 10, -1), ("unknown levels", "1 to 5")),
    ("region", texts(*["North", "South"] * 10, "north"), ("unknown levels", "1 to 5")),
    ("ill", numbers(*[1, 2] * 10), ("unknown levels", "1 to 5")),
    ("race", numbers(*[1] * 20), ("level without rows", "2")),
    ("race", numbers(*[1, 2] * 10, _1="Black"), ("other label", "1")),
    ("age", numbers(*[300] * 20), ("scale", "ten times too large")),
    ("age", numbers(*[2] * 20), ("scale", "ten times too small")),
    ("bmi", numbers(*[0.0025] * 20), ("scale", "ten times too small")),
    ("born", numbers(*[86400000.0 * k for k in range(20)]), ("scale", "ten times too large")),
    ("age", numbers(*[30] * 16, *[70] * 5), ("out of range", "20 to 50 %")),
    ("age", numbers(*[30] * 200, *[70] * 5), ("out of range", "under 5 %")),
    ("age", numbers(*[9] * 20), ("out of range", "all")),
    ("age", numbers(*[30] * 40, NAN), ("missing", "under 5 %")),
    ("age", numbers(*[30] * 18, NAN, NAN), ("missing", "5 to 20 %")),
    ("age", numbers(*[30] * 12, *[NAN] * 8), ("missing", "20 to 50 %")),
    ("age", numbers(*[30] * 10, *[NAN] * 11), ("missing", "over 50 %")),
    ("age", numbers(*[NAN] * 3), ("missing", "all")),
    ("name", texts("", ""), ("missing", "all")),
]


@pytest.mark.parametrize(("name", "held", "expected"), CASES)
def test_each_kind_of_difference_is_found(name, held, expected):
    assert expected in said(name, held)


def test_every_class_of_every_fact_is_met_in_a_case():
    met = {expected for _, _, expected in CASES} | {("missing", "none")}
    wanted = {(fact, which) for fact, classes in facts.WHICH.items() for which in classes}
    about_rows = {("rows", which) for which in facts.WHICH["rows"]}
    absent = {("absent", which) for which in facts.WHICH["absent"]}
    assert wanted - met == about_rows | absent | {("out of range", "5 to 20 %"), ("out of range", "over 50 %")}


@pytest.mark.parametrize(
    ("rows", "which"),
    [(0, "none"), (1, "under 10"), (9, "under 10"), (10, "10 to 99"), (99, "10 to 99"), (10**4, "10000 or more")],
)
def test_rows_come_in_classes(rows, which):
    assert facts.rows(rows) == which


@pytest.mark.parametrize(("median", "scale"), [(61, set()), (175, {"ten times too large"}), (174, set()),
                                               (7, {"ten times too small"}), (8, set()), (30, set())])  # fmt: skip
def test_a_scale_is_off_from_a_factor_of_five_on(median, scale):
    assert {which for fact, which in said("age", numbers(*[median] * 20)) if fact == "scale"} == scale


@pytest.mark.parametrize(("low", "high", "value", "scale"), [
    ("", "50", 260, "ten times too large"), ("", "50", 240, ""), ("10", "", 1.9, "ten times too small"),
    ("10", "", 1e9, ""), ("-5", "5", 30, "ten times too large"), ("-5", "5", -30, "ten times too large"),
    ("-5", "", 1e9, ""), ("", "0", 1, ""), ("0", "", -1, ""), ("", "", 1e300, ""),
])  # fmt: skip
def test_open_and_signed_ranges_have_a_scale_where_they_can(low, high, value, scale):
    (variable,) = made([Entry("x", "", "number", low=low, high=high)]).variables
    found = [fact.which for fact in facts.of(variable, numbers(*[value] * 20), 20) if fact.fact == "scale"]
    assert "".join(found) == scale


FEW = [numbers(*[30] * 8, 1000), numbers(*[1000] * 9), numbers(*[30] * 8, NAN)]


@pytest.mark.parametrize("held", FEW)
def test_of_few_rows_nothing_is_said_about_values(held):
    assert said("age", held) == set()


def test_nine_values_among_many_rows_are_few():
    assert said("age", numbers(*[1000] * 9, *[NAN] * 91)) == {("missing", "over 50 %")}
    assert said("race", numbers(*[1] * 9, *[NAN] * 91)) == {("missing", "over 50 %")}


@pytest.mark.parametrize("few", range(1, facts.FEWEST_OUTSIDE))
def test_a_limit_does_not_tell_one_persons_value(few):
    assert said("age", numbers(*[30] * 20, *[99] * few)) == {("missing", "none")}


def test_labels_differ_by_more_than_capitals_and_blanks():
    assert said("race", numbers(*[1, 2] * 10, _1=" WHITE ", _2="black", _3="x")) == {("missing", "none")}
    assert ("other label", "1") in said("race", numbers(*[1, 2] * 10, _1="whites"))
    assert said("race", numbers(*[1, 2] * 10)) == {("missing", "none")}


QUESTION = Differences(DICTIONARY)


def answer(**held):
    return QUESTION.compute(Held(20, {**GOOD, **held}))


def test_why_a_variable_has_nothing_is_all_that_is_said_of_it():
    for reason in facts.WHICH["absent"]:
        rows = answer(age=reason).rows
        assert [labels for labels in rows if labels[0] == "age"] == [("age", "absent", reason)]


COLUMNS = st.one_of(
    st.sampled_from(facts.WHICH["absent"]),
    st.lists(st.one_of(st.floats(allow_nan=True), st.integers(-3, 9).map(float)), max_size=60).map(
        lambda values: numbers(*values)
    ),
    st.lists(st.text(st.characters(codec="utf-8"), max_size=3), max_size=60).map(lambda values: texts(*values)),
)


@settings(max_examples=60)
@given(st.data())
def test_whatever_a_node_holds_it_says_nothing_but_words_of_the_list_and_of_the_dictionary(data):
    dictionary = data.draw(dictionaries())
    held = {name: data.draw(COLUMNS) for name in dictionary.names}
    rows = max([0, *(rows_of(h) for h in held.values() if isinstance(h, Values))])
    question = Differences(dictionary)
    found = question.compute(Held(rows, held))
    question.check(found, where="x")
    assert question.read_answer(*to_parts(found), where="x") == found
    levels = {level for variable in dictionary.variables for level in variable.levels}
    words = {"rows", *facts.WHICH, *facts.OF_LEVELS, *(w for classes in facts.WHICH.values() for w in classes)}
    for name, fact, which in found.rows:
        assert name in {FILE, *dictionary.names}
        assert fact in words
        assert which in words | levels
    assert set(found.rows.values()) == {(1.0,)}


def test_answers_add_to_the_number_of_sites_that_say_so():
    both = add([answer(age="not released"), answer(), answer()])
    QUESTION.check(both, where="x")
    assert both.value(("age", "absent", "not released"), "sites") == 1.0
    assert both.value(("age", "missing", "none"), "sites") == 2.0
    assert both.scalars == {"nodes": 3.0}


FORGED = {
    "a value": {("age", "median", "41"): (1.0,)},
    "a level of its own": {("race", "level without rows", "Brunhilde"): (1.0,)},
    "a class of its own": {("age", "missing", "3.1 %"): (1.0,)},
    "a variable of its own": {("salary", "missing", "none"): (1.0,)},
    "rows of a variable": {("age", "rows", "none"): (1.0,)},
    "missing of the file": {(FILE, "missing", "none"): (1.0,)},
    "a number for a count": {("age", "missing", "none"): (41.0,)},
    "none for a count": {("age", "missing", "none"): (0.0,)},
    "a fraction": {("age", "missing", "none"): (0.5,)},
}


@pytest.mark.parametrize("case", FORGED)
def test_the_server_takes_no_other_answer(case):
    with pytest.raises(TamperedAnswerError):
        QUESTION.check(dataclasses.replace(answer(), rows=FORGED[case]), where="x")


@pytest.mark.parametrize("change", [{"scalars": {}}, {"scalars": {"nodes": 1.0, "mean": 2.0}}, {"columns": ("mean",)}])
def test_the_server_takes_no_other_scalars_or_columns(change):
    with pytest.raises(TamperedAnswerError):
        QUESTION.check(dataclasses.replace(answer(), **change), where="x")


def test_nothing_else_can_be_asked_by_this_name():
    assert QUESTION.as_asked(QUESTION.declaration(), {}) == QUESTION
    for declaration, files in [({"kind": "differences"}, {}), (QUESTION.declaration(), {"beta.csv": b""})]:
        with pytest.raises(RefusedError):
            QUESTION.as_asked(declaration, files)


def test_a_held_variable_shows_no_value_when_it_is_printed():
    assert "4711" not in repr(Held(20, {"age": numbers(4711), "name": texts("n4711")}))
    assert "4711" not in repr(numbers(4711, _1="l4711"))


# -- the table ----------------------------------------------------------------------------------------------------


def alone(name: str, fact: str, which: str) -> Findings:
    sites = (SiteFindings.of("north", answer()), SiteFindings("south", (Fact(name, fact, which),)))
    return Findings(DICTIONARY, sites)


@pytest.mark.parametrize(("name", "fact", "which"), sorted({(name, *expected) for name, _, expected in CASES}))
def test_the_table_names_site_and_variable_of_every_fact(name, fact, which):
    (line,) = alone(name, fact, which).lines
    assert (line.node, line.variable) == ("south", name)
    assert which in line.words or which == "all"
    assert re.search(rf"^  {name} +south +{re.escape(line.words)}$", alone(name, fact, which).summary(), re.MULTILINE)


REMARKS = {("level without rows", "2"), ("out of range", "under 5 %"), ("missing", "under 5 %"),
           ("missing", "5 to 20 %"), ("missing", "20 to 50 %"), ("missing", "over 50 %")}  # fmt: skip


def test_some_missing_few_outside_and_a_level_less_are_no_difference():
    for name, _, expected in CASES:
        assert bool(alone(name, *expected).differences) == (expected not in REMARKS)


def test_nothing_to_say_is_said():
    found = Findings(DICTIONARY, (SiteFindings.of("north", answer()),))
    assert found.summary() == "north: 10 to 99 rows\n\nNothing differs at the 1 site that has answered."
