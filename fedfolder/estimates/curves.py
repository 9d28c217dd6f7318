"""Survival and hazards over time at patterns of covariates, and what two patterns differ by, with intervals.

Nothing is needed but coefficients and their covariance V; after a Cox model, its baseline at some times, which is known
at no others. With L = ln H or ln h, every quantity is a function of L, and
the variance of L is g V g' with its gradient g (the delta method). The interval is taken where it cannot leave the
range of the quantity, and carried back: of S = exp(-exp(L)) and of hazards on the scale of L, of ratios on that of
their logarithm. Differences have none such, and are taken as they are.

Sources: [ST] streg postestimation and stcurve; Royston and Lambert (2011), Flexible Parametric Survival Analysis Using
Stata.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fedfolder.command.parse import parse
from fedfolder.errors import ConfigError, UnknownNameError, VariableError, nearest
from fedfolder.estimates import baseline, family, flexible, pieces, survival
from fedfolder.estimates.coefficients import check_level, critical
from fedfolder.estimates.columns import Rows
from fedfolder.estimates.linear import check_has_numbers
from fedfolder.estimates.prediction import variables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from fedfolder.estimates.result import FitResult
    from fedfolder.estimates.survival import OverTime

    Array = NDArray[np.float64]

OVER_TIME: dict[str, Callable[[FitResult, Rows, Array], OverTime]] = {
    "streg": survival.over_time,
    "stpm2": flexible.over_time,
    "stcox": baseline.over_time,
    "poisson": pieces.over_time,
    "glm": pieces.over_time,
}
"""What each model says of patterns over time; where follow-up was cut, by its intervals."""

QUANTITIES = {"survival": "survival", "hazard": "hazard", "cumhazard": "cumulative hazard"}
"""What can be shown, in words."""

EXCESS = {"survival": "relative survival", "hazard": "excess hazard", "cumhazard": "cumulative excess hazard"}
"""The same after a model of relative survival."""

STANDARDISED = "standardised "
"""What an average over rows is called, before its quantity."""

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


class _Quantity(NamedTuple):
    """L, its gradient, and ln of the quantity with its derivative by L."""

    scale: Array
    gradient: Array
    log: Array
    slope: Array
    cov: Array


def curves(
    result: FitResult,
    patterns: Mapping[str, Mapping[str, float | str]],
    times: Sequence[float] | Array,
    what: str = "survival",
    *,
    contrast: str | None = None,
    level: float | None = None,
) -> Curves:
    """A quantity over time.

    Parameters
    ----------
    result : FitResult
        A fit of a model of survival times.
    patterns : mapping of str to mapping
        Each pattern by its name: a value for each variable of the model.
    times : sequence of float
        Zero or above, in the fit's unit.
    what : {"survival", "hazard", "cumhazard"}
        The quantity. After a model of relative survival: that, the excess hazard, and what it adds up to.
    contrast : {"difference", "ratio"}, optional
        Hold each pattern against the first.
    level : float, optional
        Confidence level in percent; by default the fit's own.

    Raises
    ------
    FitError
        The fit has no numbers.
    UnknownNameError
        The model, the quantity or a variable is not one that there is.
    ConfigError
        A time is below zero, or there is nothing to compare; after `stcox`, a hazard is asked for, or a time at which
        the baseline is not known.
    """
    kind = QUANTITIES.get(what)
    if result.model not in OVER_TIME:
        raise UnknownNameError(
            "this model says nothing over time", found=result.model, expected=f"a fit by {', '.join(OVER_TIME)}"
        )
    if kind is None:
        raise UnknownNameError("there are no curves of this", found=what, do=nearest(what, tuple(QUANTITIES)))
    _check_contrast(contrast, len(patterns))
    if family.link_of(result) == "rs":
        kind = EXCESS[what]
    check_has_numbers(result)
    if result.model == "stcox" and what == "hazard":
        raise baseline.no_hazard(result)
    at = _checked(times)
    found = _quantity(_over_time(result, patterns, at), what, result.cov)
    return _with_intervals(result, _Shown(tuple(patterns), at, what, kind), found, contrast, level)


def standardised(result: FitResult, *, contrast: str | None = None, level: float | None = None) -> Curves:
    """Survival averaged over all rows of a fit with `standsurv()`, of its patterns at its times.

    Parameters
    ----------
    contrast, level
        As of `curves`.

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
    _check_contrast(contrast, len(averages.patterns))
    with np.errstate(all="ignore"):
        hazard = -np.log(averages.survival)
        by = -averages.gradient / (averages.survival * hazard)[..., None]
    nothing = np.full_like(hazard, np.nan), np.full_like(by, np.nan)
    # Where nobody has failed yet, to the last digit, or all have, no coefficient changes that.
    by = np.where((averages.gradient == 0) | (hazard == 0)[..., None], 0.0, by)
    with np.errstate(all="ignore"):
        found = _quantity(survival.OverTime(np.log(hazard), by, *nothing), "survival", result.cov)
    kind = STANDARDISED + ("relative survival" if "bhazard" in result.roles else "survival")
    shown = _Shown(averages.patterns, np.array(averages.times), "survival", kind)
    return _with_intervals(result, shown, found, contrast, level)


