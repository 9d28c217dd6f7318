"""What a node says of its messages, in words that a custodian reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fedfolder.custody import keys
from fedfolder.custody.roster import roster_page
from fedfolder.errors import FedfolderError
from fedfolder.exchange import trust
from fedfolder.exchange.journal import IN, OUT
from fedfolder.exchange.names import SERVER
from fedfolder.plan.check import read_proposal, subject
from fedfolder.plan.messages import PROPOSAL, QUESTION, STATUS
from fedfolder.questions.refusals import Refusals
from fedfolder.questions.together import Together

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.exchange.envelope import Message
    from fedfolder.exchange.journal import Journal
    from fedfolder.node.home import NodeHome


def printable(text: object) -> str:
    """A stranger's text on one line: what could forge a line of the log, or drive a terminal, is a question mark."""
    return "".join(character if character.isprintable() else "?" for character in str(text))


def started(home: NodeHome) -> str:
    """The first line of a daemon."""
    data = home.data.name if home.elsewhere is None else home.elsewhere.where
    return f"{home.me.name} of study {home.study} is ready; data {data}; watching {home.exchange}"


def received(message: Message) -> str:
    """One line on what came."""
    header = message.header
    match header.kind:
        case "hello":
            return f"the server introduced itself; its key is {keys.fingerprint(bytes.fromhex(header.body['key']))}"
        case "closing":
            return f"received {message.name}: fit {header.fit} is closed ({printable(header.body.get(STATUS, ''))})"
        case _:
            return f"received {message.name}: asked for {_asked(message)}{_command(message)}"


def sent(message: Message) -> str:
    """One line on what left."""
    header = message.header
    match header.kind:
        case "hello":
            return "introduced itself"
        case "refusal":
            return f"sent {message.name}: refused ({_refusal(header.body)})"
        case "receipt":
            return f"sent {message.name}: a receipt"
        case _:
            files = ", ".join(f"{name} ({len(content)} bytes)" for name, content in message.payloads.items())
            return f"sent {message.name}, {files}"


def _refusal(body: Mapping[str, Any]) -> str:
    names = ", ".join(map(str, body.get("names", [])))
    rule = f", rule {body['rule']}" if body.get("rule") else ""
    reason = f": {printable(body['reason'])}" if body.get("reason") else ""
    return f"{body.get('code', '')}{rule}{': ' if names else ''}{names}{reason}"


def _asked(message: Message) -> str:
    question = message.header.body.get(QUESTION)
    if not isinstance(question, dict):
        return "?"
    kind, parts = question.get("kind", "?"), question.get("questions")
    if kind == Together.kind and isinstance(parts, list):
        return printable(" and ".join(str(part.get("kind", "?")) for part in parts if isinstance(part, dict)))
    return "what the policy would refuse" if kind == Refusals.kind else printable(kind)


def _command(message: Message) -> str:
    proposal = message.header.body.get(PROPOSAL)
    return f", for: {printable(subject(proposal))}" if isinstance(proposal, dict) else ""


def history(home: NodeHome, journal: Journal, last: int) -> list[str]:
    """The last messages each way, in words, oldest first.

    Parameters
    ----------
    last : int
        Numbers of messages to show, at most.
    """
    lines = [f"node {home.me.name} of study {home.study}, at {home.path}"]
    server = journal.key(SERVER)
    lines.append(f"this node's key   {keys.fingerprint(home.me.key)}")
    standing = trust.standing(journal, SERVER)
    lines.append(f"the server's key  {f'{keys.fingerprint(server)}: ' if server else ''}{standing}")
    lines += _roster(journal)
    before = len(lines)
    newest = journal.last(SERVER, OUT)
    first = max(0, (newest.header.number if newest else 0) - last + 1)
    for number in range(first, (newest.header.number if newest else 0) + 2):
        for direction, event, tell in ((IN, "accepted", received), (OUT, "", sent)):
            message = journal.message(SERVER, direction, number)
            if message is not None:
                at = journal.time_of(SERVER, number, event or EVENTS[message.header.kind])
                lines.append(f"{at}  {tell(message)}")
    if len(lines) == before:
        lines.append("no message has come or gone yet")
    return lines


def _roster(journal: Journal) -> list[str]:
    """Who takes part in the newest fit; nothing, if none was asked for or it cannot be read here."""
    requests = [header.body.get(PROPOSAL) for header in journal.first_rounds()]
    try:
        return roster_page(read_proposal(requests[-1])) if requests and isinstance(requests[-1], dict) else []
    except FedfolderError:
        return []


EVENTS = {"hello": "greeted", "sums": "answered", "refusal": "refused", "receipt": "closed"}
