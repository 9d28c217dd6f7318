"""The families and links of `glm`, from Stata's words to one word each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fedfolder.command.terms import is_name

IDENTITY, RECIPROCAL, SQUARE_RECIPROCAL = "identity", "power -1", "power -2"
_POWERS = (IDENTITY, "log", RECIPROCAL, SQUARE_RECIPROCAL)

LINKS = {
    "gaussian": _POWERS,
    "igaussian": (SQUARE_RECIPROCAL, RECIPROCAL, IDENTITY, "log"),
    "binomial": ("logit", "probit", "cloglog", *_POWERS),
    "poisson": ("log", "rs", IDENTITY, RECIPROCAL, SQUARE_RECIPROCAL),
    "gamma": (RECIPROCAL, IDENTITY, "log", SQUARE_RECIPROCAL),
}
"""The links of each family, as in Stata; the first one is the canonical link, which is taken where none is given."""

LOG_LIKE = ("log", "rs")
"""The links with which `exposure()` has a meaning."""

_FAMILY_WORDS = {
    "gaussian": "gau",
    "igaussian": "ig",
    "binomial": "b",
    "bernoulli": "be",
    "poisson": "p",
    "gamma": "gam",
}
_FAMILY_NAMES = {"bernoulli": "binomial"}
_LINK_WORDS = {"identity": "i", "logit": "l", "probit": "p", "cloglog": "c"}
_LINK_NAMES = {"log": "log", "reciprocal": RECIPROCAL}
_POWER_NAMES = {1.0: IDENTITY, 0.0: "log", -1.0: RECIPROCAL, -2.0: SQUARE_RECIPROCAL}

FAMILY_EXPECTED = "binomial, binomial n, gaussian, poisson, gamma or igaussian"
LINK_EXPECTED = "logit, probit, cloglog, log, identity, power -1, power -2 or rs variable"


@dataclass(frozen=True, slots=True)
class Family:
    """A family and its link, in canonical words; `trials` and `expected` are a number or a variable, or `""`."""

    name: str
    link: str
    trials: str = ""
    expected: str = ""


def family_of(family: str | None, link: str | None) -> Family:
    """What the canonical arguments of `family()` and `link()` mean, None where an option is not given."""
    name, _, trials = (family or "gaussian").partition(" ")
    chosen = link or LINKS[name][0]
    expected = chosen.removeprefix("rs ") if chosen.startswith("rs ") else ""
    return Family(name, "rs" if expected else chosen, trials, expected)


def canonical_family(text: str) -> str | None:
    """The canonical argument of `family()`; None if it is none: `bin n` is `binomial n`."""
    words = text.split()
    full = [name for name, short in _FAMILY_WORDS.items() if words and _abbreviates(words[0], name, short)]
    if not full:
        return None
    name = _FAMILY_NAMES.get(full[0], full[0])
    if len(words) == 1:
        return name
    grouped = full[0] == "binomial" and len(words) == 2 and _is_trials(words[1])  # noqa: PLR2004 - and the trials
    return f"{name} {words[1]}" if grouped else None


def _is_trials(text: str) -> bool:
    """Whether a text names a variable, or is a whole number of 1 or more."""
    return is_name(text) or re.fullmatch("[1-9][0-9]{0,14}", text) is not None


def canonical_link(text: str) -> str | None:
    """The canonical argument of `link()`; None if it is none: `pow -1` and `reciprocal` are `power -1`."""
    words = text.split()
    if len(words) == 2:  # noqa: PLR2004 - the link and its argument
        if words[0] == "rs" and is_name(words[1]):
            return f"rs {words[1]}"
        power = re.fullmatch(r"[+-]?[0-9]{1,3}(\.[0-9]{0,3})?", words[1])
        return _POWER_NAMES.get(float(words[1])) if power and _abbreviates(words[0], "power", "pow") else None
    if len(words) != 1:
        return None
    if words[0] in _LINK_NAMES:
        return _LINK_NAMES[words[0]]
    return next((name for name, short in _LINK_WORDS.items() if _abbreviates(words[0], name, short)), None)


def _abbreviates(word: str, name: str, shortest: str) -> bool:
    return name.startswith(word) and len(word) >= len(shortest)
