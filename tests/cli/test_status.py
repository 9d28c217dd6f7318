"""`fedfolder status`, once and kept on the screen."""

from __future__ import annotations

import itertools
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from fedfolder.cli import cli, status
from fedfolder.errors import WaitingError
from tests.node.places import Bench, Clock, data
from tests.server.test_absence import AFTER, leaving_after
from tests.system.places import ENVIRONMENT, end, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def four(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    files = data(tmp_path / "data", "north", "south", "east", "west")
    made = Bench(tmp_path / "study", clock=Clock(monkeypatch)).open(files)
    yield made
    made.close()


def said(bench: Bench) -> list[str]:
    done = CliRunner().invoke(cli, ["status", str(bench.folder / "server")])
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


def test_one_screen_says_what_is_fitted_and_who_owes_what(four: Bench) -> None:
    head, *nodes = said(four)
    assert head.startswith("study lbw, exchange ")
    assert len(nodes) == 4
    four.asleep = {"west"}
    four.nodes["west"].work()
    with pytest.raises(WaitingError):
        four.run(timeout=0.5)
    _, fit, north, *_, west, keys = said(four)
    assert keys == "keys seen first, not compared: north, south, east, west"
    assert fit == "fit 1: logit low age smoke - round 1"
    assert north == "north        owes nothing"
    assert west.startswith(
        "west         owes the answer to m000001-fit1-round1-instruction.json (fit 1, round 1), since 20"
    )
    assert west.endswith(" s)")
    four.asleep.clear()
    four.run()
    assert said(four)[1] == "fit 1: logit low age smoke - converged"


def test_who_was_left_out_and_folders_of_nobody(four: Bench) -> None:
    four.run(idle=leaving_after(four, "west", 0), drop_after=AFTER, min_nodes=3)
    (four.folder / "exchange" / "lbw" / "wset").mkdir()
    lines = said(four)
    assert lines[1] == "fit 1, attempt 2: logit low age smoke - converged, without west"
    assert lines[-1] == "not in study.toml, so not asked: the folder wset"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.9, "59 s"), (61, "1 min 1 s"), (3600, "1 h"), (86400 * 2 + 3 * 3600 + 5, "2 d 3 h")],
)
def test_lengths_of_time(seconds: float, words: str) -> None:
    assert status.in_words(seconds) == words


class Enough(Exception):  # noqa: N818 - ends the watching
    pass


def test_where_there_is_no_terminal_a_page_is_written_when_something_changed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pages = iter([["a"], ["a"], ["a"], ["b"]])
    now = itertools.count()

    def look(time: str | None) -> list[str]:
        if time is None:
            found = next(pages, None)
            if found is None:
                raise Enough
            look.found = found  # type: ignore[attr-defined]
            return found
        return [f"{look.found[0]} after {next(now)}"]  # type: ignore[attr-defined]

    with pytest.raises(Enough):
        status.keep_showing(look, pause=0.0)
    assert capsys.readouterr().out == "a after 0\n\nb after 3\n\n"


def test_it_watches_until_it_is_stopped(four: Bench, tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    with out.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "fedfolder", "status", str(four.folder / "server"), "--watch"],
            stdout=file,
            env=ENVIRONMENT,
            text=True,
        )
        try:
            until(lambda: "west" in out.read_text(encoding="utf-8"), what="the first page")
            four.run()
            until(lambda: "converged" in out.read_text(encoding="utf-8"), what="the page that has changed")
        finally:
            end(process)
