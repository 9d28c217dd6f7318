"""How the time of a fit grows with the number of nodes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks import data
from benchmarks.report import Table
from benchmarks.timing import spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.report import Bench
    from fedfolder.estimates import FitResult

TITLE = "Many nodes"
ROWS, COLUMNS = 50, 3
"""Of each node: small, so that the exchange is what is timed."""
IN_FOLDERS, IN_MEMORY = (3, 47, 200), (1_000,)
QUICK = 3


def run(bench: Bench) -> Iterator[Table]:
    """One table: nodes through real folders, then in memory."""
    in_folders, in_memory = ((QUICK,), (QUICK,)) if bench.quick else (IN_FOLDERS, IN_MEMORY)
    rows = [_row("folders", nodes, *_timed(_through_folders(bench, nodes))) for nodes in in_folders]
    rows += [_row("memory", nodes, *_timed(_in_memory(nodes))) for nodes in in_memory]
    yield Table(
        heading=("through", "nodes", "trips", "a fit", "a trip", "a trip and node"),
        rows=rows,
        note=(
            f"`{data.command(COLUMNS)}` with {ROWS} rows a node, so that it is the exchange that takes the time. "
            "Server and nodes take turns in one process: keys, signatures, journals, fsyncs and files are those of "
            "real nodes. Reading the data, greeting and closing are included."
        ),
    )


def _row(through: str, nodes: int, seconds: float, result: FitResult) -> tuple[str, ...]:
    trip = seconds / result.rounds
    return through, f"{nodes:,}", str(result.rounds), spoken(seconds), spoken(trip), spoken(trip / nodes)


def _timed(fit: Callable[[], FitResult]) -> tuple[float, FitResult]:
    started = time.perf_counter()
    result = fit()
    return time.perf_counter() - started, result


def _through_folders(bench: Bench, nodes: int) -> Callable[[], FitResult]:
    from fedfolder.simulation import simulate_over_folders

    places = data.places(bench.folder / f"nodes{nodes}", *data.logit(ROWS * nodes, COLUMNS), nodes)
    return lambda: simulate_over_folders(data.command(COLUMNS), places)


def _in_memory(nodes: int) -> Callable[[], FitResult]:
    from fedfolder.plan.proposal import read_command
    from fedfolder.simulation import fit_samples

    samples = data.samples(*data.logit(ROWS * nodes, COLUMNS), nodes)
    return lambda: fit_samples(read_command(data.command(COLUMNS)), samples)
