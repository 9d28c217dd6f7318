"""The command line in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from fedfolder.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click
    from click.testing import Result


def fedfolder(*arguments: object) -> Result:
    """`fedfolder ...`; a traceback is an error of the test."""
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments], prog_name="fedfolder")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def all_commands() -> Iterator[tuple[list[str], click.Command]]:
    """Every command with the words that call it, groups included."""

    def below(words: list[str], command: click.Command) -> Iterator[tuple[list[str], click.Command]]:
        yield words, command
        for name, child in getattr(command, "commands", {}).items():
            yield from below([*words, name], child)

    return below([], cli)


COMMANDS = [pytest.param(words, command, id=" ".join(["fedfolder", *words])) for words, command in all_commands()]
