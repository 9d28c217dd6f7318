"""The values of an expression, row by row, by Stata's rules for missing values.

A missing number is NaN. It is larger than any number in a comparison, true as a condition, and the result of every
calculation that it enters or that has no result (`1/0`, `ln(-1)`, what is 2^1023 or more). A row's value depends on
that row alone and has the same bits however the rows are split: `ln`, `exp` and `^` go through the C library one value
at a time, since the vectorised ones differ in their last bit with the length of an array.

Numbers may be complex, for derivatives by a complex step: the imaginary part is then carried to first order, and
comparisons look at the real part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from fedfolder.command.expression import (
    BINARY,
    COMPARISON,
    Binary,
    Call,
    Estimate,
    Name,
    Number,
    Text,
    Unary,
)
from fedfolder.command.guards import fills, notes, warns
from fedfolder.errors import UnknownNameError, VariableError, nearest
from fedfolder.questions.arithmetic import COMPARISONS, FUNCTIONS, SIGNS, Numbers, finished
from fedfolder.questions.blocks import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from fedfolder.command.expression import Expression

__all__ = ["TextValues", "Values", "by_blocks", "evaluate", "fills", "holds", "notes", "numbers_of", "warns"]


class TextValues(Protocol):
    """A text variable: the place of each row's text in `levels`, -1 where it is missing, which is the empty text."""

    @property
    def codes(self) -> NDArray[np.signedinteger[Any]]:
        """`(n,)`."""

    @property
    def levels(self) -> tuple[str, ...]:
        """The distinct texts."""


Values: TypeAlias = Numbers | TextValues
"""The values of a variable."""


@dataclass(frozen=True, slots=True, eq=False)
class _Texts:
    """A text of the command, or a text variable in a block of rows."""

    codes: NDArray[np.signedinteger[Any]]
    levels: tuple[str, ...]


def evaluate(expression: Expression, columns: Mapping[str, Values], rows: int | None = None) -> Numbers:
    """The values of an expression.

    Parameters
    ----------
    expression : Expression
        Of numbers; text can only be compared.
    columns : mapping of str to array or text variable
        Each variable, with NaN for a missing number. An estimate is looked up by its text, `_b[2:age]`, and may be
        complex.
    rows : int, optional
        How many values to return where no variable says so; one, as an array without dimensions, if not given.

    Returns
    -------
    (rows,) float64, or complex128 where a variable is complex
        0 and 1 for what is true or false.

    Raises
    ------
    UnknownNameError
        A variable or estimate is not among the columns.
    VariableError
        Text where a number is needed, the other way round, or an infinite value.
    """
    with np.errstate(all="ignore"):
        found = _numbers(expression, columns)
    shape = () if rows is None else (rows,)
    return np.array(np.broadcast_to(found, np.broadcast_shapes(found.shape, shape)))


def holds(condition: Expression, columns: Mapping[str, Values], rows: int | None = None) -> NDArray[np.bool_]:
    """Where a condition holds: where its value is not 0, and where it is missing. See `evaluate`."""
    found: NDArray[np.bool_] = np.not_equal(evaluate(condition, columns, rows), 0)
    return found


def by_blocks(columns: Mapping[str, Values], rows: int) -> Iterator[tuple[slice, dict[str, Values]]]:
    """The columns in blocks of rows, as views, each block with its place; one of no rows where there are none.

    A text variable with more levels than a block has rows makes blocks larger: its levels are sorted in each. All but
    the last are a multiple of 8 rows long, for packed bits.
    """
    levels = max((len(c.levels) for c in columns.values() if not isinstance(c, np.ndarray)), default=0)
    for block in blocks(rows, levels + -levels % 8):
        yield block, {name: _in(block, column) for name, column in columns.items()}


def _in(block: slice, column: Values) -> Values:
    return column[block] if isinstance(column, np.ndarray) else _Texts(column.codes[block], column.levels)


def numbers_of(name: str, columns: Mapping[str, Values]) -> Numbers:
    """The values of a variable that is used as a number, checked; see `evaluate` for the errors."""
    if name not in columns:
        raise UnknownNameError(f"there is no variable {name}", where=name, do=nearest(name, columns))
    found = columns[name]
    if not isinstance(found, np.ndarray):
        do = f'compare it with text, as in {name}=="yes"'
        raise VariableError(f"text where a number is needed: {name}", where=name, found="text", do=do)
    if np.isinf(found).any():
        do = "correct these values or make them missing"
        raise VariableError(f"the variable {name} has infinite values", where=name, expected="numbers", do=do)
    return found if np.iscomplexobj(found) else found.astype(np.float64, copy=False)


