"""Attacks on trust, one test each, named after the attack; what lies on disk and in the journals is asserted too.

`test_45_…` is the test of fault 45 in docs/reliability.md, which says what comes of each. The rules by themselves are
tried byte by byte in tests/exchange.
"""

from __future__ import annotations

import os
import pickle
import re
import shutil
import tracemalloc
from pathlib import Path

import msgspec
import pytest

from fedfolder.custody import keys, statements
from fedfolder.errors import (
    AlarmError,
    ConfigError,
    FedfolderError,
    HomeInUseError,
    RefusedError,
    RevokedKeyError,
    WaitingError,
)
from fedfolder.exchange import trust
from fedfolder.exchange.fingerprint import fingerprint
from fedfolder.exchange.journal import IN, OUT
from fedfolder.exchange.mailbox import Mailbox
from fedfolder.exchange.names import HELLO
from fedfolder.exchange.store import FolderStore
from fedfolder.node.home import open_home
from fedfolder.node.loop import Node
from fedfolder.plan.messages import STATEMENTS
from fedfolder.server.study import add_node
from tests.exchange.helpers import BETA, NODE, SERVER, STRANGER, Pair, contents, identity, made, raw
from tests.exchange.test_acceptance import PATHS
from tests.exchange.test_attacks import CSV, JSON, journals, request, require_recovers, require_refused
from tests.exchange.test_attacks import strangers_hello as hello_of_a_stranger
from tests.node.places import Bench, data

FAULTS = [number for number in range(45, 64) if number != 54]
"""There is no fault 54."""


def test_there_is_one_test_for_each_fault() -> None:
    found = [int(match[1]) for name in globals() if (match := re.match(r"test_(\d+)_", name))]
    assert sorted(found) == FAULTS


@pytest.fixture
def pair(tmp_path):
    """A server and a node that have not met, over two folders."""
    found = Pair(tmp_path / "homes", *(FolderStore(made(tmp_path / name)) for name in ("to-node", "to-server")))
    yield found
    found.close()


@pytest.fixture
def asked(pair):
    """The pair after the first request was published, and not yet received."""
    pair.greet()
    pair.ask()
    return pair


@pytest.fixture
def bench(tmp_path):
    """A study of two nodes, north and south."""
    found = Bench(tmp_path / "study").open(data(tmp_path / "data", "north", "south"))
    yield found
    found.close()


