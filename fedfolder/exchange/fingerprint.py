"""The fingerprint of a key: ten groups of five digits, to be read out by phone; the fifth digit of each is a check.

The groups hold the first 40 decimal digits of the SHA-256 of the public key, about 132 bits. The check digit is
Damm's (2004), begun from the group's place: one wrong digit, two neighbours that changed places and a group that stands
in another's place are always found, and anything else nine times in ten.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from fedfolder.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

GROUPS: Final = 10
DIGITS: Final = 5
"""Digits of a group, its check digit included."""

_DAMM: Final = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)
"""Damm's quasigroup: what was reached so far, and the next digit, give what is reached."""
_BEFORE = re.compile(r"(?:[0-9a-f]{4}[ -]?){8}", re.IGNORECASE)
"""The form of 0.1: 32 hexadecimal digits."""


def fingerprint(key: bytes) -> str:
    """The fingerprint of a public key (32 bytes), in groups with a blank between them."""
    width = DIGITS - 1
    number = int.from_bytes(hashlib.sha256(key).digest(), "big") % 10 ** (GROUPS * width)
    digits = f"{number:0{GROUPS * width}d}"
    groups = [digits[place * width : (place + 1) * width] for place in range(GROUPS)]
    return " ".join(group + _check(group, place) for place, group in enumerate(groups))


def read_fingerprint(text: str) -> str:
    """A fingerprint as a person typed it: in the form of `fingerprint`, if every group of it can be right.

    Raises
    ------
    ConfigError
        Naming the first group that was misheard or mistyped.
    """
    if _BEFORE.fullmatch(text.strip()):
        raise _wrong("this is a fingerprint as fedfolder 0.1 showed it", do="update fedfolder at the other side")
    groups = [group for group in re.split(r"[\s.,;:/-]+", text.strip()) if group]
    if len(groups) == 1 and len(text.strip()) == GROUPS * DIGITS:
        groups = [groups[0][start : start + DIGITS] for start in range(0, GROUPS * DIGITS, DIGITS)]
    for place, group in enumerate(groups[:GROUPS]):
        if not re.fullmatch(f"[0-9]{{{DIGITS}}}", group):
            raise _wrong(f"group {place + 1} of the fingerprint is not {DIGITS} digits", found=ascii(group)[:20])
        if _check(group[:-1], place) != group[-1]:
            do = f"have group {place + 1} read out again; nothing was changed"
            raise _wrong(f"group {place + 1} of the fingerprint was misheard or mistyped", found=group, do=do)
    if len(groups) != GROUPS:
        raise _wrong("this is no whole fingerprint", found=f"{len(groups)} groups")
    return " ".join(groups)


def differing(one: str, other: str) -> Sequence[int]:
    """The numbers, from 1, of the groups in which two fingerprints differ."""
    pairs = zip(one.split(), other.split(), strict=True)
    return [place for place, (mine, theirs) in enumerate(pairs, start=1) if mine != theirs]


def _check(group: str, place: int) -> str:
    reached = str(place)
    for digit in group:
        reached = _DAMM[int(reached)][int(digit)]
    return reached


def _wrong(what: str, *, found: str = "", do: str = "have it read out again; nothing was changed") -> ConfigError:
    return ConfigError(what, found=found, expected=f"{GROUPS} groups of {DIGITS} digits", do=do)
