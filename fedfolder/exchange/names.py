"""Every name that stands on the share: studies, nodes, folders, message files.

A file of a message is called `m000017-fit1-round3-beta.csv`. The number is its identity; the rest is for people.
Names are lower case ASCII and short, so that every file system and every sync tool carries them unchanged.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SERVER = "server"
TO_NODE = "to-node"
TO_SERVER = "to-server"
HELLO = "m000000-hello.json"
LONGEST_NAME = 60
"""Characters in a file name, at most."""
LONGEST_PATH = 240
"""Characters in the path of a file on the exchange: Windows stops at 260, and elsewhere the share may lie deeper."""
LARGEST_NUMBER = 999_999

_FILE = re.compile(r"m(?P<number>[0-9]{6})-(?P<label>[a-z0-9]+(?:-[a-z0-9]+)*)\.(?P<suffix>json|csv|txt)", re.ASCII)
_AS_WRITTEN = re.compile(
    r"m[0-9]{6}-(?:hello|fit[0-9]{1,6}-(?:round[0-9]{1,6}|closing)-(?:instruction|result))\.json", re.ASCII
)
_PLACE = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,30}[a-z0-9])?", re.ASCII)
_RESERVED = {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(10)), *(f"lpt{i}" for i in range(10))}


@dataclass(frozen=True, slots=True)
class FileName:
    """A file of a message: `number` is the message's identity, `label` and `suffix` are for people."""

    number: int
    label: str
    suffix: str

    def __str__(self) -> str:
        return f"m{self.number:06d}-{self.label}.{self.suffix}"

    @classmethod
    def parse(cls, name: str) -> FileName | None:
        """Read a name; None if it is none of ours (a sync tool's conflict copy, a thumbnail, a temporary file)."""
        match = _FILE.fullmatch(name) if len(name) <= LONGEST_NAME else None
        return cls(int(match["number"]), match["label"], match["suffix"]) if match else None


def envelopes(names: Iterable[str]) -> dict[int, list[str]]:
    """Names of the JSON files among `names`, by number."""
    found: dict[int, list[str]] = {}
    for name in names:
        # As `FileName.parse`, without making an object of each: there may be a hundred thousand names.
        if name.endswith(".json") and len(name) <= LONGEST_NAME and _FILE.fullmatch(name):
            found.setdefault(int(name[1:7]), []).append(name)
    return found


def as_written(name: str) -> bool:
    """Whether `name` is of the kind that fedfolder gives to a message's JSON file."""
    return _AS_WRITTEN.fullmatch(name) is not None


def lookalikes(names: Iterable[str], number: int) -> list[str]:
    """Those of `names` that begin like a file of message `number` and are none: conflict copies, changed case."""
    start = f"m{number:06d}-"
    return [name for name in names if name.startswith((start, start.upper())) and FileName.parse(name) is None]


def check_place(kind: str, name: str) -> str:
    """Return `name` if it can be the name of a study or node, and so of a folder, everywhere.

    Raises
    ------
    ConfigError
        For anything but lower-case ASCII letters, digits, `-` and `_` (32 at most), and for names that Windows
        reserves.
    """
    if _PLACE.fullmatch(name) and name not in _RESERVED and not (kind == "node" and name == SERVER):
        return name
    raise ConfigError(
        f"this cannot be the name of a {kind}",
        found=repr(name),
        expected="lower-case letters a-z, digits, - and _, at most 32, no name that Windows reserves (con, nul, com1)",
        do="choose another name: it becomes a folder on every site's computer",
    )


def check_length(folder: Path) -> None:
    """Refuse a folder so deep that a message's files would not fit Windows' 260 characters.

    Raises
    ------
    ConfigError
    """
    length = len(str(folder)) + 1 + LONGEST_NAME
    if length > LONGEST_PATH:
        raise ConfigError(
            "the path of this folder is too long",
            where=str(folder),
            found=f"{length} characters with a file in it",
            expected=f"at most {LONGEST_PATH}",
            do="put the exchange nearer to the root of its drive",
        )
