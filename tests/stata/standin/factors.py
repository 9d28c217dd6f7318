"""Factor variables over the data in memory: our reading of [U] 11.4.3, [P] fvexpand and [P] _rmcoll."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.values import is_missing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tests.stata.standin.data import DataSet

_FACTOR = re.compile(
    r"(?:(?P<op>i|ibn|ib\d+|ib\((?:first|last|freq|#\d+)\)|c?o?|i?\d+[bo]?|\d+bn)\.)?(?P<name>\w+)\Z",
)
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Factor:
    """A piece of a term as it is typed: a factor with its base, one level of a factor, or a continuous variable."""

    name: str
    operator: str

    @property
    def continuous(self) -> bool:
        """Whether it is a number and no factor."""
        return self.operator in {"", "c", "o", "co"}

    @property
    def level(self) -> int | None:
        """The one level that it names: `2.race`, `1b.race`, `3o.race`."""
        match = re.fullmatch(r"i?(\d+)[bon]*", self.operator)
        return int(match[1]) if match else None

    @property
    def omitted(self) -> bool:
        """Whether its name says that it is omitted: `3o.race`, `o.x`, `co.x`."""
        return self.operator.endswith("o")


@dataclass(frozen=True)
class Made:
    """A column: its name, whether its coefficient is 0 by construction, and its values (n,)."""

    name: str
    zero: bool
    values: NDArray[np.float64]


def terms_of(text: str) -> list[tuple[Factor, ...]]:
    """The terms of a list: `a##b` is a, b and a#b; a variable alone is continuous, in an interaction a factor."""
    found: list[tuple[Factor, ...]] = []
    for word in re.sub(r"\s*(##?)\s*", r"\1", text).split():
        crossed = [[_factor(piece, inside="#" in word) for piece in part.split("#")] for part in word.split("##")]
        if "##" in word:
            sizes = range(1, len(crossed) + 1)
            groups = [group for size in sizes for group in itertools.combinations(crossed, size)]
        else:
            groups = [tuple(crossed)]
        for group in groups:
            term = tuple(factor for part in group for factor in part)
            if len(term) == 1 and term[0].operator == "" and "#" in word:
                term = (Factor(term[0].name, "i"),)
            if term not in found:
                found.append(term)
    return found


def _factor(piece: str, *, inside: bool) -> Factor:
    match = _FACTOR.match(piece)
    if match is None:
        raise OutsideSubset(f"factor-variable operator in {piece}")
    return Factor(match["name"], match["op"] or ("i" if inside else ""))


def variables_of(text: str) -> list[str]:
    """The variables of a list."""
    return list(dict.fromkeys(factor.name for term in terms_of(text) for factor in term))


