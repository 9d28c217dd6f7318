"""What a node costs that has nothing to do: a daemon's share of a core, and a pass that finds nothing."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.report import Table
from benchmarks.rounds import COMMAND, laid_out, together

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.report import Bench
    from fedfolder.simulation.places import Places

TITLE = "A node with nothing to do"
SHARE, TIMES = 0.5, 10.0
"""Per cent of a core, and times bare Python."""


def run(bench: Bench) -> Iterator[Table]:
    """`node once` against `python -c pass`, and the CPU time of a daemon whose pauses have grown."""
    places = laid_out(bench.folder / "idle", 3)
    together(places, 1)
    yield _once(bench, places)
    if os.path.exists("/proc/self/stat"):  # noqa: PTH110 - of a system, not of a file
        yield _daemon(bench, next(iter(places.nodes.values())))


def _once(bench: Bench, places: Places) -> Table:
    home = str(next(iter(places.nodes.values())))
    lines = {
        "python -c pass": ["-c", "pass"],
        "fedfolder --help": ["-m", "fedfolder", "--help"],
        "fedfolder node once": ["-m", "fedfolder", "node", "once", home],
    }
    found = bench.medians({name: functools.partial(_started, line) for name, line in lines.items()})
    bare = found["python -c pass"]
    rows = [[name, str(times), f"{times.ratio(bare):.1f}"] for name, times in found.items()]
    ratio = found["fedfolder node once"].ratio(bare)
    note = f"Nothing has come since {COMMAND} was closed. Limit: {TIMES:g} times bare Python."
    return Table(("what", "took", "times bare Python"), rows, note, {"node once": {"ratio": ratio, "limit": TIMES}})


def _started(line: list[str]) -> None:
    subprocess.run([sys.executable, *line], stdout=subprocess.DEVNULL, check=True)


def _daemon(bench: Bench, home: Path) -> Table:
    settle, watched = (3.0, 3.0) if bench.quick else (30.0, 60.0)
    process = subprocess.Popen([sys.executable, "-m", "fedfolder", "node", "run", str(home)], stdout=subprocess.DEVNULL)
    try:
        time.sleep(settle)
        before = _cpu(process.pid)
        time.sleep(watched)
        share = 100 * (_cpu(process.pid) - before) / watched
    finally:
        process.terminate()
        process.wait()
    row = [f"{settle:g} s", f"{watched:g} s", f"{share:.2f} %", f"{SHARE:g} %"]
    figures = {"idle daemon": {"per cent": share, "limit": SHARE}}
    return Table(("after", "watched for", "of a core", "limit"), [row], "A daemon that waits for events.", figures)


def _cpu(process: int) -> float:
    """Seconds of processor time that a process has used, its threads together."""
    with open(f"/proc/{process}/stat", encoding="ascii") as file:  # noqa: PTH123 - no file
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
