"""A site's own table beside its rows: numbers that are looked up by what each row has in some variables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.errors import VariableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fedfolder.command.lexis import Merge
    from fedfolder.questions.expressions import Values


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table by its name, such as the mortality of the population.

    Parameters
    ----------
    name, where : str
        What commands call it, and the file, for messages.
    columns : mapping of str to array or text variable
        Every row of it.
    """

    name: str
    where: str
    columns: Mapping[str, Values] = field(repr=False)


def looked_up(merge: Merge, keys: Sequence[Values], table: Table) -> tuple[dict[str, NDArray[Any]], NDArray[np.bool_]]:
    """What the table has for each row, by name; missing where a key of the row is, or the table has nothing for it.

    Parameters
    ----------
    keys : sequence of (n,) values
        Those of the rows, in the order of `merge.keys`.

    Returns
    -------
    found : dict of str to (n,) float64
    matched : (n,) bool
        Whether the table has something for a row.

    Raises
    ------
    VariableError
        If a key is text on one side and a number on the other, the table has a combination of keys twice, or it has
        none for some rows and the statement does not say what becomes of these.
    """
    found = np.zeros(_length(keys[0]), dtype=np.int64)
    cells = np.zeros(_length(table.columns[merge.keys[0]]), dtype=np.int64)
    missing, absent = np.zeros(len(found), dtype=np.bool_), np.zeros(len(found), dtype=np.bool_)
    alone: dict[str, int] = {}
    for name, values in zip(merge.keys, keys, strict=True):
        size, codes, own = _coded(name, values, table)
        missing |= codes == _MISSING
        absent |= codes == _ABSENT
        alone[name] = int((codes == _ABSENT).sum())
        found, cells = found * size + np.maximum(codes, 0), cells * size + own
    order = np.argsort(cells, kind="stable")
    cells = cells[order]
    if bool((cells[1:] == cells[:-1]).any()):
        what = f"the table {table.name} has rows with the same {' '.join(merge.keys)}"
        raise VariableError(what, where=table.where, expected="one row for each combination", do="correct the table")
    places = np.minimum(np.searchsorted(cells, found), max(len(cells) - 1, 0))
    absent |= (cells[places] != found) if len(cells) else True
    if not merge.keep:
        _require_all(merge, table, absent & ~missing, alone)
    taken, matched = order[places] if len(cells) else places, ~(absent | missing)
    return {name: _taken(name, table, taken, ~matched) for name in merge.names}, matched


_MISSING, _ABSENT = -1, -2


def _length(values: Values) -> int:
    return len(values) if isinstance(values, np.ndarray) else len(values.codes)


def _coded(name: str, values: Values, table: Table) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
    """How many values the table has of a key, and which of them each row has, and each row of the table."""
    own = table.columns[name]
    if isinstance(values, np.ndarray) and isinstance(own, np.ndarray):
        _require_known(name, table, np.isnan(own))
        distinct, codes = np.unique(own, return_inverse=True)
        places = np.minimum(np.searchsorted(distinct, values), max(len(distinct) - 1, 0))
        there = np.equal(distinct[places], values) if len(distinct) else np.zeros(len(values), dtype=np.bool_)
        found = np.where(np.isnan(values), _MISSING, np.where(there, places, _ABSENT))
        return max(len(distinct), 1), found, codes.astype(np.int64)
    if isinstance(values, np.ndarray) or isinstance(own, np.ndarray):
        what = f"{name} is text on one side and a number on the other"
        raise VariableError(
            what, where=table.where, do=f"recode {name} in node.toml, or correct the table {table.name}"
        )
    _require_known(name, table, np.less(own.codes, 0))
    number = {level: place for place, level in enumerate(own.levels)}
    levels = np.array([*(number.get(level, _ABSENT) for level in values.levels), _MISSING], dtype=np.int64)
    return max(len(number), 1), levels[values.codes], own.codes.astype(np.int64)


def _require_known(name: str, table: Table, missing: NDArray[np.bool_]) -> None:
    if missing.any():
        what = f"the table {table.name} has rows without {name}"
        raise VariableError(what, where=table.where, do="correct the table, or take these rows out")


def _require_all(merge: Merge, table: Table, absent: NDArray[np.bool_], alone: Mapping[str, int]) -> None:
    """Refuse rows that the table says nothing of.

    How many there are is for whoever has the data: it stands in the log of the site, and no answer holds it.
    """
    if not absent.any():
        return
    each = "; ".join(f"{count} where it lacks the {name}" for name, count in alone.items() if count)
    raise VariableError(
        f"the table {table.name} has no {' '.join(merge.names)} for some rows by {' '.join(merge.keys)}",
        where=table.where,
        found=f"{int(absent.sum())} rows (or pieces of them) without one{f': {each}' if each else ''}",
        expected=f"a row for each combination of {' '.join(merge.keys)} that occurs",
        do="complete the table; an age above its last is taken for it by generate, as in min(attained, 99); or write "
        "keep(match), which leaves such rows out",
    )


def _taken(name: str, table: Table, places: NDArray[np.int64], missing: NDArray[np.bool_]) -> NDArray[Any]:
    column = table.columns[name]
    if not isinstance(column, np.ndarray):
        raise VariableError(f"text where a number is needed: {name}", where=table.where, found="text", do="correct it")
    values = column.astype(np.float64)[places] if len(column) else np.full(len(places), np.nan)
    values[missing] = np.nan
    return values
