"""`fedfolder doctor` and `fedfolder setup` in Stata: they say what is missing, also where Python does not work."""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
from pathlib import Path

import pytest

from fedfolder import adopath
from fedfolder.about import __version__
from fedfolder.stata.doctor import OLDEST_PYTHON, PACKAGES, examine

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OLD, NEW = "13 Jul 2022", "08 Feb 2024"


def verdicts(*args):
    """Return verdict by name."""
    return {finding.name: finding.verdict for finding in examine(*args)}


@pytest.mark.parametrize(
    ("python", "ado", "born", "missing", "expected"),
    [
        ((3, 11), __version__, OLD, (), {"packages": "good", "fedfolder": "good"}),
        ((3, 12), __version__, OLD, (), {"Python's version": "note", "packages": "good", "fedfolder": "good"}),
        (
            (3, 12),
            __version__,
            "19 Dec 2023",
            (),
            {"Python's version": "note", "packages": "good", "fedfolder": "good"},
        ),
        ((3, 12), __version__, "20 Dec 2023", (), {"packages": "good", "fedfolder": "good"}),
        ((3, 14), __version__, NEW, (), {"packages": "good", "fedfolder": "good"}),
        ((3, 14), __version__, "who knows", (), {"Python's version": "note", "packages": "good", "fedfolder": "good"}),
        ((3, 10), __version__, NEW, (), {"Python's version": "bad", "packages": "good", "fedfolder": "good"}),
        ((3, 11), "0.0.1", NEW, (), {"packages": "good", "fedfolder": "note"}),
        ((3, 11), __version__, NEW, ("numpy",), {"packages": "bad", "fedfolder": "good"}),
    ],
)
def test_what_was_found_is_judged(python, ado, born, missing, expected):
    assert verdicts(python, ado, born, missing) == expected


def test_the_packages_and_the_python_are_those_of_the_project():
    assert list(PACKAGES) == [re.split("[^a-z0-9]", line)[0] for line in PROJECT["dependencies"]]
    assert PROJECT["requires-python"] == ">=" + ".".join(map(str, OLDEST_PYTHON))


def test_all_is_well(stata):
    assert stata.run("fedfolder doctor") == 0
    assert "All is well" in stata.text
    assert stata.errors == ""
    lines = [line for line in stata.text.split("\n") if re.match(r"(good|note|bad) ", line)]
    assert {line[6:24].strip() for line in lines} >= {"Stata", "ado files", "Python", "packages", "fedfolder"}


@pytest.mark.parametrize("code", [7100, 7101, 7102, 7103])
def test_a_python_that_does_not_work_is_explained_without_python(stata, code):
    stata.python_fails = code
    assert stata.run("fedfolder doctor") == code
    assert f"r({code})" in stata.text
    assert re.search("fedfolder setup|pip install", stata.text)


@pytest.mark.parametrize("code", [7100, 7101, 7102, 7103])
def test_each_code_has_its_own_words(stata, code):
    assert stata.run(f"_fedfolder_explain {code}") == 0
    assert stata.errors.startswith(f"r({code}): ")
    assert "could not do it" not in stata.text
    assert len(stata.text.split("\n")) > 2


def test_a_code_that_nobody_expected_is_shown_all_the_same(stata):
    assert stata.run("_fedfolder_explain 42") == 0
    assert "r(42)" in stata.text


def test_a_stata_that_knows_no_python_is_told_so(stata):
    stata.python_exec = stata.python_started = ""
    assert stata.run("fedfolder doctor") == 7100
    assert "r(7100)" in stata.errors


def test_a_python_without_fedfolder_is_told_how_to_get_it(stata, monkeypatch):
    monkeypatch.setitem(sys.modules, "fedfolder.stata.ado", None)
    assert stata.run("fedfolder doctor") == 7102
    assert "this Python cannot load it" in stata.errors
    assert "pip install" in stata.text


