"""A node's own names and codes become those of the study, when its data are read: the data stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.node.cells import STATA_MISSING, Spelling
from fedfolder.node.narrow import by_parts
from fedfolder.node.readers import MISSING_CODE, Numbering, TextColumn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from fedfolder.node.readers import RawColumn
    from fedfolder.node.reading import Reading, Target

_KEY = Spelling(".", frozenset())


def study_names(columns: Iterable[str], reading: Reading) -> dict[str, str]:
    """The study's name of each of a file's columns -> the file's, in the file's order.

    A column that node.toml gives another name has that one alone; a column whose name it gives to another has none.
    """
    names = {own: name for name, own in reading.names.items()}
    return {names.get(own, own): own for own in columns if own in names or own not in reading.names}


def words_for(reading: Reading, name: str, words: frozenset[str]) -> frozenset[str]:
    """The words for missing of one variable: those that its recodes make missing, and none that they make a value."""
    table = reading.recodes.get(name, {})
    return (words - set(table)) | {code for code, to in table.items() if to is None and number(code) is None}


def without_missing(column: RawColumn, words: frozenset[str]) -> RawColumn:
    """The column with these values missing; a word that is a number stands for that number."""
    if isinstance(column, TextColumn):
        return _text_column(["" if level in words else level for level in column.levels], "", column.codes)
    values = [value for word in words if (value := number(word)) is not None]
    return by_parts(column, lambda part: np.where(np.isin(part, values), np.nan, part.astype(np.float64)))


def recoded(column: RawColumn, table: Mapping[str, Target], *, decimal: str = ".") -> RawColumn:
    """The column with its codes replaced; a code that is not in the table stays as it is.

    Numbers become text if the table makes a text of any code. Text becomes numbers if the table makes none and every
    value that is left is a number, made one or written as one (with `decimal`).
    """
    if isinstance(column, TextColumn):
        return _recoded_levels(column, table, Spelling(decimal or ".", frozenset()))
    by_value, of_missing = _by_value(table), _of_missing(table)
    if _makes_text(table):
        distinct, codes = np.unique(column, return_inverse=True)
        values = [None if np.isnan(value) else float(value) for value in distinct.tolist()]
        texts = [spelled(of_missing if value is None else by_value.get(value, value)) for value in values]
        return _text_column(texts, "", codes)

    def changed(part: NDArray[Any]) -> NDArray[np.float64]:
        # A float32 would take the code 0.1 of node.toml for its own nearest number, which the file's is not.
        values = part.astype(np.float64)
        found = values.copy()
        for value, to in by_value.items():
            found[values == value] = _float(to)
        found[np.isnan(values)] = _float(of_missing)
        return found

    return by_parts(column, changed)


def _recoded_levels(column: TextColumn, table: Mapping[str, Target], spelling: Spelling) -> RawColumn:
    by_value = _by_value(table)
    plain = {level: _present(spelling.number(level)) for level in column.levels}
    to = {level: table[level] for level in column.levels if level in table}
    to |= {level: by_value[value] for level, value in plain.items() if value in by_value and level not in to}
    if _makes_text(table) or any(plain[level] is None and level not in to for level in column.levels):
        texts = [spelled(to.get(level, level)) for level in column.levels]
        return _text_column(texts, spelled(_of_missing(table)), column.codes)
    values = [_float(to[level] if level in to else plain[level]) for level in column.levels]
    # A missing value has the code -1, which picks the last.
    return by_parts(column.codes, np.array([*values, _float(_of_missing(table))]).__getitem__)


def recoded_texts(texts: Mapping[str, str], table: Mapping[str, Target]) -> dict[str, str]:
    """Value labels by what their values become."""
    found: dict[str, str] = {}
    by_value = {spelled(value): to for value, to in _by_value(table).items()}
    for value, text in texts.items():
        to = table[value] if value in table else by_value.get(value, value)
        if to is not None:
            found.setdefault(spelled(to), text)
    return found


def number(code: str) -> float | None:
    """The number that a code in node.toml is, with either decimal sign; None for a text or a sign for missing."""
    return _present(_KEY.number(code.replace(",", ".")))


def spelled(value: Target) -> str:
    """A value as a level is spelt; missing is the empty text."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return value or ""


def _present(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else value


def _float(value: Target) -> float:
    return value if isinstance(value, float) else np.nan


def _by_value(table: Mapping[str, Target]) -> dict[float, Target]:
    """The codes of a table that are numbers."""
    return {value: to for code, to in table.items() if (value := number(code)) is not None}


def _makes_text(table: Mapping[str, Target]) -> bool:
    return any(isinstance(to, str) for to in table.values())


def _of_missing(table: Mapping[str, Target]) -> Target:
    """What a missing value becomes."""
    return next((to for code, to in table.items() if not code or code in STATA_MISSING), None)


def _text_column(texts: Sequence[str], of_missing: str, codes: NDArray[Any]) -> TextColumn:
    """A column of text from what stands at each place, and the place of each row; levels that no row has are left out.

    A missing value has the code -1, which picks the last.
    """
    numbering = Numbering()
    texts = [*texts, of_missing]
    places = np.full(len(texts), MISSING_CODE, dtype=np.int32)
    for code in np.unique(codes).tolist():
        places[code] = numbering[texts[code]]
    return TextColumn(by_parts(codes, places.__getitem__), numbering.levels)
