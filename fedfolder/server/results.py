"""The files of a result, in the server's home."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedfolder.exchange import files

if TYPE_CHECKING:
    from pathlib import Path

    from fedfolder.estimates import FitResult


def write_result(folder: Path, result: FitResult) -> None:
    """Write a result for people and programs: result.txt, result.json, result.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    text = f"{result.command}\n\n{result.summary()}\n"
    for name, content in (
        ("result.txt", text),
        ("result.json", result.to_json()),
        ("result.csv", result.to_csv()),
    ):
        files.write(folder / name, content.encode())
