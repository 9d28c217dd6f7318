"""pyreadstat and pyarrow at arm's length: C and C++ have crashed on malformed files, and so run in a child process.

A crash, a hang or a hunger for memory there becomes a `DataFileError` here, and the node goes on. The child gets the
path and the names on its standard input and answers on its standard output; no data touch a disk.
"""

from __future__ import annotations

import json
import subprocess
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.errors import DataFileError
from fedfolder.process import interpreter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CHILD = Path(__file__).with_name("readstat_child.py")
FAILED, ABSENT = 3, 4
"""Exit codes of a child that met an error, and no crash; of one that lacks the library."""
SECONDS = 60.0
"""How long the child may take over a small file."""
SECONDS_PER_BYTE = 1e-6
MEMORY = 2 << 30
"""Bytes of memory that the child may use over a small file, where the system can limit it."""
MEMORY_PER_BYTE = 64
ANSWER = 16 << 20
"""Bytes of an answer about a small file; what comes beyond the limit is not read."""
ANSWER_PER_BYTE = 64
UNPACKED = 1 << 30
"""Bytes more, of the answer and of memory, for a file that holds its rows packed."""
PACKED = frozenset({"zsav", "sas7bdat", "parquet"})
PROGRAMS = {
    "dta": "Stata",
    "sav": "SPSS",
    "zsav": "SPSS",
    "por": "SPSS",
    "sas7bdat": "SAS",
    "xpt": "SAS",
    "parquet": "Parquet",
}
"""Kinds of files by their suffix, and who they are named after."""
_AT_A_TIME = 1 << 20


@dataclass(frozen=True, slots=True)
class Labels:
    """The variables of a file.

    Parameters
    ----------
    variables : dict of str to str
        The label of each, in the file's order.
    value_labels : dict of str to dict of str to str
        The value labels of those that have any: a value, spelt as a level is, and its text.
    units : dict of str to str
        Of dates, what their numbers count: days, or milliseconds.
    unread : frozenset of str
        Those of a type that is not read.
    """

    variables: dict[str, str]
    value_labels: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    units: Mapping[str, str] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()


def kind_of(path: Path) -> str:
    """The kind of a data file, one of `PROGRAMS`, by its suffix."""
    return path.suffix.lower().removeprefix(".")


def read_labels(path: Path) -> Labels:
    """The variables of a file.

    Raises
    ------
    DataFileError
        The library cannot read it, is not installed, or crashed, hung or used too much memory over it.
    """
    head, _ = _ask(path, None)
    try:
        return Labels(
            {str(name): str(label) for name, label in head["labels"]},
            {str(name): {str(v): str(t) for v, t in texts} for name, texts in head["value_labels"].items()},
            {str(name): str(unit) for name, unit in head["units"].items()},
            frozenset(map(str, head.get("unread", []))),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _failure(path, "the program that reads it gave no sense") from None


def read_columns(path: Path, names: Sequence[str]) -> dict[str, Any]:
    """The named columns of a file: an array of float64 with NaN for missing, or a list of texts.

    Raises
    ------
    DataFileError
        As `read_labels`.
    """
    head, parts = _ask(path, list(names))
    found: dict[str, Any] = {}
    for name, kind in zip(names, head["kinds"], strict=True):
        if kind == "numbers":
            found[name] = np.frombuffer(parts.pop(0), dtype="<f8").astype(np.float64)
        else:
            codes, levels = np.frombuffer(parts.pop(0), dtype="<i4"), json.loads(parts.pop(0))
            found[name] = [levels[code] for code in codes.tolist()]
    return found


def _ask(path: Path, names: list[str] | None) -> tuple[dict[str, Any], list[bytes]]:
    """The header and the columns of the child's answer."""
    size, kind = path.stat().st_size, kind_of(path)
    unpacked = UNPACKED if kind in PACKED else 0
    seconds = SECONDS + SECONDS_PER_BYTE * size
    limits = {"memory": MEMORY + 2 * unpacked + MEMORY_PER_BYTE * size, "seconds": int(seconds) + 10}
    request = {"path": str(path.absolute()), "kind": kind, "names": names, **limits}
    answer = _run(path, json.dumps(request).encode(), seconds, ANSWER + unpacked + ANSWER_PER_BYTE * size)
    try:
        return _taken_apart(answer)
    except (ValueError, KeyError, TypeError):
        raise _failure(path, "the program that reads it gave no sense") from None


def _taken_apart(answer: bytes) -> tuple[dict[str, Any], list[bytes]]:
    at = 8 + int.from_bytes(answer[:8], "little")
    head = json.loads(answer[8:at])
    parts = []
    for length in head["bytes"]:
        parts.append(answer[at : at + length])
        at += length
    if at != len(answer):
        raise ValueError
    return head, parts


def _run(path: Path, request: bytes, seconds: float, most: int) -> bytes:
    """Run the child to its end, which comes after `seconds` at the latest; what it wrote, `most` bytes of it."""
    with _started(path) as child, _deadline(child, seconds) as late:
        answer = _converse(child, request, most)
        code = child.wait()
    if late.is_set():
        raise _failure(path, "reading it took too long")
    if len(answer) > most:
        raise _failure(path, "the program that reads it gave no sense")
    if code == ABSENT:
        raise _absent(path)
    if code == FAILED:
        raise _failure(path, "a damaged or truncated file, a version that is not known, or too little memory")
    if code != 0:
        raise _failure(path, "the library that reads it crashed over it")
    return answer


@contextmanager
def _started(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The child, which is gone on leaving, whatever happened."""
    try:
        # -P: nothing that lies beside the child's file is imported by its name. What it says of errors may quote data.
        child = subprocess.Popen(  # noqa: S603  (this Python, and a file of ours)
            [interpreter(), "-P", str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (OSError, ValueError):
        raise _failure(path, "the program that reads it could not be started") from None
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            with suppress(OSError):  # what a child that died has not read cannot be flushed
                pipe.close()  # type: ignore[union-attr]


@contextmanager
def _deadline(child: subprocess.Popen[bytes], seconds: float) -> Iterator[threading.Event]:
    """End the child after some time; what is given is set if that was done."""
    late = threading.Event()

    def end() -> None:
        late.set()
        child.kill()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _converse(child: subprocess.Popen[bytes], request: bytes, most: int) -> bytes:
    """Say what is wanted, and hear the answer out, or little more than `most` bytes of it."""
    with suppress(OSError):  # a child that is gone already: its exit code tells more
        child.stdin.write(request)  # type: ignore[union-attr]
        child.stdin.close()  # type: ignore[union-attr]
    answer = bytearray()
    while len(answer) <= most and (part := child.stdout.read(_AT_A_TIME)):  # type: ignore[union-attr]
        answer += part
    if len(answer) > most:
        child.kill()
    return bytes(answer)


def _failure(path: Path, found: str) -> DataFileError:
    program = PROGRAMS[kind_of(path)]
    do = (
        f"copy it again, or save it again in {program}"
        if kind_of(path) != "parquet"
        else "copy it again, or make it again"
    )
    return DataFileError(f"the {program} file cannot be read", where=str(path), found=found, do=do)


def _absent(path: Path) -> DataFileError:
    """The library is an extra, or the installation is not whole."""
    extra = kind_of(path) == "parquet"
    what = f"{'pyarrow' if extra else 'pyreadstat'}, which reads such files, is not installed here"
    return DataFileError(what, where=str(path), do=f"pip install fedfolder{'[parquet]' if extra else ''}")
