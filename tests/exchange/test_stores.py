"""What every store keeps: one suite for the folder and its twin in memory."""

from __future__ import annotations

import pytest

from fedfolder.errors import ExchangeError, MessageError
from fedfolder.exchange.store import FolderStore, MemoryStore

NAME = "m000001-fit1-round1-beta.csv"


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path):
    return FolderStore(tmp_path) if request.param == "folder" else MemoryStore()


def test_a_new_store_is_empty(store):
    assert store.names() == []


def test_what_was_written_is_read(store):
    store.write(NAME, b"1,2\n")
    assert store.names() == [NAME]
    assert store.read(NAME, 4) == b"1,2\n"


def test_a_later_content_replaces_an_earlier_one(store):
    store.write(NAME, b"a longer content")
    store.write(NAME, b"short")
    assert store.read(NAME, 100) == b"short"
    assert store.names() == [NAME]


def test_an_empty_file_is_a_file(store):
    store.write(NAME, b"")
    assert store.read(NAME, 0) == b""


def test_a_file_that_is_not_there_is_none(store):
    assert store.read(NAME, 10) is None


def test_a_file_longer_than_asked_for_is_refused(store):
    store.write(NAME, b"12345")
    assert store.read(NAME, 5) == b"12345"
    with pytest.raises(MessageError, match="too long"):
        store.read(NAME, 4)


def test_a_stamp_tells_the_size_and_mostly_whether_a_file_was_changed(store):
    assert store.stamp(NAME) is None
    store.write(NAME, b"before")
    before = store.stamp(NAME)
    assert before.size == 6
    assert store.stamp(NAME) == before
    store.read(NAME, 10)
    assert store.stamp(NAME) == before, "reading changes nothing"
    store.write(NAME, b"longer")
    assert store.stamp(NAME) != before, "another file took its place"
    store.write(NAME, b"longer still")
    assert store.stamp(NAME).size == 12
    store.remove(NAME)
    assert store.stamp(NAME) is None


def test_removing_is_final_and_may_be_repeated(store):
    store.write(NAME, b"x")
    store.remove(NAME)
    store.remove(NAME)
    assert store.names() == []
    assert store.read(NAME, 10) is None


def test_what_was_given_may_change_afterwards(store):
    content = bytearray(b"before")
    store.write(NAME, content)
    content[:] = b"after!"
    assert store.read(NAME, 10) == b"before"


def test_tidying_leaves_files_alone(store):
    store.write(NAME, b"x")
    store.tidy()
    assert store.names() == [NAME]


def test_a_store_says_where_it_is(store):
    assert str(store) == (str(store.folder) if isinstance(store, FolderStore) else "memory")


def test_tidying_removes_what_a_crash_left(tmp_path):
    (tmp_path / ".fedfolder-0123456789abcdef").write_bytes(b"half")
    (tmp_path / ".fedignore").write_bytes(b"of somebody else")
    FolderStore(tmp_path).tidy()
    assert [path.name for path in tmp_path.iterdir()] == [".fedignore"]


def test_what_cannot_be_tidied_is_in_nobodys_way(tmp_path):
    (tmp_path / ".fedfolder-0123456789abcdef").mkdir()
    (tmp_path / ".fedfolder-fedcba9876543210").write_bytes(b"half")
    FolderStore(tmp_path).tidy()
    assert [path.name for path in tmp_path.iterdir()] == [".fedfolder-0123456789abcdef"]


@pytest.mark.parametrize("call", [FolderStore.names, FolderStore.tidy, lambda store: store.write(NAME, b"x")])
def test_a_folder_that_is_away_is_not_an_empty_one(tmp_path, call):
    with pytest.raises(ExchangeError, match="the exchange could not be") as caught:
        call(FolderStore(tmp_path / "away"))
    assert str(tmp_path / "away") in caught.value.where
    assert "connected" in caught.value.do
