"""Which column of a matrix of Stata's is which parameter of a fit.

Stata's `b` has full width: base levels, empty cells and omitted variables have columns, whose names say so
(`1b.race`, `0b.smoke#co.age`, `o.age`). A fit has only the parameters that are estimated. Equations are matched by
their place, since their names are free in Stata; what stands in them by name, levels by the number that stands for them
in Stata's memory, interactions whatever the order of their parts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.names import CONSTANT_NAME
from fedfolder.command.parameters import ANCILLARY, Parameter, brief
from fedfolder.command.terms import Column
from fedfolder.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

Codes = dict[str, dict[str, int]]
"""The number that stands for each level in Stata's memory, by variable and level."""
Key = tuple[int | None, frozenset[tuple[str, int | str]], tuple[str, ...]]
"""The equation's place (None for what stands for itself, such as `/lnalpha`), levels, and what is multiplied."""

_PIECE = re.compile(r"(?:(?P<level>[0-9]+)(?P<flags>[bno]*)|(?P<c>co?)|(?P<o>o))\.(?P<name>.+)")


@dataclass(frozen=True, slots=True)
class Part:
    """A column of Stata's: its equation, what it is of, and whether its coefficient is zero by construction."""

    equation: str
    factors: frozenset[tuple[str, int | str]]
    continuous: tuple[str, ...]
    is_zero: bool

    @property
    def is_ancillary(self) -> bool:
        """Whether it stands for itself."""
        return self.equation == ANCILLARY


def read_column(name: str) -> Part:
    """Read a column's full name, such as `xb:0b.smoke#co.age`, `/:lnalpha` or `/lnalpha`."""
    if name.startswith(ANCILLARY):
        return Part(ANCILLARY, frozenset(), (name.lstrip("/:"),), is_zero=False)
    equation, _, column = name.rpartition(":")
    factors: list[tuple[str, int | str]] = []
    continuous: list[str] = []
    flags: list[str] = []
    omitted = False
    for text in column.split("#"):
        piece = _PIECE.fullmatch(text)
        if piece is None:
            continuous += [text] if text != CONSTANT_NAME else []
        elif piece["level"] is not None:
            factors.append((piece["name"], int(piece["level"])))
            flags.append(piece["flags"])
            omitted |= "o" in piece["flags"]
        else:
            continuous.append(piece["name"])
            omitted |= piece["c"] != "c"
    # A slope for each level, and cells without their margins, are estimated at the base, too.
    is_base = bool(flags) and not continuous and all("b" in f and "n" not in f for f in flags)
    return Part(equation, frozenset(factors), tuple(sorted(continuous)), omitted or is_base)


@dataclass(frozen=True, slots=True)
class Match:
    """Where each column (k,) of Stata's finds its parameter among the p of the fit; -1 for what is zero.

    Parameters
    ----------
    places : (k,) int
        For each column of Stata's.
    count : int
        p.
    """

    places: NDArray[np.int64]
    count: int

    def narrow(self, full: NDArray[np.float64]) -> NDArray[np.float64]:
        """The parameters (p,) among Stata's (k,)."""
        found, kept = np.zeros(self.count), self.places >= 0
        found[self.places[kept]] = full[kept]
        return found

    def widen(self, found: NDArray[np.float64]) -> NDArray[np.float64]:
        """A vector (p,) or matrix (p, p) of the fit at Stata's width, zeros elsewhere."""
        kept = np.flatnonzero(self.places >= 0)
        full = np.zeros((len(self.places),) * found.ndim)
        full[np.ix_(*[kept] * found.ndim)] = found[np.ix_(*[self.places[kept]] * found.ndim)]
        return full


def match(columns: Sequence[str], names: Sequence[str], codes: Mapping[str, Mapping[str, int]], do: str = "") -> Match:
    """Match the columns of Stata's with the parameters of a fit.

    Parameters
    ----------
    columns : sequence of str
        Their full names in Stata.
    names : sequence of str
        The parameters', as `Driven.names` has them.
    codes : mapping
        As `Codes`.
    do : str
        What to do where they do not match.

    Raises
    ------
    UnknownNameError
        Naming what only one of the two sides has.
    """
    parts = [read_column(name) for name in columns]
    ancillaries = {brief(name).removeprefix(ANCILLARY) for name in names if name.startswith(ANCILLARY)}
    ours = {key: j for j, key in enumerate(_of_fit(names, codes))}
    theirs = _of_stata(parts, ancillaries)
    only_theirs = [
        name
        for j, (name, key) in enumerate(zip(columns, theirs, strict=True))
        if key is not None and (key not in ours or key in theirs[:j])
    ]
    only_ours = [name for name, key in zip(names, ours, strict=True) if key not in theirs]
    if only_theirs or only_ours:
        raise UnknownNameError(
            "ml has another model than the fit that was proposed to the nodes",
            found=f"only in ml: {', '.join(only_theirs) or 'nothing'}",
            expected=f"only in the fit: {', '.join(only_ours) or 'nothing'}",
            do=do,
        )
    return Match(np.array([-1 if key is None else ours[key] for key in theirs], dtype=np.int64), len(names))


def _of_fit(names: Sequence[str], codes: Mapping[str, Mapping[str, int]]) -> list[Key]:
    parameters = [Parameter.parse(name) for name in names]
    equations = list(dict.fromkeys(p.equation for p in parameters if p.equation != ANCILLARY))
    found: list[Key] = []
    for parameter in parameters:
        if parameter.equation == ANCILLARY:
            found.append((None, frozenset(), (brief(parameter.name).removeprefix(ANCILLARY),)))
            continue
        column = Column.parse(parameter.term)
        factors = frozenset((name, codes.get(name, {}).get(level, level)) for name, level in column.factors)
        found.append((equations.index(parameter.equation), factors, tuple(sorted(column.continuous))))
    return found


def _of_stata(parts: Sequence[Part], ancillaries: set[str]) -> list[Key | None]:
    """The key of each column; None for one that is zero."""

    def stands_for_itself(part: Part) -> bool:
        # Before Stata 15, and under its version control, /lnalpha is lnalpha:_cons.
        return part.is_ancillary or (part.equation in ancillaries and not part.factors and not part.continuous)

    counted = (part for part in parts if not part.is_zero and not stands_for_itself(part))
    equations = list(dict.fromkeys(part.equation for part in counted))
    found: list[Key | None] = []
    for part in parts:
        if stands_for_itself(part):
            found.append((None, frozenset(), part.continuous or (part.equation,)))
        elif part.is_zero:
            found.append(None)
        else:
            found.append((equations.index(part.equation), part.factors, part.continuous))
    return found
