"""How much memory a fit takes at a node, reading, custody's rules and its ledger included."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.report import Table
from benchmarks.timing import spoken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.report import Bench, Figures

TITLE = "Memory of a fit at a node"
COMMAND = "logit y age i.sex i.region"
USED = {"y": (0, 2), "age": (20, 90), "sex": (1, 3), "region": (1, 6)}
"""The variables of the command, bytes all of them, with what their values lie between."""
UNUSED = 26
"""Further variables of a wide file, each a float."""
CHUNK = 1 << 18
"""Rows that are made up at a time."""
LIMIT = 3 * 2**10
"""MiB that 1e8 rows of small types may take."""
GROWTH = 1.05
"""Times the peak of a file of the used variables alone that the file with the others may take."""


def run(bench: Bench) -> Iterator[Table]:
    """A wide file against a narrow one, and many rows of small types."""
    yield _wide(bench, 200_000 if bench.quick else 10_000_000)
    yield _many(bench, 1_000_000 if bench.quick else 100_000_000)


def _wide(bench: Bench, rows: int) -> Table:
    peaks, lines = list[float](), list[list[str]]()
    for unused in (0, UNUSED):
        path = bench.folder / f"{unused}.dta"
        write_dta(path, rows, unused)
        found, size = _in_a_process(path), path.stat().st_size / 2**20
        path.unlink()
        reading, whole, seconds = found["read"][1], found["answers"][1], sum(time for time, _ in found.values())
        peaks.append(whole)
        told = (f"{rows:.0e} x {len(USED) + unused}", *(f"{mib:.0f} MiB" for mib in (size, reading, whole)))
        lines.append([*told, spoken(seconds)])
    ratio = peaks[1] / peaks[0]
    note = (
        f"A .dta of {len(USED)} variables that the command uses, and the same with {UNUSED} more. The peak of the "
        "whole process, interpreter and libraries included, must not grow with what is not used: "
        f"{ratio:.2f} times (limit {GROWTH:g} at 1e7 rows)."
    )
    figures: Figures = {"wide against narrow": {"ratio": ratio} | ({} if bench.quick else {"limit": GROWTH})}
    return Table(("rows x variables", "file", "peak after reading", "at the end", "time"), lines, note, figures)


def _many(bench: Bench, rows: int) -> Table:
    path = bench.folder / "many.dta"
    write_dta(path, rows, 0)
    found, size = _in_a_process(path), path.stat().st_size / 2**20
    path.unlink()
    lines = [[name, spoken(seconds) if seconds else "", f"{most:.0f} MiB"] for name, (seconds, most) in found.items()]
    note = (
        f"`{COMMAND}` over a .dta of {rows:.0e} rows of bytes ({size:.0f} MiB), the profile registry, in one process. "
        "Peak so far, interpreter and libraries included."
    )
    most = max(most for _, most in found.values())
    figures: Figures = {f"{rows:.0e} rows": {"MiB": most} | ({} if bench.quick else {"limit": LIMIT})}
    return Table(("step", "time", "peak"), lines, note, figures)


def _in_a_process(path: Path) -> dict[str, tuple[float, float]]:
    scripts = Path(__file__).resolve().parents[1]
    paths = [str(scripts), str(scripts.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.whole_fit", str(path), COMMAND],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    found: dict[str, tuple[float, float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def write_dta(path: Path, rows: int, unused: int) -> None:
    """A .dta of the used variables and some more, by chunks: pandas writes one row, whose place the others take.

    Its <map> says where each part of the file begins: those after the data move by the length of the other rows.
    """
    import pandas as pd

    kinds = [*((name, np.int8) for name in USED), *((f"unused{k}", np.float32) for k in range(unused))]
    one = pd.DataFrame({name: np.ones(1, dtype=kind) for name, kind in kinds})
    one.to_stata(path, write_index=False, version=118)
    content, row = path.read_bytes(), np.dtype(kinds).itemsize
    begin, end = content.index(b"<data>") + len(b"<data>"), content.index(b"</data>")
    head = bytearray(content[:begin])
    at = head.index(b"<N>") + len(b"<N>")
    head[at : at + 8] = rows.to_bytes(8, "little")
    at = head.index(b"<map>") + len(b"<map>")
    places = np.frombuffer(bytes(head[at : at + 14 * 8]), dtype="<u8").copy()
    places[places > begin] += np.uint64((rows - 1) * row)
    head[at : at + 14 * 8] = places.tobytes()
    rng = np.random.default_rng(1)
    with path.open("wb") as file:
        file.write(head)
        for start in range(0, rows, CHUNK):
            part = np.zeros(min(CHUNK, rows - start), dtype=kinds)
            for name, (low, high) in USED.items():
                part[name] = rng.integers(low, high, len(part), dtype=np.int8)
            for k in range(unused):
                part[f"unused{k}"] = rng.random(len(part), dtype=np.float32)
            file.write(part.tobytes())
        file.write(content[end:])
