"""Mata: brackets and quotes. `'` transposes there, and `*` multiplies: neither quotes nor begins a comment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.stata.checker.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLOSES = {")": "(", "]": "[", "}": "{"}


_TOKEN = re.compile(
    r'(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<string>"[^"\n]*")|(?P<open>/\*|")|(?P<one>[][(){}`])', re.DOTALL
)


def mata(file: str, first_line: int, text: str) -> Iterator[Finding]:
    """What is wrong with a block of Mata, or one line of it."""
    opened: list[tuple[str, int]] = []
    for token in _TOKEN.finditer(text):
        number = first_line + text[: token.start()].count("\n")
        if token["open"]:
            what = "a string" if token["open"] == '"' else "a comment"
            yield Finding("mata", file, number, f"{what} is not closed")
        elif token["string"]:
            yield from _string(file, number, token["string"])
        elif token["one"] == "`":
            yield Finding("mata", file, number, "a macro: it is expanded when the file is read, not when it runs")
        elif token["one"]:
            yield from _bracket(file, number, token["one"], opened)
    for one, number in opened:
        yield Finding("mata", file, number, f"{one} is not closed")


def _string(file: str, number: int, text: str) -> Iterator[Finding]:
    """Within a string a macro may stand, and an apostrophe."""
    plain = re.sub(r"(?<=[a-z])'(?=[a-z])", "", text)
    if plain.count("`") != plain.count("'"):
        yield Finding("mata", file, number, "a macro in a string that lost one of its quotes")


def _bracket(file: str, number: int, one: str, opened: list[tuple[str, int]]) -> Iterator[Finding]:
    if one in _CLOSES.values():
        opened.append((one, number))
    elif one in _CLOSES:
        if not opened or opened[-1][0] != _CLOSES[one]:
            yield Finding("mata", file, number, f"{one} closes nothing")
        else:
            opened.pop()
