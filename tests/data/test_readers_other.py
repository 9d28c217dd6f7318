"""Files of SPSS, SAS and Parquet: what another program wrote is read, and any other bytes are an error.

small.sas7bdat was written by ReadStat's own writer (through ctypes: pyreadstat has no way to it), three rows of four
variables, and pandas' reader of such files, which is another program, reads the same.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import random
import shutil
import struct
import time
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from fedfolder.errors import DataFileError, VariableError
from fedfolder.node import readstat, readstat_child
from fedfolder.node.data import describe, read_variables
from fedfolder.node.readers_other import SIGNATURES
from fedfolder.node.sources import SUFFIXES
from tests.data.test_malformed_dta import mutated
from tests.data.test_recode import values

if TYPE_CHECKING:
    from collections.abc import Callable

SAS = Path(__file__).parent / "golden" / "small.sas7bdat"
KINDS = ["sav", "zsav", "por", "sas7bdat", "xpt", "parquet"]
BITS = [0.1, -2.5, 1e-300, 2**53 - 1.0, math.nan]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the child would answer, without the half second that it takes to start; for files that do no harm."""
    monkeypatch.setattr(
        readstat, "_run", lambda _, request, *__: b"".join(readstat_child.answered(json.loads(request)))
    )


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "X": BITS,
            "G": [1.0, 2.0, 9.0, math.nan, 1.0],
            "T": ["Øst", "", " b  c ", "é", "e\u0301"],
            "DX": [dt.date(1960, 1, 2), dt.date(2020, 2, 29), None, dt.date(1959, 12, 31), dt.date(1960, 1, 1)],
            "SEEN": pd.to_datetime(["1960-01-01 00:00:01", "NaT", "2020-01-01 12:00:00", "NaT", "NaT"]),
        }
    )


EXPECTED: dict[str, list[Any]] = {
    "X": [0.1, -2.5, 1e-300, 2**53 - 1.0, None],
    "G": [1, 2, 9, None, 1],
    "T": ["Øst", None, "b c", "é", "é"],
    "DX": [1, 21974, None, -1, 0],
    "SEEN": [1000, None, 1893499200000, None, None],
}


def make(kind: str, folder: Path) -> Path:
    """A small file as another program writes it."""
    path = folder / f"node.{kind}"
    match kind:
        case "sav":
            pyreadstat.write_sav(frame(), str(path))
        case "zsav":
            pyreadstat.write_sav(frame(), str(path), compress=True)
        case "por":
            # Its writer knows no letters beyond ASCII.
            pyreadstat.write_por(frame().assign(T=["ost", "", " b  c ", "e", "e"]), str(path))
        case "xpt":
            pyreadstat.write_xport(frame(), str(path))
        case "sas7bdat":
            shutil.copy(SAS, path)
        case "parquet":
            pytest.importorskip("pyarrow")
            frame().to_parquet(path, index=False)
    return path


def read(path: Path, *names: str) -> dict[str, list[Any]]:
    return {name: values(column) for name, column in read_variables(path, names).columns.items()}


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"sas7bdat"}))
def test_what_is_written_is_read(tmp_path: Path, kind: str):
    found = read(make(kind, tmp_path), "SEEN", "X", "T", "DX", "G")
    if kind in {"xpt", "por"}:
        # Neither holds every float64: one has another base, the other writes digits to the base of 30.
        *numbers, missing = found.pop("X")
        assert numbers == pytest.approx(EXPECTED["X"][:-1], rel=1e-13)
        assert missing is None
    expected = EXPECTED if kind != "por" else EXPECTED | {"T": ["ost", None, "b c", "e", "e"]}
    assert found == {name: expected[name] for name in found}


def test_sas_is_read_as_another_program_reads_it():
    expected: dict[str, list[Any]] = {
        "age": [34.5, None, 0.1],
        "dx": [0, 21974, None],
        "sex": ["M", None, "Øst"],
        "seen": [60_000, None, -1000],
    }
    assert read(SAS, *expected) == expected
    other = pd.read_sas(SAS, encoding="utf-8")
    assert other["age"].tolist()[::2] == [34.5, 0.1]
    assert [info.label for info in describe(SAS).variables] == ["age in years", "day of diagnosis", "sex", "last seen"]


