"""The options that this release knows, in one table, and how they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.errors import UnknownNameError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedfolder.command.lexer import Token, Tokens

SMALLEST_LEVEL, LARGEST_LEVEL = 10.0, 99.99
"""Percent: the confidence levels that Stata takes."""

DEFAULT_LEVEL = 95.0


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a command, by its full name; `argument` is the canonical text in its parentheses, or None."""

    name: str
    argument: str | None = None

    def __str__(self) -> str:
        """`noconstant`, `level(90)`."""
        return self.name if self.argument is None else f"{self.name}({self.argument})"


def _level(text: str) -> str | None:
    """The canonical text of a confidence level, None if it is not one."""
    number = re.fullmatch(r"([0-9]{2})(\.[0-9]{0,2})?", text)
    if number is None or not SMALLEST_LEVEL <= float(text) <= LARGEST_LEVEL:
        return None
    return f"{float(text):g}"


@dataclass(frozen=True, slots=True)
class OptionRule:
    """How an option is written.

    Parameters
    ----------
    name, shortest : str
        The full name and its shortest abbreviation; every prefix between them will do.
    models : frozenset of str or None
        The models that have it, None for all.
    canonical : callable or None
        From the text in parentheses to its canonical text, or to None where that text will not do. None for an option
        without an argument.
    expected : str
        What the argument is, for a person.
    """

    name: str
    shortest: str
    models: frozenset[str] | None = None
    canonical: Callable[[str], str | None] | None = None
    expected: str = ""


OPTIONS = (
    OptionRule("noconstant", "nocons"),
    OptionRule("level", "l", canonical=_level, expected="a number from 10 to 99.99, with at most two decimals"),
    OptionRule("or", "or", models=frozenset({"logit"})),
)
"""Every option of this release. Options of a command are kept in this order."""


def abbreviates(word: str, name: str, shortest: str) -> bool:
    """Whether `word` is `name` or one of its abbreviations, none shorter than `shortest`."""
    return name.startswith(word) and len(word) >= len(shortest)


def read_options(tokens: Tokens, model: str) -> tuple[Option, ...]:
    """Take everything after the comma.

    Raises
    ------
    CommandError
        With the caret under the place.
    UnknownNameError
        If the model has no such option.
    """
    found: dict[str, Option] = {}
    while tokens.next.kind != "end":
        word = tokens.next
        if word.text == ",":
            tokens.fail("options follow one comma; this is another one", word, do="leave it out")
        if word.kind != "word":
            tokens.fail("this is not the name of an option", word, expected="an option such as level(90)")
        rule = _rule(word.text, model)
        tokens.take()
        option = _read_argument(tokens, word, rule)
        if option.name in found:
            tokens.fail(f"the option {option.name} is given twice", word, do="leave one of them out")
        found[option.name] = option
    return tuple(found[rule.name] for rule in OPTIONS if rule.name in found)


def _rule(word: str, model: str) -> OptionRule:
    """The rule of the option that this word names or abbreviates."""
    known = [rule for rule in OPTIONS if rule.models is None or model in rule.models]
    for rule in known:
        if abbreviates(word, rule.name, rule.shortest):
            return rule
    raise UnknownNameError(
        f"{model} has no option of this name in this release",
        found=word,
        do=nearest(word, [rule.name for rule in known]),
    )


def _read_argument(tokens: Tokens, word: Token, rule: OptionRule) -> Option:
    """The option, with the argument that follows in parentheses where the rule asks for one."""
    opening = tokens.next
    if rule.canonical is None:
        if opening.text == "(":
            tokens.fail(f"the option {rule.name} takes no argument", opening, do=f"write {rule.name} alone")
        return Option(rule.name)
    if opening.text != "(":
        tokens.fail(f"the option {rule.name} needs an argument", word.end, expected=f"{rule.name}(…): {rule.expected}")
    tokens.take()
    while not tokens.at(")"):
        if tokens.take().kind == "end":
            tokens.fail("the parenthesis that opens here is not closed", opening, expected=")")
    argument = tokens.text[opening.end : tokens.take().start].strip()
    canonical = rule.canonical(argument)
    if canonical is None:
        tokens.fail(f"this is not an argument of {rule.name}()", opening.end, expected=rule.expected)
    return Option(rule.name, canonical)
