"""The columns of a fit as Stata has them: numbers for levels, and terms as they are typed there."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from fedfolder.command.terms import Column, all_combinations

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from fedfolder.command.terms import Factor, Term
    from fedfolder.stata.matching import Codes

HIGHEST_LEVEL = 32740
"""The largest level that a factor variable of Stata's can have; the smallest is 0."""


def codes(levels: Mapping[str, Iterable[str]]) -> Codes:
    """The number that stands for each level: itself where Stata can have it so, otherwise its place from 1."""
    return {name: _codes(list(found)) for name, found in levels.items()}


def _codes(levels: Sequence[str]) -> dict[str, int]:
    bare = all(map(is_bare, levels))
    return {level: int(level) if bare else place for place, level in enumerate(levels, start=1)}


def is_bare(level: str) -> bool:
    """Whether Stata can have a level as it is: `01` and `1` would be one to it."""
    return re.fullmatch("0|[1-9][0-9]{0,4}", level) is not None and int(level) <= HIGHEST_LEVEL


def typed(terms: Iterable[Term], numbers: Codes, bases: Mapping[str, str]) -> str:
    """The terms as one types them in Stata, with the base of each factor that is not its lowest level."""

    def factor(found: Factor) -> str:
        base = bases.get(found.variable)
        if base is None:
            return f"ibn.{found.variable}"
        number = numbers[found.variable][base]
        is_lowest = number == min(numbers[found.variable].values())
        return f"i.{found.variable}" if is_lowest else f"ib{number}.{found.variable}"

    def term(found: Term) -> str:
        if not found.factors and len(found.continuous) == 1:
            return found.continuous[0]
        return "#".join([*map(factor, found.factors), *(f"c.{name}" for name in found.continuous)])

    return " ".join(map(term, terms))


def is_plain(terms: Iterable[Term], bases: Mapping[str, str]) -> bool:
    """Whether there is no doubt which columns of these terms Stata takes for base levels.

    There is, of a factor without base that stands in several terms, and where a combination says nothing new although
    each of its levels alone would, as `1.a#1.b#c.x` beside `x`.
    """
    terms = list(terms)
    present = {term.key for term in terms}
    alone = [{f.variable for f in term.factors} for term in terms]
    for term, factors in zip(terms, alone, strict=True):
        if any(name not in bases and sum(name in others for others in alone) > 1 for name in factors):
            return False
        for size in range(2, len(factors) + 1):
            for removed in itertools.combinations(sorted(factors), size):
                implied = term.key_without(removed) in present
                if implied and not any(term.key_without({name}) in present for name in removed):
                    return False
    return True


def written_out(
    terms: Iterable[Term],
    levels: Mapping[str, Iterable[str]],
    numbers: Codes,
    bases: Mapping[str, str],
    kept: Collection[str],
) -> str:
    """Every column by itself, as Stata names them, with `o.` at those that are left out."""
    return " ".join(
        _name(column, numbers, bases, omitted=column.label not in kept)
        for term in terms
        for column in all_combinations(term, {name: tuple(found) for name, found in levels.items()})
    )


def named(label: str, numbers: Codes) -> str:
    """A column that is estimated, as one names it in Stata."""
    column = Column.parse(label)
    if not column.factors:
        return label
    factors = [f"{numbers[name][level]}.{name}" for name, level in column.factors]
    return "#".join([*factors, *(f"c.{name}" for name in column.continuous)])


def _name(column: Column, numbers: Codes, bases: Mapping[str, str], *, omitted: bool) -> str:
    if not column.factors and len(column.continuous) == 1:
        return f"{'o.' * omitted}{column.continuous[0]}"
    at_base = [level == bases.get(name) for name, level in column.factors]
    # Where all stand at their bases, that says already that it is left out.
    omitted = omitted and not (all(at_base) and not column.continuous)
    marks = [
        "b" if base else "o" if omitted else "bn" if name not in bases and level == next(iter(numbers[name])) else ""
        for (name, level), base in zip(column.factors, at_base, strict=True)
    ]
    pieces = zip(column.factors, marks, strict=True)
    factors = [f"{numbers[name][level]}{mark}.{name}" for (name, level), mark in pieces]
    return "#".join([*factors, *(f"c{'o' * omitted}.{name}" for name in column.continuous)])
