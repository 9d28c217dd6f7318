"""Our ado and help files: where they lie, and where Stata looks for such files."""

from __future__ import annotations

import os
import re
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from fedfolder.errors import ConfigError
from fedfolder.process import interpreter
from fedfolder.resources import resource

PACKAGE = "fedfolder.pkg"
CONTENTS = "stata.toc"
PYTHON = "fedfolder_python.txt"
"""Beside the ado files: the path of the Python that installed them, which `fedfolder setup` reads in Stata."""
LIST = "fedfolder_files.txt"
"""Beside the ado files: what was installed there, so that the next installation removes what is no longer."""

_OURS = re.compile(r"_?fedfolder\w*\.\w+")
_TIMES = (1980, 1, 1, 0, 0, 0)
"""Of each file in the zip: the same files make the same zip."""


@dataclass(frozen=True, slots=True)
class Installed:
    """Where files were put, and which; and which older ones were removed."""

    folder: Path
    files: tuple[str, ...]
    removed: tuple[str, ...]


def source() -> Path:
    """The folder that `net install` can install from."""
    return resource("stata", PACKAGE).parent


def package_files(folder: Path) -> tuple[str, ...]:
    """The files of the package, by their path from its folder."""
    lines = (folder / PACKAGE).read_text(encoding="utf-8").splitlines()
    return tuple(line[2:] for line in lines if line[:2] in {"f ", "F "})


def personal_folders(platform: str, home: Path) -> tuple[Path, ...]:
    """Stata's PERSONAL, where it may be: [P] sysdir. The first is that of newer releases."""
    if platform == "win32":
        return home / "ado" / "personal", Path("C:/ado/personal")
    if platform == "darwin":
        library = home / "Library" / "Application Support"
        return home / "Documents" / "Stata" / "ado" / "personal", library / "Stata" / "ado" / "personal"
    return (home / "ado" / "personal",)


def default_folder() -> Path:
    """The first of these folders that is there; the first of all if none is."""
    folders = personal_folders(sys.platform, Path.home())
    return next((folder for folder in folders if folder.is_dir()), folders[0])


def install(folder: Path) -> Installed:
    """Copy ado and help files, in place of an older copy.

    Raises
    ------
    ConfigError
        If the folder cannot be made or written to.
    """
    origin = source()
    contents = {Path(name).name: (origin / name).read_bytes() for name in package_files(origin)}
    # Without a line feed: Stata takes the whole of it as the path.
    contents[PYTHON] = os.fsencode(interpreter()) if os.name != "nt" else interpreter().encode("utf-8")
    contents[LIST] = "".join(f"{name}\n" for name in sorted(contents)).encode("ascii")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        gone = _listed(folder) - contents.keys()
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        removed = tuple(name for name in sorted(gone) if _remove(folder / name))
    except OSError as error:
        raise ConfigError(
            "the ado files cannot be installed",
            where=str(error.filename or folder),
            found=error.strerror or type(error).__name__,
            do="name a folder that you may write to: --adopath, and in Stata: adopath + that folder",
        ) from None
    return Installed(folder, tuple(sorted(contents)), removed)


def _listed(folder: Path) -> set[str]:
    """What an earlier installation put here; nothing in the list can name a file of anyone else."""
    path = folder / LIST
    if not path.is_file():
        return set()
    return set(filter(_OURS.fullmatch, path.read_text(encoding="ascii", errors="replace").split()))


def _remove(path: Path) -> bool:
    if not path.is_file():
        return False
    path.unlink()
    return True


def write_zip(path: Path) -> None:
    """Write a zip that `net install` installs from once it is unpacked.

    Raises
    ------
    ConfigError
        If it cannot be written.
    """
    origin = source()
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in (PACKAGE, CONTENTS, *package_files(origin)):
                archive.writestr(zipfile.ZipInfo(name, _TIMES), (origin / name).read_bytes(), zipfile.ZIP_DEFLATED)
    except OSError as error:
        raise ConfigError(
            "the zip cannot be written",
            where=str(path),
            found=error.strerror or type(error).__name__,
            do="name a file in a folder that is there",
        ) from None
