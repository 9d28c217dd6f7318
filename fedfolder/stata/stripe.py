"""The columns of e(b) as Stata has them: every level and combination, also those that were not estimated.

Stata keeps a column for a base level (`1b.race`), for a combination that the model says already (`1b.race#1o.smoke`,
`0b.foreign#co.mpg`), for what was omitted (`o.age`, `3o.race`) and for the base outcome of `mlogit` (`1:o.age`); their
coefficients and variances are zero.

Source: [U] 11.4.3 Factor variables; [P] matrix rownames; e(b) of `regress` with `i.a##i.b` and `i.a#c.x`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command import ANCILLARY, CONSTANT_NAME, Column, Parameter, all_combinations, level_key, parse
from fedfolder.command.parameters import brief
from fedfolder.command.terms import CONSTANT
from fedfolder.stata.columns import is_bare

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from fedfolder.estimates import FitResult

LONGEST_NAME = 32

Codes = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Stripe:
    """The columns of e(b).

    Parameters
    ----------
    names : tuple of str
        In Stata's order, with equations: `low:1b.race`, `/:lnalpha`.
    places : tuple of int
        Where the coefficients of the fit stand among them, in the fit's order.
    equations : int
        How many names of equations there are, with that of ancillary parameters.
    codes : mapping of str to mapping of str to str
        For factors whose levels are no levels in Stata: each level's number.
    """

    names: tuple[str, ...]
    places: tuple[int, ...]
    equations: int
    codes: Mapping[str, Mapping[str, str]]

    def widen(self, beta: NDArray[np.float64]) -> NDArray[np.float64]:
        """A vector (p,) or matrix (p, p) of the fit with zeros where Stata has further columns."""
        wide = np.zeros((len(self.names),) * beta.ndim)
        wide[np.ix_(*[self.places] * beta.ndim)] = beta
        return wide


def stripe(result: FitResult) -> Stripe:
    """The columns of e(b) of a fit with numbers."""
    levels = _levels(result)
    codes = _codes(levels)
    names: list[str] = []
    places: dict[str, int] = {}
    for equation in _equations(result):
        for column in _columns(result, levels):
            own = Parameter(column.label, equation).name
            estimated = own in result.names
            places |= {own: len(names)} if estimated else {}
            marks = [_mark(v, level, result.bases, levels, estimated=estimated) for v, level in column.factors]
            names.append(f"{_called(result, equation)}{_name(column, marks, codes, estimated=estimated)}")
    ancillary = [name for name in result.names if name.startswith(ANCILLARY)]
    places |= {name: len(names) + i for i, name in enumerate(ancillary)}
    names += [f"{ANCILLARY}:{brief(name).removeprefix(ANCILLARY)}" for name in ancillary]
    equations = len(_equations(result)) + bool(ancillary)
    return Stripe(tuple(names), tuple(places[name] for name in result.names), equations, codes)


def _equations(result: FitResult) -> tuple[str, ...]:
    """The equations in Stata's order, that of the base outcome among them."""
    if result.base_outcome is None:
        return result.equations
    if result.base_outcome in result.outcomes:
        return result.outcomes
    return tuple(sorted({*result.equations, result.base_outcome}, key=level_key))


def equation_names(result: FitResult) -> tuple[str, ...]:
    """The names of the equations in e(b), without that of ancillary parameters; the outcome's where there is one."""
    return tuple(_called(result, equation).removesuffix(":") for equation in _equations(result))


def _called(result: FitResult, equation: str) -> str:
    """What stands before a term: nothing after `regress`, the outcome where there is one equation, or a label."""
    if not equation:
        return "" if result.model == "regress" else f"{result.observed}:"
    labels = result.labels.get(result.depvar, {})
    names = {e: re.sub(r"\W", "_", labels.get(e, e))[:LONGEST_NAME] for e in _equations(result)}
    if len(set(names.values())) < len(names) or not {"", "_"}.isdisjoint(names.values()):
        # Two that Stata could not tell apart, or a name that stands for none: numbers then, in their order.
        names = {e: str(number) for number, e in enumerate(names, start=1)}
    return f"{names[equation]}:"


def _columns(result: FitResult, levels: Mapping[str, list[str]]) -> list[Column]:
    """The columns of an equation, those that the model says already without them too."""
    terms = parse(result.command).terms
    known = {Parameter.parse(name).term for name in (*result.names, *result.omitted)}
    every = dict.fromkeys(c for term in terms for c in all_combinations(term, levels))
    every |= dict.fromkeys(Column.parse(name) for spline in result.splines for name in spline.columns)
    return [*every, *([CONSTANT] if CONSTANT_NAME in known else [])]


def _levels(result: FitResult) -> dict[str, list[str]]:
    """All levels of each factor, in order."""
    found = {variable: {base} for variable, base in result.bases.items()}
    for parameter in map(Parameter.parse, (*result.names, *result.omitted)):
        if parameter.equation != ANCILLARY:
            for variable, level in Column.parse(parameter.term).factors:
                found.setdefault(variable, set()).add(level)
    return {variable: sorted(levels, key=level_key) for variable, levels in found.items()}


def _codes(levels: Mapping[str, Iterable[str]]) -> Codes:
    """Numbers for levels that are none in Stata, from 1 on in their order, as `encode` gives them."""
    return {
        variable: {level: str(number) for number, level in enumerate(found, start=1)}
        for variable, found in levels.items()
        if not all(map(is_bare, found))
    }


def _mark(
    variable: str, level: str, bases: Mapping[str, str], levels: Mapping[str, list[str]], *, estimated: bool
) -> str:
    """What stands after a level: `b` at a base, `o` where nothing was estimated, `bn` at the first without a base."""
    if bases.get(variable) == level:
        return "b"
    if not estimated:
        return "o"
    return "bn" if variable not in bases and level == levels[variable][0] else ""


def _name(column: Column, marks: Sequence[str], codes: Codes, *, estimated: bool) -> str:
    """A column as Stata writes it."""
    pieces = [
        f"{codes.get(variable, {}).get(level, level)}{mark}.{variable}"
        for (variable, level), mark in zip(column.factors, marks, strict=True)
    ]
    omitted = "" if estimated else "o"
    continuous = column.continuous or (() if pieces else (CONSTANT_NAME,))
    # A variable alone is bare; in a product it says that it is one.
    operator = f"c{omitted}." if len(pieces) + len(continuous) > 1 else f"{omitted}." if omitted else ""
    return "#".join([*pieces, *(f"{operator}{variable}" for variable in continuous)])
