"""`fedfolder preflight`: before anyone waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fedfolder.cli.durations import seconds
from fedfolder.cli.fits import FILE, INTERRUPTED, OUT, write

if TYPE_CHECKING:
    from pathlib import Path


@click.command(short_help="Ask every node whether it would refuse a command.")
@click.argument("study", type=FILE)
@click.argument("command")
@click.option(
    "--timeout",
    type=seconds,
    metavar="TIME",
    help="Wait no longer than this for the nodes, as 90s, 30m or 48h; 0: for ever.",
)
@click.option("--json", "json_out", type=OUT, metavar="FILE", help="Write the answers as JSON.")
def preflight(study: Path, command: str, timeout: float | None, json_out: Path | None) -> None:
    """Ask every node of STUDY which rule of its policy COMMAND would break, and for which variable.

    A node answers by itself, with yes or no, and charges each line, or that there is none, as a refusal:
    after a few, a person there must look. The exit code is 0 if nobody would refuse.

    \b
    Example:
      fedfolder preflight lbw-server "logit low age i.race smoke"
    """
    from fedfolder.cli.progress import for_terminal
    from fedfolder.errors import PolicyError, WaitingError
    from fedfolder.server.preflight import preflight as ask

    try:
        with for_terminal() as progress:
            found = ask(study, command, timeout=timeout, progress=progress)
    except KeyboardInterrupt:
        click.echo("\nStopped. Nothing is lost: run the same command again to go on.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    click.echo(f"\n{found.summary()}")
    if json_out is not None:
        write(json_out, found.to_json())
    if found.refusing:
        do = "change the command, or ask the custodians there for a waiver"
        raise PolicyError("sites would refuse this command", rule="named above", where=", ".join(found.refusing), do=do)
    if found.silent:
        do = "run the same command again: it goes on, and asks nobody twice"
        raise WaitingError("not every node has answered", where=", ".join(found.silent), do=do)
