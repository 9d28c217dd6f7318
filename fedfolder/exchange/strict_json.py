"""JSON as messages use it: the strict part of RFC 8259 for reading, RFC 8785 for signing.

Numbers are whole; those that matter to the last digit travel as text. So a message has one canonical form everywhere.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, NoReturn

import msgspec

from fedfolder.errors import MessageError

DEEPEST = 16
"""Levels of nesting, at most."""
_LARGEST = 2**53 - 1


def loads(content: bytes, *, where: str) -> Any:  # noqa: ANN401 - JSON is any of six types until it is checked
    """Parse strictly: UTF-8 without a mark, no NaN or fractions, no key twice, bounded nesting.

    Raises
    ------
    MessageError
        With a reason that quotes nothing of the content.
    """
    try:
        value = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_number,
            parse_float=_refuse_number,
            parse_int=_whole,
        )
        _bound_depth(value, DEEPEST)
    except (ValueError, RecursionError) as error:
        reason = str(error) if type(error) is ValueError else type(error).__name__
        raise MessageError(
            "this is no message: its JSON cannot be read", where=where, found=reason, expected="strict JSON in UTF-8"
        ) from None
    return value


def canonical(value: object) -> bytes:
    """The canonical form (RFC 8785) that is signed and digested.

    Raises
    ------
    MessageError
        For what has no canonical form (a lone surrogate, a number beyond 2^53).
    """
    try:
        if _is_plain(value):
            return msgspec.json.encode(value, order="sorted")
        return _canonical_of_anything(value)
    except (UnicodeError, RecursionError):
        raise _no_canonical_form() from None


def _is_plain(value: object) -> bool:
    """Whether all of a value is of kinds whose canonical form is what any JSON writer gives, its keys sorted.

    Those are what messages are made of: text, whole numbers within 2^53, and keys in ASCII, which sort alike by bytes
    and by the UTF-16 that RFC 8785 asks for.
    """
    values: list[Any] = [value]
    # Without recursion, since this is asked of all that is signed or verified: what is found inside joins the line.
    for each in values:
        kind = type(each)
        if kind is dict:
            if not (all(type(key) is str for key in each) and "".join(each).isascii()):
                return False
            values.extend(each.values())
        elif kind is list:
            values.extend(each)
        elif not (kind is str or kind is bool or each is None or (kind is int and abs(each) <= _LARGEST)):
            return False
    return True


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


def pretty(value: object) -> bytes:
    """The same value for a reader: indented, one line end everywhere."""
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


def _bound_depth(value: object, levels: int) -> None:
    if not isinstance(value, dict | list):
        return
    if levels == 0:
        raise ValueError(f"nested more than {DEEPEST} levels deep")
    for child in value.values() if isinstance(value, dict) else value:
        _bound_depth(child, levels - 1)
