"""How a node's data file is read, as far as a person has fixed it: the tables [variables], [reading] and [recode]."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from fedfolder.dictionary.texts import tidied
from fedfolder.errors import ConfigError
from fedfolder.node.cells import STATA_MISSING, check_form

if TYPE_CHECKING:
    from collections.abc import Mapping

Target: TypeAlias = "float | str | None"
"""What a code becomes: a number, a text, or missing."""

TABS = {"tab", "\\t"}
"""Other ways to write a tab in node.toml."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is fixed; everything else is detected from the file.

    Parameters
    ----------
    delimiter, decimal, encoding : str or None
        Of a file of text.
    dates : tuple of str or None
        The forms of dates in a file of text, such as dd.mm.yyyy; empty when nothing is a date.
    missing : frozenset of str or None
        What stands for a missing value, in any kind of file, instead of the words that do by default in a file of text.
    names : mapping of str to str
        The study's name of a variable -> the file's.
    recodes : mapping of str to mapping of str to Target
        The study's name of a variable -> what the file holds -> what it becomes.
    """

    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    dates: tuple[str, ...] | None = None
    missing: frozenset[str] | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    recodes: Mapping[str, Mapping[str, Target]] = field(default_factory=dict)

    def in_file(self, name: str) -> str:
        """The file's name of a variable of the study."""
        return self.names.get(name, name)


class ReadingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table [reading] of node.toml."""

    delimiter: str | None = None
    decimal: Literal[".", ","] | None = None
    encoding: str | None = None
    dates: str | list[str] | None = None
    missing: list[str | int | float] | None = None


Recodes: TypeAlias = dict[str, dict[str, str | int | float]]
"""The tables [recode.NAME] of node.toml."""


def reading_of(settings: ReadingSettings, names: Mapping[str, str], recodes: Recodes) -> Reading:
    """What node.toml fixes.

    Raises
    ------
    ConfigError
        A line that cannot be meant, or two names for one column.
    """
    dates = [settings.dates] if isinstance(settings.dates, str) else settings.dates
    for name in names:
        twice = [other for other in names if names[other] == names[name] and other != name]
        if twice:
            what = f"one column of the data cannot have two names: {name}, {twice[0]}"
            raise ConfigError(what, found=names[name], do="take one of the two lines out of [variables]")
    return Reading(
        delimiter=None if settings.delimiter is None else _delimiter(settings.delimiter),
        decimal=settings.decimal,
        encoding=None if settings.encoding is None else _encoding(settings.encoding),
        dates=None if dates is None else tuple(map(check_form, dates)),
        missing=None if settings.missing is None else frozenset(map(_word, settings.missing)),
        names={name: own for name, own in names.items() if name != own},
        recodes={name: _targets(name, table) for name, table in recodes.items()},
    )


def _word(word: str | float) -> str:
    return tidied(str(word))


def _targets(name: str, table: Mapping[str, str | float]) -> dict[str, Target]:
    """The codes of a variable; `.` and the empty text stand for a missing value on both sides."""
    targets: dict[str, Target] = {}
    for code, to in table.items():
        if isinstance(to, float) and to in {float("inf"), float("-inf")}:
            raise ConfigError(f"a code of {name} cannot become infinite", found=f"[recode.{name}]", do="correct it")
        missing = to != to or to in STATA_MISSING or to == ""  # noqa: PLR0124  (NaN)
        targets[_word(code)] = None if missing else tidied(to) if isinstance(to, str) else float(to)
    return targets


def _delimiter(text: str) -> str:
    sign = "\t" if text in TABS else text
    if len(sign) != 1 or sign in '"\r\n\0 0123456789+-' or sign.isalpha():
        expected = '"," or ";" or "\\t" or another sign that stands between cells'
        raise ConfigError("this cannot separate cells", found=f'[reading] delimiter = "{text}"', expected=expected)
    return sign


def _encoding(name: str) -> str:
    """The name of an encoding in which ASCII is ASCII."""
    expected = '"utf-8", "cp1252" or another that Python knows and in which ASCII is ASCII'
    ascii_text = bytes(range(128)).decode("ascii")
    try:
        found = codecs.lookup(name).name.removesuffix("-sig")
        if bytes(range(128)).decode(found) == ascii_text == ascii_text.encode(found).decode("ascii"):
            return found
    except (LookupError, ValueError):
        pass
    raise ConfigError("this encoding cannot be used", found=f'[reading] encoding = "{name}"', expected=expected)
