"""What options have in their parentheses: from what was typed to one way to write it, or None where it will not do."""

from __future__ import annotations

import math
import re

from fedfolder.command.names import NODE, abbreviates, is_name, quoted, unquoted
from fedfolder.command.numlist import numlist
from fedfolder.errors import ConfigError

SMALLEST_LEVEL, LARGEST_LEVEL = 10.0, 99.99
"""Percent: the confidence levels that Stata takes."""

DEFAULT_LEVEL = 95.0


def level(text: str) -> str | None:
    """The canonical text of a confidence level, None if it is not one."""
    number = re.fullmatch(r"([0-9]{2})(\.[0-9]{0,2})?", text)
    if number is None or not SMALLEST_LEVEL <= float(text) <= LARGEST_LEVEL:
        return None
    return f"{float(text):g}"


def variable(text: str) -> str | None:
    """The name of a variable, None if it is not one."""
    return text if is_name(text) else None


def vce(text: str) -> str | None:
    """The canonical text of a kind of variance: `oim`, `robust`, `cluster id` or `cluster id, across`."""
    kinds = {"oim": "oim", "ols": "ols", "robust": "r"}
    for kind, shortest in kinds.items():
        if abbreviates(text, kind, shortest):
            return "oim" if kind == "ols" else kind
    cluster = re.fullmatch(r"(cl\w*)\s+(\w+)\s*(,\s*across)?", text)
    if cluster is None or not abbreviates(cluster[1], "cluster", "cl") or not is_name(cluster[2]):
        return None
    return f"cluster {cluster[2]}{', across' if cluster[3] else ''}"


def grid(text: str) -> str | None:
    """The canonical text of a number above zero."""
    number = re.fullmatch(r"[0-9]*\.?[0-9]*([eE][+-]?[0-9]+)?", text)
    try:
        value = float(text) if number else 0.0
    except ValueError:
        return None
    return repr(value).removesuffix(".0") if value > 0 and math.isfinite(value) else None


def phtest(text: str) -> str | None:
    """What time a test of proportional hazards is about."""
    return text if text in {"log", "time", "rank", "km"} else None


MOST_TIMES = 100
"""Times that `basesurv()` takes."""


def times(text: str, most: int = MOST_TIMES) -> str | None:
    """Times above zero, each once, in rising order; `1/5` and `0.5(0.5)10` are written out."""
    try:
        found = sorted(set(numlist(text)))
    except ConfigError:
        return None
    good = len(found) <= most and all(0 < time < math.inf for time in found)
    return " ".join(str(grid(repr(time))) for time in found) if good else None


MOST_STRATA = 5
"""Variables that `strata()` takes, as Stata's."""


def strata(text: str) -> str | None:
    """The names of the variables of `strata()`, each once."""
    names = tuple(dict.fromkeys(text.split()))
    good = len(names) > 0 and len([name for name in names if name != NODE]) <= MOST_STRATA
    return " ".join(names) if good and all(map(is_name, names)) else None


def base_outcome(text: str) -> str | None:
    """The canonical text of a level: bare where it is a whole number, otherwise in quotes."""
    if re.fullmatch('"([^"]|"")*"', text):
        text = unquoted(text)
    elif not re.fullmatch("-?[0-9]+", text):
        return None
    return text if re.fullmatch("-?[0-9]+", text) else quoted(text)


POINTS, MOST_POINTS = 7, 100
"""Points of quadrature where a command names none, as in Stata, and at most."""

METHOD = "mcaghermite"
"""Adaptive Gauss-Hermite quadrature about the mode, by the curvature there."""

DISTRIBUTIONS = {
    "exponential": ("exponential", "e"),
    "weibull": ("weibull", "w"),
    "gompertz": ("gompertz", "gom"),
    "loglogistic": ("loglogistic", "logl"),
    "llogistic": ("loglogistic", "ll"),
    "lognormal": ("lognormal", "logn"),
    "lnormal": ("lognormal", "ln"),
}
"""The words for a distribution of survival times, each with what it means and its shortest abbreviation."""

HAZARDS = frozenset({"exponential", "weibull", "gompertz"})
"""The distributions that are models of hazards, unless `aft` is given."""

EITHER = frozenset({"exponential", "weibull"})
"""Those of them that can be models of time, too."""


def binomial(text: str) -> str | None:
    """The name of the variable with the trials, or their number; None if it is neither."""
    number = re.fullmatch("[0-9]{1,9}", text)
    return str(int(text)) if number and int(text) > 0 else variable(text)


def points(text: str) -> str | None:
    """The number of points of a quadrature, None if it is none."""
    number = re.fullmatch("[0-9]{1,3}", text)
    return str(int(text)) if number and 1 <= int(text) <= MOST_POINTS else None


def method(text: str) -> str | None:
    """The word for the only way in which points are placed, None if it is another."""
    return METHOD if abbreviates(text, METHOD, "mc") else None


def distribution(text: str) -> str | None:
    """The canonical word for a distribution, None if it is none."""
    words = DISTRIBUTIONS.items()
    return next((meant for word, (meant, shortest) in words if abbreviates(text, word, shortest)), None)
