"""Rules on the rows that would enter a fit, looked at before any sum of them leaves.

A rule counts persons at this node alone. Nothing that is there at all is fine, and so is a level that only other nodes
have; what is refused is a few.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.custody.cells import crosstabs, crosstabs_with, few_in_column, few_in_pair, has_few
from fedfolder.custody.finding import Finding
from fedfolder.custody.leverage import largest_leverage
from fedfolder.custody.time_rules import baseline_events, same_time
from fedfolder.likelihood.base import ROUNDING
from fedfolder.questions.blocks import blocks, counted, numbered, summed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from fedfolder.custody.cells import Coded, Crosstab, Persons
    from fedfolder.custody.profiles import Limits
    from fedfolder.custody.view import View


@dataclass(frozen=True, slots=True)
class SampleRule:
    """A rule by its name in policy.toml, what it holds in words, the limit that it goes by, and what looks."""

    name: str
    meaning: str
    limit: str
    find: Callable[[Limits, View], Iterable[Finding]]


def _persons(limits: Limits, view: View) -> Iterator[Finding]:
    if view.persons.number < limits.persons:
        yield Finding("persons", (), f"fewer than {limits.persons} persons enter this fit here")


def _parameters(limits: Limits, view: View) -> Iterator[Finding]:
    if view.parameters() > limits.parameters_per_person * view.persons.number:
        said = f"more than {limits.parameters_per_person:g} parameters for each person here"
        yield Finding("parameters_per_person", _terms(view), said)


def _residual_degrees(limits: Limits, view: View) -> Iterator[Finding]:
    if limits.residual_degrees and view.persons.number - view.parameters() < limits.residual_degrees:
        said = f"fewer than {limits.residual_degrees} persons more than parameters here"
        yield Finding("residual_degrees", _terms(view), said)


def _terms(view: View) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for term in view.specification.terms for name in term.variables))


def _events(limits: Limits, view: View) -> Iterator[Finding]:
    specification, least = view.specification, limits.events
    name = specification.outcome
    if view.outcome is not None:
        if few_in_column(view.outcome, view.persons, least):
            said = f"a level of the outcome {name} holds fewer than {least} persons here, or all but so few"
            yield Finding("events", (name,), said)
        return
    if not all(_counts(part.outcome(name)) for _, part in view.sample.blocks()):
        return
    if any(0 < total < least for total in _events_and_others(view)):
        yield Finding("events", (name,), f"fewer than {least} events of {name} here")


def _counts(values: NDArray[np.float64]) -> bool:
    return bool(((values >= 0) & (values == np.floor(values))).all())


def _events_and_others(view: View) -> list[float]:
    """The sum of the outcome, and that of what is left of the trials where there are any."""
    specification = view.specification
    with_trials = "trials" in specification.likelihood.roles

    def sums(rows: slice) -> NDArray[np.float64]:
        part = view.sample.rows(rows.start, rows.stop)
        values = part.outcome(specification.outcome)
        others = [(specification.rows(part)["trials"] - values).sum()] if with_trials else []
        return np.array([values.sum(), *others])

    return [float(total) for total in summed(view.sample.nobs, sums)]


def _levels(limits: Limits, view: View) -> Iterator[Finding]:
    outcome = [view.outcome] if view.outcome is not None else []
    for column in [*outcome, *view.factors]:
        if limits.levels and column.size > limits.levels:
            name = column.names[0]
            yield Finding("levels", (name,), f"{name} has more than {limits.levels} levels here")


def _cells(limits: Limits, view: View) -> Iterator[Finding]:
    least = limits.smallest_cell
    for column in view.coded:
        if few_in_column(column, view.persons, least):
            said = f"a level of {_product(column.names)} holds fewer than {least} persons here, or all but so few"
            yield Finding("cells", column.names, said)


def _outcome_cells(limits: Limits, view: View) -> Iterator[Finding]:
    if view.outcome is not None and limits.smallest_cell:
        yield from _few("outcome_cells", limits, view, crosstabs_with(view.outcome, view.coded))


def _pairs(limits: Limits, view: View) -> Iterator[Finding]:
    if limits.smallest_cell:
        yield from _few("pairs", limits, view, crosstabs(view.coded))


def _few(rule: str, limits: Limits, view: View, tables: Iterable[Crosstab]) -> Iterator[Finding]:
    least = limits.smallest_cell
    for a, b, table in tables:
        if set(a.names) <= set(b.names):
            # An interaction and a part of it: its own cells say the same.
            continue
        names = tuple(dict.fromkeys([*a.names, *b.names]))
        if table is None:
            yield Finding(rule, names, f"{_product(a.names)} by {_product(b.names)} has too many cells to look at")
        elif few_in_pair(a, b, table, view.persons, least):
            said = f"a cell of {_product(a.names)} by {_product(b.names)} holds fewer than {least} persons here"
            yield Finding(rule, names, said)


def _cluster_cells(limits: Limits, view: View) -> Iterator[Finding]:
    least = limits.smallest_cell
    if view.clusters is not None and few_in_column(view.clusters, view.persons, least):
        names = view.clusters.names
        said = f"a cluster of {_product(names)}, whose scores would leave, holds fewer than {least} persons here"
        yield Finding("cluster_cells", names, said)


def _random_groups(limits: Limits, view: View) -> Iterator[Finding]:
    """Second derivatives hold sums of squares, of sums over each group: of a few small groups, they could be solved.

    Who is in a stratum of one or two persons is compared with hardly anybody: what leaves is that of all the others.
    """
    least, groups = limits.smallest_cell, view.groups
    if groups is None:
        return
    small = int((_persons_in(groups, view.persons) < least).sum())
    if 0 < small < least:
        said = (
            f"fewer than {least} groups of {_product(groups.names)} are as small as that here; so many, or none, may be"
        )
        yield Finding("random_groups", groups.names, said)


def _persons_in(column: Coded, persons: Persons) -> NDArray[np.int64]:
    """How many persons have each level that occurs."""
    codes = np.asarray(column.codes, dtype=np.int64)
    if persons.codes is not None:
        codes = numbered(codes * persons.number + persons.codes)[0].astype(np.int64) // persons.number
    found = counted(codes, column.size)
    return np.asarray(found[found > 0], dtype=np.int64)


def _few_different(limits: Limits, view: View) -> Iterator[Finding]:
    least = limits.smallest_cell
    for names, within, values in view.products() if least else ():
        if within is None:
            few = _all_but_few(values, view.persons, least)
        else:
            few = _few_within(within, values != 0, view.persons, least)
        if few:
            said = f"fewer than {least} persons here differ from all others in {_product(names)}"
            yield Finding("few_different", names, said)


def _all_but_few(values: NDArray[Any], persons: Persons, least: int) -> bool:
    """Whether fewer than `least` persons have another value than all the others have."""
    # With so few different, the usual value is the one in the middle of the persons' first rows.
    first = values if persons.codes is None else _first(values, persons)
    middle = len(first) // 2
    usual = _most_frequent(first) if len(first) < 2 * least else np.partition(first, middle)[middle]
    return 0 < persons.within(values != usual) < least


def _first(values: NDArray[Any], persons: Persons) -> NDArray[Any]:
    found = np.zeros(persons.number, dtype=values.dtype)
    found[persons.codes] = values
    return found


def _most_frequent(values: NDArray[Any]) -> Any:  # noqa: ANN401 - a number of the type of the values
    found, counts = np.unique(values, return_counts=True)
    return found[np.argmax(counts)] if len(found) else 0


def _few_within(column: Coded, rows: NDArray[np.bool_], persons: Persons, least: int) -> bool:
    """Whether in some category a product differs from 0 for somebody, but fewer than `least` persons."""
    counts = counted(column.codes[rows], column.size)
    return has_few(counts, persons, least, lambda place: (column.codes == place[0]) & rows)


def _largest_share(limits: Limits, view: View) -> Iterator[Finding]:
    if not np.isfinite(limits.largest_share):
        return
    weight = view.specification.command.weight
    for names, within, values in view.products():
        is_weight = weight is not None and names == (weight.variable,)
        share = (_share_of_sum if is_weight else _share_of_squares)(values, within, view.persons)
        if share > limits.largest_share:
            what = "sum" if is_weight else "variation"
            said = f"one person here is more than {limits.largest_share:g} of the {what} of {_product(names)}"
            yield Finding("largest_share", names, said)


def _share_of_sum(values: NDArray[Any], _: Coded | None, persons: Persons) -> float:
    """The largest share of one person in the sum of the weights."""
    return _share(lambda rows: values[rows].astype(np.float64), persons)


def _share(values: Callable[[slice], NDArray[np.float64]], persons: Persons) -> float:
    """The largest share of one person in the sum of values that are not negative; `values` gives a block's."""
    largest, total = persons.sums(values)
    return largest / total if total > 0 else 0.0


