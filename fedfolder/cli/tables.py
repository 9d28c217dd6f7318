"""`fedfolder estimates`: stored fits shown again, and side by side."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fedfolder.cli.postestimation import STORED, called, stored
from fedfolder.cli.saving import writing

if TYPE_CHECKING:
    from fedfolder.estimates.sidebyside import Grid

OUT = click.Path(path_type=Path, dir_okay=False)
FORMATS = ("text", "csv", "markdown", "latex", "docx")
_ENDINGS = {".csv": "csv", ".md": "markdown", ".tex": "latex", ".docx": "docx"}


@click.group(short_help="Stored fits: shown again, side by side.")
def estimates() -> None:
    """Stored fits: shown again, and side by side for a paper."""


@estimates.command(short_help="Show a stored fit again.")
@click.argument("result", type=STORED)
@click.option("--level", type=float, metavar="PERCENT", help="Another confidence level.")
def show(result: Path, level: float | None) -> None:
    """Show the table of a stored fit again.

    \b
    Example:
      fedfolder estimates show lbw.json --level 90
    """
    from fedfolder.estimates.coefficients import check_level

    fit = stored(result)
    fit = fit if level is None else dataclasses.replace(fit, level=check_level(level))
    click.echo(f"{fit.command}\n\n{fit.summary()}", nl=False)


@estimates.command(short_help="Fits side by side, for a screen or a paper.")
@click.argument("results", type=STORED, nargs=-1, required=True, metavar="RESULT...")
@click.option("--format", "form", type=click.Choice(FORMATS), help="Default: by the ending of --out, otherwise text.")
@click.option("--out", type=OUT, metavar="FILE", help="Write the table to this file; docx needs one.")
@click.option("--show", "contents", default="b se", show_default=True, metavar="WORDS", help="Of b, se, p and ci.")
@click.option("--star", "stars", default="", metavar="LEVELS", help="Stars for p-values below, as '.05 .01 .001'.")
@click.option("--stats", default="N ll", show_default=True, metavar="WORDS", help="N ll ll_0 aic bic k r2 r2_p chi2...")
@click.option("--eform", is_flag=True, help="Exponentiate coefficients.")
@click.option("--level", type=float, metavar="PERCENT", help="Confidence level of ci.")
@click.option("--decimals", type=click.IntRange(0, 15), metavar="N", help="Places after the point.")
@click.option("--names", metavar="NAMES", help="Names of the columns, with commas between.")
def table(
    results: tuple[Path, ...],
    form: str | None,
    out: Path | None,
    contents: str,
    stars: str,
    stats: str,
    eform: bool,
    level: float | None,
    decimals: int | None,
    names: str | None,
) -> None:
    """Set stored fits side by side, as Stata's estimates table does.

    \b
    Examples:
      fedfolder estimates table small.json large.json
      fedfolder estimates table small.json large.json --show "b ci" --eform
      fedfolder estimates table a.json b.json --star ".05 .01" --out table2.docx
    """
    from fedfolder.estimates.coefficients import check_level
    from fedfolder.estimates.sidebyside import Options, side_by_side

    options = Options(
        contents=tuple(_words(contents)),
        stars=_levels(stars),
        statistics=tuple(_words(stats)),
        eform=eform,
        level=None if level is None else check_level(level),
        decimals=decimals,
    )
    columns = list(zip(_names(results, names), map(stored, results), strict=True))
    kind = form or (_ENDINGS.get(out.suffix.lower(), "text") if out else "text")
    _put(side_by_side(columns, options), kind, out)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\s,]+", text)


def _levels(text: str) -> tuple[float, ...]:
    from fedfolder.errors import ConfigError

    try:
        return tuple(float(word) for word in _words(text))
    except ValueError:
        raise ConfigError("these are no levels of significance", found=text, expected="such as .05 .01 .001") from None


def _names(results: tuple[Path, ...], names: str | None) -> list[str]:
    from fedfolder.errors import ConfigError

    if names is None:
        return [called(path) for path in results]
    found = [name.strip() for name in names.split(",")]
    if len(found) != len(results):
        raise ConfigError(
            "there are not as many names as fits",
            found=f"{len(found)} names, {len(results)} fits",
            do="write one name for each, with commas between",
        )
    return found


def _put(grid: Grid, kind: str, out: Path | None) -> None:
    """Print a table or write it."""
    from fedfolder.errors import ConfigError
    from fedfolder.estimates.docx import docx
    from fedfolder.estimates.formats import FORMATS as WRITERS

    if kind == "docx" and out is None:
        raise ConfigError("a Word document goes to a file", do="name it, as in --out table.docx")
    written = docx(grid) if kind == "docx" else WRITERS[kind](grid).encode()
    if out is None:
        click.echo(written.decode(), nl=False)
        return
    with writing(out, "the table"):
        out.write_bytes(written)
