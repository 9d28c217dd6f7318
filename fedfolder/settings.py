"""Reading the two files that people write: study.toml and node.toml."""

from __future__ import annotations

import contextlib
import re
import tomllib
from typing import TYPE_CHECKING, TypeVar

from fedfolder.errors import ConfigError, FedfolderError, VersionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
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
            do="correct the line that is named, and save the file as UTF-8",
        ) from None
    version = found.get("format")
    if isinstance(version, int) and version != FORMAT:
        raise VersionError(
            f"{path.name} was written for a {'newer' if version > FORMAT else 'different'} fedfolder",
            where=str(path),
            found=f"format {version}",
            expected=f"format {FORMAT}",
            do="update fedfolder here",
        )
    try:
        return msgspec.convert(found, kind, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"a line of {path.name} is missing or wrong",
            where=str(path),
            found=str(error),
            do=f"compare it with a {path.name} made by {make}; $.a.b in the reason is line b below [a]",
        ) from None


def quoted(text: str) -> str:
    """`text` as TOML: in single quotes, as it is, where that is possible (Windows paths).

    Raises
    ------
    ConfigError
        If it is no text: a name on a Unix disk may hold bytes that are no UTF-8.
    """
    import json

    try:
        text.encode()
    except UnicodeEncodeError:
        raise ConfigError("this name is not UTF-8", found=ascii(text), do="rename the file or folder") from None
    if "'" not in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put `values` in the places `@KEY@` of a template; what a value holds is left as it is."""
    return re.sub("@([A-Z]+)@", lambda place: values[place[1]], template)


@contextlib.contextmanager
def located(path: Path) -> Iterator[None]:
    """Name `path` in an error that does not say where it is from."""
    try:
        yield
    except FedfolderError as error:
        error.where = error.where or str(path)
        raise


def require_private(home: Path, exchange: Path) -> None:
    """Refuse a home that lies on the exchange: keys and journals are never on the share.

    Raises
    ------
    ConfigError
    """
    if home.resolve().is_relative_to(exchange.resolve()):
        raise ConfigError(
            "a home cannot lie on the exchange",
            where=str(home),
            found=f"it is inside {exchange}",
            expected="a private folder on this computer: it will hold a key",
            do="choose a folder elsewhere",
        )
