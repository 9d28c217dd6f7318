"""A whole fit, disturbed at every single thing that server and nodes do to a disk.

The processes are one, the homes, journals and folders are real. Faults 4 to 12, 16 and 18 by number.
"""

from __future__ import annotations

import errno
import itertools
from typing import TYPE_CHECKING, Any

import pytest

from fedfolder.errors import ConfigError, ExchangeError, FedfolderError, JournalError, WaitingError
from fedfolder.exchange.names import SERVER
from fedfolder.node import loop
from tests.crash.injection import ERRNOS, Crash, CrashOnce, FailOnce, Fault, Outage, is_honest
from tests.crash.study import (
    NEXT,
    NODES,
    assert_journals_agree,
    assert_share_holds_what_is_journalled,
    copied,
    left_over,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.crash.conftest import Undisturbed
    from tests.crash.injection import Event, Seam
    from tests.crash.study import Living

PARTS = 4
"""Tests that share the enumeration, so that they can run side by side."""


def test_the_events_are_those_of_a_fit(undisturbed: Undisturbed) -> None:
    """What is enumerated: each event once, of each process, on share and home."""
    events = undisturbed.events
    assert len(set(events)) == len(events), "each event can be told from all others"
    for who in (SERVER, *NODES):
        done = {event.operation for event in events if event.who == who}
        assert done == {"create", "write", "fsync", "close", "rename", "fsync-folder", "remove", "commit"}
    renamed = [event for event in events if event.operation == "rename" and not event.is_home]
    assert len(renamed) == sum(len(sent.files) for sent in undisturbed.messages)


class Everywhere(Fault):
    """At each event that is one's turn, the disks are copied, as they are when all processes die just then."""

    def __init__(self, folder: Path, turn: Callable[[int], bool], recover: Callable[[], None]) -> None:
        super().__init__(folder)
        self._turn = turn
        self._recover = recover

    def happen(self, event: Event, call: Callable[[], Any]) -> Any:
        if self._turn(len(self.seen)):
            self._recover()
        return super().happen(event, call)


@pytest.mark.parametrize("part", range(PARTS))
def test_all_processes_die_at_the_nth_event(living: Living, undisturbed: Undisturbed, seam: Seam, part: int) -> None:
    """Fault 18, a crash: what lies there is whole, and new processes come to the same bits by the same messages.

    Fault 16: after a commit and before anything is published, identical bytes are sent, for they are in the journal.
    """
    tried = 0

    def recover() -> None:
        nonlocal tried
        tried += 1
        now = seam.clock.seconds
        with seam.with_fault(None), copied(living.folder, living.folder.with_name(f"copy {part}"), seam.clock) as copy:
            assert_share_holds_what_is_journalled(copy.folder)
            assert copy.fit() == undisturbed.result
            assert_journals_agree(copy.folder, undisturbed.messages)
            assert_cleared(copy)
        # For the fit that goes on, no time has passed.
        seam.clock.seconds = now

    fault = Everywhere(living.folder, lambda n: n % PARTS == part, recover)
    with seam.with_fault(fault):
        assert living.fit() == undisturbed.result
    assert tuple(fault.seen) == undisturbed.events
    assert tried >= len(undisturbed.events) // PARTS


def assert_cleared(living: Living) -> None:
    """Nothing is left on the share but what the format allows, at the latest after the next fit."""
    if left_over(living.folder):
        living.let_all_go()
        living.fit(NEXT)
    assert left_over(living.folder) == []


def test_each_process_dies_at_each_event_while_the_others_live(
    living: Living, undisturbed: Undisturbed, seam: Seam
) -> None:
    """Fault 18, a crash: one fit, in which each event kills the process that is about to do it, once."""
    fault = CrashOnce(living.folder)
    running = Disturbed(living, fault)
    with seam.with_fault(fault):
        assert running.finish() == undisturbed.result
    assert_all_met(undisturbed, fault)
    assert running.outcomes == [Crash] * len(fault.seen)
    assert_journals_agree(living.folder, undisturbed.messages)
    assert_cleared(living)


@pytest.mark.parametrize("number", ERRNOS, ids=errno.errorcode.get)
def test_each_event_fails_once(living: Living, undisturbed: Undisturbed, seam: Seam, number: int) -> None:
    """Fault 18, an error that comes once: full (4, 5), an fsync (6), read-only (8), held for a moment (10, 12)."""
    fault = FailOnce(living.folder, number)
    running = Disturbed(living, fault)
    with seam.with_fault(fault):
        assert running.finish() == undisturbed.result
    assert_all_met(undisturbed, fault)
    assert set(running.outcomes) <= {ExchangeError, JournalError, ConfigError}
    assert_journals_agree(living.folder, undisturbed.messages)
    assert_cleared(living)


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES], ids=errno.errorcode.get)
def test_each_event_happens_and_reports_a_failure(
    living: Living, undisturbed: Undisturbed, seam: Seam, number: int
) -> None:
    """Fault 13, not of renames alone: what was done is found, and is not done twice."""
    fault = FailOnce(living.folder, number, happened=True)
    running = Disturbed(living, fault)
    with seam.with_fault(fault):
        assert running.finish() == undisturbed.result
    assert_all_met(undisturbed, fault)
    assert_journals_agree(living.folder, undisturbed.messages)
    assert_cleared(living)


