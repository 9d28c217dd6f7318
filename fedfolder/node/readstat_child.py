"""The program that runs libraries in C and C++ where they can do no harm: in a process of its own.

It is started by its path (see readstat.py), reads one JSON request from its standard input, and writes one answer to
its standard output: the length of a JSON header (8 bytes), the header, and the columns' bytes. Numbers are 8 bytes
each, little-endian; a text column is the place of each row's text (4 bytes each) in a JSON list of the distinct ones.
Nothing is written to any disk. Whatever goes wrong is told by the exit code alone: an error's own words may quote the
data.

Dates leave as Stata keeps them: days since 1960-01-01, or milliseconds if they have a time.

It imports nothing of fedfolder, so that it starts fast and cannot pick up what it does not need.
"""

# ruff: noqa: ANN401 - what these libraries give has no types

from __future__ import annotations

import json
import os
import re
import signal
import sys
from typing import Any

FAILED = 3
"""Exit code: the library raised an error, as it does over a damaged file."""
ABSENT = 4
"""Exit code: the library is not installed."""

READERS = {
    "dta": "read_dta",
    "sav": "read_sav",
    "zsav": "read_sav",
    "por": "read_por",
    "sas7bdat": "read_sas7bdat",
    "xpt": "read_xport",
}
"""Kinds of files, and who reads them in pyreadstat."""

DAY = 86_400
SPSS_EPOCH = 137_775
"""Days from 1582-10-14 to 1960-01-01."""
UNIX_EPOCH = 3_653
"""Days from 1960-01-01 to 1970-01-01."""
SPSS_DAYS = {"DATE", "ADATE", "EDATE", "JDATE", "SDATE", "QYR", "MOYR", "WKYR"}
SPSS_TIMES = {"DATETIME", "YMDHMS"}
SAS_TIMES = {
    "DATETIME",
    "DATEAMPM",
    "MDYAMPM",
    "DTDATE",
    "DTMONYY",
    "DTYEAR",
    "E8601DT",
    "B8601DT",
    "IS8601DT",
    "DTWKDATX",
}
DAYS, MILLISECONDS = "days", "milliseconds"


def main() -> int:
    """Answer the request; return the exit code."""
    # What a library prints goes nowhere near the answer.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    request = json.loads(sys.stdin.buffer.read())
    restrain(request["memory"], request["seconds"])
    try:
        parts = answered(request)
    except ModuleNotFoundError:
        return ABSENT
    except Exception:  # noqa: BLE001  (whatever it is: see above)
        return FAILED
    with answer:
        for part in parts:
            answer.write(part)
    return 0


def answered(request: dict[str, Any]) -> list[bytes]:
    """The parts of the answer: about the file, or its columns if there are names."""
    reader = Parquet if request["kind"] == "parquet" else Readstat
    library = reader(request["kind"], request["path"])
    head, parts = library.about() if request["names"] is None else library.columns(request["names"])
    header = json.dumps({**head, "bytes": [len(part) for part in parts]}).encode()
    return [len(header).to_bytes(8, "little"), header, *parts]


