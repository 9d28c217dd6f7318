"""`fedfolder check` and `fedfolder synth`: before any model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fedfolder.cli.durations import seconds
from fedfolder.cli.fits import FILE, INTERRUPTED, OUT, write

if TYPE_CHECKING:
    from pathlib import Path

    from fedfolder.dictionary import Dictionary
    from fedfolder.server.findings import Findings


@click.command(short_help="Ask every node what differs from the study's dictionary.")
@click.argument("paths", type=FILE, nargs=-1, required=True, metavar="STUDY | FILE...")
@click.option("--dictionary", type=OUT, metavar="FILE", help="Check data files on this computer against this table.")
@click.option(
    "--timeout",
    type=seconds,
    metavar="TIME",
    help="Wait no longer than this for the nodes, as 90s, 30m or 48h; 0: for ever.",
)
@click.option("--json", "json_out", type=OUT, metavar="FILE", help="Write the findings as JSON.")
def check(paths: tuple[Path, ...], dictionary: Path | None, timeout: float | None, json_out: Path | None) -> None:
    """Ask every node of the study in the folder STUDY what differs from the dictionary, site by site.

    A node says it in classes and yes or no, never with a value: which variable is missing or of another type, how many
    levels the dictionary does not have, what looks ten times off. The findings are kept in STUDY/runs. The exit code
    is 0 if nothing differs.

    With --dictionary, data files on this computer are checked, each as if it lay at a node of its own.

    \b
    Examples:
      fedfolder check lbw-server
      fedfolder check north.csv south.dta --dictionary dictionary.csv
    """
    found = _of_files(paths, dictionary) if dictionary else _of_study(paths, timeout)
    click.echo(f"\n{found.summary()}")
    if json_out is not None:
        write(json_out, found.to_json())
    _require_nothing(found)


def _of_files(paths: tuple[Path, ...], dictionary: Path) -> Findings:
    from fedfolder.rehearsal import check_files
    from fedfolder.server.study import read_dictionary

    return check_files({f"node{k}": path for k, path in enumerate(paths, start=1)}, read_dictionary(dictionary))


def _of_study(paths: tuple[Path, ...], timeout: float | None) -> Findings:
    from fedfolder.cli.progress import for_terminal
    from fedfolder.server.check import check_study

    if len(paths) > 1:
        raise click.UsageError("Name one study; or data files and --dictionary.")
    try:
        with for_terminal() as progress:
            return check_study(paths[0], timeout=timeout, progress=progress)
    except KeyboardInterrupt:
        click.echo("\nStopped. Nothing is lost: run the same command again to go on.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None


def _require_nothing(found: Findings) -> None:
    """End well only when every node has answered, and nothing differs.

    Raises
    ------
    WaitingError, RefusedError, DifferenceError
    """
    from fedfolder.errors import DifferenceError, RefusedError, WaitingError
    from fedfolder.server.check import NO_ANSWER

    where = ", ".join(site.node for site in found.unanswered)
    if any(site.state == NO_ANSWER for site in found.unanswered):
        do = "run the same command again: it goes on, and asks nobody twice"
        raise WaitingError("not every node has answered", where=where, do=do)
    if found.unanswered:
        raise RefusedError("not every node could be checked", where=where, do="the node's log.txt says why")
    if found.differences:
        names = dict.fromkeys(f"{line.variable} at {line.node}" for line in found.differences)
        do = (
            "mend it at the site (data, or [variables] and [recode] in node.toml) or in the dictionary, and check again"
        )
        raise DifferenceError("sites differ from the dictionary", where=", ".join(names), do=do)


@click.command(short_help="Make synthetic data from a study's dictionary, for a dry run.")
@click.argument("study", type=FILE)
@click.option("--rows", type=click.IntRange(min=1), default=1000, show_default=True, help="How many rows.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="The same seed, the same data.")
@click.option("--site", default="", metavar="NAME", help="Another site gets other rows.")
@click.option("--out", type=OUT, required=True, metavar="FILE", help="The file to write: .csv or .dta.")
def synth(study: Path, rows: int, seed: int, site: str, out: Path) -> None:
    """Make data of people who never were, from the dictionary of STUDY (its folder, or a dictionary as a table).

    Each variable is made by itself, within its plausible range or of its levels, with some values missing: nothing is
    associated with anything. Point a node's node.toml to such a file, and rehearse the study before the data come.

    \b
    Examples:
      fedfolder synth lbw-server --rows 1000 --seed 1 --site north --out north.dta
      fedfolder synth dictionary.csv --out trial.csv
    """
    from fedfolder.rehearsal import synthetic, write_synthetic

    dictionary = _dictionary_of(study)
    write_synthetic(out, dictionary, synthetic(dictionary, rows, seed=seed, site=site))
    click.echo(f"{out}: {rows} rows of {len(dictionary.variables)} variables, all made up.")


def _dictionary_of(study: Path) -> Dictionary:
    """That of a study's folder, or the table itself."""
    from fedfolder.server.study import open_study, read_dictionary

    return open_study(study).require_dictionary() if study.is_dir() else read_dictionary(study)
