"""What is printed to be typed can be typed, also where a folder has a blank in its name."""

from __future__ import annotations

import shlex
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pytest
from click.testing import CliRunner

from fedfolder.cli import cli
from fedfolder.shell import typed


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("lbw-demo", "lbw-demo"),
        ("/tmp/a_b.c~d+e", "/tmp/a_b.c~d+e"),  # noqa: S108 - no file
        ("Jürgen/ado", "Jürgen/ado"),
        ("my studies/lbw", '"my studies/lbw"'),
        ("R&D/lbw", '"R&D/lbw"'),
        ("a(1),b", '"a(1),b"'),
    ],
)
def test_a_path(path, shown):
    assert typed(PurePosixPath(path)) == shown


def test_a_path_on_windows():
    assert typed(PureWindowsPath(r"C:\fedfolder\north")) == r"C:\fedfolder\north"
    assert typed(PureWindowsPath(r"C:\Users\Jürgen Groß\lbw")) == r'"C:\Users\Jürgen Groß\lbw"'
    assert typed(PureWindowsPath(r"\\hospital\share\lbw")) == r"\\hospital\share\lbw"


def test_the_lines_of_a_layout_are_commands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(cli, ["demo", "my demo", "--layout"], catch_exceptions=False).output
    lines = [line.partition("fedfolder ")[2] for line in shown.split("\n") if "fedfolder " in line]
    assert len(lines) == 11
    for line in lines:
        words = shlex.split(line)
        command: Any = cli
        group: list[str] = []
        while hasattr(command, "commands"):
            group.append(words.pop(0))
            command = command.commands[group[-1]]
        found = command.make_context(" ".join(group), words, **cli.context_settings).params
        assert str(tmp_path / "my demo") in str([str(value) for value in found.values()])


def test_the_next_step_of_a_new_home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("the exchange").mkdir()
    line = ["study", "new", "my study", "--name", "lbw", "--exchange", "the exchange"]
    shown = CliRunner().invoke(cli, line, catch_exceptions=False).output
    assert 'Next: fedfolder study add-node "my study" NODE' in shown
