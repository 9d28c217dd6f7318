"""Functions of expressions: our reading of [FN]; those that our files use."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

from scipy import stats

from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.expressions import numeric
from tests.stata.standin.formats import formatted, macro_text
from tests.stata.standin.values import MISSING, from_python, is_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.stata.standin.expressions import Value


def call(name: str, args: Sequence[Value]) -> Value:
    """The value of a function.

    Raises
    ------
    OutsideSubset
        A function that the stand-in does not have.
    """
    if name in _NUMBERS:
        values = [numeric(arg) for arg in args]
        return MISSING if any(is_missing(value) for value in values) else _safely(_NUMBERS[name], values)
    if name in _OTHERS:
        return _OTHERS[name](*args)
    raise OutsideSubset(f"function {name}()")


def _safely(function: Callable[..., float], values: Sequence[float]) -> float:
    try:
        return from_python(float(function(*values)))
    except (ValueError, ZeroDivisionError, OverflowError):
        return MISSING


def reldif(x: float, y: float) -> float:
    """|x - y| / (|y| + 1) ([FN] Mathematical functions)."""
    return abs(x - y) / (abs(y) + 1)


def _round(x: float, unit: float = 1.0) -> float:
    return math.floor(x / unit + 0.5) * unit if unit else x


def _cond(test: Value, yes: Value, no: Value) -> Value:
    return yes if numeric(test) != 0 else no


def _inlist(z: Value, *among: Value) -> float:
    if any(isinstance(one, str) != isinstance(z, str) for one in among):
        raise StataError(109, "type mismatch")
    return float(z in among)


def _inrange(z: Value, low: Value, high: Value) -> float:
    x, a, b = numeric(z), numeric(low), numeric(high)
    return float(not is_missing(x) and (is_missing(a) or x >= a) and (is_missing(b) or x <= b))


def _missing(*values: Value) -> float:
    return float(any(value == "" if isinstance(value, str) else is_missing(value) for value in values))


def _text(value: Value) -> str:
    if not isinstance(value, str):
        raise StataError(109, "type mismatch")
    return value


def _substr(s: Value, start: Value, length: Value) -> str:
    text, at, n = _text(s), int(numeric(start)), numeric(length)
    begin = at - 1 if at > 0 else len(text) + at
    return text[begin:] if is_missing(n) else text[begin : begin + int(n)]


def _word(s: Value, n: Value) -> str:
    words, at = _text(s).split(), int(numeric(n))
    at = at - 1 if at > 0 else len(words) + at
    return words[at] if 0 <= at < len(words) else ""


def _fileread(name: Value) -> str:
    path = Path(_text(name))
    if not path.is_file():
        return f"fileread() error 601: file {name} not found"
    return path.read_text(encoding="utf-8")


def _real(s: Value) -> float:
    text = _text(s).strip()
    return float(text) if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text) else MISSING


def _string(n: Value, form: Value = "") -> str:
    value = numeric(n)
    return formatted(value, _text(form)).strip() if form else macro_text(value)


_NUMBERS: dict[str, Callable[..., float]] = {
    "abs": abs,
    "ceil": math.ceil,
    "chi2tail": lambda df, x: stats.chi2.sf(x, df),
    "exp": math.exp,
    "floor": math.floor,
    "int": math.trunc,
    "invlogit": lambda x: 1 / (1 + math.exp(-x)),
    "invnormal": stats.norm.ppf,
    "ln": math.log,
    "lnfactorial": lambda n: math.lgamma(n + 1),
    "log": math.log,
    "log10": math.log10,
    "logit": lambda p: math.log(p / (1 - p)),
    "mod": lambda x, y: x - y * math.floor(x / y),
    "normal": stats.norm.cdf,
    "reldif": reldif,
    "round": _round,
    "sign": lambda x: math.copysign(1, x) if x else 0,
    "sqrt": math.sqrt,
    "trunc": math.trunc,
}

_OTHERS: dict[str, Callable[..., Value]] = {
    "cond": _cond,
    "fileread": _fileread,
    "fileexists": lambda f: float(Path(_text(f)).exists()),
    "inlist": _inlist,
    "inrange": _inrange,
    "length": lambda s: float(len(_text(s).encode())),
    "lower": lambda s: _text(s).lower(),
    "max": lambda *xs: max((x for x in xs if not is_missing(numeric(x))), default=MISSING),
    "mi": _missing,
    "min": lambda *xs: min(xs, default=MISSING),
    "missing": _missing,
    "real": _real,
    "regexm": lambda s, pattern: float(bool(re.search(_text(pattern), _text(s)))),
    "string": _string,
    "strlen": lambda s: float(len(_text(s).encode())),
    "strlower": lambda s: _text(s).lower(),
    "strofreal": _string,
    "strpos": lambda s, t: float(_text(s).find(_text(t)) + 1),
    "strtrim": lambda s: _text(s).strip(" "),
    "strupper": lambda s: _text(s).upper(),
    "subinstr": lambda s, a, b, n: _text(s).replace(_text(a), _text(b), -1 if is_missing(numeric(n)) else int(n)),
    "substr": _substr,
    "trim": lambda s: _text(s).strip(" "),
    "upper": lambda s: _text(s).upper(),
    "word": _word,
    "wordcount": lambda s: float(len(_text(s).split())),
}
