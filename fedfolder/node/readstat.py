"""pyreadstat at arm's length: it is C, has crashed on malformed files, and so runs in a child process.

A crash, a hang or a hunger for memory there becomes a `DataFileError` here, and the node goes on. The child gets the
path and the names on its standard input and answers on its standard output; no data touch a disk.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.errors import DataFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHILD = Path(__file__).with_name("readstat_child.py")
FAILED = 3
"""Exit code of a child that met an error, and no crash."""
SECONDS = 60.0
"""How long the child may take over a small file."""
SECONDS_PER_BYTE = 1e-6
MEMORY = 2 << 30
"""Bytes of memory that the child may use over a small file, where the system can limit it."""
MEMORY_PER_BYTE = 64
ANSWER = 16 << 20
"""Bytes of an answer about a small file; what comes beyond the limit is not read."""
ANSWER_PER_BYTE = 64
_AT_A_TIME = 1 << 20


@dataclass(frozen=True, slots=True)
class Labels:
    """Of each variable its label, in the file's order, and how many value labels it has (if any)."""

    variables: dict[str, str]
    value_labels: dict[str, int]


def read_labels(path: Path) -> Labels:
    """The variables of a .dta.

    Raises
    ------
    DataFileError
        The library cannot read it, or crashed, hung or used too much memory over it.
    """
    head, _ = _ask(path, None)
    return Labels({str(name): str(label) for name, label in head["labels"]}, dict(head["value_labels"]))


def read_columns(path: Path, names: Sequence[str]) -> dict[str, Any]:
    """The named columns of a .dta: an array of float64 with NaN for missing, or a list of texts.

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
    size = path.stat().st_size
    seconds = SECONDS + SECONDS_PER_BYTE * size
    limits = {"memory": MEMORY + MEMORY_PER_BYTE * size, "seconds": int(seconds) + 10}
    request = {"path": str(path.absolute()), "names": names, **limits}
    answer = _run(path, json.dumps(request).encode(), seconds, ANSWER + ANSWER_PER_BYTE * size)
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
            [sys.executable, "-P", str(CHILD)],
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
    do = "copy it again, or save it again in Stata"
    return DataFileError("the Stata file cannot be read", where=str(path), found=found, do=do)
