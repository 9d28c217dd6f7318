"""Fits side by side: Stata's `estimates table`, and how far two fits are apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedfolder.errors import FitError
from fedfolder.estimates.coefficients import standard_errors
from fedfolder.estimates.formats import room_for_names, text
from fedfolder.estimates.sidebyside import Options, side_by_side, with_difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedfolder.estimates.result import FitResult

LIMIT = 1e-12
"""What a federated and a pooled fit may differ by, in units of max(|b|, se)."""

_PAIR = 2


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
    ConfigError
        There is no column.
    """
    pair = len(columns) == _PAIR
    grid = side_by_side(columns, Options(), room_for_names(len(columns) + pair))
    return text(with_difference(grid) if pair else grid)


def _relative(difference: NDArray[np.float64], unit: NDArray[np.float64]) -> float:
    """The largest |difference| / unit, where nothing over nothing is nothing."""
    size = np.abs(difference)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.max(np.where(size == 0, 0.0, size / unit), initial=0.0))
