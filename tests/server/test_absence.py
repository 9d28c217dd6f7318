"""Sites come and go: waited for, left out after a time, back again."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from fedfolder.custody import gate
from fedfolder.errors import ConfigError, TamperedAnswerError, VariableError, WaitingError
from fedfolder.exchange.journal import IN, OUT
from fedfolder.plan import climb as climb_module
from fedfolder.plan.proposal import Proposal
from fedfolder.questions.event_groups import EventGroups
from fedfolder.server import absence
from fedfolder.server.absence import Absence, seconds_owed
from fedfolder.server.progress import Silent
from tests.node.places import Bench, Clock, data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

AFTER = 0.3
"""Seconds of silence in these tests; nodes that are awake answer within one look."""
NODES = ("north", "south", "east", "west")
BY_DF = "stpm2 smoke, scale(hazard) df(2) time(age) failure(low)"


class Notes(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    @property
    def text(self) -> str:
        return "\n".join(self.notes)


@pytest.fixture
def four(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Four nodes and the server, which waits for no time."""
    made = Bench(tmp_path / "study", clock=Clock(monkeypatch)).open(data(tmp_path / "data", *NODES))
    yield made
    made.close()


def leaving_after(bench: Bench, node: str, rounds: int) -> Callable[[float], None]:
    """Nodes that work, but for one that falls silent when it has answered so many rounds."""

    def idle(seconds: float) -> None:
        sent = bench.nodes[node].journal.last("server", OUT)
        if sent is not None and sent.header.round >= rounds:
            bench.asleep.add(node)
        bench.work(seconds)

    return idle


def requests(bench: Bench, node: str) -> list[Any]:
    journal = bench.study.journal(lambda: "")
    found = [header for header in journal.headers(node, OUT) if header.kind == "request"]
    journal.close()
    return found


def result_of(bench: Bench, fit: int = 1) -> dict[str, Any]:
    path = bench.folder / "server" / "runs" / f"fit{fit}" / "result.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("rounds", [0, 1, 2, 3])
