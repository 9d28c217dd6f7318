"""A site's tables: named in node.toml, read with the study's names and codes, and shown by node check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fedfolder.custody.approval import Attempt
from fedfolder.custody.page import Review, page
from fedfolder.custody.policy import Policy
from fedfolder.errors import ConfigError, DataFileError, FedfolderError
from fedfolder.node.check import check
from fedfolder.node.home import open_home
from fedfolder.plan.proposal import Proposal, read_command
from tests.node.places import Bench, data

if TYPE_CHECKING:
    from pathlib import Path

MODEL = "merge m:1 smoke using popmort, keepusing(rate); logit low age rate"


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path / "study").open(data(tmp_path, "north", "south"))
    yield made
    made.close()


def say_in(bench: Bench, name: str, text: str) -> None:
    path = bench.folder / name / "node.toml"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{text}\n", encoding="utf-8", newline="\n")
    bench.wake(name)


def table(folder: Path, *lines: str) -> str:
    path = folder / "popmort.csv"
    path.write_text("\n".join([*lines, ""]), encoding="utf-8", newline="\n")
    return path.as_posix()


def test_names_and_codes_of_a_table_become_the_studys(bench, tmp_path):
    plain = table(tmp_path, "smoke,rate", "0,0.1", "1,0.3")
    say_in(bench, "north", f"[tables.popmort]\ndata = '{plain}'")
    (tmp_path / "south").mkdir()
    other = table(tmp_path / "south", "Raucher;Rate", "nein;0,1", "ja;0,3")
    say_in(
        bench,
        "south",
        f"[tables.popmort]\ndata = '{other}'\nvariables = {{ smoke = 'Raucher', rate = 'Rate' }}\n"
        "recode = { smoke = { nein = 0, ja = 1 } }\nreading = { decimal = ',' }",
    )
    found = bench.run(MODEL)
    same = bench.run("logit low age smoke")
    assert found.status == same.status == "converged"
    assert found.llf == pytest.approx(same.llf, abs=1e-10)


def test_a_site_without_the_table_refuses_and_says_where_to_name_it(bench, tmp_path):
    say_in(bench, "north", f"[tables.popmort]\ndata = '{table(tmp_path, 'smoke,rate', '0,0.1', '1,0.3')}'")
    with pytest.raises(FedfolderError):
        bench.run(MODEL)
    assert "no table popmort" in bench.log("south")


def test_node_check_shows_a_table_and_says_what_is_wrong_with_it(bench, tmp_path):
    said: list[str] = []
    say_in(bench, "north", f"[tables.popmort]\ndata = '{table(tmp_path, 'smoke,rate', '0,0.1', '1,0.3')}'")
    assert check(open_home(bench.folder / "north"), said.append) == []
    assert any(line.startswith("table      popmort") and line.endswith("2 rows of smoke rate") for line in said)
    say_in(bench, "south", "[tables]\npopmort = { data = 'nowhere.dta' }")
    assert [type(error) for error in check(open_home(bench.folder / "south"), said.append)] == [DataFileError]


def test_a_custodian_reads_which_table_is_looked_into() -> None:
    proposal = Proposal(read_command(MODEL), (("north", "aa"), ("south", "bb")))
    text = page(Attempt(1, 1, "x"), proposal, me="north", server=("", ""), policy=Policy(()), review=Review())
    assert "table popmort of this site: smoke rate; of it only sums leave" in text
    assert "first: merge m:1 smoke using popmort, keepusing(rate)" in text
    assert "command: logit low age rate" in text


def test_a_name_that_no_command_can_use_is_an_error(bench):
    path = bench.folder / "north" / "node.toml"
    path.write_text(path.read_text(encoding="utf-8") + "\n[tables.'a b']\ndata = 'x.csv'\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="no command can use"):
        open_home(bench.folder / "north")
