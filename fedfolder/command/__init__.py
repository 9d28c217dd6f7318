"""The Stata-style line: parse it, print it canonically, and name the columns that its terms stand for."""

from __future__ import annotations

from fedfolder.command.derivation import CubicSpline, Cut, Derivation, Generate, LinearSpline, Range, Recode, Rule
from fedfolder.command.expression import Expression
from fedfolder.command.expression_grammar import parse_expression
from fedfolder.command.models import MODELS, Weight
from fedfolder.command.options import OPTIONS, Option, OptionRule
from fedfolder.command.parameters import ANCILLARY, Parameter
from fedfolder.command.parse import parse
from fedfolder.command.statement import Command
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
    needs_counts,
)

__all__ = [
    "ANCILLARY",
    "CONSTANT",
    "CONSTANT_NAME",
    "MODELS",
    "OPTIONS",
    "Column",
    "Command",
    "CubicSpline",
    "Cut",
    "Derivation",
    "Expression",
    "Factor",
    "Generate",
    "LinearSpline",
    "Option",
    "OptionRule",
    "Parameter",
    "Range",
    "Recode",
    "Rule",
    "Term",
    "Weight",
    "all_combinations",
    "base_levels",
    "columns",
    "level_key",
    "needs_counts",
    "parse",
    "parse_expression",
]
