"""A first draft of a dictionary, from the variables and value labels of a data file. Nothing of it leaves by itself.

A dictionary goes to every site, so a draft holds no value that could be one person's: no smallest or largest, and of a
text only levels that several rows have. The plausible ranges are for people to write.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.terms import can_be_shown, is_name, level_key
from fedfolder.dictionary import Entry, made
from fedfolder.dictionary.entry import LONGEST
from fedfolder.node.data import describe, read_held
from fedfolder.questions.held import Values

if TYPE_CHECKING:
    from pathlib import Path

    from fedfolder.dictionary import Dictionary
    from fedfolder.node.readers import VariableInfo
    from fedfolder.questions.held import Absent

MOST_LEVELS = 20
"""Texts that a variable may have to be taken for a category."""
FEWEST_ROWS = 5
"""Rows that each of them must have."""
DATES = "dates "
"""How the note begins that a reader makes on a variable of dates."""


def draft(path: Path) -> tuple[Dictionary, tuple[str, ...]]:
    """The variables of a data file as a dictionary to start from, and the names of those that are left out.

    These are identifiers (whole numbers or texts of which every row has its own), and names that no command can use.

    Raises
    ------
    DataFileError
        The file is missing, of an unknown kind, or not what its name says.
    """
    described = describe(path).variables
    infos = {info.name: info for info in described if is_name(info.name)}
    held = read_held(path, infos)
    entries = [_entry(info, held.variables[name], str(path)) for name, info in infos.items()]
    kept = [e for e in entries if e.type not in {"whole", "text"} or not _is_identifier(held.variables[e.name])]
    names = {entry.name for entry in kept}
    return made(kept), tuple(info.name for info in described if info.name not in names)


def _entry(info: VariableInfo, held: Values | Absent, where: str) -> Entry:
    kind, levels = ("text", list[str]()) if not isinstance(held, Values) else _type(held)
    if kind in {"number", "whole"} and info.note.startswith(DATES):
        kind = "date"
    labelled = [(level, _shown(info.texts.get(level, "")), where) for level in levels]
    return Entry(info.name, where, type=kind, levels=labelled, description=_shown(info.label))


def _is_identifier(held: Values | Absent) -> bool:
    """Whether every row that has a value has one of its own."""
    return isinstance(held, Values) and MOST_LEVELS < held.present == len(held.levels())


def _shown(text: str) -> str:
    return text[:LONGEST] if can_be_shown(text) else ""


def _type(held: Values) -> tuple[str, list[str]]:
    """The type that a variable looks like, and its levels."""
    numbers = held.numbers
    if numbers is None:
        levels = _common_texts(held)
        return ("category", levels) if levels else ("text", [])
    if not np.equal(numbers, np.floor(numbers)).all():
        return "number", []
    here = held.levels()
    # A label or two for special codes do not make a category of a measurement.
    if held.labels and all(level.isdecimal() for level in held.labels) and here <= set(held.labels):
        levels = sorted(held.labels, key=level_key)
        return ("yes/no" if levels == ["0", "1"] else "category"), levels
    return ("yes/no" if here and here <= {"0", "1"} else "whole"), []


def _common_texts(held: Values) -> list[str]:
    """The texts of a variable that looks like a category; none for any other."""
    if isinstance(held.column, np.ndarray):
        return []
    counts = Counter(held.column.codes[held.column.codes >= 0].tolist())
    levels = [held.column.levels[code] for code in counts]
    usable = all(len(level) <= LONGEST and can_be_shown(level) for level in levels)
    if not usable or not 0 < len(levels) <= MOST_LEVELS or min(counts.values()) < FEWEST_ROWS:
        return []
    return sorted(levels, key=level_key)
