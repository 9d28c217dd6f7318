"""Reading the two files that people write: study.toml and node.toml."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, TypeVar

from fedfolder.errors import ConfigError, VersionError

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
"""Version of both files, their `format` line."""

T = TypeVar("T")


def load(path: Path, kind: type[T], *, make: str) -> T:
    """Read a settings file into `kind`, a msgspec Struct with a field `format`.

    Parameters
    ----------
    make : str
        The command that makes such a file, for the error.

    Raises
    ------
    ConfigError
        If the file is missing or malformed, or lacks a line.
    VersionError
        If a newer fedfolder wrote it.
    """
    import msgspec

    try:
        found = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"there is no {path.name} here", where=str(path.parent), do=f"make one with {make}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"{path.name} cannot be read",
            where=str(path),
            found=str(error),
            expected="TOML in UTF-8; a Windows path stands in single quotes: 'S:\\lbw'",
        ) from None
    version = found.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise VersionError(
            f"{path.name} was written for a newer fedfolder",
            where=str(path),
            found=f"format {version}",
            expected=f"at most {FORMAT}",
            do="update fedfolder here",
        )
    try:
        return msgspec.convert(found, kind, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigError(f"a line of {path.name} is wrong", where=str(path), found=str(error)) from None


def quoted(text: str) -> str:
    """`text` as TOML: in single quotes, as it is, where that is possible (Windows paths)."""
    import json

    return f"'{text}'" if "'" not in text and text.isprintable() else json.dumps(text, ensure_ascii=False)
