"""What a node may say of a variable in a check: facts from a fixed list, and the classes that they come in.

A fact is a word of this page. A node cannot say anything else, and the server accepts nothing else, so that a reader of
this page has seen all that can leave.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.dictionary.texts import tidied

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fedfolder.dictionary import Variable
    from fedfolder.questions.held import Absent, Values

ROWS, ABSENT, TYPE, MISSING = "rows", "absent", "other type", "missing"
UNKNOWN, UNUSED, LABEL, SCALE, RANGE = "unknown levels", "level without rows", "other label", "scale", "out of range"

FEWEST = 10
"""Rows with a value below which nothing is said that depends on how many rows have which."""
FEWEST_OUTSIDE = 5
"""Rows outside the plausible range below which they are not mentioned: a limit must not tell one person's value."""
OFF = 5.0
"""How many times the middle of the plausible range a median outside it is when it looks ten times too large."""

_ROWS = (("none", 0), ("under 10", 9), ("10 to 99", 99), ("100 to 999", 999), ("1000 to 9999", 9999))
_MOST_ROWS = "10000 or more"
ALL, NONE = "all", "none"
_SHARES = ((NONE, 0.0), ("under 5 %", 0.05), ("5 to 20 %", 0.20), ("20 to 50 %", 0.50), ("over 50 %", 1.0))
_UNKNOWN = (("1 to 5", 5), ("6 to 20", 20))
_MOST_UNKNOWN = "over 20"
TOO_LARGE, TOO_SMALL = "ten times too large", "ten times too small"
TEXT, NUMBERS, DECIMALS = "text", "numbers", "numbers with decimals"

WHICH: Mapping[str, tuple[str, ...]] = {
    ROWS: (*(name for name, _ in _ROWS), _MOST_ROWS),
    ABSENT: ("no such variable", "not released", "cannot be read as it is"),
    TYPE: (TEXT, NUMBERS, DECIMALS),
    MISSING: (*(name for name, _ in _SHARES), ALL),
    UNKNOWN: (*(name for name, _ in _UNKNOWN), _MOST_UNKNOWN),
    SCALE: (TOO_LARGE, TOO_SMALL),
    RANGE: (*(name for name, _ in _SHARES if name != NONE), ALL),
}
"""The classes of each fact; of the facts about levels, they are the dictionary's own levels."""
OF_LEVELS = (UNUSED, LABEL)


@dataclass(frozen=True, slots=True, order=True)
class Fact:
    """One thing that is so at a node: `fact` is one of the words above, `which` one of its classes or a level."""

    variable: str
    fact: str
    which: str


def may_be(fact: Fact, variable: Variable | None) -> bool:
    """Whether this can be said of a variable of the dictionary (None: of the file)."""
    if variable is None:
        return fact.fact == ROWS and fact.which in WHICH[ROWS]
    if fact.fact in OF_LEVELS:
        return fact.which in variable.levels
    return fact.fact != ROWS and fact.which in WHICH.get(fact.fact, ())


def rows(nrows: int) -> str:
    """The class of a number of rows."""
    return next((name for name, most in _ROWS if nrows <= most), _MOST_ROWS)


def of(variable: Variable, held: Values | Absent, nrows: int) -> Iterator[Fact]:
    """What a node says of one variable.

    Parameters
    ----------
    variable : Variable
        What the dictionary says of it.
    held : Values or str
        What the node has, or why it has nothing.
    nrows : int
        Rows of its file.
    """
    if isinstance(held, str):
        yield Fact(variable.name, ABSENT, held)
        return
    if nrows >= FEWEST or held.present == 0:
        yield Fact(variable.name, MISSING, _share(nrows - held.present, nrows))
    if held.present == 0:
        return
    other = _other_type(variable, held)
    if other:
        yield Fact(variable.name, TYPE, other)
        return
    yield from _of_levels(variable, held)
    numbers = held.numbers
    if numbers is not None and len(numbers) >= FEWEST and variable.type in {"number", "whole", "date"}:
        yield from _of_range(variable, numbers)


def _share(some: int, of_all: int) -> str:
    """The class of a share."""
    if some == of_all:
        return ALL
    return next(name for name, most in _SHARES if some <= most * of_all)


def _other_type(variable: Variable, held: Values) -> str:
    """What the node holds instead; empty if it is of the dictionary's type."""
    numbers = held.numbers
    if numbers is None:
        return "" if variable.kind in {"text", None} else TEXT
    if variable.kind == "text":
        return NUMBERS
    if variable.type == "number":
        return ""
    return "" if np.equal(numbers, np.floor(numbers)).all() else DECIMALS


def _of_levels(variable: Variable, held: Values) -> Iterator[Fact]:
    """Of levels: how many the dictionary does not have, and which of its own have no row or another label."""
    if not variable.levels:
        return
    here = held.levels()
    unknown = len(here - set(variable.levels))
    if unknown:
        which = next((name for name, most in _UNKNOWN if unknown <= most), _MOST_UNKNOWN)
        yield Fact(variable.name, UNKNOWN, which)
    for level, label in variable.levels.items():
        if level not in here and held.present >= FEWEST:
            yield Fact(variable.name, UNUSED, level)
        if label and _differ(label, held.labels.get(level, "")):
            yield Fact(variable.name, LABEL, level)


def _differ(ours: str, theirs: str) -> bool:
    """Whether two labels differ, but for capitals; a file without labels says nothing."""
    return bool(theirs) and tidied(ours).casefold() != tidied(theirs).casefold()


def _of_range(variable: Variable, numbers: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Iterator[Fact]:
    """Of the plausible range: whether the values are on its scale, and which share is outside."""
    low = -np.inf if variable.low is None else variable.low
    high = np.inf if variable.high is None else variable.high
    scale = _scale(variable, float(np.median(numbers)))
    if scale:
        yield Fact(variable.name, SCALE, scale)
    outside = int(((numbers < low) | (numbers > high)).sum())
    if outside >= FEWEST_OUTSIDE:
        yield Fact(variable.name, RANGE, _share(outside, len(numbers)))


def _scale(variable: Variable, median: float) -> str:
    """Whether a median outside the plausible range is some ten times off its middle.

    The middle is that of the range, or its one end. Where the range goes below zero, a value that is too small cannot
    be told from one near zero, and one that is too large is so by its size.
    """
    ends = [end for end in (variable.low, variable.high) if end is not None]
    above = variable.high is not None and median > variable.high
    below = variable.low is not None and median < variable.low
    if not (above or below):
        return ""
    if min(ends) < 0:
        return TOO_LARGE if abs(median) >= OFF * max(map(abs, ends)) else ""
    middle = sum(ends) / len(ends)
    if above:
        return TOO_LARGE if median >= OFF * middle > 0 else ""
    return TOO_SMALL if abs(median) * OFF <= middle else ""
