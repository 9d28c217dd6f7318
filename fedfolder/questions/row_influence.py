"""The influence of rows that stand alone in a likelihood: each by itself, or all of one person together.

Rows are looked at by blocks, and a bound on their leverage comes before the leverage: where rows are many, no unit is
near a limit.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.likelihood import RowLikelihood
from fedfolder.questions import compute, kept
from fedfolder.questions.blocks import looked_up
from fedfolder.questions.patterns import with_counts
from fedfolder.questions.whitening import Influence, Whitening, effective_size, largest, top

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from fedfolder.questions.at_beta import AtBeta
    from fedfolder.questions.parameters import Parameters
    from fedfolder.questions.sample import Sample

    Array = NDArray[np.float64]
    Numbers = NDArray[np.integer[Any]]

ROUNDED = 1e-9
"""A share of a bound that no rounding of it reaches."""


def information_of_rows(question: AtBeta, sample: Sample) -> Array:
    """The sum of the sizes of the information of all rows, (P, P); infinite where the likelihood is not defined."""
    if question.specification.likelihood.concave:
        found = compute.contribution(question, sample)
        return -found.hessian if found.defined else np.full_like(found.hessian, np.inf)
    parameters, counting = question.parameters, question.specification.weighted == "fw"
    total = np.zeros((parameters.count, parameters.count))
    for block in _blocks(question, question.included(sample), counting=counting):
        _add(total, parameters, block.views, block.sizes if block.counts is None else block.sizes * block.counts)
    return total


def of_rows(question: AtBeta, information: Array, sample: Sample, owner: Numbers | None, at_least: float) -> Influence:
    """The influence of each row, or of all rows with the same number in `owner` (n,), from 0.

    Parameters
    ----------
    information : (P, P) float64
        As `information_of_rows` gives it.
    at_least : float
        Leverages below this may be given too high.
    """
    if not np.isfinite(information).all():
        return Influence(float(sample.nobs), np.inf, 0.0)  # nothing leaves but that the beta is outside
    # A row with a frequency weight stands for as many persons, each with the row's own information.
    counting = owner is None and question.specification.weighted == "fw"
    look = _Look(question, Whitening.of(information), at_least, counting=counting)
    return look.at_rows(sample) if owner is None else look.at_persons(sample, owner)


@dataclass(frozen=True, slots=True)
class _Block:
    """Some rows, with their columns in each view and the information of each about its linear predictors, (Q, Q, rows).

    How many units each stands for are `counts`: frequency weights, or the rows of a pattern; other weights are in the
    information.
    """

    rows: slice
    views: tuple[Array, ...]
    sizes: Array
    counts: Array | None

    @property
    def z(self) -> Array:
        """The columns in the first view."""
        return self.views[0]

    def few(self, near: NDArray[np.bool_]) -> _Block:
        """Some of these rows."""
        return _Block(self.rows, tuple(z[near] for z in self.views), self.sizes[..., near], None)


def _blocks(question: AtBeta, sample: Sample, *, counting: bool, counts: Array | None = None) -> Iterator[_Block]:
    """The rows by blocks; `counts` (n,) stand for frequency weights where rows are patterns."""
    likelihood = question.specification.likelihood
    if not isinstance(likelihood, RowLikelihood):
        raise TypeError(likelihood)
    for block in compute.blocks(question, likelihood, sample):
        sizes = _absolute(-block.derivatives.hessian, concave=likelihood.concave)
        often = None if counts is None else counts[block.rows]
        if counting or block.weights is None:
            yield _Block(block.rows, block.z, sizes, block.weights if often is None else often)
        else:
            yield _Block(block.rows, block.z, sizes * block.weights, often)


@dataclass(frozen=True, slots=True)
class _Look:
    """Looks at units, and closely at those whose bounds are not below `at_least`."""

    question: AtBeta
    whitening: Whitening
    at_least: float
    counting: bool

    def at_rows(self, sample: Sample) -> Influence:
        """The influence where each row is a unit."""
        command = self.question.specification.command
        sample, counts = with_counts(sample, command.weight.variable if command.weight and self.counting else None)
        parameters, units = self.question.parameters, 0.0
        effective = [_Effective() for _ in parameters.equations]
        near, traces, far = np.zeros(sample.nobs, dtype=np.bool_), list["Array"](), 0.0
        squares = _Squares.of(self.question, sample)
        for block in _blocks(self.question, sample, counting=self.counting, counts=counts):
            units += len(block.z) if block.counts is None else float(block.counts.sum())
            for e, sizes in enumerate(effective):
                first = e * len(parameters.views)
                sizes.add(block.sizes[first, first], block.counts)
            highest = self._highest(block, squares)
            if highest < self.at_least:
                far = max(far, highest)
                continue
            found = self._traces(block)
            near[block.rows] = found >= self.at_least
            traces.append(found[near[block.rows]])
            far = max(far, float(found.max(initial=0.0, where=~near[block.rows])))
        of_near = np.concatenate([*traces, [far]])
        least = min((sizes.size for sizes in effective), default=0.0)
        if len(parameters.seen) + len(parameters.ancillaries) == 1:
            return Influence(units, least, float(of_near.max()))
        return Influence(units, least, self._largest(of_near, sample, near, np.arange(len(of_near) - 1)))

    def at_persons(self, sample: Sample, owner: Numbers) -> Influence:
        """The influence where a unit is all rows of one person."""
        units = int(owner.max(initial=-1)) + 1
        bounds, equations = np.zeros(units), np.zeros((len(self.question.parameters.equations), units))
        for block in _blocks(self.question, sample, counting=False):
            np.add.at(bounds, owner[block.rows], self._bounds(block))
            for e, sizes in enumerate(equations):
                first = e * len(self.question.parameters.views)
                np.add.at(sizes, owner[block.rows], block.sizes[first, first])
        effective = min((effective_size(sizes) for sizes in equations), default=0.0)
        near = bounds >= self.at_least
        far, numbers, rows = bounds.max(initial=0.0, where=~near), np.cumsum(near) - 1, looked_up(near, owner)
        some, unit, traces = sample.where(rows), looked_up(numbers, owner[rows]), np.zeros(int(near.sum()))
        for block in _blocks(self.question, some, counting=False) if some.nobs else ():
            np.add.at(traces, unit[block.rows], self._exactly(block))
        return Influence(float(units), effective, self._largest(np.append(traces, far), sample, rows, unit))

    def _highest(self, block: _Block, squares: _Squares) -> float:
        """What no trace of T' I_i T in a block is above: by the largest square of each column, whatever the row."""
        total = 0.0
        for e, at, x in _predictors(self.question.parameters, squares.largest(block)):
            total += float(block.sizes[e, e].max(initial=0.0)) * float((x @ self.whitening.bounds[at])[0])
        return total * len(block.views) * (1 + ROUNDED)

    def _traces(self, block: _Block) -> Array:
        """The trace of T' I_i T of each row, or a bound on it where that is low."""
        found = self._bounds(block)
        near = found >= self.at_least
        if near.any():
            found[near] = self._exactly(block.few(near))
        return found

    def _bounds(self, block: _Block) -> Array:
        """Bounds on the traces; the views of an equation may add up: a square of V terms is at most V squares."""
        total = np.zeros(len(block.z))
        squares = [np.square(z) for z in block.views]
        for a, at, x in _predictors(self.question.parameters, squares):
            total += block.sizes[a, a] * (x @ self.whitening.bounds[at])
        return total * len(block.views)

    def _exactly(self, block: _Block) -> Array:
        """The trace of T' I_i T of each row, which no eigenvalue exceeds."""
        total, inverse = np.zeros(len(block.z)), self.whitening.matrix @ self.whitening.matrix.T
        predictors = _predictors(self.question.parameters, block.views)
        for (e, at, x), (f, beside, y) in itertools.product(predictors, predictors):
            total += block.sizes[e, f] * np.einsum("ij,ij->i", x @ inverse[at, beside], y)
        return total

    def _largest(self, traces: Array, sample: Sample, near: NDArray[np.bool_], unit: Numbers) -> float:
        """The largest leverage; the last of the traces is that of all units that need no closer look.

        Parameters
        ----------
        unit : (m,) integers
            The place of the unit of each row that is `near` (n,) among the traces.
        """
        some, parameters, t = sample.where(near), self.question.parameters, self.whitening.matrix

        def leverage(place: int) -> float:
            information = np.zeros((parameters.count, parameters.count))
            for block in _blocks(self.question, some.where(unit == place), counting=self.counting):
                _add(information, parameters, block.views, block.sizes)
            return top(t.T @ information @ t)

        return largest(traces, self.at_least, leverage)


