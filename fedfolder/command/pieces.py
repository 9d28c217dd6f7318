"""Pieces that the statements which derive variables share: signs and numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fedfolder.command.expression import LARGEST

if TYPE_CHECKING:
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
