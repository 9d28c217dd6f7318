"""Which messages count. All rules are here, and they see bytes only: no file, no clock, no journal.

A message comes from a place that anyone may write to, so it is judged by its content alone. The rules, in order:

1. the JSON file is at most 1 MiB (the store refuses to read more);
2. it is strict JSON: UTF-8, no key twice, whole numbers only, at most 16 levels;
3. it has exactly `signed` and `signatures`, the latter one signature by one key;
4. its format is one that this version knows (`VersionError` otherwise: a newer one is no attack);
5. the signature holds, by the key that is pinned for the sender; for a hello, by the key that the hello itself names;
6. `signed` has exactly the fields of the format, each of its type;
7. it is of this study, from this sender, to this recipient, of a kind that this sender sends, and the file's name
   carries its number;
8. it is the message that is due: a lower number is old news, a higher one waits;
9. it names the digest of the sender's message before it, and, in a reply, the digest of the request it answers;
10. each payload is listed once, lies there under the name, with the length and the SHA-256 that the manifest states.

Rules 1 to 6, 9 and 10 may fail because a copy is under way: the message is incomplete and is judged again when its
bytes change. Only what carries a valid signature can raise an alarm: a stranger must not be able to stop a study with
a file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from fedfolder.errors import AlarmError, MessageError, VersionError
from fedfolder.exchange import strict_json
from fedfolder.exchange.envelope import (
    FORMAT,
    LARGEST_PAYLOAD,
    MOST_PAYLOADS,
    REPLIES,
    REQUESTS,
    Header,
    Message,
)
from fedfolder.exchange.names import SERVER, FileName

if TYPE_CHECKING:
    from fedfolder.exchange.envelope import (
        Payload,
    )

ReadPayload = Callable[[str, int], bytes | None]
"""(name, most bytes) -> content, or None while it is not there."""


@dataclass(frozen=True, slots=True)
class Due:
    """The message that is waited for: its number, and the digests it must point at (None: unknown, not checked)."""

    number: int
    previous: str | None
    answers: str | None


class Acceptance:
    """Judges what `sender` is said to have sent to `recipient` in `study`; see the module for the rules.

    Parameters
    ----------
    key : bytes or None
        The sender's pinned public key (32 bytes); None until its hello has been seen.
    """

    def __init__(self, study: str, sender: str, recipient: str, key: bytes | None) -> None:
        self.study = study
        self.sender = sender
        self.recipient = recipient
        self.key = key

    def hello(self, name: str, content: bytes) -> tuple[Message, bytes]:
        """Accept a hello and return it with the key it introduces.

        Raises
        ------
        MessageError, VersionError
            If it does not hold.
        AlarmError
            If it holds, but for another key than the one pinned.
        """
        outer = _outer(name, content)
        key = outer.key
        message = self._checked(name, content, outer, key, kinds=frozenset({"hello"}))
        if message.header.body.get("key") != key.hex() or message.header.number != 0:
            raise MessageError("this hello does not name the key that signed it", where=name)
        if self.key is not None and key != self.key:
            raise self._changed_key(name, key)
        return message, key

    def message(self, name: str, content: bytes, due: Due, read: ReadPayload) -> Message:
        """Accept the message that is due.

        Raises
        ------
        MessageError
            If it does not hold (yet).
        VersionError
            If it is of a newer format.
        """
        if self.key is None:
            raise MessageError("nobody is known here yet", where=name, expected=f"a hello from {self.sender} first")
        message = self.authentic(name, content)
        header = message.header
        if header.number != due.number:
            raise MessageError("this message is not due", where=name, expected=f"number {due.number}")
        if due.previous is not None and header.previous != due.previous:
            raise MessageError("this message does not follow the last one", where=name, expected="its digest")
        if due.answers is not None and header.answers != due.answers:
            raise MessageError("this message answers another request", where=name, expected="the request's digest")
        return Message(header, name, content, message.digest, _payloads(name, header, read))

    def authentic(self, name: str, content: bytes) -> Message:
        """Rules 2 to 7 alone: who said it and to whom; whether it is due, and its payloads, are not looked at."""
        outer = _outer(name, content)
        if self.key is None or outer.key != self.key:
            raise MessageError(f"this was not signed by {self.sender}", where=name, expected="the key that is pinned")
        return self._checked(name, content, outer, self.key, kinds=REQUESTS if self.sender == SERVER else REPLIES)

    def conflict(self, name: str) -> AlarmError:
        """The alarm for two valid contents under one number."""
        return AlarmError(
            f"{self.sender} has signed two different messages with one number",
            where=name,
            do=f"stop, and speak with whoever runs {self.sender}: its home was copied, restored from a backup, or "
            "its key is in other hands",
        )

    def _checked(self, name: str, content: bytes, outer: _Outer, key: bytes, *, kinds: frozenset[str]) -> Message:
        canonical = strict_json.canonical(outer.signed)
        if not _verify(key, outer.signature, canonical):
            raise MessageError("the signature does not hold", where=name, do="ask for it to be sent again")
        try:
            header = msgspec.convert(outer.signed, Header, strict=True)
        except msgspec.ValidationError as error:
            raise MessageError("a field of this message is wrong", where=name, found=str(error)) from None
        parsed = FileName.parse(name)
        place = (header.study, header.sender, header.recipient)
        if place != (self.study, self.sender, self.recipient) or header.kind not in kinds:
            raise MessageError(
                "this message belongs elsewhere",
                where=name,
                found=f"study {header.study}, from {header.sender} to {header.recipient}, {header.kind}",
                expected=f"study {self.study}, from {self.sender} to {self.recipient}",
            )
        if parsed is None or parsed.number != header.number:
            raise MessageError("this file is named after another message", where=name, found=f"number {header.number}")
        return Message(header, name, content, hashlib.sha256(canonical).hexdigest(), {})

    def _changed_key(self, name: str, key: bytes) -> AlarmError:
        pinned = (self.key or b"").hex()
        return AlarmError(
            f"{self.sender} introduces itself with another key than before",
            where=name,
            found=key.hex()[:16],
            expected=pinned[:16],
            do=f"ask whoever runs {self.sender} by phone; if its home was made anew, add it under a new name",
        )


@dataclass(frozen=True, slots=True)
class _Outer:
    signed: dict[str, object]
    key: bytes
    signature: bytes


def _outer(name: str, content: bytes) -> _Outer:
    """Rules 2 to 4."""
    value = strict_json.loads(content, where=name)
    match value:
        case {"signed": dict() as signed, "signatures": [{"key": str() as key, "signature": str() as signature}]}:
            pass
        case _:
            raise MessageError("this is no message", where=name, expected="signed, and one signature")
    if len(value) != 2 or len(value["signatures"][0]) != 2:  # noqa: PLR2004 - the two fields just named
        raise MessageError("this is no message", where=name, expected="signed and signatures, nothing else")
    if signed.get("format") != FORMAT:
        raise VersionError(
            "this message is of another version",
            where=name,
            found=str(signed.get("format"))[:40],
            expected=FORMAT,
            do="use one version of fedfolder at all sites; update the older one",
        )
    return _Outer(signed, _hex(key, 32, name), _hex(signature, 64, name))


def _hex(text: str, length: int, name: str) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != length or text != value.hex():
        raise MessageError("a key or signature of this message is malformed", where=name)
    return value


def _verify(key: bytes, signature: bytes, content: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _can_be_payload(parsed: FileName | None, payload: Payload, header: Header) -> bool:
    return (
        parsed is not None
        and parsed.number == header.number
        and parsed.suffix != "json"
        and 0 <= payload.bytes <= LARGEST_PAYLOAD
    )


def _payloads(name: str, header: Header, read: ReadPayload) -> dict[str, bytes]:
    """Rule 10."""
    names = [payload.name for payload in header.payloads]
    if len(set(names)) != len(names) or len(names) > MOST_PAYLOADS:
        raise MessageError("this message lists its payloads wrongly", where=name, expected="each once, 8 at most")
    found = {}
    for payload in header.payloads:
        parsed = FileName.parse(payload.name)
        if not _can_be_payload(parsed, payload, header):
            raise MessageError("this message lists a payload that cannot be its own", where=name)
        content = read(payload.name, payload.bytes)
        if content is None:
            raise MessageError("a payload has not arrived yet", where=payload.name, do="wait, or have it copied again")
        if len(content) != payload.bytes or hashlib.sha256(content).hexdigest() != payload.sha256:
            raise MessageError(
                "a payload is not (yet) what its message states",
                where=payload.name,
                found=f"{len(content)} bytes",
                expected=f"{payload.bytes} bytes with another SHA-256"
                if len(content) == payload.bytes
                else f"{payload.bytes} bytes",
                do="wait, or have it copied again",
            )
        found[payload.name] = content
    return found