@dataclass(frozen=True, slots=True)
class _Squares:
    """The largest square of each column (1, p) in each view and block of rows, by its first row: no beta changes it."""

    found: dict[int, list[Array]]

    @classmethod
    def of(cls, question: AtBeta, sample: Sample) -> _Squares:
        """Those that are known of the columns of a question; others are found when they are asked for."""
        views = question.specification.likelihood.views
        return kept.once(sample, "largest squares", (question.design, views), lambda: cls({}))

    def largest(self, block: _Block) -> list[Array]:
        """Those of a block."""
        start = block.rows.start
        if start not in self.found:
            self.found[start] = [np.square(z).max(axis=0, initial=0.0, keepdims=True) for z in block.views]
        return self.found[start]


@dataclass(slots=True)
class _Effective:
    """Adds up an effective size, a block of rows at a time: see `effective_size`.

    Weights are held against the largest so far, so that squares of very small ones do not vanish.
    """

    top: float = 0.0
    total: float = 0.0
    squares: float = 0.0

    def add(self, weights: Array, counts: Array | None) -> None:
        """Add the weights (n,) of a block, each as often as `counts` says."""
        top = max(self.top, float(weights.max(initial=0.0)))
        if top > 0:
            share, before = weights / top, self.top / top
            often = share if counts is None else share * counts
            self.total = self.total * before + float(often.sum())
            self.squares = self.squares * before * before + float((often * share).sum())
        self.top = top

    @property
    def size(self) -> float:
        """Of all that was added; 0 for no weight at all."""
        return self.total * self.total / self.squares if self.squares > 0 else 0.0


