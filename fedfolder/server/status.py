"""What is being fitted, and who owes what, since when: read from the journal and a look at the folders.

Nothing is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.errors import ExchangeError
from fedfolder.exchange import files, names, trust
from fedfolder.exchange.journal import IN, OUT
from fedfolder.plan.check import subject
from fedfolder.plan.messages import PROPOSAL, STATUS
from fedfolder.plan.restart import without_of
from fedfolder.server.absence import owed_since

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedfolder.exchange.journal import Journal
    from fedfolder.server.study import Study


@dataclass(frozen=True, slots=True)
class FitStatus:
    """The newest fit: its number and attempt, its command, how far it is, and the nodes that it is without."""

    fit: int
    attempt: int
    command: str
    state: str
    without: tuple[str, ...]


def newest_fit(study: Study, journal: Journal) -> FitStatus | None:
    """The fit that was begun last; None if there was none."""
    firsts = journal.first_rounds()
    if not firsts:
        return None
    first = max(firsts, key=lambda header: (header.fit, header.attempt))
    sent = [message.header for node in study.nodes if (message := journal.last(node, OUT)) is not None]
    ours = [header for header in sent if (header.fit, header.attempt) == (first.fit, first.attempt)]
    ends = [str(header.body.get(STATUS)) for header in ours if header.kind == "closing"]
    round_ = max((header.round for header in ours), default=first.round)
    proposal = first.body[PROPOSAL]
    return FitStatus(
        first.fit, first.attempt, subject(proposal), ends[0] if ends else f"round {round_}", without_of(proposal)
    )


def strays(study: Study) -> list[str]:
    """Folders beside those of the study's nodes: of nodes that nobody added, or that were taken out of the list."""
    folder = study.exchange / study.name
    try:
        return sorted(name for name in files.listing(folder) if name not in study.nodes and (folder / name).is_dir())
    except ExchangeError:
        return []


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """One node: what is waited for, since when (empty: nothing), and what stands in its folder."""

    node: str
    state: str
    since: str
    remark: str


def keys(study: Study, journal: Journal) -> dict[str, list[str]]:
    """The nodes by what is known of their keys: compared, seen first, revoked, ...; without those not seen yet."""
    found: dict[str, list[str]] = {}
    for node in study.nodes:
        found.setdefault(trust.standing(journal, node), []).append(node)
    found.pop(trust.UNKNOWN, None)
    return found


def status(study: Study, journal: Journal) -> list[NodeStatus]:
    """The status of each node, in the study's order."""
    return [_of_node(study, journal, node) for node in study.nodes]


def _of_node(study: Study, journal: Journal, node: str) -> NodeStatus:
    sent, received = journal.last(node, OUT), journal.last(node, IN)
    since = owed_since(journal, node)
    if received is None:
        return NodeStatus(node, "has not introduced itself", since, _remark(study, journal, node, 0))
    if sent is None or sent.header.number <= received.header.number:
        return NodeStatus(node, "owes nothing", "", _remark(study, journal, node, None))
    header = sent.header
    what = "the receipt for" if header.kind == "closing" else "the answer to"
    where = f"fit {header.fit}" + (f", round {header.round}" if header.kind == "request" else "")
    return NodeStatus(node, f"owes {what} {sent.name} ({where})", since, _remark(study, journal, node, header.number))


def _remark(study: Study, journal: Journal, node: str, due: int | None) -> str:
    try:
        lying = names.envelopes(files.listing(study.folder(node) / names.TO_SERVER))
    except ExchangeError as error:
        return f"{error.what}: {error.where}"
    if due is None or due not in lying:
        return ""
    refused = _last_finding(journal, node, lying[due])
    return refused or "something has come from it: run the command again to fetch it"


def _last_finding(journal: Journal, node: str, lying: Sequence[str]) -> str:
    """Why the last run did not accept a file that still lies there; empty if it has not looked, or did."""
    here = set(lying)
    said = [
        f"{line.detail['file']}: {line.detail.get('reason', '')}"
        for line in journal.audit_lines()
        if line.event == "not accepted" and line.peer == node and line.detail.get("file") in here
    ]
    return f"when last looked at, not accepted: {said[-1]}" if said else ""
