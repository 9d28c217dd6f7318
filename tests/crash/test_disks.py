"""Real disks that are full, read-only, damaged or old, and real processes on them."""

from __future__ import annotations

import contextlib
import random
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from fedfolder.exchange.names import SERVER, TO_NODE, TO_SERVER
from tests import needs
from tests.crash.mounts import Memory, Mounts
from tests.crash.steps import ANSWER, ASK, EXCHANGE, HELLO, IN_USE, JOURNAL, OWING, RECEIPT, TIME_IS_OVER
from tests.crash.study import (
    COMMAND,
    NODES,
    TEMPORARY,
    assert_journals_agree,
    journalled,
    on_share,
)
from tests.system.places import ENVIRONMENT, assert_explained, end, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.crash.conftest import Undisturbed
    from tests.crash.steps import Trial

pytestmark = [needs.linux]
FULL = "No space left on device"
NORTH, SOUTH = NODES


@pytest.fixture
def mounts() -> Iterator[Mounts]:
    made = Mounts()
    with contextlib.closing(made):
        yield made


# -- full ------------------------------------------------------------------------------------------------------------


@needs.root
@pytest.mark.parametrize("what", ["pages", "files"])
@pytest.mark.parametrize("room", range(2))
def test_a_share_that_is_full_when_a_node_answers(
    trial: Callable[[str], Trial], mounts: Mounts, finish: Callable[[Trial], None], what: str, room: int
) -> None:
    """Faults 4 and 5: what has no room has no final name; the node says so, and sends the same bytes later."""
    disturbed = trial(ANSWER)
    disk = Memory(mounts, disturbed.folder / "exchange")
    disk.leave_room(**{what: room})
    ended = disturbed.fail()
    assert ended.code == EXCHANGE
    assert_explained(ended.output, FULL, "the disk is full: make room", TO_SERVER)
    assert len(disturbed.new_names()) == room
    assert temporary(disturbed.folder) == []
    assert journalled(disturbed.folder / NORTH, NORTH) == disturbed.step.after.journals[NORTH], "it has its answer"
    disk.make_room()
    disturbed.go_on()
    finish(disturbed)


@needs.root
@pytest.mark.parametrize("what", ["pages", "files"])
@pytest.mark.parametrize("room", range(6))
def test_a_share_that_is_full_when_the_server_asks(
    trial: Callable[[str], Trial], mounts: Mounts, finish: Callable[[Trial], None], what: str, room: int
) -> None:
    """Faults 4 and 5, at the other end."""
    disturbed = trial(ASK)
    disk = Memory(mounts, disturbed.folder / "exchange")
    disk.leave_room(**{what: room})
    ended = disturbed.fail()
    assert ended.code == TIME_IS_OVER
    assert_explained(ended.output, FULL, "nothing is lost", TO_NODE)
    assert len(disturbed.new_names()) <= room
    assert temporary(disturbed.folder) == []
    disk.make_room()
    disturbed.go_on()
    finish(disturbed)


def temporary(study: Path) -> list[str]:
    """What was half-written and not taken back."""
    return [name for _, _, name in on_share(study) if TEMPORARY.fullmatch(name)]


@needs.root
def test_a_share_that_has_no_room_to_begin_with(
    trial: Callable[[str], Trial], mounts: Mounts, finish: Callable[[Trial], None]
) -> None:
    """Fault 5: a folder that could never be written is named at once."""
    disturbed = trial(HELLO)
    disk = Memory(mounts, disturbed.folder / "exchange")
    disk.leave_room(files=0)
    ended = disturbed.spare.run("run", disturbed.folder / SERVER, COMMAND, "--timeout", "5")
    assert ended.code == EXCHANGE
    assert_explained(ended.output, FULL, "m000000-hello.json")
    assert disturbed.new_names() == set()
    disk.make_room()
    finish(disturbed)


@needs.root
@pytest.mark.parametrize(("name", "who"), [(ANSWER, NORTH), (ASK, SERVER)])
def test_a_home_that_is_full(trial: Callable[[str], Trial], mounts: Mounts, name: str, who: str) -> None:
    """Fault 4 at home: what cannot be journalled is not published; with room it goes on, whenever it was full."""
    codes = []
    for pages in range(0, 60, 3):
        disturbed = trial(name)
        disk = Memory(mounts, disturbed.folder / who)
        disk.leave_room(pages=pages)
        ended = disturbed.fail()
        codes.append(ended.code)
        if ended.code == JOURNAL:
            assert_explained(ended.output, "the journal of this home cannot be used", "make room", str(disk.folder))
        else:
            assert ended.code == disturbed.step.code, ended.output
        disk.make_room()
        disturbed.go_on()
        mounts.unmount(disk.folder)
    assert codes[0] == JOURNAL
    assert codes[-1] == disturbed.step.code


# -- read-only -------------------------------------------------------------------------------------------------------


@needs.root
def test_a_share_that_turns_read_only_is_waited_for(
    trial: Callable[[str], Trial], mounts: Mounts, undisturbed: Undisturbed
) -> None:
    """Fault 8, with daemons and a run that nobody starts again: they wait, keep what they have, and go on."""
    disturbed = trial(ANSWER)
    disk = Memory(mounts, disturbed.folder / "exchange")
    disk.change("ro")
    before = on_share(disturbed.folder)
    with contextlib.ExitStack() as stack:
        nodes = [started(stack, "node", "run", disturbed.folder / node) for node in NODES]
        run = started(stack, "run", disturbed.folder / SERVER, COMMAND)
        logs = [disturbed.folder / node / "log.txt" for node in NODES]
        until(
            lambda: all("waiting for the exchange" in log.read_text(encoding="utf-8") for log in logs),
            what="the nodes to wait",
        )
        assert all("Read-only file system" in log.read_text(encoding="utf-8") for log in logs)
        assert [process.poll() for process in (*nodes, run)] == [None] * 3
        assert on_share(disturbed.folder) == before
        assert journalled(disturbed.folder / NORTH, NORTH) == disturbed.step.after.journals[NORTH], "it has its answer"
        disk.change("rw")
        assert run.wait(timeout=30) == 0
        assert [process.poll() for process in nodes] == [None] * 2
    assert all("the exchange is back" in log.read_text(encoding="utf-8") for log in logs)
    (result,) = (disturbed.folder / SERVER / "runs").rglob("result.json")
    assert result.read_text(encoding="utf-8") == undisturbed.result
    assert_journals_agree(disturbed.folder, undisturbed.messages)


