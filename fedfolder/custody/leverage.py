"""How far a fit goes through one person, whatever columns the command makes of the data.

A column of one person alone can hide in the difference of two columns of which each looks harmless: `age`, and `age`
with something added to one person. Sums of squares then say that person's age. In the leverage it shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.command.terms import Column
from fedfolder.custody.columns import Columns
from fedfolder.questions.compute import one_thread
from fedfolder.questions.patterns import with_counts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedfolder.custody.columns import Block
    from fedfolder.custody.view import View
    from fedfolder.questions.sample import Sample

MOST_COLUMNS = 150
"""Columns up to which the cells of interacting factors are among them."""
RANK = 1e-14
"""A direction in which the columns, scaled, are this small is none."""
TOLD = 1e-8
"""Eigenvalues of cross products below this share of the largest are looked at again, by themselves."""
PASSES = 3
"""So often, at most."""
THIN = 16
"""Directions in which the columns say least: a bound on a leverage is exact along these."""


def largest_leverage(view: View, *, at_least: float = 0.0) -> float:
    """The largest leverage of a person on least squares with the columns of the fit, numbers beside them included.

    The leverage of a row is x (X'X)^- x'; a person's is the sum over its rows, and near 1 or above for one whom the fit
    goes through.

    Parameters
    ----------
    at_least : float
        Leverages below this need not be exact: an upper bound stands for them.
    """
    if not view.sample.nobs:
        return 0.0
    columns = _columns(view)
    sample, counts = (view.sample, None) if view.persons.codes is not None else with_counts(view.sample)
    with one_thread().limit(limits=1, user_api="blas"):
        space = _Space.of(columns, sample, counts)
        if view.persons.codes is None:
            return max(float(space.leverages(block, at_least).max()) for _, block in columns.blocks(sample))
        return _of_persons(view, view.persons.codes, columns, space, at_least)


def _of_persons(
    view: View, codes: NDArray[np.signedinteger[Any]], columns: Columns, space: _Space, at_least: float
) -> float:
    """The largest sum over the rows of one person, exact for those whose bounds come to more than `at_least`."""
    bounds, exact = np.zeros(view.persons.number), np.zeros(view.persons.number)
    for rows, block in columns.blocks(view.sample):
        np.add.at(bounds, codes[rows], space.bounds(block))
    near = bounds > at_least
    for rows, block in columns.blocks(view.sample) if near.any() else ():
        mine = near[codes[rows]]
        np.add.at(exact, codes[rows][mine], space.exactly(block.few(mine)))
    return float(np.where(near, exact, bounds).max())


@dataclass(frozen=True, slots=True)
class _Space:
    """What the columns X of a fit span.

    Parameters
    ----------
    directions : (p, r) float64
        D, so that the columns of X D are orthonormal and span what X spans.
    scales : (p,) float64
        The length of each column of X; 1 for one of zeros.
    thin : (p, ·) float64
        Some of D, along which the columns say least.
    least : float
        The leverage along all others is at most the square of the scaled row, divided by this.
    """

    directions: NDArray[np.float64]
    scales: NDArray[np.float64]
    thin: NDArray[np.float64]
    least: float

    @classmethod
    def of(cls, columns: Columns, sample: Sample, counts: NDArray[np.float64] | None) -> _Space:
        """That of the rows of `sample`, each as often as `counts` (n,) says, or once.

        The cross products of X tell directions apart down to the square root of the rounding.
        In those that are left, the columns differ by little, and their own cross products tell them apart again.
        """
        crossed = sum((block.crossed() for block in _weighed(columns, sample, counts)), start=np.zeros((1, 1)))
        scales = np.sqrt(np.where(np.diagonal(crossed) > 0, np.diagonal(crossed), 1.0))
        basis, found, spread = np.diag(1 / scales), list["NDArray[np.float64]"](), np.zeros(0)
        crossed = crossed / np.outer(scales, scales)
        for again in range(PASSES):
            if again:
                parts = (block.times(basis) for block in _weighed(columns, sample, counts))
                crossed = sum((part.T @ part for part in parts), start=np.zeros((1, 1)))
            lengths = np.sqrt(np.diagonal(crossed))
            some = lengths > RANK * np.linalg.norm(basis * scales[:, None], axis=0)
            basis, lengths = basis[:, some] / lengths[some], lengths[some]
            values, vectors = np.linalg.eigh(crossed[np.ix_(some, some)] / np.outer(lengths, lengths))
            told = values > TOLD * values.max(initial=0.0)
            found.append(basis @ vectors[:, told] / np.sqrt(values[told]))
            spread = spread if again else values[told]
            basis = basis @ vectors[:, ~told]
            if not basis.shape[1]:
                break
        # Eigenvalues rise: the first directions of the first pass, and all of the later ones, are the thin ones.
        thin = np.hstack([found[0][:, :THIN], *found[1:]])
        return cls(np.hstack(found), scales, thin, float(spread[THIN]) if len(spread) > THIN else np.inf)

    def leverages(self, block: Block, at_least: float) -> NDArray[np.float64]:
        """Of each row of X; those below `at_least` may be given too high, but not above it."""
        found = self.bounds(block)
        near = found > at_least
        if near.any():
            found[near] = self.exactly(block.few(near))
        return found

    def bounds(self, block: Block) -> NDArray[np.float64]:
        """What no leverage of these rows of X is above."""
        along = block.squares_times(1 / (np.square(self.scales) * self.least))
        return np.asarray(along + np.square(block.times(self.thin)).sum(axis=1))

    def exactly(self, block: Block) -> NDArray[np.float64]:
        """The leverage of each of these rows of X."""
        return np.asarray(np.square(block.times(self.directions)).sum(axis=1))


def _weighed(columns: Columns, sample: Sample, counts: NDArray[np.float64] | None) -> Iterator[Block]:
    """The blocks of X, each row times the root of how often it counts, so that products count it as often."""
    for rows, block in columns.blocks(sample):
        yield block if counts is None else block.scaled(np.sqrt(counts[rows]))


def _columns(view: View) -> Columns:
    """The columns of the fit, and the numbers whose sums leave beside them.

    Where they are many, without the cells of factors, which other rules count. And without the times that splines are
    made of: these say nearly the same, and what lies between the two is nobody's.
    """
    columns, specification = list(view.design()), view.specification
    if len(columns) > MOST_COLUMNS:
        columns = [column for column in columns if column.continuous or len(column.factors) == 1]
    in_terms = {name for term in specification.terms for name in term.variables}
    weight = specification.command.weight
    splines = view.sample.splines
    left = {weight.variable if weight else "", *((splines.time, splines.entry) if splines else ())}
    others = [name for name in view.numbers if name not in in_terms and name not in left]
    columns += [Column(continuous=(name,)) for name in others]
    # Of a factor's splines, each level's beside those of all: which level is the base changes no leverage.
    for variable, name in view.varying():
        levels = view.sample.levels(variable).levels[1:]
        columns += [Column(((variable, level),), (name,)) for level in levels]
    return Columns.of(columns, view.sample)
