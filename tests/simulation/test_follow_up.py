"""A fit from individual records is that of records which were split by hand, one after another."""

from __future__ import annotations

import csv
import math
import random
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import fedfolder as product
from fedfolder.command import parse
from fedfolder.errors import UnknownNameError
from fedfolder.node.data import read_variables
from fedfolder.node.sampling import read_for
from fedfolder.node.tables import TableFile
from fedfolder.simulation import fit_samples, lay_out, samples_of, simulate_over_folders

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fedfolder.estimates import FitResult

CUTS = (0, 1, 2, 5)
SPLIT = """stset years, failure(died) id(pid)
stsplit fu, at(0 1 2 5)
stsplit attained, every(1) after(_t = -age)
stsplit year, every(1) after(_t = -ydx)
merge m:1 sex attained year using popmort, keepusing(rate)
generate y = _t - _t0
generate dstar = rate*y
"""
EXCESS = "glm {d} i.fu i.sex age, family(poisson) link(rs dstar) exposure(y)"
PIECEWISE = "poisson {d} i.fu i.sex age, exposure(y)"


def rate(age: int, year: int, sex: int) -> float:
    return 0.0001 * math.exp(0.09 * age) * (0.7 if sex == 2 else 1.0) * 0.99 ** (year - 1990)


def write(path: Path, names: str, rows: Sequence[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names.split(), *rows])


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def records(seed: int, count: int) -> list[tuple[object, ...]]:
    rng = random.Random(seed)  # noqa: S311 - records of nobody
    found: list[tuple[object, ...]] = []
    for number in range(count):
        age, ydx, sex = round(rng.uniform(40, 85), 2), round(rng.uniform(1995, 2005), 2), rng.choice((1, 2))
        death, end = rng.expovariate(0.1 + rate(int(age), 2000, sex)), rng.uniform(0.5, 8)
        found.append((f"{seed}-{number}", age, ydx, sex, round(min(death, end) + 0.001, 3), int(death < end)))
    return found


def by_hand(record: tuple[object, ...]) -> list[tuple[object, ...]]:
    """The pieces of one record: cut at each moment inside of it, age and year in the middle of each."""
    pid, age, ydx, sex, end, died = record
    assert isinstance(age, float)
    assert isinstance(ydx, float)
    assert isinstance(end, float)
    assert isinstance(sex, int)
    moments = {*map(float, CUTS), *(k - age for k in range(40, 100)), *(k - ydx for k in range(1995, 2020))}
    inner = sorted(moment for moment in moments if 1e-9 < moment < end - 1e-9)
    edges = [0.0, *(b for a, b in zip([0.0, *inner], inner, strict=False) if b - a > 1e-9), end]
    pieces: list[tuple[object, ...]] = []
    for begin, stop in pairwise(edges):
        middle, time = (begin + stop) / 2, stop - begin
        expected = rate(math.floor(age + middle), math.floor(ydx + middle), sex) * time
        fu = max(cut for cut in CUTS if cut <= begin)
        pieces.append((pid, age, sex, fu, repr(time), repr(expected), int(died == 1 and stop == end)))
    return pieces


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("records")
    cells = [(a, y, s, repr(rate(a, y, s))) for a in range(40, 100) for y in range(1995, 2020) for s in (1, 2)]
    write(folder / "popmort.csv", "attained year sex rate", cells)
    for node in (1, 2, 3):
        rows = records(node, 60 * node)
        write(folder / f"records{node}.csv", "pid age ydx sex years died", rows)
        pieces = [piece for record in rows for piece in by_hand(record)]
        write(folder / f"pieces{node}.csv", "pid age sex fu y dstar d", pieces)
    return folder


def fitted(text: str, place: Path, kind: str) -> FitResult:
    command = parse(text)
    parts = {f"node{n}": read_variables(place / f"{kind}{n}.csv", read_for(command, None)) for n in (1, 2, 3)}
    return fit_samples(command, samples_of(command, parts, tables={"popmort": TableFile(place / "popmort.csv")}))


def assert_same(one: FitResult, other: FitResult, *, rows: bool = True) -> None:
    assert one.status == other.status == "converged"
    assert one.names == other.names
    assert np.abs((one.beta - other.beta) / other.bse).max() < 1e-10
    assert np.abs(one.bse / other.bse - 1).max() < 1e-10
    assert not rows or one.nobs == other.nobs


def test_excess_mortality_from_records_and_a_table_is_that_of_records_split_by_hand(place: Path) -> None:
    found = fitted(SPLIT + EXCESS.format(d="_d"), place, "records")
    assert_same(found, fitted(EXCESS.format(d="d"), place, "pieces"))
    assert found.stats["N_sub"] == 360


def test_piecewise_exponential_from_records_is_that_of_records_split_by_hand_in_poisson_and_in_streg(
    place: Path,
) -> None:
    times = "stset years, failure(died); stsplit fu, at(0 1 2 5); "
    found = fitted(times + "generate y = _t - _t0; " + PIECEWISE.format(d="_d"), place, "records")
    assert_same(found, fitted(PIECEWISE.format(d="d"), place, "pieces"), rows=False)
    hazards = fitted(times + "streg i.fu i.sex age, distribution(exponential)", place, "records")
    assert_same(hazards, found)
    failures = [row["died"] for n in (1, 2, 3) for row in csv.DictReader(_lines(place / f"records{n}.csv"))]
    assert hazards.stats["N_fail"] == failures.count("1")


def test_cutting_follow_up_changes_no_model_of_the_whole_and_no_robust_variance_by_persons(place: Path) -> None:
    stset, model = "stset years, failure(died) id(pid); ", "streg i.sex age, distribution(weibull) vce(robust)"
    whole = fitted(stset + model, place, "records")
    # A variable that is zero wherever a piece lies: it is what makes the model use the cuts.
    cut = "stsplit fu, every(0.5); generate zero = 0*fu; "
    pieces = fitted(stset + cut + f"{model} offset(zero)", place, "records")
    assert pieces.nobs > whole.nobs
    assert whole.stats["N_sub"] == pieces.stats["N_sub"] == 360
    assert "No. of subjects =      360" in pieces.summary()
    assert_same(pieces, whole, rows=False)
    assert abs(pieces.llf - whole.llf) < 1e-9


def test_frames_in_python_take_a_table_that_is_a_frame(place: Path) -> None:
    text, popmort = SPLIT + EXCESS.format(d="_d"), pd.read_csv(place / "popmort.csv")
    frames = [pd.read_csv(place / f"records{n}.csv") for n in (1, 2, 3)]
    expected = fitted(text, place, "records")
    assert_same(product.simulate(text, frames, tables={"popmort": popmort}), expected)
    assert_same(product.pooled(text, pd.concat(frames), tables={"popmort": popmort}), expected)
    with pytest.raises(UnknownNameError, match="no variable rate"):
        product.pooled(text, frames[0], tables={"popmort": popmort.drop(columns="rate")})


def test_over_folders_the_table_is_the_nodes_and_the_answer_the_same(place: Path, tmp_path: Path) -> None:
    text = SPLIT + EXCESS.format(d="_d")
    data = {f"node{n}": place / f"records{n}.csv" for n in (1, 2, 3)}
    places = lay_out(tmp_path / "study", "excess", data, tables={"popmort": place / "popmort.csv"})
    assert_same(simulate_over_folders(text, places), fitted(text, place, "records"))
    rates = {row["rate"][:8] for row in csv.DictReader(_lines(place / "popmort.csv"))}
    sent = b"".join(path.read_bytes() for path in places.exchange.rglob("*") if path.is_file()).decode()
    assert not any(number in sent for number in rates)
