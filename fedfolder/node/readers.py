"""Raw columns: what every reader of data files gives, before a command says what its variables are for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from fedfolder.dictionary.texts import tidied
from fedfolder.errors import DataFileError, UnknownNameError, nearest
from fedfolder.exchange import files
from fedfolder.node.progress import unwatched

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from fedfolder.node.progress import Watch
    from fedfolder.questions.sample import Kind

MISSING_CODE = -1
CHUNK_ROWS = 100_000
"""Rows that are held as Python objects at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class TextColumn:
    """A variable that holds text.

    Parameters
    ----------
    codes : (n,) int8, int16 or int32
        The place of each row's text in `levels`; -1 where it is missing, which is the empty text, as in Stata.
    levels : tuple of str
        The distinct texts in the order in which they first appear.
    """

    codes: NDArray[Any] = field(repr=False)
    levels: tuple[str, ...] = field(repr=False)


RawColumn: TypeAlias = "NDArray[Any] | TextColumn"
"""Numbers with NaN where a value is missing, in the smallest type that holds them (see `narrow`), or text."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Columns of one data file, every row of it, with missing values still in place.

    Parameters
    ----------
    source : str
        What was read, for messages: a path, or "the data frame".
    nrows : int
        The number of rows, n.
    columns : mapping of str to (n,) numbers or TextColumn
        The columns that were asked for.
    typeless : frozenset of str
        Those that the file does not say a type of: numbers in a .csv may be the levels of a text elsewhere.
    """

    source: str
    nrows: int
    columns: Mapping[str, RawColumn] = field(repr=False)
    typeless: frozenset[str] = frozenset()

    def take(self, places: NDArray[np.intp]) -> Frame:
        """The rows at `places`, counted from 0, in that order."""
        columns = {
            name: TextColumn(column.codes[places], column.levels) if isinstance(column, TextColumn) else column[places]
            for name, column in self.columns.items()
        }
        return Frame(self.source, len(places), columns, self.typeless)


@dataclass(frozen=True, slots=True)
class VariableInfo:
    """What `fedfolder node check` shows of a variable; no value of it.

    Parameters
    ----------
    name : str
        The study's name.
    type : {"numeric", "text"}
        What the variable is read as.
    label : str
        As in the file; a .csv has none.
    value_labels : int
        The number of value labels. They are shown as a count and never replace a value.
    missing : int
        The number of rows without a value.
    note : str
        What the custodian should know about how it was read; mostly empty.
    source : str
        The file's name, where it is another.
    distinct : str
        How many values occur, in classes (`DISTINCT`); "" when it is not known.
    problem : str
        Why the variable cannot be used as it is, and the line that mends it; mostly empty.
    texts : mapping of str to str
        The value labels: a value, spelt as a level is, and its text.
    """

    name: str
    type: Kind
    label: str
    value_labels: int
    missing: int
    note: str = ""
    source: str = ""
    distinct: str = ""
    problem: str = ""
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Description:
    """A data file at a glance.

    Parameters
    ----------
    nrows : int
        The number of rows.
    variables : tuple of VariableInfo
        In the file's order.
    how : tuple of (str, str)
        What was found out about the file, or fixed in node.toml: a subject and what there is to say of it.
    """

    nrows: int
    variables: tuple[VariableInfo, ...]
    how: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a file before any row of it is read: its label, its value labels, and a remark."""

    label: str = ""
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Columns as they stand in a file, every row.

    Parameters
    ----------
    nrows : int
        The number of rows, n.
    columns : mapping of str to (n,) numbers or TextColumn
        By the file's names.
    notes, problems : mapping of str to str
        Of columns that there is something to say about: see `VariableInfo`.
    """

    nrows: int
    columns: Mapping[str, RawColumn] = field(repr=False)
    notes: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """An opened data file."""

    @property
    def fields(self) -> Mapping[str, Field]:
        """Its columns, in the file's order."""

    @property
    def how(self) -> tuple[tuple[str, str], ...]:
        """What there is to say about how it is read: see `Description`."""

    @property
    def decimal(self) -> str:
        """The decimal sign of numbers that are written as text."""

    def read(self, wanted: Sequence[str], words: Mapping[str, frozenset[str]], watch: Watch = unwatched) -> Table:
        """The wanted columns; a column in `words` has words of its own for missing, which only text files need.

        `watch` is told how far it is, if that can be known.
        """


class Numbering(dict[str, int]):
    """Texts, numbered from 0 in the order in which they are first looked up; the empty text is missing.

    Texts that look alike have one number: see `tidied`.

    Parameters
    ----------
    missing : collection of str
        Further texts that are missing.
    """

    def __init__(self, missing: Iterable[str] = ()) -> None:
        super().__init__({"": MISSING_CODE})
        self._numbers = dict.fromkeys(("", *missing), MISSING_CODE)
        self._levels: list[str] = []

    def __missing__(self, text: str) -> int:
        """Give the next number to a new text."""
        bare = tidied(text)
        if bare not in self._numbers:
            self._numbers[bare] = len(self._levels)
            self._levels.append(bare)
        self[text] = self._numbers[bare]
        return self._numbers[bare]

    def codes(self, texts: Collection[str]) -> NDArray[np.int32]:
        """The number of each text, shape `(len(texts),)`."""
        return np.fromiter(map(self.__getitem__, texts), dtype=np.int32, count=len(texts))

    @property
    def levels(self) -> tuple[str, ...]:
        """The texts in the order of their numbers."""
        return tuple(self._levels)


DISTINCT = (("no", 0), ("1", 1), ("2", 2), ("3 to 10", 10), ("11 to 100", 100))
"""Classes of numbers of distinct values, by their largest."""


def distinct_class(column: RawColumn) -> str:
    """How many values a column has, in classes; whether every row has one of its own, as an identifier does."""
    if isinstance(column, TextColumn):
        present = column.codes[column.codes != MISSING_CODE]
    else:
        present = column[np.logical_not(np.isnan(column))]
    count = len(np.unique(present))
    if count == len(present) > DISTINCT[-1][1]:
        return "one value a row"
    name = next((name for name, most in DISTINCT if count <= most), "over 100")
    return f"{name} {'value' if name == '1' else 'values'}"


STSET_NAMES = frozenset({"_t", "_d", "_t0", "_st"})
STSET_DO = "these data were not stset: stset and save them, or name time(), failure() and entry() in the command"


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
            do = STSET_DO if name in STSET_NAMES and STSET_NAMES.isdisjoint(known) else nearest(name, known)
            raise UnknownNameError(what, where=source, do=do)


def check_readable(path: Path) -> None:
    """The path is a file that can be opened.

    Raises
    ------
    DataFileError
        It is missing, a folder, or may not be read.
    """
    expected = "a data file"
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
