"""What the first bytes of a .dta claim, held against the length of the file before anyone believes it.

A damaged header may speak of 10^12 rows, or of rows of a gigabyte: a library that makes room for them first takes the
node down with it. Only numbers are looked at here, no name and no value. The layout is that of Stata's own description
(`help dta`) and of its older versions.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from fedfolder.errors import DataFileError

if TYPE_CHECKING:
    from pathlib import Path

SIGNATURE = b"<stata_dta>"
OLD_VERSIONS = range(102, 116)
NEW_VERSIONS = range(117, 120)
BYTE_ORDERS = (1, 2)

STRL = "strL"
"""A text that stands elsewhere in the file; its eight bytes say where."""
_NEW_KINDS = {32768: STRL, 65526: "f8", 65527: "f4", 65528: "i4", 65529: "i2", 65530: "i1"}
"""What a strL, double, float, long, int and byte are to numpy; below them stand fixed texts."""
_LONGEST_TEXT = 2045
_KINDS_TO_115 = {251: "i1", 252: "i2", 253: "i4", 254: "f4", 255: "f8"}
_WIDTHS_TO_110 = {ord("b"): 1, ord("i"): 2, ord("l"): 4, ord("f"): 4, ord("d"): 8}
_TEXT_TO_110 = 127
"""A text of w bytes has the type 127 + w."""
_OLDEST_PLACED = 113
"""From this version on, missing values are those of today."""
_DESCRIBED_BY_OLD, _DESCRIBED_BY_NEW = 60, 200
"""Bytes that describe a variable at least: its type, name, format, labels, place in the sort order."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Where the rows are, and what stands in one.

    Parameters
    ----------
    start : int
        The place of the first.
    order : {"<", ">"}
        Of the bytes in a number.
    kinds : tuple of str
        What each variable is to numpy, such as i2 or S12; `STRL` for a text that stands elsewhere.
    encoding : {"utf-8", "latin-1"}
        Of its texts: Stata 14 was the first to write UTF-8.
    """

    start: int
    order: str
    kinds: tuple[str, ...]
    encoding: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What a header claims: rows, bytes in a row, bytes of room for all rows, and bytes that describe the variables.

    `rows` is None where only a library knows: of the versions up to 112, which are older than 2003.
    """

    nrows: int
    width: int
    room: int
    description: int
    rows: Rows | None = None


def is_stata(start: bytes) -> bool:
    """Whether a file that begins so is a .dta of any version."""
    # A letter at the start of any text would pass for an old version number: its second byte must fit too.
    old = len(start) > 1 and start[0] in OLD_VERSIONS and start[1] in BYTE_ORDERS
    return old or start.startswith(SIGNATURE)


def require_possible(path: Path) -> Claim | None:
    """What a header claims; refuse a .dta whose header claims more than the file can hold.

    A version that is not known here is left to the library that knows it.

    Raises
    ------
    DataFileError
        It is no .dta, it is cut short, or it claims more rows or variables than there are bytes.
    """
    with path.open("rb") as file:
        start = file.read(len(SIGNATURE))
        if not is_stata(start):
            what = "the data file is named .dta but is no Stata file"
            do = "save it in Stata, or name it .csv if it is one"
            raise DataFileError(what, where=str(path), expected="the first bytes of a .dta", do=do)
        size = file.seek(0, 2)
        file.seek(0)
        try:
            claim = _new(file, size) if start == SIGNATURE else _old(file, size)
        except (struct.error, ValueError, KeyError):
            raise _impossible(path, "a damaged header, or a file that is cut short") from None
    if claim is not None and not _fits(claim, size):
        raise _impossible(path, "a header that claims more rows or variables than the file has room for")
    return claim


def _fits(claim: Claim, size: int) -> bool:
    if claim.nrows and not claim.width:
        return False
    return claim.nrows * claim.width <= claim.room and claim.description <= size


def _impossible(path: Path, found: str) -> DataFileError:
    do = "copy it again, or save it again in Stata"
    return DataFileError("the Stata file cannot be read", where=str(path), found=found, do=do)


def _take(file: BinaryIO, layout: str) -> int:
    """The next number of the file."""
    found: int = struct.unpack(layout, file.read(struct.calcsize(layout)))[0]
    return found


