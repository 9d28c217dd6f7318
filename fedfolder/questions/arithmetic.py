"""The arithmetic of expressions on arrays of numbers, where missing is NaN; see `fedfolder.questions.expressions`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fedfolder.command.expression import LARGEST

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST_EXPONENT = 709.7
"""exp of more is missing, and would overflow the C library soon after."""

HALF = 0.5

Numbers: TypeAlias = NDArray[Any]
"""float64 or complex128, `(n,)` or `()`."""


def finished(values: Numbers) -> Numbers:
    """The same, missing where there is no number below `LARGEST`."""
    fine = (np.abs(values.real) < LARGEST) & (np.abs(values.imag) < LARGEST)
    return np.where(fine, values, np.nan)


def _to_first_order(
    values: Numbers, function: Callable[[Numbers], Numbers], slope: Callable[[Numbers], Numbers] | None = None
) -> Numbers:
    """A function of real numbers; of complex ones with its slope times the imaginary part (None: it is flat)."""
    if not np.iscomplexobj(values):
        return function(values)
    found = np.zeros(values.shape, dtype=np.complex128)
    found.real = function(values.real)
    if slope is not None:
        found.imag = slope(values.real) * values.imag
    return found


def _by_row(function: Callable[..., float], *arrays: Numbers) -> Numbers:
    """A function of Python floats, one row at a time."""
    together = np.broadcast_arrays(*arrays)
    rows = zip(*(array.ravel().tolist() for array in together), strict=True)
    return np.array([function(*row) for row in rows], dtype=np.float64).reshape(together[0].shape)


def _ln(values: Numbers) -> Numbers:
    return _to_first_order(values, lambda x: _by_row(math.log, np.where(x > 0, x, np.nan)), lambda x: 1.0 / x)


def _exp(values: Numbers) -> Numbers:
    def function(x: Numbers) -> Numbers:
        return _by_row(math.exp, np.where(x <= LARGEST_EXPONENT, x, np.nan))

    return _to_first_order(values, function, function)


def _power(base: Numbers, exponent: Numbers) -> Numbers:
    """Base^exponent; with imaginary parts da and db, these are a^b (b da / a + ln(a) db)."""
    a, b = np.broadcast_arrays(base, exponent)
    found = _by_row(_real_power, a.real, b.real)
    if not (np.iscomplexobj(a) or np.iscomplexobj(b)):
        return found
    by_base = np.where(a.imag == 0, 0.0, b.real * _by_row(_real_power, a.real, b.real - 1) * a.imag)
    by_exponent = np.where(b.imag == 0, 0.0, found * _ln(a.real) * b.imag)
    return found + 1j * (by_base + by_exponent)


def _real_power(base: float, exponent: float) -> float:
    if math.isnan(base) or math.isnan(exponent):
        return math.nan
    try:
        return math.pow(base, exponent)
    except (OverflowError, ValueError):
        return math.nan


def _round(values: Numbers, unit: Numbers | None = None) -> Numbers:
    """Rounded in units of `unit`, halves up; with the unit 0 as they are."""
    if unit is None:
        return _to_first_order(values, _half_up)
    unit = unit.real
    return np.where(unit == 0, values, _half_up(values.real / np.where(unit == 0, 1.0, unit)) * unit)


def _half_up(values: Numbers) -> Numbers:
    whole = np.floor(values)
    return whole + (values - whole >= HALF)


def _extreme(comparison: Callable[[Numbers, Numbers], Numbers]) -> Callable[..., Numbers]:
    """`min` or `max`, which leave missing values out."""

    def function(*values: Numbers) -> Numbers:
        found, *others = values
        for other in others:
            found = np.where(np.isnan(found) | comparison(other.real, found.real), other, found)
        return found

    return function


def _cond(condition: Numbers, true: Numbers, false: Numbers, missing: Numbers | None = None) -> Numbers:
    chosen = np.where(condition == 0, false, true)
    return chosen if missing is None else np.where(np.isnan(condition), missing, chosen)


SIGNS: dict[str, Callable[[Numbers, Numbers], Numbers]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": lambda left, right: np.divide(left, np.where(right.real == 0, np.nan, right)),
    "^": _power,
    "&": lambda left, right: ((left != 0) & (right != 0)).astype(np.float64),
    "|": lambda left, right: ((left != 0) | (right != 0)).astype(np.float64),
}
"""Signs between two numbers; missing counts as true."""

COMPARISONS: dict[str, Callable[[Numbers, Numbers], Numbers]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
"""Comparisons of real numbers."""

FUNCTIONS: dict[str, Callable[..., Numbers]] = {
    "ln": _ln,
    "exp": _exp,
    "sqrt": lambda values: _to_first_order(values, np.sqrt, lambda x: HALF / np.sqrt(x)),
    "abs": lambda values: _to_first_order(values, np.abs, np.sign),
    "int": lambda values: _to_first_order(values, np.trunc),
    "floor": lambda values: _to_first_order(values, np.floor),
    "ceil": lambda values: _to_first_order(values, np.ceil),
    "round": _round,
    "min": _extreme(np.less),
    "max": _extreme(np.greater),
    "cond": _cond,
}
"""Functions of numbers; what is not `finished` may be infinite."""
