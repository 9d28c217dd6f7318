"""`fedfolder run`, and how any fit is shown and written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fedfolder.cli.durations import seconds
from fedfolder.cli.saving import writing

if TYPE_CHECKING:
    from fedfolder.estimates import FitResult

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""
FILE = click.Path(path_type=Path)
OUT = click.Path(path_type=Path, dir_okay=False)
FEW_TRIPS = "Let questions travel together, where a trip costs more than an answer."


@click.command(short_help="Fit a regression over the nodes of a study.")
@click.argument("study", type=FILE)
@click.argument("command")
@click.option("--again", is_flag=True, help="Ask the nodes anew, even if this fit has ended before.")
@click.option(
    "--timeout",
    type=seconds,
    metavar="TIME",
    help="Wait no longer than this for the nodes, as 90s, 30m or 48h; 0: for ever.",
)
@click.option(
    "--drop-after",
    type=seconds,
    metavar="TIME",
    help="Go on without a node that has not answered for this long, as 48h or 2d.",
)
@click.option(
    "--min-nodes",
    type=click.IntRange(min=1),
    metavar="N",
    help="With --drop-after: wait all the same if fewer nodes would be left (default: 3).",
)
@click.option("--units-differ", is_flag=True, help="Go on when a site's variable looks as if it were in other units.")
@click.option("--own-likelihoods", is_flag=True, help="Go on when a node computes with a likelihood of its own.")
@click.option("--few-trips", is_flag=True, help=FEW_TRIPS)
@click.option("--json", "json_out", type=OUT, metavar="FILE", help="Write the result as JSON.")
@click.option("--csv", "csv_out", type=OUT, metavar="FILE", help="Write the coefficients as CSV.")
def run(
    study: Path,
    command: str,
    again: bool,
    timeout: float | None,
    drop_after: float | None,
    min_nodes: int | None,
    units_differ: bool,
    own_likelihoods: bool,
    few_trips: bool,
    json_out: Path | None,
    csv_out: Path | None,
) -> None:
    """Fit COMMAND over the nodes of the study in the folder STUDY.

    The server may be stopped at any time: the same line goes on where it was. A fit that has ended is shown again
    from the journal. The result is kept in STUDY/runs.

    A node that does not answer is waited for. With --drop-after the fit begins anew without it, where no sum tells
    what it had said; its own answer, when it comes, is set aside, and the next fit has it again.

    Where a trip takes a day, as by stick, --few-trips lets questions travel together: sites whose policy allows it
    send their own estimates to begin with (levels of factors are taken from the study's dictionary), and the last
    step is taken without asking once it is proven. The answer is the same.

    \b
    Examples:
      fedfolder run lbw-server "logit low age i.race smoke"
      fedfolder run lbw-server "logit low age i.race smoke" --drop-after 48h --min-nodes 3
    """
    try:
        result = fitted(
            study,
            command,
            again=again,
            timeout=timeout,
            drop_after=drop_after,
            min_nodes=min_nodes,
            units_differ=units_differ,
            own_likelihoods=own_likelihoods,
            few_trips=few_trips,
        )
    except KeyboardInterrupt:
        click.echo("\nStopped. Nothing is lost: run the same command again, without --again, to go on.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    finish(result, json_out, csv_out)


def fitted(
    study: Path,
    command: str,
    *,
    again: bool,
    timeout: float | None,
    drop_after: float | None,
    min_nodes: int | None,
    units_differ: bool,
    own_likelihoods: bool,
    few_trips: bool,
) -> FitResult:
    """The fit that `run` was asked for, with its progress shown."""
    from fedfolder.cli.progress import for_terminal
    from fedfolder.server.absence import FEWEST_NODES
    from fedfolder.server.run import run as run_fit

    if min_nodes is not None and drop_after is None:
        raise click.UsageError("--min-nodes goes with --drop-after.")
    with for_terminal() as progress:
        return run_fit(
            study,
            command,
            again=again,
            timeout=timeout,
            drop_after=drop_after,
            min_nodes=min_nodes or FEWEST_NODES,
            units_differ=units_differ,
            own_likelihoods=own_likelihoods,
            few_trips=few_trips,
            progress=progress,
        )


def finish(result: FitResult, json_out: Path | None = None, csv_out: Path | None = None) -> None:
    """Show a result and write it where it was asked for.

    Raises
    ------
    FitError
        If it has no numbers; after it was written.
    ConfigError
        If a file cannot be written.
    """
    from fedfolder.errors import FitError

    show(result)
    for path, text in ((json_out, result.to_json), (csv_out, result.to_csv)):
        if path is not None:
            write(path, text())
    if result.status != "converged":
        raise FitError(
            f"there is no estimate: {result.status}", found=result.message, do="change the command and run it again"
        )


def show(result: FitResult) -> None:
    """Print the table, and what a coordinator wants to know of how it came about."""
    click.echo()
    if result.status != "converged":
        click.echo(f"{result.title}: {result.status}")
        return
    predicting = {name for name, _, _ in result.excluded}
    for label in (label for label in result.omitted if label not in predicting):
        click.echo(f"note: {label} omitted: collinear with the columns before it, or without a row.")
    click.echo(result.summary())
    nodes = ", ".join(f"{name} {n}" for name, n in result.nodes)
    click.echo(f"Rows: {nodes}.")
    click.echo(
        f"Trips to the nodes: {result.rounds}, with {result.evaluations} evaluations. "
        f"Condition number of the scaled information: {result.condition:.3g}."
    )


def write(path: Path, text: str) -> None:
    """Write what was asked for.

    Raises
    ------
    ConfigError
        If the file cannot be written.
    """
    with writing(path, "the result", do="name a file in a folder that is there, and run the same command again"):
        path.write_text(text, encoding="utf-8", newline="\n")
