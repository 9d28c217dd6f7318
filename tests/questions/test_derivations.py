"""Derived variables against what Stata's manual says of each command, and against themselves in every split."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.command import parse
from fedfolder.errors import UnknownNameError, VariableError
from fedfolder.questions.derivations import derive
from tests.command.strategies import derivations
from tests.questions.test_expressions import RACE

NAN = math.nan
AGES = np.array([NAN, -1, 0, 19.5, 20, 29, 30, 59.9, 60, 100])


def made(statement, **columns):
    """The derived variables of a statement; the model names the first of them."""
    name = parse_names(statement)
    return derive(parse(f"{statement}; logit outcome {name}").derivations, columns)


def parse_names(statement):
    """The first variable that a statement defines."""
    words = statement.replace("(", " ").replace(")", " ").replace("=", " ").split()
    return words[-1] if words[0] == "recode" else words[1] + ("1" if "cubic" in words else "")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("egen g = cut(age), at(0 20 30 60)", [NAN, NAN, 0, 0, 20, 20, 30, 30, NAN, NAN]),
        ("egen g = cut(age), at(0 20 30 60) icodes", [NAN, NAN, 0, 0, 1, 1, 2, 2, NAN, NAN]),
        ("egen g = cut(age), at(-1 19.5)", [NAN, -1, -1, NAN, NAN, NAN, NAN, NAN, NAN, NAN]),
        ("recode age (0 = 7) (20 = 8), generate(g)", [NAN, -1, 7, 19.5, 8, 29, 30, 59.9, 60, 100]),
        ("recode age (0/20 = 1) (20/30 = 2), generate(g)", [NAN, -1, 1, 1, 1, 2, 2, 59.9, 60, 100]),
        ("recode age (min/20 = 1) (60/max = 3), generate(g)", [NAN, 1, 1, 1, 1, 29, 30, 59.9, 3, 3]),
        ("recode age (min/max = 1), generate(g)", [NAN, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
        ("recode age (0 20 . = 5) (else = .), generate(g)", [5, NAN, 5, NAN, 5, NAN, NAN, NAN, NAN, NAN]),
        ("recode age (-1 = .) (missing = 9), generate(g)", [9, NAN, 0, 19.5, 20, 29, 30, 59.9, 60, 100]),
        ("recode age (0/20 = 1) (nonmissing = 2), generate(g)", [NAN, 2, 1, 1, 1, 2, 2, 2, 2, 2]),
        ("recode age (0/20 = 1) (* = 2), generate(g)", [2, 2, 1, 1, 1, 2, 2, 2, 2, 2]),
        ("generate g = age>=30", [1, 0, 0, 0, 0, 0, 1, 1, 1, 1]),
        ("generate g = cond(age<., age>=30, .)", [NAN, 0, 0, 0, 0, 0, 1, 1, 1, 1]),
        ("generate g = ln(age + 1)", [NAN, NAN, 0, *(math.log(v + 1) for v in AGES[3:])]),
        ("generate g = 4", [4] * 10),
    ],
)
def test_each_value_is_statas(statement, expected):
    found = made(statement, age=AGES)
    assert list(found) == ["g"]
    np.testing.assert_array_equal(found["g"], expected)


def harrell(x, knots):
    """The restricted cubic splines of Harrell's book, by truncated powers normed by the squared span of the knots."""
    t, span = knots, (knots[-1] - knots[0]) ** 2
    cube = lambda u: max(u, 0.0) ** 3  # noqa: E731
    return [
        (
            cube(x - t[j])
            - cube(x - t[-2]) * (t[-1] - t[j]) / (t[-1] - t[-2])
            + cube(x - t[-1]) * (t[-2] - t[j]) / (t[-1] - t[-2])
        )
        / span
        for j in range(len(t) - 2)
    ]


@pytest.mark.parametrize("knots", [(20, 30, 40), (-1, 0, 0.5, 3), (10, 25, 40, 55, 70)])
def test_cubic_splines_are_harrells(knots):
    x = np.array([*np.linspace(-20, 90, 23), NAN])
    found = made(f"mkspline rc = x, cubic knots({' '.join(map(str, knots))})", x=x)
    assert list(found) == [f"rc{i}" for i in range(1, len(knots))]
    np.testing.assert_array_equal(found["rc1"], x)
    for row, value in enumerate(x[:-1]):
        expected = harrell(value, knots)
        np.testing.assert_allclose([found[f"rc{i}"][row] for i in range(2, len(knots))], expected, rtol=1e-9, atol=1e-9)
    assert all(np.isnan(values[-1]) for values in found.values())


