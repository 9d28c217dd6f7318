from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.command import (
    CONSTANT,
    Column,
    Factor,
    Term,
    all_combinations,
    base_levels,
    columns,
    level_key,
    needs_counts,
    parse,
)
from fedfolder.errors import CommandError, UnknownNameError, VariableError

NAMES = st.sampled_from(["age", "race", "c", "_x", "år"])
LEVELS = st.one_of(
    st.text(max_size=5), st.sampled_from(["c", "", " ", "/", "/1", '"', "a.b", "a#b", "1", "-1", "i", "_cons", "a:b,"])
)
COLUMNS = st.builds(
    Column, st.lists(st.tuples(NAMES, LEVELS), max_size=3).map(tuple), st.lists(NAMES, max_size=3).map(tuple)
)


@given(COLUMNS)
def test_a_label_parses_to_its_column(column):
    assert Column.parse(column.label) == column


@given(COLUMNS, COLUMNS)
def test_two_columns_have_two_labels(one, other):
    assert (one.label == other.label) == (one == other)


@given(st.one_of(st.text(), st.text('ac.#"2_ ')))
def test_a_label_that_is_read_is_the_only_one_of_its_column(text):
    try:
        column = Column.parse(text)
    except CommandError:
        return
    assert column.label == text


@pytest.mark.parametrize(
    ("column", "label"),
    [
        (CONSTANT, "_cons"),
        (Column((), ("age",)), "age"),
        (Column((("race", "2"),)), "2.race"),
        (Column((("smoke", "1"),), ("lwt",)), "1.smoke#c.lwt"),
        (Column((("a", "1"), ("b", "2"))), "1.a#2.b"),
        (Column((), ("a", "b")), "c.a#c.b"),
        (Column((("dose", "0.5"),)), "0.5.dose"),
        (Column((("g", ""),)), '"".g'),
        (Column((("g", 'say "x"'),)), '"say ""x""".g'),
        (Column((("g", " x"),)), '" x".g'),
        (Column((("g", "a b"),)), "a b.g"),
        (Column((("g", "c"),)), '"c".g'),
        (Column((("g", "/x"),)), '"/x".g'),
        (Column((("g", "x/y"),)), "x/y.g"),
    ],
)
def test_labels_are_statas(column, label):
    assert column.label == label
    assert Column.parse(label) == column


@pytest.mark.parametrize(
    "text",
    ["", ".", "2.", ".race", "2.race#", "#a", '"2".race', "c.age", "c.x#2.race", "2._cons", "2.9", "x y", "/x.g"],
)
def test_what_is_no_canonical_label_is_refused(text):
    with pytest.raises(CommandError):
        Column.parse(text)


def test_levels_sort_by_number_then_by_code_point():
    assert sorted(["b", "10", "2", "-1", "B", "ä", "1.5", "02", ""], key=level_key) == [
        "-1", "02", "2", "10", "", "1.5", "B", "b", "ä",
    ]  # fmt: skip
    assert level_key("9" * 5000) > level_key("1")


LEVELS_OF = {"a": ("0", "1"), "b": ("1", "2", "3"), "d": ("x", "y")}


def labels(right_hand_side, **bases):
    terms = parse(f"logit y {right_hand_side}").terms
    return [column.label for column in columns(terms, LEVELS_OF, base_levels(terms, LEVELS_OF) | bases)]


@pytest.mark.parametrize(
    ("right_hand_side", "expected"),
    [
        ("x", "x"),
        ("i.b", "2.b 3.b"),
        ("ib2.b", "1.b 3.b"),
        ("i.b, nocons", "2.b 3.b"),
        ("a##b", "1.a 2.b 3.b 1.a#2.b 1.a#3.b"),
        ("a#b", "0.a#2.b 0.a#3.b 1.a#1.b 1.a#2.b 1.a#3.b"),
        ("i.a a#b", "1.a 0.a#2.b 0.a#3.b 1.a#2.b 1.a#3.b"),
        ("i.b a#b", "2.b 3.b 1.a#1.b 1.a#2.b 1.a#3.b"),
        ("i.a#c.x", "0.a#c.x 1.a#c.x"),
        ("i.a##c.x", "1.a x 1.a#c.x"),
        ("x a#b#c.x", "x 0.a#2.b#c.x 0.a#3.b#c.x 1.a#1.b#c.x 1.a#2.b#c.x 1.a#3.b#c.x"),
        ("a#c.x a#b#c.x", "0.a#c.x 1.a#c.x 0.a#2.b#c.x 0.a#3.b#c.x 1.a#2.b#c.x 1.a#3.b#c.x"),
        ("c.x#c.z i.a#c.z#c.x", "c.x#c.z 1.a#c.z#c.x"),
        ("i.d", "y.d"),
        ("ibn.b", "1.b 2.b 3.b"),
        ("ib(first).b", "2.b 3.b"),
        ("ib(last).b", "1.b 2.b"),
        ("ibn.b##i.a", "1.b 2.b 3.b 1.a 1.b#1.a 2.b#1.a 3.b#1.a"),
        ("ibn.a#ibn.b", "0.a#1.b 0.a#2.b 0.a#3.b 1.a#1.b 1.a#2.b 1.a#3.b"),
        ("ib(last).a#b", "0.a#1.b 0.a#2.b 0.a#3.b 1.a#2.b 1.a#3.b"),
        ("ibn.b##c.x", "1.b 2.b 3.b x 1.b#c.x 2.b#c.x 3.b#c.x"),
    ],
)
def test_columns(right_hand_side, expected):
    assert labels(right_hand_side) == expected.split()