def on_disk(folder):
    """Every file below `folder`, but for databases, logs and locks."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(("journal", "log", "running"))
    }


def said(bench, name):
    """The messages that a node or the server has sent and accepted, by direction and number, and how they end."""
    journal = bench.nodes[name].journal
    return {
        (way, header.number): (header.kind, header.round)
        for way in (IN, OUT)
        for header in journal.headers("server", way)
    }


def audited(journal, event):
    return [(line.peer, dict(line.detail)) for line in journal.audit_lines() if line.event == event]


# -- bytes on the share ------------------------------------------------------------------------------------------------


def test_45_a_bit_flipped_anywhere(asked):
    true = contents(asked.to_node)
    for name in (JSON, CSV):
        for place in range(0, len(true[name]), 1 + len(true[name]) // 40):
            harmed = bytearray(true[name])
            harmed[place] ^= 1 << place % 8
            asked.to_node.write(name, bytes(harmed))
            assert asked.node.box.receive() is None
            assert asked.to_node.read(name, 1 << 20) == bytes(harmed)
            assert list(asked.node.received()) == [0]
            asked.to_node.write(name, true[name])
    assert asked.node.sent().keys() == {0}
    require_recovers(asked)


def test_46_an_unknown_key_or_one_of_another_role(asked):
    for who in (STRANGER, NODE, identity("server", "made anew")):
        asked.to_node.write(JSON, request(asked, who).content)
        require_refused(asked, asked.node, asked.to_node, "was not signed by server")
    require_recovers(asked)


def test_47_a_replay_within_a_round(asked):
    lying = contents(asked.to_node)
    asked.answer()
    answered, before = contents(asked.to_server), journals(asked)
    for name, content in lying.items():
        asked.to_node.write(name, content)
    asked.node.restart()
    asked.node.open()
    assert asked.node.box.receive() is None
    for name in answered:
        asked.to_server.remove(name)
    asked.node.box.publish()
    assert contents(asked.to_server) == answered, "the same bytes"
    assert asked.node.computed == [1], "computed once"
    assert journals(asked) == before


def test_48_a_replay_from_another_study_or_node(asked):
    for fields in ({"study": "other"}, {"recipient": "south"}):
        asked.to_node.write(JSON, request(asked, **fields).content)
        require_refused(asked, asked.node, asked.to_node, "belongs elsewhere")
    require_recovers(asked)


def test_49_an_older_beta(asked):
    asked.answer()
    asked.server.box.receive()
    asked.ask(2)
    for part in ("beta.csv", "instruction.json"):
        new, old = (f"m00000{number}-fit1-round{number}-{part}" for number in (2, 1))
        true = asked.to_node.read(new, 1 << 20)
        asked.to_node.write(new, asked.to_node.read(old, 1 << 20))
        require_refused(asked, asked.node, asked.to_node)
        asked.to_node.write(new, true)
    asked.answer(2)
    assert asked.node.computed == [1, 2]


def test_50_a_jump_in_the_numbers(asked):
    ahead = "m000003-fit1-round3-instruction.json"
    asked.to_node.write(ahead, request(asked, STRANGER, number=3, round=3, payloads={}).content)
    assert asked.node.box.receive().header.number == 1, "a stranger's jump is nothing"
    before = journals(asked)
    asked.to_node.write(ahead, request(asked, number=3, round=3, payloads={}).content)
    with pytest.raises(HomeInUseError, match="further on than this home"):
        asked.node.box.receive()
    assert journals(asked) == before
    asked.to_node.remove(ahead)
    assert asked.node.post(1).header.number == 1
    assert asked.node.box.publish()
    assert asked.server.box.receive().header.number == 1, "nothing is poisoned"


def test_51_a_frozen_folder(bench):
    """Whoever holds a folder back makes its node silent. The server says which; the node cannot know."""
    expected = bench.run().llf
    folder = bench.folder / "exchange" / "lbw" / "north" / "to-node"
    frozen, home, before = on_disk(folder), on_disk(bench.folder / "north"), said(bench, "north")

    def thaw_never(_seconds):
        for path in folder.iterdir():
            if path.name not in frozen:
                path.unlink()
        bench.work()

    with pytest.raises(WaitingError, match="north has not answered") as late:
        bench.run(again=True, timeout=0.4, idle=thaw_never)
    assert "south" not in str(late.value)
    assert said(bench, "north") == before, "nothing came, and nothing was answered"
    assert on_disk(bench.folder / "north") == home
    assert bench.run().llf == expected, "it goes on when the folder moves again"
    assert said(bench, "north") != before


def test_52_a_manifest_and_an_instruction_of_two_messages(asked):
    asked.answer()
    asked.server.box.receive()
    asked.ask(2)
    name = "m000002-fit1-round2-instruction.json"
    true = asked.to_node.read(name, 1 << 20)
    first, second = (msgspec.json.decode(asked.to_node.read(of, 1 << 20)) for of in (JSON, name))
    for mixed in (
        {**second, "signed": {**second["signed"], "payloads": first["signed"]["payloads"]}},
        {**second, "signed": {**first["signed"], "payloads": second["signed"]["payloads"]}},
        {**second, "signatures": first["signatures"]},
    ):
        asked.to_node.write(name, msgspec.json.encode(mixed))
        require_refused(asked, asked.node, asked.to_node)
    asked.to_node.write(name, true)
    assert asked.node.box.receive().header.number == 2


def test_53_a_message_forwarded_to_another_recipient(asked):
    asked.answer()
    true = contents(asked.to_server)
    (reply,) = [name for name in true if name.endswith("result.json")]
    signed = msgspec.json.decode(true[reply])["signed"]
    # South's true answer, in north's folder; and what north was asked, as an answer to the server.
    for content in (raw({**signed, "sender": "south"}, identity("south")), contents(asked.to_node)[JSON]):
        asked.to_server.write(reply, content)
        require_refused(asked, asked.server, asked.to_server)
    asked.to_server.write(reply, true[reply])
    assert asked.server.box.receive().header.sender == "north"


def test_55_a_sparse_file_of_ten_gigabytes(asked):
    true = contents(asked.to_node)
    for name in (JSON, CSV):
        os.truncate(asked.to_node.folder / name, 10 << 30)
        tracemalloc.start()
        assert asked.node.box.receive() is None
        assert tracemalloc.get_traced_memory()[1] < 4 << 20, "its length is looked at before it is read"
        tracemalloc.stop()
        assert (asked.to_node.folder / name).stat().st_size == 10 << 30, "a reader never touches a writer's file"
        assert list(asked.node.received()) == [0]
        asked.to_node.write(name, true[name])
    require_recovers(asked)


def test_56_a_bomb_of_json(asked):
    true = asked.to_node.read(JSON, 1 << 20).decode()
    for bomb in (
        "[" * 500_000,
        '{"a":' * 100_000,
        true.replace('"number": 1', '"number": 1, "number": 1'),
        true.replace('"number": 1', '"number": NaN'),
        true.replace('"number": 1', '"number": 1e999'),
        true.replace('"number": 1', '"number": ' + "9" * 100_000),
        true.replace('"number": 1', '"number": 1.0'),
    ):
        assert bomb != true
        asked.to_node.write(JSON, bomb.encode())
        require_refused(asked, asked.node, asked.to_node)
    require_recovers(asked)


# -- a server that lies ------------------------------------------------------------------------------------------------


def lying(monkeypatch, change, to="south"):
    """Let the server ask `to` something else: `change(payloads, fields)` is told of each request to it."""
    post = Mailbox.post

    def changed(box, payloads, *, event, **fields):
        payloads, fields = dict(payloads), {**fields, "body": dict(fields["body"])}
        if box.me.name == "server" and box.peer == to and fields["kind"] in {"request", "closing"}:
            change(payloads, fields)
        return post(box, payloads, event=event, **fields)

    monkeypatch.setattr(Mailbox, "post", changed)


def tables_left(bench, name, number):
    """The tables that left a node with its answer `number`, by the copies that it keeps of all that leaves."""
    found = [path.name for path in (bench.folder / name / "kept").rglob(f"m{number:06d}-*")]
    assert any(file.endswith("-result.json") for file in found), "it was answered"
    return [file for file in found if file.endswith(("-moments.csv", "-derivatives.csv"))]


class _Writes:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_57_code_in_the_place_of_numbers_or_of_a_command(bench, tmp_path, monkeypatch):
    canary = tmp_path / "canary"
    pickled = pickle.dumps(_Writes(canary))
    code = f"logit low __import__('pathlib').Path({str(canary)!r}).touch()"

    def as_beta(payloads, _fields):
        if "beta.csv" in payloads:
            payloads["beta.csv"] = pickled

    def as_sums(payloads, _fields):
        if "sums.csv" in payloads:
            payloads["sums.csv"] = b"PK\x03\x04" + pickled

    def as_command(_payloads, fields):
        if "proposal" in fields["body"]:
            fields["body"]["proposal"] = {**fields["body"]["proposal"], "command": code}

    for number, change in enumerate((as_beta, as_sums, as_command), start=1):
        with monkeypatch.context() as patch:
            lying(patch, change)
            with pytest.raises(RefusedError, match="south refused"):
                bench.run(again=True)
        assert not canary.exists(), change.__name__
        refused = [at for at, (kind, _) in said(bench, "south").items() if kind == "refusal"]
        assert len(refused) == number
        assert tables_left(bench, "south", refused[-1][1]) == []
    pickle.loads(pickled)  # noqa: S301 - our own: it would have written
    assert canary.exists()
    assert bench.run(again=True).status == "converged"


def test_58_a_path_in_a_field(asked, tmp_path):
    outside = tmp_path / CSV
    outside.write_bytes(BETA)
    signed = msgspec.to_builtins(asked.server.journal.message("north", OUT, 1).header)
    before = sorted(tmp_path.rglob("*"))
    (payload,) = signed["payloads"]
    names = [*PATHS, f"../{CSV}", str(outside), rf"\\server\share\{CSV}"]
    fields: list[dict[str, object]] = [{"payloads": [{**payload, "name": name}]} for name in names]
    fields += [{place: f"../{signed[place]}"} for place in ("study", "sender", "recipient")]
    for changed in fields:
        asked.to_node.write(JSON, raw({**signed, **changed}, SERVER))
        require_refused(asked, asked.node, asked.to_node)
    require_recovers(asked)
    assert sorted(tmp_path.rglob("*")) == before
    assert outside.read_bytes() == BETA


@pytest.mark.skipif(os.name == "nt", reason="by icacls there: tests/windows/test_keys.py")
def test_59_a_key_file_that_others_can_read(bench):
    key = bench.home("north").path / keys.FOLDER / keys.FILE
    bench.nodes.pop("north").close()
    key.chmod(0o644)
    before = on_disk(bench.folder)
    with pytest.raises(ConfigError, match="others can read the key"):
        open_home(bench.folder / "north")
    assert on_disk(bench.folder) == before, "it is not mended in silence: somebody may have read it"
    key.chmod(0o600)
    assert bench.wake("north").home.me.name == "north"


# -- whose key it is ---------------------------------------------------------------------------------------------------


def test_60_a_key_substituted_at_enrolment(pair):
    """Somebody is there before the first hello, with a key of his own; the fingerprint was read out by phone."""
    pair.server.open()
    pair.node.open()
    ends = {
        "server": (pair.node, pair.to_node, SERVER, hello_of_a_stranger("server", "north")),
        "north": (pair.server, pair.to_server, NODE, hello_of_a_stranger("north", "server")),
    }
    for peer, (end, store, true, strangers) in ends.items():
        assert trust.trust(end.journal, peer, fingerprint(true.key)) == trust.AWAITED
        hello = store.read(HELLO, 1 << 20)
        store.write(HELLO, strangers.content)
        disk = contents(store)
        for _ in range(2):
            with pytest.raises(AlarmError, match="not the one whose fingerprint was given") as alarm:
                end.box.receive()
        assert (alarm.value.found, alarm.value.expected) == (fingerprint(STRANGER.key), fingerprint(true.key))
        assert end.journal.key(peer) is None
        assert end.received() == {}
        assert contents(store) == disk
        store.write(HELLO, hello)
        assert end.box.receive().header.kind == "hello"
        assert trust.standing(end.journal, peer) == trust.COMPARED
        assert audited(end.journal, "trusted") == [(peer, {"fingerprint": fingerprint(true.key)})]
        assert audited(end.journal, "pinned") == [(peer, {"key": true.key.hex(), "how": "its fingerprint was given"})]


def test_61_a_revoked_key(bench):
    bench.run()
    server = bench.study.journal(lambda: "2026-01-01T00:00:00+00:00")
    trust.revoke(server, "north", "laptop stolen")
    assert audited(server, "revoked") == [("north", {"revoked": "laptop stolen"})]
    before, south = on_disk(bench.folder), said(bench, "south")
    for _ in range(2):
        with pytest.raises(RevokedKeyError, match="the key of north was revoked") as stopped:
            bench.run(again=True)
    assert stopped.value.found == "laptop stolen"
    assert on_disk(bench.folder) == before
    assert said(bench, "south") == south, "nobody was asked"
    settings = bench.folder / "server" / "study.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("'north', 'south'", "'south'"), encoding="utf-8", newline="\n")
    with pytest.raises(RevokedKeyError):
        add_node(bench.study, "north")
    assert bench.run().status == "converged", "without it, the study goes on"
    # A node that no longer trusts its server: it stops before it reads what came.
    bench.asleep = {"south"}
    with pytest.raises(WaitingError):
        bench.run(again=True, timeout=0.1)
    node, before = bench.nodes["south"], said(bench, "south")
    trust.revoke(node.journal, "server", "the contract has ended")
    disk = on_disk(bench.folder)
    with pytest.raises(RevokedKeyError, match="the key of server was revoked"):
        node.work()
    with pytest.raises(RevokedKeyError):
        bench.wake("south").work()
    assert (said(bench, "south"), on_disk(bench.folder)) == (before, disk)
    server.close()


def test_62_a_weaker_signature_or_an_older_format(asked, bench, monkeypatch):
    signed = msgspec.to_builtins(asked.server.journal.message("north", OUT, 1).header)
    true = msgspec.json.decode(asked.to_node.read(JSON, 1 << 20))
    (signature,) = true["signatures"]
    for content in (
        raw(signed),
        msgspec.json.encode({"signed": signed}),
        msgspec.json.encode({**true, "signatures": [{**signature, "algorithm": "none"}]}),
        msgspec.json.encode({**true, "signatures": [{**signature, "signature": ""}]}),
        msgspec.json.encode({**true, "signatures": [{**signature, "signature": "0" * 128}]}),
        *(raw({**signed, "format": text}, SERVER) for text in ("fedfolder/0", "fedfolder/2", "", 1)),
    ):
        asked.to_node.write(JSON, content)
        require_refused(asked, asked.node, asked.to_node)
    require_recovers(asked)

    # As a server did before there were statements: a node that has made one demands the others'.
    lying(monkeypatch, lambda _payloads, fields: fields["body"].pop(STATEMENTS, None))
    with pytest.raises(RefusedError, match="south refused") as refused:
        bench.run()
    assert "not shown that all nodes were asked the same" in refused.value.found
    assert said(bench, "south")[OUT, 2] == ("refusal", 2)
    assert tables_left(bench, "south", 2) == []


def nudged(payloads, fields):
    """At round 3, another beta: so little that the node's own plan lets it pass."""
    if fields["round"] == 3:
        lines = payloads["beta.csv"].decode().splitlines()
        name, number = lines[1].rsplit(",", 1)
        lines[1] = f"{name},{float(number) + 1e-9!r}"
        payloads["beta.csv"] = "\n".join([*lines, ""]).encode()


