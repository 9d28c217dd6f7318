"""The question of knots: how many events there are between which times, so that nobody's time is among them.

Times stand on a grid that needs no agreement, t = 2^(k/64) for whole k: each edge is 1.1 % above the one before. A node
halves the grid, and its halves, wherever both halves hold `least` persons with an event or more: a row that weighs ten
is one. Where one half holds fewer, the other is halved further, and the few join the group beside them. So an edge
follows from how many persons are in cells that were fixed before anything was known of them, never from one person's
time; however fine a time that was stretched makes the grid, cells have as many persons. Where the halves of a node lie
follows from its name, so that the edges of several nodes are not the same few.

Of thousands of events no more edges are told than centiles need: a group has a hundredth of them, but near either end,
where the boundary knots lie, a quarter of those up to there is enough. A node remembers who fails up to each edge.

At the edges of its groups a node's cumulative count is exact, and between them it lies between two that are; both
bounds are sums of groups, and add over nodes. The first group begins at no time and the last ends at none: the smallest
and the largest time stay here.
"""

from __future__ import annotations

import itertools
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from fedfolder.errors import RefusedError, TamperedAnswerError
from fedfolder.questions.question import Question, whole
from fedfolder.questions.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from fedfolder.questions.sample import Sample
    from fedfolder.questions.specification import Specification
    from fedfolder.questions.sums import Labels, Values

FINENESS = 64
"""Edges to a doubling of time."""
LEAST_EVENTS = 10
"""Events in each group, at least."""
MOST_GROUPS, TAIL = 100, 4
"""Of many events, the share of all that a group has at least; near either end, the share of those up to there."""
BOTTOM, TOP = -(2**16), 2**16
"""The edges below and above every time: 2^-1024 and 2^1024."""
NOBS = "nobs"


def time_at(edge: int) -> float:
    """The time at an edge, with 4 digits: the same on every machine."""
    return float(f"{2.0 ** (edge / FINENESS):.4g}")


@dataclass(frozen=True)
class EventGroups(Question):
    """Events by groups of their times.

    The table is `from,to,events`, with edges of the grid; a node with events of fewer than twice `least` persons has
    one group.
    The scalar is `nobs`.

    Parameters
    ----------
    specification : Specification
        Of what; its knots are not known yet.
    least : int
        Persons with an event in a group, at least.
    """

    specification: Specification
    least: int = LEAST_EVENTS

    kind: ClassVar[str] = "event groups"
    asks: ClassVar[str] = (
        f"number of rows; how many events there are between which times, in groups of {LEAST_EVENTS} events or more, "
        "for the knots of splines"
    )
    answer_name: ClassVar[str] = "events.csv"
    answer_keys: ClassVar[tuple[str, ...]] = ("from", "to")

    @property
    def columns(self) -> tuple[str, ...]:
        """How many."""
        return ("events",)

    def declaration(self) -> dict[str, Any]:
        """Model, outcome, and how fine the groups are."""
        grid = f"2^(k/{FINENESS})"
        return {"kind": self.kind, **self.specification.declaration(), "least": self.least, "grid": grid}

    def as_asked(self, declaration: Mapping[str, Any], payloads: Mapping[str, bytes]) -> Question:
        """Itself: there is nothing in it that may differ. RefusedError otherwise."""
        if declaration != self.declaration() or payloads:
            raise RefusedError("the question is not the one that the plan begins with", expected=self.kind)
        return self

    def compute(self, sample: Sample) -> Sums:
        """Groups of the events of `sample`."""
        events, groups = self._events(sample), self.groups(sample)
        rows: dict[Labels, Values] = {
            (str(low), str(high)): (float(events.often[events.between(low, high)].sum()),) for low, high in groups
        }
        return Sums({NOBS: float(sample.nobs)}, self.answer_keys, self.columns, rows)

    def groups(self, sample: Sample) -> list[tuple[int, int]]:
        """The edges of each group of `sample`, rising; none without an event."""
        events = self._events(sample)
        low = BOTTOM - zlib.crc32(sample.site.encode()) % (TOP - BOTTOM)
        inner = list(_edges(events, low, low + 2 * (TOP - BOTTOM), self.least))
        return list(itertools.pairwise([BOTTOM, *inner, TOP])) if len(events.cell) else []

    def up_to(self, sample: Sample) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        """Each edge between two groups, with the rows (n,) of the events up to it."""
        events = self._events(sample)
        for _, edge in self.groups(sample)[:-1]:
            mask = np.zeros(sample.nobs, dtype=np.bool_)
            mask[events.row[events.cell <= edge]] = True
            yield edge, mask

    def _events(self, sample: Sample) -> _Events:
        """The events of `sample`, rising."""
        parts = [self._of_block(place.start, part) for place, part in sample.blocks()]
        cells = np.concatenate([np.zeros(0, dtype=np.int64), *(part.cell for part in parts)])
        order = np.argsort(cells, kind="stable")
        often, who, row = (np.concatenate([np.zeros(0), *(part[k] for part in parts)])[order] for k in (1, 2, 3))
        return _Events(cells[order], often, who.astype(np.int64), row.astype(np.int64), sample.persons is None)

    def _of_block(self, start: int, part: Sample) -> _Events:
        """Those of a block of rows, the first of which is `start`."""
        rows = self.specification.rows(part)
        failed = np.flatnonzero(rows["y"] > 0)
        cell = np.clip(np.ceil(FINENESS * np.log2(rows["time"][failed])).astype(np.int64), BOTTOM + 1, TOP)
        often = self.specification.weights(part) if self.specification.weighted == "fw" else None
        row = failed + start
        who = row if part.persons is None else np.asarray(part.persons.codes[failed], dtype=np.int64)
        return _Events(cell, np.ones(len(cell)) if often is None else often[failed], who, row)

    def check(self, answer: Sums, *, where: str) -> None:
        """Groups between edges of the grid, of whole numbers of events, none of too few but one that has all."""
        if set(answer.scalars) != {NOBS} or answer.columns != self.columns:
            raise TamperedAnswerError("this answer has other columns or scalars than were asked for", where=where)
        whole(answer.scalars[NOBS], NOBS, where=where)
        for labels, (count,) in answer.rows.items():
            low, high = edges_of(labels, where=where)
            least = 1 if (low, high) == (BOTTOM, TOP) else self.least
            if whole(count, "events", where=where) < least:
                raise TamperedAnswerError("a group of event times has too few events", where=where)