@pytest.mark.parametrize("sign", ["_", "Z"])
@pytest.mark.usefixtures("here")
def test_special_missing_values_of_sas_are_missing(tmp_path: Path, sign: str):
    content = SAS.read_bytes()
    written = struct.pack("<d", 34.5)
    assert content.count(written) == 1
    # A missing value is a NaN; the third byte tells which.
    missing = bytes(5) + bytes([{"_": 0xFF, "Z": 0xE4}[sign], 0xFF, 0xFF])
    path = tmp_path / "node.sas7bdat"
    path.write_bytes(content.replace(written, missing))
    assert read(path, "age") == {"age": [None, None, 0.1]}


@pytest.mark.usefixtures("here")
def test_missing_values_and_value_labels_of_spss(tmp_path: Path):
    path = tmp_path / "node.sav"
    data = pd.DataFrame({"a": [1.0, 9.0, 98.0, math.nan, -1.0], "t": ["x", "99", "", "y", "x"]})
    labels: Any = {"a": {1.0: "one", 9.0: "unknown"}, "t": {"x": "an x"}}
    pyreadstat.write_sav(
        data,
        str(path),
        missing_ranges={"a": [9, {"lo": 97, "hi": 99}], "t": ["99"]},
        variable_value_labels=labels,
        column_labels={"a": "a label"},
    )
    assert read(path, "a", "t") == {"a": [1, None, None, None, -1], "t": ["x", None, None, "y", "x"]}
    described = {info.name: info for info in describe(path).variables}
    assert described["a"].type == "numeric"
    assert described["a"].texts == {"1": "one", "9": "unknown"}
    assert described["t"].texts == {"x": "an x"}
    assert (described["a"].label, described["a"].value_labels, described["a"].missing) == ("a label", 2, 3)
    assert "unknown" not in repr(described)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("kind", KINDS)
def test_describe_and_read_agree_and_only_what_is_wanted_is_read(tmp_path: Path, kind: str):
    path = make(kind, tmp_path)
    described = describe(path)
    names = [info.name for info in described.variables]
    found = read(path, *names)
    assert {info.name: info.missing for info in described.variables} == {n: c.count(None) for n, c in found.items()}
    assert [info.type for info in described.variables] == [
        "text" if any(isinstance(value, str) for value in column) else "numeric" for column in found.values()
    ]
    assert "milliseconds" in described.variables[-1].note
    assert read(path, names[1]) == {names[1]: found[names[1]]}


@pytest.mark.usefixtures("here")
def test_every_type_of_parquet(tmp_path: Path):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "node.parquet"
    table: dict[str, Any] = {
        "b": pa.array([True, None, False]),
        "i": pa.array([1, None, 2**53 - 1], pa.int64()),
        "u": pa.array([1, 2, 2**32 - 1], pa.uint32()),
        "f": pa.array([0.5, None, math.nan], pa.float32()),
        "dec": pa.array([Decimal("0.10"), None, Decimal("-2.50")]),
        "null": pa.nulls(3),
        "s": pa.array(["a", None, ""], pa.large_string()),
        "cat": pa.array(["a", None, "b"]).dictionary_encode(),
        "codes": pa.array([5, None, 7]).dictionary_encode(),
        "d64": pa.array([dt.date(1960, 1, 2), None, None], pa.date64()),
        "ns": pa.array([1, None, 0], pa.timestamp("ns", "UTC")),
        "a.b": pa.array([1.0, 2.0, 3.0]),
        "list": pa.array([[1], None, []]),
        "bytes": pa.array([b"a", None, b""]),
    }
    parquet.write_table(pa.table(table), path)
    names = [name for name in table if name not in {"list", "bytes"}]
    expected: dict[str, list[Any]] = {
        "b": [1, None, 0],
        "i": [1, None, 2**53 - 1],
        "u": [1, 2, 2**32 - 1],
        "f": [0.5, None, None],
        "dec": [0.1, None, -2.5],
        "null": [None] * 3,
        "s": ["a", None, None],
        "cat": ["a", None, "b"],
        "codes": [5, None, 7],
        "d64": [1, None, None],
        "ns": [315619200000, None, 315619200000],
        "a.b": [1, 2, 3],
    }
    assert read(path, *names) == expected
    described = {info.name: info for info in describe(path).variables}
    for name in ("list", "bytes"):
        assert "not read" in described[name].problem
        with pytest.raises(VariableError, match=f"variable {name}"):
            read_variables(path, [name])


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("kind", KINDS)
def test_no_rows(tmp_path: Path, kind: str):
    path, nothing = tmp_path / f"node.{kind}", frame()[["X", "G"]].iloc[:0]
    writers: dict[str, Callable[..., Any]] = {
        "sav": pyreadstat.write_sav,
        "zsav": pyreadstat.write_sav,
        "por": pyreadstat.write_por,
        "xpt": pyreadstat.write_xport,
        "parquet": lambda data, where: data.to_parquet(where),
    }
    if kind not in writers:
        pytest.skip("nothing here writes such files")
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    writers[kind](nothing, str(path))
    assert read(path, "G") == {"G": []}
    assert describe(path).nrows == 0


