from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from fedfolder.estimates.layout import abbreviate, columns_in_order, name_width, rows_of

NAMES = st.text("abcdefghij_", min_size=1, max_size=40)


@given(NAMES, st.integers(5, 32))
def test_an_abbreviation_fits_and_a_short_name_is_left_alone(name, width):
    short = abbreviate(name, width)
    assert short == name if len(name) <= width else len(short) == width and short[-2] == "~"


def test_names_are_cut_as_stata_cuts_them():
    assert abbreviate("pricemt_realGDP", 12) == "pricemt_re~P"
    assert abbreviate("post_pollution", 12) == "post_pollu~n"


def test_order_depends_on_the_command_and_not_on_where_omitted_terms_stood(fits, name):
    result = fits[name]
    labels = [*result.names, *result.omitted]
    order = columns_in_order([result.command], labels)
    shuffled = random.Random(7).sample(labels, len(labels))  # noqa: S311 - shuffles, guards nothing
    assert columns_in_order([result.command], shuffled) == order
    assert sorted(column.label for column in order) == sorted(labels)


def test_rows_show_each_label_once_and_fit_their_width(fits, name):
    result = fits[name]
    columns = columns_in_order([result.command], [*result.names, *result.omitted])
    width = name_width(rows_of(columns, 14), 14)
    rows = rows_of(columns, width)
    assert [row.label for row in rows if row.label] == [column.label for column in columns]
    assert 12 <= width <= 14
    assert all(len(row.stub(width)) == width + 2 for row in rows)


def texts(command, labels):
    return [row.stub(12).rstrip() for row in rows_of(columns_in_order([command], labels), 12)]


def test_a_factor_of_one_integer_level_is_written_out_and_of_one_string_level_stands_as_a_block():
    assert texts("logit y i.a", ["1.a"]) == ["         1.a |"]
    assert texts("logit y i.a", ["yes.a"]) == ["           a |", "        yes  |"]


def test_levels_stand_in_numeric_order():
    assert [t.split()[0] for t in texts("logit y i.a", ["10.a", "9.a", "2.a"])] == ["a", "2", "9", "10"]


def test_a_long_heading_is_broken_after_a_cross():
    heading = texts("logit y i.a_long_name#i.another_one", ["1.a_long_name#1.another_one"])
    assert heading == ["a_long_name# |", " another_one |", "        1 1  |"]


def test_a_label_of_no_term_comes_last_before_the_constant():
    order = columns_in_order(["logit y b a"], ["_cons", "z", "a", "b"])
    assert [column.label for column in order] == ["b", "a", "z", "_cons"]


def test_an_empty_level_is_shown_in_quotes():
    assert texts("logit y i.a", ['"".a', "x.a"]) == ["           a |", '         ""  |', "          x  |"]


def test_terms_of_a_second_command_follow_those_of_the_first_and_blocks_stay_whole():
    order = columns_in_order(["logit y a", "logit y b i.c a"], ["3.c", "a", "_cons", "b", "2.c"])
    assert [column.label for column in order] == ["a", "b", "2.c", "3.c", "_cons"]


def test_levels_of_a_term_that_no_command_has_stay_together():
    order = columns_in_order(["logit y a"], ["3.c", "z", "2.c", "a"])
    assert [column.label for column in order] == ["a", "2.c", "3.c", "z"]
