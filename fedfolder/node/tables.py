r"""A site's own tables, such as the mortality of its population: named in node.toml, read here, and never sent.

[tables.popmort]
data = "C:\\registry\\popmort.dta"
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from fedfolder.command.terms import is_name
from fedfolder.errors import ConfigError
from fedfolder.node.reading import Reading, ReadingSettings, Recodes, reading_of  # noqa: TC001 - msgspec reads the annotation
from fedfolder.node.sources import opened
from fedfolder.questions.lookup import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


class TableSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table [tables.NAME] of node.toml; `variables` has the study's names and the file's."""

    data: str
    variables: dict[str, str] = {}
    reading: ReadingSettings = ReadingSettings()
    recode: Recodes = {}


@dataclass(frozen=True, slots=True)
class TableFile:
    """Where a table lies, and how it is read."""

    path: Path
    reading: Reading = field(default_factory=Reading)


def files_of(settings: Mapping[str, TableSettings], absolute: Callable[[str], Path]) -> dict[str, TableFile]:
    """What node.toml says of tables; `absolute` makes a path of what is written there.

    Raises
    ------
    ConfigError
        A name that no command can use, or a line that cannot be meant.
    """
    for name in settings:
        if not is_name(name):
            raise ConfigError("no command can use this name of a table", found=f"[tables.{name}]", do="rename it")
    return {
        name: TableFile(absolute(said.data), reading_of(said.reading, said.variables, said.recode))
        for name, said in settings.items()
    }


def read_tables(files: Mapping[str, TableFile], wanted: Mapping[str, tuple[str, ...]]) -> dict[str, Table]:
    """The tables that a command names, with the variables that it wants; without those that are not there.

    Raises
    ------
    DataFileError, UnknownNameError, VariableError
        As in `fedfolder.node.data.read_variables`.
    """
    found: dict[str, Table] = {}
    for name, variables in wanted.items():
        if name in files:
            frame = opened(files[name].path, files[name].reading).frame(variables)
            found[name] = Table(name, frame.source, frame.columns)
    return found
