"""A message: header, manifest and signature in one JSON file, and the payload files that it lists.

The shape is that of signed metadata: `{"signed": {...}, "signatures": [...]}`, Ed25519 (RFC 8032) over the canonical
form of `signed`. A message's digest is the SHA-256 of that form.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from fedfolder.errors import MessageError
from fedfolder.exchange import strict_json
from fedfolder.exchange.names import FileName

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = "fedfolder/1"
LARGEST_ENVELOPE = 1 << 20
"""Bytes of the JSON file."""
LARGEST_PAYLOAD = 64 << 20
"""Bytes of one payload file."""
MOST_PAYLOADS = 8

Kind = Literal["hello", "request", "closing", "sums", "refusal", "receipt"]
REQUESTS: frozenset[str] = frozenset({"hello", "request", "closing"})
REPLIES: frozenset[str] = frozenset({"hello", "sums", "refusal", "receipt"})

Sign = Callable[[bytes], bytes]
"""Signs with the home's private key; returns the 64 bytes of an Ed25519 signature."""


class Payload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A payload file in the manifest: its name, length in bytes and SHA-256 (hex)."""

    name: str
    bytes: int
    sha256: str


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is signed. Digests are SHA-256 in hex; empty text where there is nothing to point at."""

    format: str = FORMAT
    study: str
    sender: str
    recipient: str
    kind: Kind
    number: int
    fit: int = 0
    attempt: int = 0
    round: int = 0
    answers: str = ""
    previous: str = ""
    proposal: str = ""
    protocol: str = ""
    roster: str = ""
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
        start = len(_stem(self.header)) + 1
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
    """
    stem = _stem(header)
    named = {str(FileName.parse(f"{stem}-{label}") or _bad(label)): content for label, content in payloads.items()}
    manifest = [Payload(n, len(c), hashlib.sha256(c).hexdigest()) for n, c in named.items()]
    signed = msgspec.to_builtins(msgspec.structs.replace(header, payloads=manifest))
    canonical = strict_json.canonical(signed)
    envelope = {"signed": signed, "signatures": [{"key": key.hex(), "signature": sign(canonical).hex()}]}
    return Message(
        header=msgspec.convert(signed, Header),
        name=f"{stem}-{_envelope_label(header.kind)}.json" if header.kind != "hello" else f"{stem}.json",
        content=strict_json.pretty(envelope),
        digest=hashlib.sha256(canonical).hexdigest(),
        payloads=named,
    )


def _stem(header: Header) -> str:
    if header.kind == "hello":
        return f"m{header.number:06d}-hello"
    place = "closing" if header.kind in {"closing", "receipt"} else f"round{header.round}"
    return f"m{header.number:06d}-fit{header.fit}-{place}"


def _envelope_label(kind: Kind) -> str:
    return "instruction" if kind in REQUESTS else "result"


def _bad(label: str) -> str:
    raise MessageError("this cannot be the name of a payload", found=label, expected="such as beta.csv")
