"""After a fit: tests and combinations of its coefficients, from the stored result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from fedfolder.estimates import FitResult

STORED = click.Path(path_type=Path)
SIGNS = {"ignore_unknown_options": True}
"""So that `-age + smoke` is no option."""


def stored(path: Path) -> FitResult:
    """The result in a file, or in the folder of a run."""
    from fedfolder.server.results import read_result

    return read_result(path)


def called(path: Path) -> str:
    """What to call a stored result: its file without the ending, or the folder of its run."""
    whole = path.absolute()
    return whole.parent.name if whole.name == "result.json" else whole.name.removesuffix(".json")


@click.command(short_help="Test linear hypotheses about coefficients.", context_settings=SIGNS)
@click.argument("result", type=STORED)
@click.argument("hypotheses", nargs=-1, required=True)
def test(result: Path, hypotheses: tuple[str, ...]) -> None:
    """Wald test of HYPOTHESES about the coefficients in RESULT, in Stata's words.

    RESULT is what --json wrote, or a folder in the runs of a study. Put quotes around signs that a shell would read.

    \b
    Examples:
      fedfolder test lbw.json 2.race 3.race
      fedfolder test lbw.json "age = lwt"
      fedfolder test lbw.json "(age=0) (smoke=1)"
      fedfolder test lbw-server/runs/fit1 "[2]age"
    """
    click.echo(stored(result).test(" ".join(hypotheses)), nl=False)


@click.command(short_help="Test all coefficients of some terms.", context_settings=SIGNS)
@click.argument("result", type=STORED)
@click.argument("terms", nargs=-1, required=True)
@click.option("--equal", is_flag=True, help="Test that they are equal to one another, not that they are zero.")
@click.option("--equation", metavar="NAME", help="Look in one equation only.")
def testparm(result: Path, terms: tuple[str, ...], equal: bool, equation: str | None) -> None:
    """Wald test that all coefficients of TERMS are zero.

    \b
    Examples:
      fedfolder testparm lbw.json i.race
      fedfolder testparm lbw.json smoke ptl --equal
    """
    click.echo(stored(result).testparm(" ".join(terms), equal=equal, equation=equation), nl=False)


@click.command(short_help="A linear combination of coefficients.", context_settings=SIGNS)
@click.argument("result", type=STORED)
@click.argument("combination", nargs=-1, required=True)
def lincom(result: Path, combination: tuple[str, ...]) -> None:
    """A linear COMBINATION of coefficients, with its standard error and interval.

    After a comma: or, irr, rrr, hr or eform to exponentiate it; level(90).

    \b
    Examples:
      fedfolder lincom lbw.json "2*age + smoke"
      fedfolder lincom lbw.json "2.race - 3.race, or level(90)"
    """
    click.echo(stored(result).lincom(" ".join(combination)), nl=False)


@click.command(short_help="A nonlinear function of coefficients.", context_settings=SIGNS)
@click.argument("result", type=STORED)
@click.argument("expression", nargs=-1, required=True)
def nlcom(result: Path, expression: tuple[str, ...]) -> None:
    """A smooth function of coefficients, by the delta method.

    \b
    Examples:
      fedfolder nlcom lbw.json "_b[age]/_b[smoke]"
      fedfolder nlcom lbw.json "(ratio: _b[age]/_b[lwt]) (exp(_b[2.race]))"
    """
    click.echo(stored(result).nlcom(" ".join(expression)), nl=False)


@click.command(short_help="Likelihood-ratio test of two fits.")
@click.argument("first", type=STORED)
@click.argument("second", type=STORED)
def lrtest(first: Path, second: Path) -> None:
    """Likelihood-ratio test of two stored fits, one within the other, in any order.

    \b
    Example:
      fedfolder lrtest small.json large.json
    """
    from fedfolder.estimates import lrtest as compare

    names = (called(first), called(second))
    if names[0] == names[1]:
        names = (str(first), str(second))
    click.echo(compare(stored(first), stored(second), names), nl=False)


@click.group(short_help="Criteria and covariances of a fit.")
def estat() -> None:
    """What else Stata's estat tells of a stored fit."""


@estat.command(short_help="Akaike's and the Bayesian information criterion.")
@click.argument("result", type=STORED)
def ic(result: Path) -> None:
    """Akaike's and the Bayesian information criterion.

    \b
    Example:
      fedfolder estat ic lbw.json
    """
    click.echo(stored(result).estat_ic(), nl=False)


@estat.command(short_help="The covariance of the coefficients.")
@click.argument("result", type=STORED)
@click.option("--correlation", is_flag=True, help="Correlations instead.")
def vce(result: Path, correlation: bool) -> None:
    """The covariance of the coefficients, or their correlations.

    \b
    Example:
      fedfolder estat vce lbw.json --correlation
    """
    click.echo(stored(result).estat_vce(correlation=correlation), nl=False)
