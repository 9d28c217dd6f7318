"""Several fits side by side, as a grid that each format prints in its way: Stata's `estimates table`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.parameters import ANCILLARY
from fedfolder.errors import ConfigError, UnknownNameError, nearest
from fedfolder.estimates.coefficients import coefficients
from fedfolder.estimates.information import estat_ic
from fedfolder.estimates.layout import Row, blocks_of, in_each_equation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fedfolder.estimates.coefficients import Coefficients
    from fedfolder.estimates.result import FitResult

CONTENTS = ("b", "se", "p", "ci")
"""What can stand in the lines of a coefficient."""

STATISTICS: dict[str, Callable[[FitResult], float]] = {
    "N": lambda fit: float(fit.nobs),
    "ll": lambda fit: fit.llf,
    "ll_0": lambda fit: math.nan if fit.llnull is None else fit.llnull,
    "aic": lambda fit: estat_ic(fit).aic,
    "bic": lambda fit: estat_ic(fit).bic,
    "k": lambda fit: float(len(fit.names)),
}
"""Statistics that every fit has; any other name is looked up in its `stats`."""

_COUNTS = {"N", "k"}
_STARS = 3
_WIDEST = 200
"""Characters of names, where lines may have any length."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a table shows.

    Parameters
    ----------
    contents : tuple of str
        Of `CONTENTS`, a line each.
    stars : tuple of float
        Levels below which a p-value earns one star, two and three; empty for none.
    statistics : tuple of str
        Names of statistics below the coefficients.
    eform : bool
        Exponentiate coefficients.
    level : float or None
        Confidence level of `ci`, each fit's own by default.
    decimals : int or None
        Places after the point; None for as many digits as Stata's general format shows.

    Raises
    ------
    ConfigError
        Stars that are no probabilities, falling.
    UnknownNameError
        Contents that are none.
    """

    contents: tuple[str, ...] = ("b", "se")
    stars: tuple[float, ...] = ()
    statistics: tuple[str, ...] = ("ll", "N")
    eform: bool = False
    level: float | None = None
    decimals: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be shown."""
        for name in self.contents:
            if name not in CONTENTS:
                raise UnknownNameError("a table cannot show this", found=name, do=nearest(name, CONTENTS))
        falling = list(self.stars) == sorted(set(self.stars), reverse=True)
        if not falling or len(self.stars) > _STARS or not all(0 < level < 1 for level in self.stars):
            raise ConfigError(
                "these are no levels of significance",
                found=" ".join(f"{level:g}" for level in self.stars),
                expected="up to three, falling, such as .05 .01 .001",
            )


@dataclass(frozen=True, slots=True)
class Cell:
    """Numbers of one fit in one line, or words; `is_count` and `is_difference` say how to print them."""

    values: tuple[float, ...] = ()
    words: str = ""
    stars: int = 0
    is_count: bool = False
    is_difference: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line of cells, one a fit: what it shows, of `CONTENTS` or the name of a statistic."""

    content: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row beside the bar with its lines; none for a heading or a blank row."""

    row: Row
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """The coefficients of one equation; `title` is empty where there is but one."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of fits: their names, the coefficients by equation, statistics, and what to say below."""

    names: tuple[str, ...]
    sections: tuple[Section, ...]
    statistics: tuple[Entry, ...]
    options: Options = field(default_factory=Options)
    notes: tuple[str, ...] = ()


def side_by_side(
    columns: Sequence[tuple[str, FitResult]], options: Options | None = None, width: int = _WIDEST
) -> Grid:
    """Set fits side by side.

    Parameters
    ----------
    columns : sequence of (str, FitResult)
        A name and a fit each. A fit without numbers has empty cells and a note.
    options : Options, optional
        What to show.
    width : int
        Characters for names; longer headings are broken.

    Raises
    ------
    ConfigError
        There is no fit.
    UnknownNameError
        No fit has a statistic of this name.
    """
    if not columns:
        raise ConfigError("a table needs at least one fit", do="name the JSON of a fit")
    asked = options or Options()
    fits = [fit for _, fit in columns]
    tables = [coefficients(fit, asked.level, exponentiated=asked.eform) for fit in fits]
    sections = [
        Section(_title(fits, block.equation), tuple(_entry(row, fits, tables, asked) for row in rows))
        for block in blocks_of([fit.command for fit in fits], _names(fits), _equations(fits))
        if (rows := block.rows(width, _labels(fits)))
    ]
    several = len(sections) > 1
    return Grid(
        names=tuple(name for name, _ in columns),
        sections=tuple(Section(s.title if several else "", s.entries) for s in sections),
        statistics=tuple(_statistic(name, fits) for name in asked.statistics),
        options=asked,
        notes=tuple(f"{name}: {fit.status}. {fit.message}" for name, fit in columns if not fit.names),
    )


