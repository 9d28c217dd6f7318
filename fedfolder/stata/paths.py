"""Paths as they are typed in Stata, where no shell has looked at them."""

from __future__ import annotations

import re
from pathlib import Path

from fedfolder.errors import ConfigError


def typed(text: str) -> str:
    r"""A path with `~` as the home of the user.

    Of two backslashes Stata makes one, so what begins with a single one was a folder of the network: taken as it
    stands it would name another folder on this computer, and be made there. A macro after a backslash Stata does not
    expand, and the backslash is gone.

    Raises
    ------
    ConfigError
        If a path begins with a single backslash, or holds such a macro.
    """
    if re.search(r"`\w*'|(?<=[^/\\])\$\{?[^\W\d]", text):
        raise ConfigError(
            "Stata has not expanded the macro in this path: a backslash stood before it",
            where=text,
            do="write a slash there",
        )
    if re.match(r"\\(?!\\)", text):
        raise ConfigError(
            "a path that begins with one backslash: Stata makes one of two",
            where=text,
            expected="a drive, or slashes",
            do='name the drive, as in "S:/study", or write slashes, as in "//server/share/study"',
        )
    if re.match(r"~(?:$|[/\\])", text):
        return str(Path("~", text[2:]).expanduser())
    return text
