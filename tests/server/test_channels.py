"""Waiting, by a clock that only moves when the server pauses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from fedfolder.errors import ExchangeError, WaitingError
from fedfolder.exchange import mailbox
from fedfolder.exchange.store import FolderStore
from fedfolder.server.absence import Absence, SilentNodesError
from fedfolder.server.channels import Channels
from fedfolder.server.progress import Silent
from fedfolder.server.status import status
from tests.node.places import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.node.places import Bench

NODES = ("north", "south")


class Watcher(Silent):
    def __init__(self) -> None:
        self.waited: list[dict[str, str]] = []
        self.written: list[str] = []

    def waiting(self, nodes: Mapping[str, str]) -> None:
        self.waited.append(dict(nodes))

    def copied(self, node: str, names: Sequence[str]) -> None:
        assert names
        self.written.append(node)


class Rig:
    """The server's channels with a clock of its own."""

    def __init__(self, bench: Bench, timeout: float, absence: Absence | None = None) -> None:
        self.bench, self.time, self.pauses = bench, 1000.0, list[float]()
        self.journal = bench.study.journal(lambda: "2026-01-01T00:00:00+00:00")
        self.watcher = Watcher()
        self.at: dict[float, Callable[[], object]] = {}
        self.moves = False
        self.channels = Channels(
            bench.study.mailboxes(self.journal),
            self.journal,
            self.watcher,
            timeout=timeout,
            longest_pause=5.0,
            idle=self._idle,
            clock=lambda: self.time,
            absence=absence,
        )

    def _idle(self, seconds: float) -> bool:
        assert seconds > 0
        self.pauses.append(seconds)
        self.time += seconds
        for moment in sorted(self.at):
            if self.time - 1000 >= moment:
                self.at.pop(moment)()
        return self.moves

    def post(self, node: str) -> None:
        self.channels.boxes[node].post({}, event="asked", kind="request", fit=1, attempt=1, round=1, body={})


@pytest.fixture
def rig(bench: Bench) -> Iterator[Callable[..., Rig]]:
    made: list[Rig] = []

    def make(timeout: float, absence: Absence | None = None) -> Rig:
        made.append(Rig(bench, timeout, absence))
        return made[-1]

    yield make
    for each in made:
        each.journal.close()


def test_the_time_is_kept_to_the_second_and_everybody_late_is_named(bench: Bench, rig: Callable[[float], Rig]) -> None:
    made = rig(60.0)
    made.at[7.0] = bench.nodes["south"].work
    with pytest.raises(WaitingError, match="north has not answered") as late:
        made.channels.open()
    assert made.time == pytest.approx(1060.0, abs=1e-9)
    assert "north has not introduced itself" in late.value.where
    assert "south" not in str(late.value)
    assert made.watcher.waited[0] == {"north": "", "south": ""}
    assert made.watcher.waited[-1] == {"north": ""}
    assert late.value.exit_code == 12


def test_pauses_grow_and_shrink_again_with_progress(bench: Bench, rig: Callable[[float], Rig]) -> None:
    made = rig(0.0)
    made.at[30.0] = bench.nodes["south"].work
    made.at[50.0] = bench.nodes["north"].work
    made.channels.open()
    south = next(i for i, waited in enumerate(made.watcher.waited) if "south" not in waited)
    assert max(made.pauses) == 5.0
    assert made.pauses[:south] == sorted(made.pauses[:south])
    assert made.pauses[south] < 0.1


def test_patience_ends_without_an_error_even_when_the_time_is_over(bench: Bench, rig: Callable[[float], Rig]) -> None:
    made = rig(1.0)
    bench.work()
    made.channels.open()
    made.post("north")
    made.time += 100
    assert made.channels.collect(lambda: NODES, patience=3.0) == ["north"]
    assert sum(made.pauses) == pytest.approx(3.0)
    with pytest.raises(WaitingError, match="owes the answer to m000001-fit1-round1"):
        made.channels.collect(lambda: NODES)


def test_no_timeout_is_for_ever(bench: Bench, rig: Callable[[float], Rig]) -> None:
    made = rig(0.0)
    made.at[2000.0] = bench.work
    made.channels.open()
    assert made.time > 3000
    assert math.isfinite(made.time)


