"""A node that answers nonsense, with its own key and through its own folder: named, and never averaged in."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fedfolder.custody import gate
from fedfolder.custody.desk import Held
from fedfolder.errors import TamperedAnswerError, VariableError
from fedfolder.node import step
from fedfolder.plan import messages
from fedfolder.questions.evaluation import Evaluation
from tests.node.places import Bench, data
from tests.server.test_absence import Notes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from fedfolder.exchange.envelope import Message
    from fedfolder.node.step import Answered, Answerer
    from fedfolder.questions.question import Question
    from fedfolder.questions.sums import Sums

    Lie = Callable[[Question, Sums], Sums]
    Matrix = NDArray[np.float64]

COMMANDS = ["logit low age smoke", "regress age low smoke"]


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "study").open(data(tmp_path / "data", "north", "south", "east"))
    yield made
    made.close()


@pytest.fixture
def lying(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Lie], None]:
    """Let one node change what it computed, before it is signed and sent."""

    def put(liar: str, lie: Lie) -> None:
        honest = step.Answerer.answer

        def answer(self: Answerer, requests: Sequence[Message]) -> Answered | Held:
            said = honest(self, requests)
            if self.me.name != liar or isinstance(said, Held):
                return said
            question = gate.question(gate.proposal_of(requests), requests)
            sums = messages.read_reply(question, said.content, where="")
            return dataclasses.replace(said, content=messages.reply(question, lie(question, sums)))

        monkeypatch.setattr(step.Answerer, "answer", answer)

    return put


def table(change: Callable[[Matrix], Matrix]) -> Lie:
    """A lie about the derivatives: the table's numbers, (p, 1 + p) with the gradient in front, changed."""

    def lie(question: Question, sums: Sums) -> Sums:
        if not isinstance(question, Evaluation):
            return sums
        changed = change(np.array(list(sums.rows.values())))
        rows = dict(zip(sums.rows, map(tuple, changed.tolist()), strict=True))
        return dataclasses.replace(sums, rows=rows)

    return lie


def gradient_flipped(values: Matrix) -> Matrix:
    values[:, 0] *= -1
    return values


def all_flipped(values: Matrix) -> Matrix:
    return -values


def asymmetric(values: Matrix) -> Matrix:
    values[0, 2] += 1.0
    return values


def indefinite(values: Matrix) -> Matrix:
    values[0, 2] = values[1, 1] = 10 * abs(values[:, 1:]).max()
    return values


def columns_exchanged(values: Matrix) -> Matrix:
    """The gradient of one parameter under the name of another."""
    values[[0, 1], 0] = values[[1, 0], 0]
    return values


def times_ten(values: Matrix) -> Matrix:
    values[:, 0] *= 10
    return values


LIES = {
    "89 the gradient's sign": gradient_flipped,
    "89 the sign of all": all_flipped,
    "90 not symmetric": asymmetric,
    "90 indefinite": indefinite,
    "93 columns exchanged": columns_exchanged,
    "92 a gradient in other units": times_ten,
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("lie", LIES)
def test_derivatives_that_cannot_be_are_named_and_end_the_fit(
    three: Bench, lying: Callable[[str, Lie], None], lie: str, command: str
) -> None:
    """Faults 89, 90, 92 and 93: found at the node that sent them, before there is an estimate."""
    three.run(command)
    lying("south", table(LIES[lie]))
    with pytest.raises(TamperedAnswerError) as found:
        three.run(command, again=True)
    assert "south" in str(found.value)
    assert "north" not in str(found.value)
    assert not (three.folder / "server" / "runs" / "fit2").exists()


def test_after_the_node_is_mended_the_same_command_gives_the_same_bits(
    three: Bench, lying: Callable[[str, Lie], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 98, after fault 89."""
    honest = step.Answerer.answer
    lying("south", table(gradient_flipped))
    with pytest.raises(TamperedAnswerError, match="the gradient from south"):
        three.run()
    monkeypatch.setattr(step.Answerer, "answer", honest)
    mended = three.run()
    fresh = three.run(again=True)
    assert mended.to_json() == fresh.to_json()


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999"])
def test_a_number_that_is_not_finite(three: Bench, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Fault 90: as text in the table, for no honest writer writes it."""
    honest = step.Answerer.answer

    def answer(self: Answerer, requests: Sequence[Message]) -> Answered | Held:
        said = honest(self, requests)
        if self.me.name != "south" or isinstance(said, Held):
            return said
        of = said.content
        files = {name: content.rsplit(b",", 1)[0] + f",{text}\n".encode() for name, content in of.files.items()}
        return dataclasses.replace(said, content=messages.Content(of.body, files))

    monkeypatch.setattr(step.Answerer, "answer", answer)
    with pytest.raises(TamperedAnswerError) as found:
        three.run()
    assert "south" in str(found.value)


def test_the_number_of_rows_changes_between_rounds(three: Bench, lying: Callable[[str, Lie], None]) -> None:
    """Fault 91, at a node that does not look after its data."""

    def one_more(question: Question, sums: Sums) -> Sums:
        if not isinstance(question, Evaluation):
            return sums
        return dataclasses.replace(sums, scalars={**sums.scalars, "nobs": sums.scalars["nobs"] + 1})

    lying("south", one_more)
    with pytest.raises(TamperedAnswerError, match="the number of rows at south changed within the fit"):
        three.run()


def with_age_times(bench: Bench, node: str, factor: float) -> str:
    path = bench.home(node).data
    text = path.read_text(encoding="utf-8")
    head, *rows = text.splitlines()
    cells = [row.split(",") for row in rows]
    changed = [",".join([low, repr(float(age) * factor), smoke]) for low, age, smoke in cells]
    path.write_text("\n".join([head, *changed]) + "\n", encoding="utf-8")
    bench.wake(node)
    return text


@pytest.mark.parametrize("factor", [10.0, 0.1, 1000.0, 1 / 12])
@pytest.mark.parametrize("command", ["logit low age smoke", "regress age low smoke"])
def test_a_site_whose_units_are_ten_times_off_is_named(three: Bench, command: str, factor: float) -> None:
    """Fault 92: a variable, or the outcome, in other units at one site."""
    text = with_age_times(three, "south", factor)
    with pytest.raises(VariableError, match="other units") as found:
        three.run(command)
    assert found.value.where == "age at south"
    assert "--units-differ" in found.value.do
    journal = three.study.journal(lambda: "")
    assert {header.round for header in journal.headers("north", "out") if header.kind == "request"} == {1}
    journal.close()
    three.home("south").data.write_text(text, encoding="utf-8")
    three.wake("south")
    assert three.run(command).status == "converged"


def test_units_that_really_differ_are_used_when_somebody_says_so(three: Bench) -> None:
    with_age_times(three, "south", 10.0)
    notes = Notes()
    found = three.run(units_differ=True, progress=notes)
    assert found.status == "converged"
    assert "age at south looks as if it were in other units" in notes.text
    # Once it was said, it holds for this fit.
    assert three.run().to_json() == found.to_json()


def test_sites_that_simply_differ_are_not_suspected(three: Bench) -> None:
    """An older site, one with a single smoker, one with few rows."""
    path = three.home("south").data
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    older = [f"{low},{float(age) + 12},{int(k == 1)}" for k, (low, age, _) in enumerate(r.split(",") for r in rows)]
    path.write_text("\n".join([head, *older]) + "\n", encoding="utf-8")
    path = three.home("east").data
    path.write_text(f"{head}\n1,60,0\n0,14,0\n1,15,1\n", encoding="utf-8")
    three.wake("south")
    three.wake("east")
    assert three.run().status == "converged"
