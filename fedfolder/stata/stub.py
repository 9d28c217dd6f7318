"""The data set that `ml` looks at while it drives a fit over the nodes: names, levels and a number of rows.

No row of it is anyone's: what the numbers are, and why, says `rows`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import numpy as np

from fedfolder.command.terms import Column, all_combinations
from fedfolder.errors import FitError
from fedfolder.plan.proposal import MOST_EVALUATIONS
from fedfolder.server.study import open_study
from fedfolder.stata import columns, ml, unheeded
from fedfolder.stata.rows import Model, make, of_length
from fedfolder.stata.wording import harmless

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.server.external import External
    from fedfolder.stata.bridge import Stata
    from fedfolder.stata.driving import OpenFit
    from fedfolder.stata.matching import Codes
    from fedfolder.stata.rows import Rows

MOST_ROWS = 100_000
"""Rows that are put into memory, at most; of a larger sample, `ml` is told how many there are."""
NOTE = "fedfolder stub: names and levels only"
GLOBAL = "FEDFOLDER_ML"
"""The global macro that holds the line to type next."""
SHOWN = ("level", "or", "irr", "rrr", "eform")
"""Options of a command that `ml display` has as well: they change nothing but the table."""


def put(stata: Stata, now: OpenFit) -> None:
    """Put the stub of a fit into Stata's memory, and say what to type next.

    Raises
    ------
    FitError
        If `ml` could not be made to see this model.
    """
    fit = now.fit
    stata.require_matrix(len(fit.names))
    now.codes = columns.codes(fit.levels)
    n = ml.observations(fit)
    rows = _rows(model_of(fit, now.codes), n)
    count = rows.count if rows.variables else min(n, MOST_ROWS)
    now.line = ml.line(fit, now.codes, as_is=rows.as_is, rows=count)
    outcome = fit.specification.outcome
    values = {outcome: _outcome(now.codes.get(outcome, {}), count), **rows.variables}
    stata.new_data(count, values, NOTE)
    _label(stata, now)
    now.count = count
    stata.set_characteristic(unheeded.MARK, unheeded.mark(now.title, list(values)))
    stata.set_macro(GLOBAL, now.line)
    stata.say_unchanged()
    _tell(now, count)


def model_of(fit: External, codes: Codes) -> Model:
    """What Stata is to see of a fit."""
    layout, terms = fit.layout, fit.specification.terms
    factors = {factor.variable for term in terms for factor in term.factors}
    levels = {name: tuple(found) for name, found in fit.levels.items() if name in factors}
    cells = (
        column for term in terms if term.factors and not term.continuous for column in all_combinations(term, levels)
    )
    return Model(
        terms=terms,
        levels=levels,
        numbers=codes,
        labels=layout.labels,
        kept=fit.columns,
        empty=frozenset(frozenset(column.factors) for column in cells if not fit.occurs(column.label)),
        indicators=frozenset(label for label in layout.indicators if not Column.parse(label).factors),
        constant=ml.has_constant(fit),
    )


def _rows(model: Model, count: int) -> Rows:
    """Rows for a model, as many as there are observations if these are not too many."""
    made = make(model)
    if made is None:
        raise FitError(
            "no data could be made in which Stata leaves out what the fit leaves out, and nothing else",
            do="fit it without ml, or leave out the terms that are collinear",
        )
    return of_length(made, count, model) if count <= MOST_ROWS else made


def _outcome(levels: dict[str, int], count: int) -> NDArray[np.float64]:
    """Each level, or 0 and 1, in turn: `ml` hands it to the evaluator, which does not look at it."""
    return np.resize(np.array(list(levels.values()) or [0, 1], dtype=np.float64), count)


def _label(stata: Stata, now: OpenFit) -> None:
    """Label levels as the study's dictionary does, and those that a number stands for in Stata."""
    known = open_study(now.wish.study).labels(tuple(now.codes))
    for name, numbers in now.codes.items():
        labels = {
            number: known.get(name, {}).get(level) or ("" if level == str(number) else level)
            for level, number in numbers.items()
        }
        if any(labels.values()):
            stata.label_values(name, {number: harmless(label) for number, label in labels.items() if label})


def _tell(now: OpenFit, count: int) -> None:
    fit, nodes = now.fit, now.fit.proposal.nodes
    omitted = [label for label in fit.layout.labels if label not in fit.columns]
    click.echo()
    click.echo(f"Fit {fit.number}: {fit.observations:.0f} observations at {len(nodes)} nodes ({', '.join(nodes)}).")
    click.echo(f"Rounds so far: {fit.rounds}. Each new beta is one more; the nodes answer at most {MOST_EVALUATIONS}.")
    click.echo("ml asks about two in each iteration: at its step, and a little further on.")
    if len(nodes) == 2:  # noqa: PLR2004 - two
        click.echo("With two nodes, the published sums show each node the other's part.")
    if omitted:
        click.echo(f"Omitted (collinear, empty, or perfect predictors): {' '.join(omitted)}")
    for name, numbers in now.codes.items():
        if any(level != str(number) for level, number in numbers.items()):
            click.echo(f"{name}: {', '.join(f'{number} is {level}' for level, number in numbers.items())}")
    click.echo(f"In memory: {count} rows made from names and levels; none is anyone's. Type next")
    click.echo()
    click.echo(f"    {now.line}")
    shown = " ".join(str(option) for option in now.wish.command.options if option.name in SHOWN)
    click.echo(f"    ml display{', ' if shown else ''}{shown}")
    click.echo()
    click.echo(f"The first of these lines is also in ${GLOBAL}. When you are done: fedfolder close")