def test_each_removal_fails_once(undisturbed: Undisturbed, quick_folder: Path, seam: Seam) -> None:
    """Fault 18, the rest of the above: one in each folder in a fit, since one that fails puts off the others there."""
    folders: dict[object, list[Event]] = {}
    for event in undisturbed.events:
        if event.operation == "remove":
            folders.setdefault(event.at[:-1], []).append(event)
    assert len(folders) == 2 * len(NODES)
    for events, number in zip(itertools.zip_longest(*folders.values()), itertools.cycle(ERRNOS), strict=False):
        with copied(undisturbed.study, quick_folder / "removal", seam.clock) as living:
            fault = FailOnce(living.folder, number, only=events)
            with seam.with_fault(fault):
                assert living.fit() == undisturbed.result
            assert set(fault.seen) == set(events) - {None}
            assert_share_holds_what_is_journalled(living.folder)
            assert_cleared(living)


def test_each_event_fails_for_ever_until_it_is_mended(
    living: Living, undisturbed: Undisturbed, quick_folder: Path, seam: Seam
) -> None:
    """Fault 18, an error for ever: after a bounded time the server ends and says where; a node waits and logs it.

    Fault 11: a bounded failure that names the path. Faults 4, 5 and 8: it is tried again, and nothing was lost.
    """
    fault = Outage(living.folder)
    running = Disturbed(living, fault)
    with seam.with_fault(fault):
        assert running.finish() == undisturbed.result
    assert {ExchangeError, JournalError, ConfigError} <= set(running.outcomes)
    assert set(running.outcomes) <= {ExchangeError, JournalError, ConfigError, WaitingError}
    assert_journals_agree(living.folder, undisturbed.messages)
    assert_cleared(living)
    # A server that could not write may have read on: what happened in an outage of the share is tried by itself.
    left = [event for event in undisturbed.events if event not in fault.seen and event.operation != "remove"]
    assert all(event.who == SERVER and event.operation == "commit" for event in left)
    for event in left:
        try_alone(event, undisturbed, quick_folder / "alone", seam)


def try_alone(event: Event, undisturbed: Undisturbed, folder: Path, seam: Seam) -> set[type[BaseException]]:
    """A fit in which one event fails, and all on its disk until it is mended; how its runs ended."""
    with copied(undisturbed.study, folder, seam.clock) as living:
        fault = Outage(living.folder, event)
        running = Disturbed(living, fault)
        with seam.with_fault(fault):
            assert running.finish() == undisturbed.result
        assert fault.seen == [event]
        assert_journals_agree(living.folder, undisturbed.messages)
        assert_cleared(living)
        return set(running.outcomes)


