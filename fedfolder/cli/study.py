"""`fedfolder study new` and `fedfolder study add-node`: the server's side."""

from __future__ import annotations

from pathlib import Path

import click

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
    click.echo(f"The server's key is {fingerprint(made.me.key)}.")
    click.echo(f"Next: fedfolder study add-node {folder} NODE, once for each site.")


@study.command("add-node", short_help="Add a node to a study.")
@click.argument("study", type=FOLDER)
@click.argument("node")
def add_node(study: Path, node: str) -> None:
    """Add NODE to the study in the folder STUDY, and make its folder on the exchange.

    \b
    Example:
      fedfolder study add-node lbw-server north
    """
    from fedfolder.server.study import add_node as add
    from fedfolder.server.study import open_study

    opened = add(open_study(study), node)
    click.echo(f"{node} is in the study; its folder on the exchange is {opened.folder(node)}.")
    click.echo("At the site, run:")
    click.echo(f'  fedfolder node init HOME --data FILE --exchange "{opened.folder(node)}"')
