"""A data set in memory: our reading of [D] Data types, [D] generate and the limits in [R] Limits."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tests.stata.standin.errors import StataError
from tests.stata.standin.values import MAX_STR, MISSING, RANGES, is_missing, is_variable_name

NUMERIC = ("byte", "int", "long", "float", "double")


@dataclass
class Column:
    """A variable: numbers or strings, of a storage type."""

    name: str
    type: str
    values: list[float] | list[str]
    label: str = ""
    value_label: str = ""

    @property
    def is_string(self) -> bool:
        """Whether it holds strings."""
        return self.type.startswith("str")

    @property
    def empty(self) -> float | str:
        """What an observation holds before anything is stored."""
        return "" if self.is_string else MISSING

    def put(self, at: int, value: object) -> None:
        """Store a value: a number is promoted to a type that holds it, a string is widened up to 2045 bytes.

        Raises
        ------
        TypeError
            A string for a numeric variable or the reverse.
        """
        if isinstance(value, str) != self.is_string:
            raise TypeError(f"variable {self.name} is {self.type}")
        if isinstance(value, str):
            self._widen(len(value.encode()))
            self.values[at] = value  # type: ignore[call-overload]
        else:
            self.values[at] = self._number(float(value))  # type: ignore[arg-type, call-overload]

    def _widen(self, size: int) -> None:
        if self.type != "strL" and size > int(self.type[3:]):
            self.type = "strL" if size > MAX_STR else f"str{size}"

    def _number(self, value: float) -> float:
        if is_missing(value):
            return value
        whole = value == int(value) if abs(value) < 1e15 else False
        order = NUMERIC[NUMERIC.index(self.type) :]
        for kind in order:
            low, high = RANGES[kind]
            if low <= value <= high and (whole or kind in {"float", "double"}):
                self.type = kind
                break
        return float(np.float32(value)) if self.type == "float" else value


@dataclass
class DataSet:
    """Variables of the same number of observations, and value labels."""

    columns: list[Column] = field(default_factory=list)
    nobs: int = 0
    labels: dict[str, dict[int, str]] = field(default_factory=dict)
    characteristics: dict[tuple[str, str], str] = field(default_factory=dict)
    changed: bool = False

    @property
    def names(self) -> list[str]:
        """The variables, in their order."""
        return [column.name for column in self.columns]

    def column(self, name: str) -> Column:
        """A variable by its full name.

        Raises
        ------
        StataError
            111 if there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise StataError(111, f"variable {name} not found")

    def add(self, name: str, kind: str) -> Column:
        """A new variable, empty in every observation.

        Raises
        ------
        StataError
            198 for a name that is none, 110 if it is taken.
        """
        if not is_variable_name(name):
            raise StataError(198, f"{name} invalid name")
        if name in self.names:
            raise StataError(110, f"variable {name} already defined")
        column = Column(name, kind, [])
        column.values = [column.empty] * self.nobs  # type: ignore[assignment]
        self.columns.append(column)
        return column

    def set_nobs(self, nobs: int) -> None:
        """More observations, empty; [D] obs never takes any away.

        Raises
        ------
        StataError
            198 if there are more already.
        """
        if nobs < self.nobs:
            raise StataError(198, f"obs was {self.nobs}; it can only be increased")
        for column in self.columns:
            column.values = [*column.values, *[column.empty] * (nobs - self.nobs)]
        self.nobs = nobs

    def keep(self, rows: list[int]) -> None:
        """These observations alone."""
        for column in self.columns:
            column.values = [column.values[i] for i in rows]  # type: ignore[assignment]
        self.nobs = len(rows)

    def clear(self) -> None:
        """No variable, no observation, no label."""
        self.columns.clear()
        self.labels.clear()
        self.characteristics.clear()
        self.nobs = 0
        self.changed = False
