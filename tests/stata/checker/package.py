"""The package files that `net` reads: `stata.toc` names packages, a `.pkg` lists files.

Source: [R] net, Format of content and package-description files.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from tests.stata.checker.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

SYSTEM = (".ado", ".sthlp")
"""What `net install` puts where Stata looks for programs, by itself; `F` instead of `f` says so of any other file."""


def files_of(text: str) -> dict[str, int]:
    """The files that a package lists, each with its line."""
    listed: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if line[:2] in {"f ", "F "}:
            listed.setdefault(line[2:], number)
    return listed


def package(file: str, text: str, there: Collection[str]) -> Iterator[Finding]:
    """What is wrong with a `.pkg`; `there` are the files of the folder `ado`, by their path from the package's."""
    lines = text.split("\n")
    if lines[0] != "v 3":
        yield Finding("pkg", file, 1, "the first line is not `v 3`")
    if not any(line.startswith("d ") for line in lines):
        yield Finding("pkg", file, 1, "no description")
    seen: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if line and number > 1 and not re.match(r"(d( .*)?|[fF] \S+)$", line):
            yield Finding("pkg", file, number, f"a line that net does not know: {line[:20]}")
        name = line[2:]
        if line[:2] in {"f ", "F "}:
            if name in seen:
                yield Finding("pkg", file, number, f"{name} is listed twice")
            seen.add(name)
            if line[0] == "f" and PurePosixPath(name).suffix not in SYSTEM:
                yield Finding("pkg", file, number, f"{name} needs F: net would leave it out")
            if name not in there:
                yield Finding("pkg", file, number, f"{name} is not there")
    for name in sorted(set(there) - seen):
        yield Finding("pkg", file, len(lines), f"{name} is not listed")


def contents(file: str, text: str, packages: Collection[str]) -> Iterator[Finding]:
    """What is wrong with a `stata.toc`."""
    lines = text.split("\n")
    if lines[0] != "v 3":
        yield Finding("toc", file, 1, "the first line is not `v 3`")
    named = [line.split()[1] for line in lines if line.startswith("p ") and len(line.split()) > 1]
    for number, line in enumerate(lines, start=1):
        if line and number > 1 and not re.match(r"(d( .*)?|p \S+ \S.*)$", line):
            yield Finding("toc", file, number, f"a line that net does not know: {line[:20]}")
    for name in sorted(set(packages) ^ set(named)):
        yield Finding("toc", file, 1, f"{name}: not both here and a package")
