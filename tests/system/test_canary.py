"""A value of the data shows up nowhere but in the data: not on the exchange, in no log, no error, no journal.

A canary is a value that is like no other: a number, a text, a date, a value label. It is put where a command will meet
it, the command is run, and every stream and every byte of every file is searched, in the spellings that a program may
write it in.
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from fedfolder.custody import gate
from fedfolder.errors import FedfolderError, PolicyError, WaitingError
from fedfolder.node import holding, loop, step, words
from fedfolder.node.home import open_home
from fedfolder.node.step import REFUSALS
from fedfolder.server.check import check_study
from fedfolder.server.preflight import preflight
from tests.cli.commands import COMMANDS, fedfolder
from tests.node.places import Bench, Clock
from tests.system.places import World, write_csv

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

NUMBER = "47114711.8125"
TEXT = "Brunhilde4711"
VALUE = float(NUMBER)
ROWS = 40
Y = [k % 3 % 2 for k in range(ROWS)]
X = [float(k * k % 17) for k in range(ROWS)]
WITH_NUMBER = [*X[1:], VALUE]
WITH_TEXT = [*["a", "b"] * (ROWS // 2 - 1), "a", TEXT]
IDS = [f"{TEXT}-{k}" for k in range(ROWS)]

# Eight digits, so that no digest and no sum has them by chance.
SPELLINGS = (
    "47114711", "47,114,711", "47.114.711", "47 114 711", "47114712", "4.71147e+07", "4.711471e+07", "4.7114711",
    "4.711e+07", VALUE.hex(), struct.pack(">d", VALUE).hex(), struct.pack("<d", VALUE).hex(),
    TEXT, TEXT.lower(), TEXT.upper(), TEXT[::-1], TEXT.encode().hex(), "QnJ1bmhpbGRl",
)  # fmt: skip
"""How a program may write them: the text as it is, in hex, in base64; the number in full, rounded, grouped, in hex."""
MARKS = frozenset(
    [text.encode(code) for text in SPELLINGS for code in ("utf-8", "utf-16-le", "utf-16-be")]
    + [struct.pack(form, VALUE) for form in ("<d", ">d", "<f", ">f")]
    + [struct.pack(form, int(VALUE)) for form in ("<q", ">q")]
)


def marks_in(content: bytes) -> list[bytes]:
    return [mark for mark in MARKS if mark in content]


def found_in(folder: Path, leave_out: Path) -> dict[str, list[bytes]]:
    """The files in which a canary sits, and how it is spelt there."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_relative_to(leave_out)]
    found = {str(path.relative_to(folder)): marks_in(path.read_bytes()) for path in files}
    return {name: marks for name, marks in found.items() if marks}


@dataclass
class Cage:
    """A study in this process, a canary in the data of node one, and all that was said."""

    folder: Path
    bench: Bench
    capture: pytest.CaptureFixture[str]
    said: list[str] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def home(self) -> Path:
        return self.bench.folder / "one"

    def command(self, *arguments: object) -> int:
        """A command of the program; what it prints is kept."""
        result = fedfolder(*arguments)
        self.said.append(result.output)
        return result.exit_code

    def fit(self, command: str) -> FedfolderError | None:
        """A fit over both nodes; how it failed, if it did."""
        try:
            self.said.append(self.bench.run(command, timeout=20.0).summary())
        except FedfolderError as error:
            self.said.append(str(error))
            return error
        return None

    def look_around(self) -> None:
        """Everything that shows what is in a home."""
        self.bench.close()
        for home in (self.home, self.bench.folder / "two"):
            self.command("node", "show", home)
            self.command("audit", "show", home)
            self.command("audit", "export", home, "--out", self.folder / f"{home.name}.jsonl")
        self.command("status", self.bench.folder / "server")
        self.command("audit", "show", self.bench.folder / "server")
        self.command("carry", "out", self.home, "--to", self.folder)

    def assert_clean(self) -> None:
        self.look_around()
        streams = self.capture.readouterr()
        for text in [*self.said, *self.bench.echoed, streams.out, streams.err]:
            assert "Traceback" not in text
            assert not marks_in(text.encode("utf-8", "replace")), text
        assert found_in(self.folder, self.data) == {}
        assert found_in(self.data, self.folder / "nowhere"), "the canary lives"


