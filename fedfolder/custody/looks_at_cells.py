"""Rules on a sample that count persons in its cells: of columns, clusters and groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedfolder.custody.cells import crosstabs, crosstabs_with, few_in_column, few_in_pair
from fedfolder.custody.finding import Finding, product
from fedfolder.questions.blocks import counted, numbered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from fedfolder.custody.cells import Coded, Crosstab, Persons
    from fedfolder.custody.profiles import Limits
    from fedfolder.custody.view import View


def cells(limits: Limits, view: View) -> Iterator[Finding]:
    """Columns of categories, each by itself."""
    least = limits.smallest_cell
    for column in view.coded:
        if few_in_column(column, view.persons, least):
            said = f"a level of {product(column.names)} holds fewer than {least} persons here, or all but so few"
            yield Finding("cells", column.names, said)


def outcome_cells(limits: Limits, view: View) -> Iterator[Finding]:
    """Each of them by the outcome."""
    if view.outcome is not None and limits.smallest_cell:
        yield from _few("outcome_cells", limits, view, crosstabs_with(view.outcome, view.coded))


def pairs(limits: Limits, view: View) -> Iterator[Finding]:
    """Any two of them."""
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
            yield Finding(rule, names, f"{product(a.names)} by {product(b.names)} has too many cells to look at")
        elif few_in_pair(a, b, table, view.persons, least):
            said = f"a cell of {product(a.names)} by {product(b.names)} holds fewer than {least} persons here"
            yield Finding(rule, names, said)


def cluster_cells(limits: Limits, view: View) -> Iterator[Finding]:
    """Clusters whose scores leave by their names."""
    least = limits.smallest_cell
    if view.clusters is not None and few_in_column(view.clusters, view.persons, least):
        names = view.clusters.names
        said = f"a cluster of {product(names)}, whose scores would leave, holds fewer than {least} persons here"
        yield Finding("cluster_cells", names, said)


def random_groups(limits: Limits, view: View) -> Iterator[Finding]:
    """Groups whose rows are held together, or against each other."""
    yield from few_small_groups(view.groups, view.persons, limits.smallest_cell)


def few_small_groups(groups: Coded | None, persons: Persons, least: int) -> Iterator[Finding]:
    """What is said against groups of fewer than `least` persons, of which there are fewer than that.

    Second derivatives hold sums of squares, of sums over each group: of a few small groups, they could be solved. Who
    is in a stratum, or in a matched set, with one or two others is compared with hardly anybody: what leaves is that
    of all the others.
    """
    if groups is None:
        return
    small = int((_persons_in(groups, persons) < least).sum())
    if 0 < small < least:
        said = (
            f"fewer than {least} groups of {product(groups.names)} are as small as that here; so many, or none, may be"
        )
        yield Finding("random_groups", groups.names, said)


def _persons_in(column: Coded, persons: Persons) -> NDArray[np.int64]:
    """How many persons have each level that occurs."""
    codes = np.asarray(column.codes, dtype=np.int64)
    if persons.codes is not None:
        codes = numbered(codes * persons.number + persons.codes)[0].astype(np.int64) // persons.number
    found = counted(codes, column.size)
    return np.asarray(found[found > 0], dtype=np.int64)
