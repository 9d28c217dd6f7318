"""`fedfolder status`: what is being fitted, and who owes what, since when."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fedfolder.exchange.journal import Journal
    from fedfolder.server.status import NodeStatus
    from fedfolder.server.study import Study

PAUSE = 5.0
"""Seconds between two looks of `--watch`."""
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


@click.command(short_help="Show what is being fitted, and which node owes what, since when.")
@click.argument("study", type=click.Path(path_type=Path, file_okay=False))
@click.option("--watch", is_flag=True, help="Keep on showing it, until Ctrl-C.")
def status(study: Path, watch: bool) -> None:
    """Show, for the study in the folder STUDY, what is being fitted, and which node owes what, since when.

    Nothing is changed; it may be run while a fit is running. A node that owes an answer may be stopped, or wait for
    its custodian, who says yes or no with `fedfolder node pending`: that cannot be told from here.

    \b
    Examples:
      fedfolder status lbw-server
      fedfolder status lbw-server --watch
    """
    from fedfolder import clock
    from fedfolder.server.study import open_study

    with contextlib.closing(open_study(study).journal(clock.now)) as journal:

        def look(now: str | None) -> list[str]:
            # The settings, too: a node may be added while somebody watches.
            return page(open_study(study), journal, now)

        if not watch:
            click.echo("\n".join(look(clock.now())))
            return
        with contextlib.suppress(KeyboardInterrupt):
            keep_showing(look)


def page(study: Study, journal: Journal, now: str | None) -> list[str]:
    """The lines of one screen; without the time that passed since, if no time is given."""
    from fedfolder.server.status import keys, newest_fit, strays
    from fedfolder.server.status import status as status_of

    lines = [f"study {study.name}, exchange {study.exchange}"]
    fit = newest_fit(study, journal)
    if fit is not None:
        attempt = f", attempt {fit.attempt}" if fit.attempt > 1 else ""
        without = f", without {' and '.join(fit.without)}" if fit.without else ""
        lines.append(f"fit {fit.fit}{attempt}: {fit.command} - {fit.state}{without}")
    if not study.nodes:
        lines.append("no nodes yet: fedfolder study add-node")
    lines += [line_of(found, now) for found in status_of(study, journal)]
    lines += [f"keys {standing}: {', '.join(nodes)}" for standing, nodes in keys(study, journal).items()]
    stray = strays(study)
    if stray:
        lines.append(f"not in study.toml, so not asked: the folder{'s' * (len(stray) > 1)} {', '.join(stray)}")
    return lines


def line_of(found: NodeStatus, now: str | None) -> str:
    """The line of one node."""
    from fedfolder.server.absence import seconds_between

    since = f", since {found.since}" if found.since else ""
    if since and now:
        since += f" ({in_words(seconds_between(found.since, now))})"
    remark = f" - {found.remark}" if found.remark else ""
    return f"{found.node:<12} {found.state}{since}{remark}"


def in_words(seconds: float) -> str:
    """A length of time in its two largest units, as `2 d 3 h`."""
    left, said = int(seconds), []
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count:
            said.append(f"{count} {unit}")
    return " ".join(said[:2]) or "0 s"


def keep_showing(look: Callable[[str | None], list[str]], *, pause: float = PAUSE) -> None:
    """Show the page again and again: in its place on a terminal; elsewhere whenever more than the time has changed."""
    from fedfolder import clock
    from fedfolder.exchange.watching import sleep

    shown: list[str] = []
    with _screen() as show:
        while True:
            found = look(None)
            show(look(clock.now()), found != shown)
            shown = found
            sleep(pause)


@contextlib.contextmanager
def _screen() -> Iterator[Callable[[list[str], bool], None]]:
    """What shows a page, told whether it has changed."""
    if not sys.stdout.isatty():
        yield lambda lines, changed: click.echo("\n".join([*lines, ""])) if changed else None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(highlight=False, markup=False), auto_refresh=False) as live:
        yield lambda lines, _changed: live.update(Text("\n".join(lines)), refresh=True)
