"""What a round through folders costs beside the computing: the same fit through folders and in memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

from benchmarks.report import Table
from fedfolder.exchange import files
from fedfolder.server.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.report import Bench
    from fedfolder.simulation.places import Places

TITLE = "A round through folders"
COMMAND = "logit low age smoke"
LIMITS = {3: 10.0, 47: 100.0}
"""Milliseconds of a round, by nodes."""
ALLOWED = 5.0
"""Milliseconds beside fsyncs and signing, in portable form."""
HEADING = ("nodes", "processes", "a round", "in memory", "overhead", "limit", "fsyncs", "1.5 fsyncs + 5 ms + signing")
NOTE = (
    "A logit of 189 births with two covariates, split over nodes on one disk. The overhead is the time of a round less "
    "that of a round of the same fit in memory. Beside fsyncs, what may be taken is 5 ms and the signatures: each "
    "message and each statement signed once and verified once. For comparison, not run here: Flower's simulator took "
    "about 100 ms a round at 3 nodes, FLARE's 2.6 s."
)


class Rounds(Silent):
    """Notes when each round began."""

    def __init__(self) -> None:
        self.began: list[float] = []

    def asking(self, *_: object) -> None:
        """A question is put."""
        self.began.append(time.perf_counter())

    def closing(self) -> None:
        """The last answer is there."""
        self.began.append(time.perf_counter())

    @property
    def milliseconds(self) -> list[float]:
        """Of each round but the first, in which data are read."""
        pairs = zip(self.began[1:], self.began[2:], strict=False)
        return [1e3 * (after - before) for before, after in pairs]


def run(bench: Bench) -> Iterator[Table]:
    """One process at 3 and 47 nodes, and real daemons at 3."""
    rows, figures = [], {}
    for nodes in (3,) if bench.quick else (3, 47):
        for how, measure in (("one", together), ("daemons", _daemons)) if nodes == 3 else (("one", together),):  # noqa: PLR2004 - as many as a machine has cores for
            places = laid_out(bench.folder / f"{how}{nodes}", nodes)
            took = statistics.median(measure(places, 2 if bench.quick else 7))
            memory = _in_memory(places)
            syncs, portable = _portable(places, nodes)
            over, limit = took - memory, LIMITS[nodes]
            cells = [took, memory, over, limit]
            rows.append([str(nodes), how, *(f"{ms:.1f} ms" for ms in cells), f"{syncs}", f"{portable:.1f} ms"])
            figures[f"{nodes} nodes, {how}"] = {"overhead ms": over, "limit": limit, "portable limit": portable}
    yield Table(HEADING, rows, NOTE, figures)


def laid_out(folder: Path, nodes: int) -> Places:
    """A study of so many nodes, each with a part of the births."""
    import pandas as pd

    from fedfolder.resources import resource
    from fedfolder.simulation.places import lay_out
    from fedfolder.simulation.splitting import split

    folder.mkdir(parents=True)
    births = pd.read_csv(resource("examples/lbw", "lbw.csv"))
    repeated = pd.concat([births] * (1 + nodes // 10))
    data = {f"node{k}": folder / f"node{k}.csv" for k in range(1, nodes + 1)}
    for path, part in zip(data.values(), split(repeated, nodes, 1), strict=True):
        part.to_csv(path, index=False)
    return lay_out(folder / "study", "lbw", data)


def together(places: Places, fits: int) -> list[float]:
    """Milliseconds of rounds with server and nodes taking turns in this process."""
    from fedfolder.simulation.places import simulate_over_folders

    found: list[float] = []
    for age in range(fits + 1):
        rounds = Rounds()
        simulate_over_folders(f"{COMMAND} if age<{60 + age}", places, rounds)
        found = [*found, *rounds.milliseconds] if age else []
    return found


def _daemons(places: Places, fits: int) -> list[float]:
    """The same with a daemon a node, woken by what moves in its folder."""
    from fedfolder.server.run import run as run_study

    started = [
        subprocess.Popen(
            [sys.executable, "-m", "fedfolder", "node", "run", str(home)],
            stdout=subprocess.DEVNULL,
        )
        for home in places.nodes.values()
    ]
    try:
        found: list[float] = []
        for age in range(fits + 1):
            rounds = Rounds()
            run_study(places.server, f"{COMMAND} if age<{60 + age}", progress=rounds, timeout=120)
            found = [*found, *rounds.milliseconds] if age else []
        return found
    finally:
        for process in started:
            process.terminate()
            process.wait()


def _in_memory(places: Places) -> float:
    """Milliseconds of a round of the same fit with nothing in between."""
    from fedfolder.node.data import read_variables
    from fedfolder.node.home import open_home
    from fedfolder.plan.proposal import read_command
    from fedfolder.simulation.memory import fit_samples, samples_of

    command = read_command(COMMAND)
    parts = {node: read_variables(open_home(home).data, command.sources) for node, home in places.nodes.items()}
    samples, took = samples_of(command, parts), []
    for _ in range(7):
        started = time.perf_counter()
        rounds = fit_samples(command, samples).rounds
        took.append(1e3 * (time.perf_counter() - started) / rounds)
    return statistics.median(took)


def _portable(places: Places, nodes: int) -> tuple[int, float]:
    """The fsyncs of a round, those of journals among them, and what a round may take by them, in milliseconds."""
    spent: Counter[str] = Counter()
    true = files.perform

    def perform(operation: str, path: Path, call: Callable[[], object]) -> object:
        spent[operation] += 1
        return true(operation, path, call)

    rounds = Rounds()
    files.perform = perform  # type: ignore[assignment]
    try:
        from fedfolder.simulation.places import simulate_over_folders

        result = simulate_over_folders(f"{COMMAND} if age<99", places, rounds)
    finally:
        files.perform = true
    # The closing and its receipts are a JSON file each, and one of them carries the sums.
    closing = 5 * nodes
    on_share = (spent["fsync"] + spent["fsync-folder"] - closing) // result.rounds
    # Of commits, those of what is sent: what has come is synced with them.
    syncs = on_share + nodes + 1
    return syncs, 1.5 * syncs * _fsync(places.server) + ALLOWED + _signing(nodes)


def _fsync(folder: Path) -> float:
    """Milliseconds of one fsync of a small new file, the median of fifty."""
    took = []
    for k in range(50):
        path = folder / f"fsync{k}"
        with path.open("wb", buffering=0) as file:
            file.write(b"x" * 800)
            started = time.perf_counter()
            os.fsync(file.fileno())
            took.append(1e3 * (time.perf_counter() - started))
        path.unlink()
    return statistics.median(took)


def _signing(nodes: int) -> float:
    """Milliseconds of a round's signatures: three a node made, and as many verified."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key, content = Ed25519PrivateKey.generate(), b"x" * 3000
    took = []
    for _ in range(50):
        started = time.perf_counter()
        key.public_key().verify(key.sign(content), content)
        took.append(1e3 * (time.perf_counter() - started))
    return 3 * nodes * statistics.median(took)
