"""`fedfolder stata`: files get to where Stata looks, an older copy goes, nothing of anyone else does."""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from fedfolder import adopath
from fedfolder.cli import cli
from fedfolder.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2] / "fedfolder" / "stata"
SHIPPED = {path.name for path in (ROOT / "ado").iterdir() if path.is_file()}
OWN = {adopath.PYTHON, adopath.LIST}


def called(*arguments):
    """Return what a command says."""
    ran = CliRunner().invoke(cli, ["stata", *map(str, arguments)])
    assert ran.exit_code == 0, ran.output
    return ran.output


def test_every_file_is_copied_byte_for_byte(tmp_path):
    folder = tmp_path / "Jürgen Groß" / "ado" / "personal"
    said = called("install", "--adopath", folder)
    assert {path.name for path in folder.iterdir()} == SHIPPED | OWN
    for name in SHIPPED:
        assert (folder / name).read_bytes() == (ROOT / "ado" / name).read_bytes()
    assert str(folder) in said
    assert "fedfolder setup" in said


def test_stata_can_read_which_python_this_is(tmp_path):
    adopath.install(tmp_path)
    # All of the file is the path: a line feed would be part of it.
    assert (tmp_path / adopath.PYTHON).read_bytes().decode("utf-8") == sys.executable


def test_inside_of_stata_it_is_not_stata_that_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "C:/Program Files/Stata17/StataMP-64.exe")
    adopath.install(tmp_path)
    assert "Stata" not in (tmp_path / adopath.PYTHON).read_text(encoding="utf-8")


def test_what_an_older_version_had_is_removed_and_nothing_else(tmp_path):
    adopath.install(tmp_path)
    outside = tmp_path.parent / f"{tmp_path.name}.ado"
    mine = ["fedfolder_mine.ado", "other.ado", "fedfolder.txt"]
    for path in (*(tmp_path / name for name in mine), outside, tmp_path / "_fedfolder_old.ado"):
        path.write_text("*", encoding="ascii")
    with (tmp_path / adopath.LIST).open("a", encoding="ascii", newline="\n") as file:
        file.write(f"_fedfolder_old.ado\nother.ado\n../{outside.name}\nfedfolder_gone.ado\n")
    done = adopath.install(tmp_path)
    assert done.removed == ("_fedfolder_old.ado",)
    assert not (tmp_path / "_fedfolder_old.ado").exists()
    assert all((tmp_path / name).is_file() for name in mine)
    assert outside.is_file()
    assert set((tmp_path / adopath.LIST).read_text("ascii").split()) == SHIPPED | {adopath.PYTHON}


def test_installing_over_a_copy_replaces_it_and_says_the_same(tmp_path):
    first = adopath.install(tmp_path)
    (tmp_path / "fedfolder.ado").write_text("older", encoding="ascii")
    assert adopath.install(tmp_path) == first
    assert (tmp_path / "fedfolder.ado").read_bytes() == (ROOT / "ado" / "fedfolder.ado").read_bytes()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("", encoding="ascii")
    with pytest.raises(ConfigError) as caught:
        adopath.install(tmp_path / "file" / "personal")
    assert "--adopath" in caught.value.do


@pytest.mark.parametrize("platform", ["win32", "darwin", "linux"])
def test_the_folder_is_one_that_is_there_or_else_the_first(platform, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    folders = adopath.personal_folders(platform, tmp_path)
    assert adopath.default_folder() == folders[0]
    assert folders[0].is_relative_to(tmp_path)
    in_home = [folder for folder in folders if folder.is_relative_to(tmp_path)]
    in_home[-1].mkdir(parents=True)
    assert adopath.default_folder() == in_home[-1]


def test_the_zip_holds_the_package_and_is_the_same_each_time(tmp_path):
    one, two = tmp_path / "one.zip", tmp_path / "two.zip"
    said = called("zip", one)
    adopath.write_zip(two)
    assert one.read_bytes() == two.read_bytes()
    assert "net install fedfolder" in said
    with zipfile.ZipFile(one) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == {"fedfolder.pkg", "stata.toc"} | {f"ado/{name}" for name in SHIPPED}
        assert all(archive.read(name) == (ROOT / name).read_bytes() for name in archive.namelist())


def test_a_zip_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(ConfigError, match=re.escape("one.zip")):
        adopath.write_zip(tmp_path / "nothing" / "one.zip")
