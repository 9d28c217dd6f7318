"""Who owes what, since when: read from the journal and a look at the folders; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.errors import ExchangeError
from fedfolder.exchange import files, names
from fedfolder.exchange.journal import IN, OUT

if TYPE_CHECKING:
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
        return NodeStatus(node, "has not introduced itself", since, _remark(study, node, 0))
    if sent is None or sent.header.number <= received.header.number:
        return NodeStatus(node, "owes nothing", "", _remark(study, node, None))
    header = sent.header
    what = "the receipt for" if header.kind == "closing" else "the answer to"
    where = f"fit {header.fit}" + (f", round {header.round}" if header.kind == "request" else "")
    since = journal.time_of(node, header.number, _ASKED[header.kind])
    return NodeStatus(node, f"owes {what} {sent.name} ({where})", since, _remark(study, node, header.number))


def _remark(study: Study, node: str, due: int | None) -> str:
    try:
        lying = names.envelopes(files.listing(study.folder(node) / names.TO_SERVER))
    except ExchangeError as error:
        return f"{error.what}: {error.where}"
    return "something has come from it: run the command again to fetch it" if due is not None and due in lying else ""
