r"""The line that follows `fedfolder` in Stata, taken apart as Stata would.

The first comma outside of quotes and parentheses begins the options, each a word that may have an argument in
parentheses. Quotes are `"..."` and Stata's compound ones. A backslash is a letter: `S:\my study` is a path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.command.models import MODELS, WITH_OPTION
from fedfolder.command.names import abbreviates
from fedfolder.errors import CommandError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_OPEN, _CLOSE = '`"', "\"'"
_COMPOUND = re.compile('`"([^"]*)"\'')


@dataclass(frozen=True, slots=True)
class Option:
    """An option as it was typed.

    Parameters
    ----------
    name : str
        Its word; `","` for a comma too many.
    argument : str or None
        What stands in its parentheses, without quotes around the whole; None without parentheses.
    text : str
        All of it, verbatim.
    """

    name: str
    argument: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line, or what is left of one.

    Parameters
    ----------
    before : str
        Statements that derive variables, each with its semicolon.
    main : str
        What stands before the options.
    options : tuple of Option
        In their order.
    """

    before: str
    main: str
    options: tuple[Option, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The words of `main`, without the quotes around them."""
        return tuple(map(unquoted, _split(self.main, str.isspace)))

    @property
    def is_fit(self) -> bool:
        """Whether this asks for a fit: it begins with the name of a model, or an abbreviation of it."""
        found = re.match(r"\w+", self.main)
        return found is not None and (bool(self.before) or is_model(found[0]))

    def command(self, options: Iterable[Option]) -> str:
        """The command of a fit with these options, as `fedfolder run` takes it."""
        texts = " ".join(option.text for option in options)
        text = f"{self.before} {self.main}{f', {texts}' if texts else ''}".strip()
        return _COMPOUND.sub(r'"\1"', text)


def is_model(word: str) -> bool:
    """Whether a word names a model."""
    return word in WITH_OPTION or any(abbreviates(word, name, shortest) for name, shortest in MODELS.items())


def read(text: str) -> Line:
    """Take a line apart.

    Raises
    ------
    CommandError
        If a quote or a parenthesis is not closed, or an option has no name.
    """
    statements = _split(text, lambda c: c == ";")
    before = "".join(f"{statement.strip()};" for statement in statements[:-1])
    last = statements[-1] if statements else ""
    comma = next((at for at, c, depth in _outside(last) if c == "," and depth == 0), len(last))
    return Line(before, last[:comma].strip(), tuple(_options(last[comma + 1 :])))


def unquoted(text: str) -> str:
    """A text without the quotes around the whole of it, and the space around these."""
    text = text.strip()
    if text.startswith(_OPEN) and text.endswith(_CLOSE) and len(text) >= len(_OPEN + _CLOSE):
        return text[2:-2]
    if len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1]:
        return text[1:-1]
    return text


def unknown(word: str, known: Iterable[str]) -> CommandError:
    """The error of a word that is neither a model nor a command."""
    do = f"{nearest(word, known)} (help fedfolder lists all)"
    return CommandError("fedfolder has no model and no command of this name", text=word, position=0, do=do)


def _outside(text: str) -> Iterator[tuple[int, str, int]]:
    """Each character outside of quotes, with its place and the parentheses that it is in.

    A parenthesis that opens counts as outside of itself, one that closes too.
    """
    at, opened = 0, list[int]()
    while at < len(text):
        if text[at] == '"' or text.startswith(_OPEN, at):
            at = _end_of_quote(text, at)
            continue
        if text[at] == ")" and opened:
            opened.pop()
        yield at, text[at], len(opened)
        if text[at] == "(":
            opened.append(at)
        at += 1
    if opened:
        what = "the parenthesis that opens here is not closed"
        raise CommandError(what, text=text, position=opened[-1], expected=")")


def _end_of_quote(text: str, start: int) -> int:
    """The place after the quote that begins at `start`."""
    if text[start] == '"':
        end = text.find('"', start + 1)
        if end >= 0:
            return end + 1
    else:
        depth = 0
        for found in re.finditer('`"|"\'', text[start:]):
            depth += 1 if found[0] == _OPEN else -1
            if depth == 0:
                return start + found.end()
    what = "the text that begins here has no closing quote"
    raise CommandError(what, text=text, position=start, expected='a closing "')


def _split(text: str, parts: Callable[[str], bool]) -> list[str]:
    """What stands between the characters that part it, outside of quotes and parentheses; nothing empty."""
    cuts = [at for at, c, depth in _outside(text) if depth == 0 and parts(c)]
    pieces = [text[a + 1 : b] for a, b in zip([-1, *cuts], [*cuts, len(text)], strict=True)]
    return [piece for piece in pieces if piece.strip()]


def _options(text: str) -> Iterator[Option]:
    at = 0
    while found := re.compile(r"\s*(,|[^\s(),]+)(\s*\()?").match(text, at):
        end = found.end() if found[2] is None or found[1] == "," else _closing(text, found.end() - 1) + 1
        end = found.end(1) if found[1] == "," else end
        argument = None if found[2] is None or found[1] == "," else unquoted(text[found.end() : end - 1])
        yield Option(found[1], argument, text[found.start(1) : end])
        at = end
    if text[at:].strip():
        place = at + len(text[at:]) - len(text[at:].lstrip())
        raise CommandError("this is not the name of an option", text=text, position=place, expected="a word")


def _closing(text: str, opening: int) -> int:
    """The place of the parenthesis that closes the one at `opening`."""
    rest = text[opening:]
    return opening + next(at for at, c, depth in _outside(rest) if c == ")" and depth == 0)