def test_a_package_that_is_missing_is_named(stata, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pyreadstat" else found(name))
    assert stata.run("fedfolder doctor") == 498
    assert "not there: pyreadstat" in stata.text


def test_ado_files_that_stata_does_not_find_are_told_of(stata):
    (stata.personal).mkdir(parents=True)
    source = adopath.source() / "ado"
    for name in ("_fedfolder_doctor.ado", "_fedfolder_explain.ado"):
        (stata.personal / name).write_bytes((source / name).read_bytes())
    stata.adopath = [stata.personal]
    assert stata.run("_fedfolder_doctor") == 601
    assert "fedfolder stata install" in stata.text


def test_the_doctor_of_folders_is_called_with_a_folder(stata, tmp_path):
    folder = tmp_path / "a share"
    folder.mkdir()
    assert stata.run(f'fedfolder doctor "{folder}"') == 0
    assert "All is well" not in stata.text
    assert "good" in stata.text
    assert stata.run(f'fedfolder doctor "{folder / "nothing"}"') == 603


@pytest.fixture
def fresh(stata):
    """Return a Stata whose Python has not started."""
    stata.python_started = ""
    stata.python_exec = ""
    return stata


def test_setup_takes_the_python_that_installed_the_ado_files(fresh):
    adopath.install(fresh.personal)
    assert fresh.run("fedfolder setup") == 0
    assert fresh.python_exec == sys.executable
    assert "All is well" in fresh.text


def test_setup_takes_no_python_that_someone_names_in_the_working_folder(nowhere, tmp_path):
    planted, python = tmp_path / "exchange", tmp_path / "planted.exe"
    planted.mkdir()
    python.write_text("", encoding="ascii")
    (planted / adopath.PYTHON).write_text(str(python), encoding="utf-8", newline="")
    nowhere.adopath.insert(0, planted)
    assert nowhere.run("fedfolder setup") == 601
    adopath.install(nowhere.personal)
    assert nowhere.run("fedfolder setup") == 0
    assert nowhere.python_exec == sys.executable


def test_setup_takes_the_python_that_it_is_told(fresh, tmp_path):
    python = tmp_path / "Jürgen Groß" / "python.exe"
    python.parent.mkdir()
    python.write_text("", encoding="ascii")
    adopath.install(fresh.personal)
    assert fresh.run(f'fedfolder setup, python("{python}")') == 0
    assert fresh.python_exec == str(python)


def test_setup_says_what_to_do_where_there_is_no_such_file(fresh, tmp_path):
    assert fresh.run(f'fedfolder setup, python("{tmp_path / "python.exe"}")') == 601
    assert "there is no file" in fresh.errors
    assert fresh.python_exec == ""


@pytest.fixture
def nowhere(fresh, tmp_path, monkeypatch):
    """Return a Stata on a computer where no Python has fedfolder; homes of programs are under tmp_path."""
    for name in ("USERPROFILE", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return fresh


def test_setup_says_what_to_do_where_no_python_is_found(nowhere):
    assert nowhere.run("fedfolder setup") == 601
    assert "no Python with fedfolder was found" in nowhere.errors
    assert "fedfolder stata install" in nowhere.text


@pytest.mark.parametrize(
    ("system", "python", "also"),
    [
        ("Windows", "USERPROFILE/pipx/venvs/fedfolder/Scripts/python.exe", ""),
        ("Windows", "LOCALAPPDATA/pipx/pipx/venvs/fedfolder/Scripts/python.exe", ""),
        ("Unix", "HOME/.local/share/pipx/venvs/fedfolder/bin/python", ""),
        ("MacOSX", "HOME/.local/pipx/venvs/fedfolder/bin/python", ""),
        *(
            (
                "Windows",
                f"LOCALAPPDATA/Programs/Python/Python3{minor}/python.exe",
                "Lib/site-packages/fedfolder/about.py",
            )
            for minor in range(11, 15)
        ),
    ],
)
def test_setup_finds_a_python_that_has_fedfolder(nowhere, tmp_path, system, python, also):
    nowhere.os = system
    path = tmp_path / python
    for file in [path, *([path.parent / also] if also else [])]:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("", encoding="ascii")
    assert nowhere.run("fedfolder setup") == 0
    assert Path(nowhere.python_exec) == path


def test_setup_passes_over_a_python_that_has_no_fedfolder(nowhere, tmp_path):
    python = tmp_path / "LOCALAPPDATA" / "Programs" / "Python" / "Python313" / "python.exe"
    python.parent.mkdir(parents=True)
    python.write_text("", encoding="ascii")
    assert nowhere.run("fedfolder setup") == 601


def test_setup_looks_further_where_the_installed_python_is_gone(nowhere, tmp_path):
    adopath.install(nowhere.personal)
    (nowhere.personal / adopath.PYTHON).write_text(str(tmp_path / "gone"), encoding="utf-8", newline="")
    nowhere.os = "Unix"
    python = tmp_path / "HOME" / ".local" / "pipx" / "venvs" / "fedfolder" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("", encoding="ascii")
    assert nowhere.run("fedfolder setup") == 0
    assert Path(nowhere.python_exec) == python


def test_setup_asks_for_a_restart_where_another_python_runs(stata, tmp_path):
    python = tmp_path / "python.exe"
    python.write_text("", encoding="ascii")
    assert stata.run(f'fedfolder setup, python("{python}")') == 7101
    assert "Close Stata, open it again" in stata.text
    assert stata.python_exec == sys.executable
