"""Macro expansion: our reading of [U] 18.3 and [P] macro."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.stata.standin.errors import OutsideSubset, StataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stata.standin.memory import Memory

_GLOBAL = re.compile(r"\$(?:\{(\w+)\}|([^\W\d]\w*))")


class Expansion:
    """Expands the macros in a line: `x', nested, `=exp', `macval(x)', `:function', $x and ${x}."""

    def __init__(self, memory: Memory, evaluate: Callable[[str], str], function: Callable[[str], str]) -> None:
        self._memory = memory
        self._evaluate = evaluate
        self._function = function

    def __call__(self, line: str, *, held: bool = False) -> str:
        """The line with its macros expanded, and theirs; `held` says that it is what a macro holds."""
        done, at = "", 0
        while at < len(line):
            if line[at] == "\\" and line[at + 1 : at + 2] in {"`", "$"}:
                # [U] 18.3.12: a backslash takes the meaning from what follows; so `S:\`x'' never was a path.
                done, at = done + line[at + 1], at + 2
            elif not held and line.startswith("\\\\", at):
                # Stata's FAQ on backslashes: of two that are typed it makes one; those in a macro stay.
                done, at = done + "\\", at + 2
            elif line[at] == "`" and line[at + 1 : at + 2] != '"':
                end = _closing(line, at)
                done, at = done + self._local(line[at + 1 : end]), end + 1
            elif line[at] == "$" and (match := _GLOBAL.match(line, at)):
                done, at = done + self(self._memory.globals.get(match[1] or match[2], ""), held=True), match.end()
            else:
                done, at = done + line[at], at + 1
        return done

    def _local(self, inside: str) -> str:
        if inside.startswith("="):
            return self._evaluate(self(inside[1:]))
        if inside.startswith(":"):
            return self._function(self(inside[1:]).strip())
        if inside.startswith("macval("):
            return self._memory.locals.get(self(inside[7:-1]), "")
        step = re.match(r"(\+\+|--)(\w+)\Z", inside)
        if step:
            value = int(self._memory.locals.get(step[2], "0") or 0) + (1 if step[1] == "++" else -1)
            self._memory.locals[step[2]] = str(value)
            return str(value)
        name = self(inside)
        if re.fullmatch(r"[ersc]\(\w+\)", name):
            return self._evaluate_stored(name)
        if not re.fullmatch(r"[\w*]*", name):
            raise StataError(198, f"invalid macro name: {name}")
        return self(self._value(name), held=True)

    def _evaluate_stored(self, name: str) -> str:
        """`e(cmd)' and `c(os)' are empty where there is nothing ([U] 18.3.8)."""
        if name[0] == "c":
            return self._evaluate(name)
        found = self._memory.returned[name[0]]
        inside = name[2:-1]
        return found.macros.get(inside) or (self._evaluate(name) if inside in found.scalars else "")

    def _value(self, name: str) -> str:
        if name == "*":
            raise OutsideSubset("`*'")
        return self._memory.locals.get(name, "")


def _closing(line: str, start: int) -> int:
    open_: list[str] = []
    at = start
    while at < len(line):
        two = line[at : at + 2]
        if two == '`"':
            open_.append("quote")
            at += 1
        elif line[at] == "`":
            open_.append("macro")
        elif two == "\"'" and open_[-1] == "quote":
            open_.pop()
            at += 1
        elif line[at] == "'" and open_[-1] == "macro":
            open_.pop()
            if not open_:
                return at
        at += 1
    raise StataError(198, "a macro is not closed")
