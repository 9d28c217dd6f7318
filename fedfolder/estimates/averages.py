"""Survival averaged over all rows of a fit, with what the delta method needs of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Averages:
    """Average survival of each pattern at each time, from a fit with `standsurv()`.

    Parameters
    ----------
    patterns : tuple of str
        What was put in place of variables in every row: `stage 3 sex 2`, or `as observed`.
    times : tuple of float
        In the unit of the fit's times.
    survival : ndarray, shape (K, T)
        After `bhazard()`, relative survival.
    gradient : ndarray, shape (K, T, p)
        Its derivatives by the coefficients, in the order of the fit's `names`.

    Raises
    ------
    ValueError
        The arrays do not have these shapes.
    """

    patterns: tuple[str, ...]
    times: tuple[float, ...]
    survival: NDArray[np.float64]
    gradient: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Check shapes and keep copies that nobody can write to."""
        shape = (len(self.patterns), len(self.times))
        for name, dimensions in (("survival", 2), ("gradient", 3)):
            values = np.array(getattr(self, name), dtype=np.float64)
            if values.ndim != dimensions or values.shape[:2] != shape:
                raise ValueError(f"{name} has the shape {values.shape}; patterns and times ask for {shape}")
            values.flags.writeable = False
            object.__setattr__(self, name, values)

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "patterns": list(self.patterns),
            "times": list(self.times),
            "survival": self.survival.tolist(),
            "gradient": self.gradient.tolist(),
        }
