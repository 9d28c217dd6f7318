"""Rows that are no one's: made from names and levels, so that Stata sees the columns that a fit over the nodes has.

`ml` looks at the data in memory to see which levels a factor has, which cells are empty, which columns are collinear.
The rows here are such that it leaves out what the fit leaves out, and nothing else: in every cell that occurs there are
rows with arbitrary numbers; what is collinear by itself stays so; what is left out for what the data are (a copy of
another variable, a perfect predictor) is zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from fedfolder.command.terms import Column, all_combinations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from fedfolder.command.terms import Term
    from fedfolder.stata.matching import Codes

    Array = NDArray[np.float64]
    Cell = tuple[tuple[str, str], ...]

FEWEST = 6
"""Rows that are made in each cell, at least: enough to tell factors apart."""
MOST_MADE = 50_000
"""Rows that are made to choose from; the last repetition may go beyond."""
MOST_TRIES = 10_000
"""Steps in search of a row that lies in no empty cell."""
COLLINEAR = 1e-9
"""Share of a column's squares below which what the columns before it leave of it is nothing."""


@dataclass(frozen=True, slots=True)
class Model:
    """What Stata is to see.

    Parameters
    ----------
    terms : sequence of Term
        The command's.
    levels : mapping of str to sequence of str
        Those of each factor.
    numbers : mapping
        The number that stands for each level in Stata.
    labels : sequence of str
        The columns that may be estimated, in order, without the constant.
    kept : sequence of str
        Those that are.
    empty : set of cells
        Combinations of levels that no row has.
    indicators : set of str
        The continuous variables that are 0 or 1.
    constant : bool
        Whether there is one.
    """

    terms: Sequence[Term]
    levels: Mapping[str, Sequence[str]]
    numbers: Codes
    labels: Sequence[str]
    kept: Sequence[str]
    empty: frozenset[frozenset[tuple[str, str]]] = frozenset()
    indicators: frozenset[str] = frozenset()
    constant: bool = True

    @property
    def continuous(self) -> tuple[str, ...]:
        """The variables that stand as numbers alone, each once."""
        names = dict.fromkeys(name for term in self.terms for name in term.continuous)
        return tuple(name for name in names if name not in self.levels)


@dataclass(frozen=True, slots=True)
class Rows:
    """What stands in memory.

    Parameters
    ----------
    variables : mapping of str to (m,) float64
        By variable.
    as_is : bool
        Whether Stata leaves out by itself what the fit leaves out; otherwise it must be told.
    """

    variables: dict[str, Array]
    as_is: bool = True

    @property
    def count(self) -> int:
        """m; 1 if there is nothing but a constant."""
        return max((len(column) for column in self.variables.values()), default=1)


@dataclass(frozen=True, slots=True)
class _Forced:
    """What is left out because the rows say so: cells that no row is in, and numbers that are zero within cells."""

    cells: frozenset[frozenset[tuple[str, str]]] = frozenset()
    zeros: tuple[tuple[Cell, str], ...] = field(default=())

    def also(self, label: str) -> _Forced:
        column = Column.parse(label)
        if not column.continuous:
            return _Forced(self.cells | {frozenset(column.factors)}, self.zeros)
        zeros = dict.fromkeys([*self.zeros, (column.factors, column.continuous[-1])])
        return _Forced(self.cells, tuple(zeros))


def make(model: Model) -> Rows | None:
    """Rows for a model; None if there are none of which Stata could be told what to leave out.

    What is left out is forced to be only where the columns do not say so by themselves, such as the last of all levels
    beside a constant.
    """
    forced = _Forced(model.empty)
    wanted = set(model.labels) - set(model.kept)
    while True:
        values = _made(model, forced)
        if values is None:
            break
        found = left_out(values, model)
        if found == wanted:
            return Rows(values)
        if found - wanted:
            break
        first = next(label for label in model.labels if label in wanted - found)
        if forced == forced.also(first):
            break
        forced = forced.also(first)
    values = _made(model, _Forced(model.empty))
    if values is None or left_out(values, model, only=model.kept):
        return None
    return Rows(values, as_is=False)


def left_out(values: Mapping[str, Array], model: Model, only: Sequence[str] | None = None) -> set[str]:
    """The columns, of `only` if given, that those before them and the constant leave nothing of."""
    labels = model.labels if only is None else only
    rows = max((len(column) for column in values.values()), default=1)
    basis, rank, found = np.zeros((len(labels) + 1, rows)), 0, set()
    if model.constant:
        basis[0], rank = rows**-0.5, 1
    for label in labels:
        column = column_of(label, values, model.numbers)
        rest = column.copy()
        for _ in range(2):  # twice is enough: the second time takes away the rounding of the first
            rest -= (basis[:rank] @ rest) @ basis[:rank]
        if rest @ rest <= COLLINEAR * (column @ column):
            found.add(label)
        else:
            basis[rank], rank = rest / np.linalg.norm(rest), rank + 1
    return found