def test_a_fit_goes_on_without_a_node_that_fell_silent(
    four: Bench, tmp_path: Path, rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = Notes()
    found = four.run(idle=leaving_after(four, "west", rounds), drop_after=AFTER, min_nodes=3, progress=notes)
    assert found.status == "converged"
    assert found.without == ("west",)
    assert [name for name, _ in found.nodes] == ["north", "south", "east"]
    assert "west has not answered in time: going on without." in notes.text
    assert result_of(four)["without"] == ["west"]
    # Once sums with it were published, the report says what they tell, and what is done about it.
    assert ("No sum at one beta stands with and without it" in notes.text) == (rounds >= 1)
    first = next(h for h in requests(four, "north") if h.attempt == 2)
    assert first.body["proposal"]["restart"]["without"] == ["west"]
    assert ("moments" in first.body["proposal"]["restart"]) == (rounds >= 1)
    assert not [h for h in requests(four, "west") if h.attempt == 2]

    monkeypatch.setattr(climb_module, "TOLERANCE", climb_module.TOLERANCE_OF_RESTART)
    others = Bench(tmp_path / "others").open(data(tmp_path / "data", *NODES[:3]))
    expected = others.run()
    others.close()
    assert found.beta == pytest.approx(expected.beta, rel=1e-9)


@pytest.mark.parametrize("rounds", [0, 1, 2])
def test_a_fit_in_few_trips_goes_on_as_a_usual_one_once_sums_were_published(four: Bench, rounds: int) -> None:
    """What the sites said of themselves is not asked for again; the moments that came with it stay the units."""
    found = four.run(idle=leaving_after(four, "west", rounds), drop_after=AFTER, min_nodes=3, few_trips=True)
    assert (found.status, found.without) == ("converged", ("west",))
    first, *later = [h for h in requests(four, "north") if h.attempt == 2]
    assert ("moments" in first.body["proposal"]["restart"]) == (rounds >= 1)
    assert (first.body["proposal"].get("trips") == "few") == (rounds == 0)
    kinds = [str(header.body["question"]) for header in (first, *later)]
    assert any("own estimate" in kind for kind in kinds) == (rounds == 0)


def test_the_closing_says_who_was_left_out_and_the_custodians_read_it(four: Bench) -> None:
    four.run(idle=leaving_after(four, "west", 2), drop_after=AFTER, min_nodes=3)
    closed = [m for m in four.nodes["north"].journal.of_fit(1, IN, peer="server") if m.header.kind == "closing"]
    assert closed[0].header.body == {"status": "goes on without a node", "message": "", "without": ["west"]}
    assert "(goes on without a node)" in four.log("north")
    kept = (four.folder / "north" / "kept" / "fit1-attempt2" / "result.txt").read_text(encoding="utf-8")
    assert "without west" in kept


def test_a_node_that_is_back_is_in_the_next_fit_and_its_late_answer_in_none(four: Bench) -> None:
    first = four.run(idle=leaving_after(four, "west", 2), drop_after=AFTER, min_nodes=3)
    four.asleep.clear()
    notes = Notes()
    second = four.run("logit low age", progress=notes)
    assert [name for name, _ in second.nodes] == list(NODES)
    assert second.without == ()
    assert first.to_json() == four.run().to_json()
    everyone = four.run(again=True)
    assert everyone.without == ()
    assert everyone.nobs > first.nobs


def test_an_answer_that_comes_after_the_site_was_left_out_is_taken_and_not_used(four: Bench) -> None:
    notes = Notes()
    leaving = leaving_after(four, "west", 2)

    def idle(seconds: float) -> None:
        leaving(seconds)
        if any("going on without" in note for note in notes.notes):
            four.nodes["west"].work()

    found = four.run(idle=idle, drop_after=AFTER, min_nodes=3, progress=notes)
    assert "west is back; its answer comes too late for this fit." in notes.text
    assert [name for name, _ in found.nodes] == ["north", "south", "east"]


@pytest.mark.parametrize("command", ["logit low age smoke", BY_DF])
def test_the_same_bits_whenever_the_server_is_killed(
    four: Bench, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was decided is in the journal: whoever is started again decides nothing anew."""
    monkeypatch.setattr(EventGroups.__init__, "__defaults__", (3,))

    class Killed(BaseException):
        pass

    def until_killed(passes: int) -> Callable[[float], None]:
        leaving = leaving_after(four, "west", 2)

        def idle(seconds: float) -> None:
            nonlocal passes
            passes -= 1
            if passes < 0:
                raise Killed
            leaving(seconds)
            if "west" in four.asleep:
                # However quick the passes are, some of them have to be long enough for the silence to count.
                four.work(AFTER / 5)

        return idle

    for passes in range(1, 60):
        try:
            found = four.run(command, idle=until_killed(passes), drop_after=AFTER, min_nodes=3)
            break
        except Killed:
            continue
    undisturbed = Bench(tmp_path / "undisturbed", clock=four.clock).open(data(tmp_path / "data", *NODES))
    expected = undisturbed.run(command, idle=leaving_after(undisturbed, "west", 2), drop_after=AFTER, min_nodes=3)
    undisturbed.close()
    assert found.to_json() == expected.to_json()
    assert {h.attempt for h in requests(four, "north")} == {1, 2}


def test_two_nodes_fall_silent_one_after_the_other(four: Bench) -> None:
    first, second = leaving_after(four, "west", 2), leaving_after(four, "east", 99)

    def idle(seconds: float) -> None:
        first(seconds)
        asked = four.nodes["east"].journal.last("server", IN)
        if asked is not None and asked.header.attempt == 2 and asked.header.round >= 2:
            four.asleep.add("east")
        second(seconds)

    found = four.run(idle=idle, drop_after=AFTER, min_nodes=2)
    assert found.status == "converged"
    assert found.without == ("west", "east")
    opened = [h.body["proposal"]["restart"]["start"] for h in requests(four, "north") if h.round == 1 and h.attempt > 1]
    assert opened == [1, 2]


def test_it_is_waited_for_when_too_few_would_be_left(four: Bench) -> None:
    four.asleep = {"east", "west"}
    notes = Notes()
    with pytest.raises(WaitingError, match="east and west have not answered"):
        four.run(drop_after=AFTER, timeout=2.5, progress=notes)
    assert "only 2 of the others have answered, and at least 3 must be left: waiting on." in notes.text
    four.asleep.clear()
    assert four.run(drop_after=3600.0).without == ()


def test_a_site_that_has_never_introduced_itself_is_left_out_before_the_first_question(four: Bench) -> None:
    four.nodes.pop("west").close()
    for path in (four.folder / "exchange" / "lbw" / "west" / "to-server").iterdir():
        path.unlink()
    found = four.run(drop_after=AFTER, min_nodes=3)
    assert found.without == ("west",)
    assert found.llnull is not None
    four.wake("west")
    assert four.run("logit low age").without == ()


def test_a_site_that_owes_since_the_last_fit_is_left_out_of_the_next_before_it_begins(four: Bench) -> None:
    four.run(idle=leaving_after(four, "west", 0), drop_after=AFTER, min_nodes=3)
    found = four.run("logit low age", drop_after=AFTER, min_nodes=3)
    assert found.without == ("west",)
    assert {h.attempt for h in requests(four, "north") if h.fit == 2} == {1}


def test_a_share_that_is_away_is_no_silence(four: Bench) -> None:
    """Fault 22: absence of a folder is never taken for absence of an answer."""
    folder = four.folder / "exchange" / "lbw" / "west"
    notes = Notes()

    def idle(seconds: float) -> None:
        if folder.exists() and four.nodes["west"].journal.last("server", OUT) is not None:
            four.asleep.add("west")
            folder.rename(folder.with_name("west-away"))
        four.work(seconds)

    with pytest.raises(WaitingError, match="west has not answered"):
        four.run(idle=idle, drop_after=AFTER, min_nodes=3, timeout=2.5, progress=notes)
    assert "going on without" not in notes.text
    folder.with_name("west-away").rename(folder)
    four.asleep.clear()
    assert four.run().without == ()


def test_without_the_option_nobody_is_ever_left_out(four: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(absence, "LOOKING", 0.0)
    four.asleep = {"west"}
    with pytest.raises(WaitingError):
        four.run(timeout=2.5)


def test_a_linear_regression_says_that_its_sums_give_the_site_away(four: Bench) -> None:
    notes = Notes()
    found = four.run("regress age smoke", idle=leaving_after(four, "west", 1), drop_after=AFTER, progress=notes)
    assert found.status == "converged"
    assert "the same at every beta" in notes.text


@pytest.mark.parametrize(("now", "owed"), [("2030-01-03T00:00:00+00:00", 172800.0), ("2029-01-01T00:00:00+00:00", 0.0)])
def test_a_clock_that_jumps_back_makes_nobody_silent(four: Bench, now: str, owed: float) -> None:
    """Fault 36: the clock decides nothing but how long a silence was."""
    four.asleep = {"west"}
    journal = four.study.journal(lambda: "2030-01-01T00:00:00+00:00")
    box = four.study.mailboxes(journal)["west"]
    box.open({"role": "server"})
    assert seconds_owed(journal, "west", now) == owed
    assert Absence(3600.0, now=lambda: now).is_over(journal, "west") == (owed > 0)
    journal.close()


def test_a_flexible_model_with_given_knots_goes_on_too(four: Bench) -> None:
    command = "stpm2 smoke, scale(hazard) knots(24) bknots(16 36) time(age) failure(low)"
    found = four.run(command, idle=leaving_after(four, "west", 3), drop_after=AFTER, min_nodes=3)
    assert (found.status, found.without) == ("converged", ("west",))
    assert found.splines[0].r


@pytest.mark.parametrize("rounds", [1, 3])
def test_knots_by_the_event_times_of_all_sites_stay_where_they_were(
    four: Bench, rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts of events are asked once: of fewer sites they would tell those of the site that is left out."""
    monkeypatch.setattr(EventGroups.__init__, "__defaults__", (3,))
    notes = Notes()
    found = four.run(BY_DF, idle=leaving_after(four, "west", rounds), drop_after=AFTER, min_nodes=3, progress=notes)
    assert (found.status, found.without) == ("converged", ("west",))
    opened = [h for h in requests(four, "north") if h.attempt == 2]
    assert "event groups" not in {h.body["question"]["kind"] for h in opened}
    assert set(opened[0].body["proposal"]["restart"]) == {"without", "start", "events", *(["moments"] * (rounds > 1))}
    assert ("Knots are placed by the event times of all sites" in notes.text) == (rounds == 1)
    assert ("No sum at one beta stands with and without it" in notes.text) == (rounds > 1)
    inner, ends = found.splines[0].knots[1:-1], found.splines[0].knots[::2]
    given = f"knots({' '.join(map(repr, inner))}) bknots({ends[0]!r} {ends[1]!r})"
    others = four.run(BY_DF.replace("df(2)", given), drop_after=AFTER, min_nodes=3)
    assert others.without == ("west",)
    # Not the same orthogonalisation, which is of the rows whose moments were published.
    assert found.llf == pytest.approx(others.llf, rel=1e-12)
    assert found.params["smoke"] == pytest.approx(others.params["smoke"], rel=1e-8)


def test_counts_of_events_that_a_fit_brings_along_hold_the_nodes_own(
    four: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EventGroups.__init__, "__defaults__", (3,))
    four.run(BY_DF, idle=leaving_after(four, "west", 2), drop_after=AFTER, min_nodes=3)
    journal = four.nodes["north"].journal
    asked = [m for m in journal.of_fit(1, IN, peer="server") if (m.header.kind, m.header.attempt) == ("request", 2)]
    replies = list(journal.of_fit(1, OUT, peer="server"))
    proposal = gate.proposal_of(asked)
    assert isinstance(proposal, Proposal)
    assert proposal.restart is not None
    assert proposal.restart.events is not None
    assert gate.question(proposal, asked[:1], replies).kind == "derivatives"
    events = proposal.restart.events
    for rows in ({}, {labels: (count - 3.0,) for labels, (count,) in events.rows.items()}):
        lied = dataclasses.replace(proposal.restart, events=dataclasses.replace(events, rows=rows))
        with pytest.raises((TamperedAnswerError, VariableError)):
            gate.question(dataclasses.replace(proposal, restart=lied), asked[:1], replies)


@pytest.mark.parametrize("rounds", [1, 2])
def test_a_common_baseline_goes_on_until_failure_times_were_published(four: Bench, rounds: int) -> None:
    command = "stcox smoke, time(age) failure(low)"
    idle = leaving_after(four, "west", rounds)
    if rounds > 1:
        with pytest.raises(ConfigError, match="once failure times were published"):
            four.run(command, idle=idle, drop_after=AFTER, min_nodes=3)
        return
    found = four.run(command, idle=idle, drop_after=AFTER, min_nodes=3)
    assert (found.status, found.without) == ("converged", ("west",))
    again = four.run("stcox smoke if age>0, time(age) failure(low)", drop_after=AFTER, min_nodes=3)
    assert again.without == ("west",)
    assert found.params["smoke"] == pytest.approx(again.params["smoke"], rel=1e-8)
    assert found.llf == pytest.approx(again.llf, rel=1e-12)