def _names(fits: Sequence[FitResult]) -> list[str]:
    return [name for fit in fits for name in (*fit.names, *in_each_equation(fit.omitted, fit.equations))]


def _equations(fits: Sequence[FitResult]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(equation for fit in fits for equation in fit.equations))


def _labels(fits: Sequence[FitResult]) -> dict[str, dict[str, str]]:
    """The value labels of all; where two fits differ, the first one's."""
    found: dict[str, dict[str, str]] = {}
    for fit in fits:
        for variable, texts in fit.labels.items():
            found[variable] = dict(texts) | found.get(variable, {})
    return found


def _title(fits: Sequence[FitResult], equation: str) -> str:
    """The name of an equation; the outcome's for the only one of a fit, nothing for ancillary parameters."""
    if equation == ANCILLARY:
        return ""
    if not equation:
        return ", ".join(dict.fromkeys(fit.observed for fit in fits if fit.equations == ("",)))
    labels = (fit.labels.get(fit.depvar, {}).get(equation) for fit in fits if equation in fit.equations)
    return next((label for label in labels if label), equation)


def _entry(row: Row, fits: Sequence[FitResult], tables: Sequence[Coefficients], options: Options) -> Entry:
    """The lines of a coefficient; one line for what is omitted throughout."""
    if row.label is None:
        return Entry(row)
    lines = []
    for content in options.contents:
        pairs = zip(fits, tables, strict=True)
        cells = tuple(_cell(row.label, content, fit, table, options) for fit, table in pairs)
        words = any(cell.words for cell in cells) and content == options.contents[0]
        if words or any(cell.values for cell in cells):
            lines.append(Line(content, cells))
    return Entry(row, tuple(lines))


def _cell(name: str, content: str, fit: FitResult, table: Coefficients, options: Options) -> Cell:
    if name not in fit.names:
        left_out = name in in_each_equation(fit.omitted, fit.equations)
        return Cell(words="(omitted)" if left_out and content == options.contents[0] else "")
    i = fit.names.index(name)
    if content == "ci":
        return Cell((float(table.lower[i]), float(table.upper[i])))
    p = float(table.p[i])
    stars = sum(p < level for level in options.stars) if content == "b" and not name.startswith(ANCILLARY) else 0
    numbers = {"b": table.b, "se": table.se, "p": table.p}[content]
    return Cell((float(numbers[i]),), stars=stars)


def _statistic(name: str, fits: Sequence[FitResult]) -> Entry:
    if name not in STATISTICS and not any(name in fit.stats for fit in fits):
        known = [*STATISTICS, *dict.fromkeys(key for fit in fits for key in fit.stats)]
        raise UnknownNameError("no fit has a statistic of this name", found=name, do=nearest(name, known))
    values = [_value(name, fit) for fit in fits]
    cells = tuple(Cell(() if value is None else (value,), is_count=name in _COUNTS) for value in values)
    return Entry(Row(name), (Line(name, cells),))


def _value(name: str, fit: FitResult) -> float | None:
    """A statistic; NaN where the fit has none, None where it is not one of that model."""
    if name in {"aic", "bic"} and not fit.names:
        return math.nan
    if name in STATISTICS:
        return STATISTICS[name](fit)
    return fit.stats.get(name)


def with_difference(grid: Grid) -> Grid:
    """A grid of two fits with a third column, their absolute differences."""

    def entry(found: Entry) -> Entry:
        lines = tuple(Line(line.content, (*line.cells, _difference(*line.cells))) for line in found.lines)
        return Entry(found.row, lines)

    return Grid(
        names=(*grid.names, "Difference"),
        sections=tuple(Section(s.title, tuple(map(entry, s.entries))) for s in grid.sections),
        statistics=tuple(map(entry, grid.statistics)),
        options=grid.options,
        notes=grid.notes,
    )


def _difference(a: Cell, b: Cell) -> Cell:
    if len(a.values) != len(b.values):
        return Cell()
    apart = np.abs(np.array(a.values) - np.array(b.values))
    return Cell(tuple(apart.tolist()), is_difference=True)
