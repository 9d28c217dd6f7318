"""Names of variables, and levels of categories, as text."""

from __future__ import annotations

import re
import unicodedata

CONSTANT_NAME = "_cons"
"""Stata's name of the constant; no variable may bear it."""

NODE = "_node"
"""The site itself as a variable: every row of a site has its name. It is in no file."""

LONGEST_NAME = 32
"""Characters in the name of a variable, as in Stata."""

_INTEGER = re.compile(r"-?[0-9]{1,18}")


def is_name(text: str) -> bool:
    """Whether `text` can name a variable: letters of any script, digits, `_`; not a digit first; not `_cons`."""
    return (
        re.fullmatch(r"\w+", text) is not None
        and (text[0] == "_" or text[0].isalpha())
        and len(text) <= LONGEST_NAME
        and text != CONSTANT_NAME
    )


def quoted(text: str) -> str:
    """`text` in double quotes, a double quote inside it doubled."""
    return '"' + text.replace('"', '""') + '"'


def unquoted(text: str) -> str:
    """The inverse of `quoted`; a text without quotes is returned as it is."""
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


def level_key(level: str) -> tuple[bool, int, str]:
    """Sort key of a level: integers (of at most 18 digits) in numeric order, then other text in code-point order.

    Python compares text by code point, so the order is the same on every machine, whatever its language.
    """
    integer = _INTEGER.fullmatch(level) is not None
    return (not integer, int(level) if integer else 0, level)


def can_be_shown(text: str) -> bool:
    """Whether `text` holds no control character or line end: it would forge a table, or steer a terminal."""
    return not any(unicodedata.category(sign) in {"Cc", "Zl", "Zp"} for sign in text)


def abbreviates(word: str, name: str, shortest: str) -> bool:
    """Whether `word` is `name` or one of its abbreviations, none shorter than `shortest`."""
    return name.startswith(word) and len(word) >= len(shortest)
