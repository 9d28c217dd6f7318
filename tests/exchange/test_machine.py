"""The state machines of docs/exchange-format.md: document, model and code agree, whatever share and processes do.

The document's two tables stand in tests/exchange/model.py once more, and a test holds them equal, both ways. The rest
drives the code through them: at random, and to each row on purpose.
"""

from __future__ import annotations

import functools
import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.exchange.machine import OTHER, Aim, Bench, InnocentShare, TwoHomes
from tests.exchange.model import (
    ABOVE,
    EVENTS,
    GREETING,
    MOVES,
    NEW,
    OWING,
    OWN,
    ROWS,
    SIDES,
    STARTED_BESIDE,
    STATES,
    STOPS,
    TROUBLES,
    TURN,
    TWO,
    WAITING,
    Row,
    kind,
)
from tests.exchange.perils import FAILED, HARMS, KILLED, Fault

PAGE = Path(__file__).parents[2] / "docs" / "exchange-format.md"
HEADINGS = {"server": "### The request channel: `to-node`", "node": "### The reply channel: `to-server`"}


def cells_of(side):
    """The document's table of a channel: state, event and next state of each line, as they stand there."""
    text = PAGE.read_text(encoding="utf-8").split(HEADINGS[side])[1].split("\n#")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == [f"state of the {side}", "event", "what it does", "next state"]
    return [(state, event, after) for state, event, _does, after in cells[2:]]


def documented(side):
    """The rows of the document's table, one a state: `any` and lists are spelt out."""
    cells = cells_of(side)
    named = {state for cell, _, _ in cells for state in cell.split(", ") if not state.startswith("any")}
    groups = {"any": named, "any but new": named - {NEW}}
    rows = [
        Row(state, event, state if after == "the same" else after)
        for cell, event, after in cells
        for state in groups.get(cell, cell.split(", "))
    ]
    return named, rows


@pytest.mark.parametrize("side", SIDES)
def test_the_document_has_the_models_states_and_rows_and_no_others(side):
    named, rows = documented(side)
    assert named == set(STATES[side])
    assert len(rows) == len(set(rows)), "a row stands there twice"
    assert set(rows) == {Row(row.state, EVENTS[side].get(row.event, row.event), row.next) for row in ROWS[side]}


@pytest.mark.parametrize("side", SIDES)
def test_every_state_can_be_reached_and_left(side):
    reached, left = {NEW}, {row.state for row in ROWS[side] if kind(row.next) != row.state}
    for _ in ROWS[side]:
        reached |= {kind(row.next) for row in ROWS[side] if row.state in reached}
    assert reached == left == set(STATES[side])
    events = [(row.state, row.event) for row in ROWS[side]]
    assert len(events) == len(set(events)), "an event leads to one state"