OTHER: dict[str, Sequence[object]] = {
    "y": Y[::-1],
    "x": X,
    "name": ["a", "b"] * (ROWS // 2),
    "id": [f"p{k}" for k in range(ROWS)],
}


@pytest.fixture
def cage(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Cage]]:
    made: list[Cage] = []

    def build(columns: dict[str, Any] | Callable[[Path], Path], other: dict[str, Any] | None = None) -> Cage:
        folder = tmp_path / "data"
        folder.mkdir()
        one = columns(folder) if callable(columns) else write_csv(folder / "one.csv", columns)
        two = write_csv(folder / "two.csv", other or OTHER)
        bench = Bench(tmp_path / "study", clock=Clock(monkeypatch)).open({"one": one, "two": two})
        made.append(Cage(tmp_path, bench, capfd))
        return made[-1]

    yield build
    for found in made:
        found.bench.close()


def csv_of(*lines: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "one.csv"
        path.write_bytes("\n".join([*lines, ""]).encode("utf-8", "surrogateescape"))
        return path

    return write


def dta_with_labels(folder: Path) -> Path:
    """A .dta whose labels, of a value and of a variable, hold the canary."""
    frame = pd.DataFrame({"y": pd.Series(Y, dtype="int8"), "x": WITH_NUMBER[::-1], "name": WITH_TEXT[::-1]})
    path = folder / "one.dta"
    frame.to_stata(path, write_index=False, version=118, value_labels={"y": {0: TEXT, 1: NUMBER}})
    return path


# -------------------------------------------------------------------------------------------------- fits

CUT = "stset t, failure(y); stsplit fu, every(1)"
LATER = "stset t, failure(y); stsplit fu, at(1 5) after(_t = x)"
PIECES = "poisson _d x fu"
CASES: dict[str, tuple[dict[str, Sequence[object]] | Callable[[Path], Path], str]] = {
    # name: (columns at node one, command)
    "in a covariate": ({"y": Y, "x": WITH_NUMBER, "name": WITH_TEXT}, "regress y x"),
    "in the outcome": ({"y": WITH_NUMBER, "x": X}, "regress y x"),
    "in an outcome that must be 0 or 1": ({"y": WITH_NUMBER, "x": X}, "logit y x"),
    "in an outcome of categories": ({"y": WITH_TEXT, "x": X}, "mlogit x y"),
    "in an outcome of counts": ({"y": WITH_NUMBER, "x": X}, "poisson y x"),
    "in the names of clusters": ({"y": Y, "x": X, "id": IDS}, "logit y x, vce(cluster id)"),
    "in the numbers of clusters": ({"y": Y, "x": X, "id": WITH_NUMBER}, "regress y x, vce(cluster id)"),
    "in clusters that a site does not release": ({"y": Y, "x": X, "id": IDS}, "logit y x, vce(cluster id, across)"),
    "in the names of groups": ({"y": [k % 2 for k in range(ROWS)], "x": X, "id": IDS}, "melogit y x || id:"),
    "in the numbers of groups": ({"y": Y, "x": X, "id": WITH_NUMBER}, "mepoisson y x || id:"),
    "in weights": ({"y": Y, "x": X, "w": [*[1] * (ROWS - 1), VALUE]}, "regress y x [fw=w]"),
    "in an exposure": ({"y": Y, "x": X, "t": [*[1.5] * (ROWS - 1), -VALUE]}, "poisson y x, exposure(t)"),
    "in a time": ({"y": Y, "x": X, "t": [1.0, *WITH_NUMBER[1:]]}, "stcox x, strata(_node) time(t) failure(y) if t > 0"),
    "in a number of which survival is averaged": (
        {"y": Y, "x": WITH_NUMBER, "t": [1.0 + k for k in range(ROWS)]},
        "streg x, d(e) time(t) failure(y) standsurv(1 9) at1(x 1) at2(.)",
    ),
    "in a time up to which survival is averaged": (
        {"y": Y, "x": X, "t": [1.0, *WITH_NUMBER[1:]]},
        "streg x if t > 0, d(e) time(t) failure(y) standsurv(1)",
    ),
    "in the name of a stratum": (
        {"y": Y, "x": X, "s": [*["a"] * (ROWS - 1), TEXT], "t": [1.0 + k for k in range(ROWS)]},
        "stcox x, strata(_node s) time(t) failure(y)",
    ),
    "in a condition": ({"y": Y, "x": X, "z": WITH_NUMBER}, "regress y x if z < 100"),
    "text where a number is needed": ({"y": Y, "x": X, "name": WITH_TEXT}, "logit y x name"),
    "text in a condition": ({"y": Y, "x": X, "name": WITH_TEXT}, 'regress y x if name > "a"'),
    "numbers that are no levels": ({"y": Y, "x": WITH_NUMBER}, "logit y i.x"),
    "a variable that is not there": ({"y": Y, "z": WITH_NUMBER, "name": WITH_TEXT}, "logit y x"),
    "text in a column of numbers": ({"y": Y, "x": [*X[1:], TEXT]}, "regress y x"),
    "an infinite number": ({"y": Y, "x": [*WITH_NUMBER[1:], float("inf")]}, "regress y x"),
    "a torn row": ({"y": Y, "x": [*X[1:], f'{TEXT}"{NUMBER}']}, "regress y x"),
    "value labels": (dta_with_labels, "regress y x"),
    "value labels of levels": (dta_with_labels, "logit y x"),
    "in a time that is cut": ({"y": Y, "x": X, "t": [k + 1.0 for k in X[:-1]] + [VALUE]}, f"{CUT}; {PIECES}"),
    "in a time below zero": ({"y": Y, "x": X, "t": [1.0] * (ROWS - 1) + [-VALUE]}, f"{CUT}; {PIECES}"),
    "in a beginning of a scale": ({"y": Y, "x": WITH_NUMBER, "t": [k + 1.0 for k in X]}, f"{LATER}; {PIECES}"),
    "in the names of persons": ({"y": Y, "x": X, "id": IDS}, "streg x, d(e) time(x) failure(y) id(id)"),
    "in persons whose records overlap": (
        {"y": Y, "x": X, "t": [k + 1.0 for k in X], "id": [TEXT] * ROWS},
        f"{CUT.replace('failure(y)', 'failure(y) id(id)')}; {PIECES}",
    ),
    "a row of too many cells": (
        csv_of("y,x", *(f"{y},{x}" for y, x in zip(Y, X, strict=True)), f"1,2,{TEXT},{NUMBER}"),
        "logit y x",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_no_value_leaves_in_a_fit(cage: Callable[..., Cage], name: str) -> None:
    columns, command = CASES[name]
    if name == "a row of too many cells":
        made = cage({"y": Y, "x": X})
        columns(made.data)  # type: ignore[operator]
    else:
        made = cage(columns)
    made.command("node", "check", made.home)
    made.fit(command)
    made.assert_clean()


def test_no_event_time_leaves_where_knots_are_found(cage: Callable[..., Cage]) -> None:
    """The largest of all event times is where Stata has a boundary knot."""
    times = [1.0 + k / 8 for k in range(ROWS)]
    failed = {"y": [1] * ROWS, "x": X, "name": ["a"] * ROWS}
    made = cage({**failed, "t": [*times[1:], VALUE], "name": WITH_TEXT}, {**failed, "t": times})
    assert made.fit("stpm2 x, scale(hazard) df(2) noorthog time(t) failure(y)") is None
    made.assert_clean()


# -------------------------------------------------------------------------------------------------- every refusal


@pytest.mark.parametrize("kind", [*REFUSALS], ids=lambda kind: kind.__name__)
def test_no_value_leaves_in_a_refusal_of_any_class(
    cage: Callable[..., Cage], monkeypatch: pytest.MonkeyPatch, kind: type[FedfolderError]
) -> None:
    """An error of ours that was raised while another, which quotes the data, was handled."""

    def refuse(*_: object, **__: object) -> None:
        try:
            float(TEXT + NUMBER)
        except ValueError as error:
            more: dict[str, Any] = {"rule": "levels"} if issubclass(kind, PolicyError) else {}
            raise kind("the test refuses", **more) from error

    made = cage({"y": Y, "x": WITH_NUMBER, "name": WITH_TEXT})
    monkeypatch.setattr(holding, "read_variables", refuse)
    error = made.fit("regress y x")
    assert error is not None
    assert "refused" in (made.home / "log.txt").read_text(encoding="utf-8")
    made.assert_clean()


def test_no_value_leaves_when_data_change_in_the_middle(cage: Callable[..., Cage]) -> None:
    made = cage({"y": Y, "x": WITH_NUMBER, "name": WITH_TEXT})
    rounds = 0

    def idle(_: float) -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 4:
            write_csv(made.data / "one.csv", {"y": Y, "x": [VALUE, *WITH_NUMBER[1:]], "name": WITH_TEXT})
            made.bench.wake("one")
        made.bench.work()

    with pytest.raises(FedfolderError) as caught:
        made.bench.run("logit y x", idle=idle, timeout=20.0)
    made.said.append(str(caught.value))
    assert "changed" in (made.home / "log.txt").read_text(encoding="utf-8")
    made.assert_clean()


# -------------------------------------------------------------------------------------------------- damaged data

DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda content: content[: len(content) * 19 // 20],
    "bytes that are no text": lambda content: content.replace(b"Brunhilde", b"Brun\xff\xfe\x81de", 1),
    "a quotation mark without an end": lambda content: content.replace(TEXT.encode(), b'"' + TEXT.encode(), 1),
    "zeros": lambda content: content.replace(b"\n", b"\0"),
    "two columns of one name": lambda content: content.replace(b"x", b"y", 1),
    "a row that is too short": lambda content: content + NUMBER.encode() + b"\n",
    "other ends of numbers": lambda content: content.replace(b".8125", b",812.5"),
}


@pytest.mark.parametrize("suffix", [".csv", ".dta"])
@pytest.mark.parametrize("name", DAMAGE)
def test_no_value_leaves_in_an_error_about_damaged_data(cage: Callable[..., Cage], name: str, suffix: str) -> None:
    columns = {"y": Y, "x": WITH_NUMBER[::-1], "name": WITH_TEXT[::-1]}
    made = cage(columns if suffix == ".csv" else dta_with_labels)
    path = made.data / f"one{suffix}"
    path.write_bytes(DAMAGE[name](path.read_bytes()))
    for command in (["node", "check", made.home], ["node", "init", made.folder / "new", "--data", path, "--exchange",
                    made.bench.folder / "exchange" / "lbw" / "new"]):  # fmt: skip
        made.command(*command)
    made.fit("regress y x")
    made.assert_clean()


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"x": X, "rate": WITH_NUMBER}, "the same x"),
        ({"x": [*range(16), VALUE], "rate": [*range(16), VALUE]}, "no rate for some rows"),
        ({"x": list(range(17)), "rate": [*X[:16], TEXT]}, "text where a number"),
        ({"x": list(range(17)), "rate": [*X[:16], VALUE]}, ""),
    ],
)
def test_no_value_of_a_table_leaves(cage: Callable[..., Cage], cells: dict[str, Sequence[object]], said: str) -> None:
    made = cage({"y": Y, "x": X, "t": WITH_NUMBER}, {"y": Y[::-1], "x": X})
    for node in ("one", "two"):
        path = made.bench.folder / node / "node.toml"
        table = write_csv(made.data / "popmort.csv", cells).as_posix()
        path.write_text(f"{path.read_text(encoding='utf-8')}\n[tables.pop]\ndata = '{table}'\n", encoding="utf-8")
        made.bench.wake(node)
    error = made.fit("merge m:1 x using pop, keepusing(rate); poisson y rate")
    assert (error is None) == (said == "")
    assert not said or said in made.bench.log("one")
    made.assert_clean()


