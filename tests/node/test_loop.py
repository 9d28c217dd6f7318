"""A node at work, in this process: what it answers, refuses, writes down, and survives."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fedfolder.about import SOFTWARE
from fedfolder.errors import (
    AlarmError,
    BetaError,
    DataFileError,
    ExchangeError,
    HomeInUseError,
    PolicyError,
    RefusedError,
    RejectedError,
    UnknownNameError,
    VariableError,
    WaitingError,
)
from fedfolder.exchange.journal import OUT
from fedfolder.exchange.names import SERVER
from fedfolder.exchange.watching import ANNOUNCED_PAUSE, FIRST_PAUSE, GROWTH
from fedfolder.node import loop
from fedfolder.node.loop import Node, once, only_one, run
from fedfolder.node.step import REFUSALS, refusal
from fedfolder.node.words import history, printable
from fedfolder.plan.proposal import read_command

if TYPE_CHECKING:
    from fedfolder.exchange.mailbox import Mailbox
    from tests.node.places import Bench


def test_kept_holds_every_file_that_was_asked_and_every_file_that_left(bench: Bench) -> None:
    result = bench.run()
    assert result.status == "converged"
    kept = bench.folder / "north" / "kept" / "fit1"
    names = {path.name for path in kept.iterdir()}
    journal = bench.nodes["north"].journal
    for direction in ("in", "out"):
        for header in journal.headers(SERVER, direction):
            message = journal.message(SERVER, direction, header.number)
            assert message is not None
            if header.number == 0:
                continue
            for name, content in [*message.payloads.items(), (message.name, message.content)]:
                assert (kept / name).read_bytes() == content
                names.discard(name)
    assert names == {"result.txt"}
    assert result.summary() in (kept / "result.txt").read_text(encoding="utf-8"), "the node derives the same table"


def test_copies_that_a_crash_swallowed_are_made_up_for(bench: Bench) -> None:
    bench.run()
    kept = bench.folder / "north" / "kept" / "fit1"
    last = sorted(path for path in kept.iterdir() if path.suffix == ".json")[-2:]
    for path in last:
        path.unlink()
    bench.wake("north").work()
    assert all(path.exists() for path in last)


def test_copies_are_made_once_the_answer_is_out_also_where_it_cannot_go(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file is opened, and nothing is asked of folders that are there."""
    made, mkdir = list[str](), Path.mkdir

    def counted(path: Path, *arguments: Any, **options: Any) -> None:
        made.append(path.name)
        mkdir(path, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", counted)
    node, out = bench.nodes["north"], bench.folder / "exchange" / "lbw" / "north" / "to-server"
    kept = bench.folder / "north" / "kept" / "fit1"
    seen = list[set[str]]()
    publish = type(node.mailbox).publish

    def published(mailbox: Mailbox) -> list[str]:
        written = publish(mailbox)
        if mailbox is node.mailbox and any("round2" in name for name in written):
            seen.append({path.name for path in kept.iterdir() if "round2" in path.name})
            raise ExchangeError("the share is away", where=str(out))
        return written

    monkeypatch.setattr(type(node.mailbox), "publish", published)
    with pytest.raises(ExchangeError, match="the share is away"):
        bench.run()
    assert seen == [set()]
    asked, answered = ("beta.csv", "sums.csv", "instruction.json"), ("derivatives.csv", "result.json")
    copies = {path.name for path in kept.iterdir() if "round2" in path.name}
    assert copies == {f"m000002-fit1-round2-{label}" for label in (*asked, *answered)}
    assert made.count("fit1") == 2, "one a node"


def test_a_refusal_names_every_variable_that_a_rule_is_about() -> None:
    error = PolicyError("a cell of age#smoke holds fewer than 5 persons here", rule="pairs", where="age, smoke")
    said = refusal(error, read_command("logit low age smoke lwt"), ())
    assert (said.body["rule"], said.body["names"]) == ("pairs", ["age", "smoke"])


def test_the_log_reads_like_a_diary(bench: Bench) -> None:
    bench.run()
    lines = [line.split("  ", 1)[1] for line in bench.log("north").splitlines()]
    assert lines[0] == "introduced itself"
    assert lines[1].startswith("the server introduced itself; its key is ")
    assert lines[2] == ("received m000001-fit1-round1-instruction.json: asked for moments, for: logit low age smoke")
    assert lines[3].startswith("sent m000001-fit1-round1-result.json, m000001-fit1-round1-moments.csv (")
    assert lines[-2].endswith("fit 1 is closed (converged)")
    assert lines[-1].endswith("a receipt")
    told = history(bench.home("north"), bench.nodes["north"].journal, 3)
    assert [line.split("  ", 1)[1] for line in told[-2:]] == lines[-2:]


def test_a_stranger_can_forge_no_line_of_the_log() -> None:
    assert printable("a\n2026-01-01  sent nothing\x1b[2J\u2028") == "a?2026-01-01  sent nothing?[2J?"


def test_findings_are_told_once_however_many_and_however_often(bench: Bench) -> None:
    bench.run()
    folder = bench.folder / "exchange" / "lbw" / "north" / "to-node"
    number = len(bench.nodes["north"].journal.headers(SERVER, "in"))
    for name in ("a", "b"):
        (folder / f"m{number:06d}-{name}.json").write_bytes(b"{}")
    for _ in range(5):
        bench.nodes["north"].work()
    assert bench.log("north").count("not accepted") == 2
    (folder / f"m{number:06d}-a.json").write_bytes(b"[")
    for _ in range(5):
        bench.nodes["north"].work()
    assert bench.log("north").count("not accepted") == 3


def test_a_closed_fit_leaves_hello_and_receipt_on_the_share(bench: Bench) -> None:
    bench.run()
    assert bench.on_share("north", "to-node") == ["m000000-hello.json"]
    hello, receipt = bench.on_share("north", "to-server")
    assert hello == "m000000-hello.json"
    assert "closing" in receipt


def test_a_reply_is_never_computed_twice(bench: Bench) -> None:
    bench.run()
    node = bench.nodes["north"]
    last = node.journal.last(SERVER, OUT)
    assert last is not None
    path = bench.folder / "exchange" / "lbw" / "north" / "to-server" / last.name
    path.unlink()
    bench.home("north").data.unlink()
    bench.wake("north").work()
    assert path.read_bytes() == last.content


def test_a_daemon_outlives_an_exchange_that_is_missing_at_the_start_and_goes_away_again(bench: Bench) -> None:
    exchange, away = bench.folder / "exchange", bench.folder / "away"
    exchange.rename(away)
    threads, looks = threading.active_count(), 0

    def stop() -> bool:
        nonlocal looks
        looks += 1
        if looks in {4, 10}:
            assert threading.active_count() == threads, "no watcher is left for a folder that is not there"
            away.rename(exchange)
        if looks == 7:
            assert threading.active_count() > threads, "a folder that is there is watched"
            exchange.rename(away)
        return looks > 12

    bench.nodes.pop("north").close()
    run(bench.home("north"), echo=bench.echoed.append, stop=stop)
    waiting = [line.split("  ", 1)[1][:13] for line in bench.echoed if "the exchange" in line]
    assert waiting == ["waiting for t", "the exchange ", "waiting for t", "the exchange "]
    assert bench.on_share("north", "to-server") == ["m000000-hello.json"]
    assert threading.active_count() == threads


class Watched:
    """Plays what a daemon waits by: whether each wait ends by an event."""

    def __init__(self, ends: list[bool]) -> None:
        self.ends = list(ends)
        self.waited: list[float] = []

    def wait(self, seconds: float, *, reached: bool) -> bool:
        assert reached
        self.waited.append(seconds)
        return self.ends.pop(0)

    def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize("late", [False, True])
def test_where_an_event_announces_each_message_a_daemon_looks_less_often_by_itself(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    """Also where a look was there before the event."""
    something = [True, False, True, False, False] if late else [True, True, False, False]
    ends = [False, True, False, False, False] if late else [True, False, False, False]
    watched, passes = Watched(ends), iter(something)
    monkeypatch.setattr(loop, "_Watch", lambda *_: watched)
    monkeypatch.setattr(Node, "work", lambda _: next(passes))
    bench.nodes["north"].close()
    run(bench.home("north"), echo=lambda _: None, stop=lambda: len(watched.waited) == len(something))
    first, then = FIRST_PAUSE, ANNOUNCED_PAUSE
    grown = [then, then * GROWTH, then * GROWTH**2]
    assert watched.waited == ([first, first * GROWTH, *grown] if late else [first, *grown])


def test_a_payload_is_heeded_while_its_message_waits_for_it(bench: Bench) -> None:
    bench.run()
    node = bench.nodes["north"]
    node.work()
    due = f"m{node.mailbox.waits_for():06d}-fit2-round1"
    assert node.heeds(f"{due}-instruction.json")
    assert not node.heeds(f"{due}-beta.csv")
    (node.home.exchange / "to-node" / f"{due}-instruction.json").write_bytes(b"{")
    node.work()
    assert node.heeds(f"{due}-beta.csv")


def test_one_at_a_time(bench: Bench) -> None:
    home = bench.home("north")
    with only_one(home):
        assert once(home, echo=bench.echoed.append) is None
        with pytest.raises(HomeInUseError, match="running already"):
            run(home, echo=bench.echoed.append)
    assert once(home, echo=bench.echoed.append) is False
    assert [line.split("  ")[1] for line in bench.echoed] == ["introduced itself"]
    bench.asleep = {"north", "south"}
    with pytest.raises(WaitingError):
        bench.run(timeout=0.01)
    assert once(home, echo=bench.echoed.append) is True
    assert once(home, echo=bench.echoed.append) is False


def test_what_ends_a_daemon_stands_in_its_log(bench: Bench) -> None:
    bench.run()
    bench.nodes.pop("north").close()
    # Another server, with another key, takes the place of the one that is pinned.
    stranger = type(bench)(bench.folder.parent / "stranger").open({"north": bench.home("north").data})
    with pytest.raises(WaitingError):
        stranger.run(timeout=0.01, idle=lambda _: None)
    hello = stranger.folder / "exchange" / "lbw" / "north" / "to-node" / "m000000-hello.json"
    (bench.folder / "exchange" / "lbw" / "north" / "to-node" / hello.name).write_bytes(hello.read_bytes())
    stranger.close()
    with pytest.raises(AlarmError, match="another key"):
        run(bench.home("north"), echo=bench.echoed.append)
    assert "stopped: server introduces itself with another key" in bench.log("north")


@pytest.mark.parametrize("error", REFUSALS)
def test_a_refusal_says_a_code_and_names_of_the_command_and_nothing_else(error: type[Exception]) -> None:
    command = read_command("logit low age smoke")
    rule: dict[str, Any] = {"rule": "roster"} if error is PolicyError else {}
    secret = "" if error is RejectedError else "4711"  # of a rejection, it is the reason that a person wrote
    what, where = "the variable age is bad: secret 4711", "/home/jane/births.dta: row 4711"
    raised = error(what, where=where, found=secret, **rule)  # type: ignore[call-arg]
    said = refusal(raised, command, ("agee", "smoke"))  # type: ignore[arg-type]
    assert said.files == {}
    assert said.body["code"] == error.__name__.removesuffix("Error")
    assert said.body["names"] == ["age"]
    assert set(said.body) <= {"code", "names", "nearest", "software", *rule}
    assert said.body["software"] == SOFTWARE
    assert "4711" not in str(said.body)
    assert "jane" not in str(said.body)


def test_what_is_refused_and_what_stops_a_node() -> None:
    assert set(REFUSALS) >= {UnknownNameError, VariableError, DataFileError, RefusedError, BetaError}
    assert not any(issubclass(ExchangeError, kind) or issubclass(AlarmError, kind) for kind in REFUSALS)


def test_data_that_vanish_are_refused_and_mended(bench: Bench) -> None:
    path = bench.home("south").data
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(RefusedError, match="south refused") as refused:
        bench.run()
    assert "its data file cannot be read" in str(refused.value)
    assert str(path) not in str(refused.value)
    assert str(path) in bench.log("south")
    path.write_bytes(content)
    assert bench.run().status == "converged"
