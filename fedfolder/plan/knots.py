"""Knots at centiles of the event times, from counts of groups of events over all nodes.

What is known of the cumulative count of events at an edge of the grid are two bounds: the groups that end there or
before, and those that begin before. A centile lies between the last edge at which the upper bound is below it and the
first at which the lower one is not. In between, its knot stands where it would be if the events of each group were even
over the group.
"""

from __future__ import annotations

import bisect
import contextlib
import itertools
from typing import TYPE_CHECKING, NamedTuple

from fedfolder.command.splines import CENTILES, boundaries_of
from fedfolder.errors import VariableError
from fedfolder.questions.event_groups import BOTTOM, TOP, EventGroups, edges_of, time_at
from fedfolder.questions.splines import Curve, around
from fedfolder.questions.sums import add

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fedfolder.command import Command
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.specification import Specification
    from fedfolder.questions.sums import Sums

_DO = "give knots() and bknots(), or fewer columns with df()"


class Group(NamedTuple):
    """Events between two edges of the grid."""

    low: int
    high: int
    events: float


class Events:
    """What is known of the event times of all nodes.

    Raises
    ------
    VariableError
        If no node has events enough for two groups.
    """

    def __init__(self, sums: Sums) -> None:
        groups = [Group(*edges_of(labels), count) for labels, (count,) in sums.rows.items()]
        self._groups = sorted(group for group in groups if group.events)
        edges = {edge for group in groups for edge in (group.low, group.high)} - {BOTTOM, TOP}
        self._edges = sorted(edges)
        self._ends = _Cumulative.of((group.high, group.events) for group in self._groups)
        self._begins = _Cumulative.of((group.low, group.events) for group in self._groups)
        if not self._edges:
            raise VariableError("no site has events enough to tell when they are", where="df()", do=_DO)

    @property
    def boundaries(self) -> tuple[float, float]:
        """The outermost edges: events lie beyond them, but at each node no fewer than a group has."""
        return time_at(self._edges[0]), time_at(self._edges[-1])

    def knot(self, centile: float) -> Knot:
        """Where a centile is put, and between which times it lies."""
        total = sum(group.events for group in self._groups)
        wanted = centile / 100.0 * total
        low = max((e for e in self._edges if self._most(e) < wanted), default=self._edges[0])
        high = min((e for e in self._edges if self._least(e) >= wanted), default=self._edges[-1])
        return Knot(centile, time_at(self._even(wanted, low, high)), (time_at(low), time_at(high)))

    def _least(self, edge: int) -> float:
        return self._ends.before(edge + 1)

    def _most(self, edge: int) -> float:
        return self._begins.before(edge)

    def _even(self, wanted: float, low: int, high: int) -> int:
        """The last edge from `low` to `high` up to which no more than `wanted` events are, if they are even."""

        def up_to(edge: int) -> float:
            return sum(group.events * self._share(group, edge) for group in self._groups)

        # Whoever publishes edges far apart, and many, has no node count for long.
        return max(low, low + bisect.bisect_right(range(low, high + 1), wanted, key=up_to) - 1)

    def _share(self, group: Group, edge: int) -> float:
        """The share of a group up to an edge; a group without one end is at its other, one without both is even."""
        low = group.low if group.low > BOTTOM else self._edges[0] if group.high == TOP else group.high - 1
        high = group.high if group.high < TOP else self._edges[-1] if group.low == BOTTOM else group.low + 1
        return min(max((edge - low) / max(high - low, 1), 0.0), 1.0)


class _Cumulative(NamedTuple):
    """Edges, rising, and the events of groups at those before each; counts are whole, and their sums exact."""

    edges: list[int]
    sums: list[float]

    @classmethod
    def of(cls, events: Iterable[tuple[int, float]]) -> _Cumulative:
        """Of the events at each edge."""
        found = sorted(events)
        return cls([edge for edge, _ in found], list(itertools.accumulate((count for _, count in found), initial=0.0)))

    def before(self, edge: int) -> float:
        """The events at edges below `edge`."""
        return self.sums[bisect.bisect_left(self.edges, edge)]


class Knot(NamedTuple):
    """A knot at a centile of the event times, which lies between two times."""

    centile: float
    time: float
    between: tuple[float, float]

    def __str__(self) -> str:
        """In words."""
        low, high = self.between
        return f"{self.time:g} ({self.centile:g} % of the event times, which is from {low:g} to {high:g})"


def curves_of(command: Command, sums: Sums) -> tuple[Curve, ...]:
    """The splines of a command with the knots that it gives, and those that follow from published counts of events.

    Raises
    ------
    VariableError
        If events are too few for so many knots.
    """
    events = Events(sums)
    boundaries = boundaries_of(command) or events.boundaries
    found = []
    for spline in command.splines:
        placed = [] if spline.knots is not None else [events.knot(centile) for centile in CENTILES[spline.df]]
        inner = spline.knots if spline.knots is not None else tuple(knot.time for knot in placed)
        knots = around(inner, boundaries) if inner else ()
        _require_rising(knots, spline.names)
        found.append(Curve(spline, knots, tuple(map(str, placed))))
    return tuple(found)


def likely(specification: Specification, samples: Iterable[Sample]) -> Specification:
    """The specification with knots where they would be if nobody else had events than these samples.

    It stays as it is where the command gives knots, or these samples have too few events for any.
    """
    if not specification.lacks_knots:
        return specification
    question = EventGroups(specification)
    with contextlib.suppress(VariableError):
        events = add([question.compute(sample) for sample in samples])
        return specification.with_knots(curves_of(specification.command, events))
    return specification


def _require_rising(knots: Sequence[float], names: Sequence[str]) -> None:
    if any(b <= a for a, b in itertools.pairwise(knots)):
        what = f"events are too few, or too many at one time, to part the knots of {names[0]} and those after it"
        raise VariableError(what, where=names[0], do=_DO)