def _check_contrast(contrast: str | None, patterns: int) -> None:
    if contrast is not None and contrast not in CONTRASTS:
        raise UnknownNameError(
            "patterns cannot be compared by this", found=contrast, do=nearest(contrast, tuple(CONTRASTS))
        )
    if contrast is not None and patterns == 1:
        raise ConfigError("one pattern cannot be compared", do="give another one to hold against the first")


class _Shown(NamedTuple):
    """The patterns and times of a quantity, which it is, and what that is in words."""

    patterns: tuple[str, ...]
    times: Array
    what: str
    kind: str


def _with_intervals(
    result: FitResult, shown: _Shown, found: _Quantity, contrast: str | None, level: float | None
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


def _checked(times: Sequence[float] | Array) -> Array:
    at = np.asarray(times, dtype=np.float64)
    if not at.size or not (np.isfinite(at) & (at >= 0)).all():
        raise ConfigError("these are no times", expected="numbers of zero or above, such as 0(0.5)10")
    return at


def _over_time(result: FitResult, patterns: Mapping[str, Mapping[str, float | str]], times: Array) -> OverTime:
    said = pieces.over_time if pieces.changes(parse(result.command)) else OVER_TIME[result.model]
    try:
        return said(result, _rows(result, patterns), times)
    except VariableError as error:
        raise VariableError(
            "a pattern has a value that the fit does not know",
            where=error.where,
            found=error.what,
            do="take a level that was in the data of the fit",
        ) from None


def _rows(result: FitResult, patterns: Mapping[str, Mapping[str, float | str]]) -> Rows:
    """The patterns as rows of data, each variable in all of them."""
    import pandas as pd

    own = pieces.not_given(parse(result.command))
    known = [variable for variable in _known(result) if variable not in own]
    for name, pattern in patterns.items():
        missing = [variable for variable in known if variable not in pattern]
        more = [variable for variable in pattern if variable not in known]
        if missing or more:
            raise UnknownNameError(
                "a pattern has a value for each variable of the model, and for no other",
                where=f"pattern {name}",
                found=f"{', '.join(more)} is not in the model" if more else f"nothing for {', '.join(missing)}",
                expected=", ".join(known),
            )
    frame = pd.DataFrame({variable: [pattern[variable] for pattern in patterns.values()] for variable in known})
    return Rows(result, frame if known else pd.DataFrame(index=range(len(patterns))))


def _known(result: FitResult) -> list[str]:
    """The variables that a pattern has values of: those of the terms, and of strata with a baseline of their own."""
    return variables(result, times=False, more=baseline.variables_of(result))


def _quantity(found: OverTime, what: str, cov: Array) -> _Quantity:
    if found.further is not None:
        p, q = len(cov), len(found.further)
        cov = np.block([[cov, np.zeros((p, q))], [np.zeros((q, p)), np.diag(found.further)]])
    if what == "hazard":
        return _Quantity(found.hazard, found.hazard_by, found.hazard, np.ones_like(found.hazard), cov)
    if what == "cumhazard":
        return _Quantity(found.cumulative, found.cumulative_by, found.cumulative, np.ones_like(found.cumulative), cov)
    with np.errstate(all="ignore"):
        cumulative = np.exp(found.cumulative)
    return _Quantity(found.cumulative, found.cumulative_by, -cumulative, -cumulative, cov)


def _errors(gradient: Array, cov: Array) -> Array:
    """Standard errors, `(K, T)`, of what has these gradients, `(K, T, P)`."""
    variances: Array = np.einsum("ktp,pq,ktq->kt", gradient, cov, gradient)
    return np.sqrt(np.maximum(variances, 0.0))


def _alone(found: _Quantity, what: str, z: float) -> tuple[Array, Array, Array]:
    """Of each pattern."""
    reach = z * _errors(found.gradient, found.cov)
    ends = [np.exp(-np.exp(s)) if what == "survival" else np.exp(s) for s in (found.scale - reach, found.scale + reach)]
    lower, upper = reversed(ends) if what == "survival" else ends
    return np.exp(found.log), lower, upper


def _compared(found: _Quantity, contrast: str, z: float) -> tuple[Array, Array, Array]:
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
