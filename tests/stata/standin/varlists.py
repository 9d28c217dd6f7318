"""Lists of variables, and which observations a command is about: our reading of [U] 11."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.expressions import numeric
from tests.stata.standin.text import top

if TYPE_CHECKING:
    from tests.stata.standin.session import Session


def expanded(session: Session, text: str) -> list[str]:
    """The variables of a list: full names, unique abbreviations, `a*`, `a-b`, `_all`.

    Raises
    ------
    StataError
        111 for one that is not there or that is ambiguous.
    """
    names = session.memory.data.names
    found: list[str] = []
    for word in text.split():
        if word == "_all":
            found += names
        elif "*" in word or "?" in word:
            pattern = re.compile(word.replace("*", r"\w*").replace("?", r"\w"))
            matching = [name for name in names if pattern.fullmatch(name)]
            if not matching:
                raise StataError(111, f"variable {word} not found")
            found += matching
        elif "-" in word:
            first, last = (names.index(_one(names, part)) for part in word.split("-"))
            found += names[first : last + 1]
        else:
            found.append(_one(names, word))
    return found or (names if not text.strip() else [])


def _one(names: list[str], word: str) -> str:
    if word in names:
        return word
    matching = [name for name in names if name.startswith(word)]
    if len(matching) != 1:
        raise StataError(111, f"variable {word} not found" if not matching else f"{word} ambiguous abbreviation")
    return matching[0]


def qualified(session: Session, text: str) -> tuple[str, list[int]]:
    """What is before `if` and `in`, and the observations (from 0) that they leave."""
    before, condition, span = parted(text)
    rows = list(range(session.memory.data.nobs))
    if span is not None:
        rows = [i for i in rows if i in _range(session, span)]
    if condition is not None:
        rows = [i for i in rows if numeric(session.evaluate(condition, i)) != 0]
    return before, rows


def parted(text: str) -> tuple[str, str | None, str | None]:
    """What is before `if` and `in`, what is after each; None without it."""
    places: dict[str, int] = {}
    spots = {at for at, _ in top(text)}
    for match in re.finditer(r"(?<![\w.])(if|in)(?=[\s(!\"`])", text):
        if match.start() in spots and match[1] not in places:
            places[match[1]] = match.start()
    ends = sorted([*places.values(), len(text)])
    found = {word: text[at + 2 : ends[ends.index(at) + 1]].strip() for word, at in places.items()}
    return text[: ends[0]].strip(), found.get("if"), found.get("in")


def _range(session: Session, text: str) -> range:
    match = re.fullmatch(r"(-?\w+)(?:/(-?\w+))?", text.strip())
    if match is None:
        raise OutsideSubset(f"in {text}")
    nobs = session.memory.data.nobs
    first, last = _place(match[1], nobs), _place(match[2] or match[1], nobs)
    if not 1 <= first <= last <= nobs:
        raise StataError(198, "observation numbers out of range")
    return range(first - 1, last)


def _place(text: str, nobs: int) -> int:
    if text in {"f", "F"}:
        return 1
    if text in {"l", "L"}:
        return nobs
    return int(text) if int(text) > 0 else nobs + 1 + int(text)
