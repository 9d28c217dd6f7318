"""What is written for the command line, in the words of Stata: options without hyphens, after a comma."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click

_VALUE = r'"[^"]*"|\.\.\.|[^\s"`-](?:[^\s`]*[^\s`.,;)])?'
_OPTION = re.compile(rf"(?P<before>\s?)(?<![\w-])--(?P<name>[a-z][a-z-]*)(?:(?P<between>[ =])(?P<value>{_VALUE}))?")
_CHORE = re.compile(r"\bfedfolder node (once|pending|approve|reject|release)\b")
_COMMAND = re.compile(r"\bfedfolder [a-z]")


def name_in_stata(option: str) -> str:
    """The word of an option in Stata: `dropafter` for `--drop-after`."""
    return option.replace("-", "")


def in_stata_words(line: str) -> str:
    """A line with the options in it as Stata has them.

    `fedfolder node reject "x" 3 --reason "no"` becomes `fedfolder node reject "x" 3, reason("no")`; where no command
    is written out, an option is its word alone.
    """
    command = _COMMAND.search(line)
    if command is None:
        return _OPTION.sub(_alone, line)
    told = _OPTION.sub(_alone, line[: command.start()])
    return told + _OPTION.sub(_option, line[command.start() :]).replace(_MARK, ",", 1).replace(_MARK, "")


def words_of_a_node(line: str) -> str:
    """The same where the node's data are in Stata's memory: its chores are those of `fedfolder_node`."""
    return _CHORE.sub(r"fedfolder_node \1", in_stata_words(line))


_MARK = "\0"
"""Before each option of a command; the first becomes the comma."""


def _alone(match: re.Match[str]) -> str:
    rest = f"{match['between']}{match['value']}" if match["value"] else ""
    return f"{match['before']}{name_in_stata(match['name'])}{rest}"


def _option(match: re.Match[str]) -> str:
    if match["value"] and f"--{match['name']}" not in _flags():
        return f"{_MARK}{match['before']}{name_in_stata(match['name'])}({match['value']})"
    return _MARK + _alone(match)


def harmless(text: str) -> str:
    """Others' words, for a macro or a label: what Stata would expand, run or follow as a link is `_`.

    Stata expands what a macro holds wherever an ado-file uses it, and a quote there ends the text that it stands in.
    """
    return re.sub(r'[`$"{}\\]', "_", text)


@functools.cache
def _flags() -> frozenset[str]:
    """All options without a value."""
    from fedfolder.cli import cli

    return frozenset(
        flag for command in _below(cli) for p in command.params if getattr(p, "is_flag", False) for flag in p.opts
    )


def _below(command: click.Command) -> list[click.Command]:
    children = getattr(command, "commands", {}).values()
    return [command, *(found for child in children for found in _below(child))]
