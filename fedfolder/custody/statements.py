"""Statements: by which every node of a fit sees that the others were asked the same.

With its sums, a node states what it was asked: the digest of the request's body and payloads, with the place in the
study, signed with its key. The server sends the statements of all nodes with the next request, or with the closing that
publishes sums. Each node verifies each of them by the keys in the proposal's roster, and answers only if all say what
it was asked itself. A server that asked one node at another beta is found there, one message later.

A statement tells nothing of a node's sums. It is signed under a name of its own, so that it is no message, and no
message is a statement.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from fedfolder.errors import DifferentQuestionsError, TamperedAnswerError, VersionError
from fedfolder.exchange import strict_json
from fedfolder.exchange.envelope import MOST_VERIFIED, is_signed_by, stem
from fedfolder.plan.messages import STATEMENT, STATEMENTS, SUMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fedfolder.exchange.envelope import Message
    from fedfolder.exchange.mailbox import Identity

_NAME: Final = b"fedfolder statement 1\n"
_UPDATE: Final = "update fedfolder at all sites of the study, then run the command with --again"

Roster = tuple[tuple[str, str], ...]


def asked_by(request: Message) -> str:
    """The digest of what a request asks: the same for all nodes that are asked the same."""
    header = request.header
    start = len(stem(header)) + 1
    return strict_json.digest(
        {
            "proposal": header.proposal,
            "protocol": header.protocol,
            "roster": header.roster,
            "body": header.body,
            "payloads": {payload.name[start:]: payload.sha256 for payload in header.payloads},
        }
    )


def state(me: Identity, request: Message) -> dict[str, str]:
    """What a node states of a request that it answers."""
    asked = asked_by(request)
    return {"asked": asked, "signature": me.sign(_Stated.at(request, me.name, asked).content()).hex()}


class _Stated(NamedTuple):
    """What is signed: by which node, at which place, and what it was asked there."""

    study: str
    fit: int
    attempt: int
    round: int
    node: str
    asked: str

    @classmethod
    def at(cls, request: Message, node: str, asked: str) -> _Stated:
        """At the place of a request."""
        header = request.header
        return cls(header.study, header.fit, header.attempt, header.round, node, asked)

    def content(self) -> bytes:
        """The bytes that are signed."""
        return _NAME + strict_json.canonical(self._asdict())


def _asked(found: object, request: Message, node: str, key: str) -> str | None:
    """What a statement says that `node` was asked at the place of `request`; None if it is no statement of its."""
    match found:
        case {"asked": str() as asked, "signature": str() as signature, **more} if not more:
            return asked if _is_signed(_Stated.at(request, node, asked), key, signature) else None
    return None


@functools.lru_cache(maxsize=MOST_VERIFIED)
def _is_signed(stated: _Stated, key: str, signature: str) -> bool:
    """Whether it is signed: the same three never come to another answer, and many ask in a process of many nodes."""
    return is_signed_by(key, signature, stated.content())


# -- the server -------------------------------------------------------------------------------------------------------


def of_round(requests: Mapping[str, Message], replies: Mapping[str, Message], roster: Roster) -> dict[str, Any]:
    """The statements in a round's sums, by node; empty if no node makes any, as before version 0.2.

    Raises
    ------
    TamperedAnswerError
        If one is not the node's own, or not of what it was asked.
    VersionError
        If some nodes state what they were asked, and some do not.
    """
    # In the roster's order, whatever order they came in.
    sums = {node: replies[node] for node, _ in roster if node in replies and replies[node].header.kind == "sums"}
    found = {node: reply.header.body[STATEMENT] for node, reply in sums.items() if STATEMENT in reply.header.body}
    for node, key in roster:
        if node in found and _asked(found[node], requests[node], node, key) != asked_by(requests[node]):
            raise TamperedAnswerError(
                "the statement in this answer is not what the node was asked",
                where=f"{node}: {replies[node].name}",
                do=f"ask whoever runs {node}; then start again with --again",
            )
    silent = [node for node in sums if node not in found]
    if found and silent:
        raise VersionError(
            f"{' and '.join(silent)} did not state what it was asked, and the other nodes ask for it",
            where=replies[silent[0]].name,
            do=_UPDATE,
        )
    return found


# -- a node -----------------------------------------------------------------------------------------------------------


def require_alike(requests: Sequence[Message], own: Message | None, roster: Roster) -> bool:
    """Check that all nodes were asked the same in the round before the last of `requests`, a request or a closing.

    Parameters
    ----------
    requests : sequence of Message
        An attempt's, up to this one.
    own : Message or None
        This node's own answer in that round. Only if it stated what was asked are the others' statements demanded: a
        version that made none answered otherwise. The server has no say in this.

    Returns
    -------
    bool
        Whether it was shown. It is not in the first round, and not by a closing that publishes no sums.

    Raises
    ------
    DifferentQuestionsError
        If it was not; naming the node.
    """
    if len(requests) == 1 or own is None or STATEMENT not in own.header.body:
        return False
    before, now = requests[-2:]
    if now.header.kind == "closing" and SUMS not in now.parts:
        return False
    shown = now.header.body.get(STATEMENTS)
    if not isinstance(shown, dict) or shown.keys() != {node for node, _ in roster}:
        raise DifferentQuestionsError(
            "the server does not show what every node was asked in the round before",
            where=now.name,
            expected="a statement of each node in the roster",
            do=_UPDATE,
        )
    # What `before` asks was worked out when it was answered: this node stated it.
    ours = own.header.body[STATEMENT]["asked"]
    for node, key in roster:
        _require_same(_asked(shown[node], before, node, key), ours, node)
    return True


def _require_same(asked: str | None, ours: str, node: str) -> None:
    if asked is None:
        raise DifferentQuestionsError(
            f"what the server shows as the statement of {node} is not signed by it, or is of another round",
            where=node,
            expected="the signature of the key in the roster",
            do=f"nothing was computed; speak with whoever runs {node}, without the server's side",
        )
    if asked != ours:
        raise DifferentQuestionsError(
            f"{node} was asked something else than this node in the round before",
            where=node,
            found=asked[:16],
            expected=ours[:16],
            do=f"nothing was computed; stop, and speak with whoever runs {node}, without the server's side",
        )
