"""The values of derived variables, row by row: a row's value depends on that row alone."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.command.derivation import CubicSpline, Cut, Generate, LinearSpline, Recode
from fedfolder.command.expression import LARGEST
from fedfolder.command.lexis import Merge, Split, Stset
from fedfolder.questions.blocks import joined, smallest
from fedfolder.questions.expressions import by_blocks, evaluate, numbers_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from fedfolder.command.derivation import Derivation, Rule
    from fedfolder.questions.expressions import Values


def derive(
    derivations: Sequence[Derivation], columns: Mapping[str, Values], rows: int | None = None
) -> dict[str, NDArray[np.float64]]:
    """The derived variables, and nothing else, by name.

    Parameters
    ----------
    derivations : sequence of Derivation
        In an order in which each needs only those before it; those of which a row's values depend on that row alone.
    columns : mapping of str to array or text variable
        The variables of the data, with NaN for a missing number.
    rows : int, optional
        The number of rows; that of the columns if not given.

    Returns
    -------
    dict of str to (rows,) float64
        With NaN where a value is missing.

    Raises
    ------
    UnknownNameError
        A variable is not among the columns.
    VariableError
        Text where a number is needed, or an infinite value.
    """
    known: dict[str, Values] = dict(columns)
    count = rows if rows is not None else _rows(columns)
    found: dict[str, NDArray[np.float64]] = {}
    for derivation in derivations:
        with np.errstate(all="ignore"):
            made = _made(derivation, known, count)
        found |= made
        known |= made
    return found


def derived(derivations: Sequence[Derivation], columns: Mapping[str, Values], rows: int) -> dict[str, NDArray[Any]]:
    """The same as `derive` in the smallest types that hold the values, made by blocks of rows."""
    pieces: dict[str, list[NDArray[Any]]] = {}
    for place, block in by_blocks(columns, rows) if derivations else ():
        for name, values in derive(derivations, block, place.stop - place.start).items():
            pieces.setdefault(name, []).append(smallest(values))
    return {name: joined(pieces.pop(name)) for name in list(pieces)}


def _rows(columns: Mapping[str, Values]) -> int:
    """The number of rows of a column; 0 without columns."""
    return next((len(c if isinstance(c, np.ndarray) else c.codes) for c in columns.values()), 0)


def _made(derivation: Derivation, columns: Mapping[str, Values], rows: int) -> dict[str, NDArray[np.float64]]:
    """What one statement makes."""
    if isinstance(derivation, Generate):
        return {derivation.name: evaluate(derivation.expression, columns, rows)}
    if isinstance(derivation, Stset | Split | Merge):
        message = f"more than one row decides on the values of this: {derivation}"
        raise TypeError(message)
    values = numbers_of(derivation.source, columns)
    match derivation:
        case Cut(name, _, at, icodes):
            return {name: _cut(values, at, icodes=icodes)}
        case Recode(name, _, rules):
            return {name: _recode(values, rules)}
        case CubicSpline(_, _, knots):
            return dict(zip(derivation.names, [values.copy(), *_cubic(values, knots)], strict=True))
        case LinearSpline(names, _, knots, marginal):
            return dict(zip(names, _linear(values, knots, marginal=marginal), strict=True))


def _cut(values: NDArray[np.float64], at: Sequence[float], *, icodes: bool) -> NDArray[np.float64]:
    """The left end of each value's interval, or its number from 0; missing outside of them all."""
    ends = np.array(at)
    places = np.searchsorted(ends, values, side="right") - 1
    within = (values >= ends[0]) & (values < ends[-1])
    inner = np.where(within, places, 0)
    return np.where(within, inner.astype(np.float64) if icodes else ends[inner], np.nan)


def _recode(values: NDArray[np.float64], rules: Sequence[Rule]) -> NDArray[np.float64]:
    """By the first rule that fits; the value itself where none does."""
    found = values.copy()
    for rule, fits in zip(rules, where_rules_fit(values, rules), strict=True):
        found[fits] = np.nan if rule.target is None else rule.target
    return found


def where_rules_fit(values: NDArray[np.float64], rules: Sequence[Rule]) -> Iterator[NDArray[np.bool_]]:
    """Where each rule is the first that fits."""
    left = np.ones(values.shape, dtype=np.bool_)
    for rule in rules:
        fits = left & _fits(values, rule)
        yield fits
        left &= ~fits


def _fits(values: NDArray[np.float64], rule: Rule) -> NDArray[np.bool_]:
    """Where a rule is for a value."""
    missing = np.isnan(values)
    fits = (missing & rule.missing) | (~missing & rule.nonmissing)
    for part in rule.ranges:
        above = ~missing if part.low is None else values >= part.low
        below = ~missing if part.high is None else values <= part.high
        fits |= above & below
    return fits


def _cubic(values: NDArray[np.float64], knots: Sequence[float]) -> list[NDArray[np.float64]]:
    """Restricted cubic splines: linear below the first and above the last knot.

    With knots k_1 to k_n and u+ = max(u, 0), spline i (of n - 2) is

        [(x - k_i)+^3 - ((x - k_{n-1})+^3 (k_n - k_i) - (x - k_n)+^3 (k_{n-1} - k_i)) / (k_n - k_{n-1})] / (k_n - k_1)^2

    References
    ----------
    Stata Base Reference Manual, [R] mkspline, Methods and formulas; Harrell, Regression Modeling Strategies, 2.4.5.
    """
    *_, before, last = knots
    scale = (last - knots[0]) * (last - knots[0])
    ends = [_cube(values - before), _cube(values - last)]
    return [
        _finite((_cube(values - k) - (ends[0] * (last - k) - ends[1] * (before - k)) / (last - before)) / scale)
        for k in knots[:-2]
    ]


def _cube(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """u+^3; missing stays missing."""
    positive = np.maximum(values, 0.0)
    return positive * positive * positive


def _linear(values: NDArray[np.float64], knots: Sequence[float], *, marginal: bool) -> list[NDArray[np.float64]]:
    """Linear splines: the part of each value in each piece, or with `marginal` what is above each knot."""
    if marginal:
        return [values.copy(), *(np.maximum(values - knot, 0.0) for knot in knots)]
    inner = [np.maximum(np.minimum(values, b), a) - a for a, b in pairwise(knots)]
    return [np.minimum(values, knots[0]), *inner, np.maximum(values, knots[-1]) - knots[-1]]


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Missing where there is no number below `LARGEST`."""
    return np.where(np.abs(values) < LARGEST, values, np.nan)
