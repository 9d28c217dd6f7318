"""The protocol constants: pure functions of published sums.

Every node derives them again, so they must come out alike on every machine: + - * / and sqrt (which IEEE 754 rounds
correctly) and `math.fsum` on Python floats, no BLAS, no library of mathematics.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fedfolder.questions.design import Design

if TYPE_CHECKING:
    from collections.abc import Mapping

FINENESS = 1024.0
"""Centres and coefficients are rounded to this fraction of a standard deviation: correlations below 0.001 stay."""
COLLINEAR = 1e-12
"""A column with less than this share of its sum of squares left is a linear combination of those before it."""
DEPENDENT = 1e-9
"""A column with less than this share of its information left is too near to those before it to begin with."""
_LEAST_EXPONENT = -1000
_LEAST_SPREAD = 2.0**-24
"""Share of |mean| below which a standard deviation cannot be told from rounding in a raw sum of squares."""

Matrix = Sequence[Sequence[float]]


def power_of_two(value: float) -> float:
    """The largest power of two that is not above `value` > 0, but one whose inverse is a float64 in any case."""
    return math.ldexp(0.5, max(math.frexp(value)[1], _LEAST_EXPONENT))


def rounded(value: float, quantum: float) -> float:
    """The multiple of `quantum`, a power of two, that is nearest to `value`."""
    return round(value / quantum) * quantum


def centre_and_scale(weight: float, total: float, squares: float, *, centred: bool) -> tuple[float, float]:
    """c, the mean rounded to sd/1024 (0 without a constant), and s, a power of two near 1/sd.

    Parameters
    ----------
    weight : float
        The sum of the weights, n without; above 0.
    total, squares : float
        Weighted sums of x and of x^2.
    """
    mean = total / weight if centred else 0.0
    spread = math.sqrt(max(squares / weight - mean * mean, 0.0))
    spread = max(spread, _LEAST_SPREAD * abs(mean))
    if spread == 0.0:
        return mean, 1.0
    return rounded(mean, power_of_two(spread / FINENESS)), 1.0 / power_of_two(spread)


def first_design(
    columns: Sequence[str],
    moments: Mapping[str, tuple[float, float]],
    weight: float,
    *,
    constant: bool,
    centred: bool | None = None,
) -> Design:
    """Columns centred and scaled by their moments (sum, sum of squares), not yet freed of each other.

    Parameters
    ----------
    weight : float
        The sum of the weights, n without.
    constant : bool
        Whether a column of ones follows.
    centred : bool, optional
        Whether columns may be centred; as `constant` if not given.
    """
    centring = constant if centred is None else centred
    pairs = [centre_and_scale(weight, *moments.get(label, (0.0, 0.0)), centred=centring) for label in columns]
    return Design(
        columns=tuple(columns),
        constant=constant,
        centres=tuple(c for c, _ in pairs),
        scales=tuple(s for _, s in pairs),
        mixing=tuple((0.0,) * (j + 1) for j in range(len(pairs))),
        rescaling=(1.0,) * len(pairs),
    )


def freed_design(first: Design, information: Matrix, weight: float) -> tuple[Design, tuple[int, ...]]:
    """The design whose columns are freed of each other, and the places in `first.terms` of what is left.

    The inner product is the information at the start: for a logit it is X'X/4, for a regression X'X. Each column
    loses its projection on the constant and the columns before it, in the order of the command; one of which nothing
    is left is collinear and is dropped.

    Parameters
    ----------
    information : (p, p)
        -Hessian at the start, in the units and order of `first`.
    weight : float
        The sum of the weights, n without.
    """
    p = len(first.columns)
    order = [p, *range(p)] if first.constant else list(range(p))
    factor = _Factor(information)
    mixing, rescaling = [], []
    for j in order:
        coefficients, left = factor.project(j)
        if left <= COLLINEAR * information[j][j]:
            continue
        factor.keep(j, left)
        if j != p:
            mixing.append(_row(factor, information, coefficients, left, constant=first.constant))
            rescaling.append(1.0 / power_of_two(math.sqrt(left / weight)))
    kept = [j for j in factor.kept if j != p]
    design = Design(
        columns=tuple(first.columns[j] for j in kept),
        constant=first.constant,
        centres=tuple(first.centres[j] for j in kept),
        scales=tuple(first.scales[j] for j in kept),
        mixing=tuple(mixing),
        rescaling=tuple(rescaling),
    )
    return design, (*kept, p) if first.constant else tuple(kept)


def solved(matrix: Matrix, right: Sequence[float]) -> list[float] | None:
    """X of A x = y for a symmetric matrix A (p, p), positive definite by more than rounding; None for another one."""
    factor = _Factor(matrix)
    for j in range(len(right)):
        _, left = factor.project(j)
        if not left > DEPENDENT * matrix[j][j] or not matrix[j][j] > 0:
            return None
        factor.keep(j, left)
    return factor.solve(right)


def _row(
    factor: _Factor, information: Matrix, coefficients: Sequence[float], left: float, *, constant: bool
) -> tuple[float, ...]:
    """Coefficients of one column on those before it, each rounded so far that what it leaves is below sd/1024."""
    row = [
        rounded(a, power_of_two(math.sqrt(left / information[k][k]) / FINENESS))
        for a, k in zip(coefficients, factor.kept, strict=False)
    ]
    return tuple(row) if constant else (0.0, *row)


class _Factor:
    """L D L' of a symmetric matrix, column by column, with every inner product by fsum."""

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix
        self.kept: list[int] = []
        self._rows: list[list[float]] = []
        self._pivots: list[float] = []
        self._next: list[float] = []

    def project(self, j: int) -> tuple[list[float], float]:
        """Coefficients of column j on the columns kept, and the sum of squares that is left."""
        row: list[float] = []
        for i, k in enumerate(self.kept):
            known = (-row[h] * self._pivots[h] * self._rows[i][h] for h in range(i))
            row.append(math.fsum([self.matrix[j][k], *known]) / self._pivots[i])
        left = math.fsum([self.matrix[j][j], *(-x * x * d for x, d in zip(row, self._pivots, strict=True))])
        coefficients = list(row)
        for i in reversed(range(len(row))):
            above = (-self._rows[h][i] * coefficients[h] for h in range(i + 1, len(row)))
            coefficients[i] = math.fsum([row[i], *above])
        self._next = row
        return coefficients, left

    def keep(self, j: int, left: float) -> None:
        """Let the column just projected stand."""
        self.kept.append(j)
        self._rows.append(self._next)
        self._pivots.append(left)

    def solve(self, right: Sequence[float]) -> list[float]:
        """X of L D L' x = y, for all columns kept in their order."""
        p = len(self.kept)
        lower = [[*row, 1.0] for row in self._rows]
        x: list[float] = []
        for i in range(p):
            x.append(math.fsum([right[i], *(-lower[i][h] * x[h] for h in range(i))]))
        x = [value / pivot for value, pivot in zip(x, self._pivots, strict=True)]
        for i in reversed(range(p)):
            x[i] = math.fsum([x[i], *(-lower[h][i] * x[h] for h in range(i + 1, p))])
        return x
