"""The Results window: our reading of [P] display, [P] quietly and [P] smcl."""

from __future__ import annotations

import contextlib
import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WIDTH = 79
_STYLES = "txt|text|res|result|err|error|inp|input|cmd|bf|it|sf|ul on|ul off|com|hi|hilite|reset|ul|smcl"
_DIRECTIVE = re.compile(r"\{([^{}]*)\}")


class Results:
    """The lines that were shown; those of an error are marked, as Stata shows them in red."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, bool]] = []
        self._open = ""
        self._shown = True
        self._errors_shown = True
        self._at_entry = (True, True)

    @property
    def text(self) -> str:
        """All that was shown."""
        return "\n".join([*(line for line, _ in self.lines), self._open])

    @property
    def errors(self) -> str:
        """The lines in red."""
        return "\n".join(line for line, wrong in self.lines if wrong)

    def show(self, text: str, *, wrong: bool = False, asis: bool = False) -> None:
        """Show text; a line is complete at its `\\n`."""  # noqa: D301 - it is the character as a person writes it
        if not (self._errors_shown if wrong else self._shown):
            return
        *whole, self._open = (self._open + (text if asis else smcl(text))).split("\n")
        self.lines += [(line, wrong) for line in whole]

    def line(self, text: str = "", *, wrong: bool = False, asis: bool = False) -> None:
        """Show a line."""
        self.show(text + "\n", wrong=wrong, asis=asis)

    @contextlib.contextmanager
    def shown(self, *, output: bool, errors: bool) -> Iterator[None]:
        """`quietly`: no output; `capture`: no errors, either; `noisily`: again what the program was called with."""
        before = self._shown, self._errors_shown
        self._shown = self._at_entry[0] and output
        self._errors_shown = self._at_entry[1] and errors
        try:
            yield
        finally:
            self._shown, self._errors_shown = before

    @contextlib.contextmanager
    def in_program(self) -> Iterator[None]:
        """A program that runs quietly cannot show anything, by `noisily` or otherwise ([P] quietly)."""
        before, self._at_entry = self._at_entry, (self._shown, self._errors_shown)
        try:
            yield
        finally:
            self._at_entry = before


class Stream(io.TextIOBase):
    """Python's standard output in Stata."""

    def __init__(self, results: Results, *, wrong: bool = False) -> None:
        super().__init__()
        self._results = results
        self._wrong = wrong

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._results.show(text, wrong=self._wrong, asis=True)
        return len(text)


def smcl(text: str) -> str:
    """The text with SMCL's directives carried out; what is none is shown as it is ([P] smcl)."""
    while (new := _DIRECTIVE.sub(_carried_out, text)) != text:
        text = new
    return text.replace("\x01", "{").replace("\x02", "}")


def _carried_out(match: re.Match[str]) -> str:
    inside = match[1]
    for pattern, work in _CARRIED_OUT:
        if found := re.fullmatch(pattern, inside):
            return work(found)
    return f"\x01{inside}\x02"


def _linked(match: re.Match[str]) -> str:
    """`{stata "command":text}` and `{stata command}`: what is seen of a link."""
    rest = match[1]
    return rest.partition('":')[2] if '":' in rest else rest.strip('"')


_CARRIED_OUT: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r"c -\(", lambda _: "\x01"),
    (r"c \)-", lambda _: "\x02"),
    (rf"(?:{_STYLES}|\.\.\.)", lambda _: ""),
    (rf"(?:{_STYLES}):(.*)", lambda match: match[1]),
    (r"(?:stata|help|browse) (.+)", _linked),
    (r"hline(?: (\d+))?", lambda match: "-" * int(match[1] or WIDTH)),
    (r"space(?: (\d+))?", lambda match: " " * int(match[1] or 1)),
)
