"""Reading the files of SPSS, SAS and Parquet, whose libraries run in a child process (see readstat.py).

Missing is what the program that wrote the file says is missing: SPSS' system- and user-missing values, SAS' `.`, `._`
and `.A` to `.Z`, Parquet's null and NaN, and the empty text. Dates are numbers as Stata keeps them: days since
1960-01-01, or milliseconds for a date with a time. Value labels replace nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.errors import DataFileError
from fedfolder.node import readstat
from fedfolder.node.narrow import narrowed
from fedfolder.node.progress import unwatched
from fedfolder.node.readers import Field, Numbering, Table, TextColumn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from fedfolder.node.progress import Watch
    from fedfolder.node.readers import RawColumn

SIGNATURES = {
    "sav": (b"$FL2", b"$FL3"),
    "zsav": (b"$FL2", b"$FL3"),
    "sas7bdat": (bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011"),),
    "xpt": (b"HEADER RECORD*******LIB",),
    "parquet": (b"PAR1",),
}
"""The first bytes of each kind; a .por begins in whatever way its computer spelt letters."""
NOTES = {
    "days": "dates, as days since 1960-01-01",
    "milliseconds": "dates with a time, as milliseconds since 1960-01-01",
}


@dataclass(frozen=True, slots=True)
class OtherSource:
    """An opened file of SPSS, SAS or Parquet: a `Source`."""

    path: Path
    labels: readstat.Labels

    @property
    def fields(self) -> Mapping[str, Field]:
        """Its columns, with their labels."""
        found = self.labels
        notes = {name: NOTES.get(unit, "") for name, unit in found.units.items()}
        notes |= dict.fromkeys(found.unread, "it is of a type that is not read")
        return {
            name: Field(label, found.value_labels.get(name, {}), notes.get(name, ""))
            for name, label in found.variables.items()
        }

    @property
    def how(self) -> tuple[tuple[str, str], ...]:
        """Nothing has to be detected."""
        return ()

    @property
    def decimal(self) -> str:
        """A point, in texts that a recode makes numbers."""
        return "."

    def read(self, wanted: Sequence[str], _words: Mapping[str, frozenset[str]], _watch: Watch = unwatched) -> Table:
        """The wanted columns; raises `DataFileError` when the file is damaged."""
        able = [name for name in wanted if name not in self.labels.unread]
        columns = {name: _column(values) for name, values in readstat.read_columns(self.path, able).items()}
        lengths = {len(column.codes if isinstance(column, TextColumn) else column) for column in columns.values()}
        if len(lengths) > 1:
            raise DataFileError("the data file is damaged", where=str(self.path), found="columns of unequal length")
        nrows = lengths.pop() if lengths else 0
        problems = dict.fromkeys(
            set(wanted) - set(able), "it is of a type that is not read: save it as numbers or text"
        )
        missing = {name: Numbering().codes([""] * nrows) for name in problems}
        absent = {name: TextColumn(narrowed(codes), ()) for name, codes in missing.items()}
        return Table(nrows, columns | absent, {}, problems)


def open_other(path: Path) -> OtherSource:
    """The file at `path`, one of `readstat.PROGRAMS`.

    Raises
    ------
    DataFileError
        It is damaged, not what its name says, or of a kind whose library is not installed.
    """
    kind = readstat.kind_of(path)
    with path.open("rb") as file:
        start = file.read(32)
    if kind in SIGNATURES and not start.startswith(SIGNATURES[kind]):
        what = f"the data file is named .{kind} but is no {readstat.PROGRAMS[kind]} file"
        do = "give it the suffix of what it is, or save it again"
        raise DataFileError(what, where=str(path), expected=f"the first bytes of a .{kind}", do=do)
    return OtherSource(path, readstat.read_labels(path))


def _column(values: NDArray[np.float64] | list[str]) -> RawColumn:
    """A column as the child gave it."""
    if not isinstance(values, list):
        return narrowed(values)
    numbering = Numbering()
    return TextColumn(narrowed(numbering.codes(values)), numbering.levels)
