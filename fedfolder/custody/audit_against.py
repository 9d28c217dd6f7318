"""A node's audit, held against what the server's journal has: both tell of the same messages, or one is not true.

A node can sign whatever it likes as its audit. But each of its replies lies in the server's journal, signed as well,
and so does each request. An audit that leaves one out, or tells of another, is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.custody import keys
from fedfolder.errors import AuditError
from fedfolder.exchange.audit import DIGEST, DIRECTION
from fedfolder.exchange.journal import IN, OUT
from fedfolder.exchange.names import SERVER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.custody.audit_file import Exported
    from fedfolder.exchange.journal import Journal


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many replies the server has and the audit tells of, and how many the audit tells of that are under way."""

    replies: int
    under_way: int


def require_agreement(exported: Exported, journal: Journal, study: str, *, where: str) -> Agreement:
    """Hold a node's audit against the journal of the server of `study`.

    Raises
    ------
    AuditError
        If it is of another study, of a node that the server does not know, signed by another key than the one pinned,
        or does not tell of the messages that the server has.
    """
    node = exported.header.node
    _require_place(exported, journal, study, where)
    told, received = _told(exported, OUT, where), journal.digests(node, IN)
    asked_there, asked = _told(exported, IN, where), journal.digests(node, OUT)
    for number, digest in sorted(received.items()):
        _require_same("reply", number, told.get(number), digest, where)
        if number in asked:
            _require_same("request", number, asked_there.get(number), asked[number], where)
    for number, found in sorted(asked_there.items()):
        _require_same("request", number, found, asked.get(number), where)
    last = max(received, default=-1)
    under_way = sorted(set(told) - set(received))
    for number in under_way:
        # One reply may be on its way: the one to the last request, or the hello.
        if number <= last or (number > 0 and number not in asked):
            _require_same("reply", number, told[number], None, where)
    return Agreement(len(received), len(under_way))


def _require_place(exported: Exported, journal: Journal, study: str, where: str) -> None:
    header = exported.header
    if header.study != study or header.node == SERVER:
        raise AuditError(
            "this is not the audit of a node of this study",
            where=where,
            found=ascii(f"{header.node} of {header.study}")[:200],
            expected=f"a node of {study}",
        )
    pinned = journal.key(header.node)
    if pinned != exported.key:
        raise AuditError(
            "this audit is not signed by the key that the server knows for that node",
            where=where,
            found=keys.fingerprint(exported.key),
            expected=keys.fingerprint(pinned) if pinned else "a node that has introduced itself",
            do=f"ask whoever keeps the home of {ascii(header.node)[1:-1]}",
        )


def _told(exported: Exported, direction: str, where: str) -> Mapping[int, str]:
    """The digests of the messages that the audit tells of, by number."""
    found: dict[int, str] = {}
    for line in exported.lines:
        number, digest = line.number, line.detail.get(DIGEST)
        if number is None or digest is None or (line.peer, line.detail.get(DIRECTION)) != (SERVER, direction):
            continue
        if found.setdefault(number, digest) != digest:
            raise AuditError(
                f"this audit tells of two messages with the number {number}", where=f"{where}, line {line.line + 1}"
            )
    return found


def _require_same(what: str, number: int, told: str | None, there: str | None, where: str) -> None:
    if told == there:
        return
    if told is None:
        says = f"this audit does not tell of {what} {number}, which the server has"
    elif there is None:
        says = f"this audit tells of {what} {number}, which the server does not have"
    else:
        says = f"this audit tells of another {what} {number} than the server has"
    raise AuditError(
        says,
        where=where,
        found=(told or "none")[:16],
        expected=(there or "none")[:16],
        do="ask whoever keeps the node's home: its audit was shortened or rewritten, or a home was copied",
    )
