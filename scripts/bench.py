"""Measure what costs a user time, side by side with what they would use instead, and write docs/performance.md.

Usage: `python scripts/bench.py [--only NAME] [--json OUT] [--quick]`

A part is a module of scripts/benchmarks. All that is compared in a row of a table was run in turns in one process, and
is a median. Peers (glum, tabmat, statsmodels) are the extra `bench`: `pip install -e .[bench]`; without one its column
is empty. The page is written when every part has run at full size; otherwise what was measured is printed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import tempfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import PARTS
from benchmarks.report import Bench

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.report import Figures, Table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS")
PACKAGES = ("numpy", "scipy", "pandas", "statsmodels", "glum", "tabmat")
INTRODUCTION = """\
# Performance

Made by `python scripts/bench.py`. Times differ between machines, and on one machine between minutes; what is compared
was run in turns in one process, so that ratios last. Every time is a median. `limit` is what we hold ourselves to.
"""
LIMITS = """\
## What we hold ourselves to
"""
NOT_MEASURED = """\
## What was not measured

A real network drive over a distance, with its latency and its caches; Windows, where a virus scanner looks at every
file; a sync tool between sites. Of these only counts are known: the files, fsyncs and trips of a round, which tests
hold. R and Stata were not installed.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the parts that were asked for."""
    options = _parser().parse_args(arguments)
    found: dict[str, tuple[str, list[Table]]] = {}
    for name in [options.only] if options.only else PARTS:
        found[name] = _run(name, quick=options.quick)
        print(_section(*found[name]), flush=True)
    if options.json:
        figures = {name: [table.figures for table in tables] for name, (_, tables) in found.items()}
        told = {"machine": machine(), "parts": figures}
        options.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8", newline="\n")
    if not options.only and not options.quick:
        held = limits({name: [table.figures for table in tables] for name, (_, tables) in found.items()})
        sections = [_section(*part) for part in found.values()]
        page = "\n".join([INTRODUCTION, _machine_line(), held, *sections, NOT_MEASURED])
        PAGE.write_text(page, encoding="utf-8", newline="\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=PARTS, help="one part; the page is not written")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file, too")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    return parser


def _run(name: str, *, quick: bool) -> tuple[str, list[Table]]:
    """The title and the tables of a part."""
    part = importlib.import_module(f"benchmarks.{name}")
    with tempfile.TemporaryDirectory(prefix="fedfolder-bench-") as folder:
        return part.TITLE, list(part.run(Bench(Path(folder), quick)))


def _section(title: str, tables: Sequence[Table]) -> str:
    return "\n\n".join([f"## {title}", *(table.markdown() for table in tables)]) + "\n"


def limits(figures: Mapping[str, Sequence[Figures]]) -> str:
    """The section that says which limits are met: of each figure that has one, what it was first measured as."""
    lines = [LIMITS, "| part | of | measured | limit | |", "| --- | --- | --- | --- | --- |"]
    for part, tables in figures.items():
        for about, found in (each for table in tables for each in table.items()):
            if "limit" in found:
                kind, value = next(iter(found.items()))
                met = "met" if value <= found["limit"] else "**missed**"
                lines.append(f"| {part} | {about} | {value:.3g} ({kind}) | {found['limit']:g} | {met} |")
    return "\n".join(lines) + "\n"


def machine() -> dict[str, str]:
    """What the figures were measured on: processor, cores, system, versions, threads."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    threads = ", ".join(f"{name}={os.environ[name]}" for name in THREADS if name in os.environ)
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": platform.system(),
        "python": platform.python_version(),
        **versions,
        "threads": threads or "BLAS as it comes for peers, one thread for fedfolder",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _machine_line() -> str:
    return "Measured on: " + "; ".join(f"{name} {value}" for name, value in machine().items()) + ".\n"


if __name__ == "__main__":
    main()
