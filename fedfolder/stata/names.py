"""Names that Stata cannot have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fedfolder.errors import VariableError

if TYPE_CHECKING:
    from fedfolder.command import Command

RESERVED = re.compile(
    r"_all|_b|byte|_coef|_cons|double|float|if|in|int|long|_n|_N|_pi|_pred|_rc|_skip|str[0-9]+|strL|using|with"
)
"""Words that can name no variable in Stata."""


def require_names(command: Command) -> None:
    """Refuse a command with variables whose names Stata cannot have, neither in a data set nor in e(b).

    Raises
    ------
    VariableError
    """
    for name in [command.depvar, *(name for term in command.terms for name in term.variables)]:
        if RESERVED.fullmatch(name):
            do = f"give it another one in the command: gen x = {name}; ..."
            raise VariableError("Stata can have no variable of this name", where=name, do=do)
