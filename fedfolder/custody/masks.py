"""The rows that sums of a fit are over, a mask each: what two fits must not differ by few persons in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.command.terms import Column
from fedfolder.custody.cells import Coded
from fedfolder.custody.groupings import digits, groupings
from fedfolder.custody.parts import few_rows
from fedfolder.custody.row_sets import CELL, EVENTS, GROUPS, LEVEL, PIECES, ROWS, SUPPORT, VALUE
from fedfolder.questions.blocks import blocks, counted, joined, smallest
from fedfolder.questions.event_groups import EventGroups
from fedfolder.questions.specification import Specification
from fedfolder.questions.splines import given
from fedfolder.questions.strata import follow_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedfolder.command import Command, Term
    from fedfolder.questions.records import Records
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.splines import Splines

    Masks = Iterator[tuple[str, str, NDArray[np.bool_]]]

LOOKED_AT = 1000
"""Rows by which it is seen that a number takes many values."""
FEW_VALUES = 3
"""Values of a number up to which its sum and its sum of squares say how many rows have each; a power adds two."""


def in_file(records: Records, command: Command, sample: Sample, nrows: int) -> Masks:
    """Kind, variables and rows of the file (nrows,) of each set that sums are over, the rows that enter first.

    Where rows are pieces of records, a set is that of the records with a piece in it. Where a record has pieces in
    several levels of a variable, levels add up to no set: each is a cell by itself.
    """
    varying = {name for name in sample.factors if records.origins is not None and _varies(sample, name)}
    for kind, about, mask in _masks(command, sample):
        yield CELL if kind == LEVEL and about in varying else kind, about, _in_file(mask, sample, nrows)
    if records.origins is not None:
        for digit, mask in _digits(sample, nrows):
            yield PIECES, digit, mask
    for what, codes in groupings(command, sample):
        yield from ((GROUPS, what, mask) for mask in digits(codes, sample, nrows))
    specification = Specification.of(command)
    if specification.lacks_knots:
        time = specification.roles["time"]
        yield from (
            (EVENTS, time, _in_file(mask, sample, nrows)) for _, mask in EventGroups(specification).up_to(sample)
        )
    entered = _in_file(np.ones(sample.nobs, dtype=np.bool_), sample, nrows)
    for kind, about, mask in few_rows(command, records, [*sample.numeric, *sample.ids]):
        yield kind, about, entered & records.in_file(mask, nrows)


def beyond_knots(splines: Splines, sample: Sample, nrows: int) -> Masks:
    """The same for the rows beyond each knot."""
    return ((kind, about, _in_file(mask, sample, nrows)) for kind, about, mask in _of_knots(splines, sample))


def _digits(sample: Sample, nrows: int) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """The records (nrows,) of which the number of pieces has a one in each binary digit, the last digit first."""
    often = np.zeros(nrows, dtype=np.int64) if sample.places is None else counted(sample.places, nrows)
    for digit in range(int(often.max(initial=0)).bit_length()):
        yield str(digit), (often >> digit & 1).astype(np.bool_)


def _varies(sample: Sample, name: str) -> bool:
    """Whether some record has pieces in several levels; the pieces of one stand together."""
    codes, places = sample.levels(name).codes, sample.places
    return places is not None and bool(((codes[1:] != codes[:-1]) & (places[1:] == places[:-1])).any())


def _in_file(mask: NDArray[np.bool_], sample: Sample, nrows: int) -> NDArray[np.bool_]:
    """A set of the sample's rows as one of the file's."""
    if sample.places is None and len(mask) == nrows:
        return mask
    found = np.zeros(nrows, dtype=np.bool_)
    if sample.places is None:
        found[: len(mask)] = mask
    else:
        # Several rows can be pieces of one record.
        found[sample.places[mask]] = True
    return found


def _masks(command: Command, sample: Sample) -> Masks:
    """Kind, variables and rows (nobs,) of each set that sums are over, the rows that enter first."""
    yield ROWS, "", np.ones(sample.nobs, dtype=np.bool_)
    for name in sample.factors:
        for mask in _cells([name], sample):
            yield LEVEL, name, mask
    for name, values in sample.numeric.items():
        power = max((term.continuous.count(name) for term in command.terms), default=1)
        for kind, mask in _of_number(values, FEW_VALUES + 2 * max(power - 1, 0)):
            yield kind, Column(continuous=(name,)).label, mask
    for term in command.terms:
        yield from _of_term(term, sample)
    splines = given(command)
    if splines is not None:
        yield from _of_knots(splines, sample)
    if command.site_baseline:
        yield from _of_baseline(command, sample)


def _of_baseline(command: Command, sample: Sample) -> Masks:
    """Who fails beyond each time of a site's own baseline, in each stratum: between two of them hazards are told."""
    rows = follow_up(Specification.of(command), sample)
    for stratum in range(int(rows.stratum.max(initial=-1)) + 1):
        here = rows.fails & (rows.stratum == stratum)
        yield from ((VALUE, command.roles["time"], here & (rows.time > time)) for time in command.baseline_times)


def _of_knots(splines: Splines, sample: Sample) -> Masks:
    """The rows beyond each knot: there a column of splines is another curve."""
    knots = dict.fromkeys(knot for curve in splines.curves for knot in curve.knots)
    for name in filter(None, (splines.time, splines.entry)):
        yield from ((VALUE, name, np.greater(sample.numeric[name], knot)) for knot in knots)


def _of_term(term: Term, sample: Sample) -> Masks:
    """The cells of a term's factors, and where a product of numbers within each is not zero."""
    factors, about = [factor.variable for factor in term.factors], " ".join(term.variables)
    if len(factors) + len(term.continuous) < 2:  # noqa: PLR2004 - a variable alone is there already
        return
    product = Column(continuous=term.continuous)
    values = joined([smallest(part.column(product)) for _, part in sample.blocks()]) if term.continuous else None
    for mask in _cells(factors, sample):
        if len(factors) > 1:
            yield CELL, " ".join(factors), mask
        if values is not None:
            for kind, part in _of_number(np.where(mask, values, values.dtype.type(0))):
                yield kind, about, part


def _cells(factors: list[str], sample: Sample) -> Iterator[NDArray[np.bool_]]:
    """The rows of each combination of levels that occurs, in order; all rows without factors."""
    if not factors:
        yield np.ones(sample.nobs, dtype=np.bool_)
        return
    cells = Coded.joint([Coded.of(name, sample.levels(name)) for name in factors])
    for code in np.flatnonzero(cells.counts()).tolist():
        yield np.equal(cells.codes, code)


def _of_number(values: NDArray[Any], few: int = FEW_VALUES) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """The sets that the moments of a number count, where it has each of a few values; else where it is not zero."""
    distinct = _distinct(values, few)
    if len(distinct) <= few:
        yield from ((VALUE, np.equal(values, value)) for value in distinct[1:])
        return
    nonzero = np.not_equal(values, 0)
    if not nonzero.all():
        yield SUPPORT, nonzero


def _distinct(values: NDArray[Any], few: int) -> NDArray[Any]:
    """The distinct values, sorted; more than `few` of them, but not all, where there are more."""
    found = np.unique(values[:LOOKED_AT])
    for rows in blocks(len(values)):
        if len(found) > few:
            break
        block = values[rows]
        known = np.zeros(len(block), dtype=np.bool_)
        for value in found:
            known |= np.equal(block, value)
        if not known.all():
            found = np.unique(np.concatenate([found, block[~known]]))
    return found
