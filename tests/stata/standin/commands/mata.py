"""`mata:` one-liners: our reading of [M-3] mata; those few that our files use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.stata.standin.commands.registry import command
from tests.stata.standin.errors import OutsideSubset

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stata.standin.session import Session

FUNCTIONS: dict[str, Callable[[Session, list[str]], None]] = {}
"""What `mata: f(…)` does where an ado-file defines f: the twin in Python that a test has registered."""


@command("[M-3] mata", "mata")
def mata(session: Session, rest: str) -> None:
    """`mata: st_updata(0)` ([M-5] st_updata()), or a function of an ado-file of which a test has registered a twin."""
    match = re.fullmatch(r"\s*:?\s*(\w+)\((.*)\)\s*", rest)
    if match is None:
        raise OutsideSubset(f"mata {rest}")
    name, inside = match.groups()
    if name == "st_updata":
        session.memory.data.changed = inside.strip() != "0"
    elif name in FUNCTIONS and name in session.interpreter.mata:
        FUNCTIONS[name](session, [part.strip().strip('"') for part in inside.split(",") if part.strip()])
    else:
        raise OutsideSubset(f"Mata function {name}()")
