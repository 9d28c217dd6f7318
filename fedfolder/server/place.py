"""Where in the journal a fit stands: which number it has, which attempt, and how it ended if it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.errors import FedfolderError
from fedfolder.exchange.journal import IN, OUT
from fedfolder.plan.messages import PROPOSAL, STATUS, WITHOUT
from fedfolder.plan.proposal import Proposal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fedfolder.command import Command
    from fedfolder.exchange.envelope import Header
    from fedfolder.exchange.journal import Journal

SET_ASIDE = "set aside"
"""How a fit ends that was unfinished when another one was begun."""
REFUSED = "refused"
"""How an attempt ends that a node refused."""
CONTRADICTED = "contradicted"
"""How an attempt ends whose answers do not fit together: types that differ, rows that changed."""
LEFT_OUT = "goes on without a node"
"""How an attempt ends when a node stayed silent: the next one has a smaller roster."""


@dataclass(frozen=True, slots=True)
class Place:
    """A fit's number and attempt (both from 1), and how the attempt ended, empty if it did not.

    `proposal` is the attempt's own, or that of the attempt before it from which `without` fell silent; None for one
    that begins with everyone.
    """

    fit: int
    attempt: int
    status: str = ""
    is_new: bool = True
    proposal: Proposal | None = None
    without: tuple[str, ...] = ()


def find(journal: Journal, command: Command, nodes: Sequence[str], *, again: bool, driver: str = "newton") -> Place:
    """The fit to go on with for a command over a study's nodes, or a new one.

    A fit that ended with a result stands as it is. One that was refused, contradicted or set aside gets a new attempt,
    with everyone; one that a node fell silent in goes on without it.

    Parameters
    ----------
    nodes : sequence of str
        All nodes of the study.
    again : bool
        Whether to begin anew in any case.
    driver : str
        Who drives it; a fit that another drives is another fit.
    """
    wanted, openings = (str(command), driver), () if again else journal.openings(str(command))
    newest = next((h for h in openings if (_of(h, "command"), _of(h, "driver")) == wanted), None)
    if newest is not None and (proposal := _proposal(newest, nodes)) is not None:
        return _after(journal, Place(newest.fit, newest.attempt, is_new=False, proposal=proposal))
    return Place(journal.newest_fit() + 1, 1)


def _of(header: Header, name: str) -> object:
    """What the proposal of a first request says under `name`."""
    return header.body[PROPOSAL].get(name)


def _proposal(header: Header, nodes: Sequence[str]) -> Proposal | None:
    """An attempt's proposal, if it was put to these nodes by a version that means the same by it."""
    try:
        proposal = Proposal.from_dict(header.body[PROPOSAL])
    except FedfolderError:
        return None
    return proposal if {*proposal.nodes, *proposal.without} == set(nodes) else None


def _after(journal: Journal, place: Place) -> Place:
    """Where to go on from the attempt `place`."""
    ends = list(_ends(journal, place))
    statuses = {str(header.body.get(STATUS)) if header.kind == "closing" else REFUSED for header in ends}
    if not statuses:
        return place
    if LEFT_OUT in statuses:
        without = tuple(dict.fromkeys(node for header in ends for node in header.body.get(WITHOUT, ())))
        return Place(place.fit, place.attempt + 1, proposal=place.proposal, without=without)
    for status in (REFUSED, CONTRADICTED, SET_ASIDE):
        if status in statuses:
            return Place(place.fit, place.attempt + 1)
    return Place(place.fit, place.attempt, statuses.pop(), is_new=False, proposal=place.proposal)


def _ends(journal: Journal, place: Place) -> Iterable[Header]:
    """The headers of all messages that end an attempt."""
    for node in place.proposal.nodes if place.proposal else ():
        for direction, kind in ((IN, "refusal"), (OUT, "closing")):
            for message in journal.of_fit(place.fit, direction, peer=node):
                if message.header.attempt == place.attempt and message.header.kind == kind:
                    yield message.header
