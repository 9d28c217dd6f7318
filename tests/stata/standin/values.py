"""Numbers, missing values and names: our reading of [U] 11.3, [U] 12.2 and [D] Data types."""

from __future__ import annotations

import math
import re

MISSING = 2.0**1023
"""`.`; `.a` is 1/4096 larger, `.b` twice that, and so on ([U] 12.2.1)."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"
MAX_STR = 2045
"""The longest `str#`, in bytes; longer is `strL` ([U] 12.4)."""
NAME_LENGTH = 32
LOCAL_LENGTH = 31
MAX_MATRIX = 11_000
"""Rows and columns of a matrix in Stata/SE ([R] Limits)."""
MAX_VARIABLES = 5000
"""Variables in a data set of Stata/SE, where nothing else was set ([R] Limits)."""

RANGES = {
    "byte": (-127, 100),
    "int": (-32_767, 32_740),
    "long": (-2_147_483_647, 2_147_483_620),
    "float": (-1.70141173319e38, 1.70141173319e38),
    "double": (-8.9884656743e307, 8.9884656743e307),
}
"""What each numeric storage type holds ([D] Data types)."""

_NAME = re.compile(r"[^\W\d]\w*\Z")
_RESERVED = {
    *["_all", "_b", "byte", "_coef", "_cons", "double", "float", "if", "in", "int", "long"],
    *["_n", "_N", "_pi", "_pred", "_rc", "_se", "_skip", "strL", "using", "with"],
}


def missing(letter: str = "") -> float:
    """`.`, or `.a` to `.z`."""
    return MISSING * (1 + (LETTERS.index(letter) + 1 if letter else 0) / 4096)


def is_missing(value: float) -> bool:
    """Whether a number is one of Stata's missing values."""
    return value >= MISSING


def missing_text(value: float) -> str:
    """`.`, or `.a` to `.z`."""
    at = round((value / MISSING - 1) * 4096)
    return "." if at == 0 else f".{LETTERS[at - 1]}"


def from_python(value: float) -> float:
    """A number that a computation in Python made: what has no value is `.`."""
    return float(value) if math.isfinite(value) and abs(value) < MISSING else MISSING


def is_name(name: str, length: int = NAME_LENGTH) -> bool:
    """Letters, digits and `_`, no digit first, at most 32 characters."""
    return bool(_NAME.match(name)) and len(name) <= length


def is_variable_name(name: str) -> bool:
    """A name that is not one of Stata's reserved words."""
    return is_name(name) and name not in _RESERVED and not re.fullmatch(r"str\d+", name)


def is_stripe_name(name: str) -> bool:
    """A name of a row or column: `eq:2.race#c.age`, `/lnalpha`, each variable's part at most 32 characters."""
    equation, colon, rest = name.rpartition(":")
    if colon and not _is_equation(equation):
        return False
    rest = rest.removeprefix("/") if not colon else rest
    return all(re.fullmatch(r"(?:(?:\d+|[a-z0-9]*)\.)?(\w{1,32})", part) for part in rest.split("#"))


def _is_equation(name: str) -> bool:
    return name in {"_", "/"} or (0 < len(name) <= NAME_LENGTH and not set(name) & set(' \t":'))
