"""What a Cox model says over time: the baseline at the times of `basesurv()`, and survival of patterns there.

With H0 the cumulative baseline hazard by Breslow's estimator, a pattern has H = H0 exp(xb), and

    d ln H / db = x - A / H0,    d ln H / d h_k = 1 / H0 for each rise h_k of H0 up to the time

with A = -dH0/db, the sum of m x̄ / S over cases (m their weight, S the sum over the risk set, x̄ its mean). For known b,
rises are independent of each other and of the estimate of b, with the variance sum of m / S^2 (Tsiatis 1981; Andersen,
Borgan, Gill and Keiding 1993, VII.2.3). Intervals therefore hold the uncertainty of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.errors import ConfigError
from fedfolder.estimates.columns import level_text
from fedfolder.estimates.survival import OverTime

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedfolder.estimates.columns import Rows
    from fedfolder.estimates.result import FitResult

    Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FittedBaseline:
    """The cumulative baseline hazard H0 of a stratum, with zero in all terms.

    Parameters
    ----------
    stratum : mapping of str to str
        The level of each variable of `strata()`, the site's name under `_node`; empty without strata.
    times : (T,) tuple of float
        Those of `basesurv()`, ascending.
    hazard : (T,) tuple of float
        H0 at each.
    variance : (T,) tuple of float
        Its variance where the coefficients are known.
    by : (T, p) tuple of tuple of float
        Its derivative by each coefficient.
    """

    stratum: Mapping[str, str]
    times: tuple[float, ...]
    hazard: tuple[float, ...]
    variance: tuple[float, ...]
    by: tuple[tuple[float, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "stratum": dict(self.stratum), "times": list(self.times), "hazard": list(self.hazard),
            "variance": list(self.variance), "by": [list(row) for row in self.by],
        }  # fmt: skip


def variables_of(result: FitResult) -> tuple[str, ...]:
    """The variables by which baselines differ, which a pattern has a value of."""
    return tuple(dict.fromkeys(name for baseline in result.baselines for name in baseline.stratum))


def over_time(result: FitResult, rows: Rows, times: Array) -> OverTime:
    """What a fit by `stcox` says of the patterns in `rows` at `times` (T,), which are zero or those of `basesurv()`.

    Raises
    ------
    ConfigError
        The fit has no baseline, or none at some time, or of some stratum; or its weights are of a sample.
    """
    _require_baselines(result, times)
    design = rows.design(list(result.names))
    xb = design @ result.beta
    if "offset" in result.roles:
        xb = xb + rows.numbers(result.roles["offset"])
    known = np.array([0.0, *result.baselines[0].times])
    at = np.searchsorted(known, times)
    k, steps = len(design), len(known) - 1
    cumulative, by = np.empty((k, len(times))), np.zeros((k, len(times), len(result.names)))
    further = np.zeros((k, len(times), len(result.baselines) * steps))
    for row, place in enumerate(_strata_of(result, rows)):
        baseline = result.baselines[place]
        hazard = np.array([0.0, *baseline.hazard])[at]
        slope = np.array([(0.0,) * len(result.names), *baseline.by])[at]
        some = hazard > 0  # where nothing has happened, survival is one whatever the coefficients are
        with np.errstate(divide="ignore"):
            cumulative[row] = np.log(hazard) + xb[row]
        by[row, some] = design[row] + slope[some] / hazard[some, None]
        rises = np.arange(steps)[None, :] < at[:, None]
        further[row, :, place * steps : (place + 1) * steps][some] = (rises / np.where(some, hazard, 1.0)[:, None])[
            some
        ]
    nothing, with_rises = np.full_like(cumulative, np.nan), np.concatenate([by, further], axis=2)
    return OverTime(cumulative, with_rises, nothing, np.full_like(with_rises, np.nan), _variances(result))


def _variances(result: FitResult) -> Array:
    """Those of all rises, stratum after stratum."""
    return np.concatenate([np.diff(np.array(baseline.variance), prepend=0.0) for baseline in result.baselines])


def _require_baselines(result: FitResult, times: Array) -> None:
    if not result.baselines:
        raise ConfigError(
            "this fit has no baseline survival",
            where=result.command,
            expected="basesurv() among its options",
            do="fit it again with the times that you want, such as basesurv(1 2 5)",
        )
    if result.weight == "pw":
        raise ConfigError(
            "the baseline of a fit with sampling weights has no variance here, and so no intervals",
            where=result.command,
            do="the note below its table has baseline survival itself",
        )
    known = result.baselines[0].times
    if not set(times.tolist()) <= {0.0, *known}:
        raise ConfigError(
            "the baseline is not known at some of these times",
            found=" ".join(f"{time:g}" for time in times.tolist() if time not in {0.0, *known}),
            expected=f"0, and those of basesurv(): {' '.join(f'{time:g}' for time in known)}",
            do="ask for these times, or fit again with others in basesurv()",
        )


def _strata_of(result: FitResult, rows: Rows) -> list[int]:
    """The place of each pattern's baseline."""
    names = variables_of(result)
    places = {tuple(baseline.stratum.values()): place for place, baseline in enumerate(result.baselines)}
    found = list(zip(*(map(level_text, rows.variable(name)) for name in names), strict=True))
    asked = found or [()] * len(rows.frame)
    missing = [stratum for stratum in asked if stratum not in places]
    if missing:
        said = ", ".join(f"{name}={level}" for name, level in zip(names, missing[0], strict=True))
        strata = [" ".join(f"{n}={v}" for n, v in zip(names, stratum, strict=True)) for stratum in list(places)[:10]]
        raise ConfigError(
            "no baseline is of the stratum of a pattern", found=said, expected=f"such as {', '.join(strata)}"
        )
    return [places[stratum] for stratum in asked]


def no_hazard(result: FitResult) -> ConfigError:
    """That a Cox model has no hazard at a time."""
    return ConfigError(
        "a Cox model says nothing of the hazard at a time: its baseline only rises where somebody fails",
        where=result.command,
        do="ask for cumhazard or survival; stpm2 and streg have hazards",
    )
