"""What a Cox model says beside its table: a test of proportional hazards, and the baseline at some times."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command import parse
from fedfolder.questions.risk_sums import RiskDerivatives
from fedfolder.questions.time_scales import IN_WORDS, KM, RANK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedfolder.command import Command
    from fedfolder.estimates import FitResult
    from fedfolder.plan.outcome import Ending

BASESURV = "basesurv "
"""What the name of a baseline survival begins with, before its time."""


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
    return found | {name: math.exp(-hazard) for name, hazard in _baseline(parse(result.command), ending)}


def notes(command: Command, ending: Ending) -> Iterator[str]:
    """The same in words, below the table."""
    if (effects := ending.effects) is not None:
        degrees = len(effects.each)
        of = _of(command)
        p = _p(effects.together, degrees)
        yield f"Note: proportional hazards, by {of}: chi2({degrees}) = {effects.together:.2f}, p = {p:.4f}."
    for name, hazard in _baseline(command, ending):
        at = name.removeprefix(BASESURV)
        yield f"Note: baseline survival at {at}, all terms at zero: {math.exp(-hazard):.6g}."


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


def _baseline(command: Command, ending: Ending) -> Iterator[tuple[str, float]]:
    """Breslow's cumulative baseline hazard at each time of `basesurv()`, by stratum.

    The sum of m / S over the cases up to the time. Sums over risk sets are about the centres of the columns; with zero
    in all terms, the linear predictor is -c g there.
    """
    found, times = ending.solution.derivatives, (command.argument("basesurv") or "").split()
    if not times or not isinstance(found, RiskDerivatives) or found.asked is None or found.sums is None:
        return
    asked, cases = found.asked, found.asked.cases()
    g = asked.design.to_user() @ asked.beta
    at_zero = -math.fsum(c * b for c, b in zip(asked.design.centres, g.tolist(), strict=True)) - asked.baseline.offset
    others, *failing = asked.moments(found.sums)
    risks = others.size[cases.time] + (cases.share * failing[0].size[cases.time] if failing else 0.0)
    steps = np.bincount(cases.time, cases.weight / risks, minlength=len(asked.baseline.times)) * math.exp(at_zero)
    for stratum in dict.fromkeys(asked.baseline.strata):
        for time in times:
            until = [
                step
                for step, at, of in zip(steps.tolist(), asked.baseline.times, asked.baseline.strata, strict=True)
                if of == stratum and at <= float(time)
            ]
            yield f"{BASESURV}{time}{f' {stratum}' if stratum else ''}", math.fsum(until)
