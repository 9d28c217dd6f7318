"""`fedfolder simulate`: a fit over nodes that are made up on this computer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fedfolder.cli.beside import TABLE, tables_of
from fedfolder.cli.fits import FEW_TRIPS, FILE, OUT, finish

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fedfolder.command import Command
    from fedfolder.custody.policy import Policy
    from fedfolder.estimates import FitResult
    from fedfolder.node.tables import TableFile
    from fedfolder.questions.sample import Sample
    from fedfolder.server.progress import Progress
    from fedfolder.simulation import Split

DEFAULT_NODES = 3


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
    metavar=TABLE,
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
    held, beside = None if policy is None else named(policy), tables_of(tables)
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
