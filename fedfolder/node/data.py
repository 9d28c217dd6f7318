"""A node's data: a file described, its columns read, and the rows that enter a command's fit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.command.terms import can_be_shown, is_name, level_key
from fedfolder.errors import DataFileError, VariableError
from fedfolder.node.readers import (
    MISSING_CODE,
    Description,
    Frame,
    Numbering,
    TextColumn,
    VariableInfo,
    check_names,
    check_readable,
)
from fedfolder.node.readers_csv import describe_csv, read_csv
from fedfolder.node.readers_dta import describe_dta, read_dta
from fedfolder.questions.sample import FactorValues, Sample

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from fedfolder.command.parse import Command
    from fedfolder.node.readers import RawColumn

__all__ = [
    "Description",
    "Frame",
    "VariableInfo",
    "describe",
    "make_sample",
    "read_sample",
    "read_variables",
    "sample_from_frame",
]

EXACT_BELOW = 2.0**53
"""Every whole number up to here is a float64 of its own, so that two levels cannot become one."""


def describe(path: Path) -> Description:
    """The number of rows of a data file and its variables, without a value of any.

    Raises
    ------
    DataFileError
        The file is missing, of an unknown kind, or not what its name says.
    """
    found = describe_dta(path) if _suffix(path) == ".dta" else describe_csv(path)
    return replace(found, variables=tuple(map(_with_note_on_name, found.variables)))


def read_variables(path: Path, names: Iterable[str]) -> Frame:
    """The named columns of a data file, every row, each column once.

    Raises
    ------
    DataFileError
        The file is missing, of an unknown kind, or not what its name says.
    UnknownNameError
        A name is not in the file; names are case-sensitive.
    """
    wanted = list(dict.fromkeys(names))
    return read_dta(path, wanted) if _suffix(path) == ".dta" else read_csv(path, wanted)


def read_sample(path: Path, command: Command) -> Sample:
    """The rows of a data file that enter a command's fit: `read_variables`, then `make_sample`."""
    return make_sample(read_variables(path, command.variables), command)


def make_sample(raw: Frame, command: Command) -> Sample:
    """The complete rows, and each variable in the role that the command gives it.

    A row with a missing value in any variable of the command is dropped, as in Stata. Rows keep the order of the file.
    A variable of a factor term becomes levels; the outcome, continuous variables and those named in options become
    numbers; a variable used both ways becomes both.

    Raises
    ------
    UnknownNameError
        The columns lack a variable of the command.
    VariableError
        Text, or an infinite value, where a number is needed; a factor variable with a value that is neither text nor a
        whole number of 0 or more (Stata's rule, [U] 11.4.3). Only complete rows are looked at.
    """
    check_names(raw.source, command.variables, raw.columns)
    keep = np.ones(raw.nrows, dtype=np.bool_)
    for name in command.variables:
        keep &= _present(raw.columns[name])
    factors = dict.fromkeys(factor.variable for term in command.terms for factor in term.factors)
    continuous = {name for term in command.terms for name in term.continuous} | {command.depvar}
    numbers = [name for name in command.variables if name in continuous or name not in factors]
    return Sample(
        nobs=int(keep.sum()),
        numeric={name: _numbers(name, raw, keep) for name in numbers},
        factors={name: _levels(name, raw, keep) for name in factors},
        kinds={n: "text" if isinstance(raw.columns[n], TextColumn) else "numeric" for n in command.variables},
    )


