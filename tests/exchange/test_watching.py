"""Events wake early; without them, time passes and nothing else happens."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from fedfolder.exchange import files, watching
from fedfolder.exchange.watching import Pauses, Wake

LONG = 20.0


def waited(wake, seconds):
    started = time.monotonic()
    wake.wait(seconds)
    return time.monotonic() - started


def test_an_event_wakes_early(tmp_path):
    wake = Wake([tmp_path])
    try:
        timer = threading.Timer(0.1, lambda: (tmp_path / "file").write_bytes(b"x"))
        timer.start()
        assert waited(wake, LONG) < LONG / 2
        timer.join()
    finally:
        wake.close()


def test_what_watches_prints_nothing_beside_our_words(tmp_path):
    """What it says of itself, as that something moved while it stopped, is for who configures logging."""
    lines = [
        "import logging, pathlib, sys",
        "from fedfolder.exchange.watching import Wake",
        "Wake([pathlib.Path(sys.argv[1])]).close()",
        'logging.getLogger("watchdog.observers").error("called when the thread is inactive")',
    ]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines), str(tmp_path)], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_a_folder_that_is_missing_does_not_cost_the_others_their_events(tmp_path):
    wake = Wake([tmp_path / "missing", tmp_path])
    try:
        timer = threading.Timer(0.1, lambda: (tmp_path / "file").write_bytes(b"x"))
        timer.start()
        assert waited(wake, LONG) < LONG / 2
        timer.join()
    finally:
        wake.close()


def test_reading_does_not_wake(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    wake = Wake([tmp_path])
    try:
        timer = threading.Timer(0.05, (tmp_path / "file").read_bytes)
        timer.start()
        assert waited(wake, 0.3) >= 0.29
        timer.join()
    finally:
        wake.close()


def test_what_is_still_being_written_does_not_wake_and_what_is_there_does(tmp_path):
    names = set()

    def heeds(name):
        names.add(name)
        return name.endswith(".json")

    wake = Wake([tmp_path], heeds=heeds)
    try:
        (tmp_path / f"{files.TEMPORARY}1").write_bytes(b"x")
        files.write(tmp_path / "beta.csv", b"x")
        assert not wake.wait(0.3), "nothing that is heeded"
        timer = threading.Timer(0.1, lambda: files.write(tmp_path / "m000001-x.json", b"x"))
        timer.start()
        assert wake.wait(LONG)
        timer.join()
    finally:
        wake.close()
    assert names == {"beta.csv", "m000001-x.json"}, "the names that files are renamed to, and no other"


def test_without_events_waiting_takes_its_time(tmp_path):
    wake = Wake([tmp_path])
    try:
        assert 0.09 <= waited(wake, 0.1) < LONG
    finally:
        wake.close()


@pytest.mark.parametrize("error", [OSError(28, "no watches left"), RuntimeError, ImportError])
def test_an_observer_that_does_not_start_costs_only_time(tmp_path, monkeypatch, error):
    def refuse(*_):
        raise error

    monkeypatch.setattr(watching, "_observe", refuse)
    wake = Wake([tmp_path])
    (tmp_path / "file").write_bytes(b"x")
    assert waited(wake, 0.1) >= 0.09
    wake.close()


def test_pauses_grow_to_a_limit_and_begin_anew_after_progress():
    pauses = Pauses(first=0.5, longest=3.0, growth=2.0)
    assert [pauses.next() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    pauses.progress()
    assert pauses.next() == 0.5


def test_after_what_was_announced_the_next_look_comes_a_little_later():
    pauses = Pauses()
    for longest, first in [(5.0, watching.ANNOUNCED_PAUSE), (0.1, 0.1)]:
        pauses = Pauses(longest=longest)
        pauses.progress(announced=True)
        assert pauses.next() == first
    pauses.progress(announced=False)
    assert pauses.next() == watching.FIRST_PAUSE
    pauses = Pauses(first=1.0)
    pauses.progress(announced=True)
    assert pauses.next() == 1.0


def test_the_usual_pauses_are_short_at_first_and_bounded():
    pauses = Pauses()
    found = [pauses.next() for _ in range(100)]
    assert found[0] == watching.FIRST_PAUSE
    assert found == sorted(found)
    assert found[-1] == watching.LONGEST_PAUSE


class BrokenOffError(Exception):
    """What a host program's key raises."""


@pytest.mark.parametrize("through", ["wake", "sleep"])
def test_a_host_program_is_polled_while_something_waits_and_can_end_the_wait(tmp_path, through):
    polls = []

    def poll():
        polls.append(time.monotonic())
        if len(polls) == 3:
            raise BrokenOffError

    wake = Wake([tmp_path])
    started = time.monotonic()
    try:
        with pytest.raises(BrokenOffError), watching.polling(poll):
            (wake.wait if through == "wake" else watching.sleep)(LONG)
    finally:
        wake.close()
    assert len(polls) == 3
    assert polls[-1] - started < LONG / 2


def test_a_wait_that_is_polled_is_as_long_as_it_was_to_be_and_an_event_ends_it(tmp_path):
    polls: list[None] = []
    wake = Wake([tmp_path])
    try:
        with watching.polling(lambda: polls.append(None)):
            assert 0.29 <= waited(wake, 0.3) < LONG / 2
            assert len(polls) >= 2
            timer = threading.Timer(0.1, lambda: (tmp_path / "file").write_bytes(b"x"))
            timer.start()
            assert waited(wake, LONG) < LONG / 2
            timer.join()
    finally:
        wake.close()


def test_without_a_host_program_nobody_is_polled():
    polls: list[None] = []
    with watching.polling(lambda: polls.append(None)):
        pass
    watching.sleep(0.01)
    assert polls == []
