"""Pieces that the statements which derive variables share: signs, numbers and options."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from fedfolder.command.expression import LARGEST
from fedfolder.command.names import abbreviates
from fedfolder.command.numlist import numlist
from fedfolder.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fedfolder.command.lexer import Token, Tokens

MOST_NUMBERS = 200
"""Cutpoints, knots or rules in one statement."""

_NUMBER = re.compile(r"\s*(-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?!\w)")


def refuse_if(tokens: Tokens) -> None:
    """Say what to write instead of `if` and `in`."""
    if tokens.at("if", "in"):
        tokens.unsupported(
            f"`{tokens.next.text}` in this statement is", tokens.next, do="write generate x = cond(condition, value, .)"
        )


def expect(tokens: Tokens, sign: str, expected: str) -> Token:
    """Take this sign or word."""
    if not tokens.at(sign):
        refuse_if(tokens)
        found = f"found {tokens.next.text[0]}" if tokens.next.text else "the statement ends"
        tokens.fail(f"{found} where {sign} should be", tokens.next, expected=expected)
    return tokens.take()


def number(tokens: Tokens, expected: str) -> float:
    """Take a number, perhaps with a minus."""
    token = tokens.next
    found = _NUMBER.match(tokens.text, token.start, tokens.stop)
    if found is None:
        what = f"found {token.text[0]} instead of a number" if token.text else "the statement ends before a number"
        tokens.fail(what, token, expected=expected)
    value = float(found[1])
    if abs(value) >= LARGEST:
        tokens.fail("this number is too large", token, expected="numbers below 8.9e307")
    tokens.take_until(found.end())
    return value + 0.0  # -0 is 0


def ascending(tokens: Tokens, fewest: int, expected: str) -> tuple[float, ...]:
    """Take numbers in parentheses, with or without commas, each larger than the one before."""
    opening = expect(tokens, "(", expected)
    found: list[float] = []
    while not tokens.at(")"):
        at = tokens.next
        found.append(number(tokens, expected))
        if len(found) > 1 and found[-1] <= found[-2]:
            tokens.fail("these numbers do not ascend", at, expected="each one larger than the one before")
        if len(found) > MOST_NUMBERS:
            tokens.fail(f"there are more than {MOST_NUMBERS} numbers", at)
        if tokens.at("(", "/"):
            tokens.unsupported("ranges of numbers (0(10)60, 1/5) are", tokens.next, do="write the numbers out")
        if tokens.at(","):
            tokens.take()
    if len(found) < fewest:
        tokens.fail(f"there are fewer than {fewest} numbers", opening, expected=expected)
    tokens.take()
    return tuple(found)


def above_zero(tokens: Tokens, word: Token, name: str) -> float:
    """Take a number above zero."""
    found = number(tokens, f"a number, as in {name}(1)")
    if found <= 0:
        tokens.fail(f"{name}() takes a number above zero", word)
    return found


def options_of(
    tokens: Tokens, known: Mapping[str, str], expected: str, elsewhere: Mapping[str, str] | None = None
) -> Iterator[tuple[str, Token]]:
    """The options that follow, by their full names, each once; whoever asks takes the argument.

    Parameters
    ----------
    known : mapping of str to str
        Each with its shortest abbreviation.
    elsewhere : mapping of str to str, optional
        Options that Stata has and this release has not, each with what to do instead.
    """
    seen: set[str] = set()
    while tokens.next.kind != "end":
        word = tokens.next
        name = next((n for n, shortest in known.items() if abbreviates(word.text, n, shortest)), None)
        if name is None and word.text in (elsewhere or {}):
            tokens.unsupported(f"the option {word.text} is", word, do=(elsewhere or {})[word.text])
        if name is None:
            tokens.fail("this is no option here", word, expected=f"one of {', '.join(known)}; {expected}")
        if name in seen:
            tokens.fail(f"the option {name} is given twice", word, do="leave one of them out")
        seen.add(name)
        tokens.take()
        yield name, word


def listed(tokens: Tokens, expected: str, until: str = ")") -> tuple[float, ...]:
    """Take numbers up to a word or the closing parenthesis, each larger than the one before: `0 1 2`, `0(5)85`."""
    first, depth, end = tokens.next, 0, tokens.next.start
    while not (depth == 0 and tokens.at(")", until)) and tokens.next.kind != "end":
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
