"""End to end over a real SMB share: what its server and its clients refuse, hold and forget is theirs, not ours."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import threading
from typing import TYPE_CHECKING, TypeVar

import pytest

from fedfolder.errors import ExchangeError
from fedfolder.exchange import doctor, files
from tests import needs
from tests.shares.places import SERVER, reach
from tests.shares.smb import SmbShare
from tests.system.places import bits, fedfolder, finished, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.system.places import World

T = TypeVar("T")

pytestmark = [
    needs.root,
    needs.fuse,
    needs.programs("smbd", "smbpasswd", "smbnetfs", "unshare", "nsenter", "ip"),
]


@pytest.fixture
def share(world: World, tmp_path: Path) -> Iterator[SmbShare]:
    """The world's exchange, shared."""
    made = SmbShare(world.exchange, tmp_path)
    yield made
    made.close()


def connect(world: World, share: SmbShare, tmp_path: Path) -> Path:
    """The server and two nodes reach the exchange by two mounts, the third lives where the share's disk is."""
    first, second = share.mount(tmp_path / "drive S"), share.mount(tmp_path / "drive T")
    reach(world, SERVER, first)
    reach(world, "node1", second)
    reach(world, "node2", second)
    return first


def test_a_whole_fit(world: World, share: SmbShare, tmp_path: Path, undisturbed: str) -> None:
    """Fault 44: end to end over a real SMB share."""
    connect(world, share, tmp_path)
    with world.nodes():
        done = world.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert bits(world.result()) == undisturbed


def test_its_server_is_cut_off_and_comes_back(world: World, share: SmbShare, tmp_path: Path, undisturbed: str) -> None:
    """Fault 22: the share vanishes and returns, and nobody is started again."""
    connect(world, share, tmp_path)
    with world.nodes() as nodes:
        running = world.start_run()
        world.wait_for_request("node3", 2)
        nodes["node3"].send_signal(signal.SIGSTOP)
        share.stop_server()
        until(lambda: "waiting for the exchange" in world.log("node1"), what="node1 to miss the share")
        nodes["node3"].send_signal(signal.SIGCONT)
        assert running.poll() is None, "the fit was over before its share went away"
        share.start_server()
        code, output = finished(running)
    assert code == 0, output
    assert bits(world.result()) == undisturbed
    assert "the exchange is back" in world.log("node1")


def test_the_doctor_tells_the_truth(share: SmbShare, tmp_path: Path) -> None:
    drive = share.mount(tmp_path / "drive S")
    done = fedfolder("doctor", drive)
    assert done.returncode == 0, done.stdout + done.stderr
    said = {finding.name: finding for finding in doctor.examine(drive)}
    assert {finding.verdict for finding in said.values()} == {"good", "note"}
    assert said["replace an open file"].verdict == "note"
    assert said["exclusive create"].verdict == "good"
    assert said["case"].words.startswith("ignored")
    assert said["free space"].words == "the share does not say how much there is"
    # The same, tried by other means.
    (drive / "a").write_bytes(b"new")
    (drive / "b").write_bytes(b"old")
    with (drive / "b").open("rb"), pytest.raises(OSError, match="busy") as replacing:
        os.replace(drive / "a", drive / "b")  # noqa: PTH105 - the primitive
    assert replacing.value.errno == errno.EBUSY
    assert (drive / "B").read_bytes() == b"old"
    with pytest.raises(FileExistsError):
        (drive / "a").touch(exist_ok=False)
    with pytest.raises(OSError, match="not permitted"):
        (drive / "c").hardlink_to(drive / "a")
    assert os.statvfs(drive).f_blocks == 0


def test_a_file_that_another_computer_reads_is_replaced_when_it_is_done(
    share: SmbShare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 12: a real sharing violation. Here it is no EBUSY: the server tells the other client EEXIST."""
    ours, theirs = share.mount(tmp_path / "drive S"), share.mount(tmp_path / "drive T")
    refused = []

    def counting(operation: str, _path: Path, call: Callable[[], T]) -> T:
        try:
            return call()
        except OSError as error:
            refused.append((operation, error.errno))
            raise

    def looked_again() -> bool:
        with contextlib.suppress(ExchangeError):
            files.write(ours / "b", b"new")
            return True
        return False

    files.write(ours / "b", b"old")
    monkeypatch.setattr(files, "perform", counting)
    with (theirs / "b").open("rb") as reader:
        closing = threading.Timer(0.3, reader.close)
        closing.start()
        until(looked_again, what="the file to be free")
        closing.join()
    assert set(refused) == {("rename", errno.EEXIST)}
    assert (theirs / "b").read_bytes() == b"new"
    assert {path.name for path in ours.iterdir()} == {"b", "lbw"}
