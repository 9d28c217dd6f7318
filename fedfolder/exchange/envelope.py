"""A message: header, manifest and signature in one JSON file, and the payload files that it lists.

The shape is that of signed metadata: `{"signed": {...}, "signatures": [...]}`, Ed25519 (RFC 8032) over the canonical
form of `signed`. A message's digest is the SHA-256 of that form.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from fedfolder.errors import MessageError
from fedfolder.exchange import strict_json
from fedfolder.exchange.names import LARGEST_NUMBER, FileName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "fedfolder/1"
LARGEST_ENVELOPE = 1 << 20
"""Bytes of the JSON file."""
LARGEST_PAYLOAD = 64 << 20
"""Bytes of one payload file."""
MOST_PAYLOADS = 8
KEY_BYTES, SIGNATURE_BYTES = 32, 64
"""Of Ed25519."""
MOST_VERIFIED = 4096
"""Signatures that a process knows to hold, the latest."""
_verified: dict[bytes, None] = {}

Kind = Literal["hello", "request", "closing", "sums", "refusal", "receipt"]
REQUESTS: frozenset[str] = frozenset({"hello", "request", "closing"})
REPLIES: frozenset[str] = frozenset({"hello", "sums", "refusal", "receipt"})
ANSWERS: dict[str, frozenset[str]] = {
    "request": frozenset({"sums", "refusal"}),
    "closing": frozenset({"receipt"}),
}
"""The kinds that answer a kind."""

Sign = Callable[[bytes], bytes]
"""Signs with the home's private key; returns the 64 bytes of an Ed25519 signature."""

Count = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_NUMBER)]
Digest = Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9a-f]{64})?\Z")]


class Payload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A payload file in the manifest: its name, length in bytes and SHA-256 (hex)."""

    name: str
    bytes: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_PAYLOAD)]
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is signed. Digests are SHA-256 in hex; empty text where there is nothing to point at."""

    format: str = FORMAT
    study: str
    sender: str
    recipient: str
    kind: Kind
    number: Count
    fit: Count = 0
    attempt: Count = 0
    round: Count = 0
    answers: Digest = ""
    previous: Digest = ""
    proposal: Digest = ""
    protocol: Digest = ""
    roster: Digest = ""
    body: dict[str, Any] = {}
    payloads: list[Payload] = []


@dataclass(frozen=True, slots=True)
class Message:
    """A message whose bytes are fixed: what is journalled, published and accepted.

    `name` is the JSON file's name, `content` its bytes, `digest` the digest of what is signed, `payloads` the content
    of the payload files by file name.
    """

    header: Header
    name: str
    content: bytes
    digest: str
    payloads: Mapping[str, bytes]

    @property
    def parts(self) -> dict[str, bytes]:
        """The payloads by their labels, as in `beta.csv`."""
        start = len(stem(self.header)) + 1
        return {name[start:]: content for name, content in self.payloads.items()}


def seal(header: Header, payloads: Mapping[str, bytes], sign: Sign, *, key: bytes) -> Message:
    """Fix a message: list its payloads in the manifest, sign, and lay out its files.

    Parameters
    ----------
    header : Header
        All but the manifest.
    payloads : mapping of str to bytes
        By short label, as in `beta.csv`.
    sign : callable
        Signs bytes with the sender's private key.
    key : bytes
        The sender's public key (32 bytes), named beside the signature.

    Raises
    ------
    MessageError
        If no reader could accept it: too long, too deep, a field or name that cannot be.
    """
    named = {f"{stem(header)}-{label}": content for label, content in payloads.items()}
    manifest = [Payload(n, len(c), hashlib.sha256(c).hexdigest()) for n, c in named.items()]
    signed = msgspec.to_builtins(msgspec.structs.replace(header, payloads=manifest))
    plain = strict_json.is_plain({"signed": signed})
    canonical = strict_json.canonical(signed, plain=plain)
    envelope = {"signed": signed, "signatures": [{"key": key.hex(), "signature": sign(canonical).hex()}]}
    name = file_name(header)
    content = strict_json.pretty(envelope, plain=plain)
    return Message(
        header=_as_read(name, content, signed if plain else None),
        name=name,
        content=content,
        digest=hashlib.sha256(canonical).hexdigest(),
        payloads=named,
    )


