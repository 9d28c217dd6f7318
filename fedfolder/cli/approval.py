"""`fedfolder node pending`, `approve`, `reject` and `release`: the custodian decides."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import click

from fedfolder.cli.node import FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from fedfolder.node.home import NodeHome
    from fedfolder.node.pending import Pending, Tray

BY = click.option("--by", metavar="NAME", default="", help="Who decides; your user name by default.")
FIT = click.argument("fit", type=click.IntRange(min=1))


@click.command(short_help="Show what waits for a person.")
@click.argument("home", type=FOLDER)
def pending(home: Path) -> None:
    """Show what waits for a person at the node in HOME: a proposal to decide on, or an answer to read.

    No node needs to be running: what has come is fetched from the exchange first.

    \b
    Example:
      fedfolder node pending north
    """
    with _tray(home) as found:
        waiting = found.show()
    if waiting is None:
        click.echo("nothing waits for a person here")
        return
    click.echo(waiting.page)
    click.echo(f"\nDecide\n{_to_do(home, waiting)}")


def _tray(home: Path) -> AbstractContextManager[Tray]:
    """What lies before the custodian; whoever calls a command from a program may say how the home is opened."""
    from fedfolder.node.home import open_home
    from fedfolder.node.pending import tray

    opened: Callable[[Path], NodeHome] = click.get_current_context().obj or open_home
    return tray(opened(home))


def _to_do(home: Path, waiting: Pending) -> str:
    place = f'"{home}" {waiting.fit}'
    in_stata = click.get_current_context().obj is not None
    program, reason = ("fedfolder_node", ', reason("...")') if in_stata else ("fedfolder node", ' --reason "..."')
    no = f"  {program} reject {place}{reason}"
    if waiting.answer is None:
        return f"  {program} approve {place}\n{no}"
    return f"  read what would leave, in {waiting.answer}\n  {program} release {place}\n{no}"


@click.command(short_help="Say yes to a proposal.")
@click.argument("home", type=FOLDER)
@FIT
@BY
@click.option("--reason", default="", help="Why, for the audit.")
def approve(home: Path, fit: int, by: str, reason: str) -> None:
    """Say yes to the proposal of FIT at the node in HOME, as `fedfolder node pending` shows it.

    Its rounds are then answered without asking again, as long as they are what was proposed.

    \b
    Example:
      fedfolder node approve north 1 --by "A. Custodian"
    """
    who = by or getpass.getuser()
    with _tray(home) as found:
        found.approve(fit, who, reason)
    click.echo(f"fit {fit} is approved by {who}; a running node answers within seconds, else: {_once(home)}")


@click.command(short_help="Say no to a proposal.")
@click.argument("home", type=FOLDER)
@FIT
@BY
@click.option("--reason", required=True, help="Why. It is sent to the server's side.")
def reject(home: Path, fit: int, by: str, reason: str) -> None:
    """Say no to the proposal of FIT at the node in HOME, whether it was approved before or not.

    The reason is sent to the server's side: do not write anything about the data in it.

    \b
    Example:
      fedfolder node reject north 1 --reason "not covered by our agreement"
    """
    who = by or getpass.getuser()
    with _tray(home) as found:
        found.reject(fit, who, reason)
    click.echo(f"fit {fit} is rejected by {who}; a running node says so within seconds, else: {_once(home)}")


@click.command(short_help="Let an answer go that you have read.")
@click.argument("home", type=FOLDER)
@FIT
@BY
def release(home: Path, fit: int, by: str) -> None:
    """Let the answer of FIT go that waits in HOME/outbox: where policy.toml says `every-file`.

    \b
    Example:
      fedfolder node release north 1
    """
    who = by or getpass.getuser()
    with _tray(home) as found:
        found.release(fit, who)
    click.echo(f"released by {who}; a running node sends it within seconds, else: {_once(home)}")


def _once(home: Path) -> str:
    return f'fedfolder node once "{home}"'


@click.command(short_help="Show what was answered, and what is left of the budgets.")
@click.argument("home", type=FOLDER)
def ledger(home: Path) -> None:
    """Show the ledger of the node in HOME: each attempt that it was asked about, with the betas that it cost.

    \b
    Example:
      fedfolder node ledger north
    """
    from fedfolder.node.account import spent_in_words
    from fedfolder.node.home import open_home

    for line in spent_in_words(open_home(home)):
        click.echo(line)
