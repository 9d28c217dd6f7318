"""What a person wrote of one variable, held against what a dictionary can say. Every way of writing ends here."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from fedfolder.command.terms import can_be_shown, is_name
from fedfolder.dictionary.texts import tidied
from fedfolder.dictionary.variable import DAY_ZERO, TYPES, YES_NO, Dictionary, Type, Variable, is_whole
from fedfolder.errors import ConfigError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 200
"""Characters of a level, label or unit."""
LONGEST_DESCRIPTION = 2_000
WITH_LEVELS, WITH_RANGE = {"category", "yes/no"}, {"number", "whole", "date"}
_NUMBER = re.compile(r"[+-]?([0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """What was written of one variable; `where` names the file and the line.

    `levels` are levels with their labels, each with the place where it stands.
    """

    name: str
    where: str
    type: str = ""
    levels: Sequence[tuple[str, str, str]] = ()
    unit: str = ""
    low: str = ""
    high: str = ""
    description: str = ""


def made(entries: Sequence[Entry]) -> Dictionary:
    """The dictionary that people wrote.

    Raises
    ------
    ConfigError
        What cannot be meant, with its line.
    """
    first: dict[str, Entry] = {}
    for entry in entries:
        if entry.name in first:
            raise ConfigError(
                f"the dictionary has {entry.name} twice",
                where=f"{first[entry.name].where}, and {entry.where}",
                do="take one of the two out; the levels of a variable stand one below the other",
            )
        first[entry.name] = entry
    return Dictionary(tuple(map(_variable, entries)))


def from_plain(found: object) -> Dictionary:
    """The inverse of `Dictionary.to_plain`, which a message carries; what is malformed comes out otherwise.

    Raises
    ------
    ConfigError
        If it is no dictionary.
    """
    if not isinstance(found, list):
        raise ConfigError("this is no dictionary", expected="a list of variables")
    return made([_plain_entry(item) for item in found if isinstance(item, dict)])


def _plain_entry(item: dict[str, Any]) -> Entry:
    said = {key: item[key] for key in ("name", "type", "unit", "low", "high", "description") if key in item}
    levels = item.get("levels", [])
    if not all(isinstance(text, str) for text in said.values()) or not isinstance(levels, list):
        raise ConfigError("this is no dictionary", expected="texts, and a list of levels")
    pairs = [(str(level.get("level")), str(level.get("label")), "") for level in levels if isinstance(level, dict)]
    return Entry(where="", levels=pairs, **{"name": "", **said})


def _variable(entry: Entry) -> Variable:
    kind = _type(entry)
    low, high = (_end(entry, kind, end, getattr(entry, end)) for end in ("low", "high"))
    if low is not None and high is not None and low > high:
        raise ConfigError(
            f"the plausible range of {entry.name} ends before it begins",
            where=entry.where,
            found=f"{entry.low} to {entry.high}",
            do="exchange low and high",
        )
    _require(entry, is_name(entry.name), "cannot be the name of a variable", "letters, digits and _, no digit first")
    return Variable(
        name=entry.name,
        type=kind,
        levels=_levels(entry, kind),
        unit=_text(entry, entry.unit),
        low=low,
        high=high,
        description=_text(entry, entry.description, LONGEST_DESCRIPTION),
    )


def _type(entry: Entry) -> Type:
    for known in get_args(Type):
        if entry.type.strip().lower() == known:
            kind: Type = known
            break
    else:
        raise ConfigError(
            f"the dictionary does not say of which type {entry.name} is",
            where=entry.where,
            found=entry.type or "nothing",
            expected=", ".join(TYPES),
            do=nearest(entry.type, TYPES) if entry.type else "write one of them",
        )
    for what, given, fitting in (
        ("levels", bool(entry.levels), WITH_LEVELS),
        ("a plausible range", bool(entry.low or entry.high), WITH_RANGE),
    ):
        expected = f"{what} only with {', '.join(k for k in TYPES if k in fitting)}"
        _require(entry, not given or kind in fitting, f"is of the type {kind} and has {what}", expected)
    return kind


def _require(entry: Entry, holds: bool, what: str, expected: str, where: str = "") -> None:  # noqa: FBT001
    if not holds:
        raise ConfigError(
            f"{entry.name or 'a variable without a name'} {what}", where=where or entry.where, expected=expected
        )


def _end(entry: Entry, kind: Type, end: str, text: str) -> float | None:
    """One end of the plausible range."""
    if not text:
        return None
    try:
        if kind == "date":
            return float((dt.date.fromisoformat(text) - DAY_ZERO).days)
        value = float(text) if _NUMBER.fullmatch(text) else math.nan
    except ValueError:
        value = math.nan
    expected = "a day as 1950-12-31" if kind == "date" else "a number as 12 or 0.5"
    if not math.isfinite(value):
        what = f"the plausible range of {entry.name} has an end that cannot be read"
        raise ConfigError(what, where=entry.where, found=f"{end} = {text[:40]}", expected=expected, do="correct it")
    # A zero of either sign is the same end, and is written as one.
    return value + 0.0


def _levels(entry: Entry, kind: Type) -> dict[str, str]:
    found: dict[str, str] = {}
    numeric = all(map(is_whole, (level for level, _, _ in entry.levels)))
    for text, label, where in entry.levels:
        level = str(int(text)) if numeric else _text(entry, text, where=where)
        expected = "a whole number of 0 or more, or a text"
        _require(entry, bool(level), "has a level without a name", expected, where)
        _require(
            entry,
            numeric or _NUMBER.fullmatch(level) is None or is_whole(level),
            "has a number for a level that is no whole one",
            expected,
            where,
        )
        _require(entry, level not in found, f"has the level {level} twice", "each level once", where)
        _require(entry, kind != "yes/no" or level in YES_NO, f"is yes/no, and has the level {level}", "0 and 1", where)
        found[level] = _text(entry, label, where=where)
    if kind == "yes/no":
        return {level: found.get(level, "") for level in YES_NO}
    return found


def _text(entry: Entry, text: str, longest: int = LONGEST, *, where: str = "") -> str:
    """A text for people, on one line."""
    bare = tidied(text)
    _require(entry, can_be_shown(bare), "has a text with line ends or control characters", "text on one line", where)
    _require(entry, len(bare) <= longest, "has a text that is too long", f"at most {longest} characters", where)
    return bare