def _new(file: BinaryIO, size: int) -> Claim | None:
    """Versions 117 to 119: tags, with a map of places in the file."""
    file.seek(len("<stata_dta><header><release>"))
    version = int(file.read(3))
    if version not in NEW_VERSIONS:
        return None
    file.seek(len("</release><byteorder>"), 1)
    order = ">" if file.read(3) == b"MSF" else "<"
    file.seek(len("</byteorder><K>"), 1)
    nvars = _take(file, order + ("I" if version == max(NEW_VERSIONS) else "H"))
    file.seek(len("</K><N>"), 1)
    nrows = _take(file, order + ("I" if version == min(NEW_VERSIONS) else "Q"))
    file.seek(len("</N><label>"), 1)
    file.seek(_take(file, "B" if version == min(NEW_VERSIONS) else order + "H"), 1)
    file.seek(len("</label><timestamp>"), 1)
    file.seek(_take(file, "B") + len("</timestamp></header><map>"), 1)
    places = struct.unpack(order + "14Q", file.read(14 * 8))
    types, data, after_data, end = (places[which] for which in (2, 9, 10, 13))
    if max(types + len("<variable_types>") + 2 * nvars, end) > size:
        raise ValueError
    file.seek(types + len("<variable_types>"))
    codes = struct.unpack(f"{order}{nvars}H", file.read(2 * nvars))
    kinds = tuple(f"S{code}" if code <= _LONGEST_TEXT else _NEW_KINDS[code] for code in codes)
    # What follows the rows is read as rows by who believes a wrong number of them.
    room = min(after_data, size) - data - len("<data></data>")
    encoding = "latin-1" if version == min(NEW_VERSIONS) else "utf-8"
    rows = Rows(data + len("<data>"), order, kinds, encoding)
    return Claim(nrows, sum(map(width_of, kinds)), room, nvars * _DESCRIBED_BY_NEW, rows)


def width_of(kind: str) -> int:
    """The bytes that a variable has in a row."""
    return 8 if kind == STRL else int(kind[1:])


def _old(file: BinaryIO, size: int) -> Claim:
    """Versions 102 to 115: fixed places."""
    version, order = file.read(1)[0], ">" if file.read(1) == b"\x01" else "<"
    file.seek(2, 1)
    nvars = _take(file, order + "H")
    nrows = _take(file, order + ("I" if version > min(OLD_VERSIONS) else "H"))
    # The label of the data, and from 105 on the time.
    file.seek((81 if version > 105 else 32) + (18 if version > 104 else 0), 1)  # noqa: PLR2004 - versions
    codes = file.read(nvars)
    if len(codes) < nvars:
        raise ValueError
    if version < _OLDEST_PLACED:
        width = sum(map(_width_to_110 if version < 111 else _width_to_115, codes))  # noqa: PLR2004 - a version
        return Claim(nrows, width, size - file.tell(), nvars * _DESCRIBED_BY_OLD)
    kinds = tuple(_KINDS_TO_115.get(code, f"S{code}") for code in codes)
    width, room = sum(map(width_of, kinds)), size - file.tell()
    # Names, the sort order, formats, names of value labels, and labels.
    file.seek(33 * nvars + 2 * (nvars + 1) + (49 if version > 113 else 12) * nvars + (33 + 81) * nvars, 1)  # noqa: PLR2004
    rows = Rows(_after_fields(file, order), order, kinds, "latin-1")
    return Claim(nrows, width, room, nvars * _DESCRIBED_BY_OLD, rows)


def _after_fields(file: BinaryIO, order: str) -> int:
    """The place behind the fields that programs may add: each says its kind, 0 at the end, and its length."""
    while True:
        kind, length = struct.unpack(order + "bi", file.read(5))
        if length < 0:
            raise ValueError
        if kind == 0:
            return file.tell()
        file.seek(length, 1)


def _width_to_110(code: int) -> int:
    if code in _WIDTHS_TO_110:
        return _WIDTHS_TO_110[code]
    if code < _TEXT_TO_110:
        raise ValueError
    return code - _TEXT_TO_110


def _width_to_115(code: int) -> int:
    return width_of(_KINDS_TO_115.get(code, f"S{code}"))
