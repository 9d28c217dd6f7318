"""Words, options and lists in a command: our reading of [U] 11, [P] tokenize and [P] gettoken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.stata.standin.errors import StataError
from tests.stata.standin.expressions import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator


def words(text: str) -> list[str]:
    """The words of a text, a string in quotes being one, without its quotes."""
    found, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        if text.startswith(('"', '`"'), at):
            word, at = quoted(text, at)
        else:
            match = re.compile(r'[^\s"`]+|`(?!")').match(text, at)
            if match is None:
                raise StataError(198, "invalid syntax")
            word, at = match[0], match.end()
        found.append(word)
    return found


def gettoken(text: str, parse: str) -> tuple[str, str]:
    """The next token and the rest: parsing characters are tokens of their own, blanks are not ([P] gettoken)."""
    blanks = " " in parse
    at = len(text) - len(text.lstrip(" ")) if blanks else 0
    if at >= len(text):
        return "", ""
    if text.startswith(('"', '`"'), at):
        token, end = quoted(text, at)
        return token, text[end:]
    if text[at] in parse:
        return text[at], text[at + 1 :]
    end = at
    while end < len(text) and text[end] not in parse:
        end += 1
    return text[at:end], text[end:]


def top(text: str) -> Iterator[tuple[int, str]]:
    """The characters that are in no quotes, parentheses or brackets, with their places."""
    depth, at = 0, 0
    while at < len(text):
        if text.startswith(('"', '`"'), at):
            try:
                _, at = quoted(text, at)
            except StataError:
                return
            continue
        char = text[at]
        depth += (char in "([") - (char in ")]")
        if depth == 0 and char not in ")]":
            yield at, char
        at += 1


def split_options(text: str) -> tuple[str, dict[str, str | None]]:
    """What is before the comma, and the options after it: a name, with what is in its parentheses."""
    comma = next((at for at, char in top(text) if char == ","), None)
    if comma is None:
        return text.strip(), {}
    return text[:comma].strip(), options(text[comma + 1 :])


def options(text: str) -> dict[str, str | None]:
    """Options: `level(90) nolog`; commas between them are let pass as Stata does."""
    found: dict[str, str | None] = {}
    at = 0
    while at < len(text):
        match = re.compile(r"[\s,]*([^\W\d]\w*|\w+)").match(text, at)
        if match is None:
            if text[at:].strip(" ,"):
                raise StataError(198, f"option {text[at:].strip()} not allowed")
            break
        name, at = match[1], match.end()
        argument = None
        if text.startswith("(", at):
            end = closing(text, at)
            argument, at = text[at + 1 : end], end + 1
        found[name] = argument
    return found


def closing(text: str, at: int) -> int:
    """Where the parenthesis that opens at `at` closes.

    Raises
    ------
    StataError
        132 if it does not.
    """
    depth, i = 0, at
    while i < len(text):
        if text.startswith(('"', '`"'), i):
            _, i = quoted(text, i)
            continue
        depth += (text[i] == "(") - (text[i] == ")")
        if depth == 0:
            return i
        i += 1
    raise StataError(132, "too many '(' or '['")


def only(options_: dict[str, str | None], *known: str) -> None:
    """Every option is one that the stand-in knows; what Stata knows besides is outside of the subset.

    Raises
    ------
    OutsideSubset
        Another option.
    """
    from tests.stata.standin.errors import OutsideSubset

    for name in options_:
        if name not in known:
            raise OutsideSubset(f"option {name}")
