"""What a Cox model says beside its table: a test of proportional hazards, and the baseline at some times."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fedfolder.command.names import NODE
from fedfolder.questions.time_scales import IN_WORDS, KM, RANK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedfolder.command import Command
    from fedfolder.estimates import FitResult
    from fedfolder.estimates.baseline import FittedBaseline
    from fedfolder.plan.outcome import Ending

BASESURV = "basesurv "
"""What the name of a baseline survival begins with, before its time."""

MOST_SHOWN = 24
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
    yield from _in_words(ending)


def _in_words(ending: Ending) -> Iterator[str]:
    """A note a stratum."""
    left = MOST_SHOWN
    for baseline in ending.baselines:
        shown = [f"{survival:.6g} at {time}" for time, survival in _survival(baseline)][:left]
        of = ", ".join(level if name == NODE else f"{name} {level}" for name, level in baseline.stratum.items())
        if shown:
            yield f"Note: baseline survival{of and f' of {of}'}, all terms at zero: {', '.join(shown)}."
        left -= len(shown)
    more = sum(len(baseline.times) for baseline in ending.baselines) - MOST_SHOWN
    if more > 0:
        yield f"Note: {more} more of these are in the result, under stats."


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
        for time, survival in _survival(baseline):
            yield " ".join([f"{BASESURV}{time}", *baseline.stratum.values()]), survival


def _survival(baseline: FittedBaseline) -> Iterator[tuple[str, float]]:
    """Each time, as text, with survival up to it."""
    for time, hazard in zip(baseline.times, baseline.hazard, strict=True):
        yield repr(time).removesuffix(".0"), math.exp(-hazard)
