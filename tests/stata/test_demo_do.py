"""The demo's do-file gives the log that lies beside it, and the lines of docs/stata.md work as they stand there."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "stata"
PAGE = (ROOT / "docs" / "stata.md").read_text(encoding="utf-8")
HOME = "/home/you"
"""The folder that the log was made in."""

BY_CHANCE = re.compile(r"-- node\d(: reading in| is ready)")

posix = pytest.mark.skipif(os.name == "nt", reason="the paths in the log are those of Unix")


@pytest.fixture
def here(stata, tmp_path, monkeypatch):
    """A Stata in a folder of its own, whose nodes are stopped at the end."""
    monkeypatch.chdir(tmp_path)
    yield stata
    stata.run("fedfolder nodes stop")


def as_anywhere(log, folder):
    """A log without what differs from place to place: the folder, the programs."""
    log = log.replace(str(folder), HOME)
    return re.sub(r"^(good  (?:Stata|ado files|Python) +).*", r"\1...", log, flags=re.MULTILINE)


def without_chance(log):
    """A log without who was waited for, and with the nodes in order, whoever was first to answer."""
    lines = re.sub(r"^-- (Still waiting|Waiting for).*\n", "", log, flags=re.MULTILINE).split("\n")
    parts = itertools.groupby(lines, key=lambda line: BY_CHANCE.match(line) is not None)
    return "\n".join(line for by_chance, lines in parts for line in (sorted(lines) if by_chance else lines))


@posix
def test_the_do_file_gives_its_log(here, tmp_path):
    for line in (EXAMPLES / "lbw_demo.do").read_text(encoding="utf-8").splitlines():
        here.results.line(f". {line}".rstrip(), asis=True)
        assert here.run(line) == 0, here.text[-2000:]
    log = as_anywhere(here.text, tmp_path)
    expected = EXAMPLES / "lbw_demo.log"
    if os.environ.get("FEDFOLDER_OVERWRITE_GOLDEN") == "1":
        expected.write_text(log, encoding="utf-8", newline="\n")
    assert without_chance(log) == without_chance(expected.read_text(encoding="utf-8"))


def lines_of(heading):
    """The lines that are typed in Stata, below a heading in bold."""
    section = re.split(r"^(?:\*\*\d|## )", PAGE.split(f"**{heading}**", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    return re.findall(
        r"^    ((?:fedfolder|ml|test|lincom|predict|estimates|use|set|clear|global)\b.*)", section, re.MULTILINE
    )


def test_the_page_takes_a_stata_user_to_the_table():
    """What the page has a user type is in the do-file, in its order, and the table that it promises in the log."""
    typed = [*lines_of("2. Stata's part."), *lines_of("3. The demo.")]
    assert len(typed) > 9
    typed.remove("fedfolder setup")  # needs what fedfolder stata install wrote: see test_newcomer.py
    run = iter((EXAMPLES / "lbw_demo.do").read_text(encoding="utf-8").splitlines())
    assert all(line in run for line in typed)
    table = re.search(r"(?:^    .*\n)+", PAGE[PAGE.index("             low | Coefficient") - 4 :], re.MULTILINE)
    assert table is not None
    shown = "\n".join(line[4:] for line in table[0].splitlines())
    assert shown in (EXAMPLES / "lbw_demo.log").read_text(encoding="utf-8")
