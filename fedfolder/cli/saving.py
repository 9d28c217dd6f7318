"""Files that a command was asked to write."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def writing(path: Path, what: str, do: str = "name a file in a folder that is there") -> Iterator[None]:
    """Say in our words that `what` cannot be written to `path`.

    Raises
    ------
    ConfigError
        If the system says so within.
    """
    from fedfolder.errors import ConfigError

    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"{what} cannot be written", where=str(path), found=error.strerror or type(error).__name__, do=do
        ) from None
