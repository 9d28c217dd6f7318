"""The values of a variable as a command uses it: as numbers, as categories, or to say what belongs together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.command.terms import can_be_shown, level_key
from fedfolder.errors import VariableError
from fedfolder.node.readers import MISSING_CODE, TextColumn
from fedfolder.questions.blocks import blocks, code_type, counted, looked_up, numbered, smallest
from fedfolder.questions.sample import FactorValues

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.node.readers import Frame, RawColumn

EXACT_BELOW = 2.0**53
"""Every whole number up to here is a float64 of its own, so that two levels cannot become one."""


def drop_missing(column: RawColumn, keep: NDArray[np.bool_]) -> None:
    """Take the rows without a value out of `keep` (n,)."""
    values = column.codes if isinstance(column, TextColumn) else column
    for rows in blocks(len(keep)) if isinstance(column, TextColumn) or values.dtype.kind == "f" else ():
        block = values[rows]
        keep[rows] &= np.not_equal(block, MISSING_CODE) if isinstance(column, TextColumn) else ~np.isnan(block)


def kept(values: NDArray[Any], keep: NDArray[np.bool_]) -> NDArray[Any]:
    """The values of the kept rows: a view where these are all."""
    return values.view() if keep.all() else values[keep]


def numbers(name: str, made: Frame, keep: NDArray[np.bool_]) -> NDArray[Any]:
    """The kept values of a variable that is used as a number, in their smallest type."""
    column = made.columns[name]
    if isinstance(column, TextColumn):
        do = f"store it as numbers (0 and 1 for no and yes); as a term, a category is written i.{name}"
        raise VariableError(f"text where a number is needed: {name}", where=made.source, found="text", do=do)
    values = smallest(kept(column, keep))
    if values.dtype.kind == "f" and any(bool(np.isinf(values[rows]).any()) for rows in blocks(len(values))):
        do = "correct these values or make them missing"
        raise VariableError(f"the variable {name} has infinite values", where=made.source, expected="numbers", do=do)
    return frozen(values)


def levels(name: str, made: Frame, keep: NDArray[np.bool_]) -> FactorValues:
    """The kept values of a variable that is used as categories."""
    column = made.columns[name]
    if isinstance(column, TextColumn):
        return _relevel(name, kept(column.codes, keep), column.levels)
    distinct, codes = numbered(kept(column, keep))
    if not all(0 <= value < EXACT_BELOW and float(value).is_integer() for value in distinct.tolist()):
        what = f"the factor variable {name} has values that are no categories"
        expected = "whole numbers of 0 or more, or text"
        do = f"recode it, or write {name} or c.{name} to use it as a continuous variable"
        raise VariableError(what, where=made.source, found="other numbers", expected=expected, do=do)
    return _relevel(name, codes, [str(int(value)) for value in distinct.tolist()])


def ids(name: str, made: Frame, keep: NDArray[np.bool_]) -> FactorValues:
    """The kept values of a variable that says which rows belong together, whatever they are."""
    column = made.columns[name]
    if isinstance(column, TextColumn):
        return _relevel(name, kept(column.codes, keep), column.levels)
    distinct, codes = numbered(kept(column, keep))
    return _relevel(name, codes, [str(int(v)) if float(v).is_integer() else repr(v) for v in distinct.tolist()])


def _relevel(name: str, codes: NDArray[Any], names: tuple[str, ...] | list[str]) -> FactorValues:
    """The levels that occur, in their order, and codes that count in it."""
    occurring = np.flatnonzero(counted(codes, len(names))).tolist()
    used = sorted(occurring, key=lambda code: level_key(names[code]))
    if not all(can_be_shown(names[code]) for code in used):
        raise VariableError(f"a category of {name} holds line ends or control characters", where=name, do="recode it")
    places = np.zeros(len(names), dtype=code_type(len(used)))
    places[used] = np.arange(len(used))
    return FactorValues(frozen(looked_up(places, codes)), tuple(names[code] for code in used))


def frozen(values: NDArray[Any]) -> NDArray[Any]:
    """The same array, which nobody can write to: columns of a design are handed out without a copy."""
    values.setflags(write=False)
    return values
