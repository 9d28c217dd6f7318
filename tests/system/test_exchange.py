"""An exchange that goes away, cannot be written, is full, or holds what others put there."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from fedfolder import clock
from fedfolder.node.home import open_home
from fedfolder.node.loop import Node
from fedfolder.server.status import status
from fedfolder.server.study import open_study
from tests.system.places import COMMAND, LBW, assert_explained, bits, fedfolder, finished, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.system.places import World

ROOT_USER = hasattr(os, "geteuid") and os.geteuid() == 0


def test_an_exchange_that_goes_away_in_the_middle_and_comes_back(world: World, undisturbed: str) -> None:
    away = world.folder / "unplugged"
    with world.nodes() as nodes:
        running = world.start_run()
        world.wait_for_request("node1", 2)
        world.exchange.rename(away)
        until(lambda: all("waiting for the exchange" in world.log(node) for node in nodes), what="the nodes to notice")
        status = world.status()
        assert "could not be listed" in status
        assert str(world.exchange) in status
        assert running.poll() is None
        away.rename(world.exchange)
        code, output = finished(running)
        assert code == 0, output
        assert all(process.poll() is None for process in nodes.values()), "no daemon was started again"
        until(lambda: "the exchange is back" in world.log("node1"), what="the log to say so")
    assert world.log("node1").count("waiting for the exchange") == 1
    assert bits(world.result()) == undisturbed


def test_a_missing_exchange(world: World, undisturbed: str) -> None:
    away = world.folder / "unplugged"
    world.exchange.rename(away)
    done = world.run()
    assert done.returncode == 7
    assert_explained(done.stderr, str(world.exchange), "share is connected")
    done = fedfolder("node", "once", world.homes["node1"])
    assert done.returncode == 7
    assert_explained(done.stdout + done.stderr, str(world.exchange / "lbw" / "node1"))
    daemon = world.node("node1")
    until(lambda: "waiting for the exchange" in world.log("node1"), what="the daemon to wait")
    assert daemon.poll() is None
    missing = ["--exchange", world.folder / "nowhere" / "lbw" / "x"]
    done = fedfolder("node", "init", world.folder / "home", "--data", LBW, *missing)
    assert done.returncode == 7
    assert_explained(done.stderr, "connect the drive")
    assert not (world.folder / "home").exists(), "nothing half made"
    done = fedfolder("study", "new", world.folder / "home", "--name", "s", "--exchange", world.folder / "nowhere")
    assert done.returncode == 7
    assert not (world.folder / "home").exists()
    away.rename(world.exchange)
    with world.nodes("node2", "node3"):
        done = world.run()
    assert done.returncode == 0, done.stderr
    assert bits(world.result()) == undisturbed


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """A small file system in memory at `folder`; skips where that is not allowed."""
    command = [str(shutil.which("mount")), "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if not ROOT_USER or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root")
    if (ran := subprocess.run(command, capture_output=True, check=False, text=True)).returncode:
        pytest.skip(f"mount: {ran.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run([str(shutil.which("umount")), "-l", str(folder)], check=True)


def remount(folder: Path, how: str) -> None:
    subprocess.run([str(shutil.which("mount")), "-o", f"remount,{how}", str(folder)], check=True)


def test_a_read_only_exchange(world: World, undisturbed: str) -> None:
    with world.nodes():
        assert world.run("logit low lwt").returncode == 0
    copy = world.folder / "copy"
    shutil.copytree(world.exchange, copy)
    with mounted(world.exchange, "size=4m"):
        shutil.copytree(copy, world.exchange, dirs_exist_ok=True)
        remount(world.exchange, "ro")
        done = world.run()
        assert done.returncode == 7
        assert_explained(done.stderr, "could not be written", "read-only", "ask for the right to write there")
        done = fedfolder("node", "check", world.homes["node1"])
        assert done.returncode == 7
        assert_explained(done.stderr, "read-only", str(world.to_server("node1")))
        remount(world.exchange, "rw")
        with world.nodes():
            done = world.run()
    assert done.returncode == 0, done.stderr
    assert bits(world.result(2)) == undisturbed


def test_a_full_exchange(world: World, undisturbed: str) -> None:
    copy = world.folder / "copy"
    shutil.copytree(world.exchange, copy)
    with mounted(world.exchange, "size=2m"):
        shutil.copytree(copy, world.exchange, dirs_exist_ok=True)
        ballast = world.exchange / "ballast"

        def fill() -> None:
            with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
                while file.write(bytes(4096)):
                    pass

        fill()
        done = world.run()
        assert done.returncode == 7
        assert_explained(done.stderr, "No space left", "the disk is full: make room; nothing is lost")
        ballast.unlink()
        with world.nodes():
            running = world.start_run()
            world.wait_for_request("node1", 1)
            fill()
            until(
                lambda: "No space left" in "".join(map(world.log, world.homes)) or running.poll() is not None, what=""
            )
            assert running.poll() is None, "in the middle, a full disk is waited for"
            ballast.unlink()
            code, output = finished(running)
        assert code == 0, output
    assert bits(world.result()) == undisturbed


@pytest.mark.skipif(os.name == "nt" or ROOT_USER, reason="mode bits do not hold root back")
def test_rights_that_are_taken_away(world: World) -> None:
    folder = world.to_node("node1")
    folder.chmod(0o500)
    try:
        done = world.run()
    finally:
        folder.chmod(0o700)
    assert done.returncode == 7
    assert_explained(done.stderr, str(folder), "check the rights")


def _truncated(path: Path, _other: Path) -> bytes:
    return path.read_bytes()[: path.stat().st_size // 2]


def _swapped(_path: Path, other: Path) -> bytes:
    return other.read_bytes()


def _oversized(path: Path, _other: Path) -> bytes:
    return path.read_bytes() + b" " * (1 << 20)


def _unsigned(path: Path, _other: Path) -> bytes:
    envelope = json.loads(path.read_bytes())
    return json.dumps({**envelope, "signatures": []}).encode()


def _changed(path: Path, _other: Path) -> bytes:
    return path.read_bytes().replace(b'"round": 1', b'"round": 2')


SPOILED = {
    "truncated": (_truncated, "json"),
    "truncated payload": (_truncated, "csv"),
    "swapped": (_swapped, "json"),
    "swapped payload": (_swapped, "csv"),
    "oversized": (_oversized, "json"),
    "unsigned": (_unsigned, "json"),
    "changed": (_changed, "json"),
}


def answer_in_this_process(world: World) -> None:
    """One pass of every node."""
    for home in world.homes.values():
        with contextlib.closing(Node(open_home(home))) as node:
            while node.work():
                pass


def remark(world: World, node: str) -> str:
    study = open_study(world.server)
    journal = study.journal(clock.now)
    try:
        return next(found.remark for found in status(study, journal) if found.node == node)
    finally:
        journal.close()


def test_messages_that_do_not_hold_are_waited_out(world: World, undisturbed: str) -> None:
    answer_in_this_process(world)
    assert world.run(COMMAND, "--timeout", 1).returncode == 12
    answer_in_this_process(world)
    good = {path: path.read_bytes() for path in world.to_server("node2").glob("m000001*")}
    for kind, (spoil, suffix) in SPOILED.items():
        (victim,) = [path for path in good if path.name.endswith(suffix)]
        spoiled = spoil(victim, world.to_server("node3") / victim.name)
        assert spoiled != good[victim], f"{kind}: nothing was spoiled"
        victim.write_bytes(spoiled)
        done = world.run(COMMAND, "--timeout", 0.5)
        assert done.returncode == 12, kind
        owed = done.stderr.split("where:")[1]
        assert_explained(done.stderr, "node2 owes the answer to m000001-fit1-round1-instruction.json")
        assert victim.name in owed.split("instruction.json", 1)[1], f"{kind}: {done.stderr}"
        assert "node1 owes" not in owed
        assert not list(world.to_node("node1").glob("m000002*")), "the round did not go on"
        assert "when last looked at, not accepted: m000001" in remark(world, "node2"), kind
        assert victim.read_bytes() == spoiled, "a reader never touches a writer's file"
        victim.write_bytes(good[victim])
    assert "something has come from it" in remark(world, "node2") or "not accepted" in remark(world, "node2")
    with world.nodes():
        done = world.run()
    assert done.returncode == 0, done.stderr
    assert bits(world.result()) == undisturbed


def test_what_a_stranger_puts_there_is_passed_over(world: World, undisturbed: str) -> None:
    for node in world.homes:
        for folder in (world.to_node(node), world.to_server(node)):
            (folder / "Thumbs.db").write_bytes(b"\0" * 100)
            (folder / "m000001-fit1-round1-result (conflicted copy).json").write_bytes(b"{}")
            (folder / "m000001-evil.json").write_bytes(b'{"signed": {}, "signatures": []}')
            (folder / "m000003-evil.csv").mkdir()
    with world.nodes():
        done = world.run()
        # While what is due comes at once, nobody looks beside it, but at the end.
        until(lambda: "not accepted: m000001-evil.json" in world.log("node1"), what="a look at what else lies there")
    assert done.returncode == 0, done.stderr
    assert bits(world.result()) == undisturbed
    log = world.log("node1")
    assert log.count("not accepted: m000001-evil.json") == 1, log
    assert (world.to_node("node1") / "Thumbs.db").exists()
