"""`fedfolder audit ...`: what happened in a home, shown, exported and checked."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedfolder.custody.audit_file import Exported
    from fedfolder.exchange.journal import Journal
    from fedfolder.exchange.mailbox import Identity

HOME = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(short_help="What happened in a home: show it, export it, check it.")
def audit() -> None:
    """Show, export and check the audit of a node's or a server's home."""


@contextlib.contextmanager
def _opened(home: Path) -> Iterator[tuple[str, Identity, Journal]]:
    """The study, the identity and the journal of a home: a server's, if a study.toml lies there."""
    from fedfolder import clock
    from fedfolder.node.home import open_home
    from fedfolder.server.study import SETTINGS, open_study

    if (home / SETTINGS).exists():
        server = open_study(home)
        study, me, journal = server.name, server.me, server.journal(clock.now)
    else:
        node = open_home(home)
        study, me, journal = node.study, node.me, node.journal(clock.now)
    with contextlib.closing(journal):
        yield study, me, journal


@audit.command(short_help="Show what happened in a home, in words.")
@click.argument("home", type=HOME)
@click.option("--fit", type=click.IntRange(min=1), metavar="N", help="Only what is about this fit.")
@click.option("--last", type=click.IntRange(min=1), metavar="K", help="Only the last K lines.")
def show(home: Path, fit: int | None, last: int | None) -> None:
    """Show the audit of HOME, a node's or a server's: first what the words mean, then a line for each event.

    A line has its number, the time, what happened, with whom and about which message, and what there is to say of it.
    The chain of the lines is checked; the first line that was changed is named.

    \b
    Examples:
      fedfolder audit show north
      fedfolder audit show north --fit 3
    """
    from fedfolder.exchange.audit import EVENTS, in_words, of_fit

    with _opened(home) as (study, me, journal):
        lines = every = journal.audit_lines()
        if fit is not None:
            lines = of_fit(every, fit)
        shown = lines[-last:] if last else lines
        click.echo(f"{me.name} of study {study}: {len(shown)} of {len(every)} lines")
        here = {line.event for line in shown}
        for event, sentence in EVENTS.items():
            if event in here:
                click.echo(f"  {event:<12}  {sentence}")
        for line in shown:
            click.echo(in_words(line))
        journal.verify()


@audit.command(short_help="Write the audit of a home to a file, signed.")
@click.argument("home", type=HOME)
@click.option("--out", type=FILE, metavar="FILE", help="Write it here; otherwise it is shown.")
def export(home: Path, out: Path | None) -> None:
    """Write the audit of HOME, a node's or a server's, as lines of JSON that are chained and signed by its key.

    The file holds what `fedfolder audit show` shows: no data, and nothing that did not leave. Who has it can check it
    with `fedfolder audit verify`.

    \b
    Example:
      fedfolder audit export north --out north-audit.jsonl
    """
    from fedfolder.custody.audit_file import export as lines_of
    from fedfolder.exchange import files

    with _opened(home) as (study, me, journal):
        content = b"".join(lines_of(study, me, journal.verify()))
    if out is None:
        click.echo(content, nl=False)
        return
    files.write(out, content)
    lines = content.count(b"\n") - 2  # without the first, which says whose it is, and the last, which signs
    click.echo(f"{out} is written: {lines} lines, signed by {me.name} of study {study}.")


@audit.command(short_help="Check an exported audit.")
@click.argument("file", type=FILE)
@click.option("--fingerprint", metavar="TEXT", help="The fingerprint that the home's key must have.")
@click.option("--key", metavar="HEX", help="The public key that must have signed, 64 hexadecimal digits.")
@click.option("--server", type=HOME, metavar="STUDY", help="The server's home to hold a node's audit against.")
def verify(file: Path, fingerprint: str | None, key: str | None, server: Path | None) -> None:
    """Check FILE, an audit that was exported: that no line was cut, changed, added, doubled or moved, and who signed.

    Without --fingerprint, --key or --server it says whose key signed, and you compare that. With --server it is held
    against the server's journal, too: each request and reply that the server has must stand in the node's audit, so a
    node that shortened its audit and signed it again is found. The exit code is 22 if something is wrong.

    \b
    Examples:
      fedfolder audit verify north-audit.jsonl --fingerprint "83018 20033 02928 78713 ..."
      fedfolder audit verify north-audit.jsonl --server lbw-server
    """
    from fedfolder.custody import audit_file, keys

    with file.open("rb") as stream:
        exported = audit_file.read(stream, where=str(file))
    for expected in (fingerprint, key):
        if expected is not None:
            audit_file.require_key(exported, expected, where=str(file))
    header = exported.header
    if server is not None:
        _hold_against(exported, server, file)
    click.echo(f"{ascii(header.node)[1:-1]} of study {ascii(header.study)[1:-1]}: all {header.last} lines hold.")
    click.echo(f"The key that signed them is {keys.fingerprint(exported.key)}.")
    if fingerprint is None and key is None and server is None:
        click.echo("Compare it with what whoever keeps that home reads out by phone, or give it with --fingerprint.")


def _hold_against(exported: Exported, server: Path, file: Path) -> None:
    from fedfolder.custody.audit_against import require_agreement

    with _opened(server) as (study, _, journal):
        found = require_agreement(exported, journal, study, where=str(file))
    click.echo(f"Each of the {found.replies} messages that the server has from it stands in it.")
    if found.under_way:
        click.echo("One more is told of that the server has not fetched yet.")