def _share_of_squares(values: NDArray[Any], within: Coded | None, persons: Persons) -> float:
    """The largest share of one person in a sum of squares about its mean, over the categories of a product."""

    def block(rows: slice) -> NDArray[np.float64]:
        return values[rows].astype(np.float64)

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if within is not None:
            return _share_within(block, within, persons)
        if not len(values):
            return 0.0
        mean = summed(len(values), lambda rows: block(rows).sum()) / len(values)
        return _share(lambda rows: np.square(block(rows) - mean), persons)


def _share_within(values: Callable[[slice], NDArray[np.float64]], within: Coded, persons: Persons) -> float:
    """The same for a product with categories, of which `values` gives a block's numbers."""

    def by_category(of: Callable[[slice], NDArray[np.float64]]) -> NDArray[np.float64]:
        total = np.zeros(within.size)
        for rows in blocks(persons.nrows, within.size):
            total += np.bincount(within.codes[rows], of(rows), within.size)
        return total

    means = by_category(values) / persons.nrows

    def squares(rows: slice) -> NDArray[np.float64]:
        return np.square(values(rows) - means[within.codes[rows]])

    # Outside its category a product is 0, so as far from its mean as the mean is from 0.
    totals = by_category(squares) + (persons.nrows - within.counts()) * np.square(means)
    if persons.codes is None:
        parts = np.array([_top(squares(rows) / totals[within.codes[rows]]) for rows in blocks(persons.nrows)])
    else:
        _, key = numbered(within.codes.astype(np.int64) * persons.number + persons.codes)
        everything = slice(0, persons.nrows)
        parts = np.bincount(key, squares(everything) / totals[within.codes])
    return _top(parts)


