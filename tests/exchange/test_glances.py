"""A glance takes what is due by its name; what else lies there is noticed by the next whole look."""

from __future__ import annotations

import msgspec
import pytest

from fedfolder.errors import AlarmError, RevokedKeyError
from fedfolder.exchange import mailbox
from fedfolder.exchange.journal import IN, OUT, Journal
from fedfolder.exchange.outbox import Outbox
from fedfolder.exchange.trust import revoke
from tests.exchange.helpers import NODE, SERVER, STRANGER, clock, forged

SOON = mailbox.MOST_GLANCES + 1
"""Looks in which a whole one is."""


def take(end):
    """What an end's look brings, which is what it waits for."""
    _, found = end.box.look()
    assert found is not None
    end.box.accept(found)
    return found


def ask(pair, number):
    pair.server.post(number)
    pair.server.box.publish()


def answer(pair, number):
    pair.node.post(number)
    pair.node.box.publish()


def converse(pair, first, last, between=lambda _number: None):
    """Rounds in which nobody ever looks in vain."""
    for number in range(first, last + 1):
        ask(pair, number)
        assert take(pair.node).header.number == number
        answer(pair, number)
        assert take(pair.server).header.number == number
        between(number)


def whole_looks(monkeypatch, store):
    """How often a store is listed, from now on."""
    listed, true = [], store.names

    def names():
        listed.append(1)
        return true()

    monkeypatch.setattr(store, "names", names)
    return listed


@pytest.fixture
def side(pair, monkeypatch):
    """Who reads, who signs what lies there beside, and where, by who reads; its writer does not see it himself."""
    pair.greet()
    monkeypatch.setattr(Outbox, "_require_none_beside", lambda *_: None)
    return {
        "server": (pair.server, NODE, pair.to_server),
        "node": (pair.node, SERVER, pair.to_node),
    }


def other_of(end, number, who):
    """Another message with the number of one that `end` has accepted."""
    true = end.journal.message(end.peer.name, IN, number)
    assert true is not None
    changed = msgspec.structs.replace(true.header, fit=7, round=9, payloads=[])
    return forged(changed, dict(true.parts), who)


def test_what_is_due_is_taken_without_a_list_of_the_folder(pair, monkeypatch):
    pair.greet()
    converse(pair, 1, 2)
    listed = {store: whole_looks(monkeypatch, store) for store in (pair.to_node, pair.to_server)}
    ask(pair, 3)
    for end, store in [(pair.node, pair.to_node), (pair.server, pair.to_server)]:
        if end is pair.server:
            answer(pair, 3)
        before = len(listed[store])
        take(end)
        assert len(listed[store]) == before


@pytest.mark.parametrize("number", [1, 4, SOON - 1, SOON + 3, 2 * SOON - 1])
@pytest.mark.parametrize("who", ["server", "node"])
def test_a_second_message_of_one_number_beside_the_first_is_an_alarm_soon(pair, side, who, number):
    end, forger, store = side[who]
    converse(pair, 1, number)
    second = other_of(end, number, forger)
    store.write(second.name, second.content)
    with pytest.raises(AlarmError, match="two different messages with one number"):
        converse(pair, number + 1, number + SOON)


@pytest.mark.parametrize("number", [1, 4, SOON])
@pytest.mark.parametrize("who", ["server", "node"])
def test_a_file_that_is_another_after_it_was_taken_is_an_alarm_soon(pair, side, who, number):
    end, forger, store = side[who]
    # The last one its writer would put right.
    converse(pair, 1, number + 1)
    store.write(end.journal.message(end.peer.name, IN, number).name, other_of(end, number, forger).content)
    with pytest.raises(AlarmError, match="two different messages with one number"):
        converse(pair, number + 2, number + 1 + SOON)


@pytest.mark.parametrize("who", ["server", "node"])
def test_two_messages_that_lie_there_before_the_first_is_taken_are_an_alarm_soon(pair, side, who):
    end, forger, store = side[who]
    converse(pair, 1, 2)
    ask(pair, 3)
    if who == "server":
        take(pair.node)
        answer(pair, 3)
    writer = pair.node if who == "server" else pair.server
    true = writer.journal.last(end.me.name, OUT)
    changed = msgspec.structs.replace(true.header, fit=7, round=9, payloads=[])
    second = forged(changed, dict(true.parts), forger)
    store.write(second.name, second.content)

    def go_on():
        if who == "node":
            take(pair.node)
            answer(pair, 3)
        take(pair.server)
        converse(pair, 4, 3 + SOON)

    with pytest.raises(AlarmError, match="two different messages with one number"):
        go_on()


