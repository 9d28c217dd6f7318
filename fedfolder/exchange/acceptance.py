"""Which messages count. All rules are here, and they see bytes only: no file, no clock, no journal.

A message comes from a place that anyone may write to, so it is judged by its content alone. The rules, in order:

1. the JSON file is at most 1 MiB (the store refuses to read more);
2. it is strict JSON: UTF-8, no key twice, whole numbers only, at most 16 levels;
3. it has exactly `signed` and `signatures`, the latter one signature by one key;
4. its format is one that this version knows (`VersionError` otherwise: a newer one is no attack);
5. the signature holds, by the key that is pinned for the sender; for a hello, by the key that the hello itself names,
   whose fingerprint must be the one that a person gave, if one did;
6. `signed` has exactly the fields of the format, each of its type; number 0 is the hello; the manifest names each
   payload once, by a name that is the message's own;
7. it is of this study, from this sender, to this recipient, of a kind that this sender sends, and the file's name
   carries its number; a hello lies under the name of the hello;
8. it is the message that is due: a lower number is old news, a higher one cannot be yet;
9. it names the digest of the sender's message before it; a reply also names the digest of the request that it answers,
   is of a kind that answers it, and repeats its fit, attempt, round, proposal, protocol and roster;
10. each payload lies there with the length and the SHA-256 that the manifest states.

A file that fails may be a copy under way: the message is incomplete and is judged again when its bytes change. Only
what the pinned key has signed can raise an alarm, and another key in the hello's own file: a stranger must not be able
to stop a study by adding a file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.errors import AlarmError, MessageError, VersionError
from fedfolder.exchange import strict_json
from fedfolder.exchange.envelope import ANSWERS, FORMAT, REPLIES, REQUESTS, Message, file_name, header_of, verify
from fedfolder.exchange.fingerprint import fingerprint
from fedfolder.exchange.names import HELLO, SERVER, FileName
from fedfolder.exchange.trust import another_key

if TYPE_CHECKING:
    from fedfolder.exchange.envelope import Header

ReadPayload = Callable[[str, int], bytes | None]
"""(name, most bytes) -> content, or None while it is not there."""


@dataclass(frozen=True, slots=True)
class Due:
    """The message that is waited for: its number, the digest of the one before it, and the request it answers."""

    number: int
    previous: str
    request: Message | None


class Acceptance:
    """Judges what `sender` is said to have sent to `recipient` in `study`; see the module for the rules.

    Parameters
    ----------
    key : bytes or None
        The sender's pinned public key (32 bytes); None until its hello has been seen.
    given : str, optional
        The fingerprint of the sender's key, if a person gave it.
    """

    def __init__(self, study: str, sender: str, recipient: str, key: bytes | None, *, given: str | None = None) -> None:
        self.study = study
        self.sender = sender
        self.recipient = recipient
        self.key = key
        self.given = given

    def hello(self, name: str, content: bytes) -> Message:
        """Accept a hello; its body names the key that it introduces.

        Raises
        ------
        MessageError, VersionError
            If it does not hold.
        AlarmError
            If it holds, but for another key than the one pinned, or than the one whose fingerprint was given.
        """
        message = introduced(self, name, content)
        if message.header.number != 0:
            raise MessageError("this is not the hello", where=name, expected=HELLO)
        key = _outer(self.sender, name, content).key
        if message.header.body.get("key") != key.hex():
            raise MessageError("this hello does not name the key that signed it", where=name)
        if self.key is not None and key != self.key:
            raise self._changed_key(name, key)
        if self.given is not None and fingerprint(key) != self.given:
            raise another_key(self.sender, key, self.given, where=name)
        return message

    def message(self, name: str, content: bytes, due: Due, read: ReadPayload) -> Message:
        """Accept the message that is due.

        Raises
        ------
        MessageError
            If it does not hold (yet).
        VersionError
            If it is of a newer format.
        """
        message = self.authentic(name, content)
        header = message.header
        if header.number != due.number or header.number == 0:
            raise MessageError("this message is not due", where=name, expected=f"number {due.number}")
        if header.previous != due.previous:
            raise MessageError("this message does not follow the last one", where=name, expected="its digest")
        _require_answer(name, header, due.request)
        return Message(header, message.name, content, message.digest, _payloads(header, read))

    def authentic(self, name: str, content: bytes) -> Message:
        """Rules 2 to 7 alone: who said it and to whom; whether it is due, and its payloads, are not looked at."""
        if self.key is None:
            raise MessageError("nobody is known here yet", where=name, expected=f"a hello from {self.sender} first")
        return self._signed_by(self.key, name, content)

    def _signed_by(self, key: bytes, name: str, content: bytes) -> Message:
        outer = _outer(self.sender, name, content)
        if outer.key != key:
            raise MessageError(f"this was not signed by {self.sender}", where=name, expected="the key that is pinned")
        canonical = strict_json.canonical(outer.signed)
        if not verify(key, outer.signature, canonical):
            raise MessageError("the signature does not hold", where=name, do="ask for it to be sent again")
        header = header_of(outer.signed, where=name)
        self._require_place(name, header)
        # Under the name that follows from the header, whatever a sync tool made of it.
        return Message(header, file_name(header), content, hashlib.sha256(canonical).hexdigest(), {})

    def _require_place(self, name: str, header: Header) -> None:
        place = (header.study, header.sender, header.recipient)
        if place != (self.study, self.sender, self.recipient):
            raise MessageError(
                "this message belongs elsewhere",
                where=name,
                found=ascii(f"study {place[0]}, from {place[1]} to {place[2]}")[:200],
                expected=f"study {self.study}, from {self.sender} to {self.recipient}",
            )
        if header.kind not in (REQUESTS if self.sender == SERVER else REPLIES):
            raise MessageError(f"{self.sender} sends nothing of this kind", where=name, found=header.kind)
        if header.kind == "hello" and name != HELLO:
            raise MessageError("this is not the hello", where=name, expected=HELLO)
        parsed = FileName.parse(name)
        if parsed is None or parsed.number != header.number:
            raise MessageError("this file is named after another message", where=name, found=f"number {header.number}")

    def _changed_key(self, name: str, key: bytes) -> AlarmError:
        pinned = (self.key or b"").hex()
        return AlarmError(
            f"{self.sender} introduces itself with another key than before",
            where=name,
            found=key.hex()[:16],
            expected=pinned[:16],
            do=f"ask whoever runs {self.sender} by phone; if its home was made anew, add it under a new name",
        )


def introduced(rules: Acceptance, name: str, content: bytes) -> Message:
    """A message that passes rules 2 to 7 by the key that it names itself: somebody wrote it, whoever that is.

    Raises
    ------
    MessageError, VersionError
    """
    return rules._signed_by(_outer(rules.sender, name, content).key, name, content)  # noqa: SLF001 - of the same module


def conflict(sender: str, name: str) -> AlarmError:
    """The alarm for two valid contents under one number."""
    return AlarmError(
        f"{sender} has signed two different messages with one number",
        where=name,
        do=f"stop, and speak with whoever runs {sender}: its home was copied, restored from a backup, or its key is in "
        "other hands",
    )


_REPEATED = ("fit", "attempt", "round", "proposal", "protocol", "roster")
"""What a reply repeats of its request."""


def _require_answer(name: str, header: Header, request: Message | None) -> None:
    """Rule 9 for replies; a request answers nothing."""
    if header.answers != (request.digest if request else ""):
        raise MessageError("this message answers another request", where=name, expected="the request's digest")
    if request is None:
        return
    asked = request.header
    if header.kind not in ANSWERS[asked.kind] or any(getattr(header, f) != getattr(asked, f) for f in _REPEATED):
        raise MessageError(
            "this reply does not fit its request", where=name, expected="its kind, fit, attempt, round and digests"
        )


@dataclass(frozen=True, slots=True)
class _Outer:
    signed: dict[str, object]
    key: bytes
    signature: bytes


def _outer(sender: str, name: str, content: bytes) -> _Outer:
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
        raise _of_another_version(sender, name, signed.get("format"))
    return _Outer(signed, _hex(key, 32, name), _hex(signature, 64, name))


def _of_another_version(sender: str, name: str, found: object) -> VersionError:
    """Says who has to upgrade; a format is a name, a stroke and a whole number."""
    ours, theirs = FORMAT.partition("/"), str(found).partition("/")
    where = "here"
    if theirs[0] == ours[0] and theirs[2].isdecimal() and int(theirs[2]) < int(ours[2]):
        where = f"at {sender}"
    return VersionError(
        f"this message is of another version: update fedfolder {where}",
        where=name,
        found=ascii(found)[:40],
        expected=FORMAT,
        do=f"update fedfolder {where}; the message stays, and nothing is lost",
    )


def _hex(text: str, length: int, name: str) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != length or text != value.hex():
        raise MessageError("a key or signature of this message is malformed", where=name)
    return value


def _payloads(header: Header, read: ReadPayload) -> dict[str, bytes]:
    """Rule 10."""
    found = {}
    for payload in header.payloads:
        content = read(payload.name, payload.bytes)
        if content is None:
            raise MessageError("a payload has not arrived yet", where=payload.name, do="wait, or have it copied again")
        if len(content) != payload.bytes or hashlib.sha256(content).hexdigest() != payload.sha256:
            raise MessageError(
                "a payload is not (yet) what its message states",
                where=payload.name,
                found=f"{len(content)} bytes",
                expected=f"{payload.bytes} bytes" + (" with another SHA-256" if len(content) == payload.bytes else ""),
                do="wait, or have it copied again",
            )
        found[payload.name] = content
    return found
