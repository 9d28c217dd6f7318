"""What stands above and below the table of coefficients: `ereturn display` has the table itself."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from fedfolder.command import ANCILLARY, parse
from fedfolder.command.models import WITH_OPTION, model_of
from fedfolder.command.names import abbreviates
from fedfolder.command.options import OPTIONS
from fedfolder.errors import CommandError, FedfolderError, nearest
from fedfolder.estimates import family, intercepts
from fedfolder.estimates.coefficients import check_level, coefficients, critical
from fedfolder.estimates.heading import WIDTH, heading_without_clusters
from fedfolder.estimates.layout import Row
from fedfolder.estimates.table import EFORM, derived_rows, notes, number_row
from fedfolder.stata import keeping
from fedfolder.stata.line import read
from fedfolder.stata.stripe import stripe

if TYPE_CHECKING:
    from fedfolder.estimates import FitResult
    from fedfolder.stata.bridge import Stata

DETAILS = "details"
"""The option that shows the nodes and the rounds too: given with a new fit, to be asked for at a replay."""
WORDS = tuple(EFORM)
_STUB = 12


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """A fit as it is to be shown.

    Parameters
    ----------
    result : FitResult
        With the level and the exponentiation that were asked for.
    details : bool
        Whether the nodes and the rounds are shown.
    others : tuple of str
        Options that are Stata's.
    """

    result: FitResult
    details: bool
    others: tuple[str, ...]

    @property
    def appended(self) -> list[str]:
        """The ancillary parameters: we print their rows, which are never exponentiated or tested."""
        return [name for name in self.result.names if name.startswith(ANCILLARY)]

    @property
    def rows(self) -> list[str]:
        """Those that have a row of their own; of a random intercept, the variance is shown."""
        return [name for name in self.appended if not intercepts.is_deviation(name)]


def asked(result: FitResult, text: str, level: str, eform: str = "") -> Shown:
    """What the options of a replay ask for; without one, the level is that of the session, `level`, and `eform` holds.

    Raises
    ------
    CommandError
        For an exponentiation that the model has not, or what is no option.
    ConfigError
        For what is no level.
    """
    line = read(text)
    if line.main:
        raise CommandError("nothing can stand before the comma when results are shown again", text=text, position=0)
    details, others = False, []
    for option in line.options:
        name = _full(option.name)
        if name in WORDS:
            eform = _ratio(result, name)
        elif name == "nohr":
            eform = ""
        elif name == "level":
            level = option.argument or ""
        elif name == DETAILS:
            details = True
        else:
            others.append(option.text)
    return Shown(dataclasses.replace(result, eform=eform, level=_level(level)), details, tuple(others))


def _full(word: str) -> str:
    """The full name of an option that a command has, too; any other word as it is."""
    shown = (rule for rule in OPTIONS if rule.name in {*WORDS, "level", "nohr", "tratio"})
    return next((rule.option("").name for rule in shown if abbreviates(word, rule.name, rule.shortest)), word)


def _ratio(result: FitResult, word: str) -> str:
    model = model_of(result.model)
    known = [model.ratio] * bool(model.ratio) + ["eform"] * model.eform
    if model.survival and not result.splines:
        known = ["hr" if parse(result.command).hazards else "tr"]
    if word not in known:
        do = nearest(word, known) if known else "leave it out"
        raise CommandError(f"coefficients of {result.model} are not shown so", text=word, position=0, do=do)
    return word


def _level(text: str) -> float:
    try:
        return check_level(float(text))
    except ValueError:
        raise CommandError("this is no confidence level", text=text, position=0, expected="level(95)") from None


def options_of(result: FitResult) -> str:
    """How a new fit is shown: as its command says."""
    try:
        level = parse(result.command).option("level")
    except FedfolderError:
        level = None
    words = [word for word in (result.eform, str(level) if level else "", DETAILS) if word]
    return f", {' '.join(words)}"


def show_header(stata: Stata) -> None:
    """Print what stands above the table, and leave the options of `ereturn display` in the local `options`."""
    shown = _asked(stata)
    result = shown.result
    predicting = {name for name, _, _ in result.excluded}
    if shown.details:
        for label in (label for label in result.omitted if label not in predicting):
            click.echo(f"note: {label} omitted because of collinearity, or because no row has it.")
    click.echo("\n" + "\n".join(line.rstrip() for line in heading_without_clusters(result)).strip("\n") + "\n")
    words = [f"level({result.level:g})"]
    words += [f"eform({EFORM[family.natural_eform(result)]})"] if result.eform else []
    words += ["first", "plus"] if shown.appended else []
    stata.set_local("options", " ".join([*words, *shown.others]))


def _asked(stata: Stata) -> Shown:
    result = keeping.posted(stata)
    return asked(result, stata.local("0"), stata.local("level"), _always(stata, result))


def _always(stata: Stata, result: FitResult) -> str:
    """The exponentiation that belongs to the word of the command itself: `logistic` has odds ratios each time.

    Models of survival times show what they were asked to show at first.
    """
    if model_of(result.model).survival:
        return result.eform
    typed = read(stata.macro("e(cmdline)").removeprefix(keeping.COMMAND)).main.split()
    return result.eform if typed and typed[0] in WITH_OPTION else ""


def show_footer(stata: Stata) -> None:
    """Print what stands below the table."""
    shown = _asked(stata)
    result = shown.result
    for line in [*_rows(shown), *notes(result), *_encoded(result)]:
        click.echo(line.rstrip())
    if shown.details:
        click.echo(f"Rows: {', '.join(f'{name} {n}' for name, n in result.nodes)}.")
        click.echo(
            f"Trips to the nodes: {result.rounds}, with {result.evaluations} evaluations. "
            f"Condition number of the scaled information: {result.condition:.3g}."
        )


def _rows(shown: Shown) -> list[str]:
    """The rows of ancillary parameters, and of what is made of them, such as alpha."""
    result = shown.result
    table = coefficients(result, exponentiated=bool(result.eform))
    rows = [Row(name).stub(_STUB) + number_row(table, result.names.index(name)) for name in shown.rows]
    crossed = f"{'-' * (_STUB + 1)}+{'-' * (WIDTH - _STUB - 2)}"
    if derived := derived_rows(result):
        rows += [crossed, *(Row(name).stub(_STUB) + numbers for name, numbers in derived.items())]
    if variance := intercepts.variance_lines(result, _STUB, critical(result)):
        rows += [*([crossed] if rows else []), *variance]
    return [*rows, "-" * WIDTH] if rows else []


def _encoded(result: FitResult) -> list[str]:
    """What the numbers stand for that we gave to levels which are none in Stata."""
    return [
        f"Levels of {variable}: {', '.join(f'{number} {level}' for level, number in codes.items())}."
        for variable, codes in stripe(result).codes.items()
    ]
