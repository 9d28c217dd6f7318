"""When a node has been silent for so long that a run goes on without it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder import clock
from fedfolder.exchange.journal import OUT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fedfolder.exchange.journal import Journal

LOOKING = 60.0
"""Seconds for which a run looks before it calls anyone silent: a share that was just connected lists late."""
FEWEST_NODES = 3
"""Nodes that must be left: of two, each learns the other's sums."""
_EVENTS = {"request": "asked", "closing": "closed", "hello": "greeted"}


class SilentNodesError(Exception):
    """Nodes have been silent for so long that the run goes on without them. Never leaves the server's side."""

    def __init__(self, nodes: Sequence[str]) -> None:
        who = f"{' and '.join(nodes)} {'has' if len(nodes) == 1 else 'have'}"
        super().__init__(f"{who} not answered in time: going on without.")
        self.nodes = tuple(nodes)


@dataclass(frozen=True, slots=True)
class Absence:
    """After how many seconds a node that owes an answer is left out, and how many nodes must then be left.

    The time counts from when the node was asked, by the clock of the day: a run may be stopped and started meanwhile.
    """

    after: float
    fewest: int = FEWEST_NODES
    now: Callable[[], str] = clock.now

    @property
    def looking(self) -> float:
        """Seconds for which a run looks before it calls anyone silent."""
        return min(self.after, LOOKING)

    def is_over(self, journal: Journal, node: str) -> bool:
        """Whether `node` has owed its answer for longer than this."""
        return seconds_owed(journal, node, self.now()) >= self.after


def owed_since(journal: Journal, node: str) -> str:
    """When the last message was sent to `node`, as the journal wrote it down; empty if none was."""
    sent = journal.last(node, OUT)
    return journal.time_of(node, sent.header.number, _EVENTS[sent.header.kind]) if sent else ""


def seconds_owed(journal: Journal, node: str, now: str) -> float:
    """Seconds from the last message to `node` to `now`; never below zero, whatever the clock did."""
    since = owed_since(journal, node)
    return seconds_between(since, now) if since else 0.0


def seconds_between(earlier: str, later: str) -> float:
    """Seconds between two times as `clock.now` writes them; zero if the clock was put back meanwhile."""
    return max((dt.datetime.fromisoformat(later) - dt.datetime.fromisoformat(earlier)).total_seconds(), 0.0)
