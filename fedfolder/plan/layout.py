"""What the moments settle: the levels, the columns of the model, and whether there is anything to fit."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.command import Column, base_levels, columns
from fedfolder.errors import VariableError
from fedfolder.likelihood import LIKELIHOODS
from fedfolder.plan.protocol import first_design, power_of_two
from fedfolder.questions.moments import NOBS, levels_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.command import Command
    from fedfolder.questions.design import Design
    from fedfolder.questions.sums import Sums

SMALLEST, LARGEST = 1e-70, 1e70
"""Root mean squares of columns between which every number of a result, however they combine, is a float64."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The first design, and what else is known before the first beta.

    `labels` are all columns of the command in its order, those of cells without rows (which the design lacks) among
    them; `total` is the outcome's sum, None where it is not known of this roster; `unit` is a power of two near the
    standard deviation of what the coefficients are measured in, and `start_constant` is where the constant starts.
    """

    design: Design
    bases: dict[str, str]
    labels: tuple[str, ...]
    nobs: int
    total: float | None
    unit: float
    start_constant: float

    def of_fewer(self, nobs: int) -> Layout:
        """The same for a smaller roster, of which the number of rows is known and the outcome's sum is not."""
        return dataclasses.replace(self, nobs=nobs, total=None)


def lay_out(command: Command, sums: Sums) -> Layout:
    """The layout that follows from the published moments.

    Raises
    ------
    UnknownNameError
        If the command names a base level that no node has.
    VariableError
        If a column is too large or too small for its squares and their inverses to be float64.
    """
    levels = levels_of(sums, command.terms)
    bases = base_levels(command.terms, levels)
    moments = {label: (row[0], row[1]) for (label,), row in sums.rows.items()}
    nobs = int(sums.scalars[NOBS])
    total, squares = moments[command.depvar]
    _require_moderate(moments, nobs)
    labels = tuple(column.label for column in columns(command.terms, levels, bases))
    # A node without a row in a cell may list it with zeros or not at all, so that zeros must mean the same.
    present = [label for label in labels if any(moments.get(label, ())) or not Column.parse(label).factors]
    likelihood = LIKELIHOODS[command.model]
    return Layout(
        design=first_design(present, moments, nobs, constant=command.constant),
        bases=bases,
        labels=labels,
        nobs=nobs,
        total=total,
        unit=unit_of(nobs, total, squares) if likelihood.least_squares else 1.0,
        start_constant=likelihood.start_constant(nobs, total) if command.constant else 0.0,
    )


def unit_of(nobs: int, total: float, squares: float) -> float:
    """A power of two near the standard deviation of an outcome, 1 if it has none; n > 0."""
    variance = squares / nobs - (total / nobs) ** 2
    return power_of_two(math.sqrt(variance)) if variance > 0 else 1.0


def _require_moderate(moments: Mapping[str, tuple[float, float]], nobs: int) -> None:
    """Refuse a column whose root mean square would let a covariance overflow."""
    for label, (total, squares) in moments.items():
        size = math.sqrt(squares / nobs)
        if not SMALLEST <= size <= LARGEST and (total or squares):
            raise VariableError(
                f"the values of {label} are too {'large' if size > 1 else 'small'} to compute with",
                where=label,
                expected=f"sizes between {SMALLEST:g} and {LARGEST:g}",
                do="look for a code of missing values among them, or give it in other units",
            )


def nothing_to_fit(command: Command, sums: Sums) -> str | None:
    """The status if the moments show that there can be no estimate, whatever beta is tried; None if there may."""
    nobs = int(sums.scalars[NOBS])
    if nobs == 0:
        return "no observations"
    varies = LIKELIHOODS[command.model].varies(nobs, *sums.rows[(command.depvar,)])
    return None if varies else "outcome does not vary"
