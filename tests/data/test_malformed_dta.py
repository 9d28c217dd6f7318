"""Malformed .dta files: an error each, and the process that reads them lives on."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
import time
import tracemalloc
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from fedfolder.errors import DataFileError
from fedfolder.node import readers_dta, readstat, readstat_child
from fedfolder.node.data import describe, read_variables
from fedfolder.node.dta_header import require_possible
from fedfolder.node.readers_dta import PANDAS, PYREADSTAT, read_with
from tests.data.old_dta import NAMES, ROWS, VERSIONS, old_dta
from tests.data.test_readers_dta import everything, plain, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such limits")
NEW = [117, 118, 119]


def unknown(_path: Path) -> NoReturn:
    message = "a version that pandas does not know"
    raise ValueError(message)


@pytest.fixture
def only_pyreadstat(monkeypatch: pytest.MonkeyPatch) -> None:
    """No version is known to pandas."""
    monkeypatch.setattr(readers_dta, "PANDAS", PANDAS._replace(labels=unknown))


@pytest.fixture
def no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that is started fails the test."""
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a child was started"))


# -- old versions, and the child's answers ---------------------------------------------------------------------------


@pytest.mark.usefixtures("no_child")
@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize("version", VERSIONS)
def test_old_versions_are_read_by_pandas_without_a_child(tmp_path: Path, version: int, order: str):
    path = tmp_path / "old.dta"
    path.write_bytes(old_dta(version, order))
    require_possible(path)
    columns = plain(read_variables(path, NAMES))
    expected = {name: [row[place] or None for row in ROWS] for place, name in enumerate(NAMES)}
    assert columns == expected
    described = describe(path)
    assert [(info.name, info.label, info.missing) for info in described.variables][::5] == [
        ("a_byte", "a label", 1),
        ("text", "another", 1),
    ]


@pytest.mark.usefixtures("only_pyreadstat")
@pytest.mark.parametrize("version", [105, 108, 110, 115])
def test_old_versions_are_read_by_the_child_as_pyreadstat_reads_them_here(tmp_path: Path, version: int):
    path = tmp_path / "old.dta"
    path.write_bytes(old_dta(version))
    values, about = pyreadstat.read_dta(str(path), disable_datetime_conversion=True, output_format="dict")
    found = read_variables(path, NAMES)
    for name in NAMES[:-1]:
        assert plain(found)[name] == [None if value is None or np.isnan(value) else value for value in values[name]]
    assert plain(found)["text"] == [text or None for text in values["text"]]
    assert readstat.read_labels(path).variables == {n: x or "" for n, x in about.column_names_to_labels.items()}
    if version > 105:
        path.write_bytes(old_dta(version))
        assert plain(found) == plain(read_with(PANDAS, path, NAMES))


@pytest.mark.usefixtures("no_child")
@pytest.mark.parametrize("version", NEW)
def test_an_ordinary_file_starts_no_child(tmp_path: Path, version: int):
    path = write(tmp_path / "node.dta", everything(), version)
    assert describe(path).nrows == 4
    assert read_variables(path, ["a_byte", "text"]).nrows == 4


@pytest.mark.parametrize("version", [114, *NEW])
def test_both_libraries_count_the_same_value_labels(tmp_path: Path, version: Any):
    frame = everything()[["a_byte", "a_int", "text"]].rename(columns={"a_int": "b"})
    labels: Any = {"a_byte": {1: "one", 100: "a hundred"}, "b": {k: f"label {k}" for k in range(40)}}
    path = tmp_path / "node.dta"
    frame.to_stata(path, write_index=False, version=version, value_labels=labels)
    expected = {"a_byte": {"1": "one", "100": "a hundred"}, "b": {str(k): f"label {k}" for k in range(40)}}
    assert PANDAS.value_labels(path) == PYREADSTAT.value_labels(path) == expected


