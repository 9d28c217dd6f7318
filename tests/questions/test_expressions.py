"""Expressions against a second reading of Stata's rules, written with plain Python numbers one row at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.command import parse_expression
from fedfolder.command.expression import (
    BINARY,
    COMPARISON,
    LARGEST,
    Binary,
    Call,
    Missing,
    Name,
    Number,
    Unary,
)
from fedfolder.errors import UnknownNameError, VariableError
from fedfolder.questions.expressions import evaluate, holds, warns
from tests.command.strategies import expressions

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Texts:
    codes: np.ndarray
    levels: tuple[str, ...]


NUMBERS = st.one_of(
    st.sampled_from([0.0, 1.0, 2.0, -1.0, 0.5, -2.5, 3.0, 1e300, -0.0]), st.none(), st.floats(-1e3, 1e3)
)
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=8)
TREES = expressions(st.sampled_from(["x", "y"])).filter(lambda tree: '"' not in str(tree))


def columns_of(rows):
    table = np.array([[math.nan if v is None else v for v in row] for row in rows], dtype=float)
    return {"x": table[:, 0], "y": table[:, 1]}


def stata(part, row):  # noqa: PLR0911 - one a kind of part
    """The value of a part in one row; None is missing."""
    if isinstance(part, Number):
        return part.value
    if isinstance(part, Missing):
        return None
    if isinstance(part, Name):
        return row[part.text]
    if isinstance(part, Unary):
        value = stata(part.operand, row)
        if part.sign == "!":
            return float(value == 0)
        return None if value is None else -value
    if isinstance(part, Binary):
        left, right = stata(part.left, row), stata(part.right, row)
        if part.sign in "&|":
            truths = [left != 0, right != 0]
            return float(all(truths) if part.sign == "&" else any(truths))
        if BINARY[part.sign] == COMPARISON:
            return float(compare(part.sign, left, right))
        return compute(part.sign, left, right)
    return call(part.function, [stata(argument, row) for argument in part.arguments])


def compare(sign, left, right):
    left, right = (math.inf if v is None else v for v in (left, right))
    found = {"==": left == right, "<": left < right, ">": left > right}
    found |= {"!=": not found["=="], "<=": not found[">"], ">=": not found["<"]}
    return found[sign]


def fine(value):
    return value if isinstance(value, float) and abs(value) < LARGEST else None


def compute(sign, left, right):
    if left is None or right is None:
        return None
    try:
        return fine(
            {"+": left + right, "-": left - right, "*": left * right}.get(sign)
            if sign in "+-*"
            else left / right
            if sign == "/"
            else math.pow(left, right)
        )
    except (OverflowError, ValueError, ZeroDivisionError):
        return None


PLAIN: dict[str, Callable[[float], float]] = {
    "ln": math.log, "exp": math.exp, "sqrt": math.sqrt, "abs": abs, "int": math.trunc, "floor": math.floor,
    "ceil": math.ceil, "round": lambda v: math.floor(v) + (v - math.floor(v) >= 0.5),
}  # fmt: skip


def call(name, values):  # noqa: PLR0911 - one a function
    if name == "missing":
        return float(None in values)
    if name in {"min", "max"}:
        present = [value for value in values if value is not None]
        return (min if name == "min" else max)(present) if present else None
    if name == "inlist":
        return float(any(compare("==", values[0], value) for value in values[1:]))
    if name == "inrange":
        z, a, b = values
        return float(z is not None and (a is None or z >= a) and (b is None or z <= b))
    if name == "cond":
        if values[0] is None and len(values) == 4:
            return values[3]
        return values[2] if values[0] == 0 else values[1]
    if None in values:
        return None
    if name == "round" and len(values) == 2:
        value, unit = values
        return value if unit == 0 else compute("*", *[call("round", [compute("/", value, unit)]), unit])
    try:
        return fine(float(PLAIN[name](values[0])))
    except (OverflowError, ValueError):
        return None


@given(TREES, ROWS)
def test_every_value_is_what_a_row_alone_gives_by_the_rules(tree, rows):
    found = evaluate(tree, columns_of(rows), len(rows))
    expected = [stata(tree, dict(zip("xy", row, strict=True))) for row in rows]
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [math.nan if v is None else v for v in expected])
    assert holds(tree, columns_of(rows), len(rows)).tolist() == [value != 0 for value in expected]


@given(TREES, ROWS, st.data())
def test_a_row_has_the_same_bits_in_every_split(tree, rows, data):
    whole = evaluate(tree, columns_of(rows), len(rows))
    at = data.draw(st.integers(1, len(rows)))
    parts = [evaluate(tree, columns_of(part), len(part)) for part in (rows[:at], rows[at:]) if part]
    assert np.concatenate(parts).tobytes() == whole.tobytes()


@pytest.mark.parametrize("text", ["ln(x)", "exp(x/100)", "x^0.3", "x^2", "x^-1.5", "2^(x/50)", "sqrt(x)*x + x/3"])
def test_many_rows_have_the_bits_of_single_ones(text):
    x = np.random.default_rng(1).uniform(0.01, 400, 1001)
    tree = parse_expression(text)
    whole = evaluate(tree, {"x": x})
    assert whole[::2].tobytes() == evaluate(tree, {"x": x[::2]}).tobytes()
    assert whole.tobytes() == b"".join(evaluate(tree, {"x": value[None]}).tobytes() for value in x)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-2^2", -4), ("(-2)^2", 4), ("2^-1", 0.5), ("!0^0", 1), ("!2==0", 1), ("1 + 2*3", 7), ("10 - 4 - 3", 3),
        ("8/4/2", 1), ("1/0", math.nan), ("ln(-1)", math.nan), ("ln(0)", math.nan), ("sqrt(-1)", math.nan),
        ("exp(710)", math.nan), ("1e300*1e300", math.nan), ("(-8)^(1/3)", math.nan),
        ("0^-1", math.nan), (".^0", math.nan),
        ("1^.", math.nan), ("0*.", math.nan), (".>1e300", 1), ("5>.", 0), (".==.", 1), (".!=.", 0), (".>=5", 1),
        ("!.", 0), (". & 1", 1), (". | 0", 1), ("int(-2.7)", -2), ("floor(-2.1)", -3), ("ceil(2.1)", 3),
        ("round(2.5)", 3), ("round(-2.5)", -2), ("round(0.49999999999999994)", 0), ("round(28, 5)", 30),
        ("round(7.3, 0)", 7.3), ("min(3, ., 2)", 2), ("min(., 3)", 3),
        ("max(., -3)", -3), ("8e307*2", math.nan), ("-8e307*2", math.nan),
         ("max(., .)", math.nan), ("max(2, 10, ., 7)", 10), ("abs(-3)", 3),
        ("missing(1, .)", 1), ("inlist(., 1, .)", 1), ("inlist(3, 1, 2)", 0), ("inrange(5, 1, .)", 1),
        ("inrange(., 1, .)", 0), ("inrange(5, ., 4)", 0), ("inrange(5, ., .)", 1), ("cond(., 1, 2)", 1),
        ("cond(., 1, 2, 3)", 3), ("cond(0, 1, 2)", 2), ("cond(2, .a, 2)", math.nan), ('"a"<"b"', 1), ('"B"<"a"', 1),
        ('""<"a"', 1), ('missing("")', 1), ('missing("x", 1)', 0), ('inlist("a", "b", "a")', 1),
        ('inrange("b", "a", "c")', 1),
    ],
)  # fmt: skip
def test_values_are_statas(text, value):
    found = evaluate(parse_expression(text), {})
    assert found.shape == ()
    np.testing.assert_equal(float(found), value)


RACE = Texts(np.array([0, 1, -1, 2, 0], dtype=np.int32), ("white", "black", "other"))
TWIN = Texts(np.array([1, 1, 0, -1, 0], dtype=np.int32), ("black", "white"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('race=="white"', [1, 0, 0, 0, 1]),
        ('race!="white"', [0, 1, 1, 1, 0]),
        ('race==""', [0, 0, 1, 0, 0]),
        ('race=="Martian"', [0, 0, 0, 0, 0]),
        ('race<"other"', [0, 1, 1, 0, 0]),
        ("race==twin", [1, 0, 0, 0, 0]),
        ("missing(race)", [0, 0, 1, 0, 0]),
        ("missing(race, twin)", [0, 0, 1, 1, 0]),
        ('inlist(race, "black", "other")', [0, 1, 0, 1, 0]),
        ('cond(race=="white", 1, .)', [1, math.nan, math.nan, math.nan, 1]),
    ],
)
def test_text_is_compared_with_text(text, expected):
    found = evaluate(parse_expression(text), {"race": RACE, "twin": TWIN})
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "text",
    ["race==1", 'x=="a"', "race+1", "race", "!race", "race & x", "ln(race)", '"a"', '"a"+"b"', 'inlist(race, 1, "a")',
     'cond(x, "a", "b")', "min(race, 1)", "race==.", "-race"],
)  # fmt: skip
def test_text_and_numbers_do_not_mix(text):
    with pytest.raises(VariableError):
        evaluate(parse_expression(text), {"race": RACE, "x": np.ones(5)})


def test_an_unknown_variable_and_an_infinite_value_are_errors():
    with pytest.raises(UnknownNameError, match="did you mean"):
        evaluate(parse_expression("agee>2"), {"age": np.ones(2)})
    with pytest.raises(VariableError, match="infinite"):
        evaluate(parse_expression("age>2"), {"age": np.array([1.0, np.inf])})


def test_rows_without_a_variable_and_what_is_returned_is_ones_own():
    assert holds(parse_expression("1"), {}, 3).tolist() == [True] * 3
    x = np.array([1.0, 2.0])
    found = evaluate(parse_expression("x"), {"x": x}, 2)
    found[0] = 9
    assert x.tolist() == [1, 2]
    assert evaluate(parse_expression("x"), {"x": np.array([1, 2])}).dtype == np.float64


# ------------------------------------------------------------------------------------------------ complex numbers


SMOOTH = [
    "_b[x]*_b[y]", "_b[x]/_b[y]", "ln(_b[x])", "exp(_b[x]/3)", "sqrt(_b[x]) - _b[y]",
    "_b[x]^2", "(-_b[x])^3", "_b[x]^_b[y]",
    "2^_b[x]", "abs(-_b[x])", "-_b[x]/_b[y] + 1", "min(_b[x], 9)*_b[y]", "max(_b[x], 9)", "cond(_b[x]>1, _b[y]^2, 0)",
    "round(_b[x])", "_b[x]*(_b[y]>1)", "_b[x]^-1.5", "exp(ln(_b[x])*2)", "_b[x]^0",
]  # fmt: skip


@pytest.mark.parametrize("text", SMOOTH)
def test_a_complex_step_gives_the_derivative(text):
    tree, at, step = parse_expression(text, estimates=True), {"_b[x]": 1.7, "_b[y]": 2.3}, 1e-30
    plain = float(evaluate(tree, {name: np.array(value) for name, value in at.items()}))
    for name in at:

        def value(shift, moved=name):
            return evaluate(tree, {n: np.array(v + shift * (n == moved)) for n, v in at.items()})

        found = value(step * 1j)
        assert found.real == pytest.approx(plain, rel=1e-15)
        slope = float(value(1e-6) - value(-1e-6)) / 2e-6
        assert found.imag / step == pytest.approx(slope, rel=1e-8, abs=1e-8)


def test_complex_numbers_without_a_value_are_missing():
    for text in ("ln(_b[x])", "1/(_b[x] + 1)", "_b[x]^0.5", "sqrt(_b[x])"):
        found = evaluate(parse_expression(text, estimates=True), {"_b[x]": np.array(-1 + 1e-30j)})
        assert math.isnan(found.real), text


# ------------------------------------------------------------------------------------------------ what warns() says


QUIET = ["+", "-", "*", "&", "|", "==", "!=", "<", "<=", ">", ">="]
LEAVES = st.one_of(st.builds(Number, st.sampled_from([0.0, 1.0, 2.0])), st.builds(Name, st.sampled_from("xy")))
CONDITIONS = st.recursive(
    LEAVES,
    lambda parts: st.one_of(
        st.builds(Binary, st.sampled_from(QUIET), parts, parts),
        st.builds(Unary, st.sampled_from("!-"), parts),
        st.builds(lambda a, b, c: Call("inlist", (a, b, c)), parts, parts, parts),
        st.builds(lambda a, b, c: Call("inrange", (a, b, c)), parts, parts, parts),
        st.builds(lambda a, b, c: Call("cond", (a, b, c)), parts, parts, parts),
        st.builds(lambda a, b: Call("max", (a, b)), parts, parts),
    ),
    max_leaves=8,
)
GRID = [-1.0, 0.0, 1.0, 2.0, 3.0]


GUARDS = [Binary("<", Name("x"), Missing()), Unary("!", Call("missing", (Name("x"),)))]


@given(CONDITIONS, st.sampled_from(GUARDS))
def test_a_guard_beside_a_condition_ends_its_warning(condition, guard):
    for guarded in (Binary("&", condition, guard), Binary("&", guard, condition)):
        assert "x" not in warns(guarded)
        assert all(stata(guarded, {"x": None, "y": value}) == 0 for value in GRID)


@given(CONDITIONS)
def test_where_nothing_is_said_a_missing_value_makes_true_only_what_every_value_does(condition):
    for name, other in ("xy", "yx"):
        if name in warns(condition):
            continue
        for value in GRID:
            here = stata(condition, {name: None, other: value}) != 0
            everywhere = all(stata(condition, {name: v, other: value}) != 0 for v in GRID)
            assert not here or everywhere
