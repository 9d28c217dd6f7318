"""What one reading of the data says to the ledger: digests of the columns, and the sets of rows that sums are over."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.custody import masks
from fedfolder.custody.row_sets import Part, RowSet
from fedfolder.questions.blocks import blocks, code_type, numbered
from fedfolder.questions.records import Records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedfolder.command import Command
    from fedfolder.questions.expressions import TextValues
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.splines import Splines


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
    parts, sets = _kept(masks.in_file(records, command, sample, nrows), key)
    return Seen(
        command=str(command),
        names=command.sources,
        nrows=nrows,
        columns={name: _digest(column, key) for name, column in columns.items()},
        parts=parts,
        sets=sets,
        persons=None if person is None else _persons(columns[person]),
    )


def with_knots(before: Seen, splines: Splines, sample: Sample, *, key: bytes) -> Seen:
    """The same with the rows beyond each knot of splines that were found."""
    parts, sets = _kept(masks.beyond_knots(splines, sample, before.nrows), key)
    return dataclasses.replace(before, found=parts, sets={**before.sets, **sets})


def _kept(found: masks.Masks, key: bytes) -> tuple[tuple[Part, ...], dict[str, RowSet]]:
    """Sets of rows, packed one at a time: which they are, each once, and their contents by digest."""
    parts: dict[Part, None] = {}
    sets: dict[str, RowSet] = {}
    for kind, about, mask in found:
        rows = RowSet.of(mask, key)
        sets[rows.digest] = rows
        parts[Part(kind, about, rows.digest)] = None
    return tuple(parts), sets


def _named(command: Command, columns: Mapping[str, NDArray[Any] | TextValues]) -> str | None:
    """The variable of the file that the command names the persons by."""
    name = command.roles.get("id")
    return name if name in columns else None


def _rows_of(sample: Sample, columns: Mapping[str, NDArray[Any] | TextValues]) -> int:
    if sample.nrows is not None:
        return sample.nrows
    return max((_length(column) for column in columns.values()), default=sample.nobs)


def _length(column: NDArray[Any] | TextValues) -> int:
    return len(column) if isinstance(column, np.ndarray) else len(column.codes)


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