def test_texts_and_numbers_come_back_from_the_child_as_they_were(tmp_path: Path):
    texts = ["", "é", "\U0001f600", 'say "x", \\n', "a" * 2000, "é"]
    frame = pd.DataFrame({"t": texts, "x": [0.1, -0.0, 5e-324, 8.9e307, np.nan, 2**53 + 1.0]})
    path = tmp_path / "Jörg's data & more.dta"
    frame.to_stata(path, write_index=False, version=118)
    columns = readstat.read_columns(path, ["x", "t"])
    assert columns["t"] == texts
    assert columns["x"].tobytes() == frame["x"].to_numpy().tobytes()


def test_both_programs_agree_on_the_exit_code():
    assert readstat.FAILED == readstat_child.FAILED


# -- a library that misbehaves -----------------------------------------------------------------------------------------


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Put a pyreadstat in the child's way that does as told; the file that it is told to read."""
    folder = tmp_path / "fake"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(folder))
    path = tmp_path / "node.dta"
    path.write_bytes(b"<stata_dta><header><release>120</release>" + bytes(100))

    def put(*lines: str) -> Path:
        body = "\n".join(f"    {line}" for line in lines)
        text = f"import os, sys, time\n\ndef read_dta(*_, **__):\n{body}\n"
        (folder / "pyreadstat.py").write_text(text, encoding="utf-8", newline="\n")
        return path

    return put


CRASHES = {
    "aborts": ("os.abort()",),
    "segfaults": ("import ctypes", "ctypes.string_at(0)"),
    "is killed": ("os.kill(os.getpid(), 9)",),
    "ends in the middle": ("os._exit(0)",),
    "ends with our code": ("os._exit(3)",),
    "raises": ("raise KeyError('canary4711')",),
    "gives nonsense": ("return None, None",),
    "gives no texts": (
        "from types import SimpleNamespace as S",
        "return {'x': [b'1', None]}, S(readstat_variable_types={'x': 'string'})",
    ),
}


@pytest.mark.parametrize("how", CRASHES)
def test_a_library_that_dies_is_an_error_here(fake: Callable[..., Path], how: str):
    """Fault 96: a malformed .dta takes the library down, and not the node."""
    path = fake(*CRASHES[how])
    with pytest.raises(DataFileError) as caught:
        readstat.read_columns(path, ["x"])
    assert caught.value.where == str(path)
    assert "canary" not in str(caught.value)
    assert caught.value.do
    if how in {"aborts", "segfaults", "is killed"}:
        assert "crashed" in caught.value.found


