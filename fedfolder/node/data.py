"""A node's data: a file described, its columns read, and the rows that enter a command's fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.errors import VariableError
from fedfolder.node.narrow import by_parts, narrowed
from fedfolder.node.progress import unwatched
from fedfolder.node.readers import (
    MISSING_CODE,
    Description,
    Frame,
    Numbering,
    TextColumn,
    VariableInfo,
    check_names,
)
from fedfolder.node.sampling import make_sample, read_for
from fedfolder.node.sources import opened
from fedfolder.node.tables import read_tables
from fedfolder.questions.held import Held
from fedfolder.questions.lookup import Table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    import pandas as pd

    from fedfolder.command.parse import Command
    from fedfolder.node.progress import Watch
    from fedfolder.node.readers import RawColumn
    from fedfolder.node.reading import Reading
    from fedfolder.node.sources import Opened
    from fedfolder.node.tables import TableFile
    from fedfolder.questions.held import Absent, Values
    from fedfolder.questions.sample import Sample

__all__ = [
    "Description",
    "Frame",
    "VariableInfo",
    "agreed_labels",
    "describe",
    "held_in",
    "make_sample",
    "read_held",
    "read_sample",
    "read_variables",
    "sample_from_frame",
    "value_labels",
]


def describe(path: Path, reading: Reading | None = None, *, watch: Watch = unwatched) -> Description:
    """The number of rows of a data file and its variables under the study's names, without a value of any.

    Parameters
    ----------
    reading : Reading, optional
        What is fixed about the file; everything else is detected.
    watch : callable, optional
        Is told how far the file is read.

    Raises
    ------
    DataFileError
        The file is missing, of an unknown kind, or not what its name says.
    """
    return opened(path, reading, watch).description()


def read_variables(
    path: Path, names: Iterable[str], reading: Reading | None = None, *, watch: Watch = unwatched
) -> Frame:
    """The named columns of a data file, every row, each column once, with the study's names and codes.

    Parameters
    ----------
    reading : Reading, optional
        What is fixed about the file; everything else is detected.
    watch : callable, optional
        Is told how far the file is read.

    Raises
    ------
    DataFileError
        The file is missing, of an unknown kind, or not what its name says.
    UnknownNameError
        A name is not in the file; names are case-sensitive.
    VariableError
        A column can be read in two ways; the line that says which is named.
    """
    return opened(path, reading, watch).frame(list(dict.fromkeys(names)))


def read_sample(
    path: Path,
    command: Command,
    reading: Reading | None = None,
    *,
    persons: str | None = None,
    tables: Mapping[str, TableFile] | None = None,
    node: str = "",
    watch: Watch = unwatched,
) -> Sample:
    """The rows of a data file that enter a command's fit: `read_variables`, then `make_sample`."""
    frame = read_variables(path, read_for(command, persons), reading, watch=watch)
    return make_sample(frame, command, persons, read_tables(tables or {}, command.tables), node=node)


def read_held(
    path: Path,
    names: Iterable[str],
    reading: Reading | None = None,
    *,
    released: Collection[str] | None = None,
    watch: Watch = unwatched,
) -> Held:
    """What a data file holds of the variables of a dictionary, every row, with the study's names and codes.

    Parameters
    ----------
    reading : Reading, optional
        What is fixed about the file; everything else is detected.
    released : collection of str, optional
        The variables that may be looked at, all by default. Of others it is not even looked whether they are there.
    watch : callable, optional
        Is told how far the file is read.

    Raises
    ------
    DataFileError
        The file is missing, of an unknown kind, or not what its name says.
    """
    return held_in(opened(path, reading, watch), names, released)


def held_in(source: Opened, names: Iterable[str], released: Collection[str] | None) -> Held:
    """What opened data hold of the variables of a dictionary; see `read_held`."""
    names = list(names)
    found = source.held([name for name in names if released is None or name in released])
    variables: dict[str, Values | Absent] = {name: found.variables.get(name, "not released") for name in names}
    return Held(found.nrows, variables)


def value_labels(path: Path, names: Iterable[str], reading: Reading | None = None) -> dict[str, dict[str, str]]:
    """The value labels of variables by level, of those that have any.

    Raises
    ------
    DataFileError
        As in `describe`.
    """
    source = opened(path, reading)
    found = {name: source.texts(name) for name in dict.fromkeys(names) if source.has(name)}
    return {name: texts for name, texts in found.items() if texts}


