"""What `test` and `testparm` are asked: linear hypotheses about the coefficients of a fit.

2.race 3.race          each is zero
age = lwt = ptl        these are equal
(age=0) (smoke=1)      all of these hold
[2]                    every coefficient of an equation but its constant is zero
[2=3]                  the coefficients of two equations are equal, but for the constant
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fedfolder.command import grammar
from fedfolder.command.lexer import Tokens
from fedfolder.command.parameters import ANCILLARY, Parameter
from fedfolder.command.terms import CONSTANT_NAME, Column
from fedfolder.errors import FedfolderError, FitError, UnknownNameError, nearest
from fedfolder.estimates.linear import Reader, check_has_numbers
from fedfolder.estimates.naming import Naming

if TYPE_CHECKING:
    from fedfolder.command.terms import Term
    from fedfolder.estimates.linear import Linear
    from fedfolder.estimates.result import FitResult

_ACROSS = re.compile(r"\s*\[\s*([^\]=]+?)\s*=\s*([^\]=]+?)\s*\]\s*(?::(?P<terms>[^\[]*))?$")
_NO_NAME = re.compile(r"[=+*(.-]|/(?![^\W\d])|[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?(?![\w.#:])")


def read_hypotheses(result: FitResult, text: str) -> list[Linear]:
    """Combinations of coefficients that a text says to be zero.

    Raises
    ------
    CommandError
        The text does not say hypotheses.
    UnknownNameError
        A coefficient that the fit does not have.
    FitError
        The fit has no numbers.
    """
    check_has_numbers(result)
    across = _ACROSS.fullmatch(text)
    if across:
        return _equal_equations(result, across[1], across[2], across["terms"] or "")
    return _read(Reader(result, text))


def read_terms(result: FitResult, text: str, *, equal: bool = False, equation: str | None = None) -> list[Linear]:
    """Combinations that are zero if all coefficients of some terms are: themselves, or their differences.

    Raises
    ------
    CommandError
        The text is not a list of terms.
    UnknownNameError
        The fit has no coefficient of a term, or no such equation.
    FitError
        The fit has no numbers, or there is one coefficient, which cannot be equal to others.
    """
    check_has_numbers(result)
    tokens = Tokens(text)
    asked: list[Term] = []
    if tokens.next.kind == "end":
        tokens.fail("no term is named", 0, expected="terms such as i.race or smoke ptl")
    while tokens.next.kind != "end":
        asked += [term for term, _ in grammar.read_terms(tokens)]
    within = None if equation is None else Naming(result).equation(equation)
    names = dict.fromkeys(name for term in asked for name in _of_term(result, term, within))
    reader = Reader(result, text)
    rows = [reader.one(name) for name in names]
    if not equal:
        return rows
    if len(rows) == 1:
        raise FitError("one coefficient cannot be equal to others", found=text, do="leave `equal` out")
    return [row + rows[0].times(-1.0) for row in rows[1:]]


def _read(reader: Reader) -> list[Linear]:
    """The hypotheses: each in parentheses, or one without."""
    if not _in_parentheses(reader):
        return _one(reader, "")
    found = []
    while reader.take("("):
        found += _one(reader, ")")
        reader.take(")")
    if reader.next:
        reader.fail(f"found {reader.next} here", expected="another hypothesis in parentheses")
    return found


def _in_parentheses(reader: Reader) -> bool:
    """Whether the text is `(…) (…)`, and not `(age + lwt)/2 = smoke`, where more follows what is in parentheses."""
    depth = 0
    for place, sign in enumerate(reader.text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and not sign.isspace():
            return sign == ")" and reader.text[place + 1 :].lstrip()[:1] in {"", "("}
    return reader.at("(")


def _one(reader: Reader, end: str) -> list[Linear]:
    """A list of coefficients, or expressions with `=` between them, up to `end`."""
    start = reader.position
    names = _names(reader, end)
    if names is not None:
        return names
    reader.position = start
    sides = [reader.sum()]
    while reader.take("="):
        reader.take("=")
        sides.append(reader.sum())
    if reader.next != end:
        reader.fail(
            f"found {reader.next} here" if reader.next else "the text ends here", expected="= and a value, or names"
        )
    if len(sides) == 1:
        reader.fail("this is no hypothesis", expected="an equation, such as age = 0")
    found = [sides[0] + side.times(-1.0) for side in sides[1:]]
    for linear in found:
        if linear.is_constant and linear.constant != 0:
            reader.fail("this hypothesis is about no coefficient of the fit, and never true", at=start)
    return found


def _names(reader: Reader, end: str) -> list[Linear] | None:
    """A list of names and nothing else, each of which is zero; None if there is something else."""
    found: list[str | None] = []
    while reader.next not in {end, ""}:
        if _NO_NAME.match(reader.text, reader.position):
            return None
        found += reader.coefficients()
    return [reader.one(name) for name in found] if found and reader.next == end else None


def _of_term(result: FitResult, term: Term, equation: str | None) -> list[str]:
    """The names of the coefficients of a term."""
    found = []
    for name in result.names:
        parameter = Parameter.parse(name)
        if parameter.equation == ANCILLARY or equation not in {None, parameter.equation}:
            continue
        column = _column(parameter.term)
        if column and (frozenset(v for v, _ in column.factors), tuple(sorted(column.continuous))) == term.key:
            found.append(name)
    if not found:
        terms = {str(_term_of(p.term)) for p in map(Parameter.parse, result.names) if p.equation != ANCILLARY}
        raise UnknownNameError(
            "the fit has no coefficient of this term", found=str(term), do=nearest(str(term), sorted(terms))
        )
    return found


def _column(label: str) -> Column | None:
    try:
        return Column.parse(label)
    except FedfolderError:
        return None


def _term_of(label: str) -> str:
    """The term that a column is of: `i.race` for `2.race`."""
    column = _column(label)
    if column is None or not column.factors:
        return label
    return "#".join(
        [*(f"i.{variable}" for variable, _ in column.factors), *(f"c.{name}" for name in column.continuous)]
    )


def _equal_equations(result: FitResult, first: str, second: str, terms: str) -> list[Linear]:
    """The coefficients of two equations are equal: those named, or all but the constant."""
    reader, naming = Reader(result, terms), Naming(result)
    one, other = naming.equation(first), naming.equation(second)
    labels = [p.term for p in naming.parameters.values() if p.equation == one and p.term != CONSTANT_NAME]
    found = []
    for label in terms.split() or labels:
        (here,), (there,) = (naming.meant(Parameter(label, equation).name) for equation in (one, other))
        found.append(reader.one(here) + reader.one(there).times(-1.0))
    return found