def test_outages_that_come_in_the_middle_of_a_run(undisturbed: Undisturbed, quick_folder: Path, seam: Seam) -> None:
    """Fault 18 once more, in a run that has reached the share before: it waits until its time is over, and says so."""
    outcomes: set[type[BaseException]] = set()
    for event in undisturbed.events[::STEP]:
        outcomes |= try_alone(event, undisturbed, quick_folder / "outage", seam)
    assert outcomes >= {ExchangeError, WaitingError, JournalError}


def assert_all_met(undisturbed: Undisturbed, fault: Fault) -> None:
    """Every event was disturbed. Clearing the share is a courtesy: what fails is left to the next fit."""
    missed = set(undisturbed.events) - set(fault.seen)
    assert {event.operation for event in missed} <= {"remove"}


STEP = 13
"""Every so many events are tried: a number that goes well with none of a file's steps."""
MOST_STARTS = 1000
MOST_TRIES = 500
"""Events that an outage may meet before somebody gives up or waits: nothing spins."""


class Disturbed:
    """A study whose processes are started again whenever a fault has ended them."""

    def __init__(self, living: Living, fault: Fault) -> None:
        self.living = living
        self.fault = fault
        self.outcomes: list[type[BaseException]] = []

    def finish(self) -> str:
        """Start everything again and again, until it ends with a result and nothing is left to be disturbed."""
        results = set()
        for _ in range(MOST_STARTS):
            met = len(self.fault.seen)
            self.work()
            try:
                results.add(self.living.fit(idle=self.work))
            except (Crash, FedfolderError) as error:
                self.ended(SERVER, error)
                continue
            self.heal(SERVER)
            self.work()
            if len(self.fault.seen) == met:
                (result,) = results
                return result
        raise AssertionError("the fit came to no end")

    def work(self, _seconds: float = 0.0) -> None:
        """A pass of each node, as its daemon would do it."""
        for name in NODES:
            try:
                node = self.living.nodes.get(name) or self.living.wake(name)
                node.work()
            except ExchangeError as error:
                self.waits(name, error)
            except (Crash, FedfolderError) as error:
                self.living.let_go(name)
                self.ended(name, error)
            else:
                self.heal(name)

    def ended(self, who: str, error: BaseException) -> None:
        """A process has ended: by a crash, or with an error that must be an honest one."""
        self.outcomes.append(type(error))
        if isinstance(error, FedfolderError):
            assert is_honest(error, self.living.folder), error
        if isinstance(self.fault, CrashOnce):
            self.fault.start_again(who)
        self.heal(who)
        assert_share_holds_what_is_journalled(self.living.folder)

    def waits(self, name: str, error: ExchangeError) -> None:
        """A node's daemon that cannot reach its share does not end; this is what it does."""
        self.outcomes.append(type(error))
        assert is_honest(error, self.living.folder), error
        if isinstance(self.fault, Outage):
            self.living.let_go(name)
            looks = iter([False, False, True])
            loop.run(self.living.home(name), echo=self.living.echoed.append, stop=lambda: next(looks))
            waiting = [line for line in self.living.echoed if "waiting for the exchange" in line]
            # A file whose folder could not be synced is there: it is written again only if a power cut takes it.
            is_there = self.fault.out[name][0].operation == "fsync-folder"
            assert len(waiting) == 1 or (is_there and not waiting), "one line, however often it looks"
            assert all(line in self.living.log(name) for line in waiting)
            self.living.echoed.clear()
        self.heal(name)
        assert_share_holds_what_is_journalled(self.living.folder)

    def heal(self, who: str) -> None:
        if isinstance(self.fault, Outage) and self.fault.heal(who) is not None:
            assert self.fault.tried[who] <= MOST_TRIES
