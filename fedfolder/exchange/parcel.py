"""A parcel: messages' files in one zip, for a stick. A page of text lies on top, for whoever finds it.

Inside, a file stands under the path that it has on the exchange, `<study>/<node>/<direction>/<name>`. A parcel is a
carrier and nothing else: it is not signed, its files are, and each is judged by its content once it lies in its folder.
"""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fedfolder.errors import MessageError
from fedfolder.exchange.envelope import LARGEST_PAYLOAD
from fedfolder.exchange.names import FileName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PAGE = "READ ME FIRST.txt"
SUFFIX = ".fedfolder.zip"
MOST_FILES = 100_000
LARGEST = 1 << 30
"""Bytes of all files of a parcel together."""
DEPTH = 4
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file stands on the exchange."""

    study: str
    node: str
    direction: str
    name: str

    def __str__(self) -> str:
        return f"{self.study}/{self.node}/{self.direction}/{self.name}"


def pack(files: Mapping[Place, bytes], page: str) -> bytes:
    """A zip of `files`, the page first. The same files give the same bytes: no clock stands in it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        entries = [(PAGE, page.encode("utf-8")), *((str(path), files[path]) for path in sorted(files, key=str))]
        for name, data in entries:
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), data, zipfile.ZIP_DEFLATED)
    return content.getvalue()


def unpack(content: bytes, *, where: str) -> dict[Place, bytes]:
    """The files of a parcel; whatever else lies in it is left out.

    Raises
    ------
    MessageError
        If it is no zip, is damaged, or is larger inside than any parcel.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > LARGEST:
                raise MessageError("this parcel is larger inside than any parcel", where=where, do="throw it away")
            named = [(entry, path) for entry in entries if (path := _path(entry.filename)) is not None]
            return {path: _read(archive, entry) for entry, path in named}
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError) as error:
        raise MessageError(
            "this parcel cannot be opened",
            where=where,
            found=type(error).__name__,
            do="copy it again: the stick may have been pulled out too early",
        ) from None


def _path(name: str) -> Place | None:
    parts = name.split("/")
    return Place(*parts) if len(parts) == DEPTH and FileName.parse(parts[-1]) is not None else None


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    # The size in the directory may be a lie: read no more than a message may have.
    with archive.open(entry) as file:
        data = file.read(LARGEST_PAYLOAD + 1)
    if len(data) > LARGEST_PAYLOAD:
        raise ValueError("a file longer than any message's")
    return data


def page(title: str, lines: Iterable[str]) -> str:
    """The page on top."""
    text = [
        title,
        "",
        "This is a parcel of fedfolder, a program that fits one regression over registries whose records stay at home.",
        "It holds small text files: questions, or sums computed from data. No record of any person is in it.",
        "At the computer that it is meant for, run:  fedfolder carry in HOME --from FOLDER-OF-THIS-FILE",
        "It may be brought twice, late, or not at all: nothing is lost, and nothing is counted twice.",
        "",
        *lines,
    ]
    return "\r\n".join(text) + "\r\n"
