"""Changes of valid bytes: of bits, of pieces, of lines, and of values inside JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

TOKENS = (
    b"", b"\0", b"\xff", b"\xef\xbb\xbf", b"\r", b"\n", b'"', b"'", b",", b";", b"{", b"}", b"[", b"]", b"\\", b"-",
    b"1e999", b"NaN", b"-0", b"9" * 400, b"1" * 5000, b"true", b"null", b"../", b"#", b"=", b"##", b"(" * 300,
    b"[" * 3000, b"\xed\xa0\x80", "\u0661".encode(), "\u2028".encode(), "e\u0301".encode(), b"x" * 200_000,
)  # fmt: skip
"""Pieces that readers stumble over."""
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**53 - 1, 10**30, 10**400, 0.5, "", "1", "-1", "1e999", "nan", "inf", "x" * 5000,
    "\0", "\ud800", [], {}, [[]], [None], {"": None}, [1, 2, 3], {"node": 1}, "a\nb", "1" * 5000,
)  # fmt: skip
"""Values to put into JSON in place of others."""
MOST_CHANGES = 4


def mutated(chance: random.Random, seeds: Sequence[bytes]) -> bytes:
    """One of `seeds`, changed in a few places."""
    content = chance.choice(seeds)
    if chance.random() < 0.5:
        content = _in_json(chance, content)
        if chance.random() < 0.6:
            return content
    for _ in range(chance.randint(1, MOST_CHANGES)):
        content = _in_bytes(chance, content, chance.choice(seeds))
    return content


def _in_bytes(chance: random.Random, content: bytes, other: bytes) -> bytes:  # noqa: PLR0911 - a change a line
    i = chance.randrange(len(content) + 1)
    j = min(len(content), i + chance.choice((1, 2, 4, 16, 200)))
    k = chance.randrange(len(other) + 1)
    lines = content.splitlines(keepends=True) or [b""]
    a, b = chance.randrange(len(lines)), chance.randrange(len(lines))
    match chance.randrange(9):
        case 0:
            return content[:i] + bytes(b ^ (1 << chance.randrange(8)) for b in content[i:j]) + content[j:]
        case 1:
            return content[:i] + content[j:]
        case 2:
            return content[:i]
        case 3:
            return content[:i] + chance.choice(TOKENS) + content[j:]
        case 4:
            return content[:i] + chance.randbytes(chance.randrange(1, 9)) + content[i:]
        case 5:
            return content[:i] + other[k : k + 40] + content[j:]
        case 6:
            return content[:i] + other[k:]
        case 7:
            lines[a], lines[b] = lines[b], lines[a]
            return b"".join(lines)
        case _:
            return b"".join([*lines[:a], lines[b], *lines[a:]])


def _in_json(chance: random.Random, content: bytes) -> bytes:
    """Some values changed, if it is JSON (or lines of JSON)."""
    try:
        if b"\n{" in content.strip():
            rows = content.splitlines(keepends=True)
            k = chance.randrange(len(rows))
            rows[k] = _dumped(_changed(chance, json.loads(rows[k]))) + b"\n"
            return b"".join(rows)
        found = json.loads(content)
    except (ValueError, RecursionError):
        return content
    for _ in range(chance.randint(1, 2)):
        found = _changed(chance, found)
    return _dumped(found)


def _dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=chance_of_ascii(value), separators=(",", ":")).encode()


def chance_of_ascii(value: object) -> bool:
    """A lone surrogate can only be written as an escape."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _changed(chance: random.Random, value: Any) -> Any:  # noqa: PLR0911 - a change a line
    """`value` with one place in it changed, most often further down."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = chance.choice(list(value))
        match chance.randrange(8):
            case 0:
                return {name: child for name, child in value.items() if name != key}
            case 1:
                return {**value, chance.choice(("x", "", "moments", "restart", "check", key + "s")): value[key]}
            case _:
                return {**value, key: _changed(chance, value[key])}
    if isinstance(value, list) and value and chance.random() < 0.85:
        k = chance.randrange(len(value))
        match chance.randrange(6):
            case 0:
                return value[:k] + value[k + 1 :]
            case 1:
                return [*value, value[k]]
            case _:
                return [*value[:k], _changed(chance, value[k]), *value[k + 1 :]]
    if isinstance(value, str) and value and chance.random() < 0.6:
        return _in_bytes(chance, value.encode("utf-8", "replace"), b"").decode("utf-8", "replace")
    return chance.choice(VALUES)
