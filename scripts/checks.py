"""The checks that scripts/test.py runs: each with a heading, a line each in the summary at the end."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import setup_venv
from setup_venv import ROOT, program, say

if TYPE_CHECKING:
    from typing import BinaryIO

# Many tests wait, for a share to come back or for a process to die: with two more than there are cores, none is idle.
# At the end, whoever has nothing left takes over from the others.
WORKERS = ("-n", str((os.cpu_count() or 1) + 2), "--dist", "worksteal")

ASIDE = "mypy"
"""It keeps one core busy for half a minute: the tests run meanwhile, and what it says is shown after them."""

CHECKS: dict[str, tuple[str, ...]] = {
    "ruff": ("ruff", "check"),
    "format": ("ruff", "format", "--check"),
    "mypy": ("mypy",),
    "imports": ("lint-imports",),
    "pytest": ("pytest", *WORKERS),
}


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for: which checks, and the further arguments of pytest."""

    checks: tuple[str, ...]
    pytest: tuple[str, ...]


def parse(arguments: list[str]) -> Options:
    """Read the command line; what is not ours goes to pytest."""
    parser = argparse.ArgumentParser(
        prog="test.py",
        usage="%(prog)s [-h] [--only CHECK] [arguments of pytest]",
        description="Set up .venv with all that tests need, and run every check that CI runs.",
        epilog="Example: python scripts/test.py --only pytest tests/command -k caret",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=list(CHECKS),
        metavar="CHECK",
        help=f"run this check alone (may be repeated): {', '.join(CHECKS)}",
    )
    known, rest = parser.parse_known_args(arguments)
    return Options(tuple(name for name in CHECKS if name in (known.only or CHECKS)), tuple(rest))


def run(options: Options) -> int:
    """Run the checks, all of them, and return 1 if any failed."""
    with ThreadPoolExecutor() as pool, tempfile.TemporaryFile() as said:
        aside = pool.submit(timed, ASIDE, (), said) if {ASIDE, "pytest"} <= {*options.checks} else None
        results = {
            name: timed(name, options.pytest if name == "pytest" else ())
            for name in options.checks
            if aside is None or name != ASIDE
        }
        if aside is not None:
            results[ASIDE] = aside.result()
            heading(" ".join(CHECKS[ASIDE]))
            said.seek(0)
            say(said.read().decode(errors="replace").rstrip())
    heading("summary")
    for name in options.checks:
        code, seconds = results[name]
        say(f"{name:<8} {'passed' if code == 0 else f'FAILED (exit code {code})':<22} {seconds:6.1f} s")
    return int(any(code for code, _ in results.values()))


def timed(name: str, further: tuple[str, ...], output: BinaryIO | None = None) -> tuple[int, float]:
    """Run one check, and return its exit code and the seconds that it took."""
    started = time.monotonic()
    code = run_one(name, further, output)
    return code, time.monotonic() - started


def run_one(name: str, further: tuple[str, ...], output: BinaryIO | None = None) -> int:
    """Run one check in the checkout, whatever the working directory is."""
    tool, *arguments = CHECKS[name]
    if output is None:
        heading(" ".join((tool, *arguments, *further)))
    return setup_venv.run([program(tool), *arguments, *further], cwd=ROOT, env=environment(name), output=output)


def environment(name: str) -> dict[str, str]:
    """Return what a check gets of our environment."""
    if name != "pytest":
        # lint-imports draws boxes, which a cp1252 console cannot encode. The tests get the user's own encoding.
        return os.environ | {"PYTHONUTF8": "1"}
    # The images of containers like to set this one. Each of the hundreds of processes that the tests start would then
    # compile the package again, which takes two thirds of the time until it does something.
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def heading(text: str) -> None:
    """Print a line that stands out in a long log."""
    say(f"\n--- {text} {'-' * max(3, 100 - len(text))}")
