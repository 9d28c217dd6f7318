"""What a node adds up over its rows for the moments of a fit, by blocks of rows.

Sums have the bits of numpy's sum over all rows, whatever types the columns are kept in; rows that are counted are
counted in integers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.terms import all_combinations
from fedfolder.errors import VariableError
from fedfolder.questions.blocks import blocks, summed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from fedfolder.command.terms import Column, Term
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.specification import Specification
    from fedfolder.questions.sums import Values

    Array = NDArray[np.float64]

MOST_CELLS = 1 << 20
"""Combinations of levels of a term up to which the rows of all of them are counted at once."""


@dataclass(frozen=True, slots=True)
class MomentSums:
    """What is added up.

    Parameters
    ----------
    columns : mapping of Column to (float, float)
        The sum and the sum of squares of each column of the terms.
    measured : mapping of str to (float, float)
        Those of the outcome, where it is a number, and of the measures.
    weight, exposure : float
        The sum of the weights, and of exp(offset).
    """

    columns: Mapping[Column, Values]
    measured: Mapping[str, Values]
    weight: float
    exposure: float


def moment_sums(asked: Specification, terms: Sequence[Term], sample: Sample) -> MomentSums:
    """Add up over the rows of `sample`.

    Raises
    ------
    VariableError
        If squares of a variable, or of a product, are too large to add, or an outcome is none of the model's.
    """
    levels = {name: factor.levels for name, factor in sample.factors.items()}
    counted = _counts(asked, terms, sample, levels)
    columns = list(dict.fromkeys(column for term in terms for column in all_combinations(term, levels)))
    left = [column for column in columns if column not in counted]
    outcome = [] if asked.likelihood.categorical else [asked.outcome]
    numbers = [*outcome, *(name for name in asked.measures if name not in outcome)]

    def added(rows: slice) -> Array:
        part = sample.rows(rows.start, rows.stop)
        weights = asked.weights(part)
        each = [*_measured(asked, part, numbers), *(part.column(column) for column in left)]
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            pairs = [_added(values, weights) for values in each]
            exposure = _exposure(asked, part, weights) if asked.rate_of_offset else 0.0
        return np.array([0.0 if weights is None else weights.sum(), exposure, *np.array(pairs).reshape(-1)])

    with np.errstate(over="ignore", invalid="ignore"):
        weight, exposure, *sums = (float(total) for total in summed(sample.nobs, added))
    names = [*numbers, *(" and ".join(column.continuous) for column in left)]
    pairs = [_checked(name, pair) for name, pair in zip(names, zip(sums[::2], sums[1::2], strict=True), strict=True)]
    found = counted | dict(zip(left, pairs[len(numbers) :], strict=True))
    measured = dict(zip(numbers, pairs[: len(numbers)], strict=True))
    return MomentSums({column: found[column] for column in columns}, measured, weight, _finite(asked, exposure))


def _measured(asked: Specification, part: Sample, numbers: Sequence[str]) -> Iterator[Array]:
    """The outcome as the model is about it, and other numbers as they are."""
    for name in numbers:
        yield asked.rows(part)["y"] if name == asked.outcome else part.outcome(name)


def _added(values: Array, weights: Array | None) -> tuple[float, float]:
    weighted = values if weights is None else weights * values
    return float(weighted.sum()), float((weighted * values).sum())


def _checked(name: str, pair: tuple[float, float]) -> Values:
    if not all(map(math.isfinite, pair)):
        raise VariableError(
            f"values of {name} are too large to square",
            where=name,
            do="look for a code of missing values among them, or give it in larger units",
        )
    return pair


def _exposure(asked: Specification, part: Sample, weights: Array | None) -> float:
    """What the offset says of the exposure, summed: exp(offset)."""
    offset = asked.offset(part)
    return 0.0 if offset is None else float((np.exp(offset) * (1.0 if weights is None else weights)).sum())


def _finite(asked: Specification, exposure: float) -> float:
    if not math.isfinite(exposure):
        name = asked.roles["offset"]
        what = f"values of the offset {name} are too large"
        raise VariableError(what, where=name, do="an offset is the logarithm of an exposure")
    return exposure


def _counts(
    asked: Specification, terms: Sequence[Term], sample: Sample, levels: Mapping[str, Sequence[str]]
) -> dict[Column, Values]:
    """The columns that are 1 or 0, where their sums count rows: those of a term at once."""
    found: dict[Column, Values] = {}
    for term in terms if asked.counts else ():
        names = [factor.variable for factor in term.factors]
        if not term.continuous and math.prod(len(levels[name]) for name in names) <= MOST_CELLS:
            cells = zip(all_combinations(term, levels), _cells(asked, names, sample).tolist(), strict=True)
            found |= {column: (count, count) for column, count in cells}
    return found


def _cells(asked: Specification, names: Sequence[str], sample: Sample) -> Array:
    """The rows of each combination of levels, the first variable slowest; as often as frequency weights say."""
    factors = [sample.levels(name) for name in names]
    sizes = [len(factor.levels) for factor in factors]
    found = np.zeros(math.prod(sizes))
    for rows in blocks(sample.nobs, len(found)):
        key = np.zeros(rows.stop - rows.start, dtype=np.int64)
        for factor, size in zip(factors, sizes, strict=True):
            key = key * size + factor.codes[rows]
        weights = asked.weights(sample.rows(rows.start, rows.stop))
        found += np.bincount(key, weights, len(found))
    return found
