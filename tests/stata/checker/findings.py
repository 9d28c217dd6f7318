"""What a check found, and the rules for every file whatever is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_LINE = 244
"""Characters: what older file formats of Stata hold in a string, and more than an editor shows."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong: the rule that it breaks, the file, the line (1-based) and what is there."""

    rule: str
    file: str
    line: int
    words: str

    def __str__(self) -> str:
        """`fedfolder.ado:3: quotes: a string is not closed`."""
        return f"{self.file}:{self.line}: {self.rule}: {self.words}"


def bytes_of(file: str, content: bytes) -> Iterator[Finding]:
    """ASCII without tabs, lines that end with one line feed and are not too long; nothing after the last of them."""
    if b"\r" in content:
        yield Finding("line-ends", file, content[: content.index(b"\r")].count(b"\n") + 1, "a carriage return")
    if content and not content.endswith(b"\n"):
        yield Finding("line-ends", file, content.count(b"\n") + 1, "no line feed at the end")
    for number, line in enumerate(content.split(b"\n"), start=1):
        if b"\t" in line:
            yield Finding("tabs", file, number, "a tab")
        if not line.isascii():
            yield Finding("ascii", file, number, "a character that is not ASCII")
        if len(line) > LONGEST_LINE:
            yield Finding("long-line", file, number, f"{len(line)} characters")
        if line != line.rstrip(b" "):
            yield Finding("blanks", file, number, "blanks at the end")
