"""What one reading of the data says to the ledger: digests of the columns, and the sets of rows that sums are over."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.command.terms import Column
from fedfolder.custody.cells import Coded
from fedfolder.custody.groupings import digits, groupings
from fedfolder.custody.parts import few_rows
from fedfolder.custody.row_sets import CELL, EVENTS, GROUPS, LEVEL, PIECES, ROWS, SUPPORT, VALUE, Part, RowSet
from fedfolder.questions.blocks import blocks, code_type, counted, joined, numbered, smallest
from fedfolder.questions.event_groups import EventGroups
from fedfolder.questions.records import Records
from fedfolder.questions.specification import Specification
from fedfolder.questions.splines import given
from fedfolder.questions.strata import follow_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from fedfolder.command import Command, Term
    from fedfolder.questions.expressions import TextValues
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.splines import Splines

LOOKED_AT = 1000
"""Rows by which it is seen that a number takes many values."""
FEW_VALUES = 3
"""Values of a number up to which its sum and its sum of squares say how many rows have each; a power adds two."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is remembered of a sample, and of the columns that it came from.

    Parameters
    ----------
    command : str
        The command that it was made for.
    names : tuple of str
        Its variables in the file.
    nrows : int
        Rows of the file.
    columns : mapping of str to str
        A keyed digest of each column over all rows of the file.
    parts : tuple of Part
        The sets of rows that sums are over, the rows that enter first.
    sets : mapping of str to RowSet
        Their contents, by digest.
    persons : (nrows,) integers, optional
        The number of the person that each row is about.
    found : tuple of Part
        The sets that only what was published has led to: the rows beyond knots that the command does not give.
    """

    command: str
    names: tuple[str, ...]
    nrows: int
    columns: Mapping[str, str] = field(repr=False)
    parts: tuple[Part, ...] = field(repr=False)
    sets: Mapping[str, RowSet] = field(repr=False)
    persons: NDArray[np.signedinteger[Any]] | None = field(default=None, repr=False)
    found: tuple[Part, ...] = field(default=(), repr=False)


def seen(
    columns: Mapping[str, NDArray[Any] | TextValues],
    command: Command,
    sample: Sample,
    *,
    key: bytes,
    person: str | None = None,
    records: Records | None = None,
) -> Seen:
    """What the ledger remembers of a sample.

    Parameters
    ----------
    columns : mapping of str to array or text variable
        Each column that was read for the command, every row, after names and codes became the study's.
    sample : Sample
        With the places of its rows in the file.
    key : bytes
        What digests are keyed with.
    person : str, optional
        The column that says which rows are one person.
    records : Records, optional
        What the statements of the command have made of the columns; made anew without.
    """
    nrows = _rows_of(sample, columns)
    records = Records.after(command.derivations, columns, nrows) if records is None else records
    person = person or _named(command, columns)
    found: dict[str, RowSet] = {}
    parts: dict[Part, None] = {}
    for kind, about, mask in _masks_in_file(records, command, sample, nrows):
        rows = RowSet.of(mask, key)
        found[rows.digest] = rows
        parts[Part(kind, about, rows.digest)] = None
    return Seen(
        command=str(command),
        names=command.sources,
        nrows=nrows,
        columns={name: _digest(column, key) for name, column in columns.items()},
        parts=tuple(parts),
        sets=found,
        persons=None if person is None else _persons(columns[person]),
    )


def with_knots(before: Seen, splines: Splines, sample: Sample, *, key: bytes) -> Seen:
    """The same with the rows beyond each knot of splines that were found."""
    found = [(k, a, RowSet.of(_in_file(mask, sample, before.nrows), key)) for k, a, mask in _of_knots(splines, sample)]
    sets = {rows.digest: rows for _, _, rows in found}
    parts = dict.fromkeys(Part(kind, about, rows.digest) for kind, about, rows in found)
    return dataclasses.replace(before, found=tuple(parts), sets={**before.sets, **sets})


def _named(command: Command, columns: Mapping[str, NDArray[Any] | TextValues]) -> str | None:
    """The variable of the file that the command names the persons by."""
    name = command.roles.get("id")
    return name if name in columns else None


def _masks_in_file(
    records: Records, command: Command, sample: Sample, nrows: int
) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Kind, variables and rows (nrows,) of each set that sums are over, one at a time.

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


def _digits(sample: Sample, nrows: int) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """The records (nrows,) of which the number of pieces has a one in each binary digit, the last digit first."""
    often = np.zeros(nrows, dtype=np.int64) if sample.places is None else counted(sample.places, nrows)
    for digit in range(int(often.max(initial=0)).bit_length()):
        yield str(digit), (often >> digit & 1).astype(np.bool_)


def _varies(sample: Sample, name: str) -> bool:
    """Whether some record has pieces in several levels; the pieces of one stand together."""
    codes, places = sample.levels(name).codes, sample.places
    return places is not None and bool(((codes[1:] != codes[:-1]) & (places[1:] == places[:-1])).any())


def _rows_of(sample: Sample, columns: Mapping[str, NDArray[Any] | TextValues]) -> int:
    if sample.nrows is not None:
        return sample.nrows
    return max((_length(column) for column in columns.values()), default=sample.nobs)


def _length(column: NDArray[Any] | TextValues) -> int:
    return len(column) if isinstance(column, np.ndarray) else len(column.codes)


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


# -- columns -----------------------------------------------------------------------------------------------------------


def _digest(column: NDArray[Any] | TextValues, key: bytes) -> str:
    """A keyed digest of all rows of a column; the many ways to write a missing value, and zero, are one."""
    made = hashlib.blake2b(key=key, digest_size=32)
    if isinstance(column, np.ndarray):
        made.update(b"numbers\0")
        for rows in blocks(len(column)):
            values = np.asarray(column[rows], dtype="<f8") + 0.0  # -0.0 becomes 0.0
            values[np.isnan(values)] = np.nan
            made.update(values.data)
    else:
        made.update(b"texts\0")
        for level in column.levels:
            text = level.encode()
            made.update(b"%d:" % len(text) + text)
        for rows in blocks(len(column.codes)):
            made.update(np.ascontiguousarray(column.codes[rows], dtype="<i4").data)
    return made.hexdigest()


def _persons(column: NDArray[Any] | TextValues) -> NDArray[np.signedinteger[Any]]:
    """The number of each row's person; a row of which it is not known is a person of its own."""
    values = column if isinstance(column, np.ndarray) else column.codes
    missing = np.isnan(values) if isinstance(column, np.ndarray) else np.less(values, 0)
    codes = numbered(values)[1]
    numbers = codes.astype(code_type(2 * len(codes)))
    numbers[missing] = int(codes.max(initial=0)) + 1 + np.arange(int(missing.sum()))
    return numbers


# -- sets of rows ------------------------------------------------------------------------------------------------------


def _masks(command: Command, sample: Sample) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
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


def _of_baseline(command: Command, sample: Sample) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Who fails beyond each time of a site's own baseline, in each stratum: between two of them hazards are told."""
    rows = follow_up(Specification.of(command), sample)
    for stratum in range(int(rows.stratum.max(initial=-1)) + 1):
        here = rows.fails & (rows.stratum == stratum)
        yield from ((VALUE, command.roles["time"], here & (rows.time > time)) for time in command.baseline_times)


def _of_knots(splines: Splines, sample: Sample) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """The rows beyond each knot that the command gives: there a column of splines is another curve."""
    knots = dict.fromkeys(knot for curve in splines.curves for knot in curve.knots)
    for name in filter(None, (splines.time, splines.entry)):
        yield from ((VALUE, name, np.greater(sample.numeric[name], knot)) for knot in knots)


def _of_term(term: Term, sample: Sample) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
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