def started(stack: contextlib.ExitStack, *arguments: object) -> subprocess.Popen[str]:
    """A process of fedfolder that is ended with the test."""
    words = [sys.executable, "-m", "fedfolder", *map(str, arguments)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True, env=ENVIRONMENT)
    stack.callback(end, process, kill=True)
    return process


@needs.root
@pytest.mark.parametrize(("name", "code"), [(ANSWER, EXCHANGE), (ASK, TIME_IS_OVER)])
def test_a_share_that_is_read_only_when_a_process_ends(
    trial: Callable[[str], Trial], mounts: Mounts, finish: Callable[[Trial], None], name: str, code: int
) -> None:
    """Fault 8: `node once` and a run whose time is over say so; what they have is kept."""
    disturbed = trial(name)
    disk = Memory(mounts, disturbed.folder / "exchange")
    disk.change("ro")
    ended = disturbed.fail()
    assert ended.code == code
    assert_explained(ended.output, "Read-only file system", str(disturbed.folder))
    disk.change("rw")
    disturbed.go_on()
    finish(disturbed)


# -- damaged -----------------------------------------------------------------------------------------------------------

FLIPS = 40
"""Bytes of a journal that are changed, one at a time."""


@pytest.mark.parametrize("part", [None, b"term,b1", b'"question"', b"derivatives", b"sha256", b"signature"])
def test_a_byte_that_turned_in_a_node_s_journal(trial: Callable[[str], Trial], part: bytes | None) -> None:
    """Fault 14: it refuses to reply, and says why; what it does send is what it would have sent."""
    chance = random.Random(repr(part))  # noqa: S311 - which byte, no secret
    true = trial(OWING).step.after
    codes = []
    for _ in range(FLIPS):
        disturbed = trial(OWING)
        flip(disturbed.folder / NORTH / "journal.sqlite3", part, chance)
        before = on_share(disturbed.folder)
        ended = disturbed.run()
        codes.append(ended.code)
        assert ended.code in {0, JOURNAL}, ended.output
        if ended.code == JOURNAL:
            assert_explained(ended.output, "journal.sqlite3")
        for name, content in on_share(disturbed.folder).items():
            assert before.get(name) == content or true.share[name] == content
    assert JOURNAL in codes


def flip(path: Path, part: bytes | None, chance: random.Random) -> None:
    """Change a byte anywhere, or near a place where `part` stands."""
    content = bytearray(path.read_bytes())
    places = [found.start() for found in re.finditer(re.escape(part), bytes(content))] if part else []
    assert bool(places) == bool(part)
    at = chance.choice(places) + chance.randrange(60) if part else chance.randrange(len(content))
    content[min(at, len(content) - 1)] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


@pytest.mark.parametrize("who", [NORTH, SERVER])
@pytest.mark.parametrize("damage", ["cut", "zeroed", "text", "emptied"])
def test_a_journal_that_is_no_journal_any_more(trial: Callable[[str], Trial], who: str, damage: str) -> None:
    """Fault 14: nothing is sent, and nothing on the share is touched."""
    disturbed = trial(OWING if who == NORTH else ASK)
    path = disturbed.folder / who / "journal.sqlite3"
    content = path.read_bytes()
    harmed = {
        "cut": content[: len(content) // 2],
        "zeroed": content[:100] + bytes(len(content) - 100),
        "text": b"this is no database" * 999,
        "emptied": b"",
    }[damage]
    path.write_bytes(harmed)
    before = on_share(disturbed.folder)
    ended = disturbed.run()
    # An empty file is a journal that has just been made: what lies on the share tells that this home is not new.
    assert ended.code == (IN_USE if damage == "emptied" else JOURNAL), ended.output
    assert_explained(ended.output, "enrol")
    assert on_share(disturbed.folder) == before


# -- old ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [NORTH, SERVER])
@pytest.mark.parametrize("share", ["as it was", "cleared"])
def test_a_home_restored_from_an_old_backup(
    trial: Callable[[str], Trial], undisturbed: Undisturbed, who: str, share: str
) -> None:
    """Fault 15: it is turned away and says how to go on; it signs nothing new, also where the share is empty."""
    old, now = trial(ASK).step.before, trial(RECEIPT)
    shutil.rmtree(now.folder / who)
    shutil.copytree(old / who, now.folder / who)
    outgoing = TO_NODE if who == SERVER else TO_SERVER
    for path in (now.folder / "exchange").rglob("m*") if share == "cleared" else ():
        if path.parent.name == outgoing:
            path.unlink()
    before = on_share(now.folder)
    words = ("run", now.folder / SERVER, COMMAND, "--timeout", "0.01")
    ended = now.spare.run(*words) if who == SERVER else now.run()
    assert ended.code == IN_USE, ended.output
    assert_explained(ended.output, "an old c", "enrol a new home under a new name")
    true = {part for sent in undisturbed.messages for part in sent.files}
    assert all(before.get(at) == content or (at[2], content) in true for at, content in on_share(now.folder).items())
