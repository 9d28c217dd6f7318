"""Where in the journal a fit stands: which number it has, which attempt, and how it ended if it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.exchange.journal import IN, OUT
from fedfolder.plan.messages import STATUS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedfolder.exchange.journal import Journal

SET_ASIDE = "set aside"
"""How a fit ends that was unfinished when another one was begun."""
REFUSED = "refused"
"""How an attempt ends that a node refused."""
CONTRADICTED = "contradicted"
"""How an attempt ends whose answers do not fit together: types that differ, rows that changed."""


@dataclass(frozen=True, slots=True)
class Place:
    """A fit's number and attempt (both from 1), and how the attempt ended, empty if it did not."""

    fit: int
    attempt: int
    status: str = ""
    is_new: bool = True


def find(journal: Journal, nodes: Sequence[str], proposal: str, *, again: bool) -> Place:
    """The fit to go on with for a proposal, or a new one.

    A fit that ended with a result stands as it is. One that was refused, contradicted or set aside gets a new attempt.

    Parameters
    ----------
    proposal : str
        Digest of the proposal.
    again : bool
        Whether to begin anew in any case.
    """
    firsts = journal.first_rounds()
    same = [header for header in firsts if header.proposal == proposal]
    if again or not same:
        return Place(max((header.fit for header in firsts), default=0) + 1, 1)
    number = max(header.fit for header in same)
    attempt = max(header.attempt for header in same if header.fit == number)
    status = _status(journal, nodes, number, attempt)
    if status in {REFUSED, SET_ASIDE, CONTRADICTED}:
        return Place(number, attempt + 1)
    return Place(number, attempt, status, is_new=False)


def _status(journal: Journal, nodes: Sequence[str], number: int, attempt: int) -> str:
    for node in nodes:
        for direction, kind in ((IN, "refusal"), (OUT, "closing")):
            for message in journal.of_fit(number, direction, peer=node):
                if message.header.attempt == attempt and message.header.kind == kind:
                    return REFUSED if kind == "refusal" else str(message.header.body[STATUS])
    return ""
