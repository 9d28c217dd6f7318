"""Linear combinations of coefficients, as `test` and `lincom` take them.

sum      = product { ("+" | "-") product }
product  = operand { ("*" | "/") operand }
operand  = number | coefficient | ("-" | "+") operand | "(" sum ")"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from fedfolder.errors import CommandError, FitError
from fedfolder.estimates.naming import Naming, shown
from fedfolder.estimates.number import general

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.estimates.result import FitResult

DEEPEST = 50
"""Parentheses and signs within one another."""

_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.#:])")


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """`weights b + constant`; weights are `(p,)`, in the order of the fit's names."""

    weights: NDArray[np.float64]
    constant: float = 0.0

    @property
    def is_constant(self) -> bool:
        """Whether no coefficient is in it."""
        return not self.weights.any()

    def __add__(self, other: Linear) -> Linear:
        return Linear(self.weights + other.weights, self.constant + other.constant)

    def times(self, factor: float) -> Linear:
        """Each weight and the constant, times a number."""
        return Linear(self.weights * factor, self.constant * factor)


class Reader:
    """A text about the coefficients of a fit, read from the left.

    Parameters
    ----------
    result : FitResult
        The fit.
    text : str
        What is read.

    Raises
    ------
    FitError
        The fit has no numbers.
    """

    def __init__(self, result: FitResult, text: str) -> None:
        check_has_numbers(result)
        self.result = result
        self.text = text
        self.position = 0
        self._naming = Naming(result)
        self._deep = 0

    @property
    def next(self) -> str:
        """The next character that is no space, `""` at the end."""
        while self.text[self.position : self.position + 1].isspace():
            self.position += 1
        return self.text[self.position : self.position + 1]

    def at(self, *signs: str) -> bool:
        """Whether one of these signs comes next."""
        return self.next in signs

    def take(self, *signs: str) -> str:
        """Take the sign that comes next if it is one of these; `""` otherwise."""
        found = self.next if self.at(*signs) else ""
        self.position += len(found)
        return found

    def fail(self, what: str, *, at: int | None = None, expected: str = "", do: str = "") -> NoReturn:
        """Raise a CommandError with the caret where we are, or at another place."""
        text = "".join(character if character.isprintable() else " " for character in self.text)
        raise CommandError(what, text=text, position=self.position if at is None else at, expected=expected, do=do)

    def sum(self) -> Linear:
        """Take a sum.

        Raises
        ------
        CommandError
            There is none, or it is not linear.
        UnknownNameError
            It has a coefficient that the fit does not have.
        """
        self._enter()
        total = self._product()
        while sign := self.take("+", "-"):
            total += self._product().times(-1.0 if sign == "-" else 1.0)
        self._deep -= 1
        return total

    def coefficients(self) -> list[str | None]:
        """Take a name: the coefficients that it means, None for one that is zero; see `Naming.read`."""
        if not self.next:
            self.fail("the text ends here", expected="the name of a coefficient")
        end, found = self._naming.read(self.text, self.position)
        if not found:
            self.fail(f"found {self.next} here", expected="the name of a coefficient, such as age or 2.race")
        self.position = end
        return found

    def one(self, name: str | None) -> Linear:
        """The coefficient of this name; zero for None."""
        return Linear(np.array([float(known == name) for known in self.result.names]))

    def _product(self) -> Linear:
        left = self._operand()
        while self.at("*", "/"):
            at, sign, right = self.position, self.take("*", "/"), self._operand()
            if sign == "*" and (left.is_constant or right.is_constant):
                left = left.times(right.constant) if right.is_constant else right.times(left.constant)
            elif sign == "/" and right.is_constant and right.constant != 0:
                left = left.times(1 / right.constant)
            else:
                self.fail("this is not linear in the coefficients", at=at, do="use nlcom for products and ratios")
        return left

    def _operand(self) -> Linear:
        opening = self.at("(")  # spaces are behind us now
        start = self.position
        if opening:
            self.take("(")
            inside = self.sum()
            if not self.take(")"):
                self.fail("the parenthesis that opens here is not closed", at=start, expected=")")
            return inside
        if sign := self.take("-", "+"):
            self._enter()
            operand = self._operand().times(-1.0 if sign == "-" else 1.0)
            self._deep -= 1
            return operand
        if number := _NUMBER.match(self.text, self.position):
            self.position = number.end()
            return Linear(np.zeros(len(self.result.names)), float(number[0]))
        found = self.coefficients()
        if len(found) > 1:
            expected = f"one of {', '.join(name for name in found if name)}"
            self.fail("this coefficient stands in several equations", at=start, expected=expected)
        return self.one(found[0])

    def _enter(self) -> None:
        self._deep += 1
        if self._deep > DEEPEST:
            self.fail("this expression is nested too deeply")


def check_has_numbers(result: FitResult) -> None:
    """Raise FitError for a fit without coefficients, or whose covariance is not known."""
    if not result.names or not np.isfinite(result.beta).all():
        raise FitError(
            "this fit has no coefficients to go on from",
            found=f"the status {result.status}",
            do="change the command and fit again",
        )


def written(result: FitResult, weights: NDArray[np.float64]) -> str:
    """A combination as Stata writes it: `2*[low]age - [low]smoke`."""
    text = ""
    for name, weight in zip(result.names, weights.tolist(), strict=True):
        if weight != 0:
            size = "" if abs(weight) == 1 else f"{general(abs(weight), 9)}*"
            sign = (" - " if weight < 0 else " + ") if text else ("- " if weight < 0 else "")
            text += f"{sign}{size}{shown(result, name)}"
    return text or "0"