def edges_of(labels: Labels, *, where: str = "") -> tuple[int, int]:
    """The edges of a group.

    Raises
    ------
    TamperedAnswerError
        If they are none.
    """
    try:
        low, high = map(int, labels)
    except ValueError:
        low, high = TOP, BOTTOM
    if not BOTTOM <= low < high <= TOP or (str(low), str(high)) != labels:
        raise TamperedAnswerError("a group of event times has no edges", where=where)
    return low, high


class _Events(NamedTuple):
    """Events, rising: the cell of the grid by its upper edge, how often each counts, its person and its row, (n,).

    They are `apart` where it is known that each is another person's.
    """

    cell: NDArray[np.int64]
    often: NDArray[np.float64]
    who: NDArray[np.int64]
    row: NDArray[np.int64]
    apart: bool = False

    def between(self, low: int, high: int) -> slice[int, int, None]:
        """Those in the cells above the edge `low`, up to `high`."""
        first, last = np.searchsorted(self.cell, [low, high], side="right").tolist()
        return slice(first, last)

    def persons(self, low: int, high: int) -> int:
        """How many persons have an event there."""
        who = self.who[self.between(low, high)]
        return len(who) if self.apart else len(np.unique(who))

    def enough(self, low: int, high: int, least: int) -> bool:
        """Whether a group may be there: of `least` persons, or more among many events, but for the first and last."""
        number, within = len(self.cell), self.between(low, high)
        outside: int = min(within.stop, number - within.start)
        return self.persons(low, high) >= max(least, min(number // MOST_GROUPS, outside // TAIL))


def _edges(events: _Events, low: int, high: int, least: int) -> Iterator[int]:
    """The edges within (low, high] between cells that are `enough` each, rising."""
    if high - low < 2:  # noqa: PLR2004 - one cell of the grid
        return
    middle = (low + high) // 2
    below, above = (events.enough(*half, least) for half in ((low, middle), (middle, high)))
    if below:
        yield from _edges(events, low, middle, least)
    if below and above:
        yield middle
    if above:
        yield from _edges(events, middle, high, least)