def _top(parts: NDArray[np.float64]) -> float:
    """The largest that is a number."""
    return float(np.max(parts, initial=0.0, where=np.isfinite(parts)))


def _leverage(limits: Limits, view: View) -> Iterator[Finding]:
    # Two persons in a level have 1/2 each, a limit that is usual: rounding must not decide which side that is on.
    limit = limits.leverage * (1 + ROUNDING)
    if np.isfinite(limit) and largest_leverage(view, at_least=limit) > limit:
        said = f"one person here has more than {limits.leverage:g} of leverage on this fit"
        yield Finding("leverage", _terms(view), said)


def _product(names: Iterable[str]) -> str:
    return "#".join(dict.fromkeys(names))


SAMPLE_RULES = (
    SampleRule("persons", "at least so many persons enter the fit here", "persons", _persons),
    SampleRule("events", "each level of the outcome, and all events, are none here or so many", "events", _events),
    SampleRule(
        "parameters_per_person", "at most so many parameters for each person", "parameters_per_person", _parameters
    ),
    SampleRule("residual_degrees", "at least so many persons beyond parameters", "residual_degrees", _residual_degrees),
    SampleRule("levels", "at most so many levels of a categorical variable", "levels", _levels),
    SampleRule(
        "cells",
        "in each level, interaction and 0/1 column, and outside it, is nobody or so many persons",
        "smallest_cell",
        _cells,
    ),
    SampleRule(
        "outcome_cells", "the same of each level of the outcome by each such column", "smallest_cell", _outcome_cells
    ),
    SampleRule(
        "pairs", "the same of any two such columns, and of what is outside of one or both", "smallest_cell", _pairs
    ),
    SampleRule(
        "cluster_cells",
        "each cluster whose scores leave by its name has so many persons here",
        "smallest_cell",
        _cluster_cells,
    ),
    SampleRule(
        "random_groups",
        "so many groups with a random intercept, or strata of a Cox model, or none, have fewer persons than that",
        "smallest_cell",
        _random_groups,
    ),
    SampleRule(
        "few_different",
        "nobody, or so many persons, differ from the usual value of a number",
        "smallest_cell",
        _few_different,
    ),
    SampleRule(
        "largest_share",
        "nobody is the larger part of a number's variation, or of the weights",
        "largest_share",
        _largest_share,
    ),
    SampleRule(
        "same_time",
        "of a common baseline hazard: nobody, or so many persons, enter, end or fail at each time",
        "same_time",
        same_time,
    ),
    SampleRule(
        "baseline_events",
        "of this site's own baseline: between any two of its times, in each stratum, nobody or so many persons fail",
        "events",
        baseline_events,
    ),
    SampleRule("leverage", "nobody has a leverage above this on the least-squares fit", "leverage", _leverage),
)
"""Every rule on a sample, in the order in which they are looked at."""
