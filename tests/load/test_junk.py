"""Any number of junk files: each look is bounded, no true message waits for them, and none is hidden by them."""

from __future__ import annotations

import collections
import os

import load
import msgspec
import pytest

from fedfolder.errors import AlarmError, HomeInUseError
from fedfolder.exchange import inbox, outbox, rota
from fedfolder.exchange.journal import OUT
from fedfolder.exchange.store import FolderStore, Stamp
from tests import needs
from tests.exchange.helpers import NODE, SERVER, forged, header
from tests.exchange.helpers import Pair as PairOfHomes
from tests.exchange.test_attacks import copied, put

JSON = "m000001-fit1-round1-instruction.json"
MANY = 20_000


def junk(folder, name, count, size=load.HALF):
    """Sparse files of half a megabyte: they cost a reader what true ones would, and the disk nothing."""
    for number in range(count):
        with (folder / name.format(number)).open("wb") as file:
            file.truncate(size)


def looks_until(end, most, what=lambda message: message is not None):
    """Look until something comes; the number of looks that it took."""
    for number in range(1, most + 1):
        if what(end.box.receive()):
            return number
    raise AssertionError(f"nothing in {most} looks")


def turns(count):
    """Looks in which each of so many files of half a megabyte is read once."""
    return -(-count // min(rota.MOST_READ, rota.MOST_BYTES // load.HALF))


# -- a whole fit ---------------------------------------------------------------------------------------------------


def test_a_fit_among_junk_is_the_same_fit(place, counted):
    """Fault 41: 100,000 junk files; here 10,000 in each folder of one of three nodes."""
    found = load.fit_among_junk(place / "dirty", MANY // 2)
    counted.require_bounded()
    at_start = sum(look.read.total() for look in counted.looks if look.of == "open")
    in_all = sum(look.read.total() for look in counted.looks)
    assert at_start <= 4 * outbox.MOST_AT_START
    assert in_all - at_start < MANY / 4, "most of it need never be read"
    assert found.bits == load.in_memory(place / "memory", 3)
    for folder in ("to-node", "to-server"):
        left = [path.name for path in (place / "dirty" / "exchange" / load.STUDY / "node1" / folder).iterdir()]
        assert not any(name in left for name in ("m000001-fit1-round1-moments.csv", JSON)), "what was ours is tidied"
        assert len(left) > MANY / 4, "and what is not under our numbers is left alone"


# -- beside the message that is due --------------------------------------------------------------------------------


def test_a_message_with_the_name_that_its_writer_gives_does_not_wait(pair, counted):
    """Fault 41: 20,000 files of half a megabyte under the number that is due."""
    junk(pair.to_node.folder, "m000001-x{}.json", MANY)
    assert pair.node.box.receive() is None
    pair.ask()
    assert pair.node.box.receive().name == JSON
    pair.node.post(1)
    pair.node.box.publish()
    junk(pair.to_server.folder, "m000001-fit1-round1-a{}-result.json", 100)
    assert pair.server.box.receive().header.number == 1
    counted.require_bounded()


@pytest.mark.parametrize(
    ("fit", "attempt", "round_"), [(1, 1, 2), (2, 1, 1), (1, 2, 1)], ids=["next round", "next fit", "next attempt"]
)
def test_a_message_from_further_on_does_not_wait_either(pair, fit, attempt, round_):
    """Fault 41: the names that can follow are few."""
    pair.ask()
    pair.answer()
    assert pair.server.box.receive() is not None
    assert pair.node.box.receive() is None
    junk(pair.to_node.folder, "m000002-fit{}-round7-instruction.json", 300)
    place = {"fit": fit, "attempt": attempt, "round": round_}
    pair.server.box.post({}, event="asked", kind="request", body={}, **place)
    pair.server.box.publish()
    assert pair.node.box.receive().header.round == round_


def test_a_message_with_another_name_is_found_at_once_if_it_comes_after_the_junk(pair, counted):
    """Fault 41: a reader goes by the number; the rest of a name is for people."""
    junk(pair.to_node.folder, "m000001-x{}.json", 2000)
    assert pair.node.box.receive() is None
    message = pair.server.post(1)
    put(pair.to_node, message, "m000001-zzz-kept-by-hand.json")
    assert pair.node.box.receive().digest == message.digest
    counted.require_bounded()


def test_a_message_with_another_name_is_found_in_the_end_if_it_lay_there_before(pair, counted):
    """Fault 41: all files of a number are read, some at each look."""
    junk(pair.to_node.folder, "m000001-x{}.json", 200)
    put(pair.to_node, pair.server.post(1), "m000001-zzz-kept-by-hand.json")
    assert looks_until(pair.node, turns(201)) > 1
    counted.require_bounded()


def test_a_message_that_comes_where_junk_was_and_looks_the_same_is_found_in_the_end(pair, monkeypatch):
    """Faults 35, 41: times that are always the same delay a message, and lose none."""
    monkeypatch.setattr(FolderStore, "stamp", lambda *_: Stamp(1000, 0))
    message = pair.server.post(1)
    name = "m000001-x50.json"
    junk(pair.to_node.folder, "m000001-x{}.json", 100, size=len(message.content))
    for _ in range(20):
        assert pair.node.box.receive() is None
    put(pair.to_node, message, name)
    laps = -(-100 // (rota.MOST_READ * rota.MOST_STAMPED))
    assert looks_until(pair.node, (laps + 1) * (rota.MOST_SKIPPED + 2)) > 1


def test_a_message_that_waits_for_its_payload_is_looked_at_each_time(pair):
    """Fault 27: that the JSON is as it was says nothing of the payload."""
    message = pair.server.post(1)
    pair.to_node.write("m000001-kept-by-hand.json", message.content)
    for _ in range(5):
        assert pair.node.box.receive() is None
    for name, content in message.payloads.items():
        pair.to_node.write(name, content)
    assert pair.node.box.receive().digest == message.digest


def test_junk_that_does_not_change_is_hardly_read_again(pair, counted):
    """Fault 41: litter under the number that is due, looked at for hours."""
    junk(pair.to_node.folder, "m000001-x{}.json", 40)
    for _ in range(10 * (rota.MOST_SKIPPED + 1)):
        assert pair.node.box.receive() is None
    read = sum((look.read for look in counted.looks), start=type(counted.looks[0].read)())
    junk_read = [count for name, count in read.items() if "-x" in name]
    assert len(junk_read) == 40
    assert min(junk_read) >= 5, "in the end it is read again: what a folder says of a file may be wrong"
    assert max(junk_read) <= 11
    counted.require_bounded()


# -- what junk may not hide ----------------------------------------------------------------------------------------


def test_a_second_content_of_a_number_is_found_among_junk(pair, counted):
    """Faults 31, 41: an alarm comes late, but it comes."""
    pair.ask()
    pair.answer()
    junk(pair.to_node.folder, "m000001-x{}.json", 100)
    true = pair.server.journal.message("north", OUT, 1).header
    other = forged(msgspec.structs.replace(true, payloads=[], fit=7), {}, SERVER)
    pair.to_node.write("m000001-z.json", other.content)
    with pytest.raises(AlarmError, match="two different messages"):
        looks_until(pair.node, 101 // min(inbox.MOST_OLD, rota.MOST_BYTES // load.HALF) + 2)
    counted.require_bounded()


def test_that_the_other_side_is_further_on_is_found_among_junk(pair, counted):
    """Faults 15, 41: a home that has forgotten something stops, though not at the first look."""
    junk(pair.to_node.folder, "m000005-a{}.json", 100)
    pair.to_node.write("m000009-z.json", forged(header("server", "north", number=9), {}, SERVER).content)
    with pytest.raises(HomeInUseError, match="further on"):
        looks_until(pair.node, turns(101) + 1)
    counted.require_bounded()


def test_a_second_home_is_found_among_junk_in_its_own_folder(pair, counted):
    """Faults 38, 41: what is too much when a home opens has its turn at each look."""
    junk(pair.to_server.folder, "m000005-a{}.json", 100)
    pair.to_server.write("m000009-z.json", forged(header("north", "server", number=9), {}, NODE).content)
    with pytest.raises(HomeInUseError, match="another home"):
        collections.deque((pair.node.box.publish() for _ in range(turns(101) + 1)), maxlen=0)
    counted.require_bounded()


@pytest.mark.parametrize("known", [True, False], ids=["an old copy", "made anew"])
def test_a_second_home_does_not_move_in_among_junk(pair, tmp_path, known, counted):
    """Faults 15, 38, 41: a copy, and a home that was made anew with the same name."""
    pair.ask()
    old = copied(pair.node, tmp_path / "old.sqlite3")
    pair.answer()
    junk(pair.to_server.folder, "m000001-a{}.json", 3000)
    if not known:
        old.journal.close()
        fresh = PairOfHomes(tmp_path / "fresh", pair.to_node, pair.to_server)
        fresh.server.journal.close()
        old = fresh.node
    with pytest.raises(HomeInUseError, match="another home"):
        old.open()
    assert not (old.sent().keys() - {0})
    old.journal.close()
    counted.require_bounded()


# -- what is told --------------------------------------------------------------------------------------------------


def test_what_is_told_of_junk_is_short_and_stays_the_same(pair):
    """Fault 41: neither a log nor an audit is filled by whoever litters a folder."""
    for kind in ("m000000-a{}.json", "m000001-b{}.json", "m000009-c{}.json"):
        junk(pair.to_node.folder, kind, 400, size=3)
    told = []
    for _ in range(300):
        assert pair.node.box.receive() is None
        assert len(pair.node.box.findings) <= inbox.MOST_FINDINGS
        told.append(dict(pair.node.box.findings))
    assert len({name for findings in told for name in findings}) <= 2 * inbox.MOST_FINDINGS
    assert told[-1] == told[-100], "a node's log has a line for each change of it"
    assert len(pair.node.journal.audit_lines()) <= inbox.MOST_REPORTED + 10


def test_what_stands_in_the_way_of_the_message_is_told_first(pair):
    """Fault 27: the payload that is lacking, not one of a thousand junk files."""
    junk(pair.to_node.folder, "m000000-a{}.json", 100, size=3)
    junk(pair.to_node.folder, "m000001-b{}.json", 100, size=3)
    for _ in range(10):
        pair.node.box.receive()
    pair.ask()
    pair.to_node.remove("m000001-fit1-round1-beta.csv")
    assert pair.node.box.receive() is None
    assert next(iter(pair.node.box.findings.items())) == (
        "m000001-fit1-round1-beta.csv",
        "a payload has not arrived yet",
    )


@needs.linux
def test_what_no_terminal_should_be_sent_is_not_told(pair):
    """Fault 41: a name that is no text, with a terminal's commands in it."""
    (pair.to_node.folder / os.fsdecode(b"m000001-\xff\x1b[31mx.json")).touch()
    assert pair.node.box.receive() is None
    assert list(pair.node.box.findings) == ["m000001-??[31mx.json"]


# -- what is deleted -----------------------------------------------------------------------------------------------


def test_what_is_ours_is_deleted_first_and_junk_does_not_hold_it_up(pair):
    """Fault 41: a folder that cannot be deleted, and more junk under our numbers than one closing deletes."""
    pair.ask()
    pair.answer()
    assert pair.server.box.receive() is not None
    (pair.to_node.folder / "m000001-a.json").mkdir()
    junk(pair.to_node.folder, "m000001-b{}.json", 20, size=0)
    pair.server.box.release()
    left = pair.to_node.names()
    assert JSON not in left
    assert "m000001-fit1-round1-beta.csv" not in left
    (pair.to_node.folder / "m000001-a.json").rmdir()
    junk(pair.to_node.folder, "m000001-c{}.json", outbox.MOST_STRANGERS, size=0)
    pair.server.box.release()
    assert len(pair.to_node.names()) == 1 + 20
