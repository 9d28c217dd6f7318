"""What a pair of mailboxes keeps to, over folders, over memory, and over a share at its worst."""

from __future__ import annotations

import itertools

import pytest

from fedfolder.errors import JournalError, MessageError
from fedfolder.exchange.journal import IN, OUT
from tests.exchange.helpers import STORES, Pair, RoughStore, contents, stores

ROUNDS = 4


@pytest.fixture(params=list(STORES))
def any_pair(request, tmp_path):
    """As `pair`, and over rough stores too."""
    found = Pair(tmp_path / "homes", *stores(request.param, tmp_path))
    yield found
    found.close()


def require_same_at_both_ends(pair, rounds=ROUNDS):
    assert pair.server.sent() == pair.node.received()
    assert pair.node.sent() == pair.server.received()
    assert list(pair.node.sent()) == list(range(rounds + 1))


def test_a_conversation_ends_with_the_same_bytes_at_both_ends(any_pair):
    any_pair.converse(ROUNDS)
    require_same_at_both_ends(any_pair)
    assert any_pair.node.computed == any_pair.server.computed == list(range(1, ROUNDS + 1))


@pytest.mark.parametrize("seed", range(12))
def test_a_share_at_its_worst_delays_a_conversation_and_changes_nothing(tmp_path, seed):
    pair = Pair(tmp_path / "homes", RoughStore(seed), RoughStore(seed + 100))
    pair.converse(ROUNDS)
    require_same_at_both_ends(pair)
    assert pair.node.computed == list(range(1, ROUNDS + 1))
    pair.close()


@pytest.mark.parametrize("first", ["server", "node"])
def test_either_side_may_greet_first(pair, first):
    one, other = (pair.server, pair.node) if first == "server" else (pair.node, pair.server)
    one.open()
    assert one.box.receive() is None
    assert one.box.waits_for() == 0
    other.open()
    assert other.box.receive().header.kind == "hello"
    assert one.box.receive().header.kind == "hello"
    assert one.journal.key(other.me.name) == other.me.key
    assert other.journal.key(one.me.name) == one.me.key
    assert pair.server.box.waits_for() is None
    assert pair.node.box.waits_for() == 1


def test_pairs_are_strict(pair):
    for end in (pair.server, pair.node):
        with pytest.raises(JournalError, match="before both sides have greeted"):
            end.post(1)
    pair.greet()
    with pytest.raises(JournalError, match="not the turn of north"):
        pair.node.post(1)
    pair.ask(1)
    with pytest.raises(JournalError, match="not the turn of server"):
        pair.server.post(2)
    pair.answer(1)
    with pytest.raises(JournalError, match="not the turn of north"):
        pair.node.post(2)
    assert pair.server.box.receive().header.number == 1
    assert [pair.server.box.waits_for(), pair.node.box.waits_for()] == [None, 2]
    assert [m.header.number for m in (pair.ask(2), pair.answer(2))] == [2, 2]


def test_a_message_points_at_the_one_before_it_and_at_the_one_it_answers(answered):
    answered.server.box.receive()
    hello, request = (answered.server.journal.message("north", OUT, n) for n in (0, 1))
    reply = answered.server.journal.message("north", IN, 1)
    assert request.header.previous == hello.digest
    assert request.header.answers == ""
    assert reply.header.previous == answered.node.journal.message("server", OUT, 0).digest
    assert reply.header.answers == request.digest


