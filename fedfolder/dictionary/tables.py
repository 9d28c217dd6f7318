"""A dictionary as tables of study.toml: `[variables.age]`, one for each variable."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from fedfolder.dictionary.entry import Entry, made
from fedfolder.errors import ConfigError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.dictionary.variable import Dictionary

KEYS = ("type", "levels", "unit", "low", "high", "description")


def from_tables(tables: Mapping[str, Any], text: str, *, where: str) -> Dictionary:
    """The dictionary in the tables `[variables.NAME]`.

    Parameters
    ----------
    tables : mapping
        What TOML makes of them.
    text : str
        The file, in which lines are counted for errors.
    where : str
        Its name.

    Raises
    ------
    ConfigError
        With the line, counted from 1.
    """
    return made([_entry(name, table, f"{where}, {_place(name, text)}") for name, table in tables.items()])


def _place(name: str, text: str) -> str:
    """The line on which a variable's table begins."""
    key = re.escape(name)
    head = re.compile(rf"^\s*\[?\s*variables\s*\.\s*[\"']?{key}[\"']?\s*[\].=]", re.MULTILINE)
    found = head.search(text)
    if found is None:
        return f"[variables.{name}]"
    return f"line {text.count(chr(10), 0, found.end()) + 1}"


def _entry(name: str, table: object, where: str) -> Entry:
    if not isinstance(table, dict):
        expected = f'[variables.{name}] with lines such as type = "number"'
        raise ConfigError(
            f"the dictionary says nothing of {name}", where=where, found=repr(table)[:40], expected=expected
        )
    for key in table:
        if key not in KEYS:
            what = f"the dictionary has a line {key} for {name}"
            raise ConfigError(what, where=where, expected=", ".join(KEYS), do=nearest(key, KEYS))
    said = {key: _text(name, key, table[key], where) for key in KEYS if key in table and key != "levels"}
    return Entry(name, where, levels=_levels(name, table.get("levels", {}), where), **said)


def _levels(name: str, found: object, where: str) -> list[tuple[str, str, str]]:
    """Levels are a list, or a table with their labels."""
    if isinstance(found, list):
        return [(_text(name, "levels", level, where), "", where) for level in found]
    if isinstance(found, dict):
        return [(level, _text(name, "levels", label, where), where) for level, label in found.items()]
    expected = 'levels = [1, 2] or levels = {1 = "white", 2 = "black"}'
    raise ConfigError(f"the levels of {name} cannot be read", where=where, found=repr(found)[:40], expected=expected)


def _text(name: str, key: str, value: object, where: str) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return repr(value)
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value.isoformat()
    what = f"the dictionary's {key} of {name} cannot be read"
    raise ConfigError(what, where=where, found=repr(value)[:40], expected="a text or a number", do="correct it")
