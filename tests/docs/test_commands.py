"""README and docs/commands.md say what the commands' own help says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import reference

from fedfolder.cli import cli

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = {" ".join(path): (path, command) for path, command in reference.commands(cli, ("fedfolder",))}


def test_the_page_of_commands_is_what_the_script_writes():
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == reference.page()


def test_the_readme_lists_every_command_with_its_own_short_help():
    listed = dict(
        re.findall(r"^\| `(fedfolder [a-z -]+)` \| (.+) \|$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    )
    assert listed == {name: command.short_help for name, (_, command) in COMMANDS.items()}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_has_an_example_of_that_command(name):
    text = reference.help_of(*COMMANDS[name])
    examples = re.split(r"Examples?:\n", text)[1]
    assert name in examples


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is_for(name):
    for parameter in COMMANDS[name][1].params:
        if parameter.param_type_name == "option":
            assert parameter.help
