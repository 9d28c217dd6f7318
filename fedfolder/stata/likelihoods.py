"""Likelihoods in Mata are tried before they are used: whether their derivatives are those of their log-likelihood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedfolder.errors import ConfigError
from fedfolder.likelihood import find

if TYPE_CHECKING:
    from fedfolder.likelihood.base import Array
    from fedfolder.stata.mata import Computing

ETAS = np.linspace(-2.0, 2.0, 9)
STEP = 1e-4
TOLERANCE = 1e-5
"""Differences at this step are off by less, of numbers about one."""
OUTCOMES = {"poisson": (0.0, 1.0, 3.0), "regress": (-1.0, 0.0, 2.5)}


def require_derivatives(computing: Computing) -> None:
    """Refuse a likelihood of the site's own whose derivatives are others than numerical ones.

    Raises
    ------
    ConfigError
    """
    for model, function in computing.replaced.items():
        outcomes = OUTCOMES.get(model, (0.0, 1.0))
        y, eta = (part.ravel() for part in np.meshgrid(outcomes, ETAS))
        below, at, above = (computing.rows(function, y, eta + by) for by in (-STEP, 0.0, STEP))
        for place, derivative in enumerate(("first", "second")):
            numerical = (above[place] - below[place]) / (2 * STEP)
            if not _close(at[place + 1], numerical):
                raise ConfigError(
                    f"the {derivative} derivative is not that of the log-likelihood",
                    where=f"the Mata function {function}()",
                    expected=f"the {derivative} derivative of each row's log-likelihood with respect to eta",
                    do="correct it; it is tried with outcomes "
                    f"{', '.join(f'{outcome:g}' for outcome in outcomes)} and eta from -2 to 2",
                )
        _require_possible(model, function, at)


def _require_possible(model: str, function: str, at: tuple[Array, Array, Array]) -> None:
    """Refuse what no server takes for an answer of `model`."""
    likelihood = find(model)
    if (at[0] > likelihood.highest).any() or (likelihood.concave and (at[2] > 0).any()):
        raise ConfigError(
            f"this cannot stand in the place of {model}",
            where=f"the Mata function {function}()",
            found="a log-likelihood that is too high, or that curves upward",
            expected=f"at most {likelihood.highest:g} a row, and second derivatives that are not above zero",
        )


def _close(found: Array, expected: Array) -> bool:
    return bool((np.abs(found - expected) <= TOLERANCE * (1 + np.abs(expected))).all())
