"""Rules on the rows that would enter a fit, looked at before any sum of them leaves.

A rule counts persons at this node alone. Nothing that is there at all is fine, and so is a level that only other nodes
have; what is refused is a few.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.custody import looks_at_cells, looks_at_numbers, looks_at_size, looks_at_times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fedfolder.custody.finding import Finding
    from fedfolder.custody.profiles import Limits
    from fedfolder.custody.view import View


@dataclass(frozen=True, slots=True)
class SampleRule:
    """A rule by its name in policy.toml, what it holds in words, the limit that it goes by, and what looks."""

    name: str
    meaning: str
    limit: str
    find: Callable[[Limits, View], Iterable[Finding]]


SAMPLE_RULES = (
    SampleRule("persons", "at least so many persons enter the fit here", "persons", looks_at_size.persons),
    SampleRule(
        "events", "each level of the outcome, and all events, are none here or so many", "events", looks_at_size.events
    ),
    SampleRule(
        "parameters_per_person",
        "at most so many parameters for each person",
        "parameters_per_person",
        looks_at_size.parameters,
    ),
    SampleRule(
        "residual_degrees",
        "at least so many persons beyond parameters",
        "residual_degrees",
        looks_at_size.residual_degrees,
    ),
    SampleRule("levels", "at most so many levels of a categorical variable", "levels", looks_at_size.levels),
    SampleRule(
        "cells",
        "in each level, interaction and 0/1 column, and outside it, is nobody or so many persons",
        "smallest_cell",
        looks_at_cells.cells,
    ),
    SampleRule(
        "outcome_cells",
        "the same of each level of the outcome by each such column",
        "smallest_cell",
        looks_at_cells.outcome_cells,
    ),
    SampleRule(
        "pairs",
        "the same of any two such columns, and of what is outside of one or both",
        "smallest_cell",
        looks_at_cells.pairs,
    ),
    SampleRule(
        "cluster_cells",
        "each cluster whose scores leave by its name has so many persons here",
        "smallest_cell",
        looks_at_cells.cluster_cells,
    ),
    SampleRule(
        "random_groups",
        "so many random groups, matched sets, or strata of a Cox model, or none, have fewer persons than that",
        "smallest_cell",
        looks_at_cells.random_groups,
    ),
    SampleRule(
        "few_different",
        "nobody, or so many persons, differ from the usual value of a number",
        "smallest_cell",
        looks_at_numbers.few_different,
    ),
    SampleRule(
        "largest_share",
        "nobody is the larger part of a number's variation, or of the weights",
        "largest_share",
        looks_at_numbers.largest_share,
    ),
    SampleRule(
        "same_time",
        "of a common baseline hazard: nobody, or so many persons, enter, end or fail at each time",
        "same_time",
        looks_at_times.same_time,
    ),
    SampleRule(
        "baseline_events",
        "of this site's own baseline: between any two of its times, in each stratum, nobody or so many persons fail",
        "events",
        looks_at_times.baseline_events,
    ),
    SampleRule(
        "averages_per_person",
        "average survival at so many times, and of so many patterns, that there are fewer numbers than persons",
        "averages_per_person",
        looks_at_size.averages,
    ),
    SampleRule(
        "leverage", "nobody has a leverage above this on the least-squares fit", "leverage", looks_at_numbers.leverage
    ),
)
"""Every rule on a sample, in the order in which they are looked at."""
