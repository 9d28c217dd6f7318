"""What kind of text a .csv is: detected, and said, or fixed by lines in node.toml.

Encoding
    UTF-8 when every byte of the file is; otherwise cp1252, unless some lines are UTF-8 beyond ASCII and some are not.
Delimiter
    Of comma, semicolon, tab and bar, the one that stands in the header; of several, the one that gives all rows as
    many cells.
Decimal sign
    A point where commas separate the cells. Otherwise what a number of the file shows that cannot be thousands: 1,5 or
    0,125, but not 1,234. What no number shows, or numbers show both ways, stays open.
Dates
    The forms in `cells.FORMS`; a day above 12 tells day from month.

The first rows are looked at, all columns of them, whatever is asked for: so a column never means something else because
another is read with it. For the decimal sign more rows are, until there is one that tells.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from fedfolder.errors import DataFileError
from fedfolder.node.cells import FORMS, WORDS, Spelling, days, is_number_somehow, looks_like_a_date
from fedfolder.node.encoding import encoding_of
from fedfolder.node.text_file import SETTINGS, TextFile, spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from fedfolder.node.reading import Reading

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_ROWS = 10_000
"""Rows that are looked at for dates and the decimal sign."""
ALIKE_ROWS = 1_000
"""Rows that are looked at for the delimiter."""
FIXED = "fixed in node.toml"
_MAYBE_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file of text is to be read.

    Parameters
    ----------
    file : TextFile
        With its encoding and delimiter.
    spelling : Spelling
        The decimal sign ("" when it is open) and the words for missing.
    forms : tuple of str
        The forms of dates to look for.
    settled : tuple of str
        Forms that some column shows beyond doubt.
    decimal_is_fixed, dates_are_fixed : bool
        Whether node.toml says so.
    how : tuple of (str, str)
        All of it in words.
    """

    file: TextFile
    spelling: Spelling
    forms: tuple[str, ...]
    settled: tuple[str, ...]
    decimal_is_fixed: bool
    dates_are_fixed: bool
    how: tuple[tuple[str, str], ...]


def text_file(path: Path, reading: Reading, *, guess: bool = False) -> tuple[TextFile, list[tuple[str, str]]]:
    """The file with its encoding and delimiter, and what there is to say of them.

    Parameters
    ----------
    guess : bool
        Take it for ASCII, and say nothing of it.

    Raises
    ------
    DataFileError
        Neither can be told; the line to write is named.
    """
    if guess:
        encoding, why = "ascii", "guessed"
    else:
        encoding, why = (reading.encoding, FIXED) if reading.encoding else encoding_of(path)
    delimiter, which = (reading.delimiter, FIXED) if reading.delimiter else _delimiter(path, encoding)
    name = "UTF-8" if encoding.startswith("utf-8") else encoding
    file = TextFile(path, "utf-8-sig" if encoding == "utf-8" else encoding, delimiter, guess)
    return file, [("encoding", f"{name} ({why})"), ("delimiter", f"{spoken(delimiter)} ({which})")]


def detect(file: TextFile, header: Sequence[str], said: Iterable[tuple[str, str]], reading: Reading) -> Dialect:
    """What the file's numbers, dates and missing values look like."""
    words = WORDS if reading.missing is None else reading.missing
    look = _Look(header, Spelling("", words))
    look.at(file, decimals=reading.decimal is None and file.delimiter != ",", dates=reading.dates is None)
    decimal, why = (reading.decimal, FIXED) if reading.decimal else _decimal(look, file.delimiter)
    dates = ", ".join(f"{form} (seen in {name})" for form, name in look.settled.items()) or "none that tells its form"
    if reading.dates is not None:
        dates = f"{', '.join(reading.dates) or 'none'} ({FIXED})"
    missing = ", ".join(['the empty cell, "."', *(f'"{word}"' for word in sorted(words - {"", "."}))])
    how = [
        *said,
        ("decimals", f"{spoken(decimal)} ({why})" if decimal else why),
        ("dates", dates),
        ("missing", missing + (f" ({FIXED})" if reading.missing is not None else "")),
    ]
    return Dialect(
        file=file,
        spelling=Spelling(decimal, words),
        forms=FORMS if reading.dates is None else reading.dates,
        settled=tuple(look.settled),
        decimal_is_fixed=reading.decimal is not None,
        dates_are_fixed=reading.dates is not None,
        how=tuple(how),
    )


# -- delimiter ---------------------------------------------------------------------------------------------------------


