"""The left-hand side of a table: which rows there are, in which order, and how their names are cut.

Stata's habits: a factor with several levels stands as a block (its name, then a row a level), so does an interaction;
a factor with one integer level is written out (`1.smoke`); a blank row parts blocks from what surrounds them.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.command.parameters import ANCILLARY, Parameter
from fedfolder.command.parse import parse
from fedfolder.command.terms import CONSTANT, Column, level_key
from fedfolder.errors import FedfolderError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from fedfolder.command.terms import Term

    Labels = Mapping[str, Mapping[str, str]]

NARROWEST = 12
"""Characters that names have at least, as in Stata."""

_Shape = tuple[tuple[str, ...], tuple[str, ...]]  # the variables of a term: factors, continuous


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the text beside the bar, and the label of the coefficient that it shows (None: no numbers)."""

    text: str
    label: str | None = None
    is_level: bool = False

    @property
    def length(self) -> int:
        """Characters that the text takes; a level stands one to the left of other names."""
        return len(self.text) + self.is_level

    def stub(self, width: int) -> str:
        """The text cut to `width` characters, right-aligned, with the bar."""
        gap = int(self.is_level)
        return f"{abbreviate(self.text, width - gap).rjust(width - gap)}{' ' * gap} |"


def abbreviate(name: str, width: int) -> str:
    """A name cut as by Stata's `abbrev()`: all but the last two characters, a tilde, the name's last character."""
    return name if len(name) <= width else f"{name[: width - 2]}~{name[-1]}"


@dataclass(frozen=True, slots=True)
class Block:
    """What stands between two rules: the columns of an equation, or the names of ancillary parameters."""

    equation: str
    columns: tuple[Column, ...] = ()
    ancillary: tuple[str, ...] = ()

    def rows(self, width: int, labels: Labels | None = None) -> list[Row]:
        """The rows, with parameters' names for labels."""
        if self.equation == ANCILLARY:
            return [Row(name, name) for name in self.ancillary]
        return rows_of(self.columns, width, labels, self.equation)


def blocks_of(commands: Iterable[str], names: Iterable[str], equations: Sequence[str] = ("",)) -> list[Block]:
    """Put parameters, omitted ones among them, in blocks.

    Parameters
    ----------
    commands : iterable of str
        Canonical commands, for the order within an equation; see `columns_in_order`.
    names : iterable of str
        Names of parameters.
    equations : sequence of str
        The equations in the order in which to show them; others follow, ancillary parameters are last.
    """
    lines = list(commands)
    labels: dict[str, list[str]] = {equation: [] for equation in equations}
    for parameter in map(Parameter.parse, names):
        labels.setdefault(parameter.equation, []).append(parameter.term)
    ancillary = tuple(Parameter(term, ANCILLARY).name for term in dict.fromkeys(labels.pop(ANCILLARY, ())))
    blocks = [Block(equation, tuple(columns_in_order(lines, found))) for equation, found in labels.items()]
    return blocks + ([Block(ANCILLARY, ancillary=ancillary)] if ancillary else [])


def in_each_equation(labels: Iterable[str], equations: Sequence[str]) -> list[str]:
    """Names of parameters for labels, of which those without an equation are meant in each of several."""
    found = []
    for label in labels:
        parameter = Parameter.parse(label)
        bare = not parameter.equation and equations
        found += [Parameter(parameter.term, e).name for e in equations] if bare else [label]
    return found


def columns_in_order(commands: Iterable[str], labels: Iterable[str]) -> list[Column]:
    """Put labels, omitted ones among them, in the order of the commands' terms, the constant last.

    Parameters
    ----------
    commands : iterable of str
        Canonical commands; the terms of the first come first.
    labels : iterable of str
        Column labels; those of no term come after the others, in the order in which their variables first appear.
    """
    columns = [Column.parse(label) for label in dict.fromkeys(labels)]
    terms = itertools.chain.from_iterable(map(_terms, commands))
    shapes = [(tuple(f.variable for f in term.factors), term.continuous) for term in terms]
    places = {shape: place for place, shape in enumerate(dict.fromkeys([*shapes, *map(_shape, columns)]))}
    return sorted(columns, key=lambda column: _place(column, places))


