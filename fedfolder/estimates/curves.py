"""Survival and hazards over time at patterns of covariates, and what two patterns differ by, with intervals.

Nothing is needed but coefficients and their covariance; after a Cox model, its baseline at some times, which is known
at no others.

Source: [ST] stcurve.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.parse import parse
from fedfolder.errors import ConfigError, UnknownNameError, VariableError, nearest
from fedfolder.estimates import baseline, family, flexible, pieces, survival
from fedfolder.estimates.columns import Rows
from fedfolder.estimates.linear import check_has_numbers
from fedfolder.estimates.prediction import variables
from fedfolder.estimates.quantities import EXCESS, QUANTITIES, Quantity, Shown, check_contrast, with_intervals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from fedfolder.estimates.quantities import Curves
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
    check_contrast(contrast, len(patterns))
    if family.link_of(result) == "rs":
        kind = EXCESS[what]
    check_has_numbers(result)
    if result.model == "stcox" and what == "hazard":
        raise baseline.no_hazard(result)
    at = _checked(times)
    found = Quantity.of(_over_time(result, patterns, at), what, result.cov)
    return with_intervals(result, Shown(tuple(patterns), at, what, kind), found, contrast, level)


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
