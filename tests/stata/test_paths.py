"""Paths as they are typed in Stata, wherever a command takes one."""

from __future__ import annotations

from pathlib import Path

import pytest

from fedfolder.errors import ConfigError
from fedfolder.stata.paths import typed
from tests.stata.births import Study

TYPED = [
    'check "{}"',
    "node once {}",
    "node approve {} 3",
    'run "{}" "logit low age"',
    'logit low age, study("{}")',
    'stub logit low age, study("{}")',
    "nodes start {}",
    "doctor {}",
]


SHARE = r"\\server\share"
"""A folder of the network as people type it. What Stata hands on has one backslash at its beginning."""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return Study(tmp_path_factory.mktemp("Studie") / "my study")


@pytest.mark.parametrize("command", TYPED)
@pytest.mark.parametrize("sign", ["/", "\\"])
def test_a_tilde_is_the_home_of_the_user_as_in_a_shell(stata, monkeypatch, tmp_path, command, sign):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    assert stata.run(f"fedfolder {command.format(f'~{sign}nosuch')}") != 0
    assert str(tmp_path / "nosuch") in stata.errors
    assert "~" not in stata.errors


@pytest.mark.parametrize("command", TYPED)
def test_a_dollar_that_was_typed_as_one_stays_one(stata, command):
    stata.memory.globals["share"] = "expanded"
    assert stata.run(f"fedfolder {command.format(chr(92).join(['/nosuch/', '$share']))}") != 0
    assert "/nosuch/$share" in stata.errors


@pytest.mark.parametrize("command", TYPED)
@pytest.mark.parametrize("macro", ["$share", "${share}", "`share'"])
def test_a_macro_that_a_backslash_hides_is_told_of(stata, command, macro):
    stata.memory.globals["share"] = stata.memory.locals["share"] = "expanded"
    assert stata.run(f"fedfolder {command.format(chr(92).join(['S:', macro]))}") == 198
    assert "write a slash" in stata.errors
    assert f"S:{macro}" in stata.errors


@pytest.mark.parametrize("command", TYPED)
def test_a_path_that_lost_a_backslash_is_not_looked_for_elsewhere(stata, command):
    assert stata.run(f"fedfolder {command.format(SHARE)}") == 198, stata.text
    assert "//server/share" in stata.errors


def test_a_node_in_stata_takes_the_same_paths(stata, monkeypatch, tmp_path):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    assert stata.run("fedfolder_node once ~/nosuch") == 198
    assert str(tmp_path / "nosuch") in stata.errors
    assert stata.run(f"fedfolder_node once {SHARE}") == 198
    assert "//server/share" in stata.errors


def test_no_exchange_is_made_where_a_backslash_is_lost(stata, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert stata.run(f'fedfolder study new "{tmp_path / "home"}", name(lbw) exchange("{SHARE}")') == 198
    assert "//server/share" in stata.errors
    assert not [path for path in tmp_path.iterdir() if path.name != "stata"]


@pytest.mark.parametrize(
    "path",
    [
        "S:/a b",
        r"S:\a",
        "//server/share",
        r"\\server\share",
        "//server/C$/x",
        r"\\server\C$\x",
        "S:/$x",
        "S:/it's",
        "a~b",
        "~a",
        "./~",
        "",
        "-x",
    ],
)
def test_all_else_is_left_alone(path):
    assert typed(path) == path


def test_a_home_itself():
    assert typed("~") == str(Path.home())
    with pytest.raises(ConfigError):
        typed("\\")


@pytest.mark.parametrize("command", ["stub logit low age, study(server)", "logit low age, study(server)"])
def test_a_study_is_looked_for_in_the_folder_that_stata_works_in(stata, study, monkeypatch, tmp_path, command):
    monkeypatch.setattr("tests.stata.standin.sfi.SFIToolkit.getWorkingDir", lambda: str(study.home.parent))
    monkeypatch.chdir(tmp_path)
    assert study.home.name == "server"
    assert stata.run(f"fedfolder {command} timeout(0.01s)") == 498, stata.text
    assert "study.toml" not in stata.errors
