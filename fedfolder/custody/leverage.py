"""How far a fit goes through one person, whatever columns the command makes of the data.

A column of one person alone can hide in the difference of two columns of which each looks harmless: `age`, and `age`
with something added to one person. Sums of squares then say that person's age. In the leverage it shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedfolder.command.terms import Column
    from fedfolder.custody.view import View

ROWS = 4096
"""Rows that are worked on at a time."""
MOST_COLUMNS = 150
"""Columns up to which the cells of interacting factors are among them."""
RANK = 1e-14
"""A direction in which the columns, scaled, are this small is none."""
TOLD = 1e-8
"""Eigenvalues of cross products below this share of the largest are looked at again, by themselves."""
PASSES = 3
"""So often, at most."""


def largest_leverage(view: View) -> float:
    """The largest leverage of a person on least squares with the columns of the fit, numbers beside them included.

    The leverage of a row is x (X'X)^- x'; a person's is the sum over its rows, and near 1 or above for one whom the fit
    goes through.
    """
    if not view.sample.nobs:
        return 0.0
    directions = _directions(view)
    rows = np.concatenate([np.square(block @ directions).sum(axis=1) for block in _blocks(view)])
    return float(view.persons.sums(rows).max())


def _directions(view: View) -> NDArray[np.float64]:
    """D (p, r), so that the columns of X D are orthonormal and span what X spans.

    The cross products of X tell directions apart down to the square root of the rounding; in those that are left, the
    columns differ by little, and their own cross products tell them apart again.
    """
    scales = _scales(view)
    basis, found = np.diag(1 / scales), list["NDArray[np.float64]"]()
    for _ in range(PASSES):
        crossed = sum(((part := block @ basis).T @ part for block in _blocks(view)), start=np.zeros((1, 1)))
        lengths = np.sqrt(np.diagonal(crossed))
        some = lengths > RANK * np.linalg.norm(basis * scales[:, None], axis=0)
        basis, lengths = basis[:, some] / lengths[some], lengths[some]
        values, vectors = np.linalg.eigh(crossed[np.ix_(some, some)] / np.outer(lengths, lengths))
        told = values > TOLD * values.max(initial=0.0)
        found.append(basis @ vectors[:, told] / np.sqrt(values[told]))
        basis = basis @ vectors[:, ~told]
        if not basis.shape[1]:
            break
    return np.hstack(found)


def _scales(view: View) -> NDArray[np.float64]:
    """The length of each column; 1 for one of zeros."""
    lengths = np.sqrt(sum((np.square(block).sum(axis=0) for block in _blocks(view)), start=np.zeros(1)))
    return np.asarray(np.where(lengths > 0, lengths, 1.0))


def _columns(view: View) -> list[Column]:
    """The columns of the fit; where they are many, without the cells of factors, which other rules count."""
    columns = view.design()
    if len(columns) <= MOST_COLUMNS:
        return list(columns)
    return [column for column in columns if column.continuous or len(column.factors) == 1]


def _blocks(view: View) -> Iterator[NDArray[np.float64]]:
    """The columns of the fit, and the numbers whose sums leave beside them, (rows, columns) at a time."""
    columns, specification = _columns(view), view.specification
    in_terms = {name for term in specification.terms for name in term.variables}
    weight = specification.command.weight
    others = [n for n in view.numbers if n not in in_terms and (weight is None or n != weight.variable)]
    for start in range(0, view.sample.nobs, ROWS):
        part = view.sample.rows(start, start + ROWS)
        found = [*(part.column(column) for column in columns), *(part.outcome(name) for name in others)]
        yield np.column_stack([np.ones(part.nobs), *found])
