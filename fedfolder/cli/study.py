"""`fedfolder study new`, `add-node` and `dictionary`: the server's side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fedfolder.shell import typed

if TYPE_CHECKING:
    from fedfolder.server.study import Study

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group(short_help="Make a study, at the server.")
def study() -> None:
    """Make a study and add its nodes, at the server."""


@study.command(short_help="Make the server's home of a new study.")
@click.argument("folder", type=FOLDER)
@click.option("--name", required=True, help="The study's name: lower-case letters, digits, - and _.")
@click.option("--exchange", type=FOLDER, required=True, help="The shared folder, which must be there already.")
def new(folder: Path, name: str, exchange: Path) -> None:
    """Make the server's home of a study in FOLDER, which is private, and the study's folder on the exchange.

    \b
    Example:
      fedfolder study new lbw-server --name lbw --exchange S:/exchange
    """
    from fedfolder.custody.keys import fingerprint
    from fedfolder.server.study import create

    made = create(folder, name, exchange)
    click.echo(f"Study {made.name}: its home is {made.path}; keep that folder private.")
    click.echo(f"The server's key is {fingerprint(made.me.key)}: read it out to each site by phone.")
    click.echo(f"Next: fedfolder study add-node {typed(folder)} NODE, once for each site.")


@study.command("add-node", short_help="Add a node to a study.")
@click.argument("study", type=FOLDER)
@click.argument("node")
@click.option("--fingerprint", default=None, help="Of the node's key, as the site reads it out: ten groups of digits.")
def add_node(study: Path, node: str, fingerprint: str | None) -> None:
    """Add NODE to the study in the folder STUDY, and make its folder on the exchange.

    With --fingerprint, no other key than the one that the site has read out by phone is accepted. It may be given
    later, for a node that is in the study already.

    \b
    Examples:
      fedfolder study add-node lbw-server north
      fedfolder study add-node lbw-server north --fingerprint "22020 23709 96315 47919 ..."
    """
    from fedfolder.server.study import add_node as add
    from fedfolder.server.study import open_study, trust_node

    opened = open_study(study)
    if fingerprint is not None and node in opened.nodes:
        click.echo(f"The key of {node}: {trust_node(opened, node, fingerprint)}.")
        return
    opened = add(opened, node, fingerprint=fingerprint)
    click.echo(f"{node} is in the study; its folder on the exchange is {opened.folder(node)}.")
    click.echo("At the site, run:")
    click.echo(f'  fedfolder node init HOME --data FILE --exchange "{opened.folder(node)}"')


@study.command("dictionary", short_help="Show a study's dictionary, or draft it from a data file.")
@click.argument("study", type=FOLDER)
@click.option(
    "--from", "data", type=click.Path(path_type=Path), metavar="DATA", help="Draft it from this file's variables."
)
@click.option(
    "--csv", "csv_out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write it here."
)
def dictionary(study: Path, data: Path | None, csv_out: Path | None) -> None:
    """Show the dictionary of the study in the folder STUDY; with --csv, write it as a table for a spreadsheet.

    With --from, draft it from the variables and value labels of a data file: a table STUDY/dictionary.csv (or the FILE
    of --csv) to look through and complete. It holds no plausible range, for the ends of the data would be two persons'
    values. It is sent to every site by the next check, so take out what should not be.

    \b
    Examples:
      fedfolder study dictionary lbw-server --from lbw.dta
      fedfolder study dictionary lbw-server
    """
    from fedfolder.dictionary import write
    from fedfolder.server.study import DICTIONARY, open_study

    opened = open_study(study)
    if data is None:
        table = write(opened.require_dictionary())
        if csv_out is None:
            click.echo(table.decode("utf-8-sig"), nl=False)
            return
    else:
        table = _drafted(opened, data)
    path = csv_out or opened.path / DICTIONARY
    _write_new(path, table)
    click.echo(f"{path} is written.")
    if data is not None:
        click.echo(
            "Look through it in a spreadsheet, complete units and plausible ranges, take out what no site needs."
        )
        click.echo(f"Next: fedfolder check {typed(study)}")


def _drafted(opened: Study, data: Path) -> bytes:
    """The draft of a dictionary, as a table."""
    from fedfolder.dictionary import write
    from fedfolder.node.draft import draft

    made, left_out = draft(data)
    click.echo(f"{len(made.variables)} variables of {data.name}, for the study {opened.name}.")
    if left_out:
        click.echo(f"Left out, as identifiers or names that no command can use: {', '.join(left_out)}.")
    return write(made)


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet: nobody's work is overwritten.

    Raises
    ------
    HomeInUseError
        If it is there.
    """
    from fedfolder.errors import HomeInUseError

    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        do = "name another file with --csv, or rename this one"
        raise HomeInUseError("this file is there already", where=str(path), do=do) from None
