"""A dry run: data made from a study's dictionary alone, and a check of files on this computer."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import random
from typing import TYPE_CHECKING

from fedfolder.dictionary.variable import DAY_ZERO, YES_NO
from fedfolder.errors import ConfigError
from fedfolder.node.data import read_held
from fedfolder.questions.differences import Differences
from fedfolder.server.findings import Findings, SiteFindings
from fedfolder.simulation import naming

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from fedfolder.dictionary import Dictionary, Variable

SHARE_MISSING = 0.02
"""Of the values of every variable."""
SHARE_YES = 0.3
WIDTH = 100.0
"""Of the range of a number whose plausible range is open."""
DAYS = (dt.date(2000, 1, 1), dt.date(2020, 12, 31))
"""Of a date without a plausible range."""
WORDS = ("north", "south", "east", "west")
"""Of a variable that holds any text."""
MADE_AT = dt.datetime(1960, 1, 1)  # noqa: DTZ001 - Stata's own has no zone
"""The time that stands in every .dta that is made here: the same data are the same bytes."""
ANY_LEVELS = ("1", "2", "3")
"""Of a category for which the dictionary has no levels."""

Value = float | str | None
Made = dict[str, list[Value]]


def check_files(files: Mapping[str, Path], dictionary: Dictionary) -> Findings:
    """What differs in data files on this computer from a dictionary; a node each, by name.

    Raises
    ------
    FedfolderError
        If a file cannot be read, with the node's name in front.
    """
    question, sites = Differences(dictionary), []
    for node, path in files.items():
        with naming(node):
            answer = question.compute(read_held(path, dictionary.names))
        question.check(answer, where=node)
        sites.append(SiteFindings.of(node, answer))
    return Findings(dictionary, tuple(sites))


def synthetic(dictionary: Dictionary, rows: int, *, seed: int = 1, site: str = "") -> Made:
    """Values of every variable, made up within what the dictionary says of it; each variable by itself.

    The same dictionary entry, seed, site and number of rows give the same values, on every machine and whatever else
    the dictionary holds.

    Parameters
    ----------
    site : str
        Another site gets other rows.

    Returns
    -------
    dict of str to list
        By variable: a number (days since 1960-01-01 for a date), a text, or None where it is missing.
    """
    return {
        variable.name: _column(variable, rows, random.Random(f"{seed}\0{site}\0{variable.name}"))  # noqa: S311
        for variable in dictionary.variables
    }


def _column(variable: Variable, rows: int, source: random.Random) -> list[Value]:
    draw = _drawing(variable, source.random)
    # Both are drawn for every row, so that a value does not depend on which others are missing.
    drawn = [(source.random(), draw()) for _ in range(rows)]
    return [None if chance < SHARE_MISSING else value for chance, value in drawn]


def _drawing(variable: Variable, uniform: Callable[[], float]) -> Callable[[], Value]:
    """A value of a variable, each time anew. `random.random` alone gives the same numbers in every Python."""
    match variable.type:
        case "yes/no":
            return lambda: float(YES_NO[uniform() < SHARE_YES])
        case "category":
            levels = list(variable.levels) or list(ANY_LEVELS)
            as_number = variable.kind != "text"
            return lambda: (float if as_number else str)(levels[int(uniform() * len(levels))])
        case "text":
            return lambda: WORDS[int(uniform() * len(WORDS))]
        case "date":
            first, last = _ends(variable, *((day - DAY_ZERO).days for day in DAYS))
            return lambda: float(first + math.floor(uniform() * (last - first + 1)))
        case kind:
            low, high = _ends(variable, 0.0, WIDTH)
            step = 1.0 if kind == "whole" else 10.0 ** (math.floor(math.log10(high - low)) - 3) if high > low else 1.0
            # The mean of three: bell-shaped, with a standard deviation of a sixth of the range, and never outside.
            return lambda: _rounded(low + (high - low) * (uniform() + uniform() + uniform()) / 3, low, high, step)


def _ends(variable: Variable, low: float, high: float) -> tuple[float, float]:
    """The plausible range; an open end lies as far away as the given ones from each other."""
    width = high - low
    if variable.low is not None and variable.high is not None:
        return variable.low, variable.high
    if variable.low is not None:
        return variable.low, variable.low + width
    if variable.high is not None:
        return variable.high - width, variable.high
    return low, high


def _rounded(value: float, low: float, high: float, step: float) -> float:
    near = round(value / step) * step
    digits = max(0, -math.floor(math.log10(step)))
    return min(max(round(near, digits), math.ceil(low) if step == 1 else low), math.floor(high) if step == 1 else high)


def write_synthetic(path: Path, dictionary: Dictionary, made: Made) -> None:
    """Write made-up values as .csv (dates as 2001-12-31) or .dta (dates as Stata's days), labels included.

    The same values give the same bytes.

    Raises
    ------
    ConfigError
        For another suffix, or a file that cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in {".csv", ".dta"}:
        raise ConfigError(
            "synthetic data are written as .csv or .dta", where=str(path), found=suffix or "no suffix", do="rename it"
        )
    content = _as_csv(dictionary, made) if suffix == ".csv" else _as_dta(dictionary, made)
    try:
        path.write_bytes(content)
    except OSError as error:
        found = error.strerror or type(error).__name__
        do = "name a file in a folder that is there"
        raise ConfigError("the data cannot be written", where=str(path), found=found, do=do) from None


def _as_csv(dictionary: Dictionary, made: Made) -> bytes:
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(dictionary.names)
    columns = [[_cell(variable, value) for value in made[variable.name]] for variable in dictionary.variables]
    rows.writerows(zip(*columns, strict=True))
    return text.getvalue().encode()


def _cell(variable: Variable, value: Value) -> str:
    return value if isinstance(value, str) else variable.end(value)


def _as_dta(dictionary: Dictionary, made: Made) -> bytes:
    import numpy as np
    import pandas as pd

    columns = {
        variable.name: pd.Series(["" if v is None else v for v in made[variable.name]], dtype="object")
        if any(isinstance(value, str) for value in made[variable.name])
        else pd.Series(np.array([np.nan if v is None else v for v in made[variable.name]], dtype=np.float64))
        for variable in dictionary.variables
    }
    file = io.BytesIO()
    pd.DataFrame(columns).to_stata(
        file,
        write_index=False,
        version=118,
        time_stamp=MADE_AT,
        variable_labels={v.name: v.description[:80] for v in dictionary.variables if v.description},
        value_labels={
            variable.name: {int(level): label for level, label in variable.labels.items()}
            for variable in dictionary.variables
            if variable.labels and variable.kind == "numeric"
        },
    )
    return file.getvalue()
