"""The rows that enter a fit, as plain arrays: what every question is computed from.

A sample has no missing value, knows no file and no data frame, and holds only the variables of one command. Printing
one shows no value, so that none gets into a log.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from fedfolder.errors import UnknownNameError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedfolder.command.terms import Column

Kind = Literal["numeric", "text", "either"]
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, eq=False)
class FactorValues:
    """A categorical variable: the level of each row.

    Parameters
    ----------
    codes : (n,) int32
        The place of each row's level in `levels`.
    levels : tuple of str
        The levels, in the order of `fedfolder.command.terms.level_key`: whole numbers without decimals
        (`"2"`), text as it is.
    """

    codes: NDArray[np.int32] = field(repr=False)
    levels: tuple[str, ...] = field(repr=False)

    def indicator(self, level: str) -> NDArray[np.float64]:
        """1 where a row has this level and 0 elsewhere, shape `(n,)`; zeros for a level that does not occur."""
        if level not in self.levels:
            return np.zeros(self.codes.shape[0])
        return np.equal(self.codes, self.levels.index(level)).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The complete rows of one node (or of a block of them) for one command.

    Parameters
    ----------
    nobs : int
        The number of rows, n.
    numeric : mapping of str to (n,) float64
        The outcome, the continuous variables and those named in options. All values are finite.
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
    places : (n,) int64, optional
        Where each row stands in the file, counted from 0.
    nrows : int, optional
        The rows of the file.

    Raises
    ------
    ValueError
        A variable does not have `nobs` values.
    """

    nobs: int
    numeric: Mapping[str, NDArray[np.float64]] = field(repr=False)
    factors: Mapping[str, FactorValues] = field(repr=False)
    kinds: Mapping[str, Kind]
    ids: Mapping[str, FactorValues] = field(default_factory=dict, repr=False)
    persons: FactorValues | None = field(default=None, repr=False)
    places: NDArray[np.int64] | None = field(default=None, repr=False)
    nrows: int | None = field(default=None, repr=False)

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

    def column(self, column: Column) -> NDArray[np.float64]:
        """One column of the design matrix.

        The product of the 0/1 indicators of its factors' levels and of its continuous variables, in this order, so
        that the same rows give the same bits. An empty product, the constant, is ones. A level that does not occur
        here gives zeros: it may occur at another node.

        Returns
        -------
        (n,) float64
            May be the sample's own array: not to be written to.

        Raises
        ------
        UnknownNameError
            The column has a variable that the sample does not hold in this role.
        """
        parts = [_find(self.factors, name).indicator(level) for name, level in column.factors]
        parts += [_find(self.numeric, name) for name in column.continuous]
        if not parts:
            return np.ones(self.nobs)
        product, *others = parts
        for part in others:
            product = product * part
        return product

    def digest(self) -> str:
        """SHA-256, in hex, of all that is computed from: another one means other rows. It never leaves the node."""
        seen = hashlib.sha256(f"{self.nobs}".encode())
        for name, values in sorted(self.numeric.items()):
            seen.update(f"\0number {name}\0".encode())
            seen.update(np.ascontiguousarray(values).data)
        for use, factors in (("levels", self.factors), ("ids", self.ids)):
            for name, factor in sorted(factors.items()):
                seen.update("\0".join(["", f"{use} {name}", *factor.levels, ""]).encode())
                seen.update(np.ascontiguousarray(factor.codes).data)
        return seen.hexdigest()

    def outcome(self, name: str) -> NDArray[np.float64]:
        """The values of a numeric variable, shape `(n,)`; `UnknownNameError` when it is not in the sample."""
        return _find(self.numeric, name)

    def levels(self, name: str) -> FactorValues:
        """The values of a categorical variable; `UnknownNameError` when it is not in the sample."""
        return _find(self.factors, name)

    def where(self, keep: NDArray[np.bool_]) -> Sample:
        """The rows at which `keep` (n,) is True; levels stay those of the whole sample."""
        return self._taken(keep, int(keep.sum()))

    def rows(self, start: int, stop: int) -> Sample:
        """The rows from `start` up to `stop`, counted from 0, as views without a copy.

        The levels stay those of the whole sample, so that codes keep their meaning; some may not occur in the block.
        """
        block = slice(start, stop)
        return self._taken(block, len(range(self.nobs)[block]))

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
        )


def _find(variables: Mapping[str, Found], name: str) -> Found:
    """The variable of this name."""
    if name not in variables:
        what = f"the sample does not hold the variable {name} in this role"
        raise UnknownNameError(what, where=name, do=nearest(name, variables))
    return variables[name]
