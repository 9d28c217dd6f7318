"""Columns that are kept at home: never another file's, never damaged, never without the line, never for others."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner

from fedfolder.cli import cli
from fedfolder.custody import windows_rights
from fedfolder.errors import VariableError
from fedfolder.node import holding, kept_columns
from fedfolder.node.data import read_variables
from fedfolder.node.home import create, open_home
from fedfolder.node.kept_columns import KeptColumns
from fedfolder.node.reading import Reading
from tests.data.test_quick_ways import bits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fedfolder.node.readers import Frame

POSIX = pytest.mark.skipif(os.name == "nt", reason="rights on Windows are a list")
LATER = 10.0**12
"""Long after any file was changed."""


class Reads:
    """A data file and how often it was read."""

    def __init__(self, folder: Path, text: str = "x,t\n1,a\n2,\n,b\n") -> None:
        self.path = folder / "births.csv"
        self.path.write_text(text, encoding="utf-8")
        self.reading = Reading()
        self.kept = KeptColumns(folder, clock=lambda: LATER)
        self.times = 0

    def read(self, names: Any) -> Frame:
        self.times += 1
        return read_variables(self.path, names, self.reading)

    def frame(self, *names: str) -> Frame:
        found = self.kept.frame(self.path, self.reading, names, self.read)
        assert bits(found) == bits(read_variables(self.path, names, self.reading))
        assert found.typeless == frozenset(names)
        return found

    def files(self) -> list[Path]:
        return sorted(self.kept.folder.glob("*")) if self.kept.folder.is_dir() else []


@pytest.fixture
def reads(tmp_path: Path) -> Reads:
    return Reads(tmp_path)


def test_what_was_read_is_not_read_again(reads: Reads):
    for names in (("x", "t"), ("x", "t"), ("t",), ("t", "x")):
        reads.frame(*names)
    assert reads.times == 1
    assert len(reads.files()) == 2


def other_length(reads: Reads) -> None:
    reads.path.write_text("x,t\n1,a\n2,\n,b\n4,a\n", encoding="utf-8")


def same_length_same_time(reads: Reads) -> None:
    before = reads.path.stat()
    reads.path.write_text("x,t\n7,a\n2,\n,b\n", encoding="utf-8")
    os.utime(reads.path, ns=(before.st_atime_ns, before.st_mtime_ns))


def other_time(reads: Reads) -> None:
    os.utime(reads.path, ns=(1, 1))


def other_reading(reads: Reads) -> None:
    reads.reading = Reading(missing=frozenset({"2"}))


def other_names(reads: Reads) -> None:
    reads.reading = Reading(names={"x": "t", "t": "x"})


def other_codes(reads: Reads) -> None:
    reads.reading = Reading(recodes={"x": {"1": 5.0}})


def another_file_in_its_place(reads: Reads) -> None:
    new = reads.path.with_name("new.csv")
    new.write_text("x,t\n9,a\n2,\n,b\n", encoding="utf-8")
    new.replace(reads.path)


CHANGES: list[Callable[[Reads], None]] = [
    other_length, same_length_same_time, other_time, other_reading, other_names, other_codes, another_file_in_its_place,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_another_file_or_another_reading_is_read_anew_and_the_old_columns_go(reads: Reads, change):
    reads.frame("x", "t")
    old = set(reads.files())
    change(reads)
    reads.frame("x")
    assert reads.times == 2
    assert len(reads.files()) == 1
    assert not old & set(reads.files())


@POSIX
def test_a_change_between_the_samples_is_seen_in_the_times_of_the_file(reads: Reads, monkeypatch: pytest.MonkeyPatch):
    """Windows keeps no time of the last change that nobody can set."""
    monkeypatch.setattr(kept_columns, "SAMPLES", 2)
    monkeypatch.setattr(kept_columns, "SAMPLE", 4)
    reads.frame("x")
    same_length_same_time(reads)
    assert reads.path.read_text(encoding="utf-8")[:4] == "x,t\n"
    reads.frame("x")
    assert reads.times == 2


def test_a_file_that_was_changed_just_now_is_not_kept(reads: Reads):
    reads.kept = KeptColumns(reads.kept.home, clock=lambda: reads.path.stat().st_mtime + 1)
    reads.frame("x")
    reads.frame("x")
    assert reads.times == 2
    assert reads.files() == []


def test_a_file_that_changes_while_it_is_read_is_not_kept(reads: Reads):
    def read(names: Any) -> Frame:
        frame = reads.read(names)
        other_length(reads)
        return frame

    reads.kept.frame(reads.path, reads.reading, ["x"], read)
    assert reads.files() == []


@pytest.mark.parametrize("which", ["header", "numbers", "digest", "short", "empty", "another"])
def test_a_damaged_column_is_read_anew(reads: Reads, which: str):
    reads.frame("x", "t")
    for path in reads.files():
        content = bytearray(path.read_bytes())
        at = {"header": 9, "numbers": len(content) - 34, "digest": len(content) - 1}.get(which)
        if at is not None:
            content[at] ^= 1
        others = {"short": bytes(content[:-5]), "empty": b"", "another": b"x" * 5000}
        path.write_bytes(others.get(which, bytes(content)))
    reads.frame("x", "t")
    assert reads.times == 2
    reads.frame("x", "t")
    assert reads.times == 2, "and kept again, whole"


def test_a_column_under_another_s_name_is_not_taken_for_it(reads: Reads):
    reads.frame("x", "t")
    first, second = reads.files()
    first.write_bytes(second.read_bytes())
    second.unlink()
    reads.frame("x")
    reads.frame("t")
    assert reads.times == 3


def test_nothing_is_kept_of_what_cannot_be_read(reads: Reads):
    reads.path.write_text("x\n01/02/2020\n", encoding="utf-8")
    with pytest.raises(VariableError):
        reads.kept.frame(reads.path, reads.reading, ["x"], reads.read)
    assert reads.files() == []


def test_a_disk_that_takes_nothing_is_no_trouble(reads: Reads, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr(KeptColumns, "_write", full)
    reads.frame("x")
    assert reads.files() == []


@POSIX
def test_kept_columns_are_for_this_account_alone(reads: Reads):
    before = os.umask(0)
    try:
        reads.frame("x", "t")
    finally:
        os.umask(before)
    assert stat.S_IMODE(reads.kept.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in reads.files()} == {0o600}


def test_on_windows_each_file_is_made_private_while_it_is_empty(reads: Reads, monkeypatch: pytest.MonkeyPatch):
    private = []

    def keep_private(path: Path) -> None:
        private.append(path.stat().st_size)

    monkeypatch.setattr(windows_rights, "keep_private", keep_private)
    monkeypatch.setattr(kept_columns, "ON_WINDOWS", True)
    reads.frame("x", "t")
    assert private == [0, 0]


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "float32", "float64"])
def test_every_type_comes_back(tmp_path: Path, dtype: str):
    values = {"int8": "1", "int16": "300", "int32": "70000", "float32": "0.5", "float64": "0.1"}
    reads = Reads(tmp_path, f"x,t\n{values[dtype]},a\n1,b\n")
    reads.frame("x")
    column = reads.frame("x").columns["x"]
    assert isinstance(column, np.ndarray)
    assert (column.dtype, reads.times) == (np.dtype(dtype), 1)


# -- a node ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A node's home; its data file was left alone for long."""
    data = tmp_path / "births.csv"
    data.write_text("y,x\n0,4711\n1,2\n", encoding="utf-8")
    (tmp_path / "exchange").mkdir()
    create(tmp_path / "north", data, tmp_path / "exchange" / "lbw" / "north", ["y", "x"])
    monkeypatch.setattr(kept_columns, "SETTLED", -1.0)
    return tmp_path / "north"


