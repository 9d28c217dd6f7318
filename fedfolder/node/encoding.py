"""The encoding of a file of text: UTF-8 when every line is; otherwise cp1252, unless some lines are UTF-8."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from fedfolder.errors import DataFileError
from fedfolder.node.text_file import SETTINGS, explained, lines_before

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK = 1 << 18
"""Bytes that are looked at at a time."""
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def encoding_of(path: Path) -> tuple[str, str]:
    """The encoding, and why; every byte of the file is looked at.

    Raises
    ------
    DataFileError
        It is none of the two, or both; the first line that tells is named.
    """
    first, beyond = 0, False
    with explained(path), path.open("rb") as file:
        start = file.read(3)
        file.seek(0)
        if start.startswith(_UTF_16):
            what = "the data file is UTF-16 text"
            raise DataFileError(what, where=str(path), expected="UTF-8 or cp1252", do="save it as UTF-8")
        for at, text in _lines(file, path):
            try:
                beyond |= not text.isascii() and bool(text.decode("utf-8"))
            except UnicodeDecodeError:
                first = first or lines_before(path, at) + _bad_line(text, "utf-8")
                _require_cp1252(path, at, text)
    if first and beyond:
        what = "some lines of the data file are UTF-8 and others are not"
        do = f'save it as UTF-8, or write encoding = "cp1252" (or "utf-8", or another) into {SETTINGS}'
        raise DataFileError(what, where=f"{path}, line {first}", expected="UTF-8", do=do)
    if first:
        return "cp1252", f"line {first} is not UTF-8; all lines were looked at"
    if start == b"\xef\xbb\xbf":
        return "utf-8", "with a byte order mark"
    return "utf-8", "all lines are" if beyond else "all lines are ASCII"


def _lines(file: BinaryIO, path: Path) -> Iterator[tuple[int, bytes]]:
    """Blocks of whole lines, each with the number of bytes before it."""
    at = 0
    while text := file.read(BLOCK):
        text += file.readline()
        if b"\0" in text:
            what = "the data file is not text"
            raise DataFileError(what, where=str(path), expected="a .csv file in UTF-8 or cp1252", do="export it again")
        yield at, text
        at += len(text)


def _bad_line(text: bytes, encoding: str) -> int:
    """The place of the first line in a block that is not in an encoding, counted from 1."""
    for place, line in enumerate(text.split(b"\n"), start=1):
        try:
            line.decode(encoding)
        except UnicodeDecodeError:
            return place
    return 1


def _require_cp1252(path: Path, at: int, text: bytes) -> None:
    try:
        text.decode("cp1252")
    except UnicodeDecodeError:
        what = "the data file is neither UTF-8 nor cp1252 text"
        do = f'save it as UTF-8, or write encoding = "cp850" (or another) into {SETTINGS}'
        line = lines_before(path, at) + _bad_line(text, "cp1252")
        raise DataFileError(what, where=f"{path}, line {line}", expected="UTF-8 or cp1252", do=do) from None
