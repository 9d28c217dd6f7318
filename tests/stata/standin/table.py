"""The coefficient table of `ereturn display` and `ml display`: our reading of [P] ereturn and of printed output.

The left-hand side (which rows, how names are cut) is fedfolder's own layout, which has tests of its own.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scipy import stats

from fedfolder.command.terms import Column
from fedfolder.estimates.layout import Row, name_width, rows_of
from tests.stata.standin.errors import StataError
from tests.stata.standin.formats import formatted
from tests.stata.standin.stripes import is_zero, split
from tests.stata.standin.values import from_python

if TYPE_CHECKING:
    from tests.stata.standin.memory import Returned, StoredMatrix

NUMBERS = 64
WIDEST_NAME = 14


@dataclass(frozen=True)
class Style:
    """How a table is shown."""

    level: float = 95
    eform: str | None = None
    neq: int = 0
    plus: bool = False


def coefficient_table(e: Returned, style: Style) -> list[str]:
    """The lines of the table for e(b) and e(V).

    Raises
    ------
    StataError
        301 without estimates.
    """
    if "b" not in e.matrices:
        raise StataError(301, "last estimates not found")
    b = e.matrices["b"]
    groups = [(equation, [t for _, t in g]) for equation, g in itertools.groupby(map(split, b.columns), lambda p: p[0])]
    groups = groups[: style.neq] if style.neq else groups
    rows = {equation: _rows(equation, terms, WIDEST_NAME) for equation, terms in groups}
    width = name_width([row for found in rows.values() for row in found], WIDEST_NAME)
    rule, crossed = "-" * (width + 2 + NUMBERS), f"{'-' * (width + 1)}+{'-' * NUMBERS}"
    lines = [rule, *_heads(e, style, width)]
    numbers = _numbers(e, b, style)
    for equation, terms in groups:
        lines.append(crossed)
        if equation != "/" and _headed(e, equation, b.columns):
            lines.append(f"{equation.ljust(width)} |")
        lines += [
            (row.stub(width) + numbers.get(row.label or "", "")).rstrip() for row in _rows(equation, terms, width)
        ]
    return [*lines, crossed if style.plus else rule]


def _headed(e: Returned, equation: str, columns: list[str]) -> bool:
    """Whether an equation's name stands above its rows: not where it is the only one, or the dependent variable's."""
    equations = dict.fromkeys(split(full)[0] for full in columns)
    alone = len([name for name in equations if name != "/"]) == 1
    return not (len(equations) == 1 or (alone and equation in {"_", e.macros.get("depvar", "")}))


def _rows(equation: str, terms: list[str], width: int) -> list[Row]:
    if equation == "/":
        return [Row(f"/{term}", f"/{term}") for term in terms]
    columns = [Column.parse(_shown(term)) for term in terms if not _is_base(term)]
    return rows_of(columns, width, equation="" if equation == "_" else equation)


def _is_base(term: str) -> bool:
    return is_zero(term) and not _is_omitted(term)


def _is_omitted(term: str) -> bool:
    return any(piece.partition(".")[0].endswith("o") and "." in piece for piece in term.split("#"))


def _shown(term: str) -> str:
    pieces = [piece.partition(".") for piece in term.split("#")]
    return "#".join(
        f"{flags.rstrip('bo')}.{name}" if dot and flags.rstrip("bo") else name or flags for flags, dot, name in pieces
    )


def _heads(e: Returned, style: Style, width: int) -> list[str]:
    test = "t" if "df_r" in e.scalars else "z"
    column = f"{style.eform:>10} " if style.eform is not None else "Coefficient"
    interval = f"[{style.level:g}% conf. interval]".rjust(25)
    above = e.macros.get("vcetype", "")
    errors = "std. err." if above else "Std. err."
    name = e.macros.get("depvar", "").split(" ")[0]
    name = name if len(name) <= width else f"{name[: width - 2]}~{name[-1]}"
    line = f"{name.rjust(width)} | {column}  {errors}      {test}    P>|{test}|{interval}"
    return [f"{' ' * (width + 1)}|{' ' * 14}{above:^9}".rstrip(), line] if above else [line]


def _numbers(e: Returned, b: StoredMatrix, style: Style) -> dict[str, str]:
    found = {}
    asked, equations = style, list(dict.fromkeys(split(name)[0] for name in b.columns))
    for at, full in enumerate(b.columns):
        equation, term = split(full)
        label = _label(equation, term)
        # [P] _coef_table: the first e(k_eform) equations are exponentiated, free parameters never.
        first = equations.index(equation) < e.scalars.get("k_eform", 1) and equation != "/"
        style = asked if first else replace(asked, eform=None)
        if _is_base(term):
            continue
        if "V" not in e.matrices:
            found[label] = f"  {formatted(float(b.values[0, at]), '%9.0g')}"
        elif _is_omitted(term):
            found[label] = f"{'1' if style.eform is not None else '0':>11}  (omitted)"
        else:
            found[label] = _row(e, float(b.values[0, at]), float(e.matrices["V"].values[at, at]), style)
    return found


def _label(equation: str, term: str) -> str:
    shown = Column.parse(_shown(term)).label if equation != "/" else term
    return f"/{shown}" if equation == "/" else shown if equation == "_" else f"{equation}:{shown}"


def _row(e: Returned, b: float, variance: float, style: Style) -> str:
    se = math.sqrt(variance)
    df = e.scalars.get("df_r")
    law = stats.norm if df is None else stats.t(df)
    z = b / se if se else math.nan
    reach = float(law.ppf(0.5 + style.level / 200)) * se
    low, high = b - reach, b + reach
    if style.eform is not None:
        b, se, low, high = math.exp(b), math.exp(b) * se, math.exp(low), math.exp(high)
    p = float(2 * law.sf(abs(z)))
    shown = [
        formatted(from_python(value), form) for value, form in zip((b, se, z, p, low, high), _FORMATS, strict=True)
    ]
    return f"  {shown[0]}  {shown[1]} {shown[2]}   {shown[3]}    {shown[4]}   {shown[5]}"


_FORMATS = ("%9.0g", "%9.0g", "%8.2f", "%5.3f", "%9.0g", "%9.0g")
