"""The statements that derive variables, from text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fedfolder.command.derivation import CubicSpline, Cut, Generate, LinearSpline
from fedfolder.command.expression_grammar import read_expression, refuse_rest
from fedfolder.command.grammar import read_name
from fedfolder.command.lexis_grammar import read_merge, read_split
from fedfolder.command.names import abbreviates
from fedfolder.command.pieces import MOST_NUMBERS, ascending, expect, number, refuse_if
from fedfolder.command.recode_grammar import read_recode
from fedfolder.command.stset_grammar import read_stset
from fedfolder.command.terms import LONGEST_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedfolder.command.derivation import Derivation
    from fedfolder.command.lexer import Token, Tokens

FEWEST_KNOTS = 3
"""Of a restricted cubic spline."""

STATEMENTS = {
    "generate": "g",
    "egen": "egen",
    "recode": "recode",
    "mkspline": "mkspline",
    "stset": "stset",
    "stsplit": "stsplit",
    "merge": "mer",
}
"""The statements, each with its shortest abbreviation."""

_STATAS = frozenset(
    re.split(
        " ",
        "replace drop keep label rename sort gsort encode decode destring tostring append joinby reshape "
        "collapse contract expand use save import insheet infile set local global scalar matrix foreach forvalues "
        "tabulate summarize list describe codebook inspect count xi clonevar separate svyset xtset bysort by "
        "quietly capture do run clear preserve restore fillin mi order recast format",
    )
)


def derives(word: str) -> bool:
    """Whether a statement that begins with this word derives a variable."""
    return any(abbreviates(word, name, shortest) for name, shortest in STATEMENTS.items())


def changes_data(word: str) -> bool:
    """Whether Stata has a command of this name that works on data, and this release has not."""
    return word in _STATAS


def read_derivation(tokens: Tokens) -> Derivation:
    """Take a whole statement.

    Raises
    ------
    CommandError
        With the caret under the place.
    """
    word = tokens.take()
    name = next(name for name, shortest in STATEMENTS.items() if abbreviates(word.text, name, shortest))
    readers: dict[str, Callable[[Tokens], Derivation]] = {
        "generate": _generate,
        "egen": _cut,
        "recode": read_recode,
        "mkspline": _spline,
        "stset": read_stset,
        "stsplit": read_split,
        "merge": read_merge,
    }
    derivation = readers[name](tokens)
    if tokens.next.kind != "end":
        refuse_if(tokens)
        tokens.fail(
            f"found {tokens.next.text[0]} after the statement", tokens.next, expected="; and the next statement"
        )
    return derivation


def _generate(tokens: Tokens) -> Generate:
    if tokens.at("double") and tokens.peek(1).kind == "word":
        tokens.take()
    elif tokens.at("byte", "int", "long", "float") and tokens.peek(1).kind == "word":
        tokens.fail("every derived variable is a double", tokens.next, do="leave the type out; int() cuts decimals off")
    name = read_name(tokens, "the name of the new variable")
    expect(tokens, "=", "as in generate lnlwt = ln(lwt)")
    expression = read_expression(tokens)
    if tokens.next.kind != "end":
        refuse_if(tokens)
        refuse_rest(tokens, "; and the next statement")
    return Generate(name.text, expression)


def _cut(tokens: Tokens) -> Cut:
    expected = "as in egen agegrp = cut(age), at(0 20 30 60)"
    name = read_name(tokens, "the name of the new variable")
    expect(tokens, "=", expected)
    function = tokens.next
    if function.text != "cut":
        tokens.fail("of egen's functions only cut() is supported", function, expected=expected)
    tokens.take()
    expect(tokens, "(", expected)
    source = read_name(tokens)
    expect(tokens, ")", expected)
    expect(tokens, ",", expected)
    at: tuple[float, ...] = ()
    icodes = False
    while tokens.next.kind != "end":
        word = tokens.next
        if word.text == "icodes" and not icodes:
            tokens.take()
            icodes = True
        elif word.text == "group":
            tokens.fail("group() cuts at quantiles, which the nodes do not share", word, do="write at() with numbers")
        else:
            expect(tokens, "at", expected)
            if at:
                tokens.fail("the option at is given twice", word)
            at = ascending(tokens, 2, expected)
    if not at:
        tokens.fail("cut() needs the ends of its intervals", tokens.next, expected=expected)
    return Cut(name.text, source.text, at, icodes)


def _spline(tokens: Tokens) -> CubicSpline | LinearSpline:
    expected = "as in mkspline rc = age, cubic knots(20 30 40)"
    first = read_name(tokens, "the name of the new variables")
    if tokens.at("="):
        tokens.take()
        source = read_name(tokens)
        return _cubic(tokens, first, source, expected)
    names, knots = [first.text], [number(tokens, "as in mkspline a1 20 a2 30 a3 = age")]
    while not tokens.at("="):
        at = tokens.next
        names.append(read_name(tokens, "the name of a new variable").text)
        if tokens.at("="):
            break
        knots.append(number(tokens, "as in mkspline a1 20 a2 30 a3 = age"))
        if knots[-1] <= knots[-2] or len(knots) > MOST_NUMBERS:
            tokens.fail("these knots do not ascend, or are too many", at, expected="each larger than the one before")
    if len(names) == len(knots):
        tokens.fail("the last piece has no name", tokens.next, expected="as in mkspline a1 20 a2 30 a3 = age")
    tokens.take()
    source = read_name(tokens)
    marginal = tokens.at(",")
    if marginal:
        tokens.take()
        word = tokens.next
        if word.kind != "word" or not abbreviates(word.text, "marginal", "m"):
            tokens.fail("this is no option of mkspline with knots between names", word, expected="marginal")
        tokens.take()
    return LinearSpline(tuple(names), source.text, tuple(knots), marginal)


def _cubic(tokens: Tokens, stub: Token, source: Token, expected: str) -> CubicSpline:
    """Take the options of a cubic spline."""
    expect(tokens, ",", expected)
    cubic = False
    knots: tuple[float, ...] = ()
    while tokens.next.kind != "end":
        word = tokens.next
        if abbreviates(word.text, "cubic", "cu") and not cubic:
            tokens.take()
            cubic = True
        elif word.text in {"nknots", "pctile", "displayknots"}:
            what = f"{word.text} takes knots from the data, which the nodes do not share"
            tokens.fail(what, word, do="write knots() with numbers")
        else:
            expect(tokens, "knots", expected)
            if knots:
                tokens.fail("the option knots is given twice", word)
            knots = ascending(tokens, FEWEST_KNOTS, expected)
    if not cubic or not knots:
        tokens.fail("a spline of this form needs cubic and knots()", tokens.next, expected=expected)
    spline = CubicSpline(stub.text, source.text, knots)
    if len(spline.names[-1]) > LONGEST_NAME:
        tokens.fail(f"a name has at most {LONGEST_NAME} characters, with its number", stub)
    return spline
