"""Measure what costs a user time, side by side with what they would use instead, and write docs/performance.md.

Usage: `python scripts/bench.py [--only NAME] [--json OUT [--go-on]] [--quick]`

A part is a module of scripts/benchmarks. All that is compared in a row of a table was run in turns in one process, and
is a median. Peers (glum, tabmat, statsmodels) are the extra `bench`: `pip install -e .[bench]`; without one its column
is empty. The page is written when every part has run at full size; otherwise what was measured is printed. With
`--json` each part is written when it is done, and `--go-on` leaves out those that the file has of this machine.
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
from typing import TYPE_CHECKING, TypedDict

from benchmarks import PARTS
from benchmarks.report import Bench

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.report import Figures

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


class Part(TypedDict):
    """What a part has measured: its tables as the page has them, and the figures for machines."""

    title: str
    tables: list[str]
    figures: Figures


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the parts that were asked for."""
    options = _parser().parse_args(arguments)
    found = _done(options.json) if options.json and options.go_on else {}
    for name in [options.only] if options.only else PARTS:
        if name not in found:
            found[name] = _run(name, quick=options.quick)
            if options.json:
                _write(options.json, {"machine": machine(), "parts": found})
        print(_section(found[name]), flush=True)
    if not options.only and not options.quick:
        parts = {name: found[name] for name in PARTS}
        page = "\n".join([INTRODUCTION, _machine_line(), limits(parts), *map(_section, parts.values()), NOT_MEASURED])
        PAGE.write_text(page, encoding="utf-8", newline="\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=PARTS, help="one part; the page is not written")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file, too")
    parser.add_argument("--go-on", action="store_true", help="leave out the parts that the file of --json has")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    return parser


def _run(name: str, *, quick: bool) -> Part:
    part = importlib.import_module(f"benchmarks.{name}")
    with tempfile.TemporaryDirectory(prefix="fedfolder-bench-") as folder:
        tables = list(part.run(Bench(Path(folder), quick)))
    figures = {of: values for table in tables for of, values in table.figures.items()}
    return {"title": part.TITLE, "tables": [table.markdown() for table in tables], "figures": figures}


def _done(path: Path) -> dict[str, Part]:
    """What an earlier run has measured on this machine, with these versions."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return dict(told["parts"]) if told["machine"] == machine() else {}


def _write(path: Path, told: object) -> None:
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8", newline="\n")


def _section(part: Part) -> str:
    return "\n\n".join([f"## {part['title']}", *part["tables"]]) + "\n"


def limits(parts: Mapping[str, Part]) -> str:
    """The section that says which limits are met: of each figure that has one, what it was first measured as."""
    lines = [LIMITS, "| part | of | measured | limit | |", "| --- | --- | --- | --- | --- |"]
    for name, part in parts.items():
        for of, found in part["figures"].items():
            if "limit" in found:
                kind, value = next(iter(found.items()))
                met = "met" if value <= found["limit"] else "**missed**"
                lines.append(f"| {name} | {of} | {value:.3g} ({kind}) | {found['limit']:g} | {met} |")
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
