"""`fedfolder node ...`: a site's side."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fedfolder.cli.on_demand import OnDemand
from fedfolder.cli.policy import APPROVAL, ASKED, PROFILE
from fedfolder.process import handling
from fedfolder.shell import typed

if TYPE_CHECKING:
    from types import FrameType

    from fedfolder.custody.policy import Approval

FOLDER = click.Path(path_type=Path, file_okay=False)


class _Terminated(KeyboardInterrupt):
    """SIGTERM. KeyboardInterrupt itself, while a module is imported, ends Python by a signal although it is caught."""


DECIDING = dict.fromkeys(("pending", "approve", "reject", "release", "ledger"), "approval")


@click.group(commands=OnDemand(DECIDING), short_help="A site's side: make a node, run it, look into it.")
def node() -> None:
    """Make a node, run it, check it and look into it, at a site."""


@node.command(short_help="Make a node's home.")
@click.argument("home", type=FOLDER)
@click.option("--data", type=click.Path(path_type=Path), required=True, help="The data: a .dta or .csv file.")
@click.option("--exchange", type=FOLDER, required=True, help="This node's folder: <exchange>/<study>/<node>.")
@PROFILE
@APPROVAL
def init(home: Path, data: Path, exchange: Path, profile: str, approval: Approval) -> None:
    """Make a node's home in HOME: node.toml, policy.toml, a key, and scripts that start the node.

    All variables of the data are released in node.toml: take out those that nobody should ask about. policy.toml has
    the limits of the profile, each with its source, and says what a person has to approve.

    \b
    Example:
      fedfolder node init north --data births.dta --exchange S:/exchange/lbw/north
    """
    from fedfolder.cli.progress import told
    from fedfolder.custody.keys import fingerprint
    from fedfolder.node.data import describe
    from fedfolder.node.home import create

    found = describe(data, watch=told(data))
    others = _studies_beside(exchange)
    names = [variable.name for variable in found.variables]
    made = create(home, data, exchange, names, profile=profile, approval=approval)
    click.echo(f"Node {made.me.name} of study {made.study}: its home is {made.path}; keep that folder private.")
    click.echo(f"Its key is {fingerprint(made.me.key)}: read it out to the server's side by phone.")
    if others:
        click.echo(f"NOTE: there was no study {made.study} on this exchange; there is {', '.join(others)}.")
        click.echo("If the name is a slip of the pen, delete this home and make it again.")
    click.echo(
        f"Released are all {len(found.variables)} variables of {data.name}: see the list in {home / 'node.toml'}."
    )
    click.echo(f"Its policy is {profile}, and {ASKED[approval]}: see {home / 'policy.toml'}.")
    click.echo(f"Next: fedfolder node check {typed(home)}, then fedfolder node run {typed(home)}.")


def _studies_beside(exchange: Path) -> list[str]:
    """The other studies on the exchange, when the one that is named is not there: the name may be mistyped."""
    study = exchange.absolute().parent
    if study.exists() or not study.parent.is_dir():
        return []
    return sorted(path.name for path in study.parent.iterdir() if path.is_dir())


@node.command(short_help="Run a node until it is stopped.")
@click.argument("home", type=FOLDER)
def run(home: Path) -> None:
    """Run the node in HOME: answer what is asked, until it is stopped with Ctrl-C.

    It may be stopped and killed at any time; started again, it goes on where it was. What it does is in HOME/log.txt,
    what left is in HOME/kept.

    \b
    Example:
      fedfolder node run north
    """
    from fedfolder.node.home import open_home
    from fedfolder.node.loop import run as run_node

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise _Terminated

    with handling([signal.SIGTERM], stop), contextlib.suppress(KeyboardInterrupt):
        run_node(open_home(home), echo=_echo)


@node.command(short_help="Answer what has come, once.")
@click.argument("home", type=FOLDER)
def once(home: Path) -> None:
    """Answer what has come for the node in HOME, then end: for cron, the Task Scheduler, or a stick.

    Beside a running `node run` it does nothing, says so, and ends with exit code 0.

    \b
    Example:
      fedfolder node once north
    """
    from fedfolder.node.quiet import is_quiet

    if is_quiet(home):
        click.echo("nothing has come")
        return

    from fedfolder.node.home import open_home
    from fedfolder.node.loop import once as once_node

    worked = once_node(open_home(home), echo=_echo)
    if worked is None:
        click.echo(f"this node is running already, and looks at its folder by itself: {home}")
    elif not worked:
        click.echo("nothing has come")


@node.command(short_help="Read the data, reach the exchange, say what is wrong.")
@click.argument("home", type=FOLDER)
def check(home: Path) -> None:
    """Check the node in HOME: its data with their rows and variables, and its folder on the exchange.

    \b
    Example:
      fedfolder node check north
    """
    from fedfolder.node.check import check as check_node
    from fedfolder.node.home import open_home

    wrong = check_node(open_home(home), click.echo)
    for error in wrong[:-1]:
        click.echo(f"Error: {error}", err=True)
    if wrong:
        raise wrong[-1]
    click.echo("nothing is wrong here")


@node.command(short_help="Show what was asked and what left, in words.")
@click.argument("home", type=FOLDER)
@click.argument("fit", type=click.IntRange(min=1), required=False)
@click.option("--last", type=click.IntRange(min=1), default=20, show_default=True, help="How many message numbers.")
def show(home: Path, fit: int | None, last: int) -> None:
    """Show what was asked of the node in HOME and what left it, in words; the files themselves are in HOME/kept.

    With the number of a FIT, show one page on it: who asked for what, who said yes, and all that left.

    \b
    Examples:
      fedfolder node show north
      fedfolder node show north 1
    """
    from fedfolder import clock
    from fedfolder.node.account import account
    from fedfolder.node.home import open_home
    from fedfolder.node.words import history

    opened = open_home(home)
    journal = opened.journal(clock.now)
    try:
        for line in account(opened, journal, fit) if fit else history(opened, journal, last):
            click.echo(line)
    finally:
        journal.close()


@node.command("forget-columns", short_help="Delete the columns that are kept at home.")
@click.argument("home", type=FOLDER)
def forget_columns(home: Path) -> None:
    """Delete the columns that the node in HOME has kept as they were read, because its node.toml says so.

    The next fit reads the data file again, and keeps its columns again as long as the line is there: columns = true
    below [cache]. Without the line they are deleted by themselves.

    \b
    Example:
      fedfolder node forget-columns north
    """
    from fedfolder.node.home import open_home
    from fedfolder.node.kept_columns import KeptColumns

    deleted = KeptColumns(open_home(home).path).forget()
    click.echo(f"{deleted} columns are deleted" if deleted else "no columns are kept")


@node.command(short_help="Compare the server's key, by its fingerprint.")
@click.argument("home", type=FOLDER)
@click.option("--fingerprint", "text", default=None, help="As the server's side reads it out: ten groups of digits.")
@click.option("--yes", is_flag=True, help="Without --fingerprint: the one that is shown was compared; do not ask.")
def trust(home: Path, text: str | None, yes: bool) -> None:
    """Tell the node in HOME the fingerprint of the server's key, as it was read out by phone.

    It may be given before the server has introduced itself: then no other key is accepted. Without --fingerprint, that
    of the server that has introduced itself is shown, to be compared.

    \b
    Examples:
      fedfolder node trust north --fingerprint "22020 23709 96315 47919 ..."
      fedfolder node trust north
    """
    from fedfolder import clock
    from fedfolder.errors import ConfigError
    from fedfolder.exchange import trust as trusting
    from fedfolder.exchange.fingerprint import fingerprint
    from fedfolder.exchange.names import SERVER
    from fedfolder.node.home import open_home

    with contextlib.closing(open_home(home).journal(clock.now)) as journal:
        if text is None:
            seen = journal.key(SERVER)
            if seen is None:
                do = "give its fingerprint, or run fedfolder node once when the server has been started"
                raise ConfigError("the server has not introduced itself here", where=str(home), do=do)
            text = fingerprint(seen)
            click.echo(f"The server's key is {text}.")
            if not yes:
                click.confirm("Has the server's side read out the same, by phone?", abort=True)
        click.echo(f"The server's key: {trusting.trust(journal, SERVER, text)}.")


def _echo(line: str) -> None:
    click.echo(line)
