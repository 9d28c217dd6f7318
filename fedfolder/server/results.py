"""The files of a result, in the server's home."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedfolder.errors import ConfigError, ExchangeError
from fedfolder.exchange import files

if TYPE_CHECKING:
    from pathlib import Path

    from fedfolder.estimates import FitResult


def write_result(folder: Path, result: FitResult) -> None:
    """Write a result for people and programs: result.txt, result.json, result.csv.

    Raises
    ------
    ConfigError
        If the home cannot be written; the journal has the result, and the next run writes it.
    """
    text = f"{result.command}\n\n{result.summary()}\n"
    contents = (("result.txt", text), ("result.json", result.to_json()), ("result.csv", result.to_csv()))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files.remove_temporary(folder)
        for name, content in contents:
            files.write(folder / name, content.encode())
    except (ExchangeError, OSError) as error:
        raise ConfigError(
            "the fit has ended, but its result cannot be written",
            where=str(folder),
            found=(error.found if isinstance(error, ExchangeError) else error.strerror) or type(error).__name__,
            do="make room, or check the rights, and run the same command again: nothing is asked anew",
        ) from None
