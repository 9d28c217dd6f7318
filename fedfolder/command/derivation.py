"""Derived variables as declarations, in Stata's own syntax: nobody mails a do-file.

generate lnlwt = ln(lwt)
egen agegrp = cut(age), at(0 20 30 60)
recode race (1 2 = 0) (3 = 1) (else = .), generate(r2)
mkspline rc = age, cubic knots(20 30 40)
mkspline a1 20 a2 30 a3 = age
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from fedfolder.command.expression import number_text
from fedfolder.command.lexis import Merge, Split, Stset

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fedfolder.command.expression import Expression


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(map(number_text, values))


@dataclass(frozen=True, slots=True)
class Generate:
    """`generate name = expression`: a number for each row.

    A comparison gives 0 or 1, also where a value is missing: missing is larger than any number, as in Stata.
    """

    name: str
    expression: Expression

    @property
    def names(self) -> tuple[str, ...]:
        """The variable it defines."""
        return (self.name,)

    @property
    def sources(self) -> tuple[str, ...]:
        """The variables it is made of."""
        return self.expression.names

    def __str__(self) -> str:
        """The canonical statement."""
        return f"generate {self.name} = {self.expression}"


@dataclass(frozen=True, slots=True)
class Cut:
    """`egen name = cut(source), at(…)`: intervals [a, b) by their left ends, or by 0, 1, 2… with `icodes`.

    What is below the first number, or not below the last, is missing.
    """

    name: str
    source: str
    at: tuple[float, ...]
    icodes: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The variable it defines."""
        return (self.name,)

    @property
    def sources(self) -> tuple[str, ...]:
        """The variable it cuts."""
        return (self.source,)

    def __str__(self) -> str:
        """The canonical statement."""
        return f"egen {self.name} = cut({self.source}), at({_numbers(self.at)}){' icodes' if self.icodes else ''}"


@dataclass(frozen=True, slots=True)
class Range:
    """`low/high`, both ends within; None is `min` and `max`, so that missing values are never in a range."""

    low: float | None
    high: float | None

    def __str__(self) -> str:
        """`20/30`, `min/20`; a number alone for a range of one."""
        low = "min" if self.low is None else number_text(self.low)
        high = "max" if self.high is None else number_text(self.high)
        return low if self.low is not None and low == high else f"{low}/{high}"


@dataclass(frozen=True, slots=True)
class Rule:
    """What becomes of some values.

    Parameters
    ----------
    ranges : tuple of Range
        The numbers it is for.
    target : float or None
        What they become; None is missing.
    missing, nonmissing : bool
        Whether it is for missing values, and for all numbers. Both together are `else`.
    """

    ranges: tuple[Range, ...]
    target: float | None
    missing: bool = False
    nonmissing: bool = False

    def __str__(self) -> str:
        """`(1 2 = 0)`, `(else = .)`."""
        if self.missing and self.nonmissing:
            what = "else"
        elif self.nonmissing:
            what = "nonmissing"
        else:
            what = " ".join(
                [*map(str, self.ranges), *([] if not self.missing else ["."] if self.ranges else ["missing"])]
            )
        return f"({what} = {'.' if self.target is None else number_text(self.target)})"


@dataclass(frozen=True, slots=True)
class Recode:
    """`recode source (rule)…, generate(name)`: the first rule that fits, and the value itself where none does."""

    name: str
    source: str
    rules: tuple[Rule, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The variable it defines."""
        return (self.name,)

    @property
    def sources(self) -> tuple[str, ...]:
        """The variable it recodes."""
        return (self.source,)

    def __str__(self) -> str:
        """The canonical statement."""
        return f"recode {self.source} {' '.join(map(str, self.rules))}, generate({self.name})"


@dataclass(frozen=True, slots=True)
class CubicSpline:
    """`mkspline stub = source, cubic knots(…)`: the source itself, and its restricted cubic splines."""

    stub: str
    source: str
    knots: tuple[float, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """`stub1` (the source) to `stub` with the number of knots less one."""
        return tuple(f"{self.stub}{number}" for number in range(1, len(self.knots)))

    @property
    def sources(self) -> tuple[str, ...]:
        """The variable it is made of."""
        return (self.source,)

    def __str__(self) -> str:
        """The canonical statement."""
        return f"mkspline {self.stub} = {self.source}, cubic knots({_numbers(self.knots)})"


@dataclass(frozen=True, slots=True)
class LinearSpline:
    """`mkspline a1 20 a2 30 a3 = source`: pieces whose coefficients are slopes, or with `marginal` changes of slope."""

    names: tuple[str, ...]
    source: str
    knots: tuple[float, ...]
    marginal: bool = False

    @property
    def sources(self) -> tuple[str, ...]:
        """The variable it is made of."""
        return (self.source,)

    def __str__(self) -> str:
        """The canonical statement."""
        pieces = [f"{name} {number_text(knot)}" for name, knot in zip(self.names, self.knots, strict=False)]
        left = " ".join([*pieces, self.names[-1]])
        return f"mkspline {left} = {self.source}{', marginal' if self.marginal else ''}"


ByRow: TypeAlias = Generate | Cut | Recode | CubicSpline | LinearSpline
"""The statements of which each row's values depend on that row alone."""

Derivation: TypeAlias = ByRow | Stset | Split | Merge
"""The statements before a model."""


def sources_of(derivations: Iterable[Derivation]) -> dict[str, tuple[str, ...]]:
    """The variables of the data that each derived one is made of, whatever stands between them."""
    found: dict[str, tuple[str, ...]] = {}
    for statement in derivations:
        sources = dict.fromkeys(source for name in statement.sources for source in found.get(name, (name,)))
        found |= dict.fromkeys(statement.names, tuple(sources))
    return found


def tables_of(derivations: Iterable[Derivation]) -> dict[str, tuple[str, ...]]:
    """The tables of the sites that are looked into, each with its variables that are read."""
    found: dict[str, dict[str, None]] = {}
    for statement in derivations:
        if isinstance(statement, Merge):
            found.setdefault(statement.table, {}).update(dict.fromkeys([*statement.keys, *statement.names]))
    return {table: tuple(names) for table, names in found.items()}
