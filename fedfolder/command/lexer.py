"""The words and signs of a command, each with its place, for the caret under an error."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from fedfolder.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TOKEN = re.compile(r'(?P<word>\w+)|(?P<string>"(?:[^"]|"")*")|(?P<sign>##|\S)')


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a quoted string or a sign; `kind` is `"word"`, `"string"`, `"sign"`, or `"end"` after the last one."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """The position after its last character."""
        return self.start + len(self.text)


class Tokens:
    """A command, or one statement of it, as tokens that are read from the left.

    Parameters
    ----------
    text : str
        The command.
    start, stop : int
        Where in `text` the statement begins and ends; all of it if not given.

    Raises
    ------
    CommandError
        If a double quote is not closed.
    """

    def __init__(self, text: str, start: int = 0, stop: int | None = None) -> None:
        self.text = text
        self.stop = len(text) if stop is None else stop
        found = _TOKEN.finditer(text, start, self.stop)
        self._tokens = [Token(str(m.lastgroup), m.group(), m.start()) for m in found]
        self._at = 0
        for token in self._tokens:
            if token.text == '"':
                self.fail("the text that begins here has no closing quote", token, expected='a closing "')
        self._end = Token("end", "", self.stop)

    @property
    def next(self) -> Token:
        """The token that comes next; it is not taken."""
        return self.peek(0)

    def peek(self, ahead: int) -> Token:
        """The token that comes `ahead` tokens after the next one."""
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else self._end

    def take(self) -> Token:
        """The next token, which is now behind us."""
        token = self.next
        self._at += 1
        return token

    def take_until(self, position: int) -> None:
        """Leave behind every token that begins before `position`."""
        while self.next.start < position and self.next.kind != "end":
            self.take()

    def at(self, *texts: str) -> bool:
        """Whether the next token is one of these signs or words."""
        return self.next.text in texts

    def touches(self, ahead: int = 1) -> bool:
        """Whether the token `ahead` follows the one before it without a space."""
        return self.peek(ahead - 1).end == self.peek(ahead).start and self.peek(ahead).kind != "end"

    def parted(self, sign: str) -> tuple[Tokens, Tokens | None]:
        """What stands before the first `sign` of two characters, from the next token on, and what follows it."""
        for at in range(self._at, len(self._tokens) - 1):
            first, second = self._tokens[at : at + 2]
            if first.text + second.text == sign and first.end == second.start:
                start = self.next.start
                return Tokens(self.text, start, first.start), Tokens(self.text, second.end, self.stop)
        return self, None

    def statements(self, ends_with_line: Callable[[str], bool]) -> Iterator[Tokens]:
        """Cut at each `;`, and at the end of its line after a statement whose first word `ends_with_line`.

        Empty statements are left out; a text without any statement is one that is empty.
        """
        first: Token | None = None
        before, count = self._end, 0
        for token in [*self._tokens, self._end]:
            new_line = first is not None and ends_with_line(first.text) and _breaks(self.text[before.end : token.start])
            if first is not None and (token.text == ";" or token.kind == "end" or new_line):
                yield Tokens(self.text, first.start, before.end if new_line else token.start)
                first, count = None, count + 1
            if first is None and token.text not in {";", ""}:
                first = token
            before = token
        if not count:
            yield Tokens(self.text, self.stop)

    def fail(self, what: str, at: Token | int, *, expected: str = "", do: str = "") -> NoReturn:
        """Raise a CommandError whose caret stands under `at`."""
        position = at if isinstance(at, int) else at.start
        # A tab or a line end would push the caret away from its place.
        shown = "".join(character if character.isprintable() else " " for character in self.text)
        raise CommandError(what, text=shown, position=position, expected=expected, do=do)

    def unsupported(self, what: str, at: Token | int, *, do: str = "") -> NoReturn:
        """Raise the CommandError for what Stata has and this release has not."""
        self.fail(f"{what} not supported yet", at, do=do)


def _breaks(space: str) -> bool:
    """Whether there is a line end in the space between two tokens."""
    return "\n" in space or "\r" in space
