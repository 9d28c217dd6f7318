"""Rules on the numbers of a sample: that no person stands out in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.custody.cells import has_few
from fedfolder.custody.finding import Finding, product
from fedfolder.custody.leverage import largest_leverage
from fedfolder.likelihood.base import ROUNDING
from fedfolder.questions.blocks import blocks, counted, numbered, summed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from fedfolder.custody.cells import Coded, Persons
    from fedfolder.custody.profiles import Limits
    from fedfolder.custody.view import View


def few_different(limits: Limits, view: View) -> Iterator[Finding]:
    """Numbers that are the same for all but a few: their sums tell of these few alone."""
    least = limits.smallest_cell
    for names, within, values in view.products() if least else ():
        if within is None:
            few = _all_but_few(values, view.persons, least)
        else:
            few = _few_within(within, values != 0, view.persons, least)
        if few:
            said = f"fewer than {least} persons here differ from all others in {product(names)}"
            yield Finding("few_different", names, said)


def _all_but_few(values: NDArray[Any], persons: Persons, least: int) -> bool:
    """Whether fewer than `least` persons have another value than all the others have."""
    # With so few different, the usual value is the one in the middle of the persons' first rows.
    first = values if persons.codes is None else _first(values, persons)
    middle = len(first) // 2
    usual = _most_frequent(first) if len(first) < 2 * least else np.partition(first, middle)[middle]
    return 0 < persons.within(values != usual) < least


def _first(values: NDArray[Any], persons: Persons) -> NDArray[Any]:
    found = np.zeros(persons.number, dtype=values.dtype)
    found[persons.codes] = values
    return found


def _most_frequent(values: NDArray[Any]) -> Any:  # noqa: ANN401 - a number of the type of the values
    found, counts = np.unique(values, return_counts=True)
    return found[np.argmax(counts)] if len(found) else 0


def _few_within(column: Coded, rows: NDArray[np.bool_], persons: Persons, least: int) -> bool:
    """Whether in some category a product differs from 0 for somebody, but fewer than `least` persons."""
    counts = counted(column.codes[rows], column.size)
    return has_few(counts, persons, least, lambda place: (column.codes == place[0]) & rows)


def largest_share(limits: Limits, view: View) -> Iterator[Finding]:
    """Sums of squares, and of weights, that are mostly one person."""
    if not np.isfinite(limits.largest_share):
        return
    weight = view.specification.command.weight
    for names, within, values in view.products():
        is_weight = weight is not None and names == (weight.variable,)
        share = (_share_of_sum if is_weight else _share_of_squares)(values, within, view.persons)
        if share > limits.largest_share:
            what = "sum" if is_weight else "variation"
            said = f"one person here is more than {limits.largest_share:g} of the {what} of {product(names)}"
            yield Finding("largest_share", names, said)


def _share_of_sum(values: NDArray[Any], _: Coded | None, persons: Persons) -> float:
    """The largest share of one person in the sum of the weights."""
    return _share(lambda rows: values[rows].astype(np.float64), persons)


def _share(values: Callable[[slice], NDArray[np.float64]], persons: Persons) -> float:
    """The largest share of one person in the sum of values that are not negative; `values` gives a block's."""
    largest, total = persons.sums(values)
    return largest / total if total > 0 else 0.0


def _share_of_squares(values: NDArray[Any], within: Coded | None, persons: Persons) -> float:
    """The largest share of one person in a sum of squares about its mean, over the categories of a product."""

    def block(rows: slice) -> NDArray[np.float64]:
        return values[rows].astype(np.float64)

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if within is not None:
            return _share_within(block, within, persons)
        if not len(values):
            return 0.0
        mean = summed(len(values), lambda rows: block(rows).sum()) / len(values)
        return _share(lambda rows: np.square(block(rows) - mean), persons)


def _share_within(values: Callable[[slice], NDArray[np.float64]], within: Coded, persons: Persons) -> float:
    """The same for a product with categories, of which `values` gives a block's numbers."""

    def by_category(of: Callable[[slice], NDArray[np.float64]]) -> NDArray[np.float64]:
        total = np.zeros(within.size)
        for rows in blocks(persons.nrows, within.size):
            total += np.bincount(within.codes[rows], of(rows), within.size)
        return total

    means = by_category(values) / persons.nrows

    def squares(rows: slice) -> NDArray[np.float64]:
        return np.square(values(rows) - means[within.codes[rows]])

    # Outside its category a product is 0, so as far from its mean as the mean is from 0.
    totals = by_category(squares) + (persons.nrows - within.counts()) * np.square(means)
    if persons.codes is None:
        parts = np.array([_top(squares(rows) / totals[within.codes[rows]]) for rows in blocks(persons.nrows)])
    else:
        _, key = numbered(within.codes.astype(np.int64) * persons.number + persons.codes)
        everything = slice(0, persons.nrows)
        parts = np.bincount(key, squares(everything) / totals[within.codes])
    return _top(parts)


def _top(parts: NDArray[np.float64]) -> float:
    """The largest that is a number."""
    return float(np.max(parts, initial=0.0, where=np.isfinite(parts)))


def leverage(limits: Limits, view: View) -> Iterator[Finding]:
    """Directions in which the fit goes through one person."""
    # Two persons in a level have 1/2 each, a limit that is usual: rounding must not decide which side that is on.
    limit = limits.leverage * (1 + ROUNDING)
    if np.isfinite(limit) and largest_leverage(view, at_least=limit) > limit:
        said = f"one person here has more than {limits.leverage:g} of leverage on this fit"
        yield Finding("leverage", view.in_terms, said)
