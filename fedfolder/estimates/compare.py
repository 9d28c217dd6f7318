"""Fits side by side: Stata's `estimates table`, and how far two fits are apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedfolder.errors import FitError
from fedfolder.estimates.coefficients import standard_errors
from fedfolder.estimates.layout import NARROWEST, Row, abbreviate, columns_in_order, name_width, rows_of
from fedfolder.estimates.number import general

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from fedfolder.estimates.result import FitResult

LIMIT = 1e-12
"""What a federated and a pooled fit may differ by, in units of max(|b|, se)."""

_CELL = 12  # %12.0g
_DIFFERENCE = 9  # %9.0g: three digits say enough of a difference
_PAIR = 2
_WIDEST_LINE = 80


def largest_difference(a: FitResult, b: FitResult) -> float:
    """How far two fits are apart, in the unit that the promise about numbers is made in.

    Parameters
    ----------
    a, b : FitResult
        Two fits of the same coefficients, in any order; `a` is the one to measure against.

    Returns
    -------
    float
        The largest, over coefficients, of `|b_a - b_b| / max(|b_a|, se_a)` and of `|se_a - se_b| / se_a`.
        NaN if a number is missing in either.

    Raises
    ------
    FitError
        A fit has no numbers, or the two have not the same coefficients.
    """
    if not a.names or set(a.names) != set(b.names):
        raise FitError(
            "The two fits cannot be compared",
            found=f"{', '.join(a.names) or 'no coefficients'}; {', '.join(b.names) or 'no coefficients'}",
            expected="the same coefficients in both",
        )
    order = [b.names.index(name) for name in a.names]
    se_a, se_b = standard_errors(a), standard_errors(b)[order]
    apart = [
        _relative(a.beta - b.beta[order], np.maximum(np.abs(a.beta), se_a)),
        _relative(se_a - se_b, se_a),
    ]
    return float(np.max(apart))


def difference_line(difference: float, limit: float = LIMIT) -> str:
    """Say the largest difference in words: `Largest difference: 4.4e-16 of max(|b|, se)  (limit 1e-12)`."""
    return f"Largest difference: {difference:.2g} of max(|b|, se)  (limit {limit:g})"


def estimates_table(columns: Sequence[tuple[str, FitResult]]) -> str:
    """Set fits side by side, as `estimates table, b(%12.0g) se stats(ll N)` does.

    Parameters
    ----------
    columns : sequence of (str, FitResult)
        A name and a fit each. Exactly two get a third column, their absolute differences.

    Returns
    -------
    str
        Lines without spaces at their ends, the last one ended too.

    Raises
    ------
    ValueError
        There is no column.
    """
    if not columns:
        raise ValueError("estimates_table needs at least one fit")
    names = [name for name, _ in columns] + (["Difference"] if len(columns) == _PAIR else [])
    numbers_width = 15 * len(names)
    labels = (label for _, fit in columns for label in (*fit.names, *fit.omitted))
    ordered = columns_in_order([fit.command for _, fit in columns], labels)
    width = name_width(ordered, max(NARROWEST, _WIDEST_LINE - 2 - numbers_width))
    rule, crossed = "-" * (width + 2 + numbers_width), f"{'-' * (width + 1)}+{'-' * numbers_width}"
    heads = "".join(f" {abbreviate(name, _CELL).center(_CELL)}  " for name in names)
    body = [line for row in rows_of(ordered, width) for line in _lines(row, width, columns)]
    lines = [rule, Row("Variable").stub(width) + heads, crossed, *body]
    lines += [crossed, *_statistics(width, columns), rule, "Legend: b/se".rjust(len(rule)), *_failures(columns)]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _lines(row: Row, width: int, columns: Sequence[tuple[str, FitResult]]) -> list[str]:
    """A coefficient's two lines, b and se; one line for a heading or for what is omitted throughout."""
    if row.label is None:
        return [row.stub(width)]
    label = row.label
    omitted = [label in fit.omitted for _, fit in columns]
    b = _cells([_entry(fit, label, fit.beta) for _, fit in columns], omitted)
    se = _cells([_entry(fit, label, standard_errors(fit)) for _, fit in columns])
    return [row.stub(width) + b, *([Row("").stub(width) + se] if se.strip() else [])]


def _statistics(width: int, columns: Sequence[tuple[str, FitResult]]) -> list[str]:
    readers: dict[str, Callable[[FitResult], float]] = {"ll": lambda fit: fit.llf, "N": lambda fit: float(fit.nobs)}
    return [Row(name).stub(width) + _cells([read(fit) for _, fit in columns]) for name, read in readers.items()]


def _entry(fit: FitResult, label: str, values: NDArray[np.float64]) -> float | None:
    return float(values[fit.names.index(label)]) if label in fit.names else None


def _cells(values: Sequence[float | None], omitted: Iterable[bool] = ()) -> str:
    """Cells of one line: numbers, blanks where a fit has none, and the difference of a pair."""
    texts = ["" if value is None else general(value, _CELL) for value in values]
    for i, is_omitted in enumerate(omitted):
        if is_omitted:
            texts[i] = "(omitted)"
    if len(values) == _PAIR:
        texts.append(_difference(*values))
    return "".join(f" {text.rjust(_CELL)}  " for text in texts)


def _difference(a: float | None, b: float | None) -> str:
    return "" if a is None or b is None else general(abs(a - b), _DIFFERENCE)


def _failures(columns: Sequence[tuple[str, FitResult]]) -> list[str]:
    return [f"{name}: {fit.status}. {fit.message}" for name, fit in columns if not fit.names]


def _relative(difference: NDArray[np.float64], unit: NDArray[np.float64]) -> float:
    """The largest |difference| / unit, where nothing over nothing is nothing."""
    size = np.abs(difference)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.max(np.where(size == 0, 0.0, size / unit), initial=0.0))
