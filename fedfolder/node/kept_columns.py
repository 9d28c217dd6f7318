"""Columns of the data file that are kept at home as they were read, where node.toml says so: a fit then reads no file.

They are data without the file around them: whatever guards the file, such as an encrypted drive or a password of a
database, does not guard them. So nothing is kept unless a person writes the line, only the account of the node may read
it, and it is deleted when the line is taken out, on request, and as soon as the data file is another one.

A file for each column: the length of a JSON header (8 bytes), the header, the numbers (or the codes of texts), and the
SHA-256 of all that. Its name is a digest of what it was read from and how: the data file's size, times and identity on
its disk, samples of its content, everything that node.toml fixes about reading, the study's name of the column, and the
version of this program. In doubt the file is read again.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.about import SOFTWARE
from fedfolder.custody import windows_rights
from fedfolder.errors import ConfigError
from fedfolder.node.narrow import INTEGERS, TYPES
from fedfolder.node.readers import Frame, TextColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from fedfolder.node.readers import RawColumn
    from fedfolder.node.reading import Reading

FOLDER = "columns"
ON_WINDOWS = os.name == "nt"
SUFFIX, NEW = ".column", ".new"
OURS = frozenset({windows_rights.ACCOUNTS})
"""What else there may be in the folder."""
FORMAT = 1
SAMPLES, SAMPLE = 64, 1 << 14
"""Places in a data file whose content is looked at, evenly spread from its first byte to its last; bytes of each."""
SETTLED = 10.0
"""Seconds that a data file must have been left alone: a change within one tick of its clock could not be seen later."""
_DIGEST = hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class KeptColumns:
    """The columns that are kept below a node's home.

    Parameters
    ----------
    home : Path
        The node's.
    clock : callable
        The time of day in seconds, as the system gives the times of files.
    """

    home: Path
    clock: Callable[[], float] = time.time

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return self.home / FOLDER

    def frame(
        self, path: Path, reading: Reading, names: Sequence[str], read: Callable[[Sequence[str]], Frame]
    ) -> Frame:
        """The columns of a data file by these names: kept ones, or what `read` gives, kept from then on.

        Raises
        ------
        FedfolderError
            As `read`.
        """
        before = self._mark(path, reading)
        found = {name: self._taken(before, name) for name in names} if before else {}
        kept = {name: frame for name, frame in found.items() if frame is not None}
        if kept and len(kept) == len(names) and len({frame.nrows for frame in kept.values()}) == 1:
            return _joined(path, kept)
        frame = read(names)
        # A file that changed while it was read is none that could be told later.
        if before and self._mark(path, reading) == before and self._is_settled(path):
            self._keep(before, frame)
        else:
            self.forget()
        return frame

    def _is_settled(self, path: Path) -> bool:
        found = path.stat()
        return self.clock() - max(found.st_mtime, found.st_ctime) > SETTLED

    def forget(self) -> int:
        """Delete all that is kept; how many columns there were.

        Raises
        ------
        ConfigError
            If one cannot be deleted.
        """
        deleted = 0
        for path in self._there():
            try:
                path.unlink()
            except OSError as error:
                what = "a kept column cannot be deleted"
                do = "close what holds it, and forget the columns again"
                raise ConfigError(what, where=str(path), found=error.strerror or "", do=do) from None
            deleted += path.suffix == SUFFIX
        with suppress(OSError):
            self.folder.rmdir()
        return deleted

    def _there(self) -> list[Path]:
        try:
            return [path for path in self.folder.iterdir() if path.suffix in {SUFFIX, NEW} or path.name in OURS]
        except OSError:
            return []

    # -- what a column was read from -----------------------------------------------------------------------------------

    def _mark(self, path: Path, reading: Reading) -> str:
        """A digest of a data file as it is now, and of how it is read; empty if that cannot be told."""
        try:
            with path.open("rb") as file:
                at = os.fstat(file.fileno())
                seen = hashlib.sha256()
                for place in sorted({max(0, at.st_size - SAMPLE) * k // (SAMPLES - 1) for k in range(SAMPLES)}):
                    file.seek(place)
                    seen.update(file.read(SAMPLE))
        except OSError:
            return ""
        what = {
            "format": FORMAT,
            "software": SOFTWARE,
            "path": str(path.absolute()),
            "file": [at.st_size, at.st_mtime_ns, at.st_ctime_ns, at.st_ino, at.st_dev],
            "content": seen.hexdigest(),
            "reading": asdict(reading),
        }
        return hashlib.sha256(json.dumps(what, sort_keys=True, default=sorted).encode()).hexdigest()

    def _place(self, mark: str, name: str) -> Path:
        return self.folder / (hashlib.sha256(f"{mark}\0{name}".encode()).hexdigest() + SUFFIX)

    # -- kept and taken ------------------------------------------------------------------------------------------------

    def _keep(self, mark: str, frame: Frame) -> None:
        """Keep the columns of a frame, and none of what was read from anything else."""
        try:
            self._make_folder()
            for path in self._there():
                if path.suffix == SUFFIX and _marked(path) != mark:
                    path.unlink()
            for name, column in frame.columns.items():
                about = {"mark": mark, "name": name, "nrows": frame.nrows, "typeless": name in frame.typeless}
                self._write(self._place(mark, name), _packed(about, column))
        except (OSError, ConfigError):
            # A full disk, or one without rights: what cannot be kept from others is not kept.
            with suppress(ConfigError):
                self.forget()

    def _make_folder(self) -> None:
        """For this account alone; on Windows each file in it has such a list of rights."""
        if not self.folder.is_dir():
            self.folder.mkdir(mode=0o700)
        if not ON_WINDOWS:
            self.folder.chmod(0o700)

    def _write(self, path: Path, parts: Sequence[bytes]) -> None:
        """Whole or not at all: a name stands for one content."""
        new = path.with_suffix(NEW)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
        with suppress(FileNotFoundError):
            new.unlink()
        with os.fdopen(os.open(new, flags, 0o600), "wb") as file:
            if ON_WINDOWS:
                windows_rights.keep_private(new)
            for part in parts:
                file.write(part)
        new.replace(path)

    def _taken(self, mark: str, name: str) -> Frame | None:
        """A kept column, alone in a frame; None if there is none, or it is damaged, which is then deleted."""
        path = self._place(mark, name)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        try:
            return _unpacked(content, mark, name)
        except (ValueError, KeyError, TypeError):
            with suppress(OSError):
                path.unlink()
            return None


def _joined(path: Path, kept: dict[str, Frame]) -> Frame:
    columns = {name: frame.columns[name] for name, frame in kept.items()}
    typeless = frozenset(name for name, frame in kept.items() if frame.typeless)
    return Frame(str(path), next(iter(kept.values())).nrows, columns, typeless)


def _packed(about: dict[str, Any], column: RawColumn) -> list[bytes]:
    """The parts of a column's file."""
    values = column.codes if isinstance(column, TextColumn) else column
    levels = list(column.levels) if isinstance(column, TextColumn) else None
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    header = json.dumps({**about, "type": values.dtype.name, "levels": levels}).encode()
    parts = [len(header).to_bytes(8, "little"), header, little.tobytes()]
    seen = hashlib.sha256()
    for part in parts:
        seen.update(part)
    return [*parts, seen.digest()]


