"""The program that runs pyreadstat, a library in C, where it can do no harm: in a process of its own.

It is started by its path (see readstat.py), reads one JSON request from its standard input, and writes one answer to
its standard output: the length of a JSON header (8 bytes), the header, and the columns' bytes. Numbers are 8 bytes
each, little-endian; a text column is the place of each row's text (4 bytes each) in a JSON list of the distinct ones.
Nothing is written to any disk. Whatever goes wrong is told by the exit code alone: an error's own words may quote the
data.

It imports nothing of fedfolder, so that it starts fast and cannot pick up what it does not need.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

FAILED = 3
"""Exit code: the library raised an error, as it does over a damaged file."""


def main() -> int:
    """Answer the request; return the exit code."""
    # What a library prints goes nowhere near the answer.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    request = json.loads(sys.stdin.buffer.read())
    restrain(request["memory"], request["seconds"])
    try:
        head, parts = about(request["path"]) if request["names"] is None else columns(request["path"], request["names"])
    except Exception:  # noqa: BLE001  (whatever it is: see above)
        return FAILED
    header = json.dumps({**head, "bytes": [len(part) for part in parts]}).encode()
    with answer:
        for part in (len(header).to_bytes(8, "little"), header, *parts):
            answer.write(part)
    return 0


def restrain(memory: int, seconds: int) -> None:
    """Limit this process where the system can: memory in bytes, an end of its own, no dump of it on a disk."""
    if sys.platform == "win32":
        import ctypes

        # No window that waits for a person when it crashes: SEM_FAILCRITICALERRORS and SEM_NOGPFAULTERRORBOX.
        ctypes.windll.kernel32.SetErrorMode(0x0001 | 0x0002)
        return
    import resource

    # If whoever started it was killed, nobody else would end it.
    signal.alarm(seconds)
    for limit, value in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, memory)):
        try:
            resource.setrlimit(limit, (value, value))
        except (OSError, ValueError):
            continue


def about(path: str) -> tuple[dict[str, Any], list[bytes]]:
    """Names, labels and no rows."""
    import pyreadstat

    _, found = pyreadstat.read_dta(path, metadataonly=True)
    labels = [[name, label or ""] for name, label in found.column_names_to_labels.items()]
    counts = {name: len(values) for name, values in found.variable_value_labels.items()}
    return {"labels": labels, "value_labels": counts}, []


def columns(path: str, names: list[str]) -> tuple[dict[str, Any], list[bytes]]:
    """The named columns, all rows of them."""
    import numpy as np
    import pyreadstat

    values, found = pyreadstat.read_dta(path, usecols=names, disable_datetime_conversion=True, output_format="dict")
    kinds: list[str] = []
    parts: list[bytes] = []
    for name in names:
        if found.readstat_variable_types[name].startswith("string"):
            kinds.append("text")
            parts.extend(numbered(values[name]))
        else:
            kinds.append("numbers")
            parts.append(np.asarray(values[name], dtype="<f8").tobytes())
    return {"kinds": kinds}, parts


def numbered(texts: list[str]) -> tuple[bytes, bytes]:
    """The place of each text in the list of the distinct ones, and that list."""
    import numpy as np

    places: dict[str, int] = {}
    codes = [places.setdefault(text, len(places)) for text in texts]
    if not all(isinstance(text, str) for text in places):
        raise TypeError
    return np.asarray(codes, dtype="<i4").tobytes(), json.dumps(list(places)).encode()


if __name__ == "__main__":
    sys.exit(main())