def _numbers(part: Expression, columns: Mapping[str, Values]) -> Numbers:
    """The values of a part that must be numbers."""
    found: Numbers = np.array(np.nan)
    match part:
        case Number():
            found = np.array(part.value)
        case Text():
            raise VariableError("text where a number is needed", found=str(part), do="compare it with a variable")
        case Name() | Estimate():
            found = numbers_of(str(part), columns)
        case Unary(sign, operand):
            inner = _numbers(operand, columns)
            found = -inner if sign == "-" else np.equal(inner, 0).astype(np.float64)
        case Binary(sign, left, right) if BINARY[sign] == COMPARISON:
            found = _compared(sign, *_alike([left, right], columns)).astype(np.float64)
        case Binary(sign, left, right):
            found = finished(SIGNS[sign](_numbers(left, columns), _numbers(right, columns)))
        case Call():
            found = _called(part, columns)
    return np.asarray(found)  # a ufunc makes a scalar of an array without dimensions


def _called(call: Call, columns: Mapping[str, Values]) -> Numbers:
    """The values of a function."""
    if call.function == "missing":
        return _missing([_values(argument, columns) for argument in call.arguments]).astype(np.float64)
    if call.function in {"inlist", "inrange"}:
        first, *others = _alike(call.arguments, columns)
        return (_listed if call.function == "inlist" else _in_range)(first, others).astype(np.float64)
    return finished(FUNCTIONS[call.function](*(_numbers(argument, columns) for argument in call.arguments)))


def _values(part: Expression, columns: Mapping[str, Values]) -> Values:
    """The values of a part that may be text: a text, or a text variable."""
    if isinstance(part, Text):
        return _Texts(np.zeros((), dtype=np.int32), (part.text,))
    if isinstance(part, Name) and part.text in columns:
        found = columns[part.text]
        if not isinstance(found, np.ndarray):
            return found
    return _numbers(part, columns)


def _alike(parts: Sequence[Expression], columns: Mapping[str, Values]) -> list[Numbers]:
    """The values of parts that are compared, as numbers that stand in the same order; text by its code points."""
    values = [_values(part, columns) for part in parts]
    texts = [value for value in values if not isinstance(value, np.ndarray)]
    if not texts:
        return [value for value in values if isinstance(value, np.ndarray)]
    if len(texts) < len(values):
        compared = ", ".join(map(str, parts))
        do = 'put text in quotes, as in race=="white", and numbers not'
        raise VariableError("text is compared with a number", where=compared, do=do)
    known = sorted({"", *(level for text in texts for level in text.levels)})
    places = {level: place for place, level in enumerate(known)}
    # The code of a missing text, -1, picks the last place, which is that of the empty text.
    return [np.array([*(places[level] for level in t.levels), 0], dtype=np.float64)[t.codes] for t in texts]


def _order(values: Numbers) -> Numbers:
    """Real numbers in the order of `values`, missing ones the largest."""
    return np.where(np.isnan(values), np.inf, values.real)


def _compared(sign: str, left: Numbers, right: Numbers) -> NDArray[np.bool_]:
    """Where a comparison holds."""
    found: NDArray[np.bool_] = COMPARISONS[sign](_order(left), _order(right))
    return found


def _listed(first: Numbers, others: Sequence[Numbers]) -> NDArray[np.bool_]:
    """Where the first is one of the others."""
    found = _compared("==", first, others[0])
    for other in others[1:]:
        found = found | _compared("==", first, other)
    return found


def _in_range(first: Numbers, others: Sequence[Numbers]) -> NDArray[np.bool_]:
    """Where the first is a number from the second to the third; a missing end is no bound."""
    low, high = others
    above = np.isnan(low) | _compared("<=", low, first)
    below = np.isnan(high) | _compared("<=", first, high)
    found: NDArray[np.bool_] = above & below & ~np.isnan(first)
    return found


def _missing(values: Sequence[Values]) -> NDArray[np.bool_]:
    """Where one of the values is missing."""
    found: NDArray[np.bool_] = np.zeros((), dtype=np.bool_)
    for value in values:
        if isinstance(value, np.ndarray):
            found = found | np.isnan(value)
        else:
            empty = [place for place, level in enumerate(value.levels) if not level]
            found = found | np.isin(value.codes, [-1, *empty])
    return found
