"""Help that helps: every command shows a line that works."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import click
import pytest

from fedfolder.about import __version__
from fedfolder.cli import cli
from tests.cli.commands import COMMANDS, fedfolder

if TYPE_CHECKING:
    from click.testing import Result


def examples(shown: Result) -> list[str]:
    return re.findall(r"^  +(fedfolder .*)$", shown.output, re.MULTILINE)


@pytest.mark.parametrize(("words", "command"), COMMANDS)
def test_every_command_has_an_example_that_the_parser_takes(words: list[str], command: click.Command) -> None:
    shown = fedfolder(*words, "--help")
    assert shown.exit_code == 0
    if isinstance(command, click.Group) and words:
        return
    found = examples(shown) or re.findall(r"(fedfolder demo)", shown.output)
    assert found
    for example in found:
        arguments = shlex.split(example)[1:]
        assert arguments[: len(words)] == words
        if words:
            command.make_context(words[-1], arguments[len(words) :], resilient_parsing=False)


@pytest.mark.parametrize(("words", "command"), COMMANDS)
def test_every_option_says_what_it_is(words: list[str], command: click.Command) -> None:
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{words} {parameter.opts}"
    assert command.get_short_help_str()


@pytest.mark.parametrize(("words", "_command"), COMMANDS)
def test_help_fits_a_console_of_80_columns(words: list[str], _command: click.Command) -> None:
    shown = fedfolder(*words, "--help").output
    own = [line for line in shown.splitlines() if "fedfolder" not in line]
    assert max(map(len, own)) <= 80
    assert shown.isascii(), "a console of any code page can show it"


def test_version_and_unknown_words() -> None:
    assert __version__ in fedfolder("--version").output
    assert fedfolder("nonsense").exit_code == 2
    assert fedfolder("run").exit_code == 2
    assert cli.name == "cli"
