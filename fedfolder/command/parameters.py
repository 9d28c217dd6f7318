"""The names of parameters, as in Stata's `e(b)`: `age`, `2:age`, `/lnalpha`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fedfolder.command.terms import quoted, unquoted

ANCILLARY = "/"
"""The equation of parameters that stand for themselves, such as `/lnalpha`."""


def brief(name: str) -> str:
    """A name without what it says in parentheses: `/sd` of `/sd(_cons[herd])`, for where brackets cannot stand."""
    return name.partition("(")[0] if name.startswith(ANCILLARY) else name


_NAME = re.compile(r'(?:(?P<ancillary>/)|(?:(?P<equation>"(?:[^"]|"")*"|[^":/]+):))?(?P<term>.+)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a model.

    Parameters
    ----------
    term : str
        The label of its column, or the name of an ancillary parameter without its slash.
    equation : str
        `""` where a model has one equation, the level for `mlogit`, `ANCILLARY` for an ancillary parameter.
    """

    term: str
    equation: str = ""

    @property
    def name(self) -> str:
        """`age`, `2:age`, `/lnalpha`; an equation that could be misread stands in double quotes."""
        if self.equation in {"", ANCILLARY}:
            return f"{self.equation}{self.term}"
        misread = re.search('[":/]', self.equation) is not None or self.equation != self.equation.strip()
        return f"{quoted(self.equation) if misread else self.equation}:{self.term}"

    @classmethod
    def parse(cls, name: str) -> Parameter:
        """The parameter of this name; the inverse of `name`."""
        found = _NAME.fullmatch(name)
        if found is None:
            return cls(name)
        equation = ANCILLARY if found["ancillary"] else unquoted(found["equation"] or "")
        return cls(found["term"], equation)