def run(machine, bench, **options):
    """Run the machine; return the rows that were taken."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    factory: Any = functools.partial(machine, bench)
    run_state_machine_as_test(factory, settings=settings(suppress_health_check=slow, **options))
    return {side: set(bench.taken[side]) for side in SIDES}


@pytest.fixture
def bench(tmp_path, monkeypatch):
    return Bench(tmp_path, monkeypatch)


def test_over_an_innocent_share_model_and_code_agree_and_the_conversation_ends(bench):
    """Whatever the share and the processes do, no step of either home differs from the tables.

    Fault 13: rename reports failure but happened. Fault 16: crash after commit, before publishing. Fault 18: the n-th
    operation fails, once or for ever. Fault 22: the share vanishes and returns. Fault 25: a listing skips an entry.
    Fault 27: a final name with part of its content. Fault 28: zero-length or NUL-filled. Fault 29: a conflict copy.
    Fault 30: an identical duplicate. Fault 42: files out of order. Fault 43: files deleted mid-run.
    """
    taken = run(InnocentShare, bench, max_examples=40, stateful_step_count=15)
    for side in SIDES:
        possible = {row for row in ROWS[side] if row.event not in STOPS}
        assert taken[side] <= possible, "nobody may be stopped by such a share"
        assert taken[side].issuperset(MOVES[side])
        # That each can be come to is tested below; what is drawn at random may once miss one.
        assert len(possible - taken[side]) <= 5


@pytest.mark.parametrize("side", SIDES)
def test_every_state_stands_every_trouble(bench, side):
    """Each row that an innocent share can cause, come to on purpose."""
    for state, trouble in itertools.product(STATES[side], TROUBLES):
        machine = InnocentShare(bench)
        if state != NEW:
            machine.work(side, Aim((side, state), 0 if state == GREETING else 3))
            assert machine.homes[side].model.state == state
        machine.meet(side, trouble)
        machine.teardown()
    assert set(bench.taken[side]) >= {row for row in ROWS[side] if row.event not in STOPS}


KINDS = {NEW: "start", GREETING: "receive", WAITING: "receive", TURN: "post", OWING: "post"}


@pytest.mark.parametrize(("side", "state"), [(side, state) for side in SIDES for state in STATES[side]])
def test_journalling_may_break_off_anywhere(bench, side, state):
    """Fault 16: crash after commit, before publishing; and at every statement before that."""
    for how in ("killed before", "killed after"):
        for at in itertools.count():
            machine = InnocentShare(bench)
            if state != NEW:
                come_to(machine, side, state)
            getattr(machine, KINDS[state])(side, fault=Fault(at, how))
            survived = machine.homes[side].box is not None
            assert machine.start(side)
            if machine.homes[side].model.state == state:
                getattr(machine, KINDS[state])(side)
            assert machine.homes[side].model.state != state
            machine.clear()
            if survived:
                break
        assert at > 3, "a transaction has more statements"


def come_to(machine, side, state):
    """Bring a home into a state, with all there that takes it out of it."""
    other = OTHER[side]
    machine.work(other, Aim((side, state), 0 if state == GREETING else 1))
    machine.publish(side)
    machine.carry_all(side)
    # The other side may have to accept the hello before anything else.
    for _ in [*machine.turn(other), *machine.turn(other)]:
        machine.carry_all(other)
    assert machine.homes[side].model.state == state


@pytest.mark.parametrize("side", SIDES)
def test_publishing_may_break_off_anywhere(bench, side):
    """Fault 18: fail the n-th I/O for all n, once and for ever; and be killed before, in and after it."""
    machine = InnocentShare(bench)
    machine.work(side, Aim((side, WAITING), 2))
    for at, how in itertools.product(range(20), [*KILLED, *FAILED]):
        assert machine.up(side)
        machine.all_is_lost(side, "written")
        machine.publish(side, fault=Fault(at, how))
    machine.teardown()


@pytest.mark.parametrize("side", SIDES)
def test_no_file_is_accepted_that_was_harmed(bench, side):
    """Faults 27 and 28, for each file of a message that is due."""
    machine, other = InnocentShare(bench), OTHER[side]
    machine.work(other, Aim((other, WAITING), 2))
    for harm, which_one in itertools.product(HARMS, range(4)):
        machine.a_home_looks(side, None, 0, harm, which_one)
        # White space at the end of a JSON file says nothing: then it was accepted, and it goes on from there.
        machine.speak(side)
        machine.publish(side)
        machine.carry_all(side)
        machine.receive(other)
    machine.teardown()


def test_with_two_homes_nothing_is_accepted_in_silence(bench):
    """Fault 15: local state restored from an old backup."""
    run(TwoHomes, bench, max_examples=30, stateful_step_count=15)


def an_old_copy(machine, side, state):
    """A home in a state; the conversation has gone on since, and it comes back from its copy."""
    machine.work(side, Aim((side, state), 0 if state == GREETING else 3))
    assert machine.homes[side].model.state == state
    copy = machine.copy(side)
    machine.finish()
    machine.finish()
    return copy


def stop_at_its_own(machine, side, state):
    if state == NEW:
        machine.finish()
        machine.a_home_is_made_anew(side, "")
    else:
        machine.go_back(side, an_old_copy(machine, side, state))
    machine.start(side)


def stop_at_what_is_above(machine, side, state):
    machine.go_back(side, an_old_copy(machine, side, state), lost="written")
    assert machine.start(side)
    machine.receive(side)


def stop_at_two_contents(machine, side, state):
    other = OTHER[side]
    machine.work(other, Aim((other, TURN if other == "server" else OWING), 3))
    copy = machine.copy(other)
    for again in (False, True):
        if again:
            machine.go_back(other, copy, lost="written")
            assert machine.start(other)
        machine.speak(other)
        machine.publish(other)
        machine.carry_all(other)
        assert machine.up(side)
        machine.receive(side)
        if state == WAITING and not again:
            machine.speak(side)


def test_what_follows_another_history_is_never_accepted(bench):
    """Where no two contents of one number ever lie there, the fork shows in what the next message points at."""
    machine = TwoHomes(bench)
    server, copies = machine.homes["server"], machine.copies["node"]
    machine.work("node", Aim(("node", OWING), 1))
    old = copies[-1]
    for again in (False, True):
        if again:
            machine.go_back("node", old, lost="written")
            machine.start("node")
        machine.speak("node")
        machine.publish("node")
        machine.carry_all("node") if not again else None
        machine.receive("server")
    machine.speak("server")
    machine.publish("server")
    machine.carry_all("server")
    machine.receive("node")
    machine.speak("node")
    machine.publish("node")
    for name in machine.homes["node"].outgoing.contents():
        if name.startswith("m000001"):
            machine.homes["node"].outgoing.put(name, None)
    machine.carry_all("node")
    machine.receive("server")
    assert server.model.n == 2
    assert server.box is None or any("does not follow" in reason for reason in server.box.findings.values())
    machine.teardown()


@pytest.mark.parametrize("side", SIDES)
def test_a_home_stops_when_what_its_twin_wrote_is_put_back(bench, side):
    machine = TwoHomes(bench)
    machine.work(side, Aim((side, TURN if side == "server" else OWING), 2))
    old = machine.copy(side)
    machine.speak(side)
    twins = machine.homes[side].model.sent[-1]
    machine.go_back(side, old, lost="written")
    machine.start(side)
    machine.speak(side)
    machine.publish(side)
    machine.homes[side].outgoing.put(twins.name, twins.content)
    machine.publish(side)
    assert machine.homes[side].box is None
    machine.teardown()


WAYS = {STARTED_BESIDE: stop_at_its_own, OWN: stop_at_its_own, ABOVE: stop_at_what_is_above, TWO: stop_at_two_contents}


@pytest.mark.parametrize("side", SIDES)
def test_every_stop_is_come_to(bench, side):
    """Fault 15: each row that ends a process, come to on purpose."""
    for row in sorted(row for row in ROWS[side] if row.event in STOPS):
        machine = TwoHomes(bench)
        before = bench.taken[side][row]
        WAYS[row.event](machine, side, row.state)
        assert machine.homes[side].box is None, row
        assert bench.taken[side][row] == before + 1
        machine.teardown()
