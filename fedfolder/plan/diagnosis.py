"""What a fit without an estimate names: the terms along which the data say least.

The information is in protocol units, whose columns are freed of each other: a direction there is carried back to the
coefficients of the command, each in standard deviations of its column, so that a level without an event is seen alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.parameters import Parameter
from fedfolder.command.terms import CONSTANT_NAME, Column
from fedfolder.plan.units import names, to_user
from fedfolder.solve.information import scaling, weakest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedfolder.plan.start import Start

    Array = NDArray[np.float64]

INVOLVED = 0.3
"""Share of the largest weight in the weakest direction from which a parameter is named."""
ALIKE = 0.1
"""How far, as a share, coefficients may lie apart that are taken for equal."""


def involved(start: Start, information: Array) -> tuple[str, ...]:
    """The parameters with most weight in the direction about which the data say least.

    Where that is a shift of all levels of a factor, against the constant, its base is named.

    Parameters
    ----------
    information : (P, P) float64
        In protocol units, at the last beta.
    """
    specification = start.layout.specification
    labels = names(start.parameters, specification)
    protocol = np.nan_to_num(scaling(information) * weakest(information))
    direction = dict(zip(labels, to_user(start.parameters, specification.likelihood) @ protocol, strict=True))
    found = _weights(direction, dict(zip(start.design.columns, start.design.scales, strict=True)))
    largest = max(found.values(), default=0.0)
    named = [label for label, weight in found.items() if weight >= INVOLVED * largest]
    for variable, base in start.layout.bases.items():
        named = _with_base(named, direction, variable, base)
    return tuple(named)


def _weights(direction: Mapping[str, float], scales: Mapping[str, float]) -> dict[str, float]:
    """The size of each coefficient in standard deviations of its column."""
    terms = {label: Parameter.parse(label).term for label in direction}
    return {label: abs(float(value)) / scales.get(terms[label], 1.0) for label, value in direction.items()}


def _with_base(named: list[str], direction: Mapping[str, float], variable: str, base: str) -> list[str]:
    """The base level in the place of all other levels of a factor, where these go together and the constant against."""
    levels = [label for label in direction if _is_level(label, variable)]
    shifts = [direction[label] for label in levels]
    shifts += [-direction[CONSTANT_NAME]] if CONSTANT_NAME in direction else []
    theirs = {*levels, CONSTANT_NAME}
    # Of one level without a constant, it cannot be told which of the two it is about.
    if len(shifts) < 2 or not levels or theirs.isdisjoint(named):  # noqa: PLR2004 - a level and what it is held against
        return named
    if np.ptp(shifts) > ALIKE * np.abs(shifts).max():
        return named
    return [f"{base}.{variable}", *(label for label in named if label not in theirs)]


def _is_level(label: str, variable: str) -> bool:
    parameter = Parameter.parse(label)
    if parameter.equation:
        return False
    column = Column.parse(parameter.term)
    return not column.continuous and [name for name, _ in column.factors] == [variable]