def test_63_a_server_that_tells_nodes_different_betas(bench, monkeypatch):
    lying(monkeypatch, nudged)
    with pytest.raises(RefusedError, match="refused") as refused:
        bench.run()
    assert "not shown that all nodes were asked the same" in refused.value.found
    for name, other in (("north", "south"), ("south", "north")):
        sent = [said(bench, name)[OUT, number] for number in range(1, 6)]
        assert sent == [*(("sums", k) for k in (1, 2, 3)), ("refusal", 4), ("receipt", 5)]
        assert f"{other} was asked something else than this node" in bench.log(name)
        assert audited(bench.nodes[name].journal, "alarm")[0][1]["text"].endswith(f"({other})")
        assert tables_left(bench, name, 4) == [], "nothing was computed"
        assert not list((bench.folder / name / "kept").rglob("result.txt"))
    monkeypatch.undo()
    assert bench.run(again=True).status == "converged"


# -- beside the list ---------------------------------------------------------------------------------------------------


def of_another_round(shown, requests):
    return {**shown, "north": requests[0]["north"]}


FORGERIES = {
    "none of one node": lambda shown, _: {"south": shown["south"]},
    "a node more": lambda shown, _: {**shown, "west": shown["north"]},
    "another node's": lambda shown, _: {**shown, "north": shown["south"]},
    "another signature": lambda shown, _: {**shown, "north": {**shown["north"], "signature": "0" * 128}},
    "no signature": lambda shown, _: {**shown, "north": {"asked": shown["south"]["asked"]}},
    "more than a statement": lambda shown, _: {**shown, "north": {**shown["north"], "more": 1}},
    "no hex": lambda shown, _: {**shown, "north": {"asked": "x", "signature": "x"}},
    "a text": lambda _, __: "all were asked the same",
    "nothing": lambda _, __: {},
    "of another round": of_another_round,
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_statement_is_refused_and_nothing_is_computed(bench, monkeypatch, forgery):
    seen = []

    def forge(_payloads, fields):
        if STATEMENTS in fields["body"]:
            seen.append(fields["body"][STATEMENTS])
        if fields["round"] == 3:
            fields["body"][STATEMENTS] = FORGERIES[forgery](fields["body"][STATEMENTS], seen)

    lying(monkeypatch, forge)
    with pytest.raises(RefusedError, match="south refused"):
        bench.run()
    assert said(bench, "south")[OUT, 3] == ("refusal", 3)
    assert tables_left(bench, "south", 3) == []
    assert audited(bench.nodes["south"].journal, "alarm")


def test_a_closing_after_different_betas_leaves_no_result(bench, monkeypatch):
    """The last evaluation is shown with the closing."""
    rounds = bench.run().rounds

    def at_the_end(payloads, fields):
        if fields["kind"] == "request" and fields["round"] == rounds:
            nudged(payloads, {"round": 3})

    lying(monkeypatch, at_the_end)
    assert bench.run(again=True).rounds == rounds
    for name in ("north", "south"):
        assert "no result is kept of fit 2" in bench.log(name)
        assert not (bench.folder / name / "kept" / "fit2" / "result.txt").exists()
        assert (bench.folder / name / "kept" / "fit1" / "result.txt").exists()


def test_a_closing_that_publishes_nothing_is_said_to_show_nothing(bench):
    bench.home("south").data.unlink()
    with pytest.raises(RefusedError):
        bench.run()
    assert said(bench, "north")[OUT, 1] == ("sums", 1)
    assert "does not show that all nodes were asked the same in the last round" in bench.log("north")
    assert "does not show" not in bench.log("south"), "it has answered nothing"


def test_a_node_that_states_something_else_is_named_by_the_server(bench, monkeypatch):
    state = statements.state
    monkeypatch.setattr(
        statements,
        "state",
        lambda me, asked: {**state(me, asked), "asked": "0" * 64} if me.name == "south" else state(me, asked),
    )
    with pytest.raises(FedfolderError, match="statement in this answer is not what the node was asked") as found:
        bench.run()
    assert found.value.where.startswith("south: m000001")


def test_a_node_of_an_older_version_beside_newer_ones_is_named(bench, monkeypatch):
    post = Mailbox.post

    def older(box, payloads, *, event, **fields):
        if box.me.name == "south":
            fields["body"].pop("statement", None)
        return post(box, payloads, event=event, **fields)

    monkeypatch.setattr(Mailbox, "post", older)
    with pytest.raises(FedfolderError, match="south did not state what it was asked") as found:
        bench.run()
    assert "update fedfolder" in found.value.do


def test_a_cloned_node_raises_the_alarm_at_the_server_and_at_the_clone(bench):
    """One key, two histories: a machine was cloned, and both answer, each into its own copy of the share."""
    bench.run()
    bench.asleep = {"north", "south"}
    with pytest.raises(WaitingError):
        bench.run(again=True, timeout=0.1)
    bench.nodes["north"].close()
    twin, elsewhere = bench.folder / "twin", bench.folder / "elsewhere" / "lbw" / "north"
    shutil.copytree(bench.folder / "north", twin)
    shutil.copytree(bench.folder / "exchange" / "lbw" / "north", elsewhere)
    lines = bench.home("north").data.read_text(encoding="utf-8").splitlines()
    (twin / "data.csv").write_text("\n".join([*lines[:-2], ""]), encoding="utf-8", newline="\n")
    settings = re.sub(r"(?m)^data = .*$", "data = 'data.csv'", (twin / "node.toml").read_text(encoding="utf-8"))
    settings = re.sub(r"(?m)^exchange = .*$", "exchange = '../elsewhere/lbw/north'", settings)
    (twin / "node.toml").write_text(settings, encoding="utf-8", newline="\n")
    clone = Node(open_home(twin))
    assert clone.work()
    bench.wake("north").work()
    true, other = (node.journal.last("server", OUT) for node in (bench.nodes["north"], clone))
    assert true is not None
    assert other is not None
    assert true.name == other.name
    assert true.digest != other.digest
    with pytest.raises(WaitingError):
        bench.run(timeout=0.1)
    # The two copies of the share are brought together.
    share = bench.folder / "exchange" / "lbw" / "north" / "to-server"
    (share / other.name).write_bytes(other.content)
    (elsewhere / "to-server" / true.name).write_bytes(true.content)
    bench.asleep = {"north"}
    with pytest.raises(AlarmError, match="north has signed two different messages with one number"):
        bench.run(timeout=20.0)
    disk, before = on_disk(bench.folder), said(bench, "north")
    with pytest.raises(AlarmError, match="north has signed two different messages with one number"):
        bench.run(timeout=20.0)
    for node in (clone, bench.nodes["north"]):
        with pytest.raises(AlarmError, match="a copy of this home"):
            node.work()
    assert (on_disk(bench.folder), said(bench, "north")) == (disk, before)
    clone.close()


def test_an_own_key_that_is_revoked_signs_nothing_more(bench):
    bench.run()
    node = bench.nodes["north"]
    trust.revoke(node.journal, "north", "replaced")
    bench.asleep = {"north", "south"}
    with pytest.raises(WaitingError):
        bench.run(again=True, timeout=0.1)
    disk, before = on_disk(bench.folder), said(bench, "north")
    with pytest.raises(RevokedKeyError, match="the key of this home was revoked"):
        node.work()
    assert (on_disk(bench.folder), said(bench, "north")) == (disk, before)


def test_a_fingerprint_that_comes_later_holds_the_key_that_was_seen_first_to_it(bench):
    bench.run()
    journal = bench.nodes["north"].journal
    assert trust.standing(journal, "server") == trust.SEEN_FIRST
    assert trust.trust(journal, "server", fingerprint(bench.study.me.key)) == trust.COMPARED
    disk, before = on_disk(bench.folder), said(bench, "north")
    with pytest.raises(AlarmError, match="not the one whose fingerprint was given"):
        trust.trust(journal, "server", fingerprint(STRANGER.key))
    with pytest.raises(AlarmError):
        bench.nodes["north"].work()
    assert (on_disk(bench.folder), said(bench, "north")) == (disk, before)
    trust.trust(journal, "server", fingerprint(bench.study.me.key))
    assert bench.run(again=True).status == "converged"
