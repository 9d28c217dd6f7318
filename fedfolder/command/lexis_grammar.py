"""`stset`, `stsplit` and `merge`, from text."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from fedfolder.command.expression import LARGEST
from fedfolder.command.expression_grammar import read_expression
from fedfolder.command.grammar import read_name
from fedfolder.command.lexis import BEGIN, END, Merge, Split, Stset
from fedfolder.command.names import abbreviates
from fedfolder.command.numlist import numlist
from fedfolder.command.pieces import MOST_NUMBERS, expect, number
from fedfolder.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedfolder.command.expression import Expression
    from fedfolder.command.lexer import Token, Tokens

_STSET = "as in stset years, failure(died) id(pid)"
_SPLIT = "as in stsplit fu, at(0 1 2 5 10)"
_MERGE = "as in merge m:1 sex age year using popmort, keepusing(rate)"
_LONGER = {"failure": "f", "id": "id", "time0": "time0", "origin": "o", "enter": "en", "exit": "ex", "scale": "sc"}
"""The options of `stset`, each with its shortest abbreviation."""


def read_stset(tokens: Tokens) -> Stset:
    """Take what follows the word `stset`; `CommandError` if it is not as it should be."""
    time = read_name(tokens, "the variable with the time at which a record ends").text
    condition: Expression | None = None
    if tokens.at("if"):
        tokens.take()
        condition = read_expression(tokens)
    expect(tokens, ",", _STSET)
    names: dict[str, str] = {}
    moments: dict[str, Expression] = {}
    values: tuple[float, ...] = ()
    scale = 1.0
    for name, word in _options(tokens, _LONGER, _STSET):
        expect(tokens, "(", _STSET)
        if name in {"origin", "enter", "exit"}:
            moments[name] = _moment(tokens, name)
        elif name == "scale":
            scale = _above_zero(tokens, word, "scale")
        else:
            names[name] = read_name(tokens).text
            if name == "failure" and tokens.at("="):
                expect(tokens, "=", _STSET)
                expect(tokens, "=", "as in failure(cause==1 2)")
                values = _ascending(tokens, _STSET)
        expect(tokens, ")", _STSET)
    if "failure" not in names:
        tokens.fail("stset needs to know what a failure is", tokens.next, expected=f"failure(variable), {_STSET}")
    return Stset(
        time, names["failure"], values, names.get("id"), names.get("time0"), **moments, scale=scale, condition=condition
    )


def _moment(tokens: Tokens, name: str) -> Expression:
    """Take `time` and when."""
    expect(tokens, "time", f"as in {name}(time diagnosis); other forms of {name}() are not supported")
    return read_expression(tokens)


def _above_zero(tokens: Tokens, word: Token, name: str) -> float:
    """Take a number above zero."""
    found = number(tokens, f"a number, as in {name}(1)")
    if found <= 0:
        tokens.fail(f"{name}() takes a number above zero", word)
    return found


def _options(tokens: Tokens, known: dict[str, str], expected: str) -> Iterator[tuple[str, Token]]:
    """The options that follow, by their full names, each once; whoever asks takes the argument."""
    seen: set[str] = set()
    while tokens.next.kind != "end":
        word = tokens.next
        name = next((n for n, shortest in known.items() if abbreviates(word.text, n, shortest)), None)
        if name is None:
            tokens.fail("this is no option here", word, expected=f"one of {', '.join(known)}; {expected}")
        if name in seen:
            tokens.fail(f"the option {name} is given twice", word, do="leave one of them out")
        seen.add(name)
        tokens.take()
        yield name, word


def read_split(tokens: Tokens) -> Split:
    """Take what follows the word `stsplit`; `CommandError` if it is not as it should be."""
    name = read_name(tokens, "the name of the new variable")
    if name.text in {BEGIN, END}:
        tokens.fail(f"{name.text} is a time of every row", name, do="give the new variable another name")
    expect(tokens, ",", _SPLIT)
    at: tuple[float, ...] = ()
    every: float | None = None
    after: Expression | None = None
    alone: set[str] = set()
    for option, word in _options(tokens, {n: n for n in ("at", "every", "after", "trim", "icodes")}, _SPLIT):
        if option in {"trim", "icodes"}:
            alone.add(option)
            continue
        expect(tokens, "(", _SPLIT)
        if option == "at":
            at = _ascending(tokens, _SPLIT)
        elif option == "every":
            every = _above_zero(tokens, word, "every")
        else:
            after = _after(tokens)
        expect(tokens, ")", _SPLIT)
    if bool(at) == (every is not None):
        tokens.fail("stsplit needs to know where to cut", tokens.next, expected=f"at() or every(), {_SPLIT}")
    if alone and every is not None:
        what = f"{min(alone)} needs a first and a last number"
        tokens.fail(what, tokens.next, do="write at() instead of every()")
    return Split(name.text, at, every, after, "trim" in alone, "icodes" in alone)


def _after(tokens: Tokens) -> Expression:
    """Take `_t = ` and a moment in analysis time."""
    expected = "as in after(_t = -age), the moment of birth in analysis time"
    if not tokens.at(END, "t"):
        tokens.fail("after() takes a moment in analysis time", tokens.next, expected=expected)
    tokens.take()
    expect(tokens, "=", expected)
    return read_expression(tokens)


def read_merge(tokens: Tokens) -> Merge:
    """Take what follows the word `merge`; `CommandError` if it is not as it should be."""
    for sign in ("m", ":", "1"):
        expect(tokens, sign, _MERGE)
    keys: list[str] = []
    while not tokens.at("using"):
        keys.append(read_name(tokens, "a variable to look up by").text)
    if not keys or len(set(keys)) < len(keys):
        tokens.fail("merge needs the variables to look up by, each once", tokens.next, expected=_MERGE)
    tokens.take()
    if tokens.next.kind == "string" or tokens.peek(1).text not in {",", ""}:
        do = "each site names its own file in node.toml, under [tables.popmort]"
        tokens.fail("a table is called by its name; no path travels", tokens.next, expected=_MERGE, do=do)
    table = read_name(tokens, "the name of a table").text
    expect(tokens, ",", _MERGE)
    names: list[str] = []
    for option, _ in _options(tokens, {"keepusing": "keepus", "nogenerate": "nogen"}, _MERGE):
        if option == "keepusing":
            expect(tokens, "(", _MERGE)
            while not tokens.at(")"):
                names.append(read_name(tokens, "a variable of the table").text)
            tokens.take()
    if not names or len({*names, *keys}) < len(names) + len(keys):
        tokens.fail("merge needs the variables to take, each once, and no key", tokens.next, expected=_MERGE)
    return Merge(tuple(keys), table, tuple(names))


def _ascending(tokens: Tokens, expected: str) -> tuple[float, ...]:
    """Take numbers up to the closing parenthesis, each larger than the one before: `0 1 2`, `0(5)85`, `1/4`."""
    first, depth, end = tokens.next, 0, tokens.next.start
    while not (depth == 0 and tokens.at(")")) and tokens.next.kind != "end":
        depth += tokens.at("(") - tokens.at(")")
        end = tokens.take().end
    try:
        found = numlist(tokens.text[first.start : end])
    except ConfigError as error:
        tokens.fail(error.what, first, expected=error.expected or expected)
    if len(found) > MOST_NUMBERS:
        tokens.fail(f"there are more than {MOST_NUMBERS} numbers", first)
    if max(map(abs, found)) >= LARGEST:
        tokens.fail("this number is too large", first, expected="numbers below 8.9e307")
    if any(b <= a for a, b in pairwise(found)):
        tokens.fail("these numbers do not ascend", first, expected="each one larger than the one before")
    return tuple(found)
