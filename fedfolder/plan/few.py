"""A fit in few trips: what a proposal says of it, and the columns that it lets everyone know beforehand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from fedfolder.command import base_levels, needs_counts
from fedfolder.command.terms import can_be_shown, level_key
from fedfolder.errors import FedfolderError
from fedfolder.likelihood import ClusterLikelihood
from fedfolder.questions.moments import factors_of
from fedfolder.questions.splines import Curve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.command import Command
    from fedfolder.questions.specification import Specification

TRIPS, LEVELS, FEW = "trips", "levels", "few"
MOST_COLUMNS = 500
"""A server may name any levels, and an information is the square of their number."""


@dataclass(frozen=True, slots=True)
class FewTrips:
    """That the fit is to take few trips.

    Parameters
    ----------
    levels : mapping of str to tuple of str
        The levels of factors of the command that are known before any node is asked, sorted.
    """

    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, command: Command, known: Mapping[str, tuple[str, ...]] | None = None) -> Self:
        """That of a command.

        Parameters
        ----------
        known : mapping of str to tuple of str, optional
            Levels that a study's dictionary names, by variable.
        """
        derived = {name for derivation in command.derivations for name in derivation.names}
        names = [factor.variable for factor in factors_of(command.terms)]
        return cls(
            {
                name: tuple(sorted(set((known or {})[name]), key=level_key))
                for name in dict.fromkeys(names)
                if name not in derived and (known or {}).get(name)
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """What the proposal says."""
        said: dict[str, Any] = {TRIPS: FEW}
        return {**said, LEVELS: {name: list(levels) for name, levels in self.levels.items()}} if self.levels else said

    @classmethod
    def from_dict(cls, found: Mapping[str, Any], command: Command) -> Self | None:
        """Read it; what is malformed comes out otherwise than it went in."""
        if found.get(TRIPS) != FEW:
            return None
        said = found.get(LEVELS)
        if not isinstance(said, dict):
            return cls()
        known = {
            name: tuple(level for level in levels if isinstance(level, str) and can_be_shown(level))
            for name, levels in said.items()
            if isinstance(levels, list)
        }
        return cls.of(command, known)


def known_columns(specification: Specification, few: FewTrips) -> tuple[str, ...] | None:
    """The columns of the terms, where they follow from the command and the levels that it is about.

    None where they do not: there is a random intercept, a factor has no known levels, its base is the most frequent
    level or none that is known, the outcome's own levels make the equations, or there are more than `MOST_COLUMNS`.
    """
    terms, likelihood = specification.terms, specification.likelihood
    names = {factor.variable for factor in factors_of(terms)}
    if isinstance(likelihood, ClusterLikelihood) or likelihood.categorical:
        return None
    if not names <= set(few.levels) or needs_counts(terms):
        return None
    try:
        bases = base_levels(terms, few.levels)
    except FedfolderError:
        return None
    splines = specification.command.splines
    # Where knots are is not known yet; how many columns there are is.
    known = specification.with_knots(tuple(map(Curve, splines))) if splines else specification
    found = known.columns(few.levels, bases)
    return tuple(column.label for column in found) if len(found) <= MOST_COLUMNS else None
