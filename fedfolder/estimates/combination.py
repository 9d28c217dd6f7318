"""`lincom` and `nlcom`: combinations of coefficients with their standard errors and intervals.

lincom 2*age + smoke, or level(90)
nlcom _b[age]/_b[smoke]
nlcom (ratio: _b[age]/_b[smoke]) (peak: -_b[age]/(2*_b[c.age#c.age]))
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.expression_grammar import parse_expression
from fedfolder.errors import CommandError
from fedfolder.estimates.coefficients import Coefficients, check_level, critical, two_sided
from fedfolder.estimates.layout import Row, abbreviate
from fedfolder.estimates.linear import Reader, check_has_numbers, written
from fedfolder.estimates.nonlinear import value_and_gradient
from fedfolder.estimates.number import general
from fedfolder.estimates.table import EFORM, NUMBERS, head_line, number_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.estimates.result import FitResult

_WIDTH = 12
_OPTION = re.compile(
    r"\s*(?:(?P<eform>or|irr|rrr|hr|eform)\b|l(?:e(?:v(?:e(?:l)?)?)?)?\((?P<level>[0-9]+(?:\.[0-9]*)?)\))"
)
_NAMED = re.compile(r"\s*\((?:\s*(?P<name>[^\W\d]\w*)\s*:)?")


@dataclass(frozen=True, slots=True, eq=False)
class Combination:
    """Combinations of coefficients.

    Parameters
    ----------
    expressions : tuple of str
        Each one as it was read.
    table : Coefficients
        The combinations as a table of coefficients has them, exponentiated where `eform` says so.
    cov : ndarray, shape (r, r)
        Their covariance, never exponentiated.
    depvar, test : str
        The outcome; `"z"` or `"t"`.
    level : float
        Confidence level in percent.
    eform : str
        What exponentiated combinations are, `""` where they are not.
    """

    expressions: tuple[str, ...]
    table: Coefficients
    cov: NDArray[np.float64]
    depvar: str
    test: str
    level: float
    eform: str = ""

    @property
    def estimate(self) -> float:
        """The first combination, which is the only one of `lincom`."""
        return float(self.table.b[0])

    @property
    def se(self) -> float:
        """Its standard error."""
        return float(self.table.se[0])

    @property
    def statistic(self) -> float:
        """Its z or t, of the test that it is zero (one, where it is exponentiated)."""
        return float(self.table.statistic[0])

    @property
    def p(self) -> float:
        """Its two-sided p-value."""
        return float(self.table.p[0])

    @property
    def interval(self) -> tuple[float, float]:
        """Its confidence interval."""
        return float(self.table.lower[0]), float(self.table.upper[0])

    def __str__(self) -> str:
        """What Stata prints."""
        rule = "-" * (_WIDTH + 2 + NUMBERS)
        crossed = f"{'-' * (_WIDTH + 1)}+{'-' * NUMBERS}"
        head = head_line(abbreviate(self.depvar, _WIDTH), _WIDTH, self.test, self.level, eform=self.eform)
        rows = [Row(name).stub(_WIDTH) + number_row(self.table, i) for i, name in enumerate(self.table.names)]
        return "\n".join(["", *self.expressions, "", rule, head, crossed, *rows, rule, ""])


def lincom(result: FitResult, text: str) -> Combination:
    """A linear combination of coefficients ([R] lincom).

    Parameters
    ----------
    result : FitResult
        A fit with numbers.
    text : str
        The combination, and after a comma `or`, `irr`, `rrr`, `hr` or `eform` to exponentiate it, and `level(90)`.

    Raises
    ------
    CommandError
        The text is no linear combination.
    UnknownNameError
        A coefficient that the fit does not have.
    ConfigError
        The level is none.
    FitError
        The fit has no numbers.
    """
    body, eform, level = _options(result, text)
    reader = Reader(result, body)
    linear = reader.sum()
    if reader.next:
        reader.fail(f"found {reader.next} here", expected="the end of the combination", do="test takes an = sign")
    value = np.array([linear.weights @ result.beta + linear.constant])
    cov = np.array([[linear.weights @ result.cov @ linear.weights]])
    expression = f" ( 1)  {written(result, linear.weights)} = {general(-linear.constant, 9)}"
    return _combination(result, ("(1)",), (expression,), value, cov, eform=eform, level=level)


def nlcom(result: FitResult, text: str) -> Combination:
    """Smooth functions of coefficients, by the delta method ([R] nlcom).

    Parameters
    ----------
    result : FitResult
        A fit with numbers.
    text : str
        An expression in `_b[age]` and the like, or several in parentheses, each perhaps with a name before a colon;
        `, level(90)` may follow.

    Returns
    -------
    Combination
        `f(b)` with the covariance `G V G'`, where G holds the derivatives, by complex steps.

    Raises
    ------
    CommandError
        The text is no expression, or names a variable instead of a coefficient.
    UnknownNameError
        A coefficient that the fit does not have.
    FitError
        The expression has no value at the estimates, or the fit has no numbers.
    """
    check_has_numbers(result)
    body, _, level = _options(result, text)
    named = _expressions(body)
    trees = [parse_expression(expression, estimates=True) for _, expression in named]
    found = [value_and_gradient(result, tree) for tree in trees]
    names = tuple(name or f"_nl_{number}" for number, (name, _) in enumerate(named, start=1))
    gradients = np.array([gradient for _, gradient in found])
    lines = tuple(f"{name:>12}:  {expression.strip()}" for name, (_, expression) in zip(names, named, strict=True))
    values = np.array([value for value, _ in found])
    return _combination(result, names, lines, values, gradients @ result.cov @ gradients.T, level=level)


def _combination(
    result: FitResult,
    names: tuple[str, ...],
    expressions: tuple[str, ...],
    values: NDArray[np.float64],
    cov: NDArray[np.float64],
    *,
    eform: str = "",
    level: float,
) -> Combination:
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        se = np.sqrt(np.diag(cov))
        statistic = np.where(se > 0, values / se, np.nan)
        reach = critical(result, level) * se
        shown = [values, se, values - reach, values + reach]
        if eform:
            shown = [np.exp(values), np.exp(values) * se, np.exp(values - reach), np.exp(values + reach)]
    b, se, lower, upper = shown
    table = Coefficients(names, b, se, statistic, two_sided(result, statistic), lower, upper)
    return Combination(expressions, table, cov, result.observed, result.statistic, level, eform)


def _options(result: FitResult, text: str) -> tuple[str, str, float]:
    """The text before the comma, what to exponentiate to, and the level."""
    depth, comma = 0, None
    for place, sign in enumerate(text):
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and depth == 0 and text[:place].count('"') % 2 == 0:
            comma = place
            break
    if comma is None:
        return text, "", result.level
    eform, level, position = "", result.level, comma + 1
    while text[position:].strip():
        option = _OPTION.match(text, position)
        if option is None:
            expected = f"{', '.join(EFORM)} or level(90)"
            raise CommandError("this is no option here", text=text, position=position, expected=expected)
        eform = option["eform"] or eform
        level = check_level(float(option["level"])) if option["level"] else level
        position = option.end()
    return text[:comma], eform, level


def _expressions(text: str) -> list[tuple[str, str]]:
    """The names and texts of `(name: expression) (expression)`; one without a name where there are no such parts."""
    found: list[tuple[str, str]] = []
    position = 0
    while text[position:].strip():
        opening = _NAMED.match(text, position)
        end = opening and _closing(text, opening.start() + opening[0].index("("))
        if not opening or end is None:
            return [("", text)]
        found.append((opening["name"] or "", text[opening.end() : end]))
        position = end + 1
    return found or [("", text)]


def _closing(text: str, opening: int) -> int | None:
    """Where the parenthesis that opens at `opening` is closed; None if it is not."""
    depth = 0
    for place in range(opening, len(text)):
        depth += (text[place] == "(") - (text[place] == ")")
        if depth == 0:
            return place
    return None
