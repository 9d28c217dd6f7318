"""The state machines of docs/exchange-format.md as tables, and a model of one home that moves by them alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from fedfolder.exchange.envelope import Message

SIDES = ("server", "node")

# -- the tables ----------------------------------------------------------------------------------------------------

STARTED_ALONE, STARTED_BESIDE = "is started, and no message lies there", "is started, and a message lies there"
GREETED, ACCEPTED, SPOKE = "the hello is accepted", "the message is accepted", "has something to say"
HELLO_LOST, LOST, RELEASED = "its hello is lost or torn", "a file is lost or torn", "may delete"
STARTED, OUT_OF_REACH, TIME_OVER = "is started again", "the share is out of reach or full", "the time is over"
ABOVE, TWO, OWN = "a number above n", "two contents", "a message of its own key"

EVENTS = {
    "server": {
        STARTED_ALONE: "is started, and no message of a server lies in `to-node`",
        STARTED_BESIDE: "is started, and a message of a server lies in `to-node`",
        GREETED: "the node's hello is accepted",
        ACCEPTED: "reply n is accepted",
        SPOKE: "the plan has a question, or the fit ends",
        LOST: "a file of request n is lost or torn",
        RELEASED: "a fit has closed",
        TIME_OVER: TIME_OVER,
        ABOVE: "a true reply with a number above n lies in `to-server`",
        TWO: "the node has another key, or signed two contents with one number",
        OWN: "a message of its own key that its journal does not know lies in `to-node`",
    },
    "node": {
        STARTED_ALONE: "is started, and no message of a node lies in `to-server`",
        STARTED_BESIDE: "is started, and a message of a node lies in `to-server`",
        GREETED: "the server's hello is accepted",
        ACCEPTED: "request n is accepted",
        SPOKE: "it has an answer, a refusal or a receipt",
        LOST: "a file of reply n-1 is lost or torn",
        RELEASED: "its last reply was a receipt",
        ABOVE: "a true request with a number above n lies in `to-node`",
        TWO: "the server has another key, or signed two contents with one number",
        OWN: "a message of its own key that its journal does not know lies in `to-server`",
    },
}
"""The document's words for each event; the others are the same for both."""
TROUBLES = (HELLO_LOST, LOST, STARTED, OUT_OF_REACH, TIME_OVER)
"""Events that are no step of the conversation."""
STOPS = (STARTED_BESIDE, ABOVE, TWO, OWN)
"""Events that only a second or an older home can cause."""


class Row(NamedTuple):
    state: str
    event: str
    next: str


NEW, GREETING, TURN, WAITING, OWING = "new", "greeting", "its turn (n)", "waiting (n)", "owing (n)"
STATES = {"server": (NEW, GREETING, TURN, WAITING), "node": (NEW, GREETING, WAITING, OWING)}

MOVES = {
    "server": [
        Row(NEW, STARTED_ALONE, GREETING),
        Row(GREETING, GREETED, "its turn (0)"),
        Row(TURN, SPOKE, "waiting (n+1)"),
        Row(WAITING, ACCEPTED, TURN),
    ],
    "node": [
        Row(NEW, STARTED_ALONE, GREETING),
        Row(GREETING, GREETED, "waiting (1)"),
        Row(WAITING, ACCEPTED, OWING),
        Row(OWING, SPOKE, "waiting (n+1)"),
    ],
}
STAYS = {
    "server": {
        NEW: (STARTED_BESIDE, OUT_OF_REACH),
        GREETING: (HELLO_LOST, STARTED, OUT_OF_REACH, TIME_OVER, OWN),
        TURN: (RELEASED, HELLO_LOST, STARTED, OUT_OF_REACH, ABOVE, TWO, OWN),
        WAITING: (LOST, HELLO_LOST, STARTED, OUT_OF_REACH, TIME_OVER, ABOVE, TWO, OWN),
    },
    "node": {
        NEW: (STARTED_BESIDE, OUT_OF_REACH),
        GREETING: (HELLO_LOST, STARTED, OUT_OF_REACH, OWN),
        WAITING: (LOST, RELEASED, HELLO_LOST, STARTED, OUT_OF_REACH, ABOVE, TWO, OWN),
        OWING: (HELLO_LOST, STARTED, OUT_OF_REACH, ABOVE, TWO, OWN),
    },
}
ROWS = {
    side: {*MOVES[side], *(Row(state, event, state) for state, events in STAYS[side].items() for event in events)}
    for side in SIDES
}
"""The transition table of each side: state, event, next state."""


def kind(state):
    """`waiting (n)` for `waiting (1)` and `waiting (n+1)`."""
    return re.sub(r"\(.*\)", "(n)", state)


# -- the model of one home -----------------------------------------------------------------------------------------


@dataclass
class Model:
    """What the document says of one home: the state it is in, and what its journal holds."""

    side: str
    key: bytes
    state: str = NEW
    n: int = 0
    sent: tuple[Message, ...] = ()
    received: tuple[Message, ...] = ()

    def take(self, event: str) -> Row:
        """Move by the one row that there is for this event in this state."""
        rows = [row for row in ROWS[self.side] if (row.state, row.event) == (self.state, event)]
        assert rows, f"{self.side}, {self.state} with n = {self.n}: no row for {event!r}"
        (row,) = rows
        number = re.search(r"\((.*)\)", row.next)
        self.n = {"n": self.n, "n+1": self.n + 1}.get(number[1], 0 if number[1] == "0" else 1) if number else 0
        self.state = kind(row.next)
        return row

    @property
    def due(self) -> int | None:
        """The number of the message that is waited for."""
        return {NEW: 0, GREETING: 0, WAITING: self.n}.get(self.state)

    @property
    def acknowledged(self) -> int:
        """The highest number that the other side is known to have accepted, 0 if none: the hello is always mended."""
        behind = {TURN: 0, OWING: 1, WAITING: 1 if self.side == "server" else 2}.get(self.state, 0)
        return max(self.n - behind, 0)

    @property
    def to_mend(self) -> list[Message]:
        """What must lie on the share: the hello, and what is unacknowledged."""
        return [*self.sent[:1], *(m for m in self.sent[1:] if m.header.number > self.acknowledged)]

    @property
    def may_mend(self) -> list[Message]:
        """What may be written though it is acknowledged: a node's last reply, until it has the next one."""
        return [m for m in self.sent[1:] if self.state == OWING and m.header.number == self.n - 1]

    @property
    def outstanding(self) -> list[str]:
        """Digests of what the other side may lack: it has seen the hello if it has written more than its own."""
        return [m.digest for m in self.to_mend if m.header.number > 0 or len(self.received) < 2]

    @property
    def closed(self) -> bool:
        """Whether a fit has closed: its receipt was accepted, or was the last reply."""
        if self.side == "server":
            return self.state == TURN and self.n > 0 and self.received[-1].header.kind == "receipt"
        return self.state == WAITING and self.n > 1 and self.sent[-1].header.kind == "receipt"


def said(content: bytes) -> bytes:
    """A JSON file without the line end at its end: white space says nothing, so it may be torn off or added to."""
    return content.rstrip(b"\n")


def parts_of(message: Message) -> dict[str, bytes]:
    """The files of a message in the order in which they are written."""
    return {**message.payloads, message.name: message.content}
