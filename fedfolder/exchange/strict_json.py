"""JSON as messages use it: the strict part of RFC 8259 for reading, RFC 8785 for signing.

Numbers are whole; those that matter to the last digit travel as text. So a message has one canonical form everywhere.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from fedfolder.errors import MessageError

if TYPE_CHECKING:
    from collections.abc import Iterable

DEEPEST = 16
"""Levels of nesting, at most."""
_LARGEST = 2**53 - 1
_TEXT = frozenset({str})


def loads(content: bytes, *, where: str) -> Any:  # noqa: ANN401 - JSON is any of six types until it is checked
    """Parse strictly: UTF-8 without a mark, no NaN or fractions, no key twice, bounded nesting.

    Raises
    ------
    MessageError
        With a reason that quotes nothing of the content.
    """
    try:
        value = _STRICT.decode(content.decode("utf-8"))
        _bound_depth(value)
    except (ValueError, RecursionError) as error:
        reason = str(error) if type(error) is ValueError else type(error).__name__
        raise MessageError(
            "this is no message: its JSON cannot be read", where=where, found=reason, expected="strict JSON in UTF-8"
        ) from None
    return value


def canonical(value: object, *, plain: bool = False) -> bytes:
    """The canonical form (RFC 8785) that is signed and digested.

    Parameters
    ----------
    plain : bool
        That `is_plain` is known to be true of it.

    Raises
    ------
    MessageError
        For what has no canonical form (a lone surrogate, a number beyond 2^53).
    """
    try:
        if plain or is_plain(value):
            return msgspec.json.encode(value, order="sorted")
        return _canonical_of_anything(value)
    except (UnicodeError, RecursionError):
        raise _no_canonical_form() from None


def is_plain(value: object) -> bool:
    """Whether all of a value is of kinds whose canonical form is what any JSON writer gives, its keys sorted.

    Those are what messages are made of: text, whole numbers within 2^53, and keys in ASCII, which sort alike by bytes
    and by the UTF-16 that RFC 8785 asks for; nested no deeper than a reader accepts. What is written of such a value is
    read back as the same value.
    """
    level: list[Any] = [[value]]
    # Without recursion, since this is asked of all that is signed or verified: a level after the other.
    for _ in range(DEEPEST + 1):
        inside: list[Any] = []
        for each in level:
            if type(each) is dict and not (_TEXT.issuperset(map(type, each)) and "".join(each).isascii()):
                return False
            for child in _no_text(each):
                kind = type(child)
                if kind is dict or kind is list:
                    inside.append(child)
                elif not (kind is bool or child is None or (kind is int and abs(child) <= _LARGEST)):
                    return False
        if not inside:
            return True
        level = inside
    return False


def _no_text(values: dict[str, Any] | list[Any]) -> list[Any]:
    """Most of what is in a dict or a list is text, of which there is nothing to ask."""
    return [value for value in (values.values() if type(values) is dict else values) if type(value) is not str]


def _canonical_of_anything(value: object) -> bytes:
    """The same by a library that knows all of RFC 8785, and takes twenty times as long."""
    import rfc8785

    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError):
        raise _no_canonical_form() from None


def _no_canonical_form() -> MessageError:
    return MessageError("this has no canonical JSON form", expected="text in Unicode, whole numbers")


def digest(value: object) -> str:
    """SHA-256, in hex, of the canonical form.

    Raises
    ------
    MessageError
        As `canonical`.
    """
    return hashlib.sha256(canonical(value)).hexdigest()


def pretty(value: object, *, plain: bool = False) -> bytes:
    """The same value for a reader: indented, one line end everywhere. See `canonical` for `plain`."""
    if plain or is_plain(value):
        return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
    return (msgspec.json.format(json.dumps(value, ensure_ascii=False), indent=2) + "\n").encode()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("the same key twice")
    return found


def _refuse_number(_text: str) -> NoReturn:
    raise ValueError("a number that is not whole")


def _whole(text: str) -> int:
    if len(text) > len(str(_LARGEST)) + 1 or abs(int(text)) > _LARGEST:
        raise ValueError("a number beyond 2^53")
    return int(text)


def _bound_depth(value: object) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [child for each in level for child in _children(each) if isinstance(child, dict | list)]
        if not level:
            return
    raise ValueError(f"nested more than {DEEPEST} levels deep")


def _children(value: Any) -> Iterable[object]:  # noqa: ANN401 - a dict, a list or none
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


_STRICT = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_refuse_number, parse_float=_refuse_number, parse_int=_whole
)