def _absolute(information: Array, *, concave: bool) -> Array:
    """The size of each matrix in (Q, Q, n): itself where it is positive semidefinite."""
    if len(information) == 1:
        return np.abs(information)
    if concave or not np.isfinite(information).all():
        return information
    values, vectors = np.linalg.eigh(np.moveaxis(information, 2, 0))
    sizes = (vectors * np.abs(values)[:, None, :]) @ np.swapaxes(vectors, 1, 2)
    return np.moveaxis(sizes, 0, 2)


def _predictors(parameters: Parameters, views: Sequence[Array]) -> list[tuple[int, slice, Array]]:
    """Each linear predictor's number, the places of its parameters and its columns (n, ·)."""
    q = len(parameters.seen)
    ones, first = np.ones((len(views[0]), 1)), len(parameters.equations) * parameters.width
    ancillaries = [(q + j, slice(first + j, first + j + 1), ones) for j in range(len(parameters.ancillaries))]
    return [*((a, parameters.block(e), views[v]) for a, (e, v) in enumerate(parameters.seen)), *ancillaries]


def _add(total: Array, parameters: Parameters, views: Sequence[Array], sizes: Array) -> None:
    """Add the information of rows with columns (n, p) in each of `views`, and `sizes` (Q, Q, n)."""
    predictors = _predictors(parameters, views)
    for (e, at, x), (f, beside, y) in itertools.product(predictors, predictors):
        total[at, beside] += x.T @ (y * sizes[e, f][:, None])
