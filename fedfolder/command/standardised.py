"""Survival averaged over all rows: `standsurv()` names the times, and `at1()`, `at2()`, … what is put in every row."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.command import arguments
from fedfolder.command.expression import number_text
from fedfolder.command.lexis import Split
from fedfolder.command.names import is_name, quoted, unquoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.command.lexer import Token, Tokens
    from fedfolder.command.statement import Command

OPTION = "standsurv"
AT = tuple(f"at{number}" for number in range(1, 10))
"""The options that have a pattern."""
OBSERVED = "."
"""The pattern of rows as they are."""
MOST_TIMES = 50

_PAIR = re.compile(r'\s*(\w+)\s+("(?:[^"]|"")*"|[^\s"]+)(?=\s|$)')
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Pattern:
    """What is put in place of some variables in every row.

    Parameters
    ----------
    name : str
        The option that has it: `at1`.
    values : tuple of (str, float or str)
        Each variable with its value: a number, or a level that is text.
    """

    name: str
    values: tuple[tuple[str, float | str], ...] = ()

    def __str__(self) -> str:
        """`stage 3 sex 2`; `.` for rows as they are."""
        return " ".join(f"{name} {_text(value)}" for name, value in self.values) or OBSERVED

    @property
    def label(self) -> str:
        """What people read: `stage 3 sex 2`, or `as observed`."""
        return str(self) if self.values else "as observed"

    @property
    def in_words(self) -> str:
        """`as if stage were 3 and sex 2`, or `as they are`."""
        if not self.values:
            return "as they are"
        (first, value), *others = self.values
        return " and ".join([f"as if {first} were {_text(value)}", *(f"{n} {_text(v)}" for n, v in others)])


@dataclass(frozen=True, slots=True)
class Standsurv:
    """Where, and of which patterns, survival is averaged.

    Parameters
    ----------
    times : tuple of float
        Above zero, in rising order, in the unit of the fit's times.
    patterns : tuple of Pattern
        Rows as they are, where no option has one.
    """

    times: tuple[float, ...]
    patterns: tuple[Pattern, ...]

    @property
    def in_words(self) -> str:
        """`at 1, 5 and 10, as they are; as if stage were 1`."""
        return f"at {_listed(list(map(number_text, self.times)))}, {'; '.join(p.in_words for p in self.patterns)}"

    @property
    def note(self) -> str:
        """What a reader of the fit's table is told."""
        counts = ((len(self.times), "time"), (len(self.patterns), "pattern"))
        times, patterns = (f"{number} {word}{'' if number == 1 else 's'}" for number, word in counts)
        return (
            f"survival is averaged over all rows at {times}, of {patterns}; --standardised of fedfolder curve shows it"
        )


def standsurv_of(command: Command) -> Standsurv | None:
    """What a command averages survival of; None where it does not."""
    said = command.argument(OPTION)
    if said is None:
        return None
    given = ((name, command.argument(name)) for name in AT)
    patterns = tuple(Pattern(name, _pairs(text) or ()) for name, text in given if text is not None)
    return Standsurv(tuple(map(float, said.split())), patterns or (Pattern(AT[0]),))


def _text(value: float | str) -> str:
    return quoted(value) if isinstance(value, str) else number_text(value)


def _listed(parts: list[str]) -> str:
    *others, last = parts
    return f"{', '.join(others)} and {last}" if others else last


# -- arguments of the options, to their canonical text, or to None where they will not do ------------------------------


def times(text: str) -> str | None:
    """Times at which survival is averaged; see `arguments.times`."""
    return arguments.times(text, MOST_TIMES)


def pattern(text: str) -> str | None:
    """`stage 3 sex 2`: variables, each with a number or a level; `.` for what stays as it is."""
    found = _pairs(text)
    return None if found is None else str(Pattern("", found))


def _pairs(text: str) -> tuple[tuple[str, float | str], ...] | None:
    if text.strip() == OBSERVED:
        return ()
    pairs, rest = list[tuple[str, str]](), text.strip()
    while pair := _PAIR.match(rest):
        pairs.append((pair[1], pair[2]))
        rest = rest[pair.end() :]
    names = [name for name, _ in pairs]
    if rest.strip() or not pairs or len(set(names)) < len(names) or not all(map(is_name, names)):
        return None
    values = [(name, _value(word)) for name, word in pairs if word != OBSERVED]
    return None if any(value in {math.inf, -math.inf} for _, value in values) else tuple(values)


def _value(word: str) -> float | str:
    return float(word) + 0.0 if _NUMBER.fullmatch(word) else unquoted(word)


# -- what does not go together -----------------------------------------------------------------------------------------


def check_standsurv(tokens: Tokens, command: Command, places: Mapping[str, Token]) -> None:
    """Raise for patterns without times, two that are the same, and variables that no value can be put in place of.

    Raises
    ------
    CommandError
        With a caret under the option.
    """
    asked = command.standsurv
    if asked is None:
        for name in places.keys() & set(AT):
            do = f"give the times, too: {OPTION}(1 5 10)"
            tokens.fail(f"{name}() is for survival that is averaged", places[name], do=do)
        return
    if any(isinstance(statement, Split) for statement in command.derivations):
        do = "average after a fit of uncut follow-up, such as stpm2 with tvc()"
        tokens.fail("stsplit makes pieces of rows, and a piece is no person to average over", places[OPTION], do=do)
    seen: dict[frozenset[tuple[str, float | str]], str] = {}
    for one in asked.patterns:
        place = places.get(one.name, places[OPTION])
        if (other := seen.setdefault(frozenset(one.values), one.name)) != one.name:
            tokens.fail(f"{one.name}() is the same as {other}()", place, do="leave one of them out")
        for name, value in one.values:
            _check_value(tokens, command, place, name, value)
        _check_derived(tokens, command, place, dict(one.values))


def _check_value(tokens: Tokens, command: Command, place: Token, name: str, value: float | str) -> None:
    """A variable is among the terms, as a number has a number, and is nothing else beside."""
    if not any(name in term.variables for term in command.terms):
        known = dict.fromkeys(variable for term in command.terms for variable in term.variables)
        tokens.fail(f"{name} is not among the terms", place, expected=", ".join(known) or "no variable: there are none")
    if isinstance(value, str) and any(name in term.continuous for term in command.terms):
        tokens.fail(f"{name} is a number among the terms", place, expected=f"such as {name} 1")
    for role in ("offset", "weight"):
        if command.roles.get(role) == name:
            do = f"give the term a name of its own: generate x = {name}"
            tokens.fail(f"{name} is the {role}, too, which stays as it is in every row", place, do=do)


def _check_derived(tokens: Tokens, command: Command, place: Token, values: Mapping[str, float | str]) -> None:
    """What is derived from a variable would not follow it: it has a value of its own."""
    used = {name for term in command.terms for name in term.variables} | {command.roles.get("offset")}
    changed = set(values)
    for statement in command.derivations:
        if changed.isdisjoint(statement.sources):
            continue
        for name in statement.names:
            if name in used and name not in values:
                source = min(changed.intersection(statement.sources))
                do = f"give {name} the value that goes with it, too"
                tokens.fail(f"{name} is made of {source}, and would not follow", place, do=do)
        changed.update(statement.names)
