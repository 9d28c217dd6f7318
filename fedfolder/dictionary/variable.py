"""What a dictionary says of each variable, as plain values."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from fedfolder.command.expression import number_text
from fedfolder.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Type: TypeAlias = Literal["number", "whole", "category", "text", "date", "yes/no"]
TYPES: tuple[Type, ...] = get_args(Type)
"""Number with decimals; whole number; levels; any text; day; 0 and 1."""
Kind: TypeAlias = Literal["numeric", "text"]
"""How a node holds a variable."""

YES_NO = ("0", "1")
"""The levels of yes/no."""
DAY_ZERO = dt.date(1960, 1, 1)
"""The day that is 0, as in Stata."""
MOST_VARIABLES = 1_000
MOST_BYTES = 800_000
"""Of the dictionary as it stands in a message, whose JSON may have a mebibyte."""


def is_whole(level: str) -> bool:
    """Whether a level is a whole number of 0 or more."""
    return re.fullmatch("[0-9]{1,15}", level) is not None


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable, as every site should have it.

    Parameters
    ----------
    name : str
        The study's name.
    type : {"number", "whole", "category", "text", "date", "yes/no"}
    levels : mapping of str to str
        The levels of a category or of yes/no, spelt as in a command, and their labels, empty where there is none; in
        the order of the dictionary. A category without levels may have any.
    unit : str
        For people: years, grams.
    low, high : float or None
        The plausible range of a number or date (days since 1960-01-01), ends included.
    description : str
        For people.
    """

    name: str
    type: Type
    levels: Mapping[str, str]
    unit: str = ""
    low: float | None = None
    high: float | None = None
    description: str = ""

    @property
    def kind(self) -> Kind | None:
        """How a node must hold it; None where either will do."""
        if self.type == "text":
            return "text"
        if self.type != "category":
            return "numeric"
        if not self.levels:
            return None
        return "numeric" if all(map(is_whole, self.levels)) else "text"

    @property
    def labels(self) -> dict[str, str]:
        """The labels that there are, by level."""
        return {level: label for level, label in self.levels.items() if label}

    def end(self, value: float | None) -> str:
        """One end of the plausible range as it is written; empty where there is none."""
        if value is None:
            return ""
        if self.type == "date":
            return (DAY_ZERO + dt.timedelta(days=value)).isoformat()
        return number_text(value)

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON, without what is empty."""
        said = {
            "name": self.name,
            "type": self.type,
            "levels": [{"level": level, "label": label} for level, label in self.levels.items()],
            "unit": self.unit,
            "low": self.end(self.low),
            "high": self.end(self.high),
            "description": self.description,
        }
        return {key: value for key, value in said.items() if value}


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The variables of a study, in the order in which people wrote them.

    Raises
    ------
    ConfigError
        A variable stands twice, or there is more than a message can carry.
    """

    variables: tuple[Variable, ...]

    def __post_init__(self) -> None:
        """Each name once, and not too much of it."""
        names = self.names
        twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
        if twice is not None:
            raise ConfigError(f"the dictionary has {twice} twice", do="take one of the two out")
        # In a message the dictionary stands four levels deep, indented for the reader.
        said = json.dumps([[[[self.to_plain()]]]], indent=2, ensure_ascii=False)
        length = len(said.encode())
        if len(names) > MOST_VARIABLES or length > MOST_BYTES:
            raise ConfigError(
                "the dictionary is too large for one message",
                found=f"{len(names)} variables, {length} bytes",
                expected=f"at most {MOST_VARIABLES} variables and {MOST_BYTES} bytes",
                do="leave out what the study does not use; a category without levels may have any",
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its variables."""
        return tuple(variable.name for variable in self.variables)

    def labels(self, names: Sequence[str] | None = None) -> dict[str, dict[str, str]]:
        """The labels of variables (of all by default) by level, of those that have any."""
        found = {variable.name: variable.labels for variable in self.variables}
        return {name: labels for name, labels in found.items() if labels and (names is None or name in names)}

    def to_plain(self) -> list[dict[str, Any]]:
        """As plain JSON."""
        return [variable.to_plain() for variable in self.variables]
