"""The baseline of a Cox model at the times of `basesurv()`: from published sums, or from each site's own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.names import NODE
from fedfolder.estimates.baseline import FittedBaseline
from fedfolder.plan.climb import near_to
from fedfolder.questions.baseline_hazards import BaselineHazards, intervals
from fedfolder.questions.event_times import levels_of_stratum

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from fedfolder.plan.start import Start
    from fedfolder.questions.at_beta import AtBeta
    from fedfolder.questions.question import Question
    from fedfolder.questions.risk_sums import RiskDerivatives
    from fedfolder.questions.sums import Sums
    from fedfolder.solve.newton import Solution

    Array = NDArray[np.float64]


def baselines(
    start: Start, solution: Solution, found: RiskDerivatives | None
) -> Generator[Question, tuple[Question, Sums], tuple[FittedBaseline, ...]]:
    """The baseline of each stratum; asks for them where each site has its own.

    Parameters
    ----------
    found : RiskDerivatives or None
        The sums over risk sets at the last beta, where nodes have a common baseline hazard.
    """
    specification, command = start.layout.specification, start.layout.specification.command
    times = command.baseline_times
    if not times:
        return ()
    if found is not None and found.asked is not None and found.sums is not None:
        rises, shift = _rises(found, times), found.asked.baseline.offset
        return tuple(
            _fitted(dict(zip(command.strata, levels_of_stratum(name), strict=True)), times, rise, found.asked, shift)
            for name, rise in rises.items()
        )
    near = near_to(solution.beta, solution.derivatives, start)
    asked, sums = yield BaselineHazards(specification, start.design, solution.beta, near, start.excluded, times)
    if not isinstance(asked, BaselineHazards):
        raise TypeError("sent another kind of question than was yielded")
    return tuple(
        _fitted({NODE: node} | dict(zip(command.strata, levels_of_stratum(name), strict=True)), times, rise, asked, 0.0)
        for (node, name), rise in asked.curves(sums).items()
    )


def _rises(found: RiskDerivatives, times: tuple[float, ...]) -> dict[str, Array]:
    """By stratum, what `BaselineHazards` has in its columns, (times, 2 + p), over all nodes."""
    asked, sums = found.asked, found.sums
    if asked is None or sums is None:
        raise TypeError("a baseline is due to published sums")
    cases, known = asked.cases(), list(dict.fromkeys(asked.baseline.strata))
    parts = []
    for whole_set, weight in asked.risk_sets(sums, cases):
        once = (weight / whole_set.size)[:, None]
        mean = whole_set.total / whole_set.size[:, None]
        parts.append(np.hstack([once, once / whole_set.size[:, None], once * mean]))
    of = np.array([known.index(name) for name in asked.baseline.strata], dtype=np.intp)[cases.time]
    total = np.zeros((len(known), len(times) + 1, 2 + len(asked.design.terms)))
    np.add.at(total, (of, intervals(times, np.array(asked.baseline.times)[cases.time])), np.vstack(parts))
    return {name: total[place, : len(times)] for place, name in enumerate(known)}


def _fitted(
    stratum: dict[str, str], times: tuple[float, ...], rises: Array, asked: AtBeta, shift: float
) -> FittedBaseline:
    """In the units of the data, with all terms and the offset at zero.

    With columns z = (x - c) B the sums are of exp(z b), where xb = z b + c g for g = B b.
    """
    to_user, centres = asked.design.to_user(), np.array(asked.design.centres)
    at_zero = math.exp(-math.fsum([shift, *(centres * (to_user @ asked.beta)).tolist()]))
    total = np.cumsum(rises, axis=0)
    hazard, variance = total[:, 0] * at_zero, total[:, 1] * at_zero**2
    by = -(hazard[:, None] * centres + at_zero * total[:, 2:] @ np.linalg.inv(to_user))
    rows = tuple(tuple(row) for row in by.tolist())
    return FittedBaseline(stratum, times, tuple(hazard.tolist()), tuple(variance.tolist()), rows)