def restrain(memory: int, seconds: int) -> None:
    """Limit this process where the system can: memory in bytes, an end of its own, no dump of it on a disk."""
    # One thread, and room made as it is needed: many libraries make room for many threads beforehand.
    os.environ.update({"ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
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


class Readstat:
    """A file that pyreadstat reads."""

    def __init__(self, kind: str, path: str) -> None:
        import pyreadstat

        self.kind = kind
        self.path = path
        self.read = getattr(pyreadstat, READERS[kind])

    def about(self) -> tuple[dict[str, Any], list[bytes]]:
        """Names, labels, what is a date, and no rows."""
        _, found = self.read(self.path, metadataonly=True)
        labels = [[name, label or ""] for name, label in found.column_names_to_labels.items()]
        texts = {
            name: [[spelled(value), str(text)] for value, text in values.items()]
            for name, values in found.variable_value_labels.items()
        }
        units = {name: unit for name, _ in labels if (unit := self.unit(name, found))}
        return {"labels": labels, "value_labels": texts, "units": units}, []

    def unit(self, name: str, found: Any) -> str:
        """What the numbers of a variable count, if it is a date."""
        form = re.sub(r"[0-9.]+$", "", (getattr(found, "original_variable_types", {}).get(name) or "").upper())
        if self.kind in {"sav", "zsav", "por"}:
            return DAYS if form in SPSS_DAYS else MILLISECONDS if form in SPSS_TIMES else ""
        return MILLISECONDS if self.kind in {"sas7bdat", "xpt"} and form in SAS_TIMES else ""

    def columns(self, names: list[str]) -> tuple[dict[str, Any], list[bytes]]:
        """The named columns, all rows of them."""
        values, found = self.read(self.path, usecols=names, disable_datetime_conversion=True, output_format="dict")
        kinds: list[str] = []
        parts: list[bytes] = []
        for name in names:
            if found.readstat_variable_types[name].startswith("string"):
                kinds.append("text")
                parts.extend(numbered(values[name]))
            else:
                kinds.append("numbers")
                parts.append(self.numbers(values[name], self.unit(name, found)))
        return {"kinds": kinds}, parts

    def numbers(self, values: list[Any], unit: str) -> bytes:
        """Numbers, dates as Stata keeps them: SPSS counts seconds since 1582, SAS since 1960."""
        import numpy as np

        found = np.asarray(values, dtype="<f8")
        if unit:
            found = found - (0 if self.kind in {"sas7bdat", "xpt"} else SPSS_EPOCH * DAY)
            found = found / DAY if unit == DAYS else found * 1000
        return found.tobytes()


class Parquet:
    """A file that pyarrow reads."""

    def __init__(self, _kind: str, path: str) -> None:
        import pyarrow as pa
        import pyarrow.parquet

        pa.set_cpu_count(1)
        pa.set_io_thread_count(1)
        self.arrow = pa
        self.file = pa.parquet.ParquetFile(path, memory_map=False, pre_buffer=False)
        self.schema = self.file.schema_arrow
        if len(set(self.schema.names)) < len(self.schema.names):
            raise ValueError

    def about(self) -> tuple[dict[str, Any], list[bytes]]:
        """Names, what is a date, what cannot be read, and no rows."""
        units = {field.name: unit for field in self.schema if (unit := self.unit(field.type))}
        labels = [[name, ""] for name in self.schema.names]
        unread = [field.name for field in self.schema if not self.is_read(field.type)]
        return {"labels": labels, "value_labels": {}, "units": units, "unread": unread}, []

    def is_text(self, kind: Any) -> bool:
        """Whether a column holds text, each row its own or by number."""
        types = self.arrow.types
        if types.is_dictionary(kind):
            kind = kind.value_type
        return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))

    def is_read(self, kind: Any) -> bool:
        """Whether a column's values are numbers, dates or text."""
        types = self.arrow.types
        if types.is_dictionary(kind) and not self.is_text(kind):
            return self.is_read(kind.value_type)
        numbers = (types.is_boolean, types.is_integer, types.is_floating, types.is_decimal, types.is_null)
        return self.is_text(kind) or bool(self.unit(kind)) or any(check(kind) for check in numbers)

    def unit(self, kind: Any) -> str:
        """What the numbers of a variable count, if it is a date."""
        types = self.arrow.types
        return DAYS if types.is_date(kind) else MILLISECONDS if types.is_timestamp(kind) else ""

    def columns(self, names: list[str]) -> tuple[dict[str, Any], list[bytes]]:
        """The named columns, all rows of them."""
        kinds: list[str] = []
        parts: list[bytes] = []
        for name in names:
            # One at a time: what is not wanted is never unpacked, and what is takes room once.
            table = self.file.read(columns=[name], use_threads=False)
            column, kind = table.column(name), self.schema.field(name).type
            if self.is_text(kind):
                kinds.append("text")
                parts.extend(numbered(column.to_pylist()))
            else:
                kinds.append("numbers")
                parts.append(self.numbers(column, kind).astype("<f8").tobytes())
        return {"kinds": kinds}, parts

    def numbers(self, column: Any, kind: Any) -> Any:
        """Numbers, dates as Stata keeps them; what is null is NaN."""
        import numpy as np

        if not self.is_read(kind):
            raise TypeError
        arrow, unit = self.arrow, self.unit(kind)
        if arrow.types.is_dictionary(kind):
            column = column.cast(kind.value_type)
        if unit:
            shift = UNIX_EPOCH if unit == DAYS else UNIX_EPOCH * DAY * 1000
            whole = arrow.date32() if unit == DAYS else arrow.timestamp("us", kind.tz)
            column = column.cast(whole, safe=False).cast(arrow.int32() if unit == DAYS else arrow.int64())
            return doubles(column) / (1 if unit == DAYS else 1000) + shift
        if arrow.types.is_decimal(kind):
            # Python's conversion of a Decimal is the nearest double.
            values = [float("nan") if value is None else float(value) for value in column.to_pylist()]
            return np.asarray(values, dtype=np.float64)
        return doubles(column)


def doubles(column: Any) -> Any:
    """Numbers and truths as float64, NaN where there is none."""
    import numpy as np

    kind = str(column.type)
    if kind == "null":
        return np.full(len(column), np.nan)
    values = column.cast("uint8") if kind == "bool" else column
    return np.asarray(values.to_numpy(), dtype=np.float64)


def numbered(texts: list[str | None]) -> tuple[bytes, bytes]:
    """The place of each text in the list of the distinct ones, and that list; None is the empty text."""
    import numpy as np

    places: dict[str | None, int] = {}
    codes = [places.setdefault(text, len(places)) for text in texts]
    distinct = ["" if text is None else text for text in places]
    if not all(isinstance(text, str) for text in distinct):
        raise TypeError
    return np.asarray(codes, dtype="<i4").tobytes(), json.dumps(distinct).encode()


def spelled(value: Any) -> str:
    """A value that has a label, as a level is spelt."""
    return str(int(value)) if isinstance(value, (int, float)) and float(value).is_integer() else str(value)


if __name__ == "__main__":
    sys.exit(main())
