"""Quantities over time, and what two patterns differ by, with intervals by the delta method.

With L = ln H or ln h, every quantity is a function of L, and the variance of L is g V g' with its gradient g and the
covariance V of the coefficients. The interval is taken where it cannot leave the range of the quantity, and carried
back: of S = exp(-exp(L)) and of hazards on the scale of L, of ratios on that of their logarithm. Differences have none
such, and are taken as they are.

Sources: [ST] streg postestimation; Royston and Lambert (2011), Flexible Parametric Survival Analysis Using Stata.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from fedfolder.errors import ConfigError, UnknownNameError, nearest
from fedfolder.estimates.coefficients import check_level, critical

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from fedfolder.estimates.result import FitResult
    from fedfolder.estimates.survival import OverTime

    Array = NDArray[np.float64]

QUANTITIES = {"survival": "survival", "hazard": "hazard", "cumhazard": "cumulative hazard"}
"""What can be shown, in words."""

EXCESS = {"survival": "relative survival", "hazard": "excess hazard", "cumhazard": "cumulative excess hazard"}
"""The same after a model of relative survival."""

CONTRASTS = {"difference": 0.0, "ratio": 1.0}
"""How two patterns can be compared, and what says that they are the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Quantities over time.

    Parameters
    ----------
    names : tuple of str
        What each of the K curves is of.
    times : ndarray, shape (T,)
        In the unit of the fit's times.
    what : str
        The quantity in words, such as "difference of survival".
    estimate, lower, upper : ndarray, shape (K, T)
        NaN where the quantity is not defined, as of a ratio of hazards at time zero.
    level : float
        Confidence level in percent.
    nothing : float, optional
        What a comparison shows where there is no difference.
    stepped : bool
        Whether it is a step function that is known at these times alone.
    """

    names: tuple[str, ...]
    times: Array
    what: str
    estimate: Array
    lower: Array
    upper: Array
    level: float
    nothing: float | None = None
    stepped: bool = False

    def frame(self) -> pd.DataFrame:
        """One row a pattern and time: `pattern`, `time`, `estimate`, `lower`, `upper`."""
        import pandas as pd

        k, t = self.estimate.shape
        numbers = {name: getattr(self, name).ravel() for name in ("estimate", "lower", "upper")}
        return pd.DataFrame({"pattern": np.repeat(self.names, t), "time": np.tile(self.times, k), **numbers})


class Quantity(NamedTuple):
    """L, its gradient, and ln of the quantity with its derivative by L."""

    scale: Array
    gradient: Array
    log: Array
    slope: Array
    cov: Array

    @classmethod
    def of(cls, found: OverTime, what: str, cov: Array) -> Self:
        """Survival, hazard or cumulative hazard, by L and the covariance of the coefficients."""
        if found.further is not None:
            p, q = len(cov), len(found.further)
            cov = np.block([[cov, np.zeros((p, q))], [np.zeros((q, p)), np.diag(found.further)]])
        if what == "hazard":
            return cls(found.hazard, found.hazard_by, found.hazard, np.ones_like(found.hazard), cov)
        if what == "cumhazard":
            return cls(found.cumulative, found.cumulative_by, found.cumulative, np.ones_like(found.cumulative), cov)
        with np.errstate(all="ignore"):
            cumulative = np.exp(found.cumulative)
        return cls(found.cumulative, found.cumulative_by, -cumulative, -cumulative, cov)


class Shown(NamedTuple):
    """The patterns and times of a quantity, which it is, and what that is in words."""

    patterns: tuple[str, ...]
    times: Array
    what: str
    kind: str


def check_contrast(contrast: str | None, patterns: int) -> None:
    """Refuse a contrast that there is not, and one of a pattern alone.

    Raises
    ------
    UnknownNameError, ConfigError
        These.
    """
    if contrast is not None and contrast not in CONTRASTS:
        raise UnknownNameError(
            "patterns cannot be compared by this", found=contrast, do=nearest(contrast, tuple(CONTRASTS))
        )
    if contrast is not None and patterns == 1:
        raise ConfigError("one pattern cannot be compared", do="give another one to hold against the first")


def with_intervals(
    result: FitResult, shown: Shown, found: Quantity, contrast: str | None, level: float | None
) -> Curves:
    """A quantity of some patterns, or what they differ by."""
    patterns, times, what, kind = shown
    z = critical(result, None if level is None else check_level(level))
    with np.errstate(all="ignore"):
        if contrast is None:
            numbers, names = _alone(found, what, z), patterns
        else:
            numbers = _compared(found, contrast, z)
            first, *others = patterns
            names = tuple(f"{other} against {first}" for other in others)
            kind = f"{contrast} of {kind}"
    nothing = None if contrast is None else CONTRASTS[contrast]
    return Curves(
        names, times, kind, *numbers, result.level if level is None else level, nothing, result.model == "stcox"
    )


def _errors(gradient: Array, cov: Array) -> Array:
    """Standard errors, `(K, T)`, of what has these gradients, `(K, T, P)`."""
    variances: Array = np.einsum("ktp,pq,ktq->kt", gradient, cov, gradient)
    return np.sqrt(np.maximum(variances, 0.0))


def _alone(found: Quantity, what: str, z: float) -> tuple[Array, Array, Array]:
    """Of each pattern."""
    reach = z * _errors(found.gradient, found.cov)
    ends = [np.exp(-np.exp(s)) if what == "survival" else np.exp(s) for s in (found.scale - reach, found.scale + reach)]
    lower, upper = reversed(ends) if what == "survival" else ends
    return np.exp(found.log), lower, upper


def _compared(found: Quantity, contrast: str, z: float) -> tuple[Array, Array, Array]:
    """Of each pattern after the first, against it."""
    by = found.slope[..., None] * found.gradient
    if contrast == "ratio":
        estimate, gradient = found.log[1:] - found.log[:1], by[1:] - by[:1]
    else:
        value = np.exp(found.log)
        estimate, by = value[1:] - value[:1], value[..., None] * by
        gradient = by[1:] - by[:1]
    reach = z * _errors(gradient, found.cov)
    ends = (estimate, estimate - reach, estimate + reach)
    one, low, high = (np.exp(end) for end in ends) if contrast == "ratio" else ends
    return one, low, high
