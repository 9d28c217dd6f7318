"""Each kind of bad input: an exit code of its own, and an error that says what, where, found, expected and to do."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.commands import fedfolder

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

LBW = Path(__file__).resolve().parents[2] / "examples" / "lbw" / "lbw.dta"


@dataclass
class Bench:
    """A study with one node in a folder that a test may spoil."""

    folder: Path

    @property
    def study(self) -> Path:
        return self.folder / "server"

    @property
    def node(self) -> Path:
        return self.folder / "north"

    @property
    def share(self) -> Path:
        return self.folder / "share"

    def csv(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8", newline="\n")
        return path

    def toml(self, path: Path, old: str, new: str) -> None:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path)
    made.share.mkdir()
    for arguments in (
        ("study", "new", made.study, "--name", "lbw", "--exchange", made.share),
        ("study", "add-node", made.study, "north"),
        ("node", "init", made.node, "--data", LBW, "--exchange", made.share / "lbw" / "north"),
    ):
        result = fedfolder(*arguments)
        assert result.exit_code == 0, result.output
    return made


@dataclass(frozen=True)
class Case:
    """What is done, how it ends, and words that the error must hold."""

    name: str
    do: Callable[[Bench], Result]
    code: int
    words: tuple[str, ...]


def _newer_journal(home: Path) -> None:
    database = sqlite3.connect(home / "journal.sqlite3")
    database.execute("PRAGMA user_version = 99")
    database.close()


def _after(spoil: Callable[[Bench], object], *arguments: str) -> Callable[[Bench], Result]:
    """Spoil something, then run a command whose words STUDY, NODE, DATA and SHARE stand for places."""

    def do(bench: Bench) -> Result:
        spoil(bench)
        places = {
            "STUDY": bench.study,
            "NODE": bench.node,
            "SHARE": bench.share,
            "DATA": LBW,
            "NEW": bench.folder / "new",
        }
        words = [str(places.get(word, word)).replace("SHARE", str(bench.share)) for word in arguments]
        if words[0] == "run" and "--timeout" not in words:
            words += ["--timeout", "2"]  # an error that does not come must not hang
        return fedfolder(*words)

    return do


def _simulate(command: str, *texts: str) -> Callable[[Bench], Result]:
    def do(bench: Bench) -> Result:
        files = [bench.csv(f"{number}.csv", text) for number, text in enumerate(texts, start=1)] or [LBW]
        return fedfolder("simulate", command, *files)

    return do


def _become_another(bench: Bench) -> None:
    assert fedfolder("status", bench.study).exit_code == 0
    bench.toml(bench.study / "study.toml", "'lbw'", "'other'")


def _nothing(_bench: Bench) -> None:
    pass


FIT = "logit low age"
ROWS = "y,x,g\n0,1,1\n1,2,2\n0,3,1\n1,1,2\n"
TEXT = "y,x,g\n0,1,a\n1,2,b\n0,3,a\n1,1,b\n"

CASES = [
    Case("a command that does not parse", _simulate("logit low age i.race#"), 3, ("logit low age i.race#\n", "^\n")),
    Case("the same, run", _after(_nothing, "run", "STUDY", "logit low (age"), 3, ("logit low (age\n", "^\n")),
    Case("no command", _simulate(""), 3, ()),
    Case("an unknown model", _simulate("logot low age"), 4, ("logot", "did you mean logit")),
    Case("an unknown model, run", _after(_nothing, "run", "STUDY", "regrss low"), 4, ("did you mean regress?",)),
    Case("an unknown option", _simulate("logit low age, levl(90)"), 4, ("did you mean level?",)),
    Case("an unknown variable", _simulate("logit low agee"), 4, ("agee", "did you mean age?")),
    Case("an unknown split", _after(_nothing, "simulate", FIT, "DATA", "--by", "rase"), 4, ("did you mean race?",)),
    Case("absent at one node", _simulate("regress y x", ROWS, "y,z\n1,2\n"), 4, ("node2", "x")),
    Case(
        "text and number, factor", _simulate("regress y i.g", ROWS, TEXT), 5, ("g", "text at node2; numbers at node1")
    ),
    Case("text as a number", _simulate("regress y x g", ROWS, TEXT), 5, ("node2", "g")),
    Case(
        "no .dta", _after(lambda b: b.csv("x.dta", ROWS), "node", "init", "NEW", "--data", "", "--exchange", "x"), 6, ()
    ),
    Case("a missing file", _after(_nothing, "simulate", FIT, "nowhere.dta"), 6, ("nowhere.dta",)),
    Case("an unknown kind", _after(lambda b: b.csv("x.xlsx", "x"), "simulate", FIT, "x.xlsx"), 6, (".csv, .dta",)),
    Case("a missing exchange", _after(lambda b: shutil.rmtree(b.share), "run", "STUDY", FIT), 7, ("lbw", "north")),
    Case(
        "a missing exchange, add-node",
        _after(lambda b: shutil.rmtree(b.share), "study", "add-node", "STUDY", "south"),
        7,
        ("the exchange is not there", "connect the drive"),
    ),
    Case(
        "a missing exchange, check", _after(lambda b: shutil.rmtree(b.share), "node", "check", "NODE"), 7, ("to-node",)
    ),
    Case(
        "a home used twice",
        _after(_nothing, "node", "init", "NODE", "--data", "DATA", "--exchange", "SHARE/lbw/north"),
        8,
        ("a node lives here already",),
    ),
    Case(
        "a study's home used twice",
        _after(_nothing, "study", "new", "STUDY", "--name", "x", "--exchange", "SHARE"),
        8,
        ("a study lives here already",),
    ),
    Case("a node twice", _after(_nothing, "study", "add-node", "STUDY", "north"), 8, ("has a node north already",)),
    Case(
        "a study of a newer version",
        _after(lambda b: b.toml(b.study / "study.toml", "format = 1", "format = 2"), "run", "STUDY", FIT),
        11,
        ("newer", "found:    format 2", "expected: format 1", "update"),
    ),
    Case(
        "a node of a newer version",
        _after(lambda b: b.toml(b.node / "node.toml", "format = 1", "format = 2"), "node", "run", "NODE"),
        11,
        ("node.toml", "update"),
    ),
    Case(
        "a journal of a newer version",
        _after(lambda b: _newer_journal(b.node), "node", "once", "NODE"),
        11,
        ("journal version 99", "update"),
    ),
    Case(
        "a study's journal of a newer version",
        _after(lambda b: _newer_journal(b.study), "status", "STUDY"),
        11,
        ("journal version 99", "update"),
    ),
    Case(
        "nobody answers", _after(_nothing, "run", "STUDY", FIT, "--timeout", "0.05"), 12, ("north has not introduced",)
    ),
    Case("perfect separation", _simulate("logit y x", "y,x\n0,1\n0,2\n1,3\n1,4\n"), 14, ("separation", "leave it out")),
    Case("no study there", _after(_nothing, "run", "NEW", FIT), 15, ("there is no study.toml", "fedfolder study new")),
    Case(
        "no node there", _after(_nothing, "node", "once", "NEW"), 15, ("there is no node.toml", "fedfolder node init")
    ),
    Case(
        "malformed TOML",
        _after(lambda b: b.toml(b.study / "study.toml", "format = 1", "format = = 1"), "status", "STUDY"),
        15,
        ("line 2", "expected: TOML in UTF-8"),
    ),
    Case(
        "a path in double quotes",
        _after(
            lambda b: b.toml(b.node / "node.toml", "data = '", 'data = "S:\\data\\x.dta" #'), "node", "check", "NODE"
        ),
        15,
        ("node.toml", "single quotes"),
    ),
    Case(
        "a wrong type",
        _after(lambda b: b.toml(b.study / "study.toml", "timeout = 0.0", "timeout = 'long'"), "status", "STUDY"),
        15,
        ("$.waiting.timeout",),
    ),
    Case(
        "a pause of nothing",
        _after(lambda b: b.toml(b.node / "node.toml", "pause = 5.0", "pause = 0"), "node", "once", "NODE"),
        15,
        ("$.waiting.longest_pause",),
    ),
    Case(
        "an unknown line",
        _after(lambda b: b.toml(b.study / "study.toml", "format = 1", "format = 1\ntimeuot = 3"), "status", "STUDY"),
        15,
        ("timeuot",),
    ),
    Case(
        "a study without nodes",
        _after(lambda b: b.toml(b.study / "study.toml", "['north']", "[]"), "run", "STUDY", FIT),
        15,
        ("no nodes", "add-node"),
    ),
    Case(
        "a node listed twice",
        _after(lambda b: b.toml(b.study / "study.toml", "['north']", "['north', 'north']"), "run", "STUDY", FIT),
        15,
        ("stands twice",),
    ),
    Case(
        "a bad name in study.toml",
        _after(lambda b: b.toml(b.study / "study.toml", "['north']", "['../north']"), "run", "STUDY", FIT),
        15,
        ("study.toml", "'../north'"),
    ),
    Case(
        "a released variable that is not there",
        _after(lambda b: b.toml(b.node / "node.toml", "'age',", "'agee', 'smok',"), "node", "check", "NODE"),
        4,
        ("agee, smok", "did you mean age?", "did you mean smoke?"),
    ),
    Case(
        "a bad name of a study",
        _after(_nothing, "study", "new", "NEW", "--name", "Meine Studie", "--exchange", "SHARE"),
        15,
        ("'Meine Studie'", "lower-case"),
    ),
    Case("a bad name of a node", _after(_nothing, "study", "add-node", "STUDY", "con"), 15, ("'con'", "Windows")),
    Case("a node called server", _after(_nothing, "study", "add-node", "STUDY", "server"), 15, ("'server'",)),
    Case(
        "no node's folder",
        _after(_nothing, "node", "init", "NEW", "--data", "DATA", "--exchange", "/x"),
        15,
        ("<exchange>/<study>/<node>",),
    ),
    Case(
        "a home on the exchange",
        _after(_nothing, "node", "init", "SHARE/lbw/home", "--data", "DATA", "--exchange", "SHARE/lbw/north"),
        15,
        ("cannot lie on the exchange", "private"),
    ),
    Case("two ways to split", _after(_nothing, "simulate", FIT, "DATA", "--by", "race", "--nodes", "2"), 15, ("--by",)),
    Case("too many nodes", _after(_nothing, "simulate", FIT, "DATA", "--nodes", "190"), 15, ("190 nodes, 189 rows",)),
    Case(
        "nowhere to write",
        _after(_nothing, "simulate", FIT, "DATA", "--json", "nowhere/out.json"),
        15,
        ("the result cannot be written",),
    ),
    Case(
        "a lost key",
        _after(lambda b: (b.node / "keys" / "private.pem").unlink(), "node", "once", "NODE"),
        15,
        ("private.pem",),
    ),
    Case(
        "a journal of another study",
        _after(
            _become_another,
            "status",
            "STUDY",
        ),
        16,
        ("another study", "found:    lbw", "expected: other"),
    ),
    Case(
        "a damaged journal",
        _after(lambda b: (b.node / "journal.sqlite3").write_bytes(b"not a journal" * 99), "node", "once", "NODE"),
        16,
        ("journal.sqlite3",),
    ),
    Case(
        "a file where a folder should be",
        _after(lambda b: b.csv("new", "x"), "study", "new", "new/home", "--name", "x", "--exchange", "SHARE"),
        1,
        ("cannot be used",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_input_is_explained(bench: Bench, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(bench.folder)
    result = case.do(bench)
    shown = result.stderr
    assert result.exit_code == case.code, result.output
    assert "Error: " in shown
    assert "Traceback" not in shown
    for word in case.words:
        assert word in shown, shown
    if case.code not in {3, 4}:
        assert "to do:" in shown, shown


def test_every_exit_code_that_bad_input_at_the_command_line_can_have_is_here() -> None:
    # 9, 10, 13, 17, 18 are what others send (tests/system, tests/node, tests/server).
    assert {case.code for case in CASES} == {1, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16}


def test_the_caret_stands_under_the_place() -> None:
    shown = fedfolder("simulate", "logit low age i.race#", LBW).stderr.splitlines()
    line = next(number for number, text in enumerate(shown) if "logit low" in text)
    assert shown[line + 1].index("^") == shown[line].index("#") + 1


def test_an_existing_folder_is_not_simulated_into(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "node1.dta").write_bytes(b"mine")
    result = fedfolder("simulate", FIT, LBW, "--folders", tmp_path)
    assert result.exit_code == 8
    assert "to do:" in result.stderr
    assert (tmp_path / "data" / "node1.dta").read_bytes() == b"mine"
    assert not (tmp_path / "server").exists()
