"""`fedfolder demo`: lbw.dta split over three node daemons, fitted through folders, beside the pooled fit."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fedfolder.cli.fits import FEW_TRIPS
from fedfolder.errors import HomeInUseError
from fedfolder.resources import resource
from fedfolder.shell import typed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedfolder.estimates import FitResult
    from fedfolder.simulation import Places

COMMAND = "logit low age smoke"
STUDY = "lbw"
NODES = 3
MARK = "made by fedfolder demo.txt"


@click.command(short_help="The whole of it on this computer: three nodes, one regression.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("fedfolder-demo"))
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the random split into three."
)
@click.option("--few-trips", is_flag=True, help=FEW_TRIPS)
@click.option("--layout", is_flag=True, help="Only split the data and make the homes: start nothing, fit nothing.")
def demo(folder: Path, seed: int, few_trips: bool, layout: bool) -> None:
    """Split Stata's lbw data over three nodes in FOLDER, start them, and fit `logit low age smoke` over them.

    FOLDER (default: fedfolder-demo) must be new, or an earlier demo, which is replaced.

    \b
    Examples:
      fedfolder demo try-it --seed 2
      fedfolder demo try-it --few-trips
      fedfolder demo try-it --layout
    """
    from fedfolder.cli.fits import INTERRUPTED, show
    from fedfolder.cli.progress import for_terminal
    from fedfolder.simulation import run

    folder = folder.absolute()
    _clear(folder)
    click.echo(f"Splitting the 189 births of Stata's lbw.dta at random (seed {seed}) over {NODES} nodes.")
    places = _prepare(folder, seed)
    if layout:
        _say_how_to_start(places)
        return
    try:
        with _daemons(places):
            click.echo(f'\n$ fedfolder run {typed(places.server)} "{COMMAND}"{" --few-trips" * few_trips}')
            with for_terminal() as progress:
                result = run(COMMAND, study=places.server, timeout=300.0, few_trips=few_trips, progress=progress)
            show(result)
    except KeyboardInterrupt:
        click.echo("Stopped; the next demo starts anew.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    _compare(result, at_zero=not few_trips)
    _guide(folder, places)


def _clear(folder: Path) -> None:
    """Make room: an earlier demo goes, anything else stays."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).is_file():
            raise HomeInUseError(
                "this folder is not empty, and no earlier demo made it",
                where=str(folder),
                do="name another folder: fedfolder demo FOLDER",
            )
        _remove(folder)
    folder.mkdir(parents=True, exist_ok=True)
    text = "A demo of fedfolder made this folder; the next one replaces it.\n"
    (folder / MARK).write_text(text, encoding="utf-8", newline="\n")


def _remove(folder: Path) -> None:
    import shutil

    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise HomeInUseError(
            "the earlier demo cannot be removed",
            where=str(error.filename or folder),
            found=error.strerror or type(error).__name__,
            do="stop its nodes and close its files, or name another folder: fedfolder demo FOLDER",
        ) from None


def _prepare(folder: Path, seed: int) -> Places:
    """Split the data and lay out the three places, saying the commands that would do the same."""
    from fedfolder.node.data import describe, read_variables, write_dta
    from fedfolder.simulation import lay_out, places_at_random

    path = resource("examples", "lbw", "lbw.dta")
    frame = read_variables(path, [variable.name for variable in describe(path).variables])
    data = {}
    for number, rows in enumerate(places_at_random(frame.nrows, NODES, seed), start=1):
        site = folder / f"site{number}"
        site.mkdir()
        data[f"node{number}"] = site / "births.dta"
        write_dta(frame.take(rows), data[f"node{number}"])
        click.echo(f"-- Node {number}: {len(rows)} births in {site / 'births.dta'}")
    click.echo("Laying out the server's home, the exchange and three node homes, as these commands do:")
    click.echo(
        f"$ fedfolder study new {typed(folder / 'server')} --name {STUDY} --exchange {typed(folder / 'exchange')}"
    )
    for node, births in data.items():
        click.echo(f"$ fedfolder study add-node {typed(folder / 'server')} {node}")
        place = folder / "exchange" / STUDY / node
        click.echo(
            f"$ fedfolder node init {typed(folder / node)} --data {typed(births)} --exchange {typed(place)}"
            " --profile open --approval auto"
        )
    click.echo("-- Their policy is open: it has no limits, as for a demo. They approve by themselves: nobody is asked.")
    click.echo("   Without these two options a node has a registry's limits, and asks its custodian first.")
    return lay_out(folder, STUDY, data)


