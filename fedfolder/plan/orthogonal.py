"""One orthogonalisation of splines for all nodes, from the published moments: never one a node.

As `stpm2` has it (`rcsgen`'s Gram-Schmidt): the columns v (n, d) of a spline without its term are taken less their
means m over all rows, failed or not, at their ends, and o = (v - m) R^-1 has o'o = n, with R upper triangular and above
zero on its diagonal. So R'R is the covariance of the columns. Coefficients b of v are reported as R b, and m'b goes to
the constant, or to the term that the spline is the effect of.

It is a way to report coefficients and nothing else: what is asked at the nodes is of the columns as they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.splines import FACTOR
from fedfolder.command.terms import Column
from fedfolder.errors import VariableError
from fedfolder.plan.protocol import COLLINEAR
from fedfolder.questions.splines import even_names, evened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from fedfolder.questions.design import Design
    from fedfolder.questions.splines import Curve, Splines

    Array = NDArray[np.float64]
    Moments = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Orthogonal:
    """The orthogonalisation of one spline.

    Parameters
    ----------
    of : str
        The term whose effect it is; `""` for the baseline.
    names : tuple of str
        Its d columns.
    means : (d,) tuple of float
        M.
    matrix : (d, d) tuple of tuple of float
        R, row by row.
    """

    of: str
    names: tuple[str, ...]
    means: tuple[float, ...]
    matrix: tuple[tuple[float, ...], ...]


def orthogonalised(splines: Splines | None, moments: Moments, weight: float) -> tuple[Orthogonal, ...]:
    """The orthogonalisation of each spline; none where the command asks for none.

    Parameters
    ----------
    moments : mapping of str to (float, float)
        Sum and sum of squares by column, over all nodes.

    Raises
    ------
    VariableError
        If a spline's columns are collinear in the data.
    """
    if splines is None or not splines.orthogonal:
        return ()
    return tuple(_of_curve(place, curve, moments, weight) for place, curve in enumerate(splines.curves))


def _of_curve(place: int, curve: Curve, moments: Moments, weight: float) -> Orthogonal:
    """With columns o = (v - m) A^-1 that were made even, of means m' and the covariance B'B: R = B A, M = m + m'A."""
    names, even = curve.spline.names, even_names(place, curve)
    sums = [moments.get(name, (0.0, 0.0)) for name in even]
    means = [total / weight for total, _ in sums]

    def covariance(i: int, j: int) -> float:
        label = Column(continuous=(even[i], even[j])).label
        product = sums[i][1] if i == j else moments.get(label, (0.0, 0.0))[0]
        return product / weight - means[i] * means[j]

    before, a = evened(curve)
    b = _factor(covariance, names)
    d = range(len(names))
    matrix = tuple(tuple(math.fsum(b[i][k] * a[k][j] for k in d) for j in d) for i in d)
    shifted = tuple(math.fsum([before[j], *(means[k] * a[k][j] for k in d)]) for j in d)
    return Orthogonal(curve.spline.of, names, shifted, matrix)


def _factor(covariance: Callable[[int, int], float], names: tuple[str, ...]) -> list[list[float]]:
    """B (d, d), upper triangular and above zero on its diagonal, with B'B the covariance."""
    d = len(names)
    rows: list[list[float]] = [[0.0] * d for _ in range(d)]
    for i in range(d):
        whole = covariance(i, i)
        left = math.fsum([whole, *(-rows[k][i] * rows[k][i] for k in range(i))])
        if not left > COLLINEAR * whole:
            raise VariableError(
                f"the columns of a spline are linear combinations of each other in the data: {', '.join(names)}",
                where=names[i],
                do="give fewer knots, knots among the times, or noorthog: what is collinear is then left out",
            )
        rows[i][i] = math.sqrt(left)
        for j in range(i + 1, d):
            rows[i][j] = math.fsum([covariance(i, j), *(-rows[k][i] * rows[k][j] for k in range(i))]) / rows[i][i]
    return rows


def reported(found: Sequence[Orthogonal], design: Design) -> Array:
    """T (p, p): coefficients as they are reported are T g, for g those of the columns as they are.

    A spline of which the data leave some columns out stays as it is.
    """
    t = np.eye(len(design.terms))
    for one in found:
        for of, names in effects(one.of, one.names, design.columns):
            parent = of or design.terms[-1]
            if not {parent, *names} <= set(design.terms):
                continue
            places = [design.terms.index(name) for name in names]
            t[np.ix_(places, places)] = one.matrix
            t[design.terms.index(parent), places] += one.means
    return t


def effects(of: str, names: tuple[str, ...], columns: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """The columns whose effect a spline is, each with the columns of that: of a factor, its levels among `columns`.

    `2.g` with `2.g#c._rcs_g1` and so on, of `i.g`.
    """
    if not of.startswith(FACTOR):
        return [(of, names)]
    parsed = [Column.parse(label) for label in columns]
    levels = dict.fromkeys(column.factors for column in parsed if column.factors and column.continuous == names[:1])
    return [(Column(factors).label, tuple(Column(factors, (name,)).label for name in names)) for factors in levels]
