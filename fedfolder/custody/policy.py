"""What a site allows, as its custodian wrote it down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.errors import UnknownNameError

if TYPE_CHECKING:
    from fedfolder.command import Command


@dataclass(frozen=True, slots=True)
class Policy:
    """The variables that may be used in this study."""

    variables: tuple[str, ...]

    def check(self, command: Command) -> None:
        """Refuse a command that uses anything else.

        Raises
        ------
        UnknownNameError
            Naming the first variable that is not released.
        """
        for name in command.variables:
            if name not in self.variables:
                raise UnknownNameError(
                    f"the variable {name} is not released for this study",
                    where=name,
                    expected="a variable in the list in node.toml",
                )
