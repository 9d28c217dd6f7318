"""What a node holds of a dictionary's variables: what the check of a dictionary is computed from.

It is `Sample` for a check: it keeps missing values, knows no file, and shows no value when it is printed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedfolder.questions.sample import FactorValues

Absent = Literal["no such variable", "not released", "cannot be read as it is"]
"""Why a node has nothing to say of a variable; one that is not released is not looked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """One variable, every row of the file, under the study's codes.

    Parameters
    ----------
    column : (n,) numbers or FactorValues
        Numbers of any type, with NaN where a value is missing, or text with the code -1 where it is.
    labels : mapping of str to str
        The file's value labels by level, as the study spells it.
    """

    column: NDArray[Any] | FactorValues = field(repr=False)
    labels: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def numbers(self) -> NDArray[np.float64] | None:
        """The values that are there, (m,) float64; None for text."""
        if not isinstance(self.column, np.ndarray):
            return None
        present: NDArray[np.float64] = self.column[np.logical_not(np.isnan(self.column))].astype(np.float64)
        return present

    @property
    def present(self) -> int:
        """The number of rows with a value, m."""
        if isinstance(self.column, np.ndarray):
            return int(np.logical_not(np.isnan(self.column)).sum())
        return int((self.column.codes >= 0).sum())

    def levels(self) -> set[str]:
        """The levels that occur, spelt as in a command; a number that can be no level is spelt as it is."""
        if isinstance(self.column, np.ndarray):
            present = np.unique(self.column[np.logical_not(np.isnan(self.column))]).astype(np.float64).tolist()
            return {str(int(value)) if value.is_integer() else repr(value) for value in present}
        used = np.unique(self.column.codes)
        return {self.column.levels[code] for code in used.tolist() if code >= 0}


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """The variables of a dictionary at one node, by name, and the number of rows of its file."""

    nrows: int
    variables: Mapping[str, Values | Absent] = field(repr=False)
