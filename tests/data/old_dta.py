"""Stata files of old versions, written byte by byte from their description: today's libraries write none so old."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ROWS = [(1, -2, 3, 0.5, 0.1, "a"), (None, None, None, None, None, ""), (100, 32000, 70000, -2.5, 1e300, "bcde")]
NAMES = ["a_byte", "an_int", "a_long", "a_float", "a_double", "text"]
LABELS = ["a label", "", "", "", "", "another"]
VERSIONS = [105, 108, 110, 111, 113, 114, 115]
TYPES_OLD, TYPES_NEW = b"bilfd" + bytes([127 + 5]), bytes([251, 252, 253, 254, 255, 5])
MISSING_OLD = (127, 32767, 2**31 - 1, 2.0**127, 2.0**1023)
MISSING_NEW = (101, 32741, 2_147_483_621, 2.0**127, 2.0**1023)


def old_dta(version: int, order: str = "<", rows: Sequence[tuple[Any, ...]] = ROWS) -> bytes:
    """`rows` as a file of one of `VERSIONS`; `order` is the byte order, as struct writes it."""

    def texts(values: list[str], width: int) -> bytes:
        return b"".join(value.encode("latin-1").ljust(width, b"\0") for value in values)

    new_types, long_names = version >= 111, version > 108
    head = bytes([version, 1 if order == ">" else 2, 1, 0]) + struct.pack(f"{order}HI", len(NAMES), len(rows))
    head += texts(["made for a test"], 81 if version > 105 else 32) + texts(["01 Jan 2001 00:00"], 18)
    formats = ["%8.0g"] * 5 + ["%9s"]
    described = [
        TYPES_NEW if new_types else TYPES_OLD,
        texts(NAMES, 33 if long_names else 9),
        bytes(2 * (len(NAMES) + 1)),
        texts(formats, 49 if version > 113 else 12),
        texts([""] * len(NAMES), 33 if long_names else 9),
        texts(LABELS, 81 if version > 105 else 32),
        bytes(5 if long_names else 3),
    ]
    return head + b"".join(described) + b"".join(_row(version, order, row) for row in rows)


def _row(version: int, order: str, row: tuple[Any, ...]) -> bytes:
    missing = list(MISSING_NEW if version > 112 else MISSING_OLD)
    if version == 105:
        missing[4] = 2.0**333
    *numbers, text = row
    filled = [instead if value is None else value for value, instead in zip(numbers, missing, strict=True)]
    return struct.pack(f"{order}bhifd", *filled) + str(text).encode("latin-1").ljust(5, b"\0")
