"""Terms of a model and the columns they stand for: `i.race#c.age` and `2.race#c.age`.

A term is what a person writes; a column is one parameter, named as Stata names it in `e(b)`. Which columns a term has
depends on the levels of its factors over all nodes, and on nothing else of the data.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.errors import CommandError, UnknownNameError, VariableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CONSTANT_NAME = "_cons"
"""Stata's name of the constant; no variable may bear it."""

LONGEST_NAME = 32
"""Characters in the name of a variable, as in Stata."""

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_PIECE = re.compile(r'(?:(?P<level>"(?:[^"]|"")*"|[^."#:,]+)\.)?(?P<name>\w+)')


def is_name(text: str) -> bool:
    """Whether `text` can name a variable: letters of any script, digits, `_`; not a digit first; not `_cons`."""
    return (
        re.fullmatch(r"\w+", text) is not None
        and (text[0] == "_" or text[0].isalpha())
        and len(text) <= LONGEST_NAME
        and text != CONSTANT_NAME
    )


def quoted(text: str) -> str:
    """`text` in double quotes, a double quote inside it doubled."""
    return '"' + text.replace('"', '""') + '"'


def unquoted(text: str) -> str:
    """The inverse of `quoted`; a text without quotes is returned as it is."""
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


def level_key(level: str) -> tuple[bool, int, str]:
    """Sort key of a level: integers (of at most 18 digits) in numeric order, then other text in code-point order.

    Python compares text by code point, so the order is the same on every machine, whatever its language.
    """
    integer = _INTEGER.fullmatch(level) is not None
    return (not integer, int(level) if integer else 0, level)


def can_be_shown(text: str) -> bool:
    """Whether `text` holds no control character or line end: it would forge a table, or steer a terminal."""
    return not any(unicodedata.category(sign) in {"Cc", "Zl", "Zp"} for sign in text)


@dataclass(frozen=True, slots=True)
class Factor:
    """A categorical variable within a term.

    Parameters
    ----------
    variable : str
        Its name.
    base : str or None
        The level that the command makes the base, None where it says nothing (the lowest level then).
    """

    variable: str
    base: str | None = None

    def __str__(self) -> str:
        """`i.race`, `ib2.race`, or `ib"East".race` for a base that is not made of digits alone."""
        if self.base is None:
            return f"i.{self.variable}"
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

        A level stands bare, or in double quotes where it could be misread: when it is empty, contains one of `. # " :
        ,`, begins or ends with a space, or is `c` (so that `"c".arm` is a level and `c.arm` is not).
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
    misread = level in ("", "c") or level != level.strip() or re.search('[.#":,]', level) is not None
    return quoted(level) if misread else level


def _not_a_label(label: str, position: int) -> CommandError:
    return CommandError(
        "this is not the label of a column",
        text=label,
        position=position,
        expected='a label such as age, 2.race, 1.smoke#c.lwt, "0.5".dose or _cons',
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
        The base of each factor variable, see `base_levels`.

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
    at_base = [variable for variable, level in column.factors if level == bases[variable]]
    sizes = range(1, len(at_base) + 1)
    removals = itertools.chain.from_iterable(itertools.combinations(at_base, size) for size in sizes)
    return any(term.key_without(removed) in present for removed in removals)


def all_combinations(term: Term, levels: Mapping[str, Sequence[str]]) -> tuple[Column, ...]:
    """The columns of `term` with every combination of levels, bases included, the first factor slowest."""
    names = [factor.variable for factor in term.factors]
    choices = itertools.product(*(levels[name] for name in names))
    return tuple(Column(tuple(zip(names, choice, strict=True)), term.continuous) for choice in choices)


def base_levels(terms: Sequence[Term], levels: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The base of each factor variable: the one that the command gives, otherwise the lowest by `level_key`.

    Raises
    ------
    UnknownNameError
        If the command gives a base that is not a level. The levels are not listed: they can disclose.
    VariableError
        If a factor has no level at all, which is a sample without rows.
    """
    bases: dict[str, str] = {}
    for factor in itertools.chain.from_iterable(term.factors for term in terms):
        name = factor.variable
        if not levels[name]:
            raise VariableError("a factor variable has no levels", where=name, do="check that the sample has rows")
        if factor.base is None:
            bases.setdefault(name, min(levels[name], key=level_key))
        elif factor.base in levels[name]:
            bases[name] = factor.base
        else:
            raise UnknownNameError(
                "the base that the command names is not a level of its variable",
                where=name,
                found=factor.base,
                expected="a level that some row of the sample has",
            )
    return bases
