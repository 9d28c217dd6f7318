"""How much of an average survival at one node, and of its gradient, hangs on one person.

What leaves are sums over rows of w S, of w S' for each parameter, and with the number of rows those of w (1 - S). Where
S vanishes for all rows but one, or 1 - S does, or both do and one row lies between, a sum is that row's own number, and
its linear predictor follows. So each of the three is held to what the information at a beta is held to: its effective
size (sum of a)^2 / sum of a^2 over persons (Kish 1965), and the largest share of one person.

Sums of w S' are those of a times what stands in a row's columns. The leverage of a row on them is that in a regression
on these columns with weights a: a person who is alone in some direction is one there, too.

Where some have died for sure and others survive for sure, as if a covariate in a product were 1e7, an average counts
who is on which side of a line, and two lines differ by who is between. No model of survival has hazards that far apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.questions.whitening import Influence, Whitening, effective_size, largest, top

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedfolder.command.standardised import Pattern
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.standardised import Block, Standardised

    Array = NDArray[np.float64]
    Numbers = NDArray[np.integer[Any]]

CERTAIN = float(np.finfo(np.float64).eps)
"""A probability that is none beside one."""


def of_average(
    question: Standardised,
    sample: Sample,
    owner: Numbers | None,
    pattern: Pattern,
    time: float,
    *,
    at_least: float = 0.0,
) -> Influence:
    """The influence of persons on one average, the worst of what its sums are made of.

    Parameters
    ----------
    sample : Sample
        What is `included`.
    owner : (n,) integers or None
        The number of the person whom each row is of, from 0; None where each row is a person.
    at_least : float
        Leverages below this need not be exact: an upper bound stands for them.
    """
    look = _Look(question, sample, owner, pattern, time)
    sizes, counts, information = look.sums()
    if not np.isfinite(sizes).all() or not np.isfinite(information).all() or _counts_sides(sizes):
        return Influence(float(sample.nobs), 0.0, np.inf)
    by_person = [look.of_persons(values) for values in sizes.T]
    often = counts if owner is None else np.ones(len(by_person[0]))
    # What is zero in every row says nothing of any.
    looked_at = [values for values in by_person if values.any()]
    effective = min((effective_size(values, often) for values in looked_at), default=np.inf)
    share = max((float(values.max() / (often * values).sum()) for values in looked_at), default=0.0)
    leverage = look.leverage(Whitening.of(information).matrix, at_least)
    return Influence(float(often.sum()), effective, max(share, leverage))


def _counts_sides(sizes: Array) -> bool:
    """Whether nothing is left of survival of some rows, and of death of others; of (n, 3) as in `_Look.sums`."""
    both = sizes[:, :2]
    none_of_it = both < CERTAIN * both.sum(axis=1, keepdims=True)
    return bool(none_of_it.any(axis=0).all())


@dataclass(frozen=True, slots=True)
class _Look:
    """Looks at the rows of one average, with what `of_average` takes."""

    question: Standardised
    sample: Sample
    owner: Numbers | None
    pattern: Pattern
    time: float

    @property
    def blocks(self) -> Iterator[Block]:
        """The rows, put at the time."""
        return self.question.blocks(self.sample, self.pattern, self.time)

    @property
    def is_counted(self) -> bool:
        """Whether a row with a frequency weight stands for as many persons; otherwise it weighs what its weight is."""
        return self.owner is None and self.question.specification.weighted == "fw"

    def sums(self) -> tuple[Array, Array, Array]:
        """W S, w (1 - S) and w |S'| of each row (n, 3), how many persons it stands for (n,), and their information."""
        n, p = self.sample.nobs, self.question.parameters.count
        sizes, counts, information = np.zeros((n, 3)), np.ones(n), np.zeros((p, p))
        for block in self.blocks:
            parts = np.stack([block.survival, block.died, block.slope])
            sizes[block.rows] = np.abs(parts * self._weights(block)).T
            if self.is_counted and block.weights is not None:
                counts[block.rows] = block.weights
            x = self._columns(block)
            information += x.T @ (x * counts[block.rows][:, np.newaxis])
        return sizes, counts, information

    def _weights(self, block: Block) -> Array:
        return np.ones(len(block.survival)) if self.is_counted or block.weights is None else np.abs(block.weights)

    def _columns(self, block: Block) -> Array:
        """What stands in the columns of a row, times the root of its size: their squares add up to an information."""
        root = np.sqrt(self._weights(block) / np.where(block.slope > 0, block.slope, 1.0))
        return np.asarray(block.gradient * root[:, np.newaxis])

    def of_persons(self, values: Array) -> Array:
        """The sums (m,) over the rows of each person."""
        return values if self.owner is None else np.asarray(np.bincount(self.owner, values), dtype=np.float64)

    def leverage(self, whitening: Array, at_least: float) -> float:
        """The largest of a person: of the information of all its rows, which is at most the sum of theirs."""
        traces = np.zeros(self.sample.nobs)
        for block in self.blocks:
            traces[block.rows] = np.square(self._columns(block) @ whitening).sum(axis=1)
        if self.owner is None:
            return float(traces.max(initial=0.0))
        return largest(self.of_persons(traces), at_least, lambda person: self._exactly(person, whitening))

    def _exactly(self, person: int, whitening: Array) -> float:
        found = np.zeros((whitening.shape[1],) * 2)
        mine = np.equal(np.zeros(0) if self.owner is None else self.owner, person)
        for block in self.blocks:
            x = self._columns(block)[mine[block.rows]] @ whitening
            found += x.T @ x
        return top(found)
