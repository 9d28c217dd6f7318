"""A dictionary as a table that a spreadsheet can edit: a row a variable, and below it a row for each further level.

name,type,level,label,unit,low,high,description
age,whole,,,years,10,60,mother's age
race,category,1,white,,,,
,,2,black,,,,
,,3,other,,,,
"""

from __future__ import annotations

import csv
import dataclasses
import io
from typing import TYPE_CHECKING

from fedfolder.dictionary.entry import Entry, made
from fedfolder.errors import ConfigError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedfolder.dictionary.variable import Dictionary, Variable

COLUMNS = ("name", "type", "level", "label", "unit", "low", "high", "description")
NEEDED = ("name", "type")
_OF_VARIABLE = ("type", "unit", "low", "high", "description")
BYTE_ORDER_MARK = "\ufeff"
"""At the beginning, spreadsheets take it for the sign that the letters are UTF-8."""


def parse(content: bytes, *, where: str) -> Dictionary:
    """Read a table: UTF-8 with or without byte order mark, cells separated by `,`, `;` or a tab.

    In a table separated by `;`, numbers may have a decimal comma.

    Parameters
    ----------
    where : str
        The file, for errors.

    Raises
    ------
    ConfigError
        With the line, counted from 1.
    """
    text = _decoded(content, where)
    heading = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=heading.count)
    rows = _rows(text, delimiter, where)
    _, first = next(rows, (1, []))
    columns = _columns(first, where)
    found: list[Entry] = []
    for line, cells in rows:
        row = _row(columns, cells, f"{where}, line {line}")
        if delimiter == ";":
            row |= {end: row[end].replace(",", ".") for end in ("low", "high")}
        if row["name"] and (not found or row["name"] != found[-1].name):
            found.append(_entry(row, f"{where}, line {line}"))
        elif any(row.values()):
            _continue(found, row, f"{where}, line {line}")
    return made(found)


def _decoded(content: bytes, where: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError(
            "the dictionary is not UTF-8",
            where=f"{where}, line {line}",
            expected="UTF-8, with or without byte order mark",
            do="save it again as `CSV UTF-8`",
        ) from None


def _rows(text: str, delimiter: str, where: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line on which it begins; rows without anything in them are left out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, [cell.strip() for cell in cells]
            line = reader.line_num + 1
    except csv.Error as error:
        do = "save it again as `CSV UTF-8`; a quotation mark inside a cell is doubled"
        raise ConfigError(
            "the dictionary is no table", where=f"{where}, line {line}", found=str(error), do=do
        ) from None


def _columns(cells: list[str], where: str) -> list[str]:
    columns = [cell.lower() for cell in cells]
    where = f"{where}, line 1"
    for name in columns:
        if name and name not in COLUMNS:
            what = f"a dictionary has no column {name[:40]!r}"
            raise ConfigError(what, where=where, expected=", ".join(COLUMNS), do=nearest(name, COLUMNS))
    lacking = [name for name in NEEDED if name not in columns]
    twice = [name for name in columns if name and columns.count(name) > 1]
    if lacking or twice:
        what = f"the dictionary {'lacks the column' if lacking else 'has two columns'} {(lacking or twice)[0]}"
        raise ConfigError(
            what, where=where, expected=", ".join(COLUMNS), do="write the names of the columns into line 1"
        )
    return columns


def _row(columns: list[str], cells: list[str], where: str) -> dict[str, str]:
    row = dict.fromkeys(COLUMNS, "")
    for place, cell in enumerate(cells):
        name = columns[place] if place < len(columns) else ""
        if name:
            row[name] = cell
        elif cell:
            what = "a row of the dictionary has a cell beyond its columns"
            raise ConfigError(
                what, where=where, found=f"column {place + 1}", do="put a text with commas into quotation marks"
            )
    return row


def _entry(row: dict[str, str], where: str) -> Entry:
    return Entry(row["name"], where, levels=_level(row, where), **{key: row[key] for key in _OF_VARIABLE})


def _level(row: dict[str, str], where: str) -> list[tuple[str, str, str]]:
    return [(row["level"], row["label"], where)] if row["level"] or row["label"] else []


def _continue(found: list[Entry], row: dict[str, str], where: str) -> None:
    """Add a further level to the variable above."""
    if not found:
        raise ConfigError("the first row of the dictionary has no name", where=where, do="write the variable's name")
    above = found[-1]
    for key in _OF_VARIABLE:
        if row[key] not in {"", getattr(above, key)}:
            what = f"{above.name} has another {key} on a further row"
            raise ConfigError(
                what, where=where, expected=f"{key} on its first row alone", do="empty this cell, or write a name"
            )
    found[-1] = dataclasses.replace(above, levels=[*above.levels, *_level(row, where)])


def write(dictionary: Dictionary) -> bytes:
    """The table of a dictionary, which `parse` reads back: UTF-8 with byte order mark, commas, LF."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for variable in dictionary.variables:
        rows.writerows(_written(variable))
    return (BYTE_ORDER_MARK + text.getvalue()).encode()


def _written(variable: Variable) -> Iterator[list[str]]:
    levels = list(variable.levels.items()) or [("", "")]
    ends = variable.end(variable.low), variable.end(variable.high)
    yield [variable.name, variable.type, *levels[0], variable.unit, *ends, variable.description]
    for level in levels[1:]:
        yield ["", "", *level, "", "", "", ""]