def _delimiter(path: Path, encoding: str) -> tuple[str, str]:
    """The sign between cells, and why."""
    widths = {sign: _widths(TextFile(path, encoding, sign)) for sign in DELIMITERS}
    able = [sign for sign in DELIMITERS if widths[sign][:1] > [1]]
    if not able:
        return ",", "the header has one name"
    if len(able) == 1:
        return able[0], f"the header has {widths[able[0]][0]} names"
    alike = [sign for sign in able if len(set(widths[sign])) == 1 and len(widths[sign]) > 1]
    if len(alike) == 1:
        return alike[0], f"{len(widths[alike[0]])} rows have {widths[alike[0]][0]} cells each"
    what = "it cannot be told what separates the columns of the data file"
    found = " or ".join(map(spoken, able))
    raise DataFileError(what, where=str(path), found=found, do=f'write delimiter = ";" (or another) into {SETTINGS}')


def _widths(file: TextFile) -> list[int]:
    """How many cells the first rows have; a row that is malformed has none."""
    widths: list[int] = []
    with suppress(DataFileError):
        widths.extend(map(len, islice(file.rows(), ALIKE_ROWS)))
        return widths
    return [*widths, 0]


# -- numbers and dates -------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Column:
    """What the cells of a column leave possible.

    `certain` are signs that can only stand before decimals, `open` those that can stand before thousands as well.
    """

    name: str
    is_number: bool = True
    certain: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)
    forms: tuple[str, ...] | None = None

    def look_for_decimals(self, cells: Iterable[str], spelling: Spelling) -> None:
        """Take in the distinct cells of a chunk."""
        if not self.is_number:
            return
        for cell in cells:
            bare = cell.strip()
            if spelling.is_missing(bare):
                continue
            if not is_number_somehow(bare):
                self.is_number = False
                return
            for sign in ",.":
                if sign in bare:
                    (self.open if _MAYBE_THOUSANDS.fullmatch(bare) else self.certain).add(sign)

    def look_for_dates(self, cells: Iterable[str], spelling: Spelling) -> None:
        """Take in the distinct cells of a chunk."""
        present = [cell for cell in cells if not spelling.is_missing(cell.strip())]
        if not present or self.forms == ():
            return
        if not looks_like_a_date(present[0]):
            self.forms = ()
            return
        candidates = FORMS if self.forms is None else self.forms
        self.forms = tuple(form for form in candidates if days(present, form) is not None)


class _Look:
    """A look at a file's columns."""

    def __init__(self, header: Sequence[str], spelling: Spelling) -> None:
        self.columns = [_Column(name or f"column {place}") for place, name in enumerate(header, start=1)]
        self.spelling = spelling

    def at(self, file: TextFile, *, decimals: bool, dates: bool) -> None:
        """Look at the first rows, and for decimals at more until some tell."""
        nrows = 0
        # A file that cannot be read is an error when it is read; here it tells nothing more.
        with suppress(DataFileError):
            for block in file.blocks(len(self.columns)) if decimals or dates else ():
                for place, found in enumerate(self.columns):
                    still = (decimals and found.is_number, dates and found.forms != ())
                    distinct = set(block.cells(place)) if any(still) else ()
                    if still[0]:
                        found.look_for_decimals(distinct, self.spelling)
                    if still[1]:
                        found.look_for_dates(distinct, self.spelling)
                nrows += block.nrows
                dates = dates and nrows < SAMPLE_ROWS
                if nrows >= SAMPLE_ROWS and (not decimals or self.signs()):
                    return

    def signs(self, *, certain: bool = True) -> dict[str, str]:
        """The decimal signs that columns of numbers show, and the first column that does."""
        signs: dict[str, str] = {}
        for column in self.columns:
            for sign in column.certain if certain else column.open:
                if column.is_number:
                    signs.setdefault(sign, column.name)
        return signs

    @property
    def settled(self) -> dict[str, str]:
        """The forms of dates that columns show beyond doubt, and the first column that does."""
        settled: dict[str, str] = {}
        for column in self.columns:
            if column.forms is not None and len(column.forms) == 1:
                settled.setdefault(column.forms[0], column.name)
        return settled


def _decimal(look: _Look, delimiter: str) -> tuple[str, str]:
    """The decimal sign, and why; "" when it is open."""
    if delimiter == ",":
        return ".", "commas separate the columns"
    certain, maybe = look.signs(), look.signs(certain=False)
    seen = [f"{spoken(sign)} in {name}" for sign, name in sorted(certain.items())]
    if len(certain) > 1:
        return "", f"unclear: {' and '.join(seen)}"
    if certain:
        return next(iter(certain)), f"seen in {next(iter(certain.values()))}"
    if maybe:
        seen = [f"{spoken(sign)} in {name}" for sign, name in sorted(maybe.items())]
        return "", f"unclear: {' and '.join(seen)} may stand before thousands"
    return "", "no number has any"
