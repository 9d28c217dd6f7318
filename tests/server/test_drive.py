"""Fits driven over nodes in this process: resumed, refused, set aside, contradicted, shown again."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from fedfolder.errors import ConfigError, RefusedError, VariableError, WaitingError
from fedfolder.exchange.journal import IN, OUT
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.server import asking
from fedfolder.server.place import CONTRADICTED, LEFT_OUT, REFUSED, SET_ASIDE, Place, find
from fedfolder.server.progress import Silent
from fedfolder.server.words import refusal_in_words
from tests.node.places import Bench, Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

OTHER = "logit low age"


class Teller(Silent):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def note(self, text: str) -> None:
        self.told.append(text)

    def asking(self, round_: int, question: Any) -> None:
        self.told.append(f"round {round_}: {question.kind}")

    def copied(self, node: str, names: Sequence[str]) -> None:
        assert names
        self.told.append(f"copied to {node}")

    def iteration(self, iteration: Any) -> None:
        self.told.append(f"iteration {iteration.number}")

    def summing(self, nodes: int) -> None:
        self.told.append(f"summing {nodes}")

    def closing(self) -> None:
        self.told.append("closing")


def headers(bench: Bench, node: str = "north") -> list[tuple[str, int, int]]:
    journal = bench.study.journal(lambda: "")
    found: list[tuple[str, int, int]] = [(h.kind, h.fit, h.attempt) for h in journal.headers(node, OUT)]
    journal.close()
    return found


class Killed(BaseException):
    """What ends a run as a kill would: nothing in the product catches it."""


def stopping_after(bench: Bench, passes: int) -> Callable[[float], None]:
    """Nodes that work for some passes, and then the server is killed."""

    def idle(seconds: float) -> None:
        nonlocal passes
        passes -= 1
        if passes < 0:
            raise Killed
        bench.work(seconds)

    return idle


@pytest.mark.parametrize("passes", range(2, 8))
def test_a_fit_goes_on_from_wherever_it_stopped_with_the_same_bits(bench: Bench, tmp_path: Path, passes: int) -> None:
    with pytest.raises(Killed):
        bench.run(idle=stopping_after(bench, passes))
    before = headers(bench)
    for name in ("north", "south"):
        bench.wake(name)
    teller = Teller()
    resumed = bench.run(progress=teller)
    files = {name: bench.home(name).data for name in ("north", "south")}
    whole = Bench(tmp_path / "whole").open(files)
    assert json.loads(resumed.to_json()) == json.loads(whole.run().to_json())
    assert headers(bench) == headers(whole), "nothing was asked twice"
    assert headers(bench)[: len(before)] == before
    whole.close()


def test_a_finished_fit_is_told_from_the_journal(bench: Bench) -> None:
    first = bench.run()
    asked = headers(bench)
    teller = Teller()
    again = bench.run(progress=teller, idle=lambda _: pytest.fail("nobody is waited for"))
    assert again.to_json() == first.to_json()
    assert headers(bench) == asked
    assert teller.told[0].startswith("Fit 1 of this command has ended before")
    assert set(teller.told[1:]) == {f"iteration {k}" for k in range(len(first.iterations))}


def test_two_nodes_are_told_that_sums_say_a_lot(bench: Bench) -> None:
    teller = Teller()
    bench.run(progress=teller)
    assert teller.told[0] == "With two nodes, the published sums show each node the other's part."


def test_a_receipt_that_is_outstanding_holds_up_neither_the_same_fit_nor_a_finished_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "RECEIPTS", 0.2)

    def until_closing(_seconds: float) -> None:
        bench.nodes["north"].work()
        if not any("closing" in name for name in bench.on_share("south", "to-node")):
            bench.nodes["south"].work()

    teller = Teller()
    first = bench.run(idle=until_closing, progress=teller)
    assert teller.told[-1].startswith("not yet fetched by south: the last message")
    assert any("closing" in name for name in bench.on_share("south", "to-node"))
    bench.asleep = {"south"}
    assert bench.run().to_json() == first.to_json()
    bench.asleep = set()
    assert bench.run(OTHER).status == "converged"
    assert [kind for kind, fit, _ in headers(bench, "south") if fit == 1].count("closing") == 1


def test_showing_a_finished_fit_closes_no_other(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.run(OTHER)
    bench.clock = Clock(monkeypatch)
    bench.asleep = {"south"}
    with pytest.raises(WaitingError):
        bench.run(timeout=2.0)
    # North has answered and waits for the next round, south owes.
    asked = headers(bench)
    bench.run(OTHER)
    assert headers(bench) == asked
    bench.asleep = set()
    assert bench.run().status == "converged"
    assert {attempt for _, fit, attempt in headers(bench) if fit == 2} == {1}


def test_set_aside_comes_back_as_another_attempt(bench: Bench) -> None:
    with pytest.raises(Killed):
        bench.run(idle=stopping_after(bench, 4))
    bench.run(OTHER)
    bench.run()
    attempts = [(fit, attempt) for _, fit, attempt in headers(bench)[1:]]
    assert list(dict.fromkeys(attempts)) == [(1, 1), (2, 1), (1, 2)]
    closings = [kind for kind, _, _ in headers(bench)].count("closing")
    assert closings == 3


def test_data_that_change_within_a_fit_are_refused_by_the_node_and_named(bench: Bench) -> None:
    """Fault 91: the data change between two rounds; the number of rows need not."""
    with pytest.raises(Killed):
        bench.run(idle=stopping_after(bench, 3))
    path = bench.home("south").data
    head, first, *rest = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([head, *rest, first.replace(",", ",1", 1)]) + "\n", encoding="utf-8")
    bench.wake("south")
    with pytest.raises(RefusedError, match="south refused") as refused:
        bench.run()
    assert "its data have changed since an earlier round" in refused.value.found
    assert "put the data back as they were" in bench.log("south")
    result = bench.run()
    assert result.status == "converged"
    assert headers(bench)[-1] == ("closing", 1, 2)


def test_data_that_are_written_again_with_the_same_rows_are_the_same(bench: Bench) -> None:
    with pytest.raises(Killed):
        bench.run(idle=stopping_after(bench, 3))
    path = bench.home("south").data
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([f"{lines[0]},spare", *(f"{line},9" for line in lines[1:])]) + "\n", encoding="utf-8")
    bench.wake("south")
    assert bench.run().status == "converged"


def test_types_that_differ_end_the_attempt(bench: Bench) -> None:
    path = bench.home("south").data
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",0\n", ",no\n").replace(",1\n", ",yes\n"), encoding="utf-8")
    with pytest.raises(VariableError, match="smoke is text at one node"):
        bench.run("logit low age i.smoke")
    path.write_text(text, encoding="utf-8")
    assert bench.run("logit low age i.smoke").status == "converged"


def test_a_refusal_is_told_at_once_to_all(bench: Bench) -> None:
    settings = bench.folder / "south" / "node.toml"
    whole = settings.read_text(encoding="utf-8")
    settings.write_text(whole.replace("'age'", "'aged'"), encoding="utf-8")
    bench.wake("south")
    with pytest.raises(RefusedError) as refused:
        bench.run()
    assert (
        "south: it has no such variable or table, or has not released it: age; did you mean aged?"
        in refused.value.found
    )
    assert headers(bench) == [("hello", 0, 0), ("request", 1, 1), ("closing", 1, 1)]
    settings.write_text(whole, encoding="utf-8")
    bench.wake("south")
    assert bench.run().status == "converged"
    assert headers(bench)[-1] == ("closing", 1, 2)


def test_again_begins_another_fit_and_then_goes_on_with_it(bench: Bench) -> None:
    first = bench.run()
    with pytest.raises(Killed):
        bench.run(again=True, idle=stopping_after(bench, 2))
    teller = Teller()
    second = bench.run(progress=teller)
    assert "Going on with fit 2." in teller.told
    assert second.to_json() == first.to_json()
    assert {fit for _, fit, _ in headers(bench)} == {0, 1, 2}


PROPOSAL = Proposal(read_command(OTHER), (("north", "aa"), ("south", "bb"))).to_dict()


class Told:
    """A journal that knows two attempts of fit 4 and how the later one ended at one node."""

    def __init__(self, kind: str, status: str, **body: Any) -> None:
        said = {"proposal": PROPOSAL}
        self.opened = [SimpleNamespace(fit=4, attempt=attempt, body=said) for attempt in (1, 2)]
        self.ended = SimpleNamespace(header=SimpleNamespace(kind=kind, attempt=2, body={"status": status, **body}))

    def openings(self, about: str) -> list[SimpleNamespace]:
        # That a header holds the text is where a search begins: it may stand there as something else.
        assert about.startswith("logit low")
        return self.opened[::-1]

    def newest_fit(self) -> int:
        return 4

    def of_fit(self, fit: int, direction: str, *, peer: str) -> list[SimpleNamespace]:
        assert fit == 4
        its_way = IN if self.ended.header.kind == "refusal" else OUT
        return [self.ended] if direction == its_way and peer == "south" else []


PUT = Proposal.from_dict(PROPOSAL)


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        ("request", "", Place(4, 2, "", is_new=False, proposal=PUT)),
        ("refusal", "", Place(4, 3)),
        ("closing", REFUSED, Place(4, 3)),
        ("closing", SET_ASIDE, Place(4, 3)),
        ("closing", CONTRADICTED, Place(4, 3)),
        ("closing", LEFT_OUT, Place(4, 3, proposal=PUT, without=("north",))),
        ("closing", "converged", Place(4, 2, "converged", is_new=False, proposal=PUT)),
        ("closing", "separation", Place(4, 2, "separation", is_new=False, proposal=PUT)),
    ],
)
def test_where_a_fit_stands(kind: str, status: str, expected: Place) -> None:
    journal: Any = Told(kind, status, **({"without": ["north"]} if status == LEFT_OUT else {}))
    command = read_command(OTHER)
    assert find(journal, command, ["north", "south"], again=False) == expected
    assert find(journal, command, ["north", "south"], again=True) == Place(5, 1)
    assert find(journal, command, ["north", "south", "west"], again=False) == Place(5, 1)
    assert find(journal, read_command("logit low smoke"), ["north", "south"], again=False) == Place(5, 1)


def test_a_proposal_of_another_version_is_another_fit() -> None:
    journal: Any = Told("closing", "converged")
    for header in journal.opened:
        header.body = {"proposal": {**PROPOSAL, "model": "Logistic regression of another kind"}}
    assert find(journal, read_command(OTHER), ["north", "south"], again=False) == Place(5, 1)


def test_a_study_without_nodes(bench: Bench) -> None:
    path = bench.folder / "server" / "study.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("'north', 'south'", ""), encoding="utf-8")
    with pytest.raises(ConfigError, match="no nodes"):
        bench.run()


def test_a_result_that_cannot_be_written_is_written_by_the_next_run(bench: Bench) -> None:
    (bench.folder / "server" / "runs").rmdir()
    (bench.folder / "server" / "runs").write_text("in the way", encoding="utf-8")
    with pytest.raises(ConfigError, match="nothing is asked anew"):
        bench.run()
    asked = headers(bench)
    (bench.folder / "server" / "runs").unlink()
    bench.run(idle=lambda _: None)
    assert headers(bench) == asked
    names = sorted(path.name for path in (bench.folder / "server" / "runs" / "fit1").iterdir())
    assert names == ["result.csv", "result.json", "result.txt"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": "Nonsense", "names": "age"},
        {"code": ["UnknownName"], "names": [{"a": 1}] * 1000, "nearest": ["x" * 10_000] * 1000},
        {"code": "UnknownName", "names": ["\x1b[2J\nError: pay", "\u202e"]},
    ],
)
def test_a_strangers_refusal_is_cut_and_printable(body: dict[str, object]) -> None:
    said = refusal_in_words(body)
    assert said.isprintable()
    assert len(said) < 1000