def verify(key: bytes, signature: bytes, content: bytes) -> bool:
    """Whether `signature` (64 bytes) over `content` is that of `key` (32 bytes).

    The same three never come to another answer. What was verified lately is known by a digest and not verified again.
    """
    # Of other lengths, a key and a signature could be another pair once they stand one after the other.
    if len(key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    asked = hashlib.sha256(key + signature + hashlib.sha256(content).digest()).digest()
    if asked not in _verified:
        if not _is_true(key, signature, content):
            return False
        if len(_verified) >= MOST_VERIFIED:
            _verified.pop(next(iter(_verified)), None)
        _verified[asked] = None
    return True


def _is_true(key: bytes, signature: bytes, content: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        _public(key).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


@functools.lru_cache(maxsize=1024)
def _public(key: bytes) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(key)


def is_signed_by(key: str, signature: str, content: bytes) -> bool:
    """As `verify`, of a key and a signature as they stand in JSON: any text, which may be neither."""
    try:
        return verify(bytes.fromhex(key), bytes.fromhex(signature), content)
    except ValueError:
        return False


def _as_read(name: str, content: bytes, signed: dict[str, object] | None) -> Header:
    """The header as a reader will see it: what a writer signs must be what every reader can accept.

    `signed` is given where it is known that reading gives it back.
    """
    if FileName.parse(name) is None or len(content) > LARGEST_ENVELOPE:
        raise MessageError(
            "this message cannot be sent: its name or its JSON is too long",
            where=name,
            found=f"{len(content)} bytes",
            expected=f"at most {LARGEST_ENVELOPE} bytes",
        )
    return header_of(signed or strict_json.loads(content, where=name)["signed"], where=name)


def header_of(signed: Mapping[str, object], *, where: str) -> Header:
    """The header that `signed` spells out: every field of the format and no other, each of its type.

    Raises
    ------
    MessageError
    """
    try:
        header = msgspec.convert(signed, Header, strict=True)
    except msgspec.ValidationError as error:
        raise MessageError("a field of this message is wrong", where=where, found=ascii(str(error))[:200]) from None
    if msgspec.to_builtins(header) != signed:
        raise MessageError("this message lacks a field", where=where, expected="all fields of the format")
    if (header.kind == "hello") != (header.number == 0) or (header.kind == "hello" and header.payloads):
        raise MessageError("this is a hello in one way and none in another", where=where, expected="a hello is m000000")
    names = [payload.name for payload in header.payloads]
    if len(set(names)) != len(names) or len(names) > MOST_PAYLOADS:
        raise MessageError(
            "this message lists its payloads wrongly", where=where, expected=f"each once, at most {MOST_PAYLOADS}"
        )
    if not all(_can_be_payload(name, header) for name in names):
        raise MessageError("this message lists a payload that cannot be its own", where=where)
    return header


def _can_be_payload(name: str, header: Header) -> bool:
    parsed = FileName.parse(name)
    return parsed is not None and parsed.suffix != "json" and name.startswith(f"{stem(header)}-")


def stem(header: Header) -> str:
    """What the names of a message's files begin with."""
    if header.kind == "hello":
        return f"m{header.number:06d}-hello"
    place = "closing" if header.kind in {"closing", "receipt"} else f"round{header.round}"
    return f"m{header.number:06d}-fit{header.fit}-{place}"


def file_name(header: Header) -> str:
    """The name of a message's JSON file."""
    label = "" if header.kind == "hello" else "-instruction" if header.kind in REQUESTS else "-result"
    return f"{stem(header)}{label}.json"
