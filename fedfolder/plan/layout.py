"""What the moments settle: the levels, the columns of the model, and whether there is anything to fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.command import Column, base_levels, columns
from fedfolder.likelihood import LIKELIHOODS
from fedfolder.plan.protocol import first_design
from fedfolder.questions.moments import NOBS, levels_of

if TYPE_CHECKING:
    from fedfolder.command import Command
    from fedfolder.questions.design import Design
    from fedfolder.questions.sums import Sums


@dataclass(frozen=True, slots=True)
class Layout:
    """The first design, and what else is known before the first beta.

    `total` and `squares` are the outcome's sum and sum of squares; `empty` lists cells of levels in which no node has a
    row; `start_constant` is where the constant starts.
    """

    design: Design
    bases: dict[str, str]
    empty: tuple[str, ...]
    nobs: int
    total: float
    squares: float
    start_constant: float


def lay_out(command: Command, sums: Sums) -> Layout:
    """The layout that follows from the published moments.

    Raises
    ------
    UnknownNameError
        If the command names a base level that no node has.
    """
    levels = levels_of(sums, command.terms)
    bases = base_levels(command.terms, levels)
    moments = {label: (row[0], row[1]) for (label,), row in sums.rows.items()}
    nobs = int(sums.scalars[NOBS])
    total, squares = moments[command.depvar]
    named = [column.label for column in columns(command.terms, levels, bases)]
    present = [label for label in named if label in moments or not Column.parse(label).factors]
    likelihood = LIKELIHOODS[command.model]
    return Layout(
        design=first_design(present, moments, nobs, constant=command.constant),
        bases=bases,
        empty=tuple(label for label in named if label not in present),
        nobs=nobs,
        total=total,
        squares=squares,
        start_constant=likelihood.start_constant(nobs, total) if command.constant else 0.0,
    )


def nothing_to_fit(command: Command, sums: Sums) -> tuple[str, str] | None:
    """Status and message if no estimate can exist, whatever beta is tried; None if one may."""
    nobs = int(sums.scalars[NOBS])
    total, squares = sums.rows[(command.depvar,)]
    if nobs == 0:
        return "no observations", "no node has a row without a missing value in the variables of the command"
    varies = LIKELIHOODS[command.model].varies(nobs, total, squares)
    if not varies:
        return "outcome does not vary", f"{command.depvar} has one value in all rows of all nodes"
    return None
