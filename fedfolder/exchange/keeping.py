"""Whether what a journal has kept is still what was signed.

A disk may turn a bit, and SQLite does not see it where text stands. A node that answered a request from a damaged
journal would answer what nobody asked; so each message is held against its signature before it is used.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from fedfolder.errors import JournalError, MessageError
from fedfolder.exchange.acceptance import Acceptance, introduced
from fedfolder.exchange.envelope import Header

if TYPE_CHECKING:
    from fedfolder.exchange.envelope import Message


def kept_header(content: bytes, *, where: str) -> Header:
    """The header that a journal kept as JSON.

    Raises
    ------
    JournalError
        If it is damaged; `where` is the journal.
    """
    try:
        return msgspec.json.decode(content, type=Header)
    except (msgspec.MsgspecError, TypeError, ValueError):
        raise _damaged(where) from None


def require_signed(message: Message, *, number: int, where: str) -> None:
    """Check that what the journal says of message `number`, and all its bytes, are what somebody signed.

    Raises
    ------
    JournalError
        If they are not; `where` is the journal.
    VersionError
        If it is of a version that this one does not know.
    """
    try:
        intact = _is_signed(message, number)
    except (MessageError, TypeError, ValueError, AttributeError):
        intact = False
    if not intact:
        raise _damaged(f"{where}: {message.name}")


def _is_signed(message: Message, number: int) -> bool:
    header = message.header
    place = Acceptance(header.study, header.sender, header.recipient, None)
    said = introduced(place, message.name, message.content)
    listed = {payload.name: payload.sha256 for payload in said.header.payloads}
    lying = {name: hashlib.sha256(content).hexdigest() for name, content in message.payloads.items()}
    kept = (header, message.name, message.digest, number, lying)
    return kept == (said.header, said.name, said.digest, said.header.number, listed)


def _damaged(where: str) -> JournalError:
    return JournalError(
        "a message in the journal is damaged",
        where=where,
        expected="the bytes that were signed",
        do="nothing was sent; look after the disk, then make a new home and have it enrolled under a new name",
    )
