"""What the statements before a model make of the rows of a file: further variables, and rows that are pieces of others.

A column of the file is not copied for the pieces of its rows: it is looked up where it is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fedfolder.command.lexis import BEGIN, END, FAILURE, INCLUDED, Merge, Split, Stset
from fedfolder.errors import UnknownNameError, VariableError, nearest
from fedfolder.questions.blocks import blocks, code_type, joined, numbered, smallest
from fedfolder.questions.cutting import cut, cut_every
from fedfolder.questions.derivations import derive
from fedfolder.questions.expressions import by_blocks, evaluate, holds, numbers_of
from fedfolder.questions.lookup import looked_up
from fedfolder.questions.stset import Raw, at_risk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from fedfolder.command.derivation import Derivation
    from fedfolder.command.expression import Expression
    from fedfolder.questions.cutting import Pieces
    from fedfolder.questions.expressions import Values
    from fedfolder.questions.lookup import Table

    Array = NDArray[np.float64]


class _Texts(NamedTuple):
    """A text variable at some rows."""

    codes: NDArray[np.signedinteger[Any]]
    levels: tuple[str, ...]


class Records:
    """The rows that statements have made so far.

    Parameters
    ----------
    columns : mapping of str to array or text variable
        The variables of the file, every row.
    rows : int
        The rows of the file.
    tables : mapping of str to Table
        Those of the site that `merge` names.

    Attributes
    ----------
    made : dict of str to (n,) numbers
        The variables that were derived.
    origins : (n,) integers or None
        The row of the file that each row is of; None where they are the same.
    told : tuple of (n,) bool
        The rows that one part of `stset` or another has given other times.
    notes : list of str
        What to say at the site, and nowhere else: counts of rows.
    """

    def __init__(self, columns: Mapping[str, Values], rows: int, tables: Mapping[str, Table] | None = None) -> None:
        self._columns = columns
        self._tables = tables or {}
        self.rows = rows
        self.made: dict[str, NDArray[Any]] = {}
        self.origins: NDArray[np.signedinteger[Any]] | None = None
        self.told: tuple[NDArray[np.bool_], ...] = ()
        self.notes: list[str] = []
        self._origin: NDArray[Any] = np.zeros(())
        self._scale = 1.0

    @classmethod
    def after(
        cls,
        statements: Sequence[Derivation],
        columns: Mapping[str, Values],
        rows: int,
        tables: Mapping[str, Table] | None = None,
    ) -> Records:
        """What is there after these statements.

        Raises
        ------
        UnknownNameError
            If a table is not there, or lacks a variable.
        VariableError
            If something cannot be derived, or times cannot be.
        """
        found = cls(columns, rows, tables)
        for statement in statements:
            found.apply(statement)
        return found

    def apply(self, statement: Derivation) -> None:
        """Do what one statement says; see `after`."""
        match statement:
            case Stset():
                self._stset(statement)
            case Split():
                self._split(statement)
            case Merge():
                self._merge(statement)
            case _:
                pieces: dict[str, list[NDArray[Any]]] = {}
                for place, block in self.blocks():
                    for name, values in derive([statement], block, place.stop - place.start).items():
                        pieces.setdefault(name, []).append(smallest(values))
                self.made |= {name: joined(found) for name, found in pieces.items()}

    # -- the rows as they are ------------------------------------------------------------------------------------------

    def blocks(self) -> Iterator[tuple[slice, dict[str, Values]]]:
        """All variables, a block of rows at a time, each with its place."""
        if self.origins is None:
            yield from by_blocks({**self._columns, **self.made}, self.rows)
            return
        for place in blocks(self.rows, self._levels()):
            rows = self.origins[place]
            known = {name: _at(column, rows) for name, column in self._columns.items()}
            yield place, {**known, **{name: values[place] for name, values in self.made.items()}}

    def _levels(self) -> int:
        """Rows in a block at least: the levels of a text variable are sorted in each. Bits are packed by eight."""
        texts = (len(c.levels) for c in self._columns.values() if not isinstance(c, np.ndarray))
        levels = max(texts, default=0)
        return levels + -levels % 8

    def column(self, name: str) -> Values:
        """A variable at every row; `UnknownNameError` if there is none."""
        if name in self.made:
            return self.made[name]
        if name not in self._columns:
            raise UnknownNameError(f"there is no variable {name}", where=name, do=nearest(name, self._columns))
        column = self._columns[name]
        return column if self.origins is None else _at(column, self.origins)

    def in_file(self, rows: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
        """The rows of a file of `count` rows that some of these rows (n,) are of."""
        if self.origins is None:
            return rows
        found = np.zeros(count, dtype=np.bool_)
        found[self.origins[rows]] = True
        return found

    def _numbers(self, name: str) -> Array:
        """A variable as numbers, checked, in float64."""
        return numbers_of(name, {name: self.column(name)}).astype(np.float64, copy=False)

    def _values(self, expression: Expression) -> Array:
        found = [evaluate(expression, block, place.stop - place.start) for place, block in self.blocks()]
        return np.concatenate(found)

    def _take(self, rows: NDArray[np.int64]) -> None:
        """Go on with these rows, in this order; a row may come several times."""
        before = rows if self.origins is None else self.origins[rows]
        self.origins = before.astype(code_type(max(self.rows, int(before.max(initial=0)) + 1)))
        self.made = {name: values[rows] for name, values in self.made.items()}
        self.told = tuple(part[rows] for part in self.told)
        self._origin = self._origin[rows] if self._origin.ndim else self._origin
        self.rows = len(rows)

    # -- follow-up -----------------------------------------------------------------------------------------------------

    def _stset(self, said: Stset) -> None:
        """Times in units of analysis time, and rows that nobody is at risk in left out; see `at_risk`."""
        rows = np.flatnonzero(self._counted(said))
        found = at_risk(said, self._raw(said, rows))
        rows = rows[found.keep]
        self._take(rows)
        begins, ends, fails = found.begins[found.keep], found.ends[found.keep], found.fails[found.keep]
        included = np.ones(self.rows, np.int8)
        self.made |= {BEGIN: begins, END: ends, FAILURE: fails.astype(np.int8), INCLUDED: included}
        self.told += tuple(part[found.keep] for part in found.told)
        self._origin, self._scale = smallest(found.origin[found.keep]), said.scale

    def _counted(self, said: Stset) -> NDArray[np.bool_]:
        """The records that `if` chooses, of which the times are known, and whose they are."""
        counted = np.ones(self.rows, dtype=np.bool_)
        if said.condition is not None:
            chosen = [holds(said.condition, block, place.stop - place.start) for place, block in self.blocks()]
            counted &= np.concatenate(chosen)
        for name in filter(None, (said.time, said.time0)):
            counted &= ~np.isnan(self._numbers(name))
        if said.person is not None:
            column = self.column(said.person)
            known = ~np.isnan(column) if isinstance(column, np.ndarray) else np.greater_equal(column.codes, 0)
            counted &= known
        return counted

    def _raw(self, said: Stset, rows: NDArray[np.int64]) -> Raw:
        """What some records say of times."""
        person = None
        if said.person is not None:
            column = self.column(said.person)
            person = numbered(column[rows])[1] if isinstance(column, np.ndarray) else column.codes[rows]
        moments = {name: when.time for name, when in said.moments.items() if when.time is not None}
        events = {when.event.name for when in said.moments.values() if when.event is not None}
        return Raw(
            ends=self._numbers(said.time)[rows],
            failure=self._numbers(said.failure)[rows],
            begins=None if said.time0 is None else self._numbers(said.time0)[rows],
            person=person,
            events={name: self._numbers(name)[rows] for name in events},
            moments={name: self._values(time)[rows] for name, time in moments.items()},
        )

    def _split(self, said: Split) -> None:
        begins, ends = self._numbers(BEGIN), self._numbers(END)
        after = np.zeros(self.rows) if said.after is None else self._values(said.after)
        if said.in_data:
            after = (after - self._origin) / self._scale
        known = ~np.isnan(begins + ends + after)
        if not known.all():
            # A row that it is not known of when to cut it has a missing value, and is left out.
            self._take(np.flatnonzero(known))
            begins, ends, after = begins[known], ends[known], after[known]
        if not bool((begins < ends).all()):
            what = f"some rows end where they begin, or before: {END} is not above {BEGIN}"
            raise VariableError(what, where=END, expected="time at risk in every row", do="stset the data again")
        pieces = (
            cut(begins, ends, after, said.at, trim=said.trim)
            if said.every is None
            else cut_every(begins, ends, after, said.every)
        )
        codes = np.maximum(pieces.numbers - (said.at[:1] == (0.0,)), 0)
        self._part(said.name, pieces, codes if said.icodes else pieces.bands)

    def _part(self, name: str, pieces: Pieces, bands: NDArray[Any]) -> None:
        """Go on with the pieces of rows; a failure is that of the last."""
        fails = (self._numbers(FAILURE)[pieces.parents] != 0) & pieces.last
        self._take(pieces.parents)
        self.made |= {BEGIN: pieces.begins, END: pieces.ends, FAILURE: fails.astype(np.int8)}
        self.made[name] = smallest(bands)

    def _merge(self, said: Merge) -> None:
        table = self._tables.get(said.table)
        if table is None:
            raise UnknownNameError(
                f"this site has no table {said.table}",
                where=said.table,
                do=f"name its file in node.toml, under [tables.{said.table}]; simulate and predict take it by --table",
            )
        for name in (*said.keys, *said.names):
            if name not in table.columns:
                what = f"the table {said.table} has no variable {name}"
                raise UnknownNameError(what, where=table.where, do=nearest(name, table.columns))
        found, matched = looked_up(said, [self.column(name) for name in said.keys], table)
        self.made |= found
        if said.keep and not matched.all():
            what = "left out" if said.keep == "match" else "without a value"
            self.notes.append(
                f"{int((~matched).sum()):,} of {self.rows:,} rows (or pieces of them) are {what}: the table "
                f"{said.table} has nothing for their {' '.join(said.keys)}"
            )
        if said.keep == "match":
            self._take(np.flatnonzero(matched))


def _at(column: Values, rows: NDArray[Any]) -> Values:
    return column[rows] if isinstance(column, np.ndarray) else _Texts(column.codes[rows], column.levels)
