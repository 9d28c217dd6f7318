"""Data files: .dta by pyreadstat, .csv as `import delimited` reads it ([D] import delimited)."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import TYPE_CHECKING

from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.values import MISSING

if TYPE_CHECKING:
    from tests.stata.standin.data import Column, DataSet

_TYPES = {"int8": "byte", "int16": "int", "int32": "long", "float": "float", "double": "double"}


def read_dta(data: DataSet, name: str) -> None:
    """Read a .dta file into a data set that is empty.

    Raises
    ------
    StataError
        601 without the file.
    """
    import pyreadstat

    if not Path(name).is_file():
        raise StataError(601, f"file {name} not found")
    frame, meta = pyreadstat.read_dta(name)
    data.nobs = len(frame)
    for column in frame.columns:
        kind = meta.readstat_variable_types[column]
        values = frame[column].tolist()
        added = data.add(column, "strL" if kind == "string" else _TYPES[kind])
        added.values = (
            [v or "" for v in values] if added.is_string else [MISSING if math.isnan(v) else float(v) for v in values]
        )
        added.label = meta.column_names_to_labels.get(column) or ""
        added.value_label = meta.variable_to_label.get(column) or ""
    data.labels |= {name: {int(k): v for k, v in found.items()} for name, found in meta.value_labels.items()}
    data.changed = False


def read_csv(data: DataSet, name: str) -> None:
    """Read a file of comma-separated values into a data set that is empty.

    Raises
    ------
    StataError
        601 without the file.
    """
    if not Path(name).is_file():
        raise StataError(601, f"file {name} not found")
    with Path(name).open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    data.nobs = len(rows)
    for at, column in enumerate(header):
        texts = [row[at] for row in rows]
        try:
            numbers = [MISSING if text in {"", "."} else float(text) for text in texts]
        except ValueError:
            data.add(column.lower(), f"str{max([1, *(len(text.encode()) for text in texts)])}").values = texts
            continue
        added = data.add(column.lower(), "byte")
        for i, number in enumerate(numbers):
            added.put(i, number)


def write_dta(data: DataSet, name: str, *, replace: bool) -> None:
    """Write a .dta file.

    Raises
    ------
    StataError
        602 if there is one already.
    """
    import pandas as pd
    import pyreadstat

    path = Path(name if name.endswith(".dta") else f"{name}.dta")
    if path.exists() and not replace:
        raise StataError(602, f"file {path} already exists")
    if any(column.value_label for column in data.columns):
        raise OutsideSubset("save of a data set with value labels")
    values = {c.name: _without_missing(c) for c in data.columns}
    pyreadstat.write_dta(pd.DataFrame(values), str(path))


def _without_missing(column: Column) -> list[float | str | None]:
    return [None if value == MISSING else value for value in column.values]  # noqa: PD011 - it is none of pandas
