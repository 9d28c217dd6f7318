"""Raw columns: what every reader of data files gives, before a command says what its variables are for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from fedfolder.errors import DataFileError, UnknownNameError, nearest
from fedfolder.exchange import files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from fedfolder.questions.sample import Kind

MISSING_CODE = -1
CHUNK_ROWS = 100_000
"""Rows that are held as Python objects at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class TextColumn:
    """A variable that holds text.

    Parameters
    ----------
    codes : (n,) int32
        The place of each row's text in `levels`; -1 where it is missing, which is the empty text, as in Stata.
    levels : tuple of str
        The distinct texts in the order in which they first appear.
    """

    codes: NDArray[np.int32] = field(repr=False)
    levels: tuple[str, ...] = field(repr=False)


RawColumn: TypeAlias = "NDArray[np.float64] | TextColumn"
"""Numbers with NaN where a value is missing, or text."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Columns of one data file, every row of it, with missing values still in place.

    Parameters
    ----------
    source : str
        What was read, for messages: a path, or "the data frame".
    nrows : int
        The number of rows, n.
    columns : mapping of str to (n,) float64 or TextColumn
        The columns that were asked for.
    """

    source: str
    nrows: int
    columns: Mapping[str, RawColumn] = field(repr=False)

    def take(self, places: NDArray[np.intp]) -> Frame:
        """The rows at `places`, counted from 0, in that order."""
        columns = {
            name: TextColumn(column.codes[places], column.levels) if isinstance(column, TextColumn) else column[places]
            for name, column in self.columns.items()
        }
        return Frame(self.source, len(places), columns)


@dataclass(frozen=True, slots=True)
class VariableInfo:
    """What `fedfolder node check` shows of a variable; no value of it.

    Parameters
    ----------
    name, label : str
        As in the file; a .csv has no labels.
    type : {"numeric", "text"}
        What the variable is read as.
    value_labels : int
        The number of value labels. They are shown as a count and never replace a value.
    missing : int
        The number of rows without a value.
    note : str
        What the custodian should know about how it was read; mostly empty.
    """

    name: str
    type: Kind
    label: str
    value_labels: int
    missing: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Description:
    """A data file at a glance: its number of rows, and its variables in the file's order."""

    nrows: int
    variables: tuple[VariableInfo, ...]


class Numbering(dict[str, int]):
    """Texts, numbered from 0 in the order in which they are first looked up; the empty text is missing."""

    def __init__(self) -> None:
        super().__init__({"": MISSING_CODE})

    def __missing__(self, text: str) -> int:
        """Give the next number to a new text."""
        number = len(self) - 1
        self[text] = number
        return number

    def codes(self, texts: Collection[str]) -> NDArray[np.int32]:
        """The number of each text, shape `(len(texts),)`."""
        return np.fromiter(map(self.__getitem__, texts), dtype=np.int32, count=len(texts))

    @property
    def levels(self) -> tuple[str, ...]:
        """The texts in the order of their numbers."""
        return tuple(self)[1:]


def join_numbers(parts: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The chunks of a numeric column as one array."""
    return np.concatenate([np.empty(0), *parts])


def join_codes(parts: Iterable[NDArray[np.int32]]) -> NDArray[np.int32]:
    """The chunks of a text column's codes as one array."""
    return np.concatenate([np.empty(0, dtype=np.int32), *parts])


def check_names(source: str, wanted: Iterable[str], known: Collection[str]) -> None:
    """Every wanted variable is there; names are case-sensitive, as in Stata.

    Raises
    ------
    UnknownNameError
        Names the first that is absent, the file, and the nearest names in it.
    """
    for name in wanted:
        if name not in known:
            what = f"the data have no variable {name}"
            raise UnknownNameError(what, where=source, do=nearest(name, known))


def check_readable(path: Path) -> None:
    """The path is a file that can be opened.

    Raises
    ------
    DataFileError
        It is missing, a folder, or may not be read.
    """
    expected = "a .dta or .csv file"
    if path.is_dir():
        what = "the data file is a folder"
        raise DataFileError(what, where=str(path), expected=expected, do="name the file inside it")
    try:
        with path.open("rb"):
            pass
    except FileNotFoundError:
        what = "the data file does not exist"
        do = files.missing_drive(path) or "check the path, and that the drive is connected"
        raise DataFileError(what, where=str(path), expected=expected, do=do) from None
    except OSError as error:
        what = "the data file cannot be opened"
        found = error.strerror or type(error).__name__
        do = "check its rights, and that no other program holds it"
        raise DataFileError(what, where=str(path), found=found, expected=expected, do=do) from None
