"""One file, or data frame, as several nodes' data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.errors import ConfigError
from fedfolder.node.progress import unwatched

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from fedfolder.command import Command
    from fedfolder.node.progress import Watch
    from fedfolder.node.readers import Frame


def split(frame: pd.DataFrame, nodes: int, seed: int) -> list[pd.DataFrame]:
    """Split the rows at random into parts whose sizes differ by one at most; the same seed gives the same parts.

    Raises
    ------
    ConfigError
        If there are fewer rows than nodes, or no node.
    """
    return [frame.iloc[places].reset_index(drop=True) for places in places_at_random(len(frame), nodes, seed)]


def places_at_random(rows: int, nodes: int, seed: int) -> list[NDArray[np.intp]]:
    """The places of each node's rows in a random split, each in the order of the file.

    Raises
    ------
    ConfigError
        If there are fewer rows than nodes, or no node.
    """
    import numpy as np

    if not 1 <= nodes <= max(rows, 1):
        raise ConfigError(
            "the data cannot be split into so many nodes",
            found=f"{nodes} nodes, {rows} rows",
            expected="at least one node, and a row for each",
            do="split into fewer nodes",
        )
    order = np.random.default_rng(seed).permutation(rows)
    return [np.sort(part) for part in np.array_split(order, nodes)]


@dataclass(frozen=True, slots=True)
class Split:
    """How one file becomes several nodes: by the values of the variable `by`, or else at random."""

    nodes: int
    seed: int
    by: str | None = None


def split_file(
    path: Path, command: Command, how: Split, persons: str | None = None, watch: Watch = unwatched
) -> dict[str, Frame]:
    """The variables of `command` in one file, and that which says whose a row is, split; a node each, by name.

    `watch` is told how far the file is read.

    Raises
    ------
    FedfolderError
        If the file cannot be read or split so.
    """
    from fedfolder.node.data import read_variables

    frame = read_variables(path, [*command.sources, *filter(None, [how.by, persons])], watch=watch)
    places = _places_by(frame, how.by) if how.by else places_at_random(frame.nrows, how.nodes, how.seed)
    return {f"node{number}": frame.take(rows) for number, rows in enumerate(places, start=1)}


def _places_by(frame: Frame, by: str) -> list[NDArray[np.intp]]:
    import numpy as np

    from fedfolder.node.readers import MISSING_CODE, TextColumn

    column = frame.columns[by]
    values = np.asarray(column.codes if isinstance(column, TextColumn) else column, dtype=np.float64)
    missing = values == MISSING_CODE if isinstance(column, TextColumn) else np.isnan(values)
    if missing.any():
        raise ConfigError(f"{by} has missing values", where=frame.source, do="choose a variable that every row has")
    return [np.flatnonzero(values == value) for value in np.unique(values)]