# -------------------------------------------------------------------------------------------------- a check


def test_no_value_leaves_in_a_check(cage: Callable[..., Cage]) -> None:
    made = cage({"y": WITH_NUMBER, "x": [*X[1:], -VALUE], "name": WITH_TEXT, "id": IDS})
    table = (
        "name;type;level;low;high\ny;yes/no;;;\nx;number;;0;20\nname;category;a;;\n;;b;;\nid;whole;;;\nz;number;;;\n"
    )
    (made.bench.folder / "server" / "dictionary.csv").write_text(table, encoding="utf-8", newline="\n")
    found = check_study(made.bench.study.path, idle=made.bench.work, timeout=20.0)
    assert any(site.facts for site in found.sites), "it differs, and that is said"
    made.said.append(repr(found))
    made.assert_clean()


# -------------------------------------------------------------------------------------------------- crashes


def crash(*_: object, **__: object) -> None:
    """Fails as a library does, quoting what it was given."""
    raise ValueError(f"could not convert {NUMBER} {TEXT} {VALUE.hex()}: {np.array([VALUE])!r}")


PLACES: dict[str, tuple[object, str]] = {
    "reading": (holding, "read_variables"),
    "making the sample": (step, "make_sample"),
    "computing": (step, "reply"),
    "finding the question": (gate, "question"),
    "noting what was answered": (step.Answerer, "commit"),
    "writing a line of the log": (words, "sent"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("command", ["once", "run"])
def test_no_value_leaves_in_a_crash(
    cage: Callable[..., Cage], monkeypatch: pytest.MonkeyPatch, place: str, command: str
) -> None:
    made = cage({"y": Y, "x": WITH_NUMBER, "name": WITH_TEXT})
    ask(made)
    monkeypatch.setattr(*PLACES[place], crash)
    if command == "once":
        assert made.command("node", "once", made.home) == 1
    else:
        looks = itertools.count()
        with pytest.raises(FedfolderError) as caught:
            loop.run(open_home(made.home), echo=made.said.append, stop=lambda: next(looks) > 20)
        made.said.append(str(caught.value))
    assert "does not know" in made.said[-1]
    assert "ValueError" in made.said[-1]
    assert "does not know" in (made.home / "log.txt").read_text(encoding="utf-8")
    monkeypatch.undo()
    made.assert_clean()


class Enough(BaseException):
    """The server has asked."""


def ask(made: Cage) -> None:
    """Let a request lie there for node one, which is not running."""
    made.bench.nodes["one"].work()
    made.bench.asleep.add("one")
    to_node = made.bench.folder / "exchange" / "lbw" / "one" / "to-node"

    def idle(_: float) -> None:
        if list(to_node.glob("m000001-*.json")):
            raise Enough
        made.bench.work()

    with pytest.raises(Enough):
        made.bench.run("regress y x", idle=idle)
    made.bench.nodes["one"].close()


# -------------------------------------------------------------------------------------------------- other commands

READS_DATA = {
    "node init", "node check", "node run", "node once", "node pending", "node approve", "policy check",
    "demo", "simulate", "predict", "study dictionary",
}  # fmt: skip
"""Commands that read a data file. `demo` reads public data, and `predict` and `simulate` show a site its own."""
READS_NONE = {
    "run", "check", "synth", "status", "study new", "study add-node", "node show", "carry out", "carry in", "doctor",
    "test", "testparm", "lincom", "nlcom", "lrtest", "estat ic", "estat vce", "estimates show", "estimates table",
    "curve",
    "audit show", "audit export", "audit verify", "node reject", "node release", "node ledger", "node trust",
    "node forget-columns",
    "policy init", "policy show", "policy waive", "key show", "key revoke", "preflight",
    "stata install", "stata zip",
}  # fmt: skip


def test_of_every_command_it_is_known_whether_it_reads_data() -> None:
    """A command that is new belongs into one of the lists; if it reads data, into a test above or below, too."""
    called = [parameter.values for parameter in COMMANDS]  # noqa: PD011 - pytest's, of no table
    leaves = {" ".join(words) for words, command in called if not getattr(command, "commands", None)}  # type: ignore[arg-type]
    assert leaves == READS_DATA | READS_NONE


@pytest.mark.parametrize("profile", ["open", "registry", "strict"])
def test_no_value_is_shown_to_a_custodian_or_sent_by_a_policy(cage: Callable[..., Cage], profile: str) -> None:
    made = cage({"y": Y, "x": WITH_NUMBER, "name": WITH_TEXT, "id": IDS})
    policy = made.home / "policy.toml"
    text = policy.read_text(encoding="utf-8").replace("'open'", f"'{profile}'").replace("'auto'", "'every-file'")
    policy.write_text(text, encoding="utf-8", newline="\n")
    made.bench.wake("one")
    commands = ("regress y x", "logit y x name", "logit y i.x", "regress y x if x > 4", "logit y x i.name if y < 9")
    for command in commands:
        made.command("policy", "check", made.home, command)
    server = made.bench.folder / "server"
    made.said.append(preflight(server, "logit y i.name", timeout=20.0, idle=made.bench.work).summary())
    with pytest.raises(WaitingError):
        made.bench.run("regress y x", timeout=0.5)
    fit = 2
    made.command("node", "pending", made.home)
    made.command("node", "approve", made.home, fit, "--by", "A")
    made.bench.work()
    made.command("node", "pending", made.home)
    made.command("node", "release", made.home, fit, "--by", "A")
    made.bench.work()
    made.command("node", "show", made.home, fit)
    made.command("node", "ledger", made.home)
    made.command("node", "reject", made.home, fit, "--reason", "enough")
    made.bench.work()
    made.assert_clean()


def test_no_value_is_shown_by_a_draft_a_prediction_or_a_simulation(cage: Callable[..., Cage]) -> None:
    made = cage({"y": Y, "x": WITH_NUMBER, "name": WITH_TEXT, "id": IDS})
    data = made.data / "one.csv"
    server = made.bench.folder / "server"
    assert made.command("study", "dictionary", server, "--from", data) == 0
    for command in ("regress y x", "logit y x name", "logit y i.x"):
        made.command("simulate", command, data, "--nodes", 2)
    assert made.fit("regress y x") is None
    result = server / "runs" / "fit1" / "result.json"
    made.command("predict", result, data, "--out", made.data / "out.csv")
    shutil.copy(data, made.data / "bad.csv")
    with (made.data / "bad.csv").open("a", encoding="utf-8", newline="\n") as file:
        file.write(f'{TEXT}"{NUMBER}\n')
    made.command("predict", result, made.data / "bad.csv", "--out", made.data / "out.csv")
    made.command("simulate", "regress y x", made.data / "bad.csv", "--nodes", 2)
    made.assert_clean()


# -------------------------------------------------------------------------------------------------- the test itself


@pytest.mark.parametrize(
    "leak",
    [
        repr(VALUE), f"{VALUE:g}", f"{VALUE:.8g}", f"{VALUE:.4g}", f"{VALUE:,}", f"{VALUE:.0f}", f"{VALUE:e}",
        repr(np.float64(VALUE)), str(int(VALUE)), VALUE.hex(), f"{VALUE:.3f}", repr(TEXT), TEXT.upper(),
        struct.pack("<d", VALUE).hex(),
    ],
)  # fmt: skip
def test_a_leak_in_any_spelling_would_be_found(tmp_path: Path, leak: str) -> None:
    for code in ("utf-8", "utf-16", "utf-16-le"):
        (tmp_path / "log.txt").write_bytes(f"stopped: {leak} there".encode(code))
        assert found_in(tmp_path, tmp_path / "nowhere"), (leak, code)
    for form in ("<d", ">d", "<f"):
        assert marks_in(b"\0\1" + struct.pack(form, VALUE) + b"\2")


def test_no_value_leaves_real_processes(tmp_path: Path) -> None:
    """All of it once more as a site runs it: daemons, a server, and what they print."""
    data = {
        "node1": write_csv(tmp_path / "data" / "one.csv", {"y": Y, "x": WITH_NUMBER, "name": WITH_TEXT}),
        "node2": write_csv(tmp_path / "data" / "two.csv", OTHER),
    }
    made = World(tmp_path / "world", data)
    said = []
    with contextlib.closing(made), made.nodes() as nodes:
        for command, code in (("regress y x", 0), ("logit y x name", 13)):
            done = made.run(command)
            assert done.returncode == code, done.stderr
            said += [done.stdout, done.stderr]
        for process in nodes.values():
            process.terminate()
            said.append(process.communicate()[0])
    for text in said:
        assert "Traceback" not in text
        assert not marks_in(text.encode())
    assert found_in(tmp_path, tmp_path / "data") == {}
