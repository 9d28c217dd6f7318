"""Knots that follow from all sites' event times: what a person must look at is known in the second round only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from fedfolder.exchange.journal import OUT
from fedfolder.node.pending import tray
from tests.node.places import Bench
from tests.node.test_approval import patient, stuck, sums_on_share, waiting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALL = "stpm2 age, scale(hazard) df(2) bknots(1.2 5.5) time(t) failure(d)"
SOME = "stpm2 age if part==1, scale(hazard) df(2) bknots(1.2 5.5) time(t) failure(d)"


def rows(seed: int, n: int, shift: float) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": np.round(rng.uniform(40, 80, n)), "part": rng.integers(0, 2, n)})
    frame["t"] = np.round(0.5 + 7 * rng.beta(1.5 + shift * frame["part"], 2.0, n), 3)
    return frame.assign(d=rng.integers(0, 2, n))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Two nodes; at north everyone is in the part, so that its rows are the same in both fits."""
    files = {}
    for name, frame in {"north": rows(1, 160, 0.0).assign(part=1), "south": rows(2, 400, 0.35)}.items():
        files[name] = tmp_path / f"{name}.csv"
        frame.to_csv(files[name], index=False, lineterminator="\n")
    made = Bench(tmp_path / "study").open(files)
    page = made.folder / "north" / "policy.toml"
    text = re.sub("(?m)^#? ?differing_rows = [0-9.]+", "differing_rows = 5", page.read_text(encoding="utf-8"))
    page.write_text(text, encoding="utf-8", newline="\n")
    made.wake("north")
    yield made
    made.close()


def test_a_knot_that_moved_past_a_few_persons_waits_in_the_second_round(bench: Bench) -> None:
    first = patient(bench, ALL)
    assert first.status == "converged"
    stuck(bench, SOME)
    (answer,) = [name for name in sums_on_share(bench, "north") if "fit2" in name and name.endswith(".json")]
    assert "round1" in answer
    found = waiting(bench)
    assert found is not None
    assert found.needs_yes
    assert [finding.rule for finding in found.concerns] == ["differing_rows"]
    assert "rows by t would differ from sums of fit 1" in found.page.replace("\n", " ").replace("  ", " ")
    with tray(bench.home("north")) as open_:
        open_.approve(2, "A. Custodian", "the other site has more rows now")
    second = patient(bench, SOME)
    assert second.status == "converged"
    knots = [fit.splines[0].knots[1] for fit in (first, second)]
    north = pd.read_csv(bench.folder.parent / "north.csv")
    assert 0 < ((north["t"] > min(knots)) & (north["t"] <= max(knots))).sum() < 5


def test_the_same_fit_again_waits_for_nobody(bench: Bench) -> None:
    first, again = patient(bench, ALL), patient(bench, ALL, again=True)
    assert again.to_json() == first.to_json()
    journal = bench.nodes["north"].journal
    sql = "SELECT kind, about, digest FROM parts WHERE fit = ? ORDER BY place"
    assert journal.rows(sql, 1) == journal.rows(sql, 2)
    assert len(list(journal.of_fit(2, OUT, peer="server"))) == again.rounds + 1


def test_a_node_that_is_started_again_between_rounds_gives_the_same_bits(bench: Bench) -> None:
    """It finds in its journal what it had answered with, the rows beyond knots included, and nothing is a concern."""

    def idle(_seconds: float) -> None:
        bench.wake("north")
        bench.work()

    started = bench.run(ALL, idle=idle)
    assert started.to_json() == patient(bench, ALL, again=True).to_json()
    journal = bench.nodes["north"].journal
    sql = "SELECT kind, about, digest FROM parts WHERE fit = ? ORDER BY place"
    assert journal.rows(sql, 1) == journal.rows(sql, 2)
    assert len(set(journal.rows(sql, 1))) == len(journal.rows(sql, 1))
