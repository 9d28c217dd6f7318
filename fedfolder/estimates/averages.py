"""Survival averaged over all rows of a fit, with what the delta method needs of it, and its intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.errors import ConfigError
from fedfolder.estimates.linear import check_has_numbers
from fedfolder.estimates.quantities import Quantity, Shown, check_contrast, with_intervals
from fedfolder.estimates.survival import OverTime

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.estimates.quantities import Curves
    from fedfolder.estimates.result import FitResult

STANDARDISED = "standardised "
"""What an average over rows is called, before its quantity."""


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


def standardised(result: FitResult, *, contrast: str | None = None, level: float | None = None) -> Curves:
    """Survival averaged over all rows of a fit with `standsurv()`, of its patterns at its times.

    Parameters
    ----------
    contrast, level
        As of `fedfolder.estimates.curves.curves`.

    Raises
    ------
    FitError
        The fit has no numbers.
    UnknownNameError
        There is no such contrast.
    ConfigError
        Nothing was averaged, or there is nothing to compare.
    """
    check_has_numbers(result)
    averages = result.averages
    if averages is None:
        do = "fit it again with standsurv(times), and with at1(), at2(), … for what to put in every row"
        raise ConfigError("no survival was averaged in this fit", found=result.command, do=do)
    check_contrast(contrast, len(averages.patterns))
    with np.errstate(all="ignore"):
        hazard = -np.log(averages.survival)
        by = -averages.gradient / (averages.survival * hazard)[..., None]
    nothing = np.full_like(hazard, np.nan), np.full_like(by, np.nan)
    # Where nobody has failed yet, to the last digit, or all have, no coefficient changes that.
    by = np.where((averages.gradient == 0) | (hazard == 0)[..., None], 0.0, by)
    with np.errstate(all="ignore"):
        found = Quantity.of(OverTime(np.log(hazard), by, *nothing), "survival", result.cov)
    kind = STANDARDISED + ("relative survival" if "bhazard" in result.roles else "survival")
    shown = Shown(averages.patterns, np.array(averages.times), "survival", kind)
    return with_intervals(result, shown, found, contrast, level)
