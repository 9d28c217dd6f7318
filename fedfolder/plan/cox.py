"""What a Cox model says beside its table: a test of proportional hazards, and the baseline at some times."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fedfolder.questions.time_scales import IN_WORDS, KM, RANK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedfolder.command import Command
    from fedfolder.estimates import FitResult
    from fedfolder.plan.outcome import Ending

BASESURV = "basesurv "
"""What the name of a baseline survival begins with, before its time."""

MOST_NOTES = 24
"""Baseline survivals that a table shows."""


def statistics(result: FitResult, ending: Ending) -> dict[str, float]:
    """Chi-squared and p-values of `phtest()`, all together and by term; survival at the times of `basesurv()`."""
    found: dict[str, float] = {}
    if result.model != "stcox":
        return found
    if (effects := ending.effects) is not None:
        degrees = len(effects.each)
        found = {
            "phtest_chi2": effects.together,
            "phtest_df": float(degrees),
            "phtest_p": _p(effects.together, degrees),
        }
        found |= {f"phtest_p {name}": _p(x, 1) for name, x in zip(result.names, effects.each.tolist(), strict=True)}
    return found | dict(_baseline(ending))


def notes(command: Command, ending: Ending) -> Iterator[str]:
    """The same in words, below the table."""
    if (effects := ending.effects) is not None:
        degrees = len(effects.each)
        of = _of(command)
        p = _p(effects.together, degrees)
        yield f"Note: proportional hazards, by {of}: chi2({degrees}) = {effects.together:.2f}, p = {p:.4f}."
    shown = list(_baseline(ending))
    for name, survival in shown[:MOST_NOTES]:
        yield f"Note: baseline survival at {name.removeprefix(BASESURV)}, all terms at zero: {survival:.6g}."
    if len(shown) > MOST_NOTES:
        yield f"Note: so many more of these are in the result, under stats: {len(shown) - MOST_NOTES}."


def _of(command: Command) -> str:
    """What the test is against, in words."""
    transform = command.argument("phtest") or ""
    # Of failure times that all sites know, ranks are of all of them; those at risk are known by stratum alone.
    apart = transform == KM if command.common_baseline else transform in {KM, RANK}
    strata = command.argument("strata") is not None
    return f"{IN_WORDS[transform]}{' within strata' if strata and apart else ''}"


def _p(chi2: float, degrees: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(degrees, chi2))


def _baseline(ending: Ending) -> Iterator[tuple[str, float]]:
    """The name and the value of each baseline survival."""
    for baseline in ending.baselines:
        for time, hazard in zip(baseline.times, baseline.hazard, strict=True):
            yield (
                " ".join([f"{BASESURV}{repr(time).removesuffix('.0')}", *baseline.stratum.values()]),
                math.exp(-hazard),
            )
