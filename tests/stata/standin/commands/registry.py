"""The table of commands: name, and section of the manuals that it follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stata.standin.session import Session

    Command = Callable[[Session, str], None]

COMMANDS: dict[str, Command] = {}
SECTIONS: dict[str, str] = {}
"""Of each command, by its full name, the section of the manuals that it follows."""


def command(section: str, *names: str) -> Callable[[Command], Command]:
    """Register a command under its name and abbreviations; what it gets is what stands after its name."""

    def registered(work: Command) -> Command:
        SECTIONS[names[0]] = section
        for name in names:
            COMMANDS[name] = work
        return work

    return registered
