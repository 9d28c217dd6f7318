"""Write docs/commands.md from the help of the commands themselves. A test holds the page to it.

Usage: `python scripts/reference.py`
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fedfolder.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).resolve().parent.parent / "docs" / "commands.md"
WIDTH = 100


def commands(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """All commands that do something, with the words that call them."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def help_of(path: tuple[str, ...], command: click.Command) -> str:
    """What `--help` prints."""
    context = click.Context(
        command,
        info_name=" ".join(path),
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        help_option_names=cli.context_settings["help_option_names"],
    )
    return command.get_help(context)


def page() -> str:
    """The page."""
    parts = [
        "# Commands",
        "",
        "What each command's `--help` says. This page is written by `python scripts/reference.py`.",
    ]
    for path, command in commands(cli, ("fedfolder",)):
        parts += ["", f"## {' '.join(path)}", "", "```text", help_of(path, command), "```"]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
