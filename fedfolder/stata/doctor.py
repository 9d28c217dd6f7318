"""`fedfolder doctor` inside Stata: whether the Python that Stata runs has what fedfolder needs."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING

from fedfolder.about import __version__
from fedfolder.errors import FedfolderError
from fedfolder.exchange.doctor import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedfolder.stata.bridge import Stata

OLDEST_PYTHON = (3, 11)
PACKAGES = (
    "click",
    "cryptography",
    "filelock",
    "msgspec",
    "numpy",
    "pandas",
    "pyreadstat",
    "rfc8785",
    "rich",
    "scipy",
    "threadpoolctl",
    "watchdog",
)
"""What fedfolder imports, by the names that it imports."""

INDENTS_FROM = (2023, 12, 20)
"""A Stata made before this day cannot read indented blocks of Python with `INDENTED_PYTHON` or newer."""
INDENTED_PYTHON = (3, 12)

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def examine(python: tuple[int, int], ado: str, born: str, missing: tuple[str, ...]) -> Iterator[Finding]:
    """Judge what was found.

    Parameters
    ----------
    python : (int, int)
        The version of the Python that runs.
    ado : str
        The version of the ado files.
    born : str
        Stata's `c(born_date)`, such as `"15 Nov 2023"`.
    missing : tuple of str
        Packages that are not there.
    """
    shown = ".".join(map(str, python))
    if python < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        yield Finding("Python's version", "bad", f"{shown}, and fedfolder needs {oldest} or newer")
    elif python >= INDENTED_PYTHON and _date(born) < INDENTS_FROM:
        yield Finding(
            "Python's version",
            "note",
            f"{shown} is newer than this Stata: its blocks of Python cannot be indented. fedfolder has none; for "
            "others, update Stata, or take Python 3.11",
        )
    if missing:
        yield Finding("packages", "bad", f"not there: {', '.join(missing)}")
    else:
        yield Finding("packages", "good", "all that fedfolder needs are there")
    if ado == __version__:
        yield Finding("fedfolder", "good", __version__)
    else:
        words = f"{__version__}, and the ado files are of {ado}; in a terminal, type: fedfolder stata install"
        yield Finding("fedfolder", "note", words)


def _date(born: str) -> tuple[int, int, int]:
    """Year, month and day; a date that cannot be read is long ago, so that the note is shown."""
    parts = born.lower().split()
    try:
        day, month, year = int(parts[0]), _MONTHS.index(parts[1][:3]) + 1, int(parts[2])
    except (ValueError, IndexError):
        return 0, 0, 0
    return year, month, day


def doctor(stata: Stata) -> None:
    """Show what this Python has.

    Raises
    ------
    FedfolderError
        If something that fedfolder needs is missing.
    """
    missing = tuple(name for name in PACKAGES if importlib.util.find_spec(name) is None)
    findings = list(examine(sys.version_info[:2], stata.local("version"), stata.local("born"), missing))
    for finding in findings:
        stata.say(f"{finding.verdict:<5} {finding.name:<17} {finding.words}")
    bad = [finding.name for finding in findings if finding.verdict == "bad"]
    if bad:
        raise FedfolderError(
            "the Python that Stata runs cannot run fedfolder",
            where=stata.local("executable"),
            found=", ".join(bad),
            do='in a terminal: python -m pip install "C:/Downloads/fedfolder", with the path of this Python (or of a '
            "newer one) and the folder that you unpacked fedfolder into; then, in Stata: fedfolder setup",
        )
