"""The Stata-style line: parse it, print it canonically, and name the columns that its terms stand for."""

from __future__ import annotations

from fedfolder.command.options import OPTIONS, Option, OptionRule
from fedfolder.command.parse import MODELS, Command, parse
from fedfolder.command.terms import (
    CONSTANT,
    CONSTANT_NAME,
    Column,
    Factor,
    Term,
    all_combinations,
    base_levels,
    columns,
    level_key,
)

__all__ = [
    "CONSTANT",
    "CONSTANT_NAME",
    "MODELS",
    "OPTIONS",
    "Column",
    "Command",
    "Factor",
    "Option",
    "OptionRule",
    "Term",
    "all_combinations",
    "base_levels",
    "columns",
    "level_key",
    "parse",
]