HARMS = {
    "lost": lambda _content: None,
    "torn": lambda content: content[: len(content) // 2],
    "empty": lambda _content: b"",
    "zeros": lambda content: bytes(len(content)),
    "longer": lambda content: content + b"\0",
    "flipped": lambda content: bytes([content[0] ^ 1]) + content[1:],
}


@pytest.mark.parametrize("harm", list(HARMS))
@pytest.mark.parametrize("which", ["m000000-hello.json", "m000001-fit1-round1-beta.csv", "instruction"])
def test_what_the_share_lost_or_tore_is_written_again(asked, harm, which):
    before = contents(asked.to_node)
    (name,) = [name for name in before if which in name]
    harmed = HARMS[harm](before[name])
    asked.to_node.remove(name)
    if harmed is not None:
        asked.to_node.write(name, harmed)
    if name != "m000000-hello.json":
        assert asked.node.box.receive() is None
    assert asked.server.box.publish() == [name]
    assert contents(asked.to_node) == before
    assert asked.server.box.publish() == []
    assert asked.node.box.receive().header.number == 1


def test_the_json_is_written_last(pair, monkeypatch):
    pair.greet()
    order = []
    monkeypatch.setattr(pair.to_node, "write", lambda name, _content, **_: order.append(name))
    pair.ask()
    assert order == ["m000001-fit1-round1-beta.csv", "m000001-fit1-round1-instruction.json"]


def test_what_was_acknowledged_is_not_mended(answered):
    assert answered.server.box.receive().header.number == 1
    answered.to_node.remove("m000001-fit1-round1-beta.csv")
    assert answered.server.box.publish() == []
    assert "m000001-fit1-round1-beta.csv" not in answered.to_node.names()


def test_a_reply_is_mended_until_the_next_request(answered):
    answered.server.box.receive()
    name = "m000001-fit1-round1-result.json"
    answered.to_server.remove(name)
    assert answered.node.box.publish() == [name]
    answered.ask(2)
    answered.node.box.receive()
    answered.node.post(2)
    answered.to_server.remove(name)
    assert not any(written.startswith("m000001") for written in answered.node.box.publish())


def test_release_leaves_the_hello_and_what_is_unacknowledged(answered):
    answered.server.box.release()
    assert len(contents(answered.to_node)) == 3, "the reply is not accepted yet"
    answered.server.box.receive()
    answered.server.box.release()
    assert answered.to_node.names() == ["m000000-hello.json"]
    answered.node.box.release()
    assert len(contents(answered.to_server)) == 3, "the server has not shown that it has the reply"
    answered.ask(2)
    answered.answer(2)
    answered.node.box.release()
    assert sorted({name[:7] for name in answered.to_server.names()}) == ["m000000", "m000002"]


def test_what_cannot_be_deleted_stays_and_harms_nobody(answered, monkeypatch):
    from fedfolder.errors import ExchangeError

    def held(_name):
        raise ExchangeError("the exchange could not be deleted")

    answered.server.box.receive()
    monkeypatch.setattr(answered.to_node, "remove", held)
    answered.server.box.release()
    monkeypatch.undo()
    answered.server.box.release()
    assert answered.to_node.names() == ["m000000-hello.json"]


def test_a_message_that_no_reader_could_accept_is_never_journalled(pair):
    pair.greet()
    fields = {"event": "asked", "kind": "request", "fit": 1, "attempt": 1, "round": 1}
    for body, payloads in [
        ({"x": "y" * (1 << 20)}, {}),
        ({"x": 0.5}, {}),
        ({"x": 1 << 60}, {}),
        ({"x": "\ud800"}, {}),
        ({}, {"../beta.csv": b""}),
        ({}, {"Beta.csv": b""}),
        ({}, {"beta.json": b""}),
        ({}, {f"b{n}.csv": b"" for n in range(9)}),
    ]:
        with pytest.raises(MessageError):
            pair.server.box.post(payloads, body=body, **fields)
    assert list(pair.server.sent()) == [0]
    assert pair.ask(1).header.number == 1


# -- restarts ------------------------------------------------------------------------------------------------------


def undisturbed(tmp_path, kind):
    pair = Pair(tmp_path / "calm", *stores(kind, tmp_path / "calm"))
    steps = pair.converse(2)
    found = pair.server.sent(), pair.node.sent()
    pair.close()
    return steps, found


@pytest.mark.parametrize("kind", ["folders", "memory"])
def test_a_restart_at_every_point_sends_the_same_bytes_and_computes_nothing_again(tmp_path, kind):
    steps, expected = undisturbed(tmp_path, kind)
    # Over folders everyone at once, which is the hardest; in memory, where it is fast, each alone too.
    killed = [["server", "node"], *([["server"], ["node"]] if kind == "memory" else [])]
    for cut, who in itertools.product(range(steps + 1), killed):
        place = tmp_path / f"{cut}-{'-'.join(who)}"
        place.mkdir()
        pair = Pair(place / "homes", *stores(kind, place))
        pair.converse(2, disturb=lambda step, cut=cut, who=who: who if step == cut else ())
        assert (pair.server.sent(), pair.node.sent()) == expected
        assert pair.node.computed == [1, 2]
        pair.close()


@pytest.mark.parametrize("seed", range(4))
def test_restarts_after_every_step_over_a_share_at_its_worst(tmp_path, seed):
    pair = Pair(tmp_path / "homes", RoughStore(seed), RoughStore(seed + 50))
    restarts = iter(range(150))
    everyone = ["server", "node"]
    # A pass has four steps; restarting after each of them would never get through one, so every fifth.
    pair.converse(2, disturb=lambda step: everyone if step % 9 == 8 and next(restarts, None) is not None else ())
    require_same_at_both_ends(pair, 2)
    assert pair.node.computed == [1, 2]
    pair.close()


def test_a_share_that_was_emptied_is_filled_again_from_the_journals(answered):
    for store in (answered.to_node, answered.to_server):
        for name in store.names():
            store.remove(name)
    for end in (answered.server, answered.node):
        end.restart()
        end.open()
    assert answered.server.box.receive().header.number == 1
    assert answered.node.computed == [1]