@pytest.mark.parametrize("harm", ["torn", "a stranger's", "empty", "a payload is missing", "a payload is torn"])
@pytest.mark.parametrize("who", ["server", "node"])
def test_what_is_not_whole_under_the_name_that_is_due_is_told_and_taken_when_it_is(pair, who, harm):
    pair.greet()
    converse(pair, 1, 2)
    ask(pair, 3)
    end, writer, store = pair.node, pair.server, pair.to_node
    if who == "server":
        take(pair.node)
        answer(pair, 3)
        end, writer, store = pair.server, pair.node, pair.to_server
    true = writer.journal.last(end.me.name, OUT)
    (part,) = true.payloads
    stranger = forged(msgspec.structs.replace(true.header, payloads=[]), dict(true.parts), STRANGER)
    match harm:
        case "a payload is missing":
            store.remove(part)
        case "a payload is torn":
            store.write(part, true.payloads[part][:1])
        case _:
            harmed = {"torn": true.content[:-9], "a stranger's": stranger.content, "empty": b""}[harm]
            store.write(true.name, harmed)
    for _ in range(2):
        assert end.box.look()[1] is None
        assert end.box.findings
    writer.box.publish()
    assert take(end) == true
    assert end.box.look()[1] is None
    assert not end.box.findings


@pytest.mark.parametrize("what", ["own", "the other's"])
def test_a_key_that_is_revoked_beside_a_running_program_is_seen_before_the_next_glance(pair, what):
    """By another process, while the answer lies there."""
    pair.greet()
    converse(pair, 1, 2)
    ask(pair, 3)
    take(pair.node)
    answer(pair, 3)
    other = Journal(pair.server.path, clock=clock)
    revoke(other, SERVER.name if what == "own" else NODE.name, "it was lost")
    other.close()
    with pytest.raises(RevokedKeyError):
        pair.server.box.look()


def test_a_look_that_came_early_leaves_the_rest_to_the_one_that_is_due(pair, monkeypatch):
    """Something has moved, perhaps in another folder: what was lost is written again when its time has come."""
    pair.greet()
    converse(pair, 1, 2)
    ask(pair, 3)
    true = pair.server.journal.last(NODE.name, OUT)
    assert pair.server.box.look() == ([], None), "it has just been written"
    pair.to_node.remove(true.name)
    listed = [whole_looks(monkeypatch, store) for store in (pair.to_node, pair.to_server)]
    assert pair.server.box.look(hastened=True) == ([], None)
    assert listed == [[], []]
    assert pair.server.box.look() == ([true.name], None)


def test_looks_that_come_early_again_and_again_do_not_put_off_a_whole_one(pair):
    pair.greet()
    converse(pair, 1, 2)
    ask(pair, 3)
    true = pair.server.journal.last(NODE.name, OUT)
    pair.to_node.remove(true.name)
    assert [true.name] in [pair.server.box.look(hastened=True)[0] for _ in range(SOON)]


@pytest.mark.parametrize("who", ["server", "node"])
def test_before_an_end_goes_on_its_last_message_must_be_what_it_wrote(pair, who):
    """What is due lies there; but a copy of this home was at work in its own folder: seen before that is taken."""
    pair.greet()
    converse(pair, 1, 2)
    ask(pair, 3)
    end, store, key = pair.node, pair.to_server, NODE
    if who == "server":
        assert pair.server.box.look() == ([], None), "it has just been written"
        take(pair.node)
        answer(pair, 3)
        end, store, key = pair.server, pair.to_node, SERVER
    last = end.journal.last(end.peer.name, OUT)
    changed = msgspec.structs.replace(last.header, fit=7, round=9, payloads=[])
    store.write(last.name, forged(changed, dict(last.parts), key).content)
    with pytest.raises(AlarmError, match="a copy of this home"):
        end.box.look()
    assert end.box.waits_for() == 3, "nothing was accepted"
