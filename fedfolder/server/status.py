"""Who owes what, since when: read from the journal and a look at the folders; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.errors import ExchangeError
from fedfolder.exchange import files, names
from fedfolder.exchange.journal import IN, OUT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedfolder.exchange.journal import Journal
    from fedfolder.server.study import Study

_ASKED = {"request": "asked", "closing": "closed", "hello": "greeted"}


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """One node: what is waited for, since when (empty: nothing), and what stands in its folder."""

    node: str
    state: str
    since: str
    remark: str


def status(study: Study, journal: Journal) -> list[NodeStatus]:
    """The status of each node, in the study's order."""
    return [_of_node(study, journal, node) for node in study.nodes]


def _of_node(study: Study, journal: Journal, node: str) -> NodeStatus:
    sent, received = journal.last(node, OUT), journal.last(node, IN)
    if received is None:
        since = journal.time_of(node, 0, "greeted") if sent else ""
        return NodeStatus(node, "has not introduced itself", since, _remark(study, journal, node, 0))
    if sent is None or sent.header.number <= received.header.number:
        return NodeStatus(node, "owes nothing", "", _remark(study, journal, node, None))
    header = sent.header
    what = "the receipt for" if header.kind == "closing" else "the answer to"
    where = f"fit {header.fit}" + (f", round {header.round}" if header.kind == "request" else "")
    since = journal.time_of(node, header.number, _ASKED[header.kind])
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
    said = [
        detail
        for _, event, peer, _, detail in journal.audit_lines()
        if event == "not accepted" and peer == node and detail.startswith(tuple(f"{name}:" for name in lying))
    ]
    return f"when last looked at, not accepted: {said[-1]}" if said else ""
