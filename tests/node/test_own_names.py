"""node.toml says how a node's data are read; everything after sees the study's names and codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fedfolder.errors import ConfigError, RefusedError
from fedfolder.node.check import check
from fedfolder.node.home import open_home
from tests.node.places import ROWS

if TYPE_CHECKING:
    from tests.node.places import Bench

TABLE = """
[variables]
low = "lavvekt"
age = "alder"
smoke = "røyk"

[reading]
missing = ["-9"]

[recode.low]
ja = 1
nei = 0

[recode.smoke]
1 = 0
2 = 1
"""


def rewrite(bench: Bench, name: str, tables: str) -> None:
    """Node `name` with other tables in its node.toml."""
    path = bench.folder / name / "node.toml"
    text = path.read_text(encoding="utf-8")
    top = "\n".join(line for line in text.splitlines() if line.startswith(("format", "data", "exchange")))
    path.write_text(f"{top}\n{tables}", encoding="utf-8")


def abroad(bench: Bench, name: str) -> None:
    """The data of a node as another registry has them: names, codes, signs and letters of its own."""
    path = bench.home(name).data
    _, *rows = path.read_text(encoding="utf-8").splitlines()
    lines = ["id;lavvekt;alder;røyk"]
    for number, row in enumerate(rows):
        low, age, smoke = row.split(",")
        lines.append(f"{number},5;{'ja' if low == '1' else 'nei'};{age},0;{int(smoke) + 1}")
    lines.append("99,5;ja;-9;1")
    path.write_bytes("\r\n".join(lines).encode("cp1252"))


def said(bench: Bench, name: str) -> tuple[str, list[str]]:
    lines: list[str] = []
    wrong = check(bench.home(name), lines.append)
    return "\n".join(lines), [str(error) for error in wrong]


def test_a_fit_is_that_of_the_study_s_names_and_codes(bench: Bench) -> None:
    expected = bench.run()
    abroad(bench, "north")
    rewrite(bench, "north", TABLE)
    bench.wake("north")
    found = bench.run(again=True)
    assert found.nobs == expected.nobs == 2 * len(ROWS) - 5
    assert (found.params == expected.params).all()
    assert (found.cov_params() == expected.cov_params()).all(axis=None)
    for kept in (bench.folder / "north" / "kept").rglob("*.csv"):
        assert "alder" not in kept.read_text(encoding="utf-8")


def test_check_shows_both_names_and_how_the_file_is_read(bench: Bench) -> None:
    abroad(bench, "north")
    rewrite(bench, "north", TABLE)
    text, wrong = said(bench, "north")
    assert wrong == []
    for line in (
        "encoding   cp1252 (line 1 is not UTF-8; all lines were looked at)",
        "delimiter  a semicolon (the header has 4 names)",
        "decimals   a comma (seen in id)",
        'missing    the empty cell, ".", "-9" (fixed in node.toml)',
        "  low (from lavvekt) numeric         0 missing  released, 2 values, 2 codes recoded",
        "  id               numeric         0 missing  not released",
        "  age (from alder) numeric         1 missing  released",
    ):
        assert line in text
    assert "ja" not in text


def test_check_names_what_node_toml_names_and_the_data_lack(bench: Bench) -> None:
    abroad(bench, "north")
    rewrite(bench, "north", TABLE.replace('"alder"', '"aldr"').replace("[recode.smoke]", "[recode.smok]"))
    _, wrong = said(bench, "north")
    assert len(wrong) == 2
    assert "age (from aldr)" in wrong[0]
    assert "did you mean alder" in wrong[0]
    assert "recodes smok" in wrong[1]
    assert "did you mean smoke" in wrong[1]


def test_what_can_be_read_in_two_ways_is_wrong_only_if_it_is_released(bench: Bench) -> None:
    path = bench.home("north").data
    path.write_text("low;age;smoke;dx\n1;1,234;0;01.02.2020\n", encoding="utf-8")
    text, wrong = said(bench, "north")
    assert len(wrong) == 1
    assert "the variable age" in wrong[0]
    assert 'decimal = ","' in wrong[0]
    assert 'dates = "dd.mm.yyyy"' in text
    with pytest.raises(RefusedError, match="north") as caught:
        bench.run()
    assert "age" in str(caught.value)
    assert "decimal" not in str(caught.value)
    assert "decimal" in bench.log("north")


@pytest.mark.parametrize(
    ("tables", "named"),
    [
        ("variables = ['low']\n[reading]\ndelimitor = ';'\n", "delimitor"),
        ("variables = ['low']\n[reading]\ndecimal = ';'\n", "reading.decimal"),
        ("variables = ['low']\n[reading]\nencoding = 'cp12'\n", "cp12"),
        ("variables = ['low']\n[recode.low]\n1.5 = 2\n", "recode"),
        ("variables = ['low']\n[recode.low]\n1 = true\n", "recode"),
        ("[variables]\nlow = 1\n", "variables"),
        ("[variables]\nlow = 'x'\nage = 'x'\n", "two names"),
    ],
)
def test_a_line_that_cannot_be_meant_is_named(bench: Bench, tables: str, named: str) -> None:
    rewrite(bench, "north", tables)
    with pytest.raises(ConfigError, match=named) as caught:
        bench.home("north")
    assert "node.toml" in str(caught.value.where)


def test_the_lines_of_the_template_are_right(bench: Bench) -> None:
    """Each line that node.toml offers as a note can be taken as it stands."""
    path = bench.folder / "north" / "node.toml"
    head, notes = path.read_text(encoding="utf-8").split("# [reading]")
    lines = [line.removeprefix("# ") for line in ("# [reading]" + notes).splitlines()]
    taken = "\n".join(line for line in lines if line.startswith("[") or " = " in line)
    path.write_text(head + taken, encoding="utf-8")
    reading = open_home(bench.folder / "north").reading
    assert (reading.delimiter, reading.decimal, reading.encoding) == (";", ",", "cp1252")
    assert reading.dates == ("dd.mm.yyyy",)
    assert reading.missing == frozenset({"NA", "-9"})
    assert reading.recodes == {"sex": {"M": 1.0, "K": 2.0, "9": None, "Øst": "East"}}
    table = [line.removeprefix("#   ") for line in head.splitlines() if line.startswith("#   ")]
    rewrite(bench, "north", "\n".join(table))
    opened = open_home(bench.folder / "north")
    assert opened.policy.variables == ("low", "age")
    assert opened.reading.names == {"low": "lavvekt"}
