"""The lines of a run, by a clock of the test."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from fedfolder.cli.progress import REMINDERS, Live, Plain
from fedfolder.solve.newton import Iteration

if TYPE_CHECKING:
    from fedfolder.questions.question import Question
    from fedfolder.server.progress import Progress


class Derivatives:
    kind = "derivatives"


QUESTION: Question = Derivatives()  # type: ignore[assignment]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_round_as_the_talk_showed_it(capsys: pytest.CaptureFixture[str]) -> None:
    plain: Progress = Plain()
    plain.asking(2, QUESTION)
    plain.copied("north", ["a.csv", "b.json"])
    plain.waiting({"north": ""})
    plain.reading("north")
    plain.summing(1)
    plain.iteration(Iteration(0, -131.00482, 0, 1.0))
    assert capsys.readouterr().out.splitlines() == [
        "",
        "Main server, round 2:",
        "-- Copying beta matrix and instruction to each node.",
        "-- north: copied a.csv, b.json",
        "-- Waiting for log likelihood, gradient and Hessian.",
        "-- north: reading in log likelihood, gradient and Hessian.",
        "-- Summing contributions over 1 nodes.",
        "-- Returning log likelihood, gradient and Hessian to Newton's method.",
        "Iteration 0:  Log likelihood = -131.00482",
    ]


def test_a_long_wait_is_told_ever_more_rarely_with_names_and_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    plain = Plain(clock=clock)
    plain.asking(1, QUESTION)
    capsys.readouterr()
    told = {}
    for second in range(int(REMINDERS[-1]) * 3 + 10):
        clock.now = 100.0 + second
        plain.waiting({"north": "", "south": "m1.json: torn"})
        if text := capsys.readouterr().out:
            told[second] = text
    assert list(told) == [0, *(int(s) for s in REMINDERS), 2 * int(REMINDERS[-1]), 3 * int(REMINDERS[-1])]
    assert told[5] == "-- Still waiting, for north; south (m1.json: torn).\n"


def test_iterations_alone(capsys: pytest.CaptureFixture[str]) -> None:
    plain = Plain(iterations_only=True)
    plain.asking(1, QUESTION)
    plain.waiting({"north": ""})
    plain.summing(1)
    plain.closing()
    plain.note("something")
    plain.iteration(Iteration(3, -113.5, 0, 0.0))
    assert capsys.readouterr().out == "note: something\nIteration 3:  Log likelihood =     -113.5\n"


class Status:
    def __init__(self) -> None:
        self.shown: list[str] = []
        self.on = False

    def start(self) -> None:
        self.on = True

    def stop(self) -> None:
        self.on = False

    def update(self, text: str) -> None:
        assert self.on
        self.shown.append(text)


@pytest.mark.usefixtures("capsys")
def test_the_line_that_moves_begins_anew_with_each_wait() -> None:
    status, clock = Status(), Clock()
    live = Live(status)
    live._clock = clock  # noqa: SLF001 - the test's clock
    live.greeting(["north"])
    live.waiting({"north": ""})
    clock.now += 9
    live.waiting({"north": "no share"})
    live.asking(1, QUESTION)
    assert not status.on
    live.waiting({"south": ""})
    live.summing(2)
    assert not status.on
    live.closing()
    clock.now += 5
    live.waiting({"south": ""})
    assert status.shown == [
        "waiting 0 s for north",
        "waiting 9 s for north (no share)",
        "waiting 0 s for south",
        "waiting 0 s for south",
    ]


def test_a_console_of_an_old_code_page_gets_question_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    from fedfolder import cli

    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="cp437", write_through=True)
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr("sys.argv", ["fedfolder", "status", "Łódź→"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 15
    assert "?ódź?".encode("cp437", "replace") in raw.getvalue()
