"""Tables beside the data, as commands name them: `--table popmort=popmort.dta`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fedfolder.node.tables import TableFile

TABLE = "NAME=FILE"


def tables_of(said: tuple[str, ...]) -> dict[str, TableFile]:
    """The tables that NAME=FILE names.

    Raises
    ------
    ConfigError
        If one is not written so.
    """
    from fedfolder.errors import ConfigError
    from fedfolder.node.tables import TableFile

    found: dict[str, TableFile] = {}
    for text in said:
        name, sign, path = text.partition("=")
        if not sign or not name or not path or name in found:
            raise ConfigError("this names no table", found=f"--table {text}", expected="each once: NAME=FILE")
        found[name] = TableFile(Path(path))
    return found
