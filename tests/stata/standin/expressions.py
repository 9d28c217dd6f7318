"""Expressions: our reading of [U] 13 (operators and their order, missing values, strings)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.values import MISSING, from_python, is_missing, missing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Value = float | str

_HEX = r"[+-]?[01]\.[0-9a-fA-F]{1,13}[xX][+-][0-9a-fA-F]{1,3}"
_TOKEN = re.compile(
    rf"\s*(?:(?P<hex>{_HEX})|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?)|(?P<missing>\.[a-z]?(?!\w))"
    r"|(?P<name>[^\W\d]\w*)|(?P<op>==|!=|~=|<=|>=|\+\+|[-+*/^()<>&|!~,\[\]:]))",
)
MATRIX_FUNCTIONS = {"colsof", "rowsof", "colnumb", "rownumb", "el", "mreldif", "issymmetric", "det", "trace"}
_RAW = {"e", "r", "s", "c", "scalar", "matrix", "_b", "_se", "_coef"} | MATRIX_FUNCTIONS


class Expression:
    """Reads an expression and computes it at once.

    `name` gives the value of a variable or scalar, `call` that of a function, `raw` that of what is no expression
    inside: `e(N)`, `c(pwd)`, `_b[2.race]`, `M[1,2]`.
    """

    def __init__(
        self,
        text: str,
        name: Callable[[str], Value],
        call: Callable[[str, Sequence[Value]], Value],
        raw: Callable[[str, str], Value],
    ) -> None:
        self._text, self._at = text, 0
        self._name, self._call, self._raw = name, call, raw

    def value(self) -> Value:
        """The value of the whole text.

        Raises
        ------
        StataError
            198 for what is no expression.
        """
        found = self._either()
        if self._text[self._at :].strip():
            raise StataError(198, f"invalid expression: {self._text}")
        return found

    def leading(self) -> tuple[Value, str]:
        """The value of an expression at the beginning of the text, and the text after it."""
        found = self._either()
        return found, self._text[self._at :].strip()

    def _peek(self) -> tuple[str, str]:
        rest = self._text[self._at :].lstrip()
        if rest.startswith(('"', '`"')):
            return "string", rest[0]
        match = _TOKEN.match(self._text, self._at)
        return (str(match.lastgroup), match[str(match.lastgroup)]) if match else ("end", "")

    def _take(self) -> str:
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            raise StataError(198, f"invalid expression: {self._text}")
        self._at = match.end()
        return match[str(match.lastgroup)]

    def _binary(self, operators: set[str], below: Callable[[], Value]) -> Value:
        left = below()
        while self._peek()[0] == "op" and self._peek()[1] in operators:
            left = combined(self._take(), left, below())
        return left

    def _either(self) -> Value:
        return self._binary({"|"}, self._both)

    def _both(self) -> Value:
        return self._binary({"&"}, self._comparison)

    def _comparison(self) -> Value:
        return self._binary({"==", "!=", "~=", "<", ">", "<=", ">="}, self._sum)

    def _sum(self) -> Value:
        return self._binary({"+", "-"}, self._product)

    def _product(self) -> Value:
        return self._binary({"*", "/"}, self._negated)

    def _negated(self) -> Value:
        kind, shown = self._peek()
        if kind == "op" and shown in {"-", "+"}:
            self._take()
            value = numeric(self._negated())
            return value if shown == "+" or is_missing(value) else -value
        return self._power()

    def _power(self) -> Value:
        base = self._unary()
        while self._peek() == ("op", "^"):
            self._take()
            exponent = self._negated() if self._peek()[1] == "-" else self._unary()
            base = combined("^", base, exponent)
        return base

    def _unary(self) -> Value:
        kind, shown = self._peek()
        if kind == "op" and shown in {"!", "~"}:
            self._take()
            return float(numeric(self._unary()) == 0)
        return self._primary()

    def _primary(self) -> Value:
        kind, shown = self._peek()
        if kind == "string":
            return self._string()
        if kind in _LITERALS:
            return _LITERALS[kind](self._take())
        if kind == "name":
            return self._named(self._take())
        if kind == "op" and shown in {"(", "["}:
            self._take()
            return self._inside() if shown == "(" else self._of_equation()
        raise StataError(198, f"invalid expression: {self._text}")

    def _inside(self) -> Value:
        value = self._either()
        self._expect(")")
        return value

    def _of_equation(self) -> Value:
        """`[eq]_b[x]`, `[eq]_se[x]`, and `[eq]x` for the first."""
        equation, name = self._until("]"), self._take()
        if name not in {"_b", "_coef", "_se"}:
            return self._raw("_b", f"{equation}:{name}")
        self._expect("[")
        return self._raw(name, f"{equation}:{self._until(']')}")

    def _named(self, name: str) -> Value:
        opening = self._text[self._at : self._at + 1]
        if opening == "[":
            self._take()
            return self._raw(name, self._until("]"))
        if opening != "(":
            return self._name(name)
        self._take()
        if name in _RAW:
            return self._raw(f"{name}()", self._until(")"))
        return self._call(name, self._arguments())

    def _arguments(self) -> list[Value]:
        found: list[Value] = []
        if self._peek() == ("op", ")"):
            self._take()
            return found
        while True:
            found.append(self._either())
            shown = self._take()
            if shown == ")":
                return found
            if shown != ",":
                raise StataError(198, f"invalid expression: {self._text}")

    def _until(self, closing: str) -> str:
        opening = {"]": "[", ")": "("}[closing]
        depth, start = 1, self._at
        while self._at < len(self._text):
            char = self._text[self._at]
            depth += (char == opening) - (char == closing)
            self._at += 1
            if depth == 0:
                return self._text[start : self._at - 1].strip()
        raise StataError(132, f"{opening} is not closed: {self._text}")

    def _expect(self, shown: str) -> None:
        if self._peek()[1] != shown:
            raise StataError(198, f"{shown} expected: {self._text}")
        self._take()

    def _string(self) -> str:
        self._at += len(self._text[self._at :]) - len(self._text[self._at :].lstrip())
        found, self._at = quoted(self._text, self._at)
        return found


def quoted(text: str, at: int) -> tuple[str, int]:
    """The string that begins at a quote, and where it has ended.

    Raises
    ------
    StataError
        198 if it has no end.
    """
    if text[at] == '"':
        end = text.find('"', at + 1)
        if end < 0:
            raise StataError(198, "a quote is not closed")
        return text[at + 1 : end], end + 1
    depth, i = 1, at + 2
    while i < len(text):
        if text.startswith('`"', i):
            depth, i = depth + 1, i + 2
        elif text.startswith("\"'", i):
            depth, i = depth - 1, i + 2
            if depth == 0:
                return text[at + 2 : i - 2], i
        else:
            i += 1
    raise StataError(198, "a compound quote is not closed")


def numeric(value: Value) -> float:
    """A number, or error 109."""
    if isinstance(value, str):
        raise StataError(109, "type mismatch")
    return value


def combined(operator: str, left: Value, right: Value) -> Value:
    """The result of an operator; arithmetic with a missing value is missing ([U] 12.2.1)."""
    if isinstance(left, str) != isinstance(right, str):
        raise StataError(109, "type mismatch")
    if operator in _COMPARISONS:
        return float(_COMPARISONS[operator](left, right))
    if isinstance(left, str) or isinstance(right, str):
        if operator == "+":
            return f"{left}{right}"
        raise StataError(109, "type mismatch")
    if operator in {"&", "|"}:
        return float((left != 0 and right != 0) if operator == "&" else (left != 0 or right != 0))
    if is_missing(left) or is_missing(right):
        return MISSING
    return _arithmetic(operator, left, right)


def _arithmetic(operator: str, left: float, right: float) -> float:
    try:
        match operator:
            case "+":
                return from_python(left + right)
            case "-":
                return from_python(left - right)
            case "*":
                return from_python(left * right)
            case "/":
                return from_python(left / right)
            case "^":
                power = left**right
                return MISSING if isinstance(power, complex) else from_python(power)
    except (ZeroDivisionError, OverflowError):
        return MISSING
    raise OutsideSubset(f"operator {operator}")


def _from_hex(text: str) -> float:
    mantissa, power = re.split("[xX]", text)
    sign = -1 if mantissa.startswith("-") else 1
    return sign * float.fromhex("0x" + mantissa.lstrip("+-")) * 2.0 ** int(power, 16)


_LITERALS: dict[str, Callable[[str], float]] = {
    "hex": _from_hex,
    "number": lambda text: float(re.sub("[dD]", "e", text)),
    "missing": lambda text: missing(text[1:]),
}

_COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "~=": lambda a, b: a != b,
    "<": lambda a, b: a < b,  # type: ignore[operator]
    ">": lambda a, b: a > b,  # type: ignore[operator]
    "<=": lambda a, b: a <= b,  # type: ignore[operator]
    ">=": lambda a, b: a >= b,  # type: ignore[operator]
}
