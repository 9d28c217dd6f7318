"""The tables that people read, in Stata 18's layout.

Source: printed output of the commands; the columns of the coefficient table are `%9.0g`, `%9.0g`, `%8.2f`, `%5.3f` and
twice `%9.0g`.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.parameters import ANCILLARY, Parameter
from fedfolder.command.terms import CONSTANT_NAME, Column, level_key
from fedfolder.errors import FedfolderError
from fedfolder.estimates import distributions, family, intercepts
from fedfolder.estimates.coefficients import coefficients, critical
from fedfolder.estimates.heading import WIDTH, heading, heading_without_numbers
from fedfolder.estimates.layout import Row, abbreviate, blocks_of, in_each_equation, name_width
from fedfolder.estimates.number import display, fixed, general

if TYPE_CHECKING:
    from fedfolder.estimates.coefficients import Coefficients
    from fedfolder.estimates.layout import Block
    from fedfolder.estimates.result import FitResult

WIDEST_NAME = 14
"""Characters for names at most: one line then has 80."""

EFORM = {"or": "Odds ratio", "irr": "IRR", "rrr": "RRR", "eform": "exp(b)", "hr": "Haz. ratio", "tr": "Time ratio"}
"""What exponentiated coefficients are headed, by option."""

_BASELINE = {
    "or": "baseline odds",
    "irr": "baseline incidence rate",
    "rrr": "baseline relative risk for each outcome",
    "hr": "baseline hazard",
    "tr": "baseline time",
}
_RATIOS = {"or": "odds ratios", "irr": "incidence-rate ratios", "hr": "hazard ratios", "tr": "time ratios"}

DERIVED = {
    "/lnalpha": (("alpha", 1.0),),
    "/ln_p": (("p", 1.0), ("1/p", -1.0)),
    "/lngamma": (("gamma", 1.0),),
    "/lnsigma": (("sigma", 1.0),),
}
"""What is shown below an ancillary parameter g beside it: exp(g), or exp(-g), under a name of its own."""

NUMBERS = 64
"""Characters to the right of the bar."""


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
        lines = [*heading_without_numbers(result), "", *_explained(result)]
    else:
        lines = [*heading(result), *coefficient_table(result), *notes(result)]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def coefficient_table(result: FitResult) -> list[str]:
    """The lines of the coefficient table, rules included."""
    omitted = in_each_equation(result.omitted, result.equations)
    named = [name for name in result.names if not intercepts.is_deviation(name)]
    found = blocks_of([result.command], [*named, *omitted], _equations(result))
    blocks = [block for block in found if block.rows(WIDEST_NAME) or block.equation == result.base_outcome]
    rows = [row for block in blocks for row in block.rows(WIDEST_NAME, result.labels)]
    width = name_width([*rows, *_offset_rows(result)], WIDEST_NAME)
    numbers = _numbers(result)
    rule = "-" * (width + 2 + NUMBERS)
    crossed = f"{'-' * (width + 1)}+{'-' * NUMBERS}"
    lines = [rule, *column_heads(result, width)]
    for block in blocks:
        lines += [crossed, *_equation_lines(result, block, width)]
        body = block.rows(width, result.labels) + (_offset_rows(result) if block is blocks[0] else [])
        lines += [(row.stub(width) + numbers.get(row.label or "", "")).rstrip() for row in body]
    if derived := derived_rows(result):
        lines += [crossed, *(Row(name).stub(width) + numbers for name, numbers in derived.items())]
    if variance := intercepts.variance_lines(result, width, critical(result)):
        lines += [crossed, *variance]
    return [*lines, rule]


def column_heads(result: FitResult, width: int) -> list[str]:
    """The line of heads of the columns, below the name of a covariance that is not the usual one."""
    above = "Robust" if result.robust else "OIM" if result.model == "glm" else ""
    errors = "std. err." if above else "Std. err."
    name = abbreviate(result.observed, width)
    line = head_line(name, width, result.statistic, result.level, eform=family.natural_eform(result), errors=errors)
    return [f"{' ' * (width + 1)}|{' ' * 14}{above:^{len(errors)}}".rstrip(), line] if above else [line]


def head_line(name: str, width: int, test: str, level: float, *, eform: str = "", errors: str = "Std. err.") -> str:
    """The heads of the columns of a table of coefficients."""
    column = f"{EFORM.get(eform, 'exp(b)'):>10} " if eform else "Coefficient"
    interval = f"[{general(level, 9)}% conf. interval]".rjust(25)
    return f"{name.rjust(width)} | {column}  {errors}      {test}    P>|{test}|{interval}"


def _equations(result: FitResult) -> tuple[str, ...]:
    """The equations with the base outcome in its place."""
    if result.base_outcome is None or len(result.outcomes or result.equations) == 1:
        return result.equations
    if result.base_outcome in result.outcomes:
        return result.outcomes
    return tuple(sorted({*result.equations, result.base_outcome}, key=level_key))


def _equation_lines(result: FitResult, block: Block, width: int) -> list[str]:
    """The name of an equation at the left, where there is more than one."""
    if block.equation in {"", ANCILLARY}:
        return []
    shown = result.labels.get(result.depvar, {}).get(block.equation, block.equation)
    base = "  (base outcome)" if block.equation == result.base_outcome else ""
    return [f"{abbreviate(shown, width).ljust(width)} |{base}"]


def _offset_rows(result: FitResult) -> list[Row]:
    rows = {"offset": "{}", "exposure": "ln({})"}
    return [Row(text.format(result.roles[role]), role) for role, text in rows.items() if role in result.roles]


def _numbers(result: FitResult) -> dict[str, str]:
    """The right-hand side of each row by name, omitted ones included."""
    table = coefficients(result, exponentiated=bool(result.eform))
    nothing = ("1" if result.eform else "0").rjust(11)
    found = {role: f"{'1'.rjust(11)}  ({role})" for role in ("offset", "exposure")}
    found |= dict.fromkeys(in_each_equation(result.omitted, result.equations), f"{nothing}  (omitted)")
    return found | {name: number_row(table, i) for i, name in enumerate(table.names)}


def number_row(table: Coefficients, i: int) -> str:
    """The numbers to the right of the bar; an ancillary parameter is not tested against zero."""
    estimate = "".join(f"  {display(float(column[i]), '%9.0g')}" for column in (table.b, table.se))
    test = f" {display(float(table.statistic[i]), '%8.2f')}   {display(float(table.p[i]), '%5.3f')}"
    test = " " * len(test) if table.names[i].startswith(ANCILLARY) else test
    interval = f"    {display(float(table.lower[i]), '%9.0g')}   {display(float(table.upper[i]), '%9.0g')}"
    return estimate + test + interval


def derived_rows(result: FitResult) -> dict[str, str]:
    """The rows of what `DERIVED` makes of ancillary parameters, by name: alpha, p, sigma, gamma."""
    known = [(place, shown) for place, name in enumerate(result.names) for shown in DERIVED.get(name, ())]
    return {name: _derived_row(result, place, sign) for place, (name, sign) in known}


def _derived_row(result: FitResult, place: int, sign: float) -> str:
    """The row of exp(sign g): its interval is that of g, exponentiated."""
    b, se = sign * float(result.beta[place]), float(np.sqrt(result.cov[place, place]))
    reach = critical(result) * se
    value, lower, upper = (float(np.exp(at)) for at in (b, b - reach, b + reach))
    estimate = f"  {display(value, '%9.0g')}  {display(value * se, '%9.0g')}"
    return f"{estimate}{' ' * 17}    {display(lower, '%9.0g')}   {display(upper, '%9.0g')}"


def notes(result: FitResult) -> list[str]:
    """The lines below the coefficient table."""
    found = [
        *_dispersion(result),
        *intercepts.comparison(result, WIDTH),
        *_of_exponentiated(result),
        *_of_bases(result),
        *intercepts.none_found(result),
        *result.notes,
    ]
    for name, why, n in result.excluded:
        rows = f"{n:,} obs" if n else "these rows"
        found.append(f"Note: {why}; {name} omitted and {rows} not used.")
    if result.without:
        found.append(f"Note: without {', '.join(result.without)}, from which no answer came in time.")
    wrapped = [line for note in found for line in _wrapped(note, "      " if note.startswith("Note: ") else "")]
    return wrapped + (_explained(result) if result.status != "converged" else [])


def _dispersion(result: FitResult) -> list[str]:
    """The test of alpha = 0, at the border of its range: half of chi2(1)."""
    if "chi2_c" not in result.stats or "/lnalpha" not in result.names:
        return []
    chi2 = result.stats["chi2_c"]
    p = float(distributions.chi2_upper(chi2, 1)) / 2 if chi2 > 0 else 1.0
    left = f"LR test of alpha=0: chibar2(01) = {fixed(chi2, 8, 2)}"
    return [f"{left.ljust(WIDTH - 23)}Prob >= chibar2 = {fixed(p, 5, 3)}"]


def _of_exponentiated(result: FitResult) -> list[str]:
    notes = []
    eform = family.natural_eform(result)
    several = any(name.startswith(ANCILLARY) for name in result.names)
    if several and eform in _RATIOS:
        notes.append(f"Note: Estimates are transformed only in the first equation to {_RATIOS[eform]}.")
    if eform in _BASELINE and any(Parameter.parse(name).term == CONSTANT_NAME for name in result.names):
        notes.append(f"Note: {CONSTANT_NAME} estimates {_BASELINE[eform]}.")
    return notes


def _of_bases(result: FitResult) -> list[str]:
    """Bases that are not the lowest level, which nobody would guess."""
    lowest: dict[str, str] = {}
    for name in (*result.names, *result.omitted):
        for variable, level in _factors(name):
            lowest[variable] = min(lowest.get(variable, level), level, key=level_key)
    unusual = [f"{b}.{v}" for v, b in result.bases.items() if v in lowest and level_key(lowest[v]) < level_key(b)]
    return [f"Note: base level{'s' if len(unusual) > 1 else ''}: {', '.join(unusual)}."] if unusual else []


def _factors(name: str) -> tuple[tuple[str, str], ...]:
    try:
        return Column.parse(Parameter.parse(name).term).factors
    except FedfolderError:
        return ()


def _explained(result: FitResult) -> list[str]:
    text = f"Status: {result.status}." + (f" {result.message}" if result.message else "")
    return _wrapped(text)


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, break_on_hyphens=False, subsequent_indent=indent)
