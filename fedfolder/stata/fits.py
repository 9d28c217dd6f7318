"""A fit that was typed in Stata: `fedfolder logit low age i.race smoke, study("C:/studies/lbw") timeout(1h)`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fedfolder.cli.fits import fitted, run, write
from fedfolder.command import parse
from fedfolder.errors import CommandError, ConfigError, FitError, UnknownNameError, close_names, nearest
from fedfolder.stata import codes, commands
from fedfolder.stata.names import require_names
from fedfolder.stata.paths import typed
from fedfolder.stata.wording import in_stata_words

if TYPE_CHECKING:
    from fedfolder.estimates import FitResult
    from fedfolder.stata.bridge import Stata
    from fedfolder.stata.line import Line, Option

STUDY = "FEDFOLDER_STUDY"
"""The global macro that names the study where a command does not."""

FILES = {"json_out": "to_json", "csv_out": "to_csv"}
"""What `json()` and `csv()` write."""


def ours() -> dict[str, click.Option]:
    """The options of every fit that are ours: those of `fedfolder run`."""
    return {name: option for name, option in commands.options_of(run).items() if name != "help"}


def require_comma(line: Line) -> None:
    """Refuse an option of ours that stands before the comma.

    Raises
    ------
    CommandError
    """
    words = "|".join(["study", *ours()])
    found = re.search(rf"\b(?:{words})\s*\(", line.main)
    if found is not None and not line.options:
        what = "options begin with a comma"
        raise CommandError(what, text=line.main, position=found.start(), expected=f", {found[0]}...)")


def fit(line: Line, study: str) -> FitResult | int:
    """Run the fit that a line asks for; return its result, or a return code where there is none.

    Raises
    ------
    FedfolderError
        As `fedfolder.server.run.run`; a `FitError` if there are no numbers.
    """
    known = ours()
    mine = [option for option in line.options if option.name in known]
    rest = [option for option in line.options if option.name not in known and option.name != "study"]
    command = line.command(rest)
    _check_options(command, rest, [*known, "study"])
    return run_fit(commands.as_arguments(run, mine), study, command)


def _check_options(command: str, options: list[Option], known: list[str]) -> None:
    """Say of a word that is no option of the command which of ours may be meant; it is no variable, either."""
    try:
        parse(command)
    except UnknownNameError as error:
        if error.found not in {option.name for option in options}:
            raise
        do = nearest(error.found, known) if close_names(error.found, known) else error.do
        raise CommandError(
            error.what, text=command, position=command.rindex(error.found), expected=error.expected, do=do
        ) from None


def run_fit(options: list[str], study: str, command: str) -> FitResult | int:
    """Run a fit with these options of `fedfolder run`, and write what was asked for."""
    given = commands.parsed(run, "run", [*options, "--", study, command])
    if given is None:
        return codes.SYNTAX
    # Before a node is asked: what cannot be posted is of no use here.
    require_names(parse(command))
    files = {name: given.pop(name) for name in FILES}
    result = _shown(given)
    if isinstance(result, int):
        return result
    for name, path in files.items():
        if isinstance(path, Path):
            write(path, getattr(result, FILES[name])())
    if not result.names:
        raise FitError(f"there is no estimate: {result.status}", found=result.message, do="change the command")
    return result


def _shown(given: dict[str, Any]) -> FitResult | int:
    """The result, with the progress shown while it is waited for; Break loses nothing."""
    try:
        return fitted(**given)
    except click.UsageError as error:
        click.echo(in_stata_words(error.format_message()), err=True)
        return codes.SYNTAX
    except KeyboardInterrupt:
        again = ", without again," if given["again"] else ""
        click.echo(f"\nStopped. Nothing is lost: type the same command again{again} to go on.", err=True)
        return codes.BREAK


def study_of(stata: Stata, line: Line) -> str:
    """The study's home, from the option or the global macro; Python's working folder is not Stata's.

    Raises
    ------
    CommandError
        If the comma before the options is missing.
    ConfigError
        If there is not one study.
    """
    require_comma(line)
    named = [option.argument for option in line.options if option.name == "study"]
    if len(named) > 1:
        raise ConfigError("the option study is given twice", do="leave one of them out")
    study = (named[0] if named else stata.macro(STUDY)) or ""
    if not study:
        raise ConfigError(
            "which study is this for?",
            expected="the folder that is the study's home",
            do=f'add study("folder"), or say it once for the session: global {STUDY} "folder"',
        )
    return str(Path(stata.folder(), typed(study)).absolute())
