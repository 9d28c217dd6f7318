"""Where ado-files and their companions are found: our reading of [P] sysdir and [U] 17.5."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def found(folders: list[Path], name: str) -> Path | None:
    """The first file of that name: in a folder, or in its subfolder of the name's first character, as in PLUS."""
    for folder in folders:
        for path in (folder / name, folder / name[0].lower() / name):
            if path.is_file():
                return path
    return None
