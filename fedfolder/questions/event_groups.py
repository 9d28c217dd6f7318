"""The question of knots: how many events there are between which times, so that nobody's time is among them.

Times stand on a grid that needs no agreement, t = 2^(k/64) for whole k: each edge is 1.1 % above the one before. A node
counts its events in groups of neighbouring cells, none of fewer than `least` persons: a row that weighs ten is one. So
at the edges of its groups its cumulative count is exact, and between them it lies between two that are; both bounds are
sums of groups, and add over nodes. The first group begins at no time and the last ends at none: the smallest and the
largest time stay here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from fedfolder.errors import RefusedError, TamperedAnswerError
from fedfolder.questions.question import Question, whole
from fedfolder.questions.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fedfolder.questions.sample import Sample
    from fedfolder.questions.specification import Specification
    from fedfolder.questions.sums import Labels, Values

FINENESS = 64
"""Edges to a doubling of time."""
LEAST_EVENTS = 10
"""Events in each group, at least."""
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
        """Groups of the events of `sample`, from the first on; what is left over joins the last."""
        rows: dict[Labels, Values] = {
            (str(low), str(high)): (count,) for low, high, count in _groups(self._cells(sample), self.least)
        }
        return Sums({NOBS: float(sample.nobs)}, self.answer_keys, self.columns, rows)

    def _cells(self, sample: Sample) -> list[_Cell]:
        """The cells with events, rising."""
        found: dict[int, _Cell] = {}
        for place, part in sample.blocks():
            rows = self.specification.rows(part)
            failed = np.flatnonzero(rows["y"] > 0)
            edges = np.ceil(FINENESS * np.log2(rows["time"][failed])).astype(np.int64)
            often = self.specification.weights(part) if self.specification.weighted == "fw" else None
            counts = np.ones(len(edges)) if often is None else often[failed]
            who = failed + place.start if part.persons is None else part.persons.codes[failed]
            for edge, count, person in zip(edges.tolist(), counts.tolist(), who.tolist(), strict=True):
                before = found.get(edge, _Cell(edge, 0.0, []))
                before.who.append(person)
                found[edge] = before._replace(events=before.events + count)
        return [found[edge] for edge in sorted(found)]

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


class _Cell(NamedTuple):
    """A cell of the grid by its upper edge: its events, and the number of the person of each row among them."""

    edge: int
    events: float
    who: list[int]


def _groups(cells: list[_Cell], least: int) -> Iterator[tuple[int, int, float]]:
    """From, to and events of each group."""
    if not cells:
        return
    closed: list[tuple[int, float]] = []
    count, persons = 0.0, set[int]()
    for cell in cells:
        count += cell.events
        persons.update(cell.who)
        if len(persons) >= least:
            closed.append((cell.edge, count))
            count, persons = 0.0, set[int]()
    if not closed:
        yield BOTTOM, TOP, count
        return
    # What is over joins the last group, which ends at no time; so does the group before it begin where another ends.
    closed[-1] = TOP, closed[-1][1] + count
    low = BOTTOM
    for edge, number in closed:
        yield low, edge, number
        low = edge
