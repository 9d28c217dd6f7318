"""Where a model with a spline of ln(time) begins: on straight lines, of which the best is gone on from.

A slope of zero is outside of such a model. With a cumulative hazard that rises as t^p, from the published sums of times
and failures alone, the linear predictor is nearly a line. Where p is far from one, as on attained age, the way from
there is long, or leads to a lower maximum: so several p are tried in the first round.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from fedfolder.likelihood.stpm2 import FlexibleParametric

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.likelihood import Totals
    from fedfolder.plan.layout import Layout
    from fedfolder.questions.design import Design
    from fedfolder.questions.specification import Specification

POWERS, POWERS_OF_LATE = (1.0, 0.5, 2.0), (1.0, 0.5, 2.0, 4.0, 7.0)
"""P of the lines; where rows enter late, too."""
LEAST_SHARE = 0.25
"""Of a power of the mean time, what the mean of the power is at least."""
LEAST = 2.0**-6
"""Share of the mean of t^p that rows are at risk for, at least: the rest is lost in the approximation."""
FINENESS = 1024.0
"""Starts are rounded to this fraction of one, so that they are the same on every machine."""


class Line(NamedTuple):
    """A linear predictor of `level` + `slope` ln(t)."""

    level: float
    slope: float


def lines(specification: Specification, moments: Mapping[str, tuple[float, float]], totals: Totals) -> tuple[Line, ...]:
    """The lines to begin with, the usual one first; none of a model without splines, or of no failures.

    Parameters
    ----------
    moments : mapping of str to (float, float)
        Sum and sum of squares by variable, over all nodes.
    """
    likelihood, roles = specification.likelihood, specification.roles
    if not isinstance(likelihood, FlexibleParametric) or not totals.total > 0:
        return ()
    time, entry = moments[roles["time"]], moments[roles["entry"]] if "entry" in roles else (0.0, 0.0)
    mean = time[0] / totals.weight
    found = []
    for power in POWERS_OF_LATE if "entry" in roles else POWERS:
        reached, before = _mean_power(*time, totals.weight, power), _mean_power(*entry, totals.weight, power)
        cumulative = totals.total / totals.weight / max(1.0 - before / reached, LEAST) * (mean**power / reached)
        level, slope = likelihood.line(cumulative, power)
        rounded = round(slope * FINENESS) / FINENESS
        found.append(Line(round((level - rounded * math.log(mean)) * FINENESS) / FINENESS, rounded))
    return tuple(found)


def _mean_power(total: float, squares: float, weight: float, power: float) -> float:
    """The mean of t^p, to the second order in the spread of t."""
    mean = total / weight
    if not mean:
        return 0.0
    spread = max(squares / weight / mean**2 - 1.0, 0.0)
    return float(mean**power * max(1.0 + power * (power - 1.0) / 2.0 * spread, LEAST_SHARE))


def begun(line: Line, layout: Layout, design: Design) -> list[float]:
    """The coefficients of a line, in the units of a design."""
    splines = layout.specification.splines
    first = splines.curves[0].spline.names[0] if splines is not None else ""
    user = [line.slope if term == first else 0.0 for term in design.terms]
    if design.constant:
        user[-1] = line.level - layout.offset
    return design.from_user(user)
