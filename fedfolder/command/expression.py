"""Expressions as a tree: what stands after `if` and after `generate x =`. They are read and computed, never run.

    or         = and { "|" and }
    and        = comparison { "&" comparison }
    comparison = sum [ ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) sum ]
    sum        = product { ( "+" | "-" ) product }
    product    = negation { ( "*" | "/" ) negation }
    negation   = "-" negation | power
    power      = tight [ "^" exponent ]
    exponent   = "-" exponent | tight
    tight      = "!" exponent | primary
    primary    = number | text | missing | name | function "(" or … ")" | "(" or ")"

These are Stata's precedences ([U] 13.2.4): `-2^2` is -4. Two things that Stata reads are refused, since they rarely
mean what they say: `1<x<5` (which is true for every x) and `a^b^c`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from fedfolder.command.terms import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

OR, AND, COMPARISON, SUM, PRODUCT, NEGATION, POWER, TIGHT, PRIMARY = range(1, 10)
"""How tightly parts hold together, the loosest first."""

BINARY = {
    "|": OR,
    "&": AND,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), COMPARISON),
    **dict.fromkeys(("+", "-"), SUM),
    **dict.fromkeys(("*", "/"), PRODUCT),
    "^": POWER,
}
"""The signs between two operands."""

FUNCTIONS: dict[str, tuple[int, int | None]] = {
    "ln": (1, 1),
    "exp": (1, 1),
    "sqrt": (1, 1),
    "abs": (1, 1),
    "int": (1, 1),
    "floor": (1, 1),
    "ceil": (1, 1),
    "round": (1, 2),
    "min": (2, None),
    "max": (2, None),
    "missing": (1, None),
    "inlist": (2, None),
    "inrange": (3, 3),
    "cond": (3, 4),
}
"""The functions, each with the smallest and largest number of its arguments (None: any)."""

SYNONYMS = {"log": "ln", "mi": "missing"}
"""Other names of functions."""

LARGEST = 2.0**1023
"""What is not below it in absolute value is missing, as in Stata (8.988e307)."""

LARGEST_WHOLE = 1e15
"""Whole numbers below it are printed with all their digits."""


class Expression:
    """A part of an expression; `str` of it is canonical, and parses to it again."""

    __slots__ = ()
    strength: ClassVar[int] = PRIMARY

    @property
    def parts(self) -> tuple[Expression, ...]:
        """What it is made of."""
        return ()

    @property
    def hold(self) -> int:
        """How tightly its text holds together."""
        return self.strength

    def within(self, tightness: int) -> str:
        """Its text, in parentheses if it holds together less than `tightness`."""
        return str(self) if self.hold >= tightness else f"({self})"

    def walk(self) -> Iterator[Expression]:
        """It and all that it is made of, from the left."""
        waiting: list[Expression] = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting += reversed(part.parts)

    @property
    def names(self) -> tuple[str, ...]:
        """The variables in it, each once, in order of appearance."""
        return tuple(dict.fromkeys(part.text for part in self.walk() if isinstance(part, Name)))


@dataclass(frozen=True, slots=True)
class Number(Expression):
    """A number of 0 or more, below `LARGEST`."""

    value: float

    def __post_init__(self) -> None:
        """What is negative is a `Unary` of a number."""
        if not 0 <= self.value < LARGEST or math.copysign(1.0, self.value) < 0:
            message = f"{self.value} is no number of an expression"
            raise ValueError(message)

    def __str__(self) -> str:
        return number_text(self.value)


@dataclass(frozen=True, slots=True)
class Text(Expression):
    """Text, in double quotes."""

    text: str

    def __str__(self) -> str:
        return quoted(self.text)


@dataclass(frozen=True, slots=True)
class Missing(Expression):
    """A missing value; `code` is `""` or a letter. The kinds of missing are one here."""

    code: str = ""

    def __str__(self) -> str:
        return f".{self.code}"


@dataclass(frozen=True, slots=True)
class Name(Expression):
    """A variable."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Estimate(Expression):
    """An estimate of a fit, as in `nlcom`: `kind` is `"b"` or `"se"`, `name` that of a parameter, such as `2:age`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"_{self.kind}[{self.name}]"


@dataclass(frozen=True, slots=True)
class Unary(Expression):
    """`-` or `!` before its operand."""

    sign: str
    operand: Expression

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The operand."""
        return (self.operand,)

    @property
    def hold(self) -> int:
        """`!` binds tighter than `^`, and `-` less."""
        return TIGHT if self.sign == "!" else NEGATION

    def __str__(self) -> str:
        return f"!{_tight(self.operand)}" if self.sign == "!" else f"-{self.operand.within(NEGATION)}"


@dataclass(frozen=True, slots=True)
class Binary(Expression):
    """Two operands with a sign of `BINARY` between them."""

    sign: str
    left: Expression
    right: Expression

    @property
    def parts(self) -> tuple[Expression, ...]:
        """Left and right."""
        return self.left, self.right

    @property
    def hold(self) -> int:
        """That of its sign."""
        return BINARY[self.sign]

    def __str__(self) -> str:
        hold = self.hold
        chains = hold not in {COMPARISON, POWER}
        sign = f" {self.sign} " if hold in {OR, AND, SUM} else self.sign
        right = _tight(self.right) if hold == POWER else self.right.within(hold + 1)
        return f"{self.left.within(hold if chains else hold + 1)}{sign}{right}"


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """A function of `FUNCTIONS` with its arguments."""

    function: str
    arguments: tuple[Expression, ...]

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The arguments."""
        return self.arguments

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.arguments))})"


def _tight(part: Expression) -> str:
    """The text of what stands after `!` and `^`, where a minus needs no parentheses: `2^-1`.

    A canonical text has no parentheses that its grammar does not need, and so is never too deep to be read again.
    """
    if isinstance(part, Unary) and part.sign == "-":
        return f"-{_tight(part.operand)}"
    return part.within(TIGHT)


def number_text(value: float) -> str:
    """The canonical text of a finite number: the fewest digits that give it again, `-4` and `0.1` and `1e+20`."""
    whole = value == 0 or (value.is_integer() and abs(value) < LARGEST_WHOLE)
    return str(int(value)) if whole else repr(value)


def depth(expression: Expression) -> int:
    """The number of parts on the longest way down; measured without recursion."""
    deepest, waiting = 0, [(expression, 1)]
    while waiting:
        part, level = waiting.pop()
        deepest = max(deepest, level)
        waiting += [(below, level + 1) for below in part.parts]
    return deepest
