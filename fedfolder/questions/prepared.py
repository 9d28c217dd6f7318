"""The rows of a sample in blocks, with all that an evaluation needs of them and that no beta changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from fedfolder.questions import kept
from fedfolder.questions.columns import Columns
from fedfolder.questions.design import blocks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    import numpy as np
    from numpy.typing import NDArray

    from fedfolder.likelihood.base import Rows
    from fedfolder.questions.at_beta import AtBeta
    from fedfolder.questions.columns import Basis
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.specification import Specification

    Array = NDArray[np.float64]

KEPT_BYTES = 2**30
"""So much is kept of all samples together. Blocks of what would take more are made anew for each evaluation."""
TOGETHER = 4
"""Blocks whose sums are added up before they join the others': what one worker does at a time."""
KIND = "rows"
T = TypeVar("T")
C = TypeVar("C", bound=Columns)
C_co = TypeVar("C_co", bound=Columns, covariant=True)


@dataclass(frozen=True, slots=True)
class Part(Generic[C_co]):
    """A block of rows.

    Parameters
    ----------
    rows : slice
        Where they stand among all.
    columns : Columns
        As they are at the end of each row.
    observed : Rows
        As `RowLikelihood.prepared` gives them.
    others : tuple of Columns
        The same in the further views that the likelihood has of them.
    """

    rows: slice
    columns: C_co
    observed: Rows
    offset: Array | None
    weights: Array | None
    others: tuple[C_co, ...] = ()

    @property
    def views(self) -> tuple[C_co, ...]:
        """The columns in every view."""
        return (self.columns, *self.others)

    @property
    def nbytes(self) -> int:
        """What it takes of memory."""
        others = (values for values in (self.offset, self.weights) if values is not None)
        columns = sum(columns.nbytes for columns in self.views)
        return columns + sum(values.nbytes for values in (*self.observed.values(), *others))


class Prepared(Generic[C]):
    """The blocks of a sample; which one, whoever asks for a block says again, so that it can be let go of.

    Parameters
    ----------
    nobs : int
        Rows of the sample.
    weights : (n,) float64, optional
        Instead of those that the specification names.
    """

    def __init__(self, specification: Specification, basis: Basis[C], nobs: int, weights: Array | None = None) -> None:
        self.basis = basis
        self.blocks = blocks_of(nobs)
        self._weights = weights
        self._specification = specification
        self._parts: list[Part[C] | None] = [None] * len(self.blocks)
        self._keeps = False

    def decide(self, sample: Sample, limit: int) -> None:
        """Keep the blocks if all of them take no more than `limit` bytes; the first is as large as any."""
        if self.blocks:
            first = self._made(0, sample)
            self._keeps = first.nbytes * len(self.blocks) <= limit
            self._parts[0] = first if self._keeps else None

    @property
    def nbytes(self) -> int:
        """What is kept, once every block was asked for."""
        first = self._parts[0] if self._parts else None
        return 0 if first is None else first.nbytes * len(self._parts)

    @property
    def groups(self) -> list[range]:
        """The numbers of the blocks that are summed together."""
        return [range(at, min(at + TOGETHER, len(self.blocks))) for at in range(0, len(self.blocks), TOGETHER)]

    def part(self, number: int, sample: Sample) -> Part[C]:
        """One block of `sample`.

        Raises
        ------
        VariableError
            If an outcome in it cannot be one of the model's.
        """
        found = self._parts[number]
        if found is None:
            found = self._made(number, sample)
            if self._keeps:
                self._parts[number] = found
        return found

    def _made(self, number: int, sample: Sample) -> Part[C]:
        rows, asked = self.blocks[number], self._specification
        some = sample.rows(rows.start, rows.stop)
        observed = asked.likelihood.prepared(asked.rows(some))
        weights = asked.weights(some) if self._weights is None else self._weights[rows]
        first, *others = (self.basis.columns(some, view) for view in asked.likelihood.views)
        return Part(rows, first, observed, asked.offset(some), weights, tuple(others))


def prepared(
    specification: Specification, basis: Basis[C], sample: Sample, weights: Array | None = None
) -> Prepared[C]:
    """The blocks of `sample` for a likelihood and a basis, made before for equal ones or now."""

    def make() -> Prepared[C]:
        made = Prepared(specification, basis, sample.nobs, weights)
        made.decide(sample, _room())
        return made

    return kept.once(sample, KIND, (specification_key(specification), basis.key, weights is None), make)


def _room() -> int:
    """Bytes that may be kept besides what is kept already."""
    taken: int = sum(other.nbytes for other in kept.all_of(KIND))
    return KEPT_BYTES - taken


@dataclass(frozen=True, slots=True)
class _Whole(Generic[T]):
    """All parts of a sample; `nbytes` of them are kept."""

    parts: tuple[T, ...]
    nbytes: int


def of_question(
    what: str, question: AtBeta, sample: Sample, numbers: int, make: Callable[[], Iterable[T]]
) -> Iterable[T]:
    """What `make` makes of all rows for the columns of a question: once, or anew each time where there is no room.

    Parameters
    ----------
    what : str
        What that is.
    numbers : int
        What a row takes beside its columns, in numbers of eight bytes.
    """
    key = what, specification_key(question.specification), question.design
    return kept_if_room(sample, key, 8 * sample.nobs * (len(question.design.terms) + numbers), make)


def kept_if_room(sample: Sample, key: Hashable, nbytes: int, make: Callable[[], Iterable[T]]) -> Iterable[T]:
    """What `make` makes of a sample: once, or anew each time where `nbytes` more are too many to keep."""
    if not kept.has(sample, KIND, key) and nbytes > _room():
        return make()
    whole: _Whole[T] = kept.once(sample, KIND, key, lambda: _Whole(tuple(make()), nbytes))
    return whole.parts


def specification_key(specification: Specification) -> Hashable:
    """What of a specification its rows depend on, by value: a likelihood of some levels is made anew every round."""
    likelihood = specification.likelihood
    named = type(likelihood), likelihood.name, specification.command
    known = specification.levels, specification.offsets, specification.baseline, specification.splines
    return (*named, *known)