def switch(home: Path, *, on: bool) -> None:
    settings = home / "node.toml"
    text = settings.read_text(encoding="utf-8").replace("\n[cache]\ncolumns = true\n", "")
    settings.write_text(text + ("\n[cache]\ncolumns = true\n" if on else ""), encoding="utf-8")


def test_nothing_is_kept_without_the_line(home: Path):
    open_home(home).holding().variables(["x"])
    assert not (home / kept_columns.FOLDER).exists()


def test_with_the_line_a_node_reads_its_file_once(home: Path, monkeypatch: pytest.MonkeyPatch):
    switch(home, on=True)
    first = open_home(home).holding().variables(["x"])
    monkeypatch.setattr(holding, "read_variables", lambda *_, **__: pytest.fail("it was read"))
    assert bits(open_home(home).holding().variables(["x"])) == bits(first)


def test_without_the_line_what_was_kept_is_deleted(home: Path):
    switch(home, on=True)
    open_home(home).holding().variables(["x"])
    assert list((home / kept_columns.FOLDER).iterdir())
    switch(home, on=False)
    open_home(home)
    assert not (home / kept_columns.FOLDER).exists()


def test_kept_columns_are_deleted_on_request(home: Path):
    switch(home, on=True)
    open_home(home).holding().variables(["x", "y"])
    for said in ("2 columns are deleted", "no columns are kept"):
        result = CliRunner().invoke(cli, ["node", "forget-columns", str(home)])
        assert (result.exit_code, result.output) == (0, f"{said}\n")
        assert not (home / kept_columns.FOLDER).exists()


def test_a_check_says_that_columns_are_kept(home: Path):
    switch(home, on=True)
    result = CliRunner().invoke(cli, ["node", "check", str(home)])
    assert "columns are kept" in result.output
    assert "4711" not in result.output