# -- what is not as it should be ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(SIGNATURES))
def test_a_file_of_another_kind_says_so_without_a_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str):
    monkeypatch.setattr(readstat, "read_labels", lambda _: pytest.fail("a child was started"))
    path = tmp_path / f"node.{kind}"
    for content in (b"", b"x,y\n1,2\n", b"PK\3\4" + bytes(100)):
        path.write_bytes(content)
        with pytest.raises(DataFileError, match=f"named .{kind} but is no"):
            describe(path)


def test_every_kind_has_a_reader():
    assert {f".{kind}" for kind in [*KINDS, "dta", "csv", "tsv", "txt"]} == SUFFIXES
    assert set(readstat_child.READERS) | {"parquet"} == set(readstat.PROGRAMS)
    assert (readstat.FAILED, readstat.ABSENT) == (readstat_child.FAILED, readstat_child.ABSENT)


@pytest.mark.parametrize(
    ("kind", "line"), [("parquet", "pip install fedfolder[parquet]"), ("sav", "pip install fedfolder")]
)
def test_a_library_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, line: str):
    path = make(kind, tmp_path)
    (tmp_path / "none").mkdir()
    for name in ("pyarrow", "pyreadstat"):
        text = f"raise ModuleNotFoundError('No module named {name}')\n"
        (tmp_path / "none" / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "none"))
    with pytest.raises(DataFileError) as caught:
        describe(path)
    assert caught.value.do == line


@pytest.mark.parametrize("kind", ["sav", "parquet"])
def test_a_library_that_crashes_is_an_error_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str):
    path = make(kind, tmp_path)
    (tmp_path / "fake").mkdir()
    for name in ("pyarrow", "pyreadstat"):
        (tmp_path / "fake" / f"{name}.py").write_text("import os\nos.abort()\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "fake"))
    with pytest.raises(DataFileError, match="crashed"):
        describe(path)


MUTATIONS = 4


@pytest.mark.parametrize("kind", KINDS)
def test_any_bytes_are_data_or_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str):
    """Fault 96, for every kind that a library in C or C++ reads: cut short, bits flipped, lengths of nonsense."""
    monkeypatch.setattr(readstat, "SECONDS", 20.0)
    path = make(kind, tmp_path)
    good = path.read_bytes()
    chance = random.Random(96)  # noqa: S311 - which bytes change, no secret
    started = time.monotonic()
    for number in range(MUTATIONS):
        path.write_bytes(good[: len(good) * number // MUTATIONS] if number % 2 else mutated(good, chance))
        with suppress(DataFileError):
            names = list(readstat.read_labels(path).variables)
            assert list(readstat.read_columns(path, names)) == names
    assert time.monotonic() - started < 100


def test_a_parquet_that_claims_a_huge_column_gets_a_bounded_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A packed file may hold a thousand times what its length tells."""
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "node.parquet"
    parquet.write_table(pa.table({"x": np.zeros(4_000_000)}), path)
    assert path.stat().st_size < 100_000
    assert read_variables(path, ["x"]).nrows == 4_000_000
    monkeypatch.setattr(readstat, "UNPACKED", 0)
    with pytest.raises(DataFileError):
        read_variables(path, ["x"])