def sample_from_frame(frame: pd.DataFrame, command: Command) -> Sample:
    """The rows of a pandas data frame that enter a command's fit.

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
    check_names(source, command.variables, [str(name) for name in frame.columns])
    return make_sample(
        Frame(source, len(frame), {name: _from_pandas(name, frame[name]) for name in command.variables}), command
    )


def _with_note_on_name(info: VariableInfo) -> VariableInfo:
    """A name that the command language cannot spell (a dot in it, say) is worth a word before someone needs it."""
    if is_name(info.name):
        return info
    return replace(info, note="; ".join(filter(None, [info.note, "no command can use this name: rename it"])))


def _suffix(path: Path) -> str:
    """The kind of a readable data file, by its name."""
    suffix = path.suffix.lower()
    if suffix not in {".dta", ".csv"} and not path.is_dir():
        what = "the data file is of an unknown kind"
        do = "save the data as .dta or export them as .csv"
        raise DataFileError(what, where=str(path), found=suffix or "no suffix", expected=".dta or .csv", do=do)
    check_readable(path)
    return suffix


def _present(column: RawColumn) -> NDArray[np.bool_]:
    """True where a row has a value, shape `(n,)`."""
    if isinstance(column, TextColumn):
        return np.not_equal(column.codes, MISSING_CODE)
    return np.logical_not(np.isnan(column))


def _numbers(name: str, raw: Frame, keep: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The kept values of a variable that is used as a number."""
    column = raw.columns[name]
    if isinstance(column, TextColumn):
        do = f"store it as numbers (0 and 1 for no and yes); as a term, a category is written i.{name}"
        raise VariableError(f"text where a number is needed: {name}", where=raw.source, found="text", do=do)
    values = column[keep]
    if np.isinf(values).any():
        do = "correct these values or make them missing"
        raise VariableError(f"the variable {name} has infinite values", where=raw.source, expected="numbers", do=do)
    return _frozen(values)


def _levels(name: str, raw: Frame, keep: NDArray[np.bool_]) -> FactorValues:
    """The kept values of a variable that is used as categories."""
    column = raw.columns[name]
    if isinstance(column, TextColumn):
        return _relevel(name, column.codes[keep], column.levels)
    distinct, codes = np.unique(column[keep], return_inverse=True)
    if not all(0 <= value < EXACT_BELOW and value.is_integer() for value in distinct.tolist()):
        what = f"the factor variable {name} has values that are no categories"
        expected = "whole numbers of 0 or more, or text"
        do = f"recode it, or write {name} or c.{name} to use it as a continuous variable"
        raise VariableError(what, where=raw.source, found="other numbers", expected=expected, do=do)
    return _relevel(name, codes, [str(int(value)) for value in distinct.tolist()])


def _relevel(name: str, codes: NDArray[Any], names: tuple[str, ...] | list[str]) -> FactorValues:
    """The levels that occur, in their order, and codes that count in it."""
    used = sorted(np.unique(codes).tolist(), key=lambda code: level_key(names[code]))
    if not all(can_be_shown(names[code]) for code in used):
        raise VariableError(f"a category of {name} holds line ends or control characters", where=name, do="recode it")
    places = np.zeros(len(names), dtype=np.int32)
    places[used] = np.arange(len(used), dtype=np.int32)
    return FactorValues(_frozen(places[codes]), tuple(names[code] for code in used))


def _frozen(values: NDArray[Any]) -> NDArray[Any]:
    """The same array, which nobody can write to: columns of a design are handed out without a copy."""
    values.setflags(write=False)
    return values


def _from_pandas(name: str, values: pd.Series[Any] | pd.DataFrame) -> RawColumn:
    """A column of a data frame as numbers or text."""
    import pandas as pd

    if isinstance(values, pd.DataFrame):
        raise VariableError(f"two columns of the data frame are named {name}", where=name, do="rename one of them")
    if isinstance(values.dtype, pd.CategoricalDtype):
        return _from_categorical(name, values)
    if pd.api.types.is_bool_dtype(values.dtype) or values.dtype.kind in "iuf":
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    present = values[values.notna()].tolist()
    if isinstance(values.dtype, pd.StringDtype) or (present and all(isinstance(value, str) for value in present)):
        numbering = Numbering()
        return TextColumn(numbering.codes(values.fillna("").tolist()), numbering.levels)
    if values.dtype.kind == "O" and all(isinstance(value, (int, float, np.number, np.bool_)) for value in present):
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
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
        return TextColumn(np.append(categories.codes, np.int32(MISSING_CODE))[codes], categories.levels)
    return np.append(categories, np.nan)[codes]


def write_dta(frame: Frame, path: Path) -> None:
    """Write a frame as a .dta of Stata 14 and later, numbers as doubles; what was missing is `.` or empty text."""
    import pandas as pd

    columns = {
        name: pd.Series([column.levels[code] if code != MISSING_CODE else "" for code in column.codes], dtype="object")
        if isinstance(column, TextColumn)
        else pd.Series(column)
        for name, column in frame.columns.items()
    }
    pd.DataFrame(columns).to_stata(path, write_index=False, version=118)