def agreed_labels(paths: Iterable[Path], names: Iterable[str]) -> dict[str, dict[str, str]]:
    """The value labels of variables in several files, by level, where no file says anything else.

    A file without labels says nothing; a variable for which two files differ has none.

    Raises
    ------
    DataFileError
        As in `describe`.
    """
    names, found, differing = list(names), dict[str, dict[str, str]](), set[str]()
    for labels in (value_labels(path, names) for path in paths):
        for name, texts in labels.items():
            before = found.setdefault(name, {})
            if any(before.get(level, text) != text for level, text in texts.items()):
                differing.add(name)
            before.update(texts)
    return {name: texts for name, texts in found.items() if name not in differing}


def sample_from_frame(
    frame: pd.DataFrame,
    command: Command,
    *,
    persons: str | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
    node: str = "",
) -> Sample:
    """The rows of a pandas data frame that enter a command's fit; `tables` are frames, too, by name.

    Booleans are 0 and 1; text may be categorical; None, NaN, NA and the empty text are missing. Dates must come as
    numbers (`pandas.read_stata(..., convert_dates=False)`): their unit cannot be told from the frame.

    Raises
    ------
    UnknownNameError
        The frame lacks a variable of the command.
    VariableError
        As in `make_sample`; also for a column of dates, of mixed numbers and text, or named twice.
    """
    source = "the data frame"
    names = read_for(command, persons)
    check_names(source, names, [str(name) for name in frame.columns])
    columns = {name: _from_pandas(name, frame[name]) for name in names}
    beside = {name: _table(name, found, command) for name, found in (tables or {}).items()}
    return make_sample(Frame(source, len(frame), columns), command, persons, beside, node=node)


def _table(name: str, frame: pd.DataFrame, command: Command) -> Table:
    """What a command looks up in a table that is a data frame."""
    wanted = [variable for variable in command.tables.get(name, ()) if variable in frame.columns]
    return Table(name, f"the table {name}", {variable: _from_pandas(variable, frame[variable]) for variable in wanted})


def _from_pandas(name: str, values: pd.Series[Any] | pd.DataFrame) -> RawColumn:
    """A column of a data frame as numbers or text."""
    import pandas as pd

    if isinstance(values, pd.DataFrame):
        raise VariableError(f"two columns of the data frame are named {name}", where=name, do="rename one of them")
    if isinstance(values.dtype, pd.CategoricalDtype):
        return _from_categorical(name, values)
    if pd.api.types.is_bool_dtype(values.dtype) or values.dtype.kind in "iuf":
        return narrowed(values.to_numpy(dtype=np.float64, na_value=np.nan))
    present = values[values.notna()].tolist()
    if isinstance(values.dtype, pd.StringDtype) or (present and all(isinstance(value, str) for value in present)):
        numbering = Numbering()
        return TextColumn(narrowed(numbering.codes(values.fillna("").tolist())), numbering.levels)
    if values.dtype.kind == "O" and all(isinstance(value, (int, float, np.number, np.bool_)) for value in present):
        return narrowed(values.to_numpy(dtype=np.float64, na_value=np.nan))
    do = "convert it; for dates, pandas.read_stata(..., convert_dates=False) keeps Stata's numbers"
    what = f"the variable {name} holds neither numbers nor text alone"
    raise VariableError(what, where="the data frame", found=str(values.dtype), expected="numbers or text", do=do)


def _from_categorical(name: str, values: pd.Series[Any]) -> RawColumn:
    """A categorical column by its categories; labels that pandas has put over Stata's codes count as text."""
    import pandas as pd

    codes = values.cat.codes.to_numpy()
    categories = _from_pandas(name, pd.Series(values.cat.categories))
    # A missing value has the code -1, which picks what is appended last.
    if isinstance(categories, TextColumn):
        places = np.append(categories.codes, np.int32(MISSING_CODE))
        return TextColumn(by_parts(codes, places.__getitem__), categories.levels)
    return by_parts(codes, np.append(categories, np.nan).__getitem__)


def write_dta(frame: Frame, path: Path) -> None:
    """Write a frame as a .dta of Stata 14 and later, numbers as doubles; what was missing is `.` or empty text."""
    import pandas as pd

    columns = {
        name: pd.Series([column.levels[code] if code != MISSING_CODE else "" for code in column.codes], dtype="object")
        if isinstance(column, TextColumn)
        else pd.Series(column.astype(np.float64))
        for name, column in frame.columns.items()
    }
    pd.DataFrame(columns).to_stata(path, write_index=False, version=118)
