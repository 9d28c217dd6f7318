"""From a Stata that has nothing of ours to one in which all is well, by each of the ways in docs/stata.md."""

from __future__ import annotations

import sys
import zipfile

import pytest

from fedfolder import adopath
from tests.stata.standin import Session, sfi


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """Return a Stata without our files and without a Python, on a computer where no Python has fedfolder."""
    for name in ("USERPROFILE", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setitem(sys.modules, "sfi", sfi)
    session = Session(tmp_path / "Jürgen Groß" / "ado", adopath=[])
    session.python_started = session.python_exec = ""
    return session


def test_fedfolder_stata_install_and_setup(bare):
    adopath.install(bare.personal)
    assert bare.run("fedfolder doctor") == 7100
    assert bare.run("fedfolder setup") == 0
    assert bare.python_exec == sys.executable
    assert "All is well" in bare.text
    assert bare.run("help fedfolder") == 0


def test_net_install_from_an_unpacked_zip_and_setup_with_a_path(bare, tmp_path):
    adopath.write_zip(tmp_path / "fedfolder.zip")
    folder = tmp_path / "Downloads" / "fedfolder stata"
    with zipfile.ZipFile(tmp_path / "fedfolder.zip") as archive:
        archive.extractall(folder)
    assert bare.run(f'net install fedfolder, from("{folder.as_posix()}") replace') == 0
    assert bare.run("fedfolder setup") == 601
    assert bare.run(f'fedfolder setup, python("{sys.executable}")') == 0
    assert bare.python_exec == sys.executable
    assert "All is well" in bare.text
    assert bare.run("help fedfolder_logit") == 0


def test_net_install_from_the_folder_of_the_package(bare):
    assert bare.run(f'net install fedfolder, from("{adopath.source().as_posix()}")') == 0
    installed = {path.name for path in bare.plus.rglob("*") if path.is_file()}
    assert installed == {path.name for path in (adopath.source() / "ado").iterdir() if path.is_file()}
