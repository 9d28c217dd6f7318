"""Crashes and I/O errors at every operation: the old file or the new one, never half, and nothing left behind."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import threading
import time

import pytest

from fedfolder.errors import ExchangeError, MessageError
from fedfolder.exchange import files

OLD, NEW = b"the old content\n", b"the new content, which is longer\n"
STEPS = ["create", "write", "fsync", "close", "rename", "fsync-folder"]
if os.name == "nt":
    STEPS.remove("fsync-folder")
ERRNOS = [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EACCES, errno.EBUSY, errno.EPERM, errno.EROFS, errno.EXDEV]


class Crash(BaseException):
    """The process is gone: nothing that comes after it may happen."""


class Faults:
    """Stands in for `perform`: notes every operation, and lets some of them go wrong."""

    def __init__(self, go_wrong=lambda _operation, _n: None):
        self.done = []
        self.dead = False
        self.go_wrong = go_wrong

    def __call__(self, operation, path, call):
        if self.dead:
            raise Crash
        self.done.append((operation, path))
        n = sum(name == operation for name, _ in self.done)
        error = self.go_wrong(operation, n)
        if error is None:
            return call()
        if error == "after":
            call()
        self.dead = not isinstance(error, OSError)
        raise Crash if self.dead else error

    def count(self, operation):
        return sum(name == operation for name, _ in self.done)


@pytest.fixture
def inject(monkeypatch):
    def put(go_wrong=lambda _operation, _n: None):
        faults = Faults(go_wrong)
        monkeypatch.setattr(files, "perform", faults)
        return faults

    return put


@pytest.fixture(params=["replaced", "new"])
def path(request, tmp_path):
    found = tmp_path / "m000001-fit1-round1-beta.csv"
    if request.param == "replaced":
        found.write_bytes(OLD)
    return found


def listed(folder):
    return [path.name for path in folder.iterdir()]


def content(path):
    return path.read_bytes() if path.exists() else None


def error(number):
    return OSError(number, os.strerror(number))


def test_the_steps_are_those_that_file_systems_keep_their_promises_for(inject, path):
    faults = inject()
    files.write(path, NEW)
    assert [name for name, _ in faults.done] == STEPS
    assert content(path) == NEW
    assert listed(path.parent) == [path.name]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_leaves_the_old_or_the_new(inject, path, monkeypatch, step, when):
    old = content(path)
    inject(lambda operation, _n: when if operation == step else None)
    with pytest.raises(Crash):
        files.write(path, NEW)
    renamed = (step, when) == ("rename", "after") or step == "fsync-folder"
    assert content(path) == (NEW if renamed else old)
    monkeypatch.undo()
    files.remove_temporary(path.parent)
    assert listed(path.parent) == ([path.name] if content(path) is not None else [])
    files.write(path, NEW)
    assert content(path) == NEW


@pytest.mark.parametrize("number", ERRNOS, ids=errno.errorcode.get)
@pytest.mark.parametrize("step", STEPS)
def test_an_error_for_ever_leaves_the_old_or_the_new_and_no_temporary(inject, path, step, number):
    old = content(path)
    faults = inject(lambda operation, _n: error(number) if operation == step else None)
    tolerated = step == "fsync-folder" and number in {errno.EACCES, errno.EPERM}
    if tolerated:
        files.write(path, NEW)
    else:
        with pytest.raises(ExchangeError, match="could not be written") as caught:
            files.write(path, NEW)
        assert caught.value.where == str(path)
        assert caught.value.found == os.strerror(number)
        assert caught.value.do
    assert content(path) == (NEW if step == "fsync-folder" else old)
    assert listed(path.parent) == ([path.name] if content(path) is not None else [])
    assert faults.count(step) <= len(files.RENAME_PAUSES) + 1


@pytest.mark.parametrize("number", ERRNOS, ids=errno.errorcode.get)
@pytest.mark.parametrize("step", STEPS)
def test_after_an_error_the_next_try_succeeds(inject, path, step, number):
    inject(lambda operation, n: error(number) if (operation, n) == (step, 1) else None)
    for _ in range(2):
        try:
            files.write(path, NEW)
        except ExchangeError:
            continue
        break
    assert content(path) == NEW
    assert listed(path.parent) == [path.name]


def test_an_fsync_that_failed_is_never_tried_again_on_that_file(inject, path):
    faults = inject(lambda operation, n: error(errno.EIO) if (operation, n) == ("fsync", 1) else None)
    with pytest.raises(ExchangeError):
        files.write(path, NEW)
    assert faults.count("fsync") == 1
    assert faults.count("rename") == 0
    files.write(path, NEW)
    first, second = (where for name, where in faults.done if name == "fsync")
    assert first != second


@pytest.mark.parametrize("number", [errno.EACCES, errno.EBUSY, errno.EPERM], ids=errno.errorcode.get)
@pytest.mark.parametrize("operation", ["rename", "remove"])
def test_what_another_program_holds_for_a_moment_succeeds(inject, tmp_path, operation, number):
    path = tmp_path / "file"
    path.write_bytes(OLD)
    faults = inject(lambda name, n: error(number) if name == operation and n <= 2 else None)
    if operation == "rename":
        files.write(path, NEW)
    else:
        files.remove(path)
    assert content(path) == (NEW if operation == "rename" else None)
    assert faults.count(operation) == 3


class SharingViolationError(OSError):
    """What os.replace raises on Windows, made anywhere."""

    def __init__(self, winerror):
        super().__init__(errno.EINVAL, "used by another process")
        self.winerror = winerror


@pytest.mark.parametrize("winerror", [5, 32, 33])
def test_windows_sharing_violations_are_waited_for(inject, path, winerror):
    def sharing(operation, n):
        if operation != "rename" or n > 2:
            return None
        return SharingViolationError(winerror)

    faults = inject(sharing)
    files.write(path, NEW)
    assert content(path) == NEW
    assert faults.count("rename") == 3


def test_held_for_ever_is_bounded_and_names_the_path(inject, path, monkeypatch):
    slept: list[float] = []
    monkeypatch.setattr(files, "RENAME_PAUSES", (0.1, 0.2, 0.3))
    monkeypatch.setattr("fedfolder.exchange.files.time.sleep", slept.append)
    faults = inject(lambda operation, _n: error(errno.EACCES) if operation == "rename" else None)
    with pytest.raises(ExchangeError) as caught:
        files.write(path, NEW)
    assert slept == [0.1, 0.2, 0.3]
    assert faults.count("rename") == 4
    assert str(path) in str(caught.value)
    assert "another program" in caught.value.do


def test_what_no_waiting_mends_is_not_waited_for(inject, path, monkeypatch):
    monkeypatch.setattr("fedfolder.exchange.files.time.sleep", lambda _: pytest.fail("waited"))
    faults = inject(lambda operation, _n: error(errno.EXDEV) if operation == "rename" else None)
    with pytest.raises(ExchangeError):
        files.write(path, NEW)
    assert faults.count("rename") == 1


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_a_rename_that_reports_failure_but_happened_is_a_success(monkeypatch, path, number):
    def unlucky(operation, _path, call):
        call()
        if operation == "rename":
            raise error(number)

    def first(operation, path, call):
        found = call()
        if operation == "rename":
            unlucky(operation, path, lambda: None)
        return found

    monkeypatch.setattr(files, "perform", first)
    files.write(path, NEW)
    assert content(path) == NEW
    assert listed(path.parent) == [path.name]


def test_a_short_write_is_continued(monkeypatch, path):
    def short(operation, _path, call):
        if operation != "write":
            return call()
        return call.func(call.args[0][:3])

    monkeypatch.setattr(files, "perform", short)
    files.write(path, NEW)
    assert content(path) == NEW


def test_a_file_that_is_not_as_long_as_what_was_written_is_no_success(monkeypatch, path):
    old = content(path)
    monkeypatch.setattr(files, "perform", lambda name, _path, call: len(NEW) if name == "write" else call())
    with pytest.raises(ExchangeError):
        files.write(path, NEW)
    assert content(path) == old


@pytest.mark.skipif(os.name == "nt", reason="Windows has no fsync of folders")
@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EBADF], ids=errno.errorcode.get)
def test_a_share_that_cannot_fsync_folders_is_good_enough(inject, path, number):
    inject(lambda operation, _n: error(number) if operation == "fsync-folder" else None)
    files.write(path, NEW)
    assert content(path) == NEW


def test_a_temporary_that_cannot_be_discarded_goes_at_the_next_opening(inject, path, monkeypatch):
    inject(lambda operation, _n: error(errno.EACCES) if operation in {"rename", "discard"} else None)
    with pytest.raises(ExchangeError):
        files.write(path, NEW)
    monkeypatch.undo()
    assert len([name for name in listed(path.parent) if name.startswith(files.TEMPORARY)]) == 1
    files.remove_temporary(path.parent)
    assert [name for name in listed(path.parent) if name != path.name] == []


@pytest.mark.parametrize("operation", ["mkdir", "remove"])
def test_other_operations_fail_with_a_clear_error(inject, tmp_path, operation):
    inject(lambda name, _n: error(errno.EROFS) if name == operation else None)
    path = tmp_path / "thing"
    if operation == "remove":
        path.write_bytes(OLD)
    with pytest.raises(ExchangeError) as caught:
        (files.make_folder if operation == "mkdir" else files.remove)(path)
    assert "read-only" in str(caught.value)
    assert str(path) in str(caught.value)


def test_making_a_folder_that_is_there_is_fine(tmp_path):
    files.make_folder(tmp_path / "folder")
    files.make_folder(tmp_path / "folder")
    with pytest.raises(ExchangeError):
        files.make_folder(tmp_path / "away" / "folder")


# -- what is no message file ---------------------------------------------------------------------------------------


def make_fifo(path):
    os.mkfifo(path)


def make_socket(path):
    # A socket's path may have some hundred characters, and pytest's folder has nearly as many.
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path.name)


def make_device(path):
    if os.geteuid() != 0:
        pytest.skip("only root makes devices")
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))
    except OSError:
        pytest.skip("no devices can be made here")


def make_link(path):
    target = path.with_name("secret")
    target.write_bytes(b"what the reader may read and the writer may not")
    path.symlink_to(target)


STRANGE = {"link": make_link, "folder": lambda path: path.mkdir()}
if os.name != "nt":
    STRANGE |= {"fifo": make_fifo, "socket": make_socket, "device": make_device}


@pytest.mark.parametrize("kind", list(STRANGE))
def test_what_is_no_plain_file_is_refused_without_blocking(tmp_path, kind):
    path = tmp_path / "m000001-fit1-round1-beta.csv"
    STRANGE[kind](path)
    caught = []

    def read():
        try:
            files.read(path, 100)
        except MessageError as error:
            caught.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(timeout=5)
    assert not thread.is_alive()
    assert "no plain file" in caught[0].what


def test_a_sparse_file_of_ten_gigabytes_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "m000001-fit1-round1-result.json"
    with path.open("wb") as file:
        file.truncate(10 << 30)
    monkeypatch.setattr("fedfolder.exchange.files.os.open", lambda *_: pytest.fail("opened"))
    started = time.perf_counter()
    with pytest.raises(MessageError, match="too long"):
        files.read(path, 1 << 20)
    assert time.perf_counter() - started < 1


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    monkeypatch.setattr(files, "_require_plain", lambda *_: None)
    with pytest.raises(MessageError, match="too long"):
        files.read(path, 4)


def test_a_file_that_cannot_be_read_says_so(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"12345")

    def refuse(*_):
        raise error(errno.ESTALE)

    monkeypatch.setattr("fedfolder.exchange.files.os.open", refuse)
    with pytest.raises(ExchangeError, match="could not be read") as caught:
        files.read(path, 10)
    assert "connected" in caught.value.do