def test_cubic_splines_are_linear_outside_of_their_knots():
    x = np.array([1.0, 5, 9, 100, 110, 120])
    for name, values in made("mkspline rc = x, cubic knots(20 30 40 60)", x=x).items():
        assert np.ptp(np.diff(values[3:])) < 1e-9, name
        if name != "rc1":
            assert values[:3].tolist() == [0, 0, 0]


def test_linear_splines_are_pieces_that_add_up():
    x = np.array([NAN, -5.0, 20, 25, 30, 42])
    found = made("mkspline a1 20 a2 30 a3 = x", x=x)
    np.testing.assert_array_equal(found["a1"], [NAN, -5, 20, 20, 20, 20])
    np.testing.assert_array_equal(found["a2"], [NAN, 0, 0, 5, 10, 10])
    np.testing.assert_array_equal(found["a3"], [NAN, 0, 0, 0, 0, 12])
    np.testing.assert_array_equal(sum(found.values()), x)
    found = made("mkspline a1 20 a2 30 a3 = x, marginal", x=x)
    np.testing.assert_array_equal(found["a1"], x)
    np.testing.assert_array_equal(found["a2"], [NAN, 0, 0, 5, 10, 22])
    np.testing.assert_array_equal(found["a3"], [NAN, 0, 0, 0, 0, 12])


def test_one_derived_variable_is_made_of_another():
    command = parse("generate z = x^2; egen g = cut(z), at(0 4 9); recode g (0 = 1), generate(r); logit y r")
    found = derive(command.derivations, {"x": np.array([1.0, 2.0, 3.0]), "y": np.zeros(3)})
    assert list(found) == ["z", "g", "r"]
    np.testing.assert_array_equal(found["r"], [1, 4, NAN])


@given(st.data())
def test_a_row_has_the_same_bits_in_every_split(data):
    values = st.one_of(st.floats(-1e3, 1e3), st.just(NAN), st.integers(-3, 100).map(float))
    x = np.array(data.draw(st.lists(values, min_size=1, max_size=9)))
    statement = data.draw(derivations(0, st.just("x")).filter(lambda d: '"' not in str(d)))
    whole = derive([statement], {"x": x})
    at = data.draw(st.integers(0, len(x)))
    for name in statement.names:
        parts = [derive([statement], {"x": part})[name] for part in (x[:at], x[at:])]
        assert np.concatenate(parts).tobytes() == whole[name].tobytes()
        assert whole[name].shape == x.shape
        assert whole[name].dtype == np.float64
        assert not np.isinf(whole[name]).any()


def test_sources_are_not_written_to():
    x = np.array([1.0, 2.0])
    x.setflags(write=False)
    for statement in (
        "mkspline a 1 b = x, marginal",
        "mkspline r = x, cubic knots(1 2 3)",
        "recode x (1 = 2), generate(g)",
    ):
        for values in made(statement, x=x).values():
            values[0] = 9
    assert x.tolist() == [1, 2]


@pytest.mark.parametrize(
    "statement",
    [
        "egen g = cut(race), at(0 1)",
        "recode race (1 = 2), generate(g)",
        "mkspline a 1 b = race",
        "generate g = race + 1",
    ],
)
def test_text_is_no_number(statement):
    with pytest.raises(VariableError, match="text where a number is needed"):
        made(statement, race=RACE)
    with pytest.raises(UnknownNameError):
        made(statement, x=np.ones(2))
    with pytest.raises(VariableError, match="infinite"):
        made(statement, race=np.array([np.inf]))


def test_a_text_variable_gives_an_indicator():
    np.testing.assert_array_equal(made('generate g = race=="white"', race=RACE)["g"], [1, 0, 0, 0, 1])


def test_what_makes_other_rows_is_none_of_these():
    with pytest.raises(TypeError, match="more than one row"):
        derive(parse("stset t, failure(d); logit y _t").derivations, {"t": np.ones(1), "d": np.ones(1)})


def test_rows_can_be_said_where_no_column_does():
    command = parse("generate one = 1; logit y one")
    assert derive(command.derivations, {}, 3)["one"].tolist() == [1, 1, 1]
