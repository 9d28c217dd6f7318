from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.command import parse_expression
from fedfolder.command.expression import FUNCTIONS, Call, Estimate, Missing, Name, Number, depth
from fedfolder.command.expression_grammar import DEEPEST, LONGEST
from fedfolder.command.guards import fills, notes, warns
from fedfolder.command.parse import parse
from fedfolder.errors import CommandError
from tests.command.strategies import expressions

PIECES = st.sampled_from(
    [*"()+-*/^&|!~<>=.,[]#'`;\"", *re.split(" ", "1 .5 2e3 1e999 x race == != ~= <= && .a ln( cond( missing( _b[ _n")]
)


@given(expressions(estimates=True))
def test_the_canonical_text_parses_to_the_same_expression(expression):
    assert parse_expression(str(expression), estimates=True) == expression


@given(st.one_of(st.text(), st.lists(PIECES).map("".join), st.lists(PIECES).map(" ".join)))
def test_whatever_the_text_an_expression_or_an_error_with_its_caret_comes_out(text):
    try:
        expression = parse_expression(text, estimates=True)
    except CommandError as caught:
        error = caught
    else:
        assert parse_expression(str(expression), estimates=True) == expression
        return
    assert 0 <= error.position <= len(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("sex==2&age>=50", "sex==2 & age>=50"),
        ("a|b&c", "a | b & c"),
        ("(a|b)&c", "(a | b) & c"),
        ("a|(b&c)", "a | b & c"),
        ("a~=b", "a!=b"),
        ("~a", "!a"),
        ("!a==b", "!a==b"),
        ("!(a==b)", "!(a==b)"),
        ("-2^2", "-2^2"),
        ("(-2)^2", "(-2)^2"),
        ("2^-1", "2^-1"),
        ("2^(-x^2)", "2^-(x^2)"),
        ("!a^2", "!a^2"),
        ("!(-a)", "!-a"),
        ("!(-a^2)", "!-(a^2)"),
        ("-a*b", "-a*b"),
        ("-(a*b)", "-(a*b)"),
        ("a- -b", "a - -b"),
        ("+a", "a"),
        ("a-b-c", "a - b - c"),
        ("a-(b-c)", "a - (b - c)"),
        ("a/b*c", "a/b*c"),
        ("a/(b*c)", "a/(b*c)"),
        ("a+b*c", "a + b*c"),
        ("(a+b)*c", "(a + b)*c"),
        ("(a<b)==c", "(a<b)==c"),
        ("a+1>b", "a + 1>b"),
        ("x<.&y", "x<. & y"),
        ("log(x)", "ln(x)"),
        ("mi(x,y)", "missing(x, y)"),
        ("inlist(x,1,.5,2e3)", "inlist(x, 1, 0.5, 2000)"),
        ("x==1e-5", "x==1e-05"),
        ("x==007.50", "x==7.5"),
        ('x=="say ""a"""', 'x=="say ""a"""'),
        ("cond(x<., .a, .)", "cond(x<., .a, .)"),
        ("ln", "ln"),
        ("Größe>2", "Größe>2"),
        ("_b[ age ]/_se[2:age]", "_b[age]/_se[2:age]"),
        ("_coef[_cons]", "_b[_cons]"),
        ('_b["a]""b".x]', '_b["a]""b".x]'),
        ("exp(_b[1.smoke#c.lwt])", "exp(_b[1.smoke#c.lwt])"),
        ("_b[/lnalpha]", "_b[/lnalpha]"),
    ],
)
def test_the_text_means(text, canonical):
    expression = parse_expression(text, estimates=True)
    assert str(expression) == canonical
    assert parse_expression(canonical, estimates=True) == expression


@pytest.mark.parametrize(
    ("marked", "message"),
    [  # the caret stands before the `¦`
        ("¦", "ends before"),
        ("x==¦", "ends before"),
        ("x¦=2", "found ="),
        ("x ¦&& y", "found &&"),
        ("(x ¦|| y)", r"found \|\|"),
        ("1<x¦<5", "comparison of a comparison"),
        ("a^b¦^c", "power of a power"),
        ("a^-b¦^c", "power of a power"),
        ("x¦[1]", "after an expression"),
        ("x ¦y", "after an expression"),
        ("¦(x", "not closed"),
        ("(x¦]", "within parentheses"),
        ("ln¦(x", "not closed"),
        ("ln(¦)", "instead of"),
        ("¦lnn(x)", "did you mean ln"),
        ("¦ln(x, y)", "2 arguments"),
        ("¦inrange(x, 1)", "2 arguments"),
        ("¦cond(x, 1)", "3 to 4 arguments"),
        ("x==¦.abc", "instead of"),
        ("x¦==.a", "told apart"),
        ("¦inlist(x, 1, .z)", "told apart"),
        ("x==¦1e400", "too large"),
        ("x==¦9x", "instead of"),
        ("x==1¦.race", "after an expression"),
        ("¦_n>1", "not the name of a variable"),
        ("¦_cons", "not the name of a variable"),
        ("¦" + "a" * 33, "not the name of a variable"),
        ("x==¦`y'", "instead of"),
        ("¦_b[]", "names no parameter"),
        ("¦_b", "names no parameter"),
        ('¦_b["a]', None),
        ("x¦#y", "after an expression"),
    ],
)  # fmt: skip
def test_an_error_has_its_caret_under_the_place(marked, message):
    with pytest.raises(CommandError, match=message) as caught:
        parse_expression(marked.replace("¦", ""), estimates=True)
    assert message is None or caught.value.position == marked.index("¦")


