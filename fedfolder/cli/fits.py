"""`fedfolder run` and `fedfolder simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fedfolder.cli.durations import seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.command import Command
    from fedfolder.custody.policy import Policy
    from fedfolder.estimates import FitResult
    from fedfolder.node.tables import TableFile
    from fedfolder.questions.sample import Sample
    from fedfolder.server.progress import Progress
    from fedfolder.simulation import Split

DEFAULT_NODES = 3
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


@click.command(short_help="Fit a regression over nodes simulated on this computer.")
@click.argument("command")
@click.argument("files", type=FILE, nargs=-1, required=True, metavar="FILE...")
@click.option("--nodes", type=click.IntRange(min=1), help="Split one file at random over this many nodes (default: 3).")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the random split.")
@click.option("--by", metavar="VAR", help="Split one file by the values of a variable instead.")
@click.option(
    "--policy", metavar="PROFILE|FILE", help="Refuse what nodes would: registry, strict, open, or a policy.toml."
)
@click.option(
    "--table",
    "tables",
    multiple=True,
    metavar="NAME=FILE",
    help="A table that every node has, for merge ... using NAME; repeat for more.",
)
@click.option("--few-trips", is_flag=True, help=FEW_TRIPS)
@click.option("--folders", type=FILE, metavar="DIR", help="Go through real folders, laid out in this new folder.")
@click.option("--json", "json_out", type=OUT, metavar="FILE", help="Write the result as JSON.")
@click.option("--csv", "csv_out", type=OUT, metavar="FILE", help="Write the coefficients as CSV.")
def simulate(
    command: str,
    files: tuple[Path, ...],
    nodes: int | None,
    seed: int,
    by: str | None,
    policy: str | None,
    tables: tuple[str, ...],
    few_trips: bool,
    folders: Path | None,
    json_out: Path | None,
    csv_out: Path | None,
) -> None:
    """Fit COMMAND over simulated nodes: several FILEs are a node each, one FILE is split.

    Everything happens in memory, unless --folders asks for server, exchange and nodes as real folders. No policy is
    looked at, unless --policy names one: then each node's rows are held against it before anything is computed.

    \b
    Examples:
      fedfolder simulate "logit low age smoke" lbw.dta --nodes 3 --seed 1
      fedfolder simulate "regress bwt age i.race" north.csv south.csv west.dta
      fedfolder simulate "logit low age smoke" lbw.dta --folders try-it
    """
    from fedfolder.cli.progress import Plain
    from fedfolder.custody.policy_file import named
    from fedfolder.errors import ConfigError
    from fedfolder.plan.proposal import read_command
    from fedfolder.simulation import Split, few_of, fit_samples

    parsed = read_command(command)
    if len(files) > 1 and (nodes or by):
        raise ConfigError(
            "--nodes and --by split one file", found=f"{len(files)} files", do="name one file, or leave them out"
        )
    if nodes and by:
        raise ConfigError("--nodes and --by are two ways to split", do="leave one of them out")
    split = Split(nodes or DEFAULT_NODES, seed, by)
    progress = Plain(iterations_only=True)
    held, beside = None if policy is None else named(policy), _tables(tables)
    if folders is None:
        samples = _samples(parsed, files, split, held, progress, beside)
        result = fit_samples(
            parsed,
            samples,
            progress,
            few=few_of(parsed, samples) if few_trips else None,
            own_estimates=held is None or held.own_estimates,
        )
    else:
        if held is not None:
            _samples(parsed, files, split, held, progress, beside)
        result = _over_folders(parsed, files, split, folders, progress, beside, few_trips=few_trips)
    finish(_labelled(result, parsed, files), json_out, csv_out)


def _tables(said: tuple[str, ...]) -> dict[str, TableFile]:
    """The tables that NAME=FILE names.

    Raises
    ------
    ConfigError
        If one is not written so.
    """
    from fedfolder.errors import ConfigError
    from fedfolder.node.tables import TableFile

    found: dict[str, TableFile] = {}
    for text in said:
        name, sign, path = text.partition("=")
        if not sign or not name or not path or name in found:
            raise ConfigError("this names no table", found=f"--table {text}", expected="each once: NAME=FILE")
        found[name] = TableFile(Path(path))
    return found


def _labelled(result: FitResult, command: Command, files: tuple[Path, ...]) -> FitResult:
    """The result with the value labels on which the files agree."""
    import dataclasses

    from fedfolder.node.data import agreed_labels

    return dataclasses.replace(result, labels=agreed_labels(files, command.variables))


def _samples(
    command: Command,
    files: tuple[Path, ...],
    split: Split,
    policy: Policy | None,
    progress: Progress,
    tables: Mapping[str, TableFile],
) -> dict[str, Sample]:
    """Each node's rows, held against the policy if there is one."""
    from fedfolder.cli.progress import told
    from fedfolder.node.data import read_variables
    from fedfolder.node.sampling import read_for
    from fedfolder.simulation import naming, samples_of, split_file

    persons = policy.person if policy else None
    if len(files) == 1:
        parts = split_file(files[0], command, split, persons, told(files[0]))
    else:
        parts = {}
        for number, path in enumerate(files, start=1):
            with naming(f"node{number}"):
                parts[f"node{number}"] = read_variables(path, read_for(command, persons), watch=told(path))
    return samples_of(command, parts, policy, progress, tables)


def _over_folders(
    command: Command,
    files: tuple[Path, ...],
    split: Split,
    folder: Path,
    progress: Progress,
    tables: Mapping[str, TableFile],
    *,
    few_trips: bool,
) -> FitResult:
    from fedfolder.cli.progress import told
    from fedfolder.errors import HomeInUseError
    from fedfolder.node.data import read_sample, write_dta
    from fedfolder.simulation import checked, lay_out, simulate_over_folders, split_file

    if folder.exists() and any(folder.iterdir()):
        raise HomeInUseError(
            "this folder is not empty", where=str(folder), do="name a new folder, or remove this one if it is yours"
        )
    data = {f"node{number}": path for number, path in enumerate(files, start=1)}
    if len(files) == 1:
        parts = split_file(files[0], command, split, watch=told(files[0]))
        data = {node: folder / "data" / f"{node}.dta" for node in parts}
        (folder / "data").mkdir(parents=True, exist_ok=True)
        for node, frame in parts.items():
            write_dta(frame, data[node])
    if not {"cluster", "group"}.isdisjoint(command.roles):
        found = {n: read_sample(path, command, tables=tables, node=n) for n, path in data.items()}
        command = checked(command, found, progress)
    beside = {name: table.path for name, table in tables.items()}
    places = lay_out(folder, "simulation", data, cluster_scores=command.across, tables=beside)
    return simulate_over_folders(str(command), places, progress, few_trips=few_trips)


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
    from fedfolder.errors import ConfigError

    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ConfigError(
            "the result cannot be written",
            where=str(path),
            found=error.strerror or type(error).__name__,
            do="name a file in a folder that is there, and run the same command again",
        ) from None
