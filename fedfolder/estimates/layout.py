"""The left-hand side of a table: which rows there are, in which order, and how their names are cut.

Stata's habits: a factor with several levels stands as a block (its name, then a row a level), so does an interaction;
a factor with one integer level is written out (`1.smoke`); a blank row parts blocks from what surrounds them.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.command.parse import parse
from fedfolder.command.terms import CONSTANT, Column, level_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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
    terms = itertools.chain.from_iterable(parse(command).terms for command in commands)
    shapes = [(tuple(f.variable for f in term.factors), term.continuous) for term in terms]
    places = {shape: place for place, shape in enumerate(dict.fromkeys([*shapes, *map(_shape, columns)]))}
    return sorted(columns, key=lambda column: _place(column, places))


def rows_of(columns: Sequence[Column], width: int) -> list[Row]:
    """The rows for columns in their order; headings longer than `width` are broken after a `#`."""
    rows: list[Row] = []
    parted = True  # nothing to part from at the top
    for shape, members in itertools.groupby(columns, key=_shape):
        group = list(members)
        block = _is_block(shape, group)
        if block and not parted:
            rows.append(Row(""))
        rows.extend(_block(shape, group, width) if block else (Row(c.label, c.label) for c in group))
        if block:
            rows.append(Row(""))
        parted = block
    return rows[:-1] if rows and parted else rows


def name_width(columns: Sequence[Column], widest: int) -> int:
    """Characters for names: what the longest needs, between Stata's 12 and `widest`."""
    return max([NARROWEST, *(min(row.length, widest) for row in rows_of(columns, widest))])


def _place(column: Column, places: dict[_Shape, int]) -> tuple[bool, int, tuple[tuple[bool, int, str], ...]]:
    return column == CONSTANT, places[_shape(column)], tuple(level_key(level) for _, level in column.factors)


def _shape(column: Column) -> _Shape:
    return tuple(variable for variable, _ in column.factors), column.continuous


def _is_block(shape: _Shape, group: list[Column]) -> bool:
    factors, continuous = shape
    if len(factors) + len(continuous) > 1:
        return True
    return bool(factors) and (len(group) > 1 or not _is_integer(group[0].factors[0][1]))


def _block(shape: _Shape, group: list[Column], width: int) -> Iterator[Row]:
    factors, continuous = shape
    parts = [*factors, *(f"c.{name}" for name in continuous)] if len(factors) + len(continuous) > 1 else [*factors]
    heading = _broken(parts, width)
    if not factors:
        yield from (Row(line) for line in heading[:-1])
        yield from (Row(heading[-1], column.label) for column in group)
        return
    yield from (Row(line) for line in heading)
    yield from (Row(_levels(column), column.label, is_level=True) for column in group)


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


def _levels(column: Column) -> str:
    levels = [level for _, level in column.factors]
    between = " " if all(_is_integer(level) for level in levels) else "#"
    return between.join(level or '""' for level in levels)


def _is_integer(level: str) -> bool:
    return re.fullmatch("-?[0-9]+", level) is not None
