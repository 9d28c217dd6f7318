"""`fedfolder carry` and `fedfolder doctor`: sticks, and what a share can do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from fedfolder.carry import Report

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group(short_help="Carry messages by hand, on a stick.")
def carry() -> None:
    """Carry messages by hand between homes that share no drive; the same for server and node."""


@carry.command("out", short_help="Put what the other side lacks into one file.")
@click.argument("home", type=FOLDER, default=Path())
@click.option("--to", type=FOLDER, required=True, help="The folder to write to, such as a stick.")
def out(home: Path, to: Path) -> None:
    """Put what the other side may lack into one file in the folder --to, for the home in HOME (default: here).

    The file holds a page of text for whoever finds it. It may be made again, lost, or brought twice.

    \b
    Example:
      fedfolder carry out north --to E:/
    """
    from fedfolder.carry import out as carry_out

    report = carry_out(home, to)
    click.echo(f"Packed into {report.parcel}:")
    _show(report, "nothing: the other side has everything")


@carry.command("in", short_help="Take what a stick brings.")
@click.argument("home", type=FOLDER, default=Path())
@click.option("--from", "source", type=FOLDER, required=True, help="The folder to read from, such as a stick.")
def into(home: Path, source: Path) -> None:
    """Take what the parcels in the folder --from hold for the home in HOME (default: here).

    Then run `fedfolder node once`, or `fedfolder run` at the server: what was brought is judged there, by its content.

    \b
    Example:
      fedfolder carry in north --from E:/
    """
    from fedfolder.carry import into as carry_in

    report = carry_in(home, source)
    click.echo("Taken:")
    _show(report, "nothing new")


def _show(report: Report, nothing: str) -> None:
    for line in report.carried or [nothing]:
        click.echo(f"  {line}")
    for line in report.left:
        click.echo(f"left: {line}")
    for line in report.owed:
        click.echo(f"owed: {line}")


@click.command(short_help="Try what a shared folder can do.")
@click.argument("path", type=FOLDER)
def doctor(path: Path) -> None:
    """Try the shared folder PATH from this computer, and say in plain words what will work and how fast.

    It makes a folder of its own there and removes it. It ends with 7 if fedfolder cannot work there.

    \b
    Example:
      fedfolder doctor S:/exchange
    """
    from fedfolder.errors import ExchangeError
    from fedfolder.exchange.doctor import examine

    bad = []
    for finding in examine(path):
        click.echo(f"{finding.verdict:<5} {finding.name:<22} {finding.words}")
        if finding.verdict == "bad":
            bad.append(finding.name)
    if bad:
        raise ExchangeError("fedfolder cannot work here as it is", where=str(path), found=", ".join(bad))