def test_a_library_that_hangs_is_ended(fake: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Fault 96, the other way: a malformed .dta on which the library never ends."""
    noted = tmp_path / "pid"
    path = fake(f"open({str(noted)!r}, 'w').write(str(os.getpid()))", "while True: time.sleep(1)")
    monkeypatch.setattr(readstat, "SECONDS", 2.0)
    started = time.monotonic()
    with pytest.raises(DataFileError, match="too long"):
        describe(path)
    assert time.monotonic() - started < 20
    if os.name != "nt":
        with pytest.raises(ProcessLookupError):
            os.kill(int(noted.read_text(encoding="utf-8")), 0)


@POSIX
def test_a_library_that_wants_all_memory_gets_a_bounded_part(
    fake: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
):
    path = fake("kept = []", "while True: kept.append(bytearray(1 << 26))")
    monkeypatch.setattr(readstat, "MEMORY", 1 << 30)
    with pytest.raises(DataFileError, match="too little memory"):
        describe(path)


@POSIX
def test_the_child_has_its_limits(fake: Callable[..., Path]):
    path = fake(
        "import resource, signal",
        "from types import SimpleNamespace as S",
        "limits = [resource.getrlimit(r)[0] for r in (resource.RLIMIT_CORE, resource.RLIMIT_AS)]",
        "found = dict(zip(('core', 'memory'), map(str, limits)), alarm=str(signal.alarm(0)))",
        "return None, S(column_names_to_labels=found, variable_value_labels={})",
    )
    found = readstat.read_labels(path).variables
    assert found["core"] == "0", "a dump would hold data"
    assert 1 << 30 < int(found["memory"]) < 1 << 33 or sys.platform == "darwin"
    assert 60 < int(found["alarm"]) < 90, "it ends by itself if the node was killed"


def test_an_answer_without_end_is_not_heard_out(fake: Callable[..., Path], monkeypatch: pytest.MonkeyPatch):
    path = fake(
        "from types import SimpleNamespace as S",
        "return None, S(column_names_to_labels={'x': 'x' * 50_000_000}, variable_value_labels={})",
    )
    monkeypatch.setattr(readstat, "ANSWER", 1000)
    tracemalloc.start()
    with pytest.raises(DataFileError, match="no sense"):
        readstat.read_labels(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 << 20


def test_what_the_library_prints_is_not_its_answer(fake: Callable[..., Path]):
    path = fake(
        "from types import SimpleNamespace as S",
        "print('noise'); os.write(1, b'noise' * 100)",
        "return None, S(column_names_to_labels={'x': 'a label'}, variable_value_labels={'x': {1: 'one'}})",
    )
    assert readstat.read_labels(path) == readstat.Labels({"x": "a label"}, {"x": {"1": "one"}})


def test_a_python_that_cannot_be_started_is_an_error(fake: Callable[..., Path], monkeypatch: pytest.MonkeyPatch):
    path = fake("pass")
    for nothing in ("", str(path.with_name("no-python"))):
        monkeypatch.setattr(readstat, "interpreter", lambda nothing=nothing: nothing)
        with pytest.raises(DataFileError, match="could not be started"):
            describe(path)


# -- headers that claim too much ---------------------------------------------------------------------------------------


def claims(version: int, tmp_path: Path) -> dict[str, bytes]:
    """A good file of a version, its header changed to claim more than is there."""
    path = write(tmp_path / "good.dta", everything(), version)
    good = path.read_bytes()
    nvars, nrows = good.index(b"<K>") + 3, good.index(b"<N>") + 3
    wide, long = ("<I" if version == 119 else "<H"), ("<I" if version == 117 else "<Q")
    types = good.index(b"<variable_types>") + 16
    most = (1 << 8 * struct.calcsize(wide)) - 1

    def put(at: int, content: bytes) -> bytes:
        return good[:at] + content + good[at + len(content) :]

    rows = {
        str(n): put(nrows, struct.pack(long, n)) for n in (10**12, 10**9, 100) if n < 1 << 8 * struct.calcsize(long)
    }
    kept = len(everything().columns)
    return {
        **{f"{n} rows": content for n, content in rows.items()},
        "variables": put(nvars, struct.pack(wide, most)),
        "a long row": put(types, struct.pack(f"<{kept}H", *([2045] * kept))),
        "an unknown type": put(types, struct.pack("<H", 40000)),
        "cut short": good[:-10],
        "types elsewhere": good.replace(struct.pack("<Q", types - 16), struct.pack("<Q", 10**15)),
    }


@pytest.mark.usefixtures("no_child")
@pytest.mark.parametrize("version", NEW)
def test_a_header_that_claims_too_much_is_refused_before_room_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int
):
    """Fault 96: 10^12 rows, or rows of any width, in a file of some kilobytes."""
    monkeypatch.setattr(readers_dta, "PANDAS", PANDAS._replace(labels=lambda _: pytest.fail("pandas was asked")))
    for what, content in claims(version, tmp_path).items():
        path = tmp_path / "claims.dta"
        path.write_bytes(content)
        tracemalloc.start()
        with pytest.raises(DataFileError) as caught:
            describe(path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert "header" in caught.value.found, what
        assert peak < 16 << 20, what


@pytest.mark.usefixtures("no_child")
@pytest.mark.parametrize("version", VERSIONS)
def test_an_old_header_that_claims_too_much_is_refused(tmp_path: Path, version: int):
    good = old_dta(version)
    path = tmp_path / "claims.dta"
    for at, claim in ((4, struct.pack("<H", 65535)), (6, struct.pack("<I", 2**32 - 1)), (6, struct.pack("<I", 60))):
        path.write_bytes(good[:at] + claim + good[at + len(claim) :])
        with pytest.raises(DataFileError, match="header"):
            read_variables(path, NAMES)


@pytest.mark.parametrize("rows", [0, 4])
@pytest.mark.parametrize("version", [8, 10, 12, 13, 14, 15])
def test_what_another_program_wrote_is_possible(tmp_path: Path, version: int, rows: int):
    """No good file may be refused: pyreadstat writes as other programs do (haven, for one)."""
    path = tmp_path / "good.dta"
    frame = everything()[["a_byte", "a_double", "text"]].iloc[:rows]
    pyreadstat.write_dta(frame, str(path), version=version)
    require_possible(path)
    assert read_variables(path, ["a_byte", "text"]).nrows == rows


def test_a_row_of_no_width_is_refused(tmp_path: Path):
    content = bytearray(write(tmp_path / "good.dta", everything()).read_bytes())
    at = content.index(b"<K>") + 3
    content[at : at + 2] = b"\0\0"
    (tmp_path / "claims.dta").write_bytes(content)
    with pytest.raises(DataFileError, match="header"):
        describe(tmp_path / "claims.dta")


# -- whatever the bytes ------------------------------------------------------------------------------------------------

GOOD = {"118": lambda: _small_new(118), "117": lambda: _small_new(117), "115": lambda: old_dta(115)}
MUTATIONS = 150


def _small_new(version: int) -> bytes:
    from io import BytesIO

    frame = everything()[["a_byte", "a_double", "text", "long_text"]]
    file = BytesIO()
    frame.to_stata(
        file, write_index=False, version=version, convert_strl=["long_text"],  # type: ignore[arg-type]
        value_labels={"a_byte": {1: "one", 100: "hundred"}},
    )  # fmt: skip
    return file.getvalue()


def mutated(good: bytes, chance: random.Random) -> bytes:
    """The file, cut short, with bits flipped, a run of bytes overwritten, or a piece moved."""
    content = bytearray(good)
    at = chance.randrange(len(content))
    match chance.randrange(5):
        case 0:
            del content[at:]
        case 1:
            for _ in range(chance.randint(1, 4)):
                content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        case 2:
            content[at : at + 8] = chance.choice([b"\xff" * 8, bytes(8), b"\x7f" + bytes(7), b"\x80" * 8])
        case 3:
            content[at : at + 4] = struct.pack("<i", chance.choice([-1, -5, 2**31 - 1, 1]))
        case 4:
            to = chance.randrange(len(content))
            content[to:to] = content[at : at + chance.randint(1, 64)]
    return bytes(content)


def try_to_read(path: Path) -> str:
    """What comes of a file: data, or an error of ours; anything else fails the test."""
    try:
        names = [info.name for info in describe(path).variables]
        frame = read_variables(path, names)
    except DataFileError:
        return "refused"
    columns: list[Any] = list(frame.columns.values())
    assert all(len(getattr(column, "codes", column)) == frame.nrows for column in columns)
    return "read"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("which", GOOD)
def test_any_bytes_are_data_or_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str):
    """Fault 96: hundreds of files cut short, with bits flipped, with lengths of nonsense."""

    def refused(path: Path) -> NoReturn:
        raise DataFileError("the Stata file cannot be read", where=str(path))

    monkeypatch.setattr(readers_dta, "PYREADSTAT", PYREADSTAT._replace(labels=refused))
    good, path = GOOD[which](), tmp_path / "node.dta"
    path.write_bytes(good)
    assert try_to_read(path) == "read"
    chance = random.Random(96)  # noqa: S311 - which bytes change, no secret
    found = []
    for _ in range(MUTATIONS):
        path.write_bytes(mutated(good, chance))
        found.append(try_to_read(path))
    assert {"read", "refused"} == set(found)


@pytest.mark.parametrize("which", ["118", "115"])
def test_any_bytes_are_data_or_an_error_in_the_child_too(tmp_path: Path, which: str):
    """Fault 96, for what only pyreadstat is asked: here without the look at the header before it."""
    good, path = GOOD[which](), tmp_path / "node.dta"
    chance = random.Random(7)  # noqa: S311 - as above
    for _ in range(12):
        path.write_bytes(mutated(good, chance))
        with suppress(DataFileError):
            readstat.read_columns(path, ["a_byte", "text"])
