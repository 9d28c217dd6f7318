"""Attacks on a share that anyone may write to; what lies on disk and in the journals afterwards is asserted too."""

from __future__ import annotations

import os
import time

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fedfolder.errors import AlarmError, HomeInUseError
from fedfolder.exchange import inbox
from fedfolder.exchange.envelope import Header
from fedfolder.exchange.journal import IN, OUT
from fedfolder.exchange.names import HELLO
from fedfolder.exchange.store import FolderStore
from tests.exchange.helpers import (
    BETA,
    NODE,
    SERVER,
    STRANGER,
    STUDY,
    contents,
    forged,
    header,
    identity,
    messages,
    raw,
)

JSON, CSV = "m000001-fit1-round1-instruction.json", "m000001-fit1-round1-beta.csv"


def journals(pair):
    return [messages(end.journal, end.peer.name, way) for end in (pair.server, pair.node) for way in (IN, OUT)]


def require_refused(pair, end, store, finding=""):
    """Nothing is accepted, no file is touched, the journals stay, and the reason is told once."""
    disk, before = contents(store), journals(pair)
    assert end.box.receive() is None
    told = [line for line in end.journal.audit_lines() if line[1] == "not accepted"]
    assert end.box.receive() is None
    assert [line for line in end.journal.audit_lines() if line[1] == "not accepted"] == told
    assert contents(store) == disk
    assert journals(pair) == before
    assert any(finding in reason for reason in end.box.findings.values()), end.box.findings


def require_recovers(pair):
    """Nothing is poisoned: once the writer has mended its files, the message is accepted."""
    pair.server.box.publish()
    assert pair.node.box.receive().digest == pair.server.journal.last("north", OUT).digest


def request(pair, who=SERVER, payloads=None, **fields):
    """Another request 1 that points where the true one does."""
    true = pair.server.journal.message("north", OUT, 1).header
    made = msgspec.structs.replace(true, payloads=[], **fields)
    return forged(made, {"beta.csv": BETA} if payloads is None else payloads, who)


def put(store, message, name=None):
    for part, content in message.payloads.items():
        store.write(part, content)
    store.write(name or message.name, message.content)


