"""`fedfolder key ...`: the keys that a home has and knows, and those that are no longer trusted."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedfolder.exchange.journal import Journal
    from fedfolder.exchange.mailbox import Identity

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group(short_help="Keys: whose are known here, and which are no longer trusted.")
def key() -> None:
    """Show the keys that a home, the server's or a node's, has and knows, and revoke them."""


@dataclass(frozen=True, slots=True)
class _Keys:
    """A home as far as its keys go."""

    me: Identity
    journal: Journal
    peers: tuple[str, ...]


@contextlib.contextmanager
def _opened(home: Path) -> Iterator[_Keys]:
    from fedfolder import clock
    from fedfolder.exchange.names import SERVER
    from fedfolder.node import home as node_home
    from fedfolder.server.study import open_study

    if (home / node_home.SETTINGS).exists():
        opened = node_home.open_home(home)
        me, journal, peers = opened.me, opened.journal(clock.now), [SERVER]
    else:
        study = open_study(home)
        me, journal, peers = study.me, study.journal(clock.now), list(study.nodes)
    with contextlib.closing(journal):
        # Nodes that were taken out of the list are known all the same.
        known = [peer for peer in journal.peers() if peer != me.name]
        yield _Keys(me, journal, tuple(dict.fromkeys([*peers, *known])))


@key.command("show", short_help="Show a home's own key and those it knows, and whether they were compared.")
@click.argument("home", type=FOLDER)
def show(home: Path) -> None:
    """Show the fingerprint of the key of the server or node in HOME, and those that it knows.

    \b
    Example:
      fedfolder key show north
    """
    from fedfolder.custody.keys import fingerprint
    from fedfolder.exchange import trust

    with _opened(home) as found:
        own = trust.revoked(found.journal, found.me.name)
        state = "this home's own" if own is None else f"this home's own, {trust.REVOKED}: {own}"
        click.echo(f"{found.me.name:<12} {fingerprint(found.me.key)}  {state}")
        for peer in found.peers:
            pinned = found.journal.key(peer)
            shown = fingerprint(pinned) if pinned else trust.expected(found.journal, peer) or ""
            reason = trust.revoked(found.journal, peer)
            state = trust.standing(found.journal, peer) + (f": {reason}" if reason is not None else "")
            click.echo(f"{peer:<12} {shown or '-':<59}  {state}")


@key.command("revoke", short_help="Accept nothing more that a key signs, or sign nothing more with one's own.")
@click.argument("home", type=FOLDER)
@click.option("--peer", default=None, help="Whose key; server, or a node's name. This home's own by default.")
@click.option("--reason", required=True, help="Why, for the audit: lost, stolen, the site has left.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def revoke(home: Path, peer: str | None, reason: str, yes: bool) -> None:
    """Revoke a key in HOME: from now on, nothing that it signs is accepted there. It cannot be taken back.

    At the server, revoke the key of a node; at a node, that of the server. Without --peer, this home's own key: it
    signs nothing any more. The other side is not told: phone it. Whoever was revoked makes a new home, and is enrolled
    under a new name.

    \b
    Examples:
      fedfolder key revoke lbw-server --peer north --reason "laptop stolen"
      fedfolder key revoke north --reason "replaced by north2" --yes
    """
    from fedfolder.errors import UnknownNameError, nearest
    from fedfolder.exchange import trust

    with _opened(home) as found:
        who = found.me.name if peer is None else peer
        if who not in {found.me.name, *found.peers}:
            known = [found.me.name, *found.peers]
            raise UnknownNameError(f"no key of {who} is known here", where=str(home), do=nearest(who, known))
        if not yes:
            click.confirm(f"Revoke the key of {who} in {home}? It cannot be taken back.", abort=True)
        trust.revoke(found.journal, who, reason)
        own = who == found.me.name
    click.echo(
        "This home signs nothing any more. Make a new one, and have it enrolled under a new name."
        if own
        else f"Nothing that the key of {who} signs is accepted here any more."
    )
    if not own and who != "server":
        click.echo(f"Take {who} out of the list of nodes in study.toml; then fits go on without it.")
