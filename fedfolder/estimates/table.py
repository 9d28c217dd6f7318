"""The tables that people read, in Stata 18's layout.

Source: printed output of `logit` and `regress`; the columns of the coefficient table are `%9.0g`, `%9.0g`, `%8.2f`,
`%5.3f` and twice `%9.0g`, the log-likelihood is `%10.0g`, sums of squares are `%11.0g`.
"""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from fedfolder.command.terms import CONSTANT_NAME
from fedfolder.estimates import distributions
from fedfolder.estimates.coefficients import coefficients
from fedfolder.estimates.layout import abbreviate, columns_in_order, name_width, rows_of
from fedfolder.estimates.number import display, fixed, general
from fedfolder.estimates.statistics import model_df

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedfolder.estimates.coefficients import Coefficients
    from fedfolder.estimates.result import FitResult

WIDTH = 78
"""Characters in a line of a table whose names are short."""

WIDEST_NAME = 14
"""Characters for names at most: one line then has 80."""

_NUMBERS = 64  # characters to the right of the bar


def iteration_line(number: int, loglike: float) -> str:
    """One line of the iteration log: `Iteration 0:  Log likelihood = -131.00482`."""
    return f"Iteration {number}:  Log likelihood = {display(loglike, '%10.0g')}"


def summary(result: FitResult) -> str:
    """The fit as Stata prints it: heading, coefficient table, notes; without numbers its status and message.

    Returns
    -------
    str
        Lines of at most 80 characters without spaces at their ends, the last one ended too.
    """
    if not result.names:
        lines = [*_beside([result.title], _counted(result)[:1]), "", *_explained(result)]
    else:
        heading = _anova(result) if result.model == "regress" else _likelihood_heading(result)
        lines = [*heading, "", *coefficient_table(result), *_notes(result)]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def coefficient_table(result: FitResult) -> list[str]:
    """The lines of the coefficient table, rules included."""
    columns = columns_in_order([result.command], [*result.names, *result.omitted])
    width = name_width(columns, WIDEST_NAME)
    numbers = _numbers(result)
    body = [row.stub(width) + numbers.get(row.label or "", "") for row in rows_of(columns, width)]
    rule = "-" * (width + 2 + _NUMBERS)
    crossed = f"{'-' * (width + 1)}+{'-' * _NUMBERS}"
    return [rule, _column_heads(result, width), crossed, *(line.rstrip() for line in body), rule]


def _column_heads(result: FitResult, width: int) -> str:
    name = "Odds ratio " if result.odds_ratios else "Coefficient"
    test = f"      {result.statistic}    P>|{result.statistic}|"
    interval = f"[{general(result.level, 9)}% conf. interval]".rjust(25)
    return f"{abbreviate(result.depvar, width).rjust(width)} | {name}  Std. err.{test}{interval}"


def _numbers(result: FitResult) -> dict[str, str]:
    """The right-hand side of each row by label, omitted ones included."""
    table = coefficients(result, odds_ratios=result.odds_ratios)
    nothing = ("1" if result.odds_ratios else "0").rjust(11)
    omitted = dict.fromkeys(result.omitted, f"{nothing}  (omitted)")
    return omitted | {name: _number_row(table, i) for i, name in enumerate(table.names)}


def _number_row(table: Coefficients, i: int) -> str:
    estimate = "".join(f"  {display(float(column[i]), '%9.0g')}" for column in (table.b, table.se))
    test = f" {display(float(table.statistic[i]), '%8.2f')}   {display(float(table.p[i]), '%5.3f')}"
    interval = f"    {display(float(table.lower[i]), '%9.0g')}   {display(float(table.upper[i]), '%9.0g')}"
    return estimate + test + interval


def _likelihood_heading(result: FitResult) -> list[str]:
    loglike = f"Log likelihood = {general(result.llf, 10)}"
    return _beside([result.title, "", "", loglike], _counted(result))


def _counted(result: FitResult) -> list[tuple[str, str]]:
    """The right-hand side of the heading of a maximum-likelihood fit, as labels and values."""
    df, chi2 = model_df(result.names), result.stats.get("chi2", math.nan)
    kind = "Wald" if result.llnull is None else "LR"
    pairs = [
        ("Number of obs", f"{result.nobs:,}"),
        (f"{kind} chi2({df})", fixed(chi2, 9, 2)),
        ("Prob > chi2", fixed(float(distributions.chi2_upper(chi2, df)), 6, 4)),
    ]
    if "r2_p" in result.stats:
        pairs.append(("Pseudo R2", fixed(result.stats["r2_p"], 6, 4)))
    return pairs


def _beside(left: Sequence[str], right: Sequence[tuple[str, str]]) -> list[str]:
    """Set `label = value` lines flush right beside the lines on the left."""
    label_width = max(13, *(len(label) for label, _ in right))
    value_width = max(6, *(len(value) for _, value in right))
    texts = [f"{label.ljust(label_width)} = {value.rjust(value_width)}" for label, value in right]
    room = WIDTH - label_width - 3 - value_width
    missing = [""] * (len(left) - len(texts))
    return [f"{name.ljust(room)}{text}".rstrip() for name, text in zip(left, [*texts, *missing], strict=False)]


def _anova(result: FitResult) -> list[str]:
    """The heading of `regress`: the analysis of variance beside the statistics of the fit."""
    df_model = model_df(result.names)
    df_resid = result.df_resid or 0
    rss, tss = (result.stats.get(name, math.nan) for name in ("rss", "tss"))
    rule = f"{'-' * 13}+{'-' * 34}"
    left = [
        "      Source |       SS           df       MS",
        rule,
        _source("Model", tss - rss if df_model else 0.0, df_model),
        _source("Residual", rss, df_resid),
        rule,
        _source("Total", tss, df_model + df_resid),
    ]
    right = (f"{label.ljust(15)} = {value.rjust(9)}" for label, value in _fit_statistics(result, df_model, df_resid))
    return [f"{block.ljust(48)}   {text}" for block, text in zip(left, right, strict=True)]


def _source(name: str, squares: float, df: int) -> str:
    mean = squares / df if df else math.nan
    return f"{name:>12} | {display(squares, '%11.0g')}{df:>10,} {display(mean, '%11.0g')}"


def _fit_statistics(result: FitResult, df_model: int, df_resid: int) -> list[tuple[str, str]]:
    f, r2, r2_a, rmse = (result.stats.get(name, math.nan) for name in ("F", "r2", "r2_a", "rmse"))
    return [
        ("Number of obs", f"{result.nobs:,}"),
        (f"F({df_model}, {df_resid})", fixed(f, 9, 2)),
        ("Prob > F", fixed(float(distributions.f_upper(f, df_model, df_resid)), 9, 4)),
        ("R-squared", fixed(r2, 9, 4)),
        ("Adj R-squared", fixed(r2_a, 9, 4)),
        ("Root MSE", general(rmse, 7)),
    ]


def _notes(result: FitResult) -> list[str]:
    notes = []
    if result.odds_ratios and CONSTANT_NAME in result.names:
        notes.append(f"Note: {CONSTANT_NAME} estimates baseline odds.")
    if result.without:
        left_out = f"Note: without {', '.join(result.without)}, from which no answer came in time."
        notes += textwrap.wrap(left_out, WIDTH, break_on_hyphens=False)
    return notes + (_explained(result) if result.status != "converged" else [])


def _explained(result: FitResult) -> list[str]:
    text = f"Status: {result.status}." + (f" {result.message}" if result.message else "")
    return textwrap.wrap(text, WIDTH, break_on_hyphens=False)
