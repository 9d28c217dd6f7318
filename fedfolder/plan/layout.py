"""What the moments settle: the levels, the columns of the model, and whether there is anything to fit."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fedfolder.command import Column, base_levels
from fedfolder.errors import VariableError
from fedfolder.likelihood import Totals
from fedfolder.plan.lines import lines
from fedfolder.plan.orthogonal import orthogonalised
from fedfolder.plan.protocol import first_design, power_of_two
from fedfolder.questions.moments import BEYOND, NOBS, SUBJECTS, WEIGHT, factors_of, levels_of, totals_of
from fedfolder.questions.specification import COUNTING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fedfolder.plan.lines import Line
    from fedfolder.plan.orthogonal import Orthogonal
    from fedfolder.questions.design import Design
    from fedfolder.questions.specification import Specification
    from fedfolder.questions.sums import Sums
    from fedfolder.solve.derivatives import Derivatives

SMALLEST, LARGEST = 1e-70, 1e70
"""Root mean squares of columns between which every number of a result, however they combine, is a float64."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The first design, and what else is known before the first beta.

    Parameters
    ----------
    specification : Specification
        What is fitted, with the levels of a categorical outcome.
    design : Design
        Columns centred and scaled, not yet freed of each other.
    bases : mapping of str to str
        Each factor's base level.
    labels : tuple of str
        All columns of the command in its order, those of cells without rows (which the design lacks) among them.
    indicators : tuple of str
        Those columns that are 0 or 1 in every row.
    totals : Totals
        Of the outcome; its sum is NaN where it is not known of this roster.
    unit : float
        A power of two near the standard deviation of what the coefficients are measured in.
    start : tuple of float
        Where the constant of each equation, and each ancillary, starts where there is no offset.
    offset : float
        The mean of the offset, which is taken off the constant; 0 where the start allows for it already.
    sums : mapping of str to float
        The weighted sum of each column in the units of `design`.
    subjects : float
        The persons that the rows are of; NaN where nothing says whose they are, or it is not known of this roster.
    orthogonal : tuple of Orthogonal
        What splines are reported in.
    lines : tuple of Line
        Where a model with splines can begin, the usual line first.
    """

    specification: Specification
    design: Design
    bases: Mapping[str, str]
    labels: tuple[str, ...]
    indicators: tuple[str, ...]
    totals: Totals
    unit: float
    start: tuple[float, ...]
    offset: float = 0.0
    sums: Mapping[str, float] = field(default_factory=dict)
    subjects: float = math.nan
    orthogonal: tuple[Orthogonal, ...] = ()
    lines: tuple[Line, ...] = ()

    @property
    def nobs(self) -> int:
        """Rows."""
        return self.totals.nobs

    @property
    def observations(self) -> float:
        """What counts as n: the sum of frequency or importance weights, otherwise the rows."""
        return self.totals.weight if self.specification.weighted in COUNTING else float(self.totals.nobs)

    @property
    def normalised(self) -> float:
        """What sums are multiplied by for weights to add up to n."""
        return self.observations / self.totals.weight if self.totals.weight else 1.0

    @property
    def reported(self) -> float:
        """What log-likelihoods and deviances are multiplied by for people to read, for weights to add up to n."""
        relative = self.specification.likelihood.profiled or self.specification.weighted == "aw"
        return self.normalised if relative else 1.0

    def of(self, specification: Specification) -> Layout:
        """The same for another likelihood of the same rows."""
        if specification.likelihood is self.specification.likelihood:
            return self
        return dataclasses.replace(self, specification=specification, start=specification.likelihood.start(self.totals))

    def of_fewer(self, found: Derivatives) -> Layout:
        """The same for a smaller roster, of which the rows and their weights are known and the outcome's sum is not."""
        weight = found.weight if self.specification.weighted else float(found.nobs)
        return dataclasses.replace(self, totals=Totals(found.nobs, weight), subjects=math.nan)