SUBSETS = [tuple(s) for size in (1, 2, 3) for s in itertools.combinations("abd", size)]
MODELS_OF_TERMS = st.lists(
    st.builds(
        lambda names, x: Term(tuple(Factor(n) for n in names), ("x",) * x),
        st.sampled_from([(), *SUBSETS]),
        st.integers(0, 2),
    ),
    unique_by=lambda term: term.key,
    max_size=5,
)  # fmt: skip
ROWS = [(row, x) for row in itertools.product(*LEVELS_OF.values()) for x in (1.0, 2.0, 5.0)]


def design(chosen):
    """A full factorial, as a matrix with a constant in front."""
    matrix = np.ones((len(ROWS), len(chosen) + 1))
    for at, (combination, x) in enumerate(ROWS):
        row = dict(zip(LEVELS_OF, combination, strict=True))
        for j, column in enumerate(chosen, start=1):
            indicator = all(row[variable] == level for variable, level in column.factors)
            matrix[at, j] = indicator * x ** len(column.continuous)
    return matrix


@given(MODELS_OF_TERMS)
def test_what_is_left_out_is_a_combination_of_what_stays(terms):
    kept = columns(terms, LEVELS_OF, base_levels(terms, LEVELS_OF))
    everything = [column for term in terms for column in all_combinations(term, LEVELS_OF)]
    assert np.linalg.matrix_rank(design(kept)) == np.linalg.matrix_rank(design(everything))


@given(st.sets(st.sampled_from(SUBSETS)), st.integers(0, 2))
def test_a_hierarchical_model_has_full_rank(chosen, power):
    closed = {s for c in chosen for size in range(1, len(c) + 1) for s in itertools.combinations(c, size)}
    terms = [
        Term(tuple(Factor(name) for name in names), ("x",) * k)
        for names in [(), *sorted(closed)]
        for k in range(power + 1)
    ][1:]
    matrix = design(columns(terms, LEVELS_OF, base_levels(terms, LEVELS_OF)))
    assert np.linalg.matrix_rank(matrix) == matrix.shape[1]


def test_all_combinations_has_the_first_factor_slowest_and_the_bases_too():
    found = [c.label for c in all_combinations(Term((Factor("b"), Factor("a", "1")), ("x",)), LEVELS_OF)]
    assert found == [f"{b}.b#{a}.a#c.x" for b in "123" for a in "01"]


def test_the_base_is_the_given_one_or_the_lowest():
    terms = parse("logit y i.a ib3.b#a i.d").terms
    levels = LEVELS_OF | {"d": ("10", "9", "x")}
    assert base_levels(terms, levels) == {"a": "0", "b": "3", "d": "9"}
    by_hand = (Term((Factor("b", "3"),)), Term((Factor("b"), Factor("a"))))
    assert base_levels(by_hand, levels) == base_levels(by_hand[::-1], levels) == {"a": "0", "b": "3"}


def test_the_base_is_chosen_by_rule():
    terms = parse("logit y ib(first).a ib(last).b#ib(freq).d ibn.e").terms
    levels = {"a": ("10", "9"), "b": ("2", "x", "10"), "d": ("u", "v", "w"), "e": ("1", "2")}
    counts = {"d": {"w": 3, "v": 3, "u": 2}}
    assert base_levels(terms, levels, counts) == {"a": "9", "b": "x", "d": "v"}
    assert base_levels(terms, levels, {"d": {"w": 1}}) == {"a": "9", "b": "x", "d": "w"}
    assert needs_counts(terms) == ("d",)
    with pytest.raises(ValueError, match="needs counts"):
        base_levels(terms, levels)
    by_hand = (Term((Factor("a"),)), Term((Factor("a", None, "last"), Factor("b"))))
    assert base_levels(by_hand, levels) == base_levels(by_hand[::-1], levels) == {"a": "10", "b": "2"}


@given(st.lists(st.integers(0, 3), min_size=1, max_size=4))
def test_the_most_frequent_level_does_not_depend_on_the_order_of_nodes(sizes):
    levels = tuple(str(n) for n in range(len(sizes)))
    counts = {"g": dict(zip(levels, sizes, strict=True))}
    backwards = {"g": dict(reversed(counts["g"].items()))}
    terms = parse("logit y ib(freq).g").terms
    base = base_levels(terms, {"g": levels}, counts)["g"]
    assert base == base_levels(terms, {"g": levels[::-1]}, backwards)["g"] == str(sizes.index(max(sizes)))


def test_a_base_that_is_no_level_is_refused_without_listing_the_levels():
    with pytest.raises(UnknownNameError) as caught:
        base_levels(parse('logit y ib"q".d').terms, LEVELS_OF)
    assert "q" in str(caught.value)
    assert "y" not in caught.value.found + caught.value.do
    with pytest.raises(VariableError):
        base_levels(parse("logit y i.d").terms, {"d": ()})
