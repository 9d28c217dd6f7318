"""What the doctor says of folders that lack something."""

from __future__ import annotations

import errno
import os

import pytest

from fedfolder.errors import ExchangeError
from fedfolder.exchange import doctor, files

NAMES = [
    "path length",
    "write",
    "replace an open file",
    "exclusive create",
    "fsync of folders",
    "events",
    "clock",
    "case",
    "free space",
]


def examined(path):
    return {finding.name: finding for finding in doctor.examine(path)}


def test_a_local_folder_can_do_everything_and_is_left_as_it_was(tmp_path):
    found = examined(tmp_path)
    assert list(found) == NAMES
    assert {finding.verdict for finding in found.values()} <= {"good", "note"}
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(ExchangeError, match="not there"):
        examined(tmp_path / "nowhere")


def test_a_folder_that_cannot_be_written_ends_the_examination(tmp_path, monkeypatch):
    def refuse(_operation, path, _call):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(files, "perform", refuse)
    found = examined(tmp_path)
    assert list(found) == ["path length", "write"]
    assert found["write"].verdict == "bad"


def test_a_deep_folder_is_found_before_the_start(tmp_path):
    deep = tmp_path.joinpath(*["d" * 50] * 4)
    deep.mkdir(parents=True)
    assert examined(deep)["path length"].verdict == "bad"


def test_a_share_without_events_is_noted(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "EVENT_WITHIN", 0.2)
    monkeypatch.setattr("fedfolder.exchange.watching._observe", lambda *_: None)
    assert examined(tmp_path)["events"].verdict == "note"


def test_a_share_that_holds_open_files_is_noted(tmp_path, monkeypatch):
    real = os.replace

    def held(source, target):
        if target.name == "open" and target.exists():
            raise OSError(errno.EBUSY, "busy")
        real(source, target)

    monkeypatch.setattr(os, "replace", held)
    assert examined(tmp_path)["replace an open file"].verdict == "note"


def test_clocks_that_differ_are_noted(tmp_path, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert examined(tmp_path)["clock"].verdict == "note"


def test_little_space_is_bad(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "LITTLE_SPACE", 1 << 60)
    assert examined(tmp_path)["free space"].verdict == "bad"
