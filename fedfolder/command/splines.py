"""What `stpm2` says of its splines: how many columns, where their knots are, and which terms vary with time."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.command.names import LONGEST_NAME, is_name
from fedfolder.command.numlist import numlist
from fedfolder.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fedfolder.command.statement import Command

STPM2 = "stpm2"
SCALES = {"hazard": ("hazard", "h"), "odds": ("odds", "o"), "normal": ("normal", "n"), "probit": ("normal", "probit")}
"""The words for a scale, each with what it means and its shortest abbreviation."""
SCALES_OF_STPM3 = {
    "lncumhazard": ("hazard", "lncumh"),
    "lnodds": ("odds", "lnodds"),
    "probit": ("normal", "probit"),
}
FACTOR = "i."
"""What stands before a factor in `tvc()`, `dftvc()` and `knotstvc()`."""
TERM = r"(?:i\.)?[A-Za-z_]\w*"
"""What these name, as a pattern."""
MOST_COLUMNS = 10
"""Columns of a spline, at most: as in `stpm2`, `df(10)`."""
CENTILES = {
    1: (),
    2: (50.0,),
    3: (33.0, 67.0),
    4: (25.0, 50.0, 75.0),
    5: (20.0, 40.0, 60.0, 80.0),
    6: (17.0, 33.0, 50.0, 67.0, 83.0),
    7: (14.0, 29.0, 43.0, 57.0, 71.0, 86.0),
    8: (12.5, 25.0, 37.5, 50.0, 62.5, 75.0, 87.5),
    9: (11.1, 22.2, 33.3, 44.4, 55.6, 66.7, 77.8, 88.9),
    10: (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0),
}
"""Of the event times, where `stpm2` puts the inner knots of a spline of so many columns (help stpm2)."""


@dataclass(frozen=True, slots=True)
class Spline:
    """A restricted cubic spline of ln(time).

    Parameters
    ----------
    of : str
        The term whose effect it is, as `tvc()` names it: `x`, or `i.g` of a factor, whose levels but the base have the
        spline for their effect each; `""` for the baseline.
    df : int
        The number of its columns.
    knots : tuple of float or None
        The times of its inner knots, df - 1 of them; None where they are centiles of the event times.
    """

    of: str
    df: int
    knots: tuple[float, ...] | None = None

    @property
    def is_of_levels(self) -> bool:
        """Whether it is of a factor, and its columns are multiplied by the levels of that."""
        return self.of.startswith(FACTOR)

    @property
    def variable(self) -> str:
        """The variable of its term."""
        return self.of.removeprefix(FACTOR)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns: `_rcs1`, or `_rcs_x1` for the term x or i.x."""
        return tuple(f"_rcs{f'_{self.variable}' if self.of else ''}{number}" for number in range(1, self.df + 1))


def splines_of(command: Command) -> tuple[Spline, ...]:
    """The splines of a command, the baseline's first; none of another model."""
    if command.model != STPM2:
        return ()
    given, df = command.argument("knots"), command.argument("df")
    knots = None if given is None else numbers(given)
    baseline = Spline("", len(knots) + 1 if knots is not None else int(df or 1), knots)
    by_df, by_knots = _by_term(command.argument("dftvc")), _by_term(command.argument("knotstvc"))
    return (baseline, *(_of_term(name, by_df, by_knots) for name in (command.argument("tvc") or "").split()))


def _of_term(name: str, by_df: Mapping[str, str], by_knots: Mapping[str, str]) -> Spline:
    if name in by_knots:
        knots = numbers(by_knots[name])
        return Spline(name, len(knots) + 1, knots)
    return Spline(name, int(by_df.get(name) or by_df.get("") or 1))


def boundaries_of(command: Command) -> tuple[float, float] | None:
    """The times of the boundary knots, where the command gives them."""
    given = command.argument("bknots")
    if given is None:
        return None
    low, high = numbers(given)
    return low, high


def _by_term(text: str | None) -> dict[str, str]:
    """`x: 3 z: 2` by term, and what is for all under `""`."""
    parts = re.split(f"({TERM}):", text or "")
    named = dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))
    return named | ({"": parts[0].strip()} if parts[0].strip() else {})


def numbers(text: str) -> tuple[float, ...]:
    """Numbers with spaces between them."""
    return tuple(map(float, text.split()))


# -- arguments of options, from their text to their canonical text, or to None where that will not do -----------------


def _text(value: float) -> str | None:
    whole = math.isfinite(value) and value.is_integer() and abs(value) < 2.0**53
    return str(int(value)) if whole else repr(value) if math.isfinite(value) else None


def _rising(text: str) -> str | None:
    try:
        values = numlist(text)
    except ConfigError:
        return None
    found = [part for part in map(_text, values) if part is not None]
    rises = all(b > a for a, b in zip([0.0, *values], values, strict=False))
    return " ".join(found) if rises and len(found) == len(values) else None


def knots(text: str) -> str | None:
    """Times above zero, in rising order."""
    found = _rising(text)
    return found if found is not None and len(found.split()) < MOST_COLUMNS else None


def boundary_knots(text: str) -> str | None:
    """Two of them."""
    found = _rising(text)
    return found if found is not None and len(found.split()) == 2 else None  # noqa: PLR2004 - smallest and largest


def df(text: str) -> str | None:
    """A number of columns."""
    return str(int(text)) if re.fullmatch("0*[1-9][0-9]?", text) and int(text) <= MOST_COLUMNS else None


def terms(text: str) -> str | None:
    """The names of variables, each once, `i.` before those of factors."""
    terms = text.split()
    names = [term.removeprefix(FACTOR) for term in terms]
    fits = all(is_name(name) and len(f"_rcs_{name}{MOST_COLUMNS}") <= LONGEST_NAME for name in names)
    return " ".join(terms) if names and fits and len(set(names)) == len(names) else None


def df_by_term(text: str) -> str | None:
    """A number of columns for all, or `x: 3` for each."""
    return _each(text, df, bare=True)


def knots_by_term(text: str) -> str | None:
    """Knots of each: `x: 1 2.5 z: 2`; Stata's form `x 1 2.5 z 2` is the same."""
    return _each(re.sub(rf"(?<![\w.])({TERM})\s+(?![:\w]*:)(?=[0-9.])", r"\1: ", text), knots, bare=False)


def _each(text: str, canonical: Callable[[str], str | None], *, bare: bool) -> str | None:
    spaced = re.sub(r"\s*:\s*", ": ", text.strip())
    parts = re.split(f"({TERM}):", spaced)
    names, values = parts[1::2], [canonical(part.strip()) for part in parts[2::2]]
    first = canonical(parts[0].strip()) if parts[0].strip() else ""
    if first is None or (first and not bare) or None in values or len(set(names)) != len(names):
        return None
    if not (first or names):
        return None
    return " ".join([*([first] if first else []), *(f"{n}: {v}" for n, v in zip(names, values, strict=True))])


def scale(text: str) -> str | None:
    """The canonical word for a scale, of `stpm2` or of `stpm3`."""
    words = [*SCALES.items(), *SCALES_OF_STPM3.items()]
    return next((m for word, (m, shortest) in words if word.startswith(text) and len(text) >= len(shortest)), None)