def _say_how_to_start(places: Places) -> None:
    """What to type next, where nothing was started."""
    click.echo("Nothing is started yet. In a window for each node:")
    for home in places.nodes.values():
        click.echo(f"  fedfolder node run {typed(home)}")
    click.echo(f'Then, in another: fedfolder run {typed(places.server)} "{COMMAND}"')


@contextlib.contextmanager
def _daemons(places: Places) -> Iterator[None]:
    """Three node daemons, each a process, ready before this goes on and stopped after it, however it ends."""
    from fedfolder.simulation.daemons import Daemons, interruptible

    daemons = Daemons()
    with interruptible():
        try:
            for home in places.nodes.values():
                click.echo(f"$ fedfolder node run {typed(home)}")
                daemons.start(home)
            for node in daemons.until_ready():
                click.echo(f"-- {node} is ready.")
            yield
        finally:
            if daemons.stop():
                click.echo("\nThe three nodes are stopped.")


def _compare(result: FitResult, *, at_zero: bool) -> None:
    """The pooled fit beside the federated one; `at_zero` says that its iterations begin at slopes of zero."""
    from fedfolder.estimates import difference_line, estimates_table, largest_difference
    from fedfolder.node.data import read_sample
    from fedfolder.plan.proposal import read_command
    from fedfolder.simulation import fit_samples

    command = read_command(COMMAND)
    path = resource("examples", "lbw", "lbw.dta")
    pooled = fit_samples(command, {"pooled": read_sample(path, command)})
    click.echo("\nThe same command on all 189 births at once, beside the fit over folders:\n")
    click.echo(estimates_table([("Pooled", pooled), ("Federated", result)]))
    click.echo(difference_line(largest_difference(pooled, result)))
    if not at_zero:
        return
    click.echo(
        f"\nThe log likelihood at beta = 0 is {result.iterations[0][1]:.8g} (iteration 0); that of the constant alone "
        f"is {result.llnull:.8g}.\nLR chi2 and pseudo R2 come from the second."
    )


def _guide(folder: Path, places: Places) -> None:
    """Which files to look at, and what each is."""
    node = next(iter(places.nodes))
    rows = [
        (places.server / "runs" / "fit1" / "result.txt", "the table; result.json and result.csv for programs"),
        (places.server / "study.toml", "the study: its nodes, its exchange, how long to wait"),
        (places.server / "journal.sqlite3", "all messages of the server, and its audit"),
        (places.exchange / STUDY / node, "what the share holds of one node now: hellos and the last receipt"),
        (places.nodes[node] / "node.toml", "what the site decides: its data file and the variables it releases"),
        (places.nodes[node] / "policy.toml", "what it allows, and who says yes; here nothing is limited"),
        (places.nodes[node] / "log.txt", "what the node did, in words"),
        (places.nodes[node] / "kept" / "fit1", "every file that was asked and every file that left, readable"),
    ]
    click.echo(f"\nThe folder {folder} stays. To look at:")
    width = max(len(str(path.relative_to(folder))) for path, _ in rows)
    for path, what in rows:
        click.echo(f"  {path.relative_to(folder)!s:<{width}}  {what}")
    click.echo(
        f"To fit more: start a node with `fedfolder node run {typed(places.nodes[node])}` (and the others), then"
    )
    click.echo(f'  fedfolder run {typed(places.server)} "logit low age lwt i.race smoke ptl ht ui"')