def column_of(label: str, values: Mapping[str, Array], numbers: Codes) -> Array:
    """A column (m,) of the design."""
    column = Column.parse(label)
    rows = max((len(found) for found in values.values()), default=1)
    product = np.ones(rows)
    for name, level in column.factors:
        product = product * (values[name] == numbers[name][level])
    for name in column.continuous:
        product = product * values[name]
    return product


def of_length(rows: Rows, count: int, model: Model) -> Rows:
    """The same in `count` rows, by repetition or by choice; as they are if fewer cannot tell the columns apart."""
    if not rows.variables or count >= rows.count:
        places = np.arange(count) % rows.count
        return Rows({name: column[places] for name, column in rows.variables.items()}, rows.as_is)
    places = _telling(rows, model)
    rest = np.setdiff1d(np.arange(rows.count), places)
    chosen = np.sort(np.concatenate([places, rest])[:count])
    fewer = Rows({name: column[chosen] for name, column in rows.variables.items()}, rows.as_is)
    only = None if rows.as_is else model.kept
    wanted = set(model.labels) - set(model.kept) if rows.as_is else set()
    return fewer if left_out(fewer.variables, model, only) == wanted else rows


def _telling(rows: Rows, model: Model) -> NDArray[np.int64]:
    """As few rows as the columns that are kept need to be independent of each other, the most telling first."""
    left = np.array([column_of(label, rows.variables, model.numbers) for label in model.kept])
    left = np.vstack([np.ones(rows.count), left]) if model.constant else left
    left = left / np.linalg.norm(left, axis=1, keepdims=True)
    # Of what is left, the largest each time, freed of those before it: that is what pivoting means.
    _, places = linalg.qr(left, mode="r", pivoting=True, check_finite=False)
    return np.asarray(places[: len(left)], dtype=np.int64)


# -- making them --------------------------------------------------------------------------------------------------


def _made(model: Model, forced: _Forced) -> dict[str, Array] | None:
    """Rows in every cell that is not empty; None if there are none."""
    generator = np.random.default_rng(20260121)
    repeats = FEWEST + sum(1 for label in model.labels if Column.parse(label).continuous)
    cells: list[dict[str, str]] = []
    for _ in range(repeats):
        # Anew each time: which levels of other factors go with a cell must not be a pattern.
        cells += _rows_of_levels(model, forced, generator) if model.levels else [{}]
        if len(cells) > MOST_MADE:
            break
    if not cells:
        return None
    levels = {name: np.array([float(model.numbers[name][cell[name]]) for cell in cells]) for name in model.levels}
    return _numbers(levels, cells, model, forced, generator)


def _numbers(
    levels: dict[str, Array],
    cells: Sequence[Mapping[str, str]],
    model: Model,
    forced: _Forced,
    generator: np.random.Generator,
) -> dict[str, Array]:
    """The levels and numbers of rows in these cells."""
    values = dict(levels)
    for name in model.continuous:
        found = generator.uniform(-1, 1, len(cells))
        values[name] = (found > 0).astype(np.float64) if name in model.indicators else np.round(found, 4)
    for cell, name in forced.zeros:
        if name in model.continuous:
            values[name][[all(row[v] == level for v, level in cell) for row in cells]] = 0.0
    return values


def _rows_of_levels(model: Model, forced: _Forced, generator: np.random.Generator) -> Iterator[dict[str, str]]:
    """A row of levels in each cell of each term and of each factor that is not empty."""
    cells = dict.fromkeys(frozenset({(name, level)}) for name, found in model.levels.items() for level in found)
    cells |= dict.fromkeys(
        frozenset(column.factors)
        for term in model.terms
        if term.factors
        for column in all_combinations(term, model.levels)
    )
    for cell in cells:
        if not any(taken <= cell for taken in forced.cells):
            row = _row_in(cell, model, forced, generator)
            if row is not None:
                yield row


def _row_in(
    cell: frozenset[tuple[str, str]], model: Model, forced: _Forced, generator: np.random.Generator
) -> dict[str, str] | None:
    """Levels of all factors that agree with `cell` and lie in no cell without rows."""
    row = dict(cell)
    others = [name for name in model.levels if name not in row]
    left = MOST_TRIES

    def is_free(name: str) -> bool:
        now = set(row.items())
        return not any(taken <= now for taken in forced.cells if any(variable == name for variable, _ in taken))

    def extend(place: int) -> bool:
        nonlocal left
        if place == len(others):
            return True
        name = others[place]
        for level in generator.permutation(np.array(model.levels[name], dtype=object)):
            left -= 1
            row[name] = str(level)
            if left > 0 and is_free(name) and extend(place + 1):
                return True
        del row[name]
        return False

    return row if extend(0) else None
