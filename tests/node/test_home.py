"""Making a node's home, and settings files as people write them."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tomllib
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder import settings
from fedfolder.errors import ConfigError, ExchangeError, FedfolderError, HomeInUseError
from fedfolder.node.check import check
from fedfolder.node.home import create, open_home, place
from tests.node.places import data

if TYPE_CHECKING:
    from pathlib import Path

    from tests.node.places import Bench

PATHS = [r"S:\lbw", r"\\computer\share\Jörg Müller\x", r"C:\it's mine\x", "/srv/a 'b' \"c\"", r"C:\new\table", "@DATA@"]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_survives_toml(text: str) -> None:
    assert tomllib.loads(f"x = {settings.quoted(text)}")["x"] == text


@pytest.mark.parametrize("path", PATHS)
def test_paths_survive_toml(path: str) -> None:
    assert tomllib.loads(f"x = {settings.quoted(path)}")["x"] == path


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(ConfigError, match="not UTF-8"):
        settings.quoted("a\udcff")


def test_what_a_value_holds_is_not_filled_again() -> None:
    assert settings.fill("@A@ @B@", {"A": "@B@", "B": "x"}) == "@B@ x"


@pytest.mark.parametrize("folder", [r"\\computer\share\ex\study\north", r"S:\ex\study\north", r"S:\study\north"])
def test_study_and_node_are_the_last_two_parts_on_windows_too(folder: str) -> None:
    assert place(PureWindowsPath(folder)) == ("study", "north")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["plain", "with a space", "Jörg Müller", "it's", 'say "x"'])
def test_a_home_anywhere(tmp_path: Path, name: str) -> None:
    if os.name == "nt" and '"' in name:
        pytest.skip("no such names on Windows")
    base = tmp_path / name
    (base / "share").mkdir(parents=True)
    file = data(base, "north")["north"]
    create(base / "home", file, base / "share" / "lbw" / "north", ["low", "it's"])
    home = open_home(base / "home")
    assert (home.data, home.exchange, home.study, home.me.name) == (
        file,
        base / "share" / "lbw" / "north",
        "lbw",
        "north",
    )
    assert home.policy.variables == ("low", "it's")
    assert sorted(path.name for path in home.exchange.iterdir()) == ["to-node", "to-server"]
    for script in ("run-node.sh", "run-node.bat"):
        assert "@" not in (base / "home" / script).read_text(encoding="utf-8").replace("@echo", "")


@pytest.mark.skipif(os.name == "nt", reason="a script for Unix")
def test_the_script_for_unix_starts_the_node(bench: Bench) -> None:
    script = bench.folder / "north" / "run-node.sh"
    assert os.access(script, os.X_OK)
    last = script.read_text(encoding="utf-8").splitlines()[-1]
    assert shlex.split(last) == ["exec", sys.executable, "-m", "fedfolder", "node", "run", "."]
    assert subprocess.run(["/bin/sh", "-n", str(script)], check=False).returncode == 0


def test_the_script_for_windows(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", r"C:\Users\Jörg 100%\python.exe")
    create(tmp_path / "x", bench.home("north").data, bench.folder / "exchange" / "lbw" / "west", [])
    content = (tmp_path / "x" / "run-node.bat").read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n")
    lines = content.decode().splitlines()
    # cmd.exe reads what follows as UTF-8, and a percent sign only when doubled.
    assert lines.index("chcp 65001 >nul") < lines.index(
        r'"C:\Users\Jörg 100%%\python.exe" -m fedfolder node run "%~dp0."'
    )
    assert "\n".join(lines[: lines.index("chcp 65001 >nul")]).isascii()


def test_a_home_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    file = data(tmp_path, "north")["north"]
    for exchange, error in (
        (tmp_path / "nowhere" / "lbw" / "north", ExchangeError),
        (tmp_path / "lbw" / "NORTH", ConfigError),
        (tmp_path / ("x" * 200) / "lbw" / "north", ConfigError),
    ):
        with pytest.raises(error):
            create(tmp_path / "home", file, exchange, [])
        assert not (tmp_path / "home").exists()


def test_a_home_is_made_once_and_never_on_the_exchange(bench: Bench) -> None:
    north = bench.home("north")
    key = (north.path / "keys" / "private.pem").read_bytes()
    with pytest.raises(HomeInUseError):
        create(north.path, north.data, north.exchange, [])
    assert (north.path / "keys" / "private.pem").read_bytes() == key
    with pytest.raises(ConfigError, match="cannot lie on the exchange"):
        create(north.exchange / "home", north.data, north.exchange, [])


def test_settings_with_a_byte_order_mark_and_windows_line_ends(bench: Bench) -> None:
    path = bench.folder / "north" / "node.toml"
    text = path.read_text(encoding="utf-8").replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert bench.home("north").study == "lbw"


@pytest.mark.parametrize("number", ["0", "-1", "2", "99"])
def test_other_formats_are_refused(bench: Bench, number: str) -> None:
    path = bench.folder / "north" / "node.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("format = 1", f"format = {number}"), encoding="utf-8")
    with pytest.raises(FedfolderError, match=f"found:    format {number}\n"):
        bench.home("north")


def _checked(bench: Bench, name: str) -> tuple[str, list[FedfolderError]]:
    said: list[str] = []
    wrong = check(bench.home(name), said.append)
    return "\n".join(said), wrong


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[persons]\nid = 'smoker'", "tells persons apart by smoker"),
        ("[allowed]\nconditions = ['age', 'smoker']", "allows conditions by smoker"),
        ("[allowed]\nmodels = ['logit', 'glm', 'logitt']", "allows the model logitt"),
        ("[allowed]\nservers = ['22020 23709']", "no fingerprint"),
    ],
)
def test_check_finds_a_slip_in_the_policy(bench: Bench, line: str, said: str) -> None:
    path = bench.folder / "north" / "policy.toml"
    head = line.partition("\n")[0]
    text = path.read_text(encoding="utf-8")
    assert head in text
    path.write_text(text.replace(head, line, 1), encoding="utf-8", newline="\n")
    _, wrong = _checked(bench, "north")
    assert [said in error.what for error in wrong] == [True]
    path.write_text(text, encoding="utf-8", newline="\n")
    text, wrong = _checked(bench, "north")
    assert wrong == []
    assert "policy     open; approval auto: fedfolder policy show" in text


def test_check_tells_whether_the_server_is_known(bench: Bench) -> None:
    text, wrong = _checked(bench, "north")
    assert wrong == []
    assert "WARNING: has not introduced itself yet" in text
    assert bench.on_share("north", "to-server") == [], "the probe is gone, and nothing was sent"
    assert "27 rows" in _checked(bench, "south")[0]
    bench.asleep = {"north", "south"}
    with pytest.raises(FedfolderError):
        bench.run(timeout=0.01)
    assert "server     has introduced itself" in _checked(bench, "north")[0]
    bench.asleep = set()
    bench.run()
    assert "server     its key is " in _checked(bench, "north")[0]


def test_check_names_all_that_is_wrong_and_shows_no_value(bench: Bench) -> None:
    path = bench.folder / "north" / "node.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("'age'", "'aeg', 'somke'"), encoding="utf-8")
    (bench.folder / "exchange").rename(bench.folder / "away")
    text, wrong = _checked(bench, "north")
    assert [error.exit_code for error in wrong] == [4, 7]
    assert "aeg, somke" in str(wrong[0])
    assert "age " in text
    assert "not released" in text