def lay_out(specification: Specification, sums: Sums, known: Mapping[str, Sequence[str]] | None = None) -> Layout:
    """The layout that follows from the published moments.

    Parameters
    ----------
    specification : Specification
        That of the command; the levels of a categorical outcome are found here.
    known : mapping of str to sequence of str, optional
        Levels of factors that make columns whether there are rows or not; by default, those that there are.

    Raises
    ------
    UnknownNameError
        If the command names a base level that no node has.
    VariableError
        If a column is too large or too small for its squares and their inverses to be float64.
    """
    command = specification.command
    levels = levels_of(sums, [factor.variable for factor in factors_of(command.terms)])
    named = {name: tuple(dict.fromkeys((*(known or {}).get(name, ()), *counts))) for name, counts in levels.items()}
    bases = base_levels(command.terms, named, levels)
    moments = {label: (row[0], row[1]) for (label,), row in sums.rows.items()}
    nobs = int(sums.scalars[NOBS])
    _require_moderate(moments, sums.scalars.get(WEIGHT, float(nobs)))
    labels = tuple(c.label for c in specification.columns(named, bases))
    # A node without a row in a cell may list it with zeros or not at all, so that zeros must mean the same.
    present = [label for label in labels if any(moments.get(label, ())) or not Column.parse(label).factors]
    totals = totals_of(specification, sums)
    if specification.likelihood.categorical:
        specification = specification.with_levels(list(_outcomes(specification, sums).items()))
    design = first_design(
        present, moments, totals.weight, constant=specification.constant, centred=specification.centred
    )
    return Layout(
        specification=specification,
        design=design,
        bases=bases,
        labels=labels,
        indicators=tuple(label for label in present if _is_indicator(label, sums)),
        totals=totals,
        unit=_unit(specification, totals),
        start=specification.likelihood.start(totals),
        offset=_offset(specification, totals, moments),
        sums=_sums(design, moments, totals.weight),
        subjects=sums.scalars.get(SUBJECTS, math.nan),
        orthogonal=orthogonalised(specification.splines, moments, totals.weight),
        lines=lines(specification, moments, totals),
    )


def _outcomes(specification: Specification, sums: Sums) -> dict[str, float]:
    """The levels of a categorical outcome, sorted, with their weighted counts."""
    return levels_of(sums, [specification.outcome])[specification.outcome]


def _sums(design: Design, moments: Mapping[str, tuple[float, float]], weight: float) -> dict[str, float]:
    """The sum of (x - c) s for each column."""
    columns = zip(design.columns, design.centres, design.scales, strict=True)
    return {label: (moments.get(label, (0.0, 0.0))[0] - c * weight) * s for label, c, s in columns}


def _offset(specification: Specification, totals: Totals, moments: Mapping[str, tuple[float, float]]) -> float:
    """What an offset adds to the linear predictor on average, where the likelihood's start does not know of it."""
    name = specification.roles.get("offset")
    if name is None or not specification.constant or specification.rate_of_offset:
        return 0.0
    return moments[name][0] / totals.weight


def _is_indicator(label: str, sums: Sums) -> bool:
    """Whether a column is 0 or 1 in every row: one of levels alone, or a number that no node has other values of."""
    column = Column.parse(label)
    if not column.continuous:
        return True
    total, squares = sums.rows.get((label,), (0.0, 0.0))
    return label in column.continuous and total == squares and not sums.scalars.get(BEYOND + label, 0.0)


def _unit(specification: Specification, totals: Totals) -> float:
    return unit_of(totals.weight, totals.total, totals.squares) if specification.likelihood.least_squares else 1.0


def unit_of(weight: float, total: float, squares: float) -> float:
    """A power of two near the standard deviation of an outcome, 1 if it has none; the weight is above 0."""
    variance = squares / weight - (total / weight) ** 2
    return power_of_two(math.sqrt(variance)) if variance > 0 else 1.0


def _require_moderate(moments: Mapping[str, tuple[float, float]], weight: float) -> None:
    """Refuse a column whose root mean square would let a covariance overflow."""
    for label, (total, squares) in moments.items():
        size = math.sqrt(squares / weight)
        if not SMALLEST <= size <= LARGEST and (total or squares):
            raise VariableError(
                f"the values of {label} are too {'large' if size > 1 else 'small'} to compute with",
                where=label,
                expected=f"sizes between {SMALLEST:g} and {LARGEST:g}",
                do="look for a code of missing values among them, or give it in other units",
            )


def nothing_to_fit(specification: Specification, sums: Sums) -> str | None:
    """The status if the moments show that there can be no estimate, whatever beta is tried; None if there may."""
    totals = totals_of(specification, sums) if sums.scalars[NOBS] else None
    if totals is None or totals.weight <= 0:
        return "no observations"
    return None if specification.likelihood.varies(totals) else "outcome does not vary"
