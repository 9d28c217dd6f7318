"""Columns of factors as codes: a number a row instead of a column a level.

Freed of each other, the columns of a design are dense, those of factors too. But z_j is a combination of what it was
freed of, and a row has one level of a factor. So sums are taken over Y, which has the indicators of levels as they are
and all other columns as Z has them, and are carried to Z = Y T':

    Z b = Y T'b,        s_z = T s_y,        H_z = T H_y T'

Sums over indicators are sums by code. What is carried can cancel: that is how columns lose digits which are nearly
linear combinations of others, and why they were freed of each other. A factor's indicators are nearly one where most
rows have one level, so Y leaves out the most frequent level, whichever the command leaves out. And this is done only
where no row of T, its terms taken without their signs, is longer than `LONGEST`. It is done where it saves work, too;
both are decisions of the design alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from fedfolder.command.terms import Column
from fedfolder.likelihood.base import AT_END

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from fedfolder.questions.columns import Columns
    from fedfolder.questions.design import Design
    from fedfolder.questions.sample import Sample

    Array = NDArray[np.float64]
    Codes = NDArray[np.intp]

LONGEST = 64.0
"""In units of a column's root mean square: sums lose no more than 6 bits, and their products twice that."""
SUM_BY_CODE = 40.0
"""What a sum by code costs: so many cells of a Hessian made of dense columns."""


@dataclass(frozen=True, slots=True)
class Group:
    """The columns that are indicators of levels of the same factors: at most one of them is 1 in a row.

    Parameters
    ----------
    factors : tuple of str
        More than one for interactions.
    columns : tuple of Column
    places : (L,) intp
        Where the columns stand among the terms.
    absent : int
        The number of the column, from 1, that Y leaves out; in its place stands the indicator of rows in which no
        column is 1. 0 where these are left out themselves.
    """

    factors: tuple[str, ...]
    columns: tuple[Column, ...]
    places: Codes
    absent: int

    def codes(self, sample: Sample) -> Codes:
        """The number of each row's indicator, from 1; 0 where it is left out."""
        codes, width = np.zeros(sample.nobs, dtype=np.intp), 1
        levels: list[tuple[str, ...]] = []
        for name in self.factors:
            held = sample.levels(name)
            codes += held.codes.astype(np.intp) * width
            width *= len(held.levels)
            levels.append(held.levels)
        table = np.full(max(width, 1), self.absent, dtype=np.intp)
        for number, column in enumerate(self.columns, start=1):
            place, size = 0, 1
            for (_, level), known in zip(column.factors, levels, strict=True):
                place = place + known.index(level) * size if level in known and place >= 0 else -1
                size *= len(known)
            if place >= 0:
                table[place] = 0 if number == self.absent else number
        return table[codes]


class Coded:
    """Y of some rows: dense columns (n, d), and a code a row for each group of indicators."""

    def __init__(self, basis: CodedBasis, z: Array, codes: list[Codes]) -> None:
        self._basis, self._z, self._codes = basis, z, codes

    @property
    def nbytes(self) -> int:
        """Of dense columns and codes."""
        return self._z.nbytes + sum(codes.nbytes for codes in self._codes)

    def predictor(self, g: Array) -> Array:
        """Y g."""
        eta = self._z @ g[self._basis.dense]
        for group, codes in zip(self._basis.groups, self._codes, strict=True):
            eta += np.concatenate([[0.0], g[group.places]])[codes]
        return eta

    def sums(self, r: Array) -> Array:
        """Y' r."""
        found = np.empty(self._basis.width)
        found[self._basis.dense] = self._z.T @ r
        for group, codes in zip(self._basis.groups, self._codes, strict=True):
            found[group.places] = _by_code(codes, r, len(group.places))
        return found

    def products(self, h: Array, room: Array) -> Array:
        """Y' diag(h) Y."""
        basis, found = self._basis, np.zeros((self._basis.width, self._basis.width))
        scaled = np.multiply(self._z.T, h, out=room[: len(basis.dense)])
        found[np.ix_(basis.dense, basis.dense)] = scaled @ self._z
        for a, (group, codes) in enumerate(zip(basis.groups, self._codes, strict=True)):
            found[group.places, group.places] = _by_code(codes, h, len(group.places))
            for place, column in zip(basis.dense, scaled, strict=True):
                found[group.places, place] = found[place, group.places] = _by_code(codes, column, len(group.places))
            for other, others in zip(basis.groups[:a], self._codes, strict=False):
                cross = _crossed(codes, others, h, (len(group.places), len(other.places)))
                found[np.ix_(group.places, other.places)] = cross
                found[np.ix_(other.places, group.places)] = cross.T
        return found

    def crossed(self, h: Array, other: Self) -> Array:  # noqa: ARG002 - there is nothing to cross
        """Codes are seen in one view alone, and crossed with no other."""
        raise TypeError("codes of factors are seen in one view alone")


def _by_code(codes: Codes, values: Array, levels: int) -> Array:
    """The sum of `values` of each code from 1."""
    found: Any = np.bincount(codes, weights=values, minlength=levels + 1)
    return np.asarray(found[1:])


