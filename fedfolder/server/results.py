"""The files of a result, in the server's home."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fedfolder.errors import ConfigError, ExchangeError
from fedfolder.exchange import files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.estimates import FitResult
    from fedfolder.server.findings import Findings


RESULT = "result.json"


def read_result(path: str | Path) -> FitResult:
    """Read a stored result: the file that `--json` wrote, or the folder of a run.

    Parameters
    ----------
    path : str or Path
        Such as `demo.json`, or `lbw-server/runs/fit1`, in which `result.json` is meant.

    Returns
    -------
    FitResult
        Equal to the one that was written.

    Raises
    ------
    ConfigError
        The file is not there, or holds no result.
    """
    from fedfolder.estimates import FitResult

    file = Path(path)
    if file.is_dir():
        file = file / RESULT
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        found = error.strerror if isinstance(error, OSError) else "bytes that are no text"
        raise ConfigError(
            "a stored result cannot be read",
            where=str(file),
            found=found or type(error).__name__,
            expected="the JSON that `fedfolder run … --json FILE` writes, or a folder in the study's runs",
            do="check the name",
        ) from None
    return FitResult.from_json(text, where=str(file))


def write_result(folder: Path, result: FitResult) -> None:
    """Write a result for people and programs: result.txt, result.json, result.csv.

    Raises
    ------
    ConfigError
        If the home cannot be written; the journal has the result, and the next run writes it.
    """
    trips = f"Trips to the nodes: {result.rounds}, with {result.evaluations} evaluations."
    text = f"{result.command}\n\n{result.summary()}\n\n{trips}\n"
    _write(folder, {"result.txt": text, RESULT: result.to_json(), "result.csv": result.to_csv()}, "the fit has ended")


def write_findings(folder: Path, found: Findings) -> None:
    """Write what a check found, for people and programs: check.txt, check.json.

    Raises
    ------
    ConfigError
        If the home cannot be written.
    """
    contents = {"check.txt": f"{found.summary()}\n", "check.json": found.to_json()}
    _write(folder, contents, "the nodes have answered")


def _write(folder: Path, contents: Mapping[str, str], happened: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files.remove_temporary(folder)
        for name, content in contents.items():
            files.write(folder / name, content.encode())
    except (ExchangeError, OSError) as error:
        raise ConfigError(
            f"{happened}, but what came of it cannot be written",
            where=str(folder),
            found=(error.found if isinstance(error, ExchangeError) else error.strerror) or type(error).__name__,
            do="make room, or check the rights, and run the same command again: nothing is asked anew",
        ) from None
