"""Terms of a model and the columns they stand for: `i.race#c.age` and `2.race#c.age`.

A term is what a person writes; a column is one parameter, named as Stata names it in `e(b)`. Which columns a term has
depends on the levels of its factors over all nodes, and on nothing else of the data.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.command.names import (
    CONSTANT_NAME,
    LONGEST_NAME,
    can_be_shown,
    is_name,
    level_key,
    quoted,
    unquoted,
)
from fedfolder.errors import CommandError, UnknownNameError, VariableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "CONSTANT",
    "CONSTANT_NAME",
    "LONGEST_NAME",
    "RULES",
    "Column",
    "Factor",
    "Term",
    "all_combinations",
    "base_levels",
    "can_be_shown",
    "columns",
    "is_name",
    "level_key",
    "needs_counts",
    "quoted",
    "unquoted",
]

RULES = {"": "i", "first": "ib(first)", "last": "ib(last)", "freq": "ib(freq)", "none": "ibn"}
"""The ways to choose the base of a factor without naming a level, each as it is written."""

_PIECE = re.compile(r'(?:(?P<level>"(?:[^"]|"")*"|[^"#:,]+)\.)?(?P<name>\w+)')


@dataclass(frozen=True, slots=True)
class Factor:
    """A categorical variable within a term.

    Parameters
    ----------
    variable : str
        Its name.
    base : str or None
        The level that the command makes the base, None where it names none.
    rule : str
        Where it names none, how the base is chosen: `"first"`, `"last"`, `"freq"` (the most frequent level), `"none"`
        (no level is left out), or `""` where the command says nothing (the lowest level then).
    """

    variable: str
    base: str | None = None
    rule: str = ""

    def __str__(self) -> str:
        """`i.race`, `ib2.race`, `ib"East".race` for a base that is not digits alone, `ib(last).race`, `ibn.race`."""
        if self.base is None:
            return f"{RULES[self.rule]}.{self.variable}"
        bare = re.fullmatch("[0-9]+", self.base) is not None
        return f"ib{self.base if bare else quoted(self.base)}.{self.variable}"


@dataclass(frozen=True, slots=True)
class Term:
    """A product of factors and continuous variables; `c.age#c.age` is age squared."""

    factors: tuple[Factor, ...] = ()
    continuous: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The canonical text, factors first: `age`, `i.race`, `i.smoke#c.lwt`, `c.age#c.age`."""
        if not self.factors and len(self.continuous) == 1:
            return self.continuous[0]
        return "#".join([*map(str, self.factors), *(f"c.{name}" for name in self.continuous)])

    @property
    def key(self) -> tuple[frozenset[str], tuple[str, ...]]:
        """What makes two terms the same: their variables, in whatever order they were written."""
        return self.key_without(())

    def key_without(self, removed: Iterable[str]) -> tuple[frozenset[str], tuple[str, ...]]:
        """The key of this term with the factors `removed` taken out of it."""
        return frozenset(f.variable for f in self.factors).difference(removed), tuple(sorted(self.continuous))

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of its variables, each once, in order."""
        return tuple(dict.fromkeys([*(f.variable for f in self.factors), *self.continuous]))


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the design, which is one parameter.

    Parameters
    ----------
    factors : tuple of (str, str)
        (variable, level) pairs: the column is zero outside these levels.
    continuous : tuple of str
        Variables that are multiplied; none means 1.
    """

    factors: tuple[tuple[str, str], ...] = ()
    continuous: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The name as in Stata's `e(b)`: `age`, `2.race`, `1.smoke#c.lwt`, `c.age#c.age`, `_cons`.

        A level stands bare, or in double quotes where it could be misread: when it is empty, contains one of `# " : ,`,
        begins with `/` (as `/lnalpha` does), begins or ends with a space, or is `c` (so that `"c".arm` is a level and
        `c.arm` is not). What follows its last dot is the variable, so that `1.5-2l.engine` is a level of engine.
        """
        if not self.factors and len(self.continuous) < 2:  # noqa: PLR2004 - one variable, or none
            return self.continuous[0] if self.continuous else CONSTANT_NAME
        levels = [f"{_level_text(level)}.{variable}" for variable, level in self.factors]
        return "#".join([*levels, *(f"c.{name}" for name in self.continuous)])

    @classmethod
    def parse(cls, label: str) -> Column:
        """The column with this label; the inverse of `label`.

        Raises
        ------
        CommandError
            If `label` is no column's label, or not the canonical one.
        """
        factors: list[tuple[str, str]] = []
        continuous: list[str] = []
        position = 0
        while label != CONSTANT_NAME:
            piece = _PIECE.match(label, position)
            if piece is None or not is_name(piece["name"]):
                raise _not_a_label(label, position)
            if piece["level"] in (None, "c"):
                continuous.append(piece["name"])
            else:
                factors.append((piece["name"], unquoted(piece["level"])))
            position = piece.end()
            if position == len(label):
                break
            if label[position] != "#":
                raise _not_a_label(label, position)
            position += 1
        column = cls(tuple(factors), tuple(continuous))
        if column.label != label:
            raise _not_a_label(label, 0)
        return column


CONSTANT = Column()
"""The column of ones, `_cons`."""


def _level_text(level: str) -> str:
    """A level within a label, bare where that cannot be misread."""
    misread = level in ("", "c") or level != level.strip() or re.search('^/|[#":,]', level) is not None
    return quoted(level) if misread else level


def _not_a_label(label: str, position: int) -> CommandError:
    return CommandError(
        "this is not the label of a column",
        text=label,
        position=position,
        expected="a label such as age, 2.race, 1.smoke#c.lwt, 0.5.dose or _cons",
    )


def columns(terms: Sequence[Term], levels: Mapping[str, Sequence[str]], bases: Mapping[str, str]) -> tuple[Column, ...]:
    """The columns of `terms`, in order; the constant is not among them.

    Within a term there is a column for each combination of levels, the first factor slowest. A combination is left out
    when the model says it already: when some of its factors stand at their base, and the term without those factors
    (its continuous part kept) is in the model too. The empty term, the constant, counts as always in the model, also
    with `noconstant`. So `i.a` leaves out its base; `i.a##i.b` every combination with a base in it; `a#b` alone only
    base with base; `i.a#c.x` without `x` nothing, a slope for each level; `i.a i.a#i.b` the base of b within each a.
    What is left out is always a linear combination of what stays (with the constant), so the fit is the same.

    Parameters
    ----------
    terms : sequence of Term
        The terms of the model.
    levels : mapping of str to sequence of str
        All levels of each factor variable over all nodes, sorted by `level_key`.
    bases : mapping of str to str
        The base of each factor variable that has one, see `base_levels`. Without a base no level is left out, and a
        constant is then one column too many, which is dropped as any that is collinear.

    Returns
    -------
    tuple of Column
        Columns that are collinear in the data for another reason are still among them.

    References
    ----------
    Stata User's Guide, 11.4.3 Factor variables, and chapter 25, Working with categorical data and factor variables.
    """
    present = {term.key for term in terms} | {Term().key}
    return tuple(
        column
        for term in terms
        for column in all_combinations(term, levels)
        if not _is_implied(term, column, present, bases)
    )


def _is_implied(
    term: Term,
    column: Column,
    present: set[tuple[frozenset[str], tuple[str, ...]]],
    bases: Mapping[str, str],
) -> bool:
    """Whether taking some factors at their base out of `term` gives a term that is present."""
    at_base = [variable for variable, level in column.factors if level == bases.get(variable)]
    sizes = range(1, len(at_base) + 1)
    removals = itertools.chain.from_iterable(itertools.combinations(at_base, size) for size in sizes)
    return any(term.key_without(removed) in present for removed in removals)


def all_combinations(term: Term, levels: Mapping[str, Sequence[str]]) -> tuple[Column, ...]:
    """The columns of `term` with every combination of levels, bases included, the first factor slowest."""
    names = [factor.variable for factor in term.factors]
    choices = itertools.product(*(levels[name] for name in names))
    return tuple(Column(tuple(zip(names, choice, strict=True)), term.continuous) for choice in choices)


def base_levels(
    terms: Sequence[Term],
    levels: Mapping[str, Sequence[str]],
    counts: Mapping[str, Mapping[str, float]] | None = None,
) -> dict[str, str]:
    """The base of each factor variable: the one that the command gives, otherwise the lowest by `level_key`.

    Parameters
    ----------
    terms : sequence of Term
        The terms of the model.
    levels : mapping of str to sequence of str
        All levels of each factor variable over all nodes.
    counts : mapping of str to mapping of str to float, optional
        The rows of each level over all nodes, of each variable for which the command asks for the most frequent one.
        Of levels with the same count the lowest is taken.

    Returns
    -------
    dict of str to str
        A factor without a base (`ibn.`) is not in it.

    Raises
    ------
    UnknownNameError
        If the command gives a base that is not a level. The levels are not listed: they can disclose.
    VariableError
        If a factor has no level at all, which is a sample without rows.
    ValueError
        If `counts` are needed and lack a variable.
    """
    chosen: dict[str, Factor] = {}
    for factor in itertools.chain.from_iterable(term.factors for term in terms):
        if not levels[factor.variable]:
            what = "a factor variable has no levels"
            raise VariableError(what, where=factor.variable, do="check that the sample has rows")
        # What a command says of a factor once holds wherever it stands.
        if chosen.setdefault(factor.variable, factor) == Factor(factor.variable):
            chosen[factor.variable] = factor
    bases = {name: _base(f, sorted(levels[name], key=level_key), counts or {}) for name, f in chosen.items()}
    return {name: base for name, base in bases.items() if base is not None}


def needs_counts(terms: Sequence[Term]) -> tuple[str, ...]:
    """The factors whose base is their most frequent level."""
    return tuple(dict.fromkeys(f.variable for term in terms for f in term.factors if f.rule == "freq"))


def _base(factor: Factor, levels: Sequence[str], counts: Mapping[str, Mapping[str, float]]) -> str | None:
    """The base of a factor with these sorted levels; None if it has none."""
    if factor.base is not None and factor.base not in levels:
        raise UnknownNameError(
            "the base that the command names is not a level of its variable",
            where=factor.variable,
            found=factor.base,
            expected="a level that some row of the sample has",
        )
    if factor.base is not None or factor.rule == "none":
        return factor.base
    if factor.rule != "freq":
        return levels[-1 if factor.rule == "last" else 0]
    if factor.variable not in counts:
        message = f"the most frequent level of {factor.variable} needs counts"
        raise ValueError(message)
    found = counts[factor.variable]
    return max(levels, key=lambda level: found.get(level, 0))  # the first of several