def _crossed(codes: Codes, others: Codes, values: Array, levels: tuple[int, int]) -> Array:
    """The sum of `values` of each pair of codes from 1, (L, M)."""
    height, width = levels[0] + 1, levels[1] + 1
    joint = codes * width
    joint += others
    found: Any = np.bincount(joint, weights=values, minlength=height * width)
    return np.asarray(found.reshape(height, width)[1:, 1:])


class CodedBasis:
    """Y for a design: `groups` of indicators, and the places of its `dense` columns; `carry` is T (p, p)."""

    carries = True

    def __init__(self, design: Design, groups: tuple[Group, ...], dense: Codes, carry: Array) -> None:
        self.groups, self.dense, self.width = groups, dense, len(design.terms)
        self.key: Hashable = (CodedBasis, design)
        self._design, self._carry = design, carry

    def columns(self, sample: Sample, view: str = AT_END) -> Columns:
        """Y of a few rows; derivatives by time are no levels."""
        if view != AT_END:
            raise ValueError(view)
        z = self._design.block(sample, tuple(self.dense.tolist()))
        return Coded(self, z, [group.codes(sample) for group in self.groups])

    def inward(self, beta: Array) -> Array:
        """T' b."""
        return self._carry.T @ beta

    def outward(self, sums: Array) -> Array:
        """T s, for s (p,) or (p, m)."""
        return self._carry @ sums


def coded_basis(design: Design) -> CodedBasis | None:
    """Factors as codes, where that saves work and digits are kept."""
    groups = _groups(design)
    coded = [int(place) for group in groups for place in group.places]
    dense = np.array([j for j in range(len(design.terms)) if j not in set(coded)], dtype=np.intp)
    saved = len(design.terms) ** 2 - len(dense) ** 2
    sums_by_code = len(groups) * (len(groups) + 1) / 2 + len(groups) * len(dense)
    shifted = any(design.centres) or any(row[0] for row in design.mixing)
    if not groups or saved <= SUM_BY_CODE * sums_by_code or (shifted and not design.constant):
        return None
    carry = _carry(design, groups)
    if _longest(design, groups, dense, carry) > LONGEST:
        return None
    return CodedBasis(design, groups, dense, carry)


def _groups(design: Design) -> tuple[Group, ...]:
    """The columns that are indicators, by their factors; one alone is no cheaper than a dense column."""
    found: dict[tuple[str, ...], list[tuple[int, Column]]] = {}
    for place, label in enumerate(design.columns):
        column = Column.parse(label)
        if not column.continuous:
            found.setdefault(tuple(name for name, _ in column.factors), []).append((place, column))
    return tuple(
        Group(
            factors, tuple(column for _, column in some), np.array([place for place, _ in some]), _absent(design, some)
        )
        for factors, some in found.items()
        if len(some) > 1
    )


def _absent(design: Design, some: list[tuple[int, Column]]) -> int:
    """The number of the most frequent column, from 1; 0 where no column is as frequent as none of them.

    The centre of an indicator is its share of the rows, as far as centres go; without a constant there is none.
    """
    shares = [design.centres[place] for place, _ in some]
    shares.insert(0, 1.0 - sum(shares))
    return int(np.argmax(shares)) if design.constant else 0


def _carry(design: Design, groups: tuple[Group, ...]) -> Array:
    """T (p, p).

    u_k is s_k (x_k - c_k) for an indicator x_k, which is y_k, or 1 less all y of its group where Y leaves it out; for
    another column it is z_k / m_k + a_k0 + sum a_kl u_l.
    """
    p = len(design.terms)
    carry, u = np.eye(p), np.zeros((p, p))
    for group in groups:
        for number, k in enumerate(group.places, start=1):
            u[k, -1] -= design.scales[k] * design.centres[k]
            if number == group.absent:
                u[k, -1] = design.scales[k] * (1.0 - design.centres[k])
                u[k, group.places] = -design.scales[k]
            else:
                u[k, k] += design.scales[k]
    coded = {int(place) for group in groups for place in group.places}
    for j, (row, factor) in enumerate(zip(design.mixing, design.rescaling, strict=True)):
        lost = np.zeros(p)
        lost[-1] += row[0]
        for k, a in enumerate(row[1:]):
            lost += a * u[k]
        if j in coded:
            carry[j] = factor * (u[j] - lost)
        else:
            u[j] = lost
            u[j, j] += 1.0 / factor
    return carry


def _longest(design: Design, groups: tuple[Group, ...], dense: Codes, carry: Array) -> float:
    """The greatest length of an indicator's row of T; of the columns of a group only one counts in a row of data."""
    rows = np.abs(carry[np.concatenate([group.places for group in groups])])
    lengths = rows[:, dense].sum(axis=1)
    for group in groups:
        squares = np.array([design.centres[k] ** 2 + 4.0 / design.scales[k] ** 2 for k in group.places])
        if group.absent:
            squares[group.absent - 1] = 1.0 - sum(design.centres[k] for k in group.places)
        lengths = lengths + np.sqrt(np.square(rows[:, group.places]) @ np.maximum(squares, 0.0))
    return float(lengths.max())
