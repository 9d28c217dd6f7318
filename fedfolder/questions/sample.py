"""The rows that enter a fit, as plain arrays: what every question is computed from.

A sample has no missing value, knows no file and no data frame, and holds only the variables of one command. Printing
one shows no value, so that none gets into a log.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from fedfolder.errors import UnknownNameError, nearest
from fedfolder.likelihood.base import AT_END, SLOPE
from fedfolder.questions.blocks import blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import DTypeLike, NDArray

    from fedfolder.command.terms import Column
    from fedfolder.questions.splines import Splines

Kind = Literal["numeric", "text", "either"]
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, eq=False)
class FactorValues:
    """A categorical variable: the level of each row.

    Parameters
    ----------
    codes : (n,) integers
        The place of each row's level in `levels`, in the smallest type that holds them.
    levels : tuple of str
        The levels, in the order of `fedfolder.command.terms.level_key`: whole numbers without decimals
        (`"2"`), text as it is.
    """

    codes: NDArray[np.signedinteger[Any]] = field(repr=False)
    levels: tuple[str, ...] = field(repr=False)

    def indicator(self, level: str) -> NDArray[np.float64]:
        """1 where a row has this level and 0 elsewhere, shape `(n,)`; zeros for a level that does not occur."""
        if level not in self.levels:
            return np.zeros(self.codes.shape[0])
        found: NDArray[np.bool_] = np.equal(self.codes, self.levels.index(level))
        return found.astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Sample:
    """The complete rows of one node (or of a block of them) for one command.

    Parameters
    ----------
    nobs : int
        The number of rows, n.
    numeric : mapping of str to (n,) numbers
        The outcome, the continuous variables and those named in options. All values are finite, and kept in the
        smallest type that holds them: see `fedfolder.questions.blocks`. To compute, `outcome` and `column` give
        float64; over many rows, a block at a time (`blocks`).
    factors : mapping of str to FactorValues
        The categorical variables. A variable stands in both where a command uses it as `race` and as `i.race`.
    kinds : mapping of str to {"numeric", "text", "either"}
        How each variable of the command is stored, so that nodes which differ can be told so: `"either"` for numbers in
        a file that has no types.
    ids : mapping of str to FactorValues
        Variables whose values only say which rows belong together: sets and clusters.
    persons : FactorValues or None
        Whose the rows are, where the site's policy names the variable that says so; None where each row is a person.
        It stays at the node: nothing is computed from it, but the policy counts by it.
    places : (n,) integers, optional
        Where each row stands in the file, counted from 0; None if every row entered.
    nrows : int, optional
        The rows of the file.
    splines : Splines, optional
        Columns that are functions of a row's time: made when they are asked for.
    site : str
        The node's name in the study; empty where there is one node alone.

    Raises
    ------
    ValueError
        A variable does not have `nobs` values.
    """

    nobs: int
    numeric: Mapping[str, NDArray[Any]] = field(repr=False)
    factors: Mapping[str, FactorValues] = field(repr=False)
    kinds: Mapping[str, Kind]
    ids: Mapping[str, FactorValues] = field(default_factory=dict, repr=False)
    persons: FactorValues | None = field(default=None, repr=False)
    places: NDArray[np.signedinteger[Any]] | None = field(default=None, repr=False)
    nrows: int | None = field(default=None, repr=False)
    splines: Splines | None = field(default=None, repr=False)
    site: str = ""

    def __post_init__(self) -> None:
        """Every variable has one value a row: a shorter one would be broadcast without a word."""
        shapes = {name: values.shape for name, values in self.numeric.items()}
        shapes |= {f"i.{name}": values.codes.shape for name, values in self.factors.items()}
        shapes |= {f"ids {name}": values.codes.shape for name, values in self.ids.items()}
        shapes |= {} if self.persons is None else {"persons": self.persons.codes.shape}
        shapes |= {} if self.places is None else {"places": self.places.shape}
        for name, shape in shapes.items():
            if shape != (self.nobs,):
                message = f"{name} has the shape {shape} in a sample of {self.nobs} rows"
                raise ValueError(message)

    def column(self, column: Column, view: str = AT_END) -> NDArray[np.float64]:
        """One column of the design matrix.

        The product of the 0/1 indicators of its factors' levels and of its continuous variables, in this order, so
        that the same rows give the same bits. An empty product, the constant, is ones. A level that does not occur
        here gives zeros: it may occur at another node.

        Parameters
        ----------
        view : str
            How a likelihood sees it: what is no function of time has a slope of zero.

        Returns
        -------
        (n,) float64
            May be the sample's own array: not to be written to.

        Raises
        ------
        UnknownNameError
            The column has a variable that the sample does not hold in this role.
        """
        if view == SLOPE and not any(self._is_made(name) for name in column.continuous):
            return np.zeros(self.nobs)
        parts = [_find(self.factors, name).indicator(level) for name, level in column.factors]
        parts += [self.outcome(name, view) for name in column.continuous]
        if not parts:
            return np.ones(self.nobs)
        product, *others = parts
        for part in others:
            product = product * part
        return product

    def digest(self) -> str:
        """SHA-256, in hex, of all that is computed from: another one means other rows. It never leaves the node.

        It is that of values in float64 and of codes in int32, whatever type they are kept in.
        """
        seen = hashlib.sha256(f"{self.nobs}".encode())
        for name, values in sorted(self.numeric.items()):
            seen.update(f"\0number {name}\0".encode())
            for part in _as(np.float64, values):
                seen.update(part.data)
        for use, factors in (("levels", self.factors), ("ids", self.ids)):
            for name, factor in sorted(factors.items()):
                seen.update("\0".join(["", f"{use} {name}", *factor.levels, ""]).encode())
                for codes in _as(np.int32, factor.codes):
                    seen.update(codes.data)
        return seen.hexdigest()

    def outcome(self, name: str, view: str = AT_END) -> NDArray[np.float64]:
        """The values of a numeric variable, float64 `(n,)`; `UnknownNameError` when it is not in the sample.

        Parameters
        ----------
        view : str
            How a likelihood sees it, where it is made of a row's time.
        """
        if self.splines is not None and name in self.splines.names:
            return self.splines.values(self, name, view)
        return _find(self.numeric, name).astype(np.float64, copy=False)

    def _is_made(self, name: str) -> bool:
        return self.splines is not None and name in self.splines.names

    def levels(self, name: str) -> FactorValues:
        """The values of a categorical variable; `UnknownNameError` when it is not in the sample."""
        return _find(self.factors, name)

    def together(self, names: Iterable[str]) -> NDArray[np.int64]:
        """The number of each row's combination of these groupings, (n,), from 0 without gaps; zeros without any."""
        number = np.zeros(self.nobs, dtype=np.int64)
        for name in names:
            factor = self.ids[name]
            _, number = np.unique(number * max(len(factor.levels), 1) + factor.codes, return_inverse=True)
        return number

    def where(self, keep: NDArray[np.bool_]) -> Sample:
        """The rows at which `keep` (n,) is True; levels stay those of the whole sample."""
        return self._taken(keep, int(keep.sum()))

    def rows(self, start: int, stop: int) -> Sample:
        """The rows from `start` up to `stop`, counted from 0, as views without a copy.

        The levels stay those of the whole sample, so that codes keep their meaning; some may not occur in the block.
        """
        block = slice(start, stop)
        return self._taken(block, len(range(self.nobs)[block]))

    def blocks(self) -> Iterator[tuple[slice, Sample]]:
        """All rows, some at a time, each block with its place; see `fedfolder.questions.blocks`."""
        for block in blocks(self.nobs):
            yield block, self.rows(block.start, block.stop)

    def _taken(self, rows: slice | NDArray[np.bool_], nobs: int) -> Sample:
        def taken(factor: FactorValues) -> FactorValues:
            return FactorValues(factor.codes[rows], factor.levels)

        return Sample(
            nobs,
            numeric={name: values[rows] for name, values in self.numeric.items()},
            factors={name: taken(factor) for name, factor in self.factors.items()},
            kinds=self.kinds,
            ids={name: taken(factor) for name, factor in self.ids.items()},
            persons=None if self.persons is None else taken(self.persons),
            places=None if self.places is None else self.places[rows],
            nrows=self.nrows,
            splines=self.splines,
            site=self.site,
        )


def _as(kind: DTypeLike, values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The values in another type, a block at a time."""
    for rows in blocks(len(values)):
        yield np.ascontiguousarray(values[rows], dtype=kind)


def _find(variables: Mapping[str, Found], name: str) -> Found:
    """The variable of this name."""
    if name not in variables:
        what = f"the sample does not hold the variable {name} in this role"
        raise UnknownNameError(what, where=name, do=nearest(name, variables))
    return variables[name]
