"""While a large file is read, whoever waits is told how far it is, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from fedfolder.node import dta_rows, progress, text_file
from fedfolder.node.data import describe, read_variables
from fedfolder.node.progress import EVERY, FIRST, Told

if TYPE_CHECKING:
    from pathlib import Path


def written(path: Path) -> Path:
    frame = pd.DataFrame({"x": range(1000), "t": ["é"] * 1000})
    frame.to_csv(path, index=False) if path.suffix == ".csv" else frame.to_stata(path, write_index=False, version=118)
    return path


@pytest.mark.parametrize("kind", [".csv", "quoted.csv", ".dta", "strl.dta"])
def test_a_reader_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str):
    monkeypatch.setattr(text_file, "BLOCK", 512)
    monkeypatch.setattr(text_file, "CHUNK_ROWS", 100)
    monkeypatch.setattr(dta_rows, "BYTES", 512)
    path = written(tmp_path / f"node{kind}")
    if kind == "quoted.csv":
        path.write_text('x,t\n1,"a\nb"\n' + "1,a\n" * 1000, encoding="utf-8")
    if kind == "strl.dta":
        monkeypatch.setattr(dta_rows, "can_be_placed", lambda *_: False)
        monkeypatch.setattr("fedfolder.node.readers_dta.CHUNK_ROWS", 100)
    shares: list[float] = []
    read_variables(path, ["x", "t"], watch=shares.append)
    assert len(shares) > 2
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] == 1


def test_a_file_that_is_described_in_parts_is_told_of_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fedfolder.node.sources.AT_A_TIME", 2000)
    shares: list[float] = []
    describe(written(tmp_path / "node.csv"), watch=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_word_comes_after_a_while_and_then_now_and_then():
    now, said = [0.0], list[str]()
    told = Told("births.dta", said.append, clock=lambda: now[0])
    for tick in range(30):
        now[0] = float(tick)
        told(tick / 40)
    assert said == [f"reading births.dta: {int(100 * at / 40)} %" for at in (FIRST, FIRST + EVERY, FIRST + 2 * EVERY)]


def test_a_file_that_is_read_at_once_is_not_told_of(tmp_path: Path):
    said: list[str] = []
    read_variables(written(tmp_path / "node.csv"), ["x"], watch=Told("node.csv", said.append))
    assert said == []


def test_a_node_says_it_in_its_log_and_at_its_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from click.testing import CliRunner

    from fedfolder.cli import cli
    from fedfolder.node.home import create, open_home

    monkeypatch.setattr(progress, "FIRST", -1.0)
    (tmp_path / "exchange").mkdir()
    data = tmp_path / "births.csv"
    data.write_text("y,x\n" + "0,4711\n1,3\n" * 20, encoding="utf-8")
    create(tmp_path / "north", data, tmp_path / "exchange" / "lbw" / "north", ["y", "x"], profile="open")
    said: list[str] = []
    open_home(tmp_path / "north").holding(said.append).variables(["x"])
    assert said == ["reading births.csv: 100 %"]
    for command in (
        ["node", "check", tmp_path / "north"],
        ["policy", "check", tmp_path / "north", "regress y x"],
        ["simulate", "regress y x", data, "--nodes", "2"],
    ):
        assert "reading births.csv: 100 %" in CliRunner().invoke(cli, list(map(str, command))).output
