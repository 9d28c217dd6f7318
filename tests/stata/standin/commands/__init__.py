"""Stata's own commands, as far as our files use them; each says which section of the manuals it follows."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from tests.stata.standin.commands.registry import COMMANDS

if TYPE_CHECKING:
    from tests.stata.standin.commands.registry import Command

_MODULES = (
    "asking",
    "certifying",
    "estimates",
    "data",
    "ereturn",
    "frames",
    "installing",
    "language",
    "matrices",
    "mata",
    "ml",
    "parsing",
    "python",
    "testing",
)
for _module in _MODULES:
    importlib.import_module(f"tests.stata.standin.commands.{_module}")


def find(name: str) -> Command | None:
    """The command of that name, or of that abbreviation."""
    return COMMANDS.get(name)