def _unpacked(content: bytes, mark: str, name: str) -> Frame:
    """The frame of one column that a file holds; raises `ValueError` and its like for anything else."""
    inside = memoryview(content)[:-_DIGEST]
    if len(content) < _DIGEST or hashlib.sha256(inside).digest() != content[-_DIGEST:]:
        raise ValueError
    at = 8 + int.from_bytes(inside[:8], "little")
    about = json.loads(bytes(inside[8:at]))
    if (about["mark"], about["name"]) != (mark, name):
        raise ValueError
    dtype, nrows = np.dtype(about["type"]), about["nrows"]
    if dtype not in TYPES or len(inside) - at != nrows * dtype.itemsize:
        raise ValueError
    values = np.frombuffer(inside[at:], dtype=dtype.newbyteorder("<")).astype(dtype)
    column = values if about["levels"] is None else _text(values, tuple(about["levels"]))
    return Frame("", nrows, {name: column}, frozenset({name} if about["typeless"] else ()))


def _text(codes: NDArray[Any], levels: tuple[str, ...]) -> TextColumn:
    if codes.dtype not in INTEGERS or (len(codes) and not -1 <= codes.min() <= codes.max() < len(levels)):
        raise ValueError
    return TextColumn(codes, levels)


def _marked(path: Path) -> str:
    """What a kept column says it was read from."""
    try:
        with path.open("rb") as file:
            return str(json.loads(file.read(int.from_bytes(file.read(8), "little")))["mark"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError, MemoryError):
        return ""