def test_a_share_that_cannot_be_written_is_an_error_unless_it_could_before(
    bench: Bench, rig: Callable[[float], Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, write = {"north"}, FolderStore.write

    def failing(store: FolderStore, name: str, content: bytes, *, lasting: bool = True) -> None:
        if store.folder.parent.name in broken:
            raise ExchangeError("the exchange could not be written", where=str(store.folder), found="the disk is full")
        write(store, name, content, lasting=lasting)

    monkeypatch.setattr(FolderStore, "write", failing)
    with pytest.raises(ExchangeError, match="the disk is full"):
        bench.run()
    broken.clear()
    for node in bench.nodes.values():
        node.work()
    first = rig(60.0)
    first.channels.open()
    first.post("north")
    broken.add("north")
    first.channels.publish()
    assert first.watcher.written == []
    second = rig(60.0)
    with pytest.raises(ExchangeError, match="the disk is full"):
        second.channels.publish()
    # The first run waits, says why, and writes once there is room.
    first.at[20.0] = broken.clear
    first.at[30.0] = first.at[40.0] = bench.work
    assert first.channels.collect(lambda: NODES) == []
    assert first.watcher.written == ["north"]
    reasons = {waited["north"] for waited in first.watcher.waited}
    assert any("the disk is full" in reason for reason in reasons)


def test_status_says_who_owes_what_since_when(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.clock = Clock(monkeypatch)
    journal = bench.study.journal(lambda: "2026-05-04T03:02:01+02:00")

    def said() -> list[tuple[str, str, str]]:
        return [(found.node, found.state, found.remark) for found in status(bench.study, journal)]

    assert said() == [(node, "has not introduced itself", "") for node in ("north", "south")]
    bench.asleep = {"south"}
    with pytest.raises(WaitingError):
        bench.run(timeout=0.5)
    north, south = status(bench.study, journal)
    assert (north.state, north.since, north.remark) == ("owes nothing", "", "")
    assert south.state == "has not introduced itself"
    bench.asleep = set()
    bench.run()
    assert [state for _, state, _ in said()] == ["owes nothing"] * 2
    bench.asleep = {"south"}
    with pytest.raises(WaitingError):
        bench.run(again=True, timeout=0.5)
    north, south = status(bench.study, journal)
    assert south.state.startswith("owes the answer to m0000")
    assert south.state.endswith("(fit 2, round 1)")
    assert south.since[:4].isdigit()
    bench.nodes["south"].work()
    assert said()[1][2] == "something has come from it: run the command again to fetch it"
    (bench.folder / "exchange").rename(bench.folder / "away")
    assert "could not be listed" in said()[0][2]
    journal.close()


def test_every_node_is_asked_before_the_server_looks_at_any(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each round and of the closing, whichever nodes answer fast."""
    done: list[tuple[str, str]] = []
    write, read = FolderStore.write, FolderStore.read

    def written(store: FolderStore, name: str, content: bytes, *, lasting: bool = True) -> None:
        if store.folder.name == "to-node" and name.endswith("-instruction.json"):
            done.append(("asked", name[:7] + store.folder.parent.name))
        write(store, name, content, lasting=lasting)

    def was_read(store: FolderStore, name: str, limit: int) -> bytes | None:
        if store.folder.name == "to-server" and name.endswith("-result.json"):
            done.append(("looked", name[:7] + store.folder.parent.name))
        return read(store, name, limit)

    def idle(_seconds: float) -> None:
        # The nodes' own reads are no looks of the server.
        before = list(done)
        bench.work()
        done[:] = before

    bench.work()
    monkeypatch.setattr(FolderStore, "write", written)
    monkeypatch.setattr(FolderStore, "read", was_read)
    bench.run("regress low age", idle=idle)
    asked = [what for how, what in done if how == "asked"]
    numbers = sorted({what[:7] for what in asked})
    assert len(numbers) >= 3
    assert len(asked) == len(NODES) * len(numbers)
    for number in numbers:
        last_asked = max(done.index(("asked", number + node)) for node in NODES)
        first_look = min(done.index(("looked", number + node)) for node in NODES)
        assert last_asked < first_look, (number, done)


@pytest.fixture
def stirred(bench: Bench, rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch) -> Rig:
    """Folders in which something moves before every look; south has answered, north has owed its answer for an hour."""
    monkeypatch.setattr(mailbox, "MOST_GLANCES", 10**9)
    made = rig(60.0, Absence(10.0, 1, lambda: "2026-01-01T01:00:00+00:00"))
    bench.work()
    made.channels.open()
    bench.work()
    for node in NODES:
        made.post(node)
    made.channels.publish()
    bench.nodes["south"].work()
    made.moves = True
    return made


def test_a_node_whose_folder_is_away_is_not_silent_whatever_moves_beside_it(bench: Bench, stirred: Rig) -> None:
    folder = bench.study.folder("north")

    def back() -> None:
        folder.with_name("away").rename(folder)
        bench.nodes["north"].work()

    stirred.at[5.0] = lambda: folder.rename(folder.with_name("away"))
    stirred.at[30.0] = back
    assert stirred.channels.collect(lambda: NODES, roster=NODES) == []


def test_a_silent_node_is_left_out_whatever_moves(stirred: Rig) -> None:
    with pytest.raises(SilentNodesError, match="north"):
        stirred.channels.collect(lambda: NODES, roster=NODES)
    assert stirred.time < 1012
