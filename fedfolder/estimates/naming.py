"""From what a person writes of a coefficient to its name in the fit, and back.

`age`, `2.race`, `1.smoke#c.lwt`, `2:age`, `[2]age`, `[low]age`, `_b[age]`, `[2]_b[age]`, `/cut1` and `[/]cut1` are
read, and `/sd` for `/sd(_cons[herd])`; value labels may stand for the levels of the outcome that name equations. A base
or an omitted column is a coefficient of zero.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fedfolder.command.parameters import ANCILLARY, Parameter, brief
from fedfolder.command.terms import CONSTANT_NAME, Column, unquoted
from fedfolder.errors import FedfolderError, UnknownNameError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fedfolder.estimates.result import FitResult

_INSIDE = r'((?:"(?:[^"]|"")*"|[^\]"])+)'
_ESTIMATE = re.compile(rf"_(?:b|coef)\[{_INSIDE}\]")
_EQUATION = re.compile(rf"\[{_INSIDE}\]\s*:?\s*")
_PIECE = r'(?:(?:"(?:[^"]|"")*"|-?\w+)\.)?[^\W\d]\w*'
_TERM = re.compile(f"{_PIECE}(?:#{_PIECE})*")
_ANCILLARY = re.compile(r"/[^\W\d]\w*")
_GOES_ON = re.compile(r"[\w.#:]")


class Naming:
    """The names of a fit's parameters, and what else means one of them.

    Parameters
    ----------
    result : FitResult
        The fit.
    """

    def __init__(self, result: FitResult) -> None:
        self.result = result
        self.parameters = {name: Parameter.parse(name) for name in result.names}

    def read(self, text: str, start: int) -> tuple[int, list[str | None]]:
        """Read what stands at `start` of a text as coefficients.

        Returns
        -------
        int, list of (str or None)
            Where it ends (`start` if there is no name), and the names that it means: one in each equation where it
            names none, all but the constant of an equation where it names that alone; None for what is zero.

        Raises
        ------
        UnknownNameError
            The fit has no such coefficient or equation.
        """
        if estimate := _ESTIMATE.match(text, start):
            return estimate.end(), self.meant(estimate[1].strip())
        if bracket := _EQUATION.match(text, start):
            return self._within(self.equation(unquoted(bracket[1].strip())), text, bracket.end())
        if name := _longest(self.result.names, text, start):
            return start + len(name), [name]
        found = _ANCILLARY.match(text, start) or _TERM.match(text, start)
        return (found.end(), self.meant(found[0])) if found else (start, [])

    def meant(self, name: str) -> list[str | None]:
        """The coefficients that a whole name means; see `read`."""
        if name in self.parameters:
            return [name]
        if name.startswith(ANCILLARY) and (whole := [known for known in self.parameters if brief(known) == name]):
            return list(whole)
        if bracket := _EQUATION.match(name):
            end, found = self._within(self.equation(unquoted(bracket[1].strip())), name, bracket.end())
            if end == len(name):
                return found
        parameter = Parameter.parse(name)
        if not parameter.equation:
            same = [known for known, p in self.parameters.items() if p.term == name and p.equation != ANCILLARY]
            if same:
                return list(same)
        if self._is_zero(parameter):
            return [None]
        raise UnknownNameError("the fit has no such coefficient", found=name, do=nearest(name, self.result.names))

    def equation(self, text: str) -> str:
        """The equation as the names have it: after `logit low …`, `low` is the only one.

        Raises
        ------
        UnknownNameError
            The fit has no such equation.
        """
        result = self.result
        known = {parameter.equation for parameter in self.parameters.values()} | {result.base_outcome or ""}
        levels = {label: level for level, label in result.labels.get(result.depvar, {}).items()}
        if text == result.observed and result.equations == ("",):
            return ""
        found = next((name for name in (text, levels.get(text, text)) if name in known and name), None)
        if found is None:
            shown = sorted({name or result.observed for name in known})
            raise UnknownNameError("the fit has no such equation", found=text, do=nearest(text, shown))
        return found

    def _within(self, equation: str, text: str, start: int) -> tuple[int, list[str | None]]:
        """What follows `[2]`: a coefficient of that equation, or nothing, which means all of it."""
        terms = {p.term: name for name, p in self.parameters.items() if p.equation == equation}
        if estimate := _ESTIMATE.match(text, start):
            return estimate.end(), self.meant(Parameter(estimate[1].strip(), equation).name)
        if term := _longest(terms, text, start):
            return start + len(term), [terms[term]]
        if found := _TERM.match(text, start):
            return found.end(), self.meant(Parameter(found[0], equation).name)
        return start, [name for term, name in terms.items() if term != CONSTANT_NAME]

    def _is_zero(self, parameter: Parameter) -> bool:
        """Whether this is a column that was left out: omitted, at a base, or in the base outcome."""
        result = self.result
        if parameter.name in result.omitted or parameter.term in result.omitted:
            return True
        terms = [p.term for p in self.parameters.values() if p.equation != ANCILLARY]
        if parameter.term in terms:
            return parameter.equation == result.base_outcome
        try:
            column, others = Column.parse(parameter.term), [Column.parse(term) for term in terms]
        except FedfolderError:
            return False
        at_base = any(result.bases.get(variable) == level for variable, level in column.factors)
        return at_base and _shape(column) in map(_shape, others)


def _longest(names: Iterable[str], text: str, start: int) -> str | None:
    """The longest of these names that stands at `start` and ends there: `2.race#1.smoke` is not `2.race`."""
    found = [n for n in names if text.startswith(n, start) and not _GOES_ON.match(text, start + len(n))]
    return max(found, key=len, default=None)


def _shape(column: Column) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(variable for variable, _ in column.factors), column.continuous


def shown(result: FitResult, name: str) -> str:
    """A coefficient as Stata writes it in a constraint: `[low]age`, `[2]age`, `[/]lnalpha`; bare after `regress`."""
    parameter = Parameter.parse(name)
    if parameter.equation or result.model != "regress":
        return f"[{parameter.equation or result.observed}]{parameter.term}"
    return parameter.term
