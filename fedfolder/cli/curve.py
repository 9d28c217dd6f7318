"""`fedfolder curve`: survival and hazards over time from a stored fit, as numbers and as a picture."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from fedfolder.cli.postestimation import STORED, stored
from fedfolder.cli.saving import writing

if TYPE_CHECKING:
    from collections.abc import Iterable

OUT = click.Path(path_type=Path, dir_okay=False)


@click.command(short_help="Survival and hazards over time, as numbers and as a picture.")
@click.argument("result", type=STORED)
@click.option("--at", "patterns", multiple=True, metavar="TEXT", help="A value for each variable; repeat for more.")
@click.option("--times", metavar="NUMBERS", help="At which times, such as '0(0.25)10' or '1 2 5'.")
@click.option("--standardised", is_flag=True, help="Averages of a fit with standsurv(), at its times and patterns.")
@click.option(
    "--of",
    "what",
    type=click.Choice(["survival", "hazard", "cumhazard"]),
    help="What to show: survival, unless told otherwise.",
)
@click.option("--contrast", type=click.Choice(["difference", "ratio"]), help="Hold each pattern against the first.")
@click.option("--level", type=float, metavar="PERCENT", help="Another confidence level.")
@click.option("--out", type=OUT, metavar="FILE.csv", help="Write the numbers here, instead of showing them.")
@click.option("--plot", type=OUT, metavar="FILE", help="Draw them into this .png or .svg.")
@click.option("--unit", default="time", show_default=True, metavar="TEXT", help="What the axis of time is called.")
def curve(
    result: Path,
    patterns: tuple[str, ...],
    times: str | None,
    standardised: bool,
    what: str | None,
    contrast: str | None,
    level: float | None,
    out: Path | None,
    plot: Path | None,
    unit: str,
) -> None:
    """Survival, hazards or cumulative hazards over time from RESULT, with confidence intervals.

    Each --at is a pattern: a value for each variable of the model, with a name before a colon if you like. Nothing is
    needed but the fit: no data are read. After a fit with standsurv(), --standardised shows its average survival. After
    stcox, times are those of its basesurv(), and a pattern names its stratum.

    \b
    Examples:
      fedfolder curve fit.json --at "age=60 stage=1" --at "age=60 stage=3" --times "0(0.25)10" --out s.csv --plot s.svg
      fedfolder curve fit.json --at "early: stage=1" --at "late: stage=3" --times "1 5 10" --contrast difference
      fedfolder curve fit.json --at stage=1 --at stage=3 --times 1/10 --of hazard --contrast ratio
      fedfolder curve fit.json --standardised --contrast difference
    """
    from fedfolder.estimates.drawing import draw

    form = _form(plot)
    if standardised:
        _refuse_beside({"--at": patterns, "--times": times, "--of": what})
        found = stored(result).standardised(contrast=contrast, level=level)
    else:
        asked = read_patterns(patterns), _times(times), what or "survival"
        found = stored(result).curves(*asked, contrast=contrast, level=level)
    if form is not None and plot is not None:
        with writing(plot, "the curves"):
            plot.write_bytes(draw(found, form, time=unit))
    frame = found.frame()
    if out is None:
        click.echo(frame.to_string(index=False, float_format=lambda number: f"{number:.7g}", na_rep="."))
        return
    with writing(out, "the curves"):
        frame.to_csv(out, index=False, lineterminator="\n", encoding="utf-8")


def _refuse_beside(given: dict[str, object]) -> None:
    """Refuse options that say what the fit itself has said already."""
    from fedfolder.errors import ConfigError

    for option, value in given.items():
        if value:
            raise ConfigError(
                f"{option} does not go with --standardised: times and patterns are those of the fit's standsurv()",
                found=option,
                do="leave one of the two out; other times or patterns take another fit",
            )


def _times(text: str | None) -> list[float]:
    from fedfolder.command.numlist import numlist
    from fedfolder.errors import ConfigError

    if text is None:
        raise ConfigError("these curves have no times", expected="--times NUMBERS, such as --times '0(0.25)10'")
    return numlist(text)


def read_patterns(texts: Iterable[str]) -> dict[str, dict[str, float | str]]:
    """Each pattern by its name, or by its text where it has none; one without a name or a variable if there are none.

    Raises
    ------
    ConfigError
        A text is not made of VARIABLE=VALUE, or two patterns have one name.
    """
    from fedfolder.errors import ConfigError

    found: dict[str, dict[str, float | str]] = {}
    for text in texts:
        name, values = _pattern(text)
        if name in found:
            raise ConfigError(
                "two patterns have one name", where=f"--at {text}", found=name, do="name them differently"
            )
        found[name] = values
    return found or {"": {}}


def _pattern(text: str) -> tuple[str, dict[str, float | str]]:
    from fedfolder.errors import ConfigError

    before, colon, after = text.partition(":")
    named = bool(colon) and "=" not in before
    try:
        words = shlex.split(after if named else text)
    except ValueError:
        words = [text]
    values: dict[str, float | str] = {}
    for word in words:
        variable, equals, value = word.partition("=")
        if not equals or not variable or variable in values:
            raise ConfigError(
                "a pattern is made of VARIABLE=VALUE, each variable once",
                where=f"--at {text}",
                found=word,
                expected='such as --at "age=60 stage=3", or --at "late: age=60 stage=3"',
            )
        values[variable] = _value(value)
    return before.strip() if named else " ".join(words), values


def _value(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _form(plot: Path | None) -> Literal["png", "svg"] | None:
    from fedfolder.errors import ConfigError
    from fedfolder.estimates.drawing import FORMS

    if plot is None:
        return None
    form = next((form for form in FORMS if plot.suffix.lower() == f".{form}"), None)
    if form is None:
        raise ConfigError(
            "a picture cannot be written to a file of this kind",
            where=str(plot),
            found=plot.suffix or "no suffix",
            expected=" or ".join(f".{form}" for form in FORMS),
        )
    return form