class Expander:
    """Makes the columns of terms from the observations of a sample."""

    def __init__(self, data: DataSet, rows: Sequence[int], terms: list[tuple[Factor, ...]]) -> None:
        self._data, self._rows, self._terms = data, list(rows), terms
        self._shapes = {tuple(sorted(factor.name for factor in term)) for term in terms}

    def columns(self) -> list[Made]:
        """All columns, in Stata's order: term by term, the last factor's levels fastest."""
        return [made for term in self._terms for made in self._of(term)]

    def _of(self, term: tuple[Factor, ...]) -> list[Made]:
        factors = [factor for factor in term if not factor.continuous]
        continuous = [factor for factor in term if factor.continuous]
        cells = itertools.product(*(self._levels(factor) for factor in factors))
        return [self._cell(term, dict(zip(factors, levels, strict=True)), continuous) for levels in cells]

    def _cell(self, term: tuple[Factor, ...], levels: dict[Factor, int], continuous: list[Factor]) -> Made:
        values = np.ones(len(self._rows))
        for factor in continuous:
            values = values * self._values(factor.name)
        for factor, level in levels.items():
            values = values * (self._values(factor.name) == level)
        at_base = {factor for factor, level in levels.items() if self._base(factor) == level}
        zero = self._zero(term, levels, at_base)
        named = any(factor.omitted for factor in term)
        pieces = [
            self._level(factor, levels[factor], omitted=factor.omitted if named else zero, base=factor in at_base)
            if factor in levels
            else _number(factor, crossed=len(term) > 1, omitted=factor.omitted if named else zero)
            for factor in term
        ]
        return Made("#".join(pieces), zero, values)

    def _zero(self, term: tuple[Factor, ...], levels: dict[Factor, int], at_base: set[Factor]) -> bool:
        """Whether a cell has no coefficient: its name says so, it is the base, a lower term has it, it is empty."""
        if any(factor.omitted for factor in term) or (at_base and len(at_base) == len(term)):
            return True
        if all(factor.level is not None for factor in levels):
            return False
        if any(self._in_model(term, factor) for factor in at_base):
            return True
        inside = [self._values(factor.name) == level for factor, level in levels.items()]
        return len(levels) > 1 and not np.any(np.all(inside, axis=0))

    def _in_model(self, term: tuple[Factor, ...], factor: Factor) -> bool:
        rest = tuple(sorted(other.name for other in term if other != factor))
        return not rest or rest in self._shapes

    def _level(self, factor: Factor, level: int, *, omitted: bool, base: bool) -> str:
        if base:
            return f"{level}b.{factor.name}"
        if factor.operator.endswith("bn") and level == self._levels(factor)[0]:
            return f"{level}bn.{factor.name}"
        return f"{level}{'o' if omitted else ''}.{factor.name}"

    def _values(self, name: str) -> NDArray[np.float64]:
        column = self._data.column(name)
        if column.is_string:
            raise StataError(109, "string variables may not be used as factor variables")
        return np.array([float(column.values[i]) for i in self._rows])

    def _levels(self, factor: Factor) -> list[int]:
        if factor.level is not None:
            return [factor.level]
        values = self._values(factor.name)
        if any(value < 0 or value != int(value) for value in values if not is_missing(value)):
            raise StataError(452, f"{factor.name}: factor variables may not contain noninteger or negative values")
        return sorted({int(value) for value in values if not is_missing(value)})

    def _base(self, factor: Factor) -> int | None:
        operator, levels = factor.operator, self._levels(factor)
        if factor.level is not None or operator == "ibn" or not levels:
            return factor.level if operator.endswith("b") else None
        if match := re.fullmatch(r"ib(\d+)", operator):
            if int(match[1]) not in levels:
                raise OutsideSubset(f"a base level that is not in the data: {match[0]}.{factor.name}")
            return int(match[1])
        if match := re.fullmatch(r"ib\(#(\d+)\)", operator):
            return levels[int(match[1]) - 1]
        if operator == "ib(freq)":
            values = self._values(factor.name)
            return max(levels, key=lambda level: (np.sum(values == level), -level))
        return levels[-1] if operator == "ib(last)" else levels[0]


def _number(factor: Factor, *, crossed: bool, omitted: bool) -> str:
    operator = f"{'c' if crossed else ''}{'o' if omitted else ''}"
    return f"{operator}.{factor.name}" if operator else factor.name


def without_collinear(columns: list[Made], *, constant: bool) -> tuple[list[Made], list[str]]:
    """The later column of a dependent set is omitted: `o.x`, `3o.race`; also which were ([P] _rmcoll)."""
    if not columns:
        return [], []
    basis = [np.ones(len(columns[0].values)) / np.sqrt(len(columns[0].values))] if constant else []
    found, omitted = [], []
    for column in columns:
        left = column.values.astype(float)
        size = float(np.linalg.norm(left))
        for _ in range(2):
            for one in basis:
                left = left - one * (one @ left)
        if column.zero:
            found.append(column)
        elif size == 0 or np.linalg.norm(left) <= _TOLERANCE * size:
            omitted.append(column.name)
            found.append(Made(omitted_name(column.name), zero=True, values=column.values))
        else:
            basis.append(left / np.linalg.norm(left))
            found.append(column)
    return found, omitted


def omitted_name(name: str) -> str:
    """The name that an omitted column has: `o.age`, `3o.race`, `2o.race#co.age`."""
    return "#".join(_omitted(piece, crossed="#" in name) for piece in name.split("#"))


def _omitted(piece: str, *, crossed: bool) -> str:
    operator, dot, name = piece.rpartition(".")
    if not dot:
        return f"{'c' if crossed else ''}o.{name}"
    return piece if operator.endswith(("b", "o")) else f"{operator.removesuffix('bn')}o.{name}"
