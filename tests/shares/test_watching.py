"""What watches folders may be flooded, refused or dead: then changes are found by looking."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from fedfolder.exchange import watching
from fedfolder.exchange.watching import Wake
from tests import needs
from tests.system.places import bits, fedfolder, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.places import World

LONG = 20.0
FLOOD = """
import os, sys
here, there = (os.path.join(sys.argv[1], name) for name in "ab")
open(here, "w").close()
for _ in range(100_000):
    os.rename(here, there)
    here, there = there, here
"""
# The limits are those of a user namespace: nobody else on the machine is without watches.
NO_WATCHES = """#!/bin/sh
exec unshare --user --map-root-user sh -c '
    echo 0 >/proc/sys/user/max_inotify_watches && exec "$0" "$@"' {python} "$@"
"""
unhandled = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


def waited(wake: Wake, seconds: float) -> float:
    started = time.monotonic()
    wake.wait(seconds)
    return time.monotonic() - started


def assert_an_event_wakes(wake: Wake, folder: Path) -> None:
    until(lambda: waited(wake, 0.3) >= 0.29, what="silence")
    writing = threading.Timer(0.1, lambda: (folder / "file").write_bytes(b"x"))
    writing.start()
    assert waited(wake, LONG) < LONG / 2
    writing.join()


@needs.linux
def test_a_queue_that_overflows_costs_the_events_in_it_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Fault 20: inotify overflow."""
    wake = Wake([tmp_path])
    try:
        subprocess.run([sys.executable, "-c", FLOOD, str(tmp_path)], check=True)
        until(lambda: "overflow" in caplog.text, what="the kernel to give up")
        assert waited(wake, LONG) < LONG / 2
        assert_an_event_wakes(wake, tmp_path)
    finally:
        wake.close()


@needs.linux
@pytest.mark.skipif(
    not needs.works("unshare", "--user", "--map-root-user", "true"), reason="needs user namespaces (unshare --user)"
)
def test_a_whole_fit_without_watches(
    world: World, tmp_path: Path, undisturbed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 21: no watches left."""
    python = tmp_path / "python"
    python.write_text(NO_WATCHES.format(python=sys.executable), encoding="utf-8", newline="\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    said = fedfolder("doctor", tmp_path)
    assert "do not arrive" in said.stdout
    with world.nodes():
        done = world.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert bits(world.result()) == undisturbed


def fail(*_: object) -> None:
    raise OSError(5, "nothing can be read from it any more")


def die(wake: Wake, part: str, folder: Path) -> None:
    """Let one of the threads of a watcher fail, as a bug or a broken file system would."""
    observer = wake._observer  # noqa: SLF001 - what is broken is inside
    victim = observer if part == "observer" else next(iter(observer.emitters))
    setattr(victim, "dispatch_events" if part == "observer" else "queue_events", fail)

    def dead() -> bool:
        # It blocks until there is something to do.
        (folder / "poke").write_bytes(b"x")
        return not victim.is_alive()

    until(dead, what="it to die")


@unhandled
@pytest.mark.parametrize("part", ["observer", "emitter"])
def test_a_watcher_that_died_is_started_again_and_told_of(tmp_path: Path, part: str) -> None:
    """Fault 23: the observer's thread dies."""
    told: list[str] = []
    wake = Wake([tmp_path], told.append)
    try:
        die(wake, part, tmp_path)
        assert_an_event_wakes(wake, tmp_path)
        assert told == ["what watches for changes had died, and was started again"]
    finally:
        wake.close()


@unhandled
def test_a_watcher_that_dies_again_and_again_is_given_up(tmp_path: Path) -> None:
    told: list[str] = []
    wake = Wake([tmp_path], told.append)
    try:
        for _ in range(watching.MOST_RESTARTS + 1):
            die(wake, "observer", tmp_path)
            wake.wait(0.01)
        assert len(told) == watching.MOST_RESTARTS + 1
        assert "found by looking" in told[-1]
        assert 0.09 <= waited(wake, 0.1) < LONG
        assert len(told) == watching.MOST_RESTARTS + 1
    finally:
        wake.close()
