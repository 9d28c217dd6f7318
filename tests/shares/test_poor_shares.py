"""Whole fits with real processes over shares that show things late, wrongly, in part or not at all."""

from __future__ import annotations

import signal
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from fedfolder.exchange import doctor
from fedfolder.exchange.names import TO_SERVER
from tests import needs
from tests.shares.mounts import PoorShare
from tests.shares.places import SERVER, lay_out_empty, reach
from tests.system.places import bits, finished, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.system.places import World

    Connect = Callable[..., list[PoorShare]]

pytestmark = [
    needs.fuse,
    needs.programs("fusermount3"),
    pytest.mark.skipif(not needs.works(sys.executable, "-c", "import mfusepy"), reason="needs mfusepy and libfuse"),
]

UNRELIABLE = ["--skip", "--estale", "--partial", "0.1", "--mtime", "coarse"]
FITS = {
    # name: (options of the server's mount, of the nodes' mount)
    "unreliable": (UNRELIABLE, UNRELIABLE),
    "times": (["--mtime", "future"], ["--mtime", "zero"]),
}


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Connect]:
    """Gives the server a mount of its own of the world's exchange, and the nodes another."""
    shares: list[PoorShare] = []

    def connected(world: World, server: Sequence[str] = (), nodes: Sequence[str] = ()) -> list[PoorShare]:
        for name, options, users in (("drive S", server, [SERVER]), ("drive T", nodes, list(world.homes))):
            shares.append(PoorShare(world.exchange, tmp_path / name, options))
            for user in users:
                reach(world, user, tmp_path / name)
        return shares

    yield connected
    for share in shares:
        share.disconnect()


@pytest.mark.parametrize("name", FITS)
def test_a_whole_fit(world: World, connect: Connect, undisturbed: str, name: str) -> None:
    """Faults 19, 25, 26, 27, 35 and 37.

    The mounts are two: no event tells the one what the other wrote (fault 19), and neither has hard links (fault 37).
    "unreliable" are 25 (a listing that skips an entry), 26 (ESTALE), 27 (visible, but in part) and 35 (mtimes of 2 s),
    "times" is 35 (mtimes of zero and in the future).
    """
    shares = connect(world, *FITS[name])
    with world.nodes():
        done = world.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert bits(world.result()) == undisturbed
    for share, options in zip(shares, FITS[name], strict=True):
        meant = {option[2:] for option in options if option.startswith("--")}
        struck = share.struck()
        assert struck.keys() == meant
        assert min(struck.values()) > 3, "an option hardly struck"


@pytest.mark.parametrize(("mtime", "verdict"), [("coarse", "good"), ("zero", "note"), ("future", "note")])
def test_the_doctor_sees_another_clock(tmp_path: Path, mtime: str, verdict: str) -> None:
    (tmp_path / "folder").mkdir()
    share = PoorShare(tmp_path / "folder", tmp_path / "drive", ["--mtime", mtime])
    try:
        said = {finding.name: finding for finding in doctor.examine(share.point)}
    finally:
        share.disconnect()
    assert said.pop("clock").verdict == verdict
    assert {finding.verdict for finding in said.values()} == {"good"}


def test_a_stale_listing_is_no_silence(world: World, connect: Connect, undisturbed: str) -> None:
    """Fault 24: what a run that waits too briefly misses is there for the next; nothing is asked or computed again."""
    shares = connect(world, ["--stale", "1"], ["--stale", "1"])
    with world.nodes() as nodes:
        done = world.run("logit low age smoke", "--timeout", 0.5)
        assert done.returncode == 12, done.stdout + done.stderr
        again = world.run()
    assert again.returncode == 0, again.stdout + again.stderr
    assert bits(world.result()) == undisturbed
    assert all(share.struck()["stale"] > 3 for share in shares)
    for node in nodes:
        assert world.log(node).count(": a receipt") == 1
        assert world.log(node).count("sent m000001-") == 1


@pytest.mark.parametrize("way", ["disconnect", "crash"])
def test_a_share_that_vanishes_and_returns(world: World, connect: Connect, undisturbed: str, way: str) -> None:
    """Fault 22: nobody is started again, nothing is taken for deleted, nothing is written beneath the mount."""

    def misses_it(node: str) -> bool:
        return "waiting for the exchange" in world.log(node)

    shares = connect(world)
    with world.nodes() as nodes:
        running = world.start_run()
        world.wait_for_request("node3", 2)
        nodes["node3"].send_signal(signal.SIGSTOP)
        for share in shares:
            getattr(share, way)()
        nodes["node3"].send_signal(signal.SIGCONT)
        for node in nodes:
            until(partial(misses_it, node), what=f"{node} to miss the share")
        time.sleep(0.5)
        assert running.poll() is None, "the fit was over before its share went away"
        for share in shares:
            share.disconnect()
            assert list(share.point.iterdir()) == []
            share.connect()
        code, output = finished(running)
    assert code == 0, output
    assert bits(world.result()) == undisturbed
    for node in nodes:
        assert world.log(node).count("waiting for the exchange") == 1
        assert "the exchange is back" in world.log(node)


def test_an_empty_copy_in_its_place(world: World, connect: Connect, undisturbed: str) -> None:
    """Fault 22: while the share is away its folders are there, but empty. What is lost there is on the share."""
    shares = connect(world)
    with world.nodes() as nodes:
        running = world.start_run()
        world.wait_for_request("node3", 2)
        nodes["node3"].send_signal(signal.SIGSTOP)
        for share in shares:
            share.disconnect()
            lay_out_empty(world, share.point)
        ours = shares[1].point / "lbw" / "node1" / TO_SERVER
        until(lambda: list(ours.glob("m*.json")), what="node1 to write again what it takes for lost")
        for share in shares:
            # At once: nobody can write there any more.
            (share.point / "lbw").rename(share.point.with_name(f"{share.point.name} empty"))
            share.connect()
        assert running.poll() is None, "the fit was over before its share came back"
        nodes["node3"].send_signal(signal.SIGCONT)
        code, output = finished(running)
    assert code == 0, output
    assert bits(world.result()) == undisturbed
