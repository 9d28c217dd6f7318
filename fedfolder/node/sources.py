"""A data file of any kind, opened, with the study's names and codes over its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.terms import is_name
from fedfolder.errors import DataFileError, UnknownNameError, VariableError, nearest
from fedfolder.node import readstat, recode
from fedfolder.node.cells import WORDS
from fedfolder.node.progress import unwatched
from fedfolder.node.readers import (
    MISSING_CODE,
    Description,
    Frame,
    TextColumn,
    VariableInfo,
    check_readable,
    distinct_class,
)
from fedfolder.node.reading import Reading
from fedfolder.questions.held import Held, Values
from fedfolder.questions.sample import FactorValues

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from fedfolder.node.progress import Watch
    from fedfolder.node.readers import Field, RawColumn, Source, Table
    from fedfolder.questions.held import Absent

TEXT_SUFFIXES = frozenset({".csv", ".tsv", ".txt"})
SUFFIXES = TEXT_SUFFIXES | {f".{kind}" for kind in readstat.PROGRAMS}
AT_A_TIME = 1 << 28
"""Bytes of a file of which all variables are described at once; of a larger one, some at a time."""


def opened(path: Path, reading: Reading | None = None, watch: Watch = unwatched) -> Opened:
    """The data file at `path`; `watch` is told how far it is read, whenever it is.

    Raises
    ------
    DataFileError
        It is missing, of an unknown kind, or not what its name says.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES and not path.is_dir():
        what = "the data file is of an unknown kind"
        do = "save the data as .dta or export them as .csv"
        expected = ", ".join(sorted(SUFFIXES))
        raise DataFileError(what, where=str(path), found=suffix or "no suffix", expected=expected, do=do)
    check_readable(path)
    reading = Reading() if reading is None else reading
    source, typeless = _source(path, suffix, reading), suffix in TEXT_SUFFIXES
    return Opened(str(path), source, reading, typeless=typeless, nbytes=path.stat().st_size, watch=watch)


def _source(path: Path, suffix: str, reading: Reading) -> Source:
    if suffix in TEXT_SUFFIXES:
        from fedfolder.node.readers_csv import open_csv

        return open_csv(path, reading)
    if suffix == ".dta":
        from fedfolder.node.readers_dta import open_dta

        return open_dta(path)
    from fedfolder.node.readers_other import open_other

    return open_other(path)


@dataclass(frozen=True, slots=True)
class Opened:
    """Data and how they are read.

    Parameters
    ----------
    where : str
        The file, or what else holds them, for messages.
    source : Source
        What gives their columns.
    reading : Reading
        What node.toml fixes.
    typeless : bool
        Whether the columns do not say what type they are of.
    nbytes : int
        How much there is to read.
    watch : callable
        Is told how far it is read.
    """

    where: str
    source: Source
    reading: Reading
    typeless: bool = False
    nbytes: int = 0
    watch: Watch = unwatched
    _fields: Mapping[str, Field] = field(init=False, repr=False)
    _names: Mapping[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Look at the file's columns once."""
        object.__setattr__(self, "_fields", self.source.fields)
        object.__setattr__(self, "_names", recode.study_names(self._fields, self.reading))

    def frame(self, names: Sequence[str]) -> Frame:
        """The variables of these names; see `fedfolder.node.data.read_variables`."""
        for name in names:
            self._require(name)
        table = self._table(names)
        for name in names:
            if problem := table.problems.get(self._names[name]):
                what = f"the variable {name} cannot be read as it is"
                raise VariableError(what, where=self.where, found=problem, do="see fedfolder node check")
        columns = {name: self._column(name, table) for name in names}
        return Frame(self.where, table.nrows, columns, frozenset(names) if self.typeless else frozenset())

    def held(self, names: Sequence[str]) -> Held:
        """What there is of the variables of these names; see `fedfolder.node.data.read_held`."""
        known = [name for name in names if name in self._names]
        table = self._table(known)
        found: dict[str, Values | Absent] = dict.fromkeys(names, "no such variable")
        for name in known:
            problem = self._names[name] in table.problems
            found[name] = "cannot be read as it is" if problem else self._values(name, table)
        return Held(table.nrows, found)

    def _values(self, name: str, table: Table) -> Values:
        column = self._column(name, table)
        if isinstance(column, TextColumn):
            return Values(FactorValues(column.codes, column.levels), self.texts(name))
        return Values(column, self.texts(name))

    def has(self, name: str) -> bool:
        """Whether there is a variable of this name."""
        return name in self._names

    def texts(self, name: str) -> dict[str, str]:
        """The value labels of a variable, by level as the study spells it."""
        own = self._fields[self._names[name]].texts
        return recode.recoded_texts(own, self.reading.recodes.get(name, {}))

    def description(self) -> Description:
        """All variables; see `fedfolder.node.data.describe`."""
        nrows, infos = 0, []
        batches = list(self._batches())
        for part, names in enumerate(batches):
            table = self._table(names, part, len(batches))
            nrows = table.nrows
            infos += [self._info(name, table) for name in names]
        if not infos:
            nrows = self._table([]).nrows
        return Description(nrows, tuple(infos), self.source.how)

    def _batches(self) -> Iterator[Sequence[str]]:
        """The names, as many at a time as there is room for."""
        names = list(self._names)
        parts = min(len(names), 1 + self.nbytes // AT_A_TIME)
        for part in range(parts):
            yield names[len(names) * part // parts : len(names) * (part + 1) // parts]

    def _require(self, name: str) -> None:
        """The variable is there."""
        if name in self._names:
            return
        own = self.reading.in_file(name)
        if own != name:
            what = f"the data have no variable {name}: node.toml reads it from {own}, which is not there"
            raise UnknownNameError(what, where=self.where, do=nearest(own, self._fields))
        raise UnknownNameError(f"the data have no variable {name}", where=self.where, do=nearest(name, self._names))

    def _table(self, names: Sequence[str], part: int = 0, parts: int = 1) -> Table:
        """The variables of these names, as they stand in the file: a part of what is read of it."""
        words = WORDS if self.reading.missing is None else self.reading.missing
        own = {self._names[name]: recode.words_for(self.reading, name, words) for name in names}
        return self.source.read(list(own), own, lambda share: self.watch((part + share) / parts))

    def _column(self, name: str, table: Table) -> RawColumn:
        """A variable with the study's codes."""
        column = table.columns[self._names[name]]
        if self.reading.missing is not None:
            column = recode.without_missing(column, recode.words_for(self.reading, name, self.reading.missing))
        if name in self.reading.recodes:
            column = recode.recoded(column, self.reading.recodes[name], decimal=self.source.decimal)
        return column

    def _info(self, name: str, table: Table) -> VariableInfo:
        own = self._names[name]
        column, file = self._column(name, table), self._fields[own]
        texts = self.texts(name)
        missing = column.codes == MISSING_CODE if isinstance(column, TextColumn) else np.isnan(column)
        problem = table.problems.get(own, "")
        notes = [
            file.note,
            table.notes.get(own, ""),
            "" if is_name(name) else "no command can use this name: rename it",
        ]
        return VariableInfo(
            name=name,
            type="text" if isinstance(column, TextColumn) else "numeric",
            label=file.label,
            value_labels=len(texts),
            missing=0 if problem else int(missing.sum()),
            note="; ".join(filter(None, notes)),
            source=own if own != name else "",
            distinct="" if problem else distinct_class(column),
            problem=problem,
            texts=texts,
        )
