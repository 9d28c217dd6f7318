"""What the cells of a text file mean: numbers, dates and missing values, one cell or many at a time.

- Digits are numbers: `01` is 1, as Stata's `import delimited` reads it. `TRUE` and `FALSE` are text, as in Stata.
- A number's digits give the nearest float64, so that one printed with 17 digits comes back as it was.
- Signs between thousands are never understood: `1.234,5` is text.
- A date is Stata's number of it, the days since 1960-01-01; a day that is not in the calendar is no date.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

STATA_MISSING = frozenset({"."} | {f".{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"})
ALWAYS_MISSING = STATA_MISSING | {"", "NaN"}
"""Missing in a column of numbers or dates, whatever the settings."""
WORDS = frozenset({"NA", "N/A", "NULL"})
"""Missing in every column, unless the settings name other words."""
LEVEL_MARKS = frozenset({"NaN", "nan", "None", "null", "na", "n/a", "#N/A"}) | (STATA_MISSING - {"."})
"""What other programs write for a missing value, and what is a level in a column of text."""

NAN = float("nan")
_EXPONENT = "(?:[eE][+-]?[0-9]+)?"
_NUMBERS = {
    mark: re.compile(
        rf"[+-]?(?:(?:[0-9]+{sign}?[0-9]*|{sign}[0-9]+){_EXPONENT}|inf|infinity)", re.ASCII | re.IGNORECASE
    )
    for mark, sign in ((".", r"\."), (",", ","))
} | {"": re.compile(rf"[+-]?(?:[0-9]+{_EXPONENT}|inf|infinity)", re.ASCII | re.IGNORECASE)}
_PLAIN = {mark: re.compile(f"[0-9{mark}eE+-]*", re.ASCII) for mark in (".", ",", "")}
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:[., '\u00a0\u202f][0-9]{3})+(?:[.,][0-9]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Spelling:
    """How numbers and missing values are spelt.

    Parameters
    ----------
    decimal : {".", ",", ""}
        The decimal sign; with none, a number has no decimals.
    missing : set of str
        Words for a missing value besides the empty cell.
    """

    decimal: str = "."
    missing: frozenset[str] = WORDS

    def is_missing(self, bare: str) -> bool:
        """Whether a cell, blanks around it removed, is missing in a column of numbers or dates."""
        return bare in ALWAYS_MISSING or bare in self.missing

    def number(self, cell: str) -> float | None:
        """The number in a cell: NaN when it is missing, None when it is text."""
        bare = cell.strip()
        if self.is_missing(bare):
            return NAN
        return float(bare.replace(",", ".")) if _NUMBERS[self.decimal].fullmatch(bare) else None

    def numbers(self, cells: Sequence[str]) -> NDArray[np.float64] | None:
        """The number in each cell, NaN where it is missing; None when a cell is text."""
        if not self.plain_words:
            with suppress(ValueError):
                return self._plain_numbers(cells)
        values: dict[str, float] = {}
        for cell in dict.fromkeys(cells):
            value = self.number(cell)
            if value is None:
                return None
            values[cell] = value
        return np.fromiter(map(values.__getitem__, cells), np.float64, len(cells))

    def _plain_numbers(self, cells: Sequence[str]) -> NDArray[np.float64]:
        """The same, sooner, for cells of digits and signs alone; `ValueError` for others.

        Of cells in these characters, `float` takes those that `number` takes.
        """
        if not _PLAIN[self.decimal].fullmatch("".join(cells)):
            raise ValueError
        if "" in cells:
            cells = [cell or "nan" for cell in cells]
        if self.decimal == ",":
            cells = "\n".join(cells).replace(",", ".").split("\n") if cells else cells
        return np.fromiter(map(float, cells), np.float64, len(cells))

    @property
    def plain_words(self) -> list[str]:
        """Words for missing that look like numbers, such as -9: a cell that is one is none of its number."""
        return [word for word in self.missing if word and _PLAIN[self.decimal].fullmatch(word)]


def is_grouped(cell: str) -> bool:
    """Whether a cell looks like a number with signs between its thousands, such as 1.234,5 or 1,234."""
    return _GROUPED.fullmatch(cell.strip()) is not None


def is_number_somehow(cell: str) -> bool:
    """Whether a cell is a number with one decimal sign or the other."""
    bare = cell.strip()
    return any(_NUMBERS[mark].fullmatch(bare) for mark in (".", ","))


# -- dates -------------------------------------------------------------------------------------------------------------

DAY_ZERO = date(1960, 1, 1).toordinal()
_PARTS = {"dd": "(?P<dd>[0-9]{1,2})", "mm": "(?P<mm>[0-9]{1,2})", "yyyy": "(?P<yyyy>[0-9]{4})"}
_MIDNIGHT = r"(?:[ T]00:00(?::00(?:\.0+)?)?)?"
_FORM = re.compile(r"(dd|mm|yyyy)([./-])(dd|mm|yyyy)\2(dd|mm|yyyy)")
_DATE = re.compile(rf"[0-9]{{1,4}}([./-])[0-9]{{1,2}}\1[0-9]{{1,4}}{_MIDNIGHT}", re.ASCII)
FORMS = (
    *("yyyy-mm-dd", "yyyy/mm/dd", "yyyy.mm.dd"),
    *("dd.mm.yyyy", "mm.dd.yyyy", "dd/mm/yyyy", "mm/dd/yyyy", "dd-mm-yyyy", "mm-dd-yyyy"),
)
"""The forms of dates that are looked for."""


def check_form(form: str) -> str:
    """A form of dates, as it stands in node.toml; raises `ConfigError` when it is none."""
    parts = _FORM.fullmatch(form)
    if parts is None or len({parts[1], parts[3], parts[4]}) != 3:  # noqa: PLR2004 - day, month, year
        what = "this is no form of dates"
        raise ConfigError(what, found=form, expected=f"one such as {', '.join(FORMS[:1] + FORMS[3:4] + FORMS[5:6])}")
    return form


def looks_like_a_date(cell: str) -> bool:
    """Whether a cell has the shape of a date, in the calendar or not."""
    return _DATE.fullmatch(cell.strip()) is not None


def days(cells: Collection[str], form: str) -> list[float] | None:
    """Each cell's days since 1960-01-01; None when one of them is no date of this form.

    Midnight may stand behind a date (`2020-02-29 00:00:00`), as databases write it.
    """
    parts = _FORM.fullmatch(form)
    if parts is None:
        return None
    first, sign, second, third = parts.groups()
    pattern = re.compile(re.escape(sign).join(_PARTS[part] for part in (first, second, third)) + _MIDNIGHT, re.ASCII)
    found = []
    for cell in cells:
        match = pattern.fullmatch(cell.strip())
        try:
            # A cell of another form has no groups.
            found.append(float(date(*(int(match[part]) for part in ("yyyy", "mm", "dd"))).toordinal() - DAY_ZERO))  # type: ignore[index]
        except (ValueError, TypeError):
            return None
    return found
