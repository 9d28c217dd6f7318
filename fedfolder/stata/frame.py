"""A frame of Stata, as Python sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MISSING_FROM = 8.988465674311579e307
"""Stata's `.`: this number and all larger ones are missing values."""


class DataFrame:
    """The data set in a frame."""

    def __init__(self, frame: Any) -> None:  # noqa: ANN401 - sfi has no types
        self._frame = frame

    @property
    def nobs(self) -> int:
        """The number of observations, n."""
        return int(self._frame.getObsTotal())

    @property
    def names(self) -> list[str]:
        """The variables, in their order."""
        return [str(self._frame.getVarName(i)) for i in range(self._frame.getVarCount())]

    def label(self, variable: str) -> str:
        """The label of a variable."""
        return str(self._frame.getVarLabel(variable))

    def is_text(self, variable: str) -> bool:
        """Whether a variable holds strings."""
        return str(self._frame.getVarType(variable)).startswith("str")

    def numbers(self, variable: str) -> NDArray[np.float64]:
        """A numeric variable, (n,)."""
        found = np.array(self._values(variable), dtype=np.float64).reshape(-1)
        return np.where(found >= MISSING_FROM, np.nan, found)

    def texts(self, variable: str) -> list[str]:
        """A string variable."""
        found = self._values(variable)
        return [found] if isinstance(found, str) else list(found)

    def _values(self, variable: str) -> Any:  # noqa: ANN401 - a list, or one value where there is one observation
        return self._frame.get(variable) if self.nobs else []

    def fill(self, columns: Mapping[str, NDArray[np.float64]]) -> None:
        """Give an empty data set these variables, as doubles, (n,) each; n > 0."""
        for name in columns:
            self._frame.addVarDouble(name)
        self._frame.setObsTotal(len(next(iter(columns.values()))))
        for name, values in columns.items():
            self._frame.store(name, None, values.tolist())
