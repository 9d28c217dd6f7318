"""Reading some columns of a data file: 4 of 30, and 10, from a .dta and a .csv, beside pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks.report import Table
from fedfolder.node.data import read_variables
from fedfolder.node.kept_columns import KeptColumns
from fedfolder.node.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from benchmarks.report import Bench
    from benchmarks.timing import Times

TITLE = "Reading"
COLUMNS = 30
CHUNK = 100_000
LONG_AFTER = 1e12
"""A time of day at which no file was changed just now."""
LIMITS = {".dta": 1.2, ".csv": 1.3}
LIMITED = 4
"""Columns that the limits are for."""
NOTE = """\
A file of {rows:,} rows and 30 columns: yes or no, years, measurements, categories as text, numbers up to a million and
float32, five of each. .dta is held against pandas in chunks of 100,000 rows with `columns=`, .csv against pandas' C
engine with `usecols=` (which rounds the last digit, and fills short rows without a word; ours does neither). "kept" is
`[cache] columns = true` in node.toml."""


def made(rows: int, seed: int = 1) -> pd.DataFrame:
    """Columns v0 to v29: six kinds in turn."""
    draw = np.random.default_rng(seed)
    kinds: Sequence[Callable[[], Any]] = (
        lambda: draw.integers(0, 2, rows).astype(np.int8),
        lambda: draw.integers(1900, 2020, rows).astype(np.int16),
        lambda: draw.normal(size=rows).round(3),
        lambda: draw.choice(np.array(["north", "south", "east", "w"]), rows),
        lambda: draw.integers(0, 1_000_000, rows).astype(np.int32),
        lambda: draw.normal(size=rows).astype(np.float32),
    )
    return pd.DataFrame({f"v{place}": kinds[place % len(kinds)]() for place in range(COLUMNS)})


WANTED = {
    "yes/no, year, measurement, text": ["v0", "v1", "v2", "v3"],
    "four late in the row": ["v24", "v25", "v27", "v28"],
    "four texts": ["v3", "v9", "v15", "v21"],
    "ten columns": [f"v{place}" for place in range(0, 30, 3)],
}


def run(bench: Bench) -> Iterator[Table]:
    """One table: kinds of columns by kinds of files."""
    rows = 5_000 if bench.quick else 2_000_000
    frame = made(rows)
    files = {kind: bench.folder / f"registry{kind}" for kind in LIMITS}
    frame.to_stata(files[".dta"], write_index=False, version=118)
    frame.to_csv(files[".csv"], index=False, lineterminator="\n")
    del frame
    lines, figures = [], dict[str, dict[str, float]]()
    for kind, path in files.items():
        for what, names in WANTED.items():
            times = _times(bench, path, names)
            ratio = times["ours"].ratio(times["pandas"])
            figures[f"{kind} {what}"] = {"ratio": ratio} | ({"limit": LIMITS[kind]} if len(names) == LIMITED else {})
            lines.append(
                [kind, what, *(str(times[who]) for who in ("ours", "pandas")), f"{ratio:.2f}", str(times["kept"])]
            )
    yield Table(("file", "columns", "ours", "pandas", "ratio", "kept"), lines, NOTE.format(rows=rows), figures)


def _times(bench: Bench, path: Path, names: list[str]) -> dict[str, Times]:
    kept = KeptColumns(bench.folder, clock=lambda: LONG_AFTER)
    peer = _chunked if path.suffix == ".dta" else _by_the_c_engine
    return bench.medians(
        {
            "ours": lambda: read_variables(path, names),
            "pandas": lambda: peer(path, names),
            "kept": lambda: kept.frame(path, Reading(), names, lambda wanted: read_variables(path, wanted)),
        },
        repeat=5,
    )


def _chunked(path: Path, names: list[str]) -> object:
    with pd.read_stata(path, columns=names, chunksize=CHUNK, convert_categoricals=False, convert_dates=False) as chunks:
        return pd.concat(list(chunks))


def _by_the_c_engine(path: Path, names: list[str]) -> object:
    return pd.read_csv(path, usecols=names, engine="c")
