"""What a node makes once is what it would make each time: the same answers, to the bit, and less to do."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING

import pytest

from fedfolder.custody import gate, statements
from fedfolder.exchange.journal import OUT
from fedfolder.exchange.names import SERVER
from fedfolder.latest import Latest, latest
from fedfolder.plan.check import program_of
from fedfolder.plan.course import Course
from tests.node.places import Bench, data

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COMMANDS = ("logit low age smoke", "regress age low smoke, vce(robust)")


def without_tricks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is made each time."""
    monkeypatch.setattr(Latest, "__call__", lambda known, value: known.make(value))
    monkeypatch.setattr(statements, "_is_signed", statements._is_signed.__wrapped__)  # noqa: SLF001 - what is turned off
    comes_to, ends_with = Course.comes_to, Course.ends_with
    monkeypatch.setattr(Course, "comes_to", lambda _, *arguments: comes_to(Course(), *arguments))
    monkeypatch.setattr(Course, "ends_with", lambda _, *arguments: ends_with(Course(), *arguments))


def answers(folder: Path) -> tuple[list[str], list[object]]:
    """The results of some fits, and all that a node sent of the data."""
    bench = Bench(folder).open(data(folder / "data", "north", "south"))
    with contextlib.closing(bench):
        results = [bench.run(command).to_json() for command in COMMANDS]
        journal = bench.nodes["north"].journal
        sent = [journal.message(SERVER, OUT, header.number) for header in journal.headers(SERVER, OUT)]
        return results, [(m.parts, m.header.body.get("scalars")) for m in sent if m is not None]


def test_a_node_that_makes_everything_each_time_answers_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = answers(tmp_path / "short")
    without_tricks(monkeypatch)
    assert answers(tmp_path / "long") == short


def test_a_round_reads_no_proposal_and_goes_on_from_the_round_before(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each node and fit: the proposal, its digests, and the program, all once."""
    made: list[str] = []

    def counted(name: str, make: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            made.append(name)
            return make(*arguments)

        return call

    carried, of_proposal = gate._carried, gate._of_proposal  # noqa: SLF001 - what is counted
    monkeypatch.setattr(carried, "make", counted("carried", carried.make))
    monkeypatch.setattr(of_proposal, "make", counted("of proposal", of_proposal.make))
    monkeypatch.setattr(gate, "program_of", counted("program", program_of))
    for fits in (1, 2):
        result = bench.run(again=fits > 1)
        assert result.rounds > 3
        # The two nodes of one process share the proposal that they read; the server has its own.
        assert made.count("carried") == made.count("program") == 2 * fits
        assert made.count("of proposal") <= 2 * fits


def test_what_follows_from_a_value_is_made_once_and_forgotten_in_turn() -> None:
    number = itertools.count(1)
    known = Latest[list[int], int](lambda _: next(number), most=2)
    one, two, three = [1], [1], [3]
    assert [known(value) for value in (one, two, one, two)] == [1, 2, 1, 2], "equal is not the same"
    assert known(three) == 3
    assert known(two) == 2
    assert known(one) == 4


def test_an_error_is_not_kept() -> None:
    tried: list[object] = []

    @latest
    def fails(value: object) -> object:
        """Says so."""
        tried.append(value)
        raise ValueError

    value = object()
    for _ in range(2):
        with pytest.raises(ValueError, match=r"^$"):
            fails(value)
    assert tried == [value, value]
    assert fails.__doc__ == "Says so."