def rows_of(columns: Sequence[Column], width: int, labels: Labels | None = None, equation: str = "") -> list[Row]:
    """The rows for columns in their order; headings longer than `width` are broken after a `#`.

    Parameters
    ----------
    labels : mapping of str to mapping of str to str, optional
        Value labels by variable and level, to show instead of the levels.
    equation : str
        The rows' labels are names of parameters in this equation.
    """
    rows: list[Row] = []
    parted = True  # nothing to part from at the top
    for shape, members in itertools.groupby(columns, key=_shape):
        group = [
            _Shown(column, _texts(column, labels or {}), Parameter(column.label, equation).name) for column in members
        ]
        block = _is_block(shape, group)
        if block and not parted:
            rows.append(Row(""))
        rows.extend(_block(shape, group, width) if block else (Row(shown.column.label, shown.name) for shown in group))
        if block:
            rows.append(Row(""))
        parted = block
    return rows[:-1] if rows and parted else rows


def name_width(rows: Iterable[Row], widest: int) -> int:
    """Characters for names: what the longest of these rows needs, between Stata's 12 and `widest`."""
    return max([NARROWEST, *(min(row.length, widest) for row in rows)])


def _terms(command: str) -> tuple[Term, ...]:
    """The terms of a command; none of one that this version does not read: a stored result may be of a newer one."""
    try:
        return parse(command).terms
    except FedfolderError:
        return ()


def _place(column: Column, places: dict[_Shape, int]) -> tuple[bool, int, tuple[tuple[bool, int, str], ...]]:
    return column == CONSTANT, places[_shape(column)], tuple(level_key(level) for _, level in column.factors)


def _shape(column: Column) -> _Shape:
    return tuple(variable for variable, _ in column.factors), column.continuous


@dataclass(frozen=True, slots=True)
class _Shown:
    """A column, what its levels are shown as, and the name of its parameter."""

    column: Column
    levels: tuple[str, ...]
    name: str


def _texts(column: Column, labels: Labels) -> tuple[str, ...]:
    return tuple(labels.get(variable, {}).get(level, level) for variable, level in column.factors)


def _is_block(shape: _Shape, group: list[_Shown]) -> bool:
    factors, continuous = shape
    if len(factors) + len(continuous) > 1:
        return True
    return bool(factors) and (len(group) > 1 or not _is_integer(group[0].levels[0]))


def _block(shape: _Shape, group: list[_Shown], width: int) -> Iterator[Row]:
    factors, continuous = shape
    parts = [*factors, *(f"c.{name}" for name in continuous)] if len(factors) + len(continuous) > 1 else [*factors]
    heading = _broken(parts, width)
    if not factors:
        yield from (Row(line) for line in heading[:-1])
        yield from (Row(heading[-1], shown.name) for shown in group)
        return
    yield from (Row(line) for line in heading)
    yield from (Row(_levels(shown.levels), shown.name, is_level=True) for shown in group)


def _broken(parts: Sequence[str], width: int) -> list[str]:
    """`a#b` in as few lines as `width` allows, each but the last ending in `#`."""
    lines = [parts[0]]
    for part in parts[1:]:
        # One more for the # that this part may need itself at the end of its line.
        if len(lines[-1]) + len(part) + 2 <= width or len("#".join(parts)) <= width:
            lines[-1] += f"#{part}"
        else:
            lines[-1] += "#"
            lines.append(part)
    return lines


def _levels(levels: Sequence[str]) -> str:
    between = " " if all(map(_is_integer, levels)) else "#"
    return between.join(level or '""' for level in levels)


def _is_integer(level: str) -> bool:
    return re.fullmatch("-?[0-9]+", level) is not None