def test_estimates_stand_only_where_they_are_asked_for():
    assert parse_expression("_b[x]", estimates=True) == Estimate("b", "x")
    with pytest.raises(CommandError, match="only after a fit"):
        parse_expression("_b[x]")


@pytest.mark.parametrize("opening", ["(", "-", "+", "!", "!-", "2^(-", "ln(", "missing(1,", "-(", "cond(x,x,"])
def test_depth_is_bounded_and_never_a_recursion_error(opening):
    closing = ")" * opening.count("(")
    for count in (DEEPEST // 2, 100, 100_000):
        text = opening * count + "x" + closing * count
        if count < DEEPEST:
            assert parse_expression(str(parse_expression(text))) == parse_expression(text)
        else:
            with pytest.raises(CommandError, match="too deeply"):
                parse_expression(text)


@pytest.mark.parametrize("sign", ["+", "*", "|", "&", "-", "/"])
def test_length_is_bounded(sign):
    assert depth(parse_expression(sign.join(["x"] * LONGEST))) == LONGEST
    for count in (LONGEST + 1, 100_000):
        with pytest.raises(CommandError, match=r"too long|at most"):
            parse_expression(sign.join(["x"] * count))
    with pytest.raises(CommandError, match="at most"):
        parse_expression(f"inlist({', '.join(['x'] * 1000)})")
    with pytest.raises(CommandError, match="too large"):
        parse_expression("9" * 100_000)


def test_names_are_in_order_of_appearance():
    assert parse_expression("b + ln(a)*b & c==.").names == ("b", "a", "c")


def test_a_number_is_not_negative_nor_infinite():
    for value in (-1.0, -0.0, float("inf"), float("nan"), 2.0**1023):
        with pytest.raises(ValueError, match="no number"):
            Number(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x>5", "x"), ("x>=5", "x"), ("x!=5", "x"), ("x", "x"), ("x<5", ""), ("x<=5", ""), ("x==5", ""), ("!x", ""),
        ("!(x<5)", "x"), ("!(x>5)", ""), ("5<x", "x"), ("5>x", ""), ("x-1", "x"), ("-x", "x"), ("ln(x)>2", "x"),
        ("x>5 & x<.", ""), ("x>5 & !missing(x)", ""), ("x<. & x>5", ""), ("x>5 & x!=.", ""), ("x>5 & !(x>=.)", ""),
        ("x>5 | x<.", "x"), ("x>5 & y==2", "x"), ("x>5 & y!=2", "x y"), ("x>5 | y==2", "x"), ("x==5 | y==2", ""),
        ("x>5 & y<.", "x"), ("x>y", "x"), ("x<y", "y"), ("x>y & x<.", ""), ("x==y", ""), ("x!=y", "x y"),
        ("missing(x)", ""), ("!(x<.)", ""), ("!!missing(x)", ""), ("!(x<. & x<5)", ""),
         ("missing(x) | x>5", ""), ("x>=.", ""), ("x==.", ""), ("missing(x) & x>5", "x"),
        ("inlist(x,1,2)", ""), ("!inlist(x,1,2)", "x"), ("inlist(x,1,.)", ""), ("inrange(x,1,2)", ""),
        ("!inrange(x,1,2)", "x"), ("!inrange(x,1,2) & x<.", ""), ("cond(x>5,1,0)", "x"), ("cond(x<.,x>5,0)", ""),
        ("cond(missing(x),0,x>5)", ""), ("cond(x,1,0,0)", ""), ("cond(x,0,0,1)", "x"), ("max(x,y)>5", "x y"),
        ("max(x,1)>0", "x"), ("(x>5)==1", "x"), ("(x>5)*1", "x"), ("1", ""), ('race!="white"', "race"),
        ('race=="white"', ""), ("x>5 & 0", ""), ("x>5 | 1", ""), ("inlist(3,x,y)", "x y"), ("min(x,y)<3", "x y"),
    ],
)  # fmt: skip
def test_a_condition_warns_of_what_missing_values_make_true(text, expected):
    assert warns(parse_expression(text)) == tuple(expected.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x>5", "x"), ("x<5", "x"), ("x+1", ""), ("ln(x)", ""), ("x>5 & x<.", ""), ("x==.", ""), ("missing(x)", ""),
        ("cond(x<., x>5, .)", ""), ("max(x,y)", "x y"), ("max(x,x)", ""), ("inlist(x,1)", "x"), ("!x", "x"),
        ("(x>5)*x", ""), ("cond(x>5,1,2)", "x"), ("cond(x,1,2,.)", ""), ("x & y", "x y"),
    ],
)  # fmt: skip
def test_a_derived_variable_is_told_of_that_fills_in_missing_values(text, expected):
    assert fills(parse_expression(text)) == tuple(expected.split())


def test_notes_leave_out_what_drops_its_row_anyway():
    (note,) = notes(parse("generate old = age>50; logit low old x if lwt>100 & x>3 [fw=w]"))[1:]
    assert note.startswith("the condition can be true where lwt is missing")
    (note,) = notes(parse("generate old = age>50; logit low old"))
    assert note.startswith("old is a number where age is missing")
    assert notes(parse("generate old = age>50; logit low old age if age<60 & low>0")) == ()


def test_a_call_prints_its_arguments():
    for name, (fewest, _) in FUNCTIONS.items():
        call = Call(name, (Name("x"),) * fewest)
        assert parse_expression(str(call)) == call
    assert str(Missing("b")) == ".b"
