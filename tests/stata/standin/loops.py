"""What foreach and forvalues go through: our reading of [P] foreach, [P] forvalues and [U] 11.1.8."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.text import words

if TYPE_CHECKING:
    from tests.stata.standin.session import Session


def values(session: Session, command: str, text: str) -> tuple[str, list[str]]:
    """The local macro and what it becomes, one after the other.

    Raises
    ------
    OutsideSubset
        Another kind of list.
    """
    if command == "forvalues":
        match = re.fullmatch(r"forvalues\s+(\w+)\s*=\s*(.+)", text)
        if match is None:
            raise StataError(198, "invalid syntax")
        return match[1], numbers(match[2])
    match = re.fullmatch(r"foreach\s+(\w+)\s+(in|of)\s*(.*)", text)
    if match is None:
        raise StataError(198, "invalid syntax")
    name, how, rest = match.groups()
    if how == "in":
        return name, words(rest)
    kind, _, listed = rest.partition(" ")
    if kind in {"local", "global"}:
        held = session.memory.locals if kind == "local" else session.memory.globals
        return name, words(session.expand(held.get(listed.strip(), "")))
    if kind == "numlist":
        return name, [number for part in listed.split() for number in numbers(part)]
    raise OutsideSubset(f"foreach {name} of {kind}")


def numbers(text: str) -> list[str]:
    """A range or a number: `1/5`, `0(2)8`, `3`."""
    match = re.fullmatch(r"\s*(-?\d+)(?:/(-?\d+)|\((-?\d+)\)(-?\d+))?\s*", text)
    if match is None:
        raise OutsideSubset(f"numlist {text}")
    first, slash, step, last = match.groups()
    by = int(step or 1)
    end = int(slash or last or first)
    return [str(i) for i in range(int(first), end + (1 if by > 0 else -1), by)]