# -- in the place of the true file ---------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_bit_flipped_in_either_file(asked, data):
    true = contents(asked.to_node)
    name = data.draw(st.sampled_from([JSON, CSV]))
    harmed = bytearray(true[name])
    harmed[data.draw(st.integers(0, len(harmed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    asked.to_node.write(name, bytes(harmed))
    assert asked.node.box.receive() is None
    assert list(asked.node.received()) == [0]
    assert asked.node.box.findings
    assert asked.server.box.publish() == [name]
    assert contents(asked.to_node) == true


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_bytes_in_the_place_of_the_message(asked, content):
    asked.to_node.write(JSON, content)
    assert asked.node.box.receive() is None
    assert list(asked.node.received()) == [0]


STRANGERS = {
    "a stranger's signature": lambda pair: request(pair, STRANGER).content,
    "no signature": lambda pair: raw(msgspec.to_builtins(request(pair).header)),
    "two signatures": lambda pair: raw(msgspec.to_builtins(request(pair).header), SERVER, STRANGER),
    "another study": lambda pair: request(pair, study="other").content,
    "another recipient": lambda pair: request(pair, recipient="south").content,
    "another sender": lambda pair: request(pair, NODE, sender="north", recipient="server", kind="sums").content,
    "a wrong previous digest": lambda pair: request(pair, previous="1" * 64).content,
    "an answer": lambda pair: request(pair, answers="1" * 64).content,
    "an older number": lambda pair: pair.server.journal.message("north", OUT, 0).content,
    "a later number": lambda pair: request(pair, number=2).content,
    "a newer format": lambda pair: raw({**msgspec.to_builtins(request(pair).header), "format": "fedfolder/2"}, SERVER),
    "more than a mebibyte": lambda pair: request(pair).content + b" " * (1 << 20),
}


@pytest.mark.parametrize("attack", list(STRANGERS))
def test_in_the_place_of_the_message(asked, attack):
    asked.to_node.write(JSON, STRANGERS[attack](asked))
    require_refused(asked, asked.node, asked.to_node)
    if attack in {"a wrong previous digest", "an answer"}:
        with pytest.raises(AlarmError, match="a copy of this home"):
            asked.server.box.publish()
    else:
        require_recovers(asked)


def test_payloads_swapped_between_messages(answered):
    answered.server.box.receive()
    answered.ask(2)
    second = "m000002-fit1-round2-beta.csv"
    answered.to_node.write(second, answered.to_node.read(CSV, 1000))
    require_refused(answered, answered.node, answered.to_node, "not (yet) what its message states")
    require_recovers(answered)


def test_a_payload_that_is_oversized(asked):
    asked.to_node.write(CSV, bytes(10_000_000))
    require_refused(asked, asked.node, asked.to_node, "too long")
    require_recovers(asked)


def test_a_reply_to_another_request(answered):
    true = answered.node.journal.message("server", OUT, 1)
    other = forged(msgspec.structs.replace(true.header, answers="1" * 64, payloads=[]), {}, NODE)
    answered.to_server.write(true.name, other.content)
    require_refused(answered, answered.server, answered.to_server, "answers another request")
    answered.to_server.write(true.name, true.content)
    assert answered.server.box.receive().digest == true.digest


def test_an_old_message_under_the_number_that_is_due(answered):
    answered.server.box.receive()
    answered.ask(2)
    name = "m000002-fit1-round2-instruction.json"
    answered.to_node.write(name, answered.to_node.read(JSON, 1 << 20))
    require_refused(answered, answered.node, answered.to_node, "named after another message")
    require_recovers(answered)


def test_old_messages_put_back_are_old_news(answered):
    kept = contents(answered.to_node)
    answered.server.box.receive()
    answered.server.box.release()
    answered.ask(2)
    for name, content in kept.items():
        answered.to_node.write(name, content)
    before = answered.node.computed[:]
    answered.answer(2)
    assert answered.node.computed == [*before, 2]
    assert answered.node.box.receive() is None
    assert answered.server.box.receive().header.number == 2


# -- beside the true file ------------------------------------------------------------------------------------------

BESIDE = {
    "a conflict copy": ("m000001-fit1-round1-instruction (1).json", None),
    "a conflict copy of a payload": ("m000001-fit1-round1-beta (1).csv", b"x"),
    "an identical copy with a name of ours": ("m000001-copy.json", None),
    "junk before it": ("m000001-a.json", b"junk"),
    "junk after it": ("m000001-z.json", b"{}"),
    "a bomb": ("m000001-bomb.json", b"[" * 100_000),
    "something huge": ("m000001-huge.json", b"0" * (2 << 20)),
    "empty": ("m000001-empty.json", b""),
    "a stranger's message": ("m000001-stranger.json", "stranger"),
    "another kind of file": ("m000001-virus.exe", b"MZ"),
    "a thumbnail": ("Thumbs.db", b"x"),
    "junk from the future": ("m999999-future.json", b"junk"),
    "a stranger's hello": ("m000000-hello-2.json", "hello"),
    "a temporary file": (".fedfolder-0123456789abcdef", b"half"),
}


@pytest.mark.parametrize("attack", list(BESIDE))
def test_beside_the_message(asked, attack):
    name, content = BESIDE[attack]
    true = asked.to_node.read(JSON, 1 << 20)
    if content == "stranger":
        content = request(asked, STRANGER).content
    elif content == "hello":
        content = strangers_hello("server", "north").content
    asked.to_node.write(name, true if content is None else content)
    disk = contents(asked.to_node)
    accepted = asked.node.box.receive()
    assert accepted is not None, "a stranger's file blocks nothing"
    assert accepted.name == JSON
    assert contents(asked.to_node) == disk, "a reader never touches a writer's file"
    asked.node.restart()
    asked.node.open()
    assert asked.node.box.receive() is None, "and raises no alarm"
    asked.node.post(1)
    asked.node.box.publish()
    asked.server.restart()
    asked.server.open()
    assert asked.server.box.receive().header.number == 1
    asked.ask(2)
    assert asked.node.box.receive().header.number == 2


def test_a_conflict_copy_is_named(asked):
    asked.to_node.remove(JSON)
    asked.to_node.write("m000001-fit1-round1-instruction (1).json", b"x")
    asked.node.box.receive()
    assert list(asked.node.box.findings) == ["m000001-fit1-round1-instruction (1).json"]


def strangers_hello(sender, recipient):
    body = {"key": STRANGER.key.hex()}
    made = Header(study=STUDY, sender=sender, recipient=recipient, kind="hello", number=0, body=body)
    return forged(made, {}, STRANGER)


def test_a_stranger_in_the_outgoing_folder_stops_nobody(asked):
    for name, content in [
        ("m000009-x.json", b"junk"),
        ("m000009-fit1-round9-instruction.json", request(asked, STRANGER, number=9, round=9).content),
        ("m000000-hello-2.json", strangers_hello("server", "north").content),
    ]:
        asked.to_node.write(name, content)
    asked.server.restart()
    asked.server.open()
    assert asked.node.box.receive().header.number == 1


@pytest.mark.parametrize("kind", ["folder", "link", "unreadable"])
def test_something_that_is_no_file_beside_the_message(tmp_path, asked, kind, monkeypatch):
    if not isinstance(asked.to_node, FolderStore):
        pytest.skip("memory holds files only")
    place = asked.to_node.folder / "m000001-aaa.json"
    if kind == "folder":
        place.mkdir()
    elif kind == "link":
        place.symlink_to(tmp_path / "nowhere")
    else:
        place.write_bytes(b"x")
        true = os.open
        monkeypatch.setattr(os, "open", lambda path, *how: held(path) if path == place else true(path, *how))
    assert asked.node.box.receive().name == JSON
    assert place.is_symlink() or place.exists()


def held(path):
    raise PermissionError(13, "held by another program", str(path))


# -- alarms --------------------------------------------------------------------------------------------------------


def test_two_contents_signed_under_one_number_lying_side_by_side(asked):
    put(asked.to_node, request(asked, fit=2), "m000001-fit2-round1-instruction.json")
    disk, before = contents(asked.to_node), journals(asked)
    with pytest.raises(AlarmError, match="two different messages with one number"):
        asked.node.box.receive()
    assert contents(asked.to_node) == disk
    assert journals(asked) == before


def test_another_content_signed_under_a_number_that_was_accepted(answered):
    other = request(answered, body={"changed": True})
    answered.to_node.write(JSON, other.content)
    before = journals(answered)
    with pytest.raises(AlarmError, match="two different messages with one number"):
        answered.node.box.receive()
    assert journals(answered) == before
    assert answered.to_node.read(JSON, 1 << 20) == other.content


def test_another_content_signed_under_an_older_number_is_seen_after_a_restart(answered):
    answered.server.box.receive()
    answered.ask(2)
    answered.answer(2)
    answered.to_node.write("m000001-fit7-round1-instruction.json", request(answered, fit=7).content)
    answered.node.restart()
    with pytest.raises(AlarmError):
        answered.node.box.receive()


@pytest.mark.parametrize("when", ["at once", "later"])
def test_a_changed_key_in_the_hello_is_an_alarm(asked, when):
    if when == "later":
        asked.answer()
        asked.server.box.receive()
        asked.ask(2)
    before = journals(asked)
    asked.to_node.write(HELLO, strangers_hello("server", "north").content)
    with pytest.raises(AlarmError, match="another key than before"):
        asked.node.box.receive()
    assert journals(asked) == before
    assert asked.node.journal.key("server") == SERVER.key
    assert asked.server.box.publish() == [HELLO], "its writer puts it right"
    assert asked.node.box.receive() is not None


def test_the_first_key_that_introduces_itself_is_pinned(pair):
    pair.to_node.write("m000000-a.json", strangers_hello("server", "north").content)
    pair.greet()
    assert pair.node.journal.key("server") == SERVER.key


# -- homes ---------------------------------------------------------------------------------------------------------


def copied(end, path):
    """The same home once more: a copy of its journal as it is now, on the same stores."""
    import sqlite3

    from tests.exchange.helpers import End

    target = sqlite3.connect(path)
    source = sqlite3.connect(end.path)
    source.backup(target)
    source.close()
    target.close()
    return End(path, end.me, end.peer, end.incoming, end.outgoing)


def test_a_second_home_for_one_node_is_turned_away(answered, tmp_path):
    from tests.exchange.helpers import End

    disk = contents(answered.to_server)
    for who in (identity("north", "made anew"), NODE):
        second = End(tmp_path / f"{who.key.hex()}.sqlite3", who, SERVER, answered.to_node, answered.to_server)
        with pytest.raises(HomeInUseError, match="another home writes as north"):
            second.open()
        assert contents(answered.to_server) == disk
        assert second.sent() == {}
        second.journal.close()


@pytest.mark.parametrize("side", ["server", "node"])
def test_a_home_restored_from_an_old_backup_is_turned_away(answered, tmp_path, side):
    end = getattr(answered, side)
    old = copied(end, tmp_path / "backup.sqlite3")
    answered.server.box.receive()
    answered.ask(2)
    answered.answer(2)
    disk, before = contents(end.outgoing), old.sent()
    with pytest.raises(HomeInUseError, match="an old copy"):
        old.open()
    assert contents(end.outgoing) == disk
    assert old.sent() == before
    old.journal.close()


@pytest.mark.parametrize("side", ["server", "node"])
def test_an_old_home_is_found_out_even_when_the_share_has_forgotten_it(answered, tmp_path, side):
    end = getattr(answered, side)
    old = copied(end, tmp_path / "backup.sqlite3")
    answered.server.box.receive()
    answered.ask(2)
    answered.answer(2)
    answered.server.box.receive()
    answered.ask(3)
    answered.answer(3)
    for name in end.outgoing.names():
        end.outgoing.remove(name)
    old.open()
    before = old.sent(), old.received()
    with pytest.raises(HomeInUseError, match="further on than this home"):
        old.box.receive()
    assert (old.sent(), old.received()) == before
    old.journal.close()


def test_a_copied_node_that_answers_too_is_an_alarm_at_both(asked, tmp_path):
    asked.node.box.receive()
    twin = copied(asked.node, tmp_path / "twin.sqlite3")
    asked.node.post(1)
    asked.node.box.publish()
    twin.computed = [0] * 12345
    twin.post(1)
    before = journals(asked)
    with pytest.raises(AlarmError, match="a copy of this home"):
        twin.box.publish()
    asked.to_server.write("m000001-fit1-round1-result.json", twin.journal.last("server", OUT).content)
    with pytest.raises(AlarmError, match="a copy of this home"):
        asked.node.box.publish()
    assert journals(asked) == before
    twin.journal.close()


def test_a_longer_message_of_a_copied_home_is_seen_too(answered):
    true = answered.node.journal.last("server", OUT)
    longer = msgspec.structs.replace(true.header, body={"n": "x" * 5000})
    answered.to_server.write(true.name, forged(longer, true.parts, NODE).content)
    with pytest.raises(AlarmError, match="a copy of this home"):
        answered.node.box.publish()


def test_a_copied_server_that_asks_something_else_is_an_alarm_at_both(asked):
    twin = request(asked, fit=9)
    put(asked.to_node, twin)
    with pytest.raises(AlarmError, match="two different messages"):
        asked.node.box.receive()
    with pytest.raises(AlarmError, match="a copy of this home"):
        asked.server.box.publish()


def test_a_home_whose_twin_is_ahead_stops(asked):
    asked.to_server.write("m000005-x.json", forged(header("north", "server", number=5), {}, NODE).content)
    with pytest.raises(HomeInUseError):
        asked.node.box.publish()


def test_a_damaged_message_in_the_journal_is_not_sent(answered):
    from fedfolder.errors import JournalError

    answered.to_server.remove("m000001-fit1-round1-derivatives.csv")
    db = answered.node.journal._db  # noqa: SLF001 - a bit of the disk has turned
    db.execute("UPDATE payloads SET content = x'00' WHERE direction = 'out'")
    disk = contents(answered.to_server)
    answered.node.restart()
    with pytest.raises(JournalError, match="damaged"):
        answered.node.box.publish()
    assert contents(answered.to_server) == disk


# -- litter --------------------------------------------------------------------------------------------------------


def test_twenty_thousand_junk_files(asked):
    if isinstance(asked.to_node, FolderStore):
        write = lambda name, content: (asked.to_node.folder / name).write_bytes(content)  # noqa: E731 - faster
    else:
        write = asked.to_node.write
    for number in range(17_000):
        write(f"junk-{number}.json", b"x")
    for number in range(1000):
        write(f"m000001-junk{number}.json", b"{}")
        write(f"m{number + 2:06d}-junk.json", b"{}")
        write(f"m000001-junk ({number}).json", b"{}")
    started = time.perf_counter()
    assert asked.node.box.receive().name == JSON
    assert len(asked.node.box.findings) <= 2 * inbox.MOST_FINDINGS
    assert asked.node.box.receive() is None
    assert time.perf_counter() - started < 30
    assert len(asked.node.journal.audit_lines()) < 1.2 * inbox.MOST_REPORTED


def test_the_audit_is_not_flooded_by_a_file_that_changes_all_the_time(asked, monkeypatch):
    monkeypatch.setattr(inbox, "MOST_REPORTED", 5)
    for number in range(20):
        asked.to_node.write(JSON, b"junk %d" % number)
        assert asked.node.box.receive() is None
    assert sum(line[1] == "not accepted" for line in asked.node.journal.audit_lines()) == 5
    require_recovers(asked)
