"""Tests after estimation: our reading of [R] test, [R] lincom and [R] nlcom."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from tests.stata.standin.commands.ml import HEADS
from tests.stata.standin.commands.registry import command
from tests.stata.standin.errors import StataError
from tests.stata.standin.expressions import numeric
from tests.stata.standin.formats import formatted
from tests.stata.standin.linear import combination, estimates, gradient
from tests.stata.standin.memory import Returned, StoredMatrix
from tests.stata.standin.stripes import is_zero, parts, split
from tests.stata.standin.table import Style, coefficient_table
from tests.stata.standin.text import only, split_options, top

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.stata.standin.session import Session


@command("[R] test", "test", "te", "tes")
def test(session: Session, rest: str) -> None:
    """`test coeflist`, `test exp = exp`, `test (spec) (spec)`; test of equations and `accumulate` are outside."""
    main, options = split_options(rest)
    only(options)
    hypotheses = [part for spec in _specs(main) for part in _hypotheses(spec)]
    found = [_difference(session, hypothesis) for hypothesis in hypotheses]
    R = np.array([weights for _, weights in found])
    r = -np.array([constant for constant, _ in found])
    _report(session, hypotheses, R, r)


@command("[R] test", "testparm")
def testparm(session: Session, rest: str) -> None:
    """`testparm varlist`: all coefficients of these variables or of these factors."""
    _, _, names = estimates(session)
    chosen = [name for name in names if not is_zero(name) and any(_matches(word, name) for word in rest.split())]
    if not chosen:
        raise StataError(111, "no such variables; the specified varlist does not identify any testable coefficients")
    R = np.array([[float(name == other) for other in names] for name in chosen])
    _report(session, [f"{split(name)[1]} = 0" for name in chosen], R, np.zeros(len(chosen)))


def _matches(word: str, name: str) -> bool:
    wanted = [piece.rpartition(".")[2] for piece in word.split("#")]
    return sorted(wanted) == sorted(part.name for part in parts(split(name)[1]))


def _specs(main: str) -> list[str]:
    if not main.startswith("("):
        return [main]
    return [match[1] for match in re.finditer(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\)", main)]


def _hypotheses(spec: str) -> list[str]:
    sides = [side.strip() for side in re.split(r"(?<![=<>!])=(?!=)", spec)]
    if len(sides) == 1:
        return [f"{name} = 0" for name in sides[0].split()]
    return [f"{sides[0]} = {side}" for side in sides[1:]]


def _difference(session: Session, hypothesis: str) -> tuple[float, NDArray[np.float64]]:
    left, _, right = hypothesis.partition(" = ")
    (a, x), (b, y) = combination(session, left), combination(session, right)
    return a - b, x - y


def _report(session: Session, hypotheses: list[str], R: NDArray[np.float64], r: NDArray[np.float64]) -> None:
    b, V, _ = estimates(session)
    kept = _independent(R @ V @ R.T)
    dropped = [i for i in range(len(hypotheses)) if i not in kept]
    difference, inner = (R @ b - r)[kept], (R @ V @ R.T)[np.ix_(kept, kept)]
    chi2 = float(difference @ np.linalg.solve(inner, difference)) if kept else 0.0
    line = session.results.line
    line()
    for number, hypothesis in enumerate(hypotheses, start=1):
        line(f" ({number:2})  {hypothesis}", asis=True)
    for number in dropped:
        line(f"       Constraint {number + 1} dropped")
    line()
    df, df_r = len(kept), session.memory.e.scalars.get("df_r")
    if df_r is None:
        p = float(stats.chi2.sf(chi2, df))
        line(f"{f'chi2({df:3})':>20} ={formatted(chi2, '%8.2f')}")
        line(f"{'Prob > chi2':>20} ={formatted(p, '%10.4f')}")
        scalars = {"chi2": chi2, "p": p, "df": float(df)}
    else:
        p = float(stats.f.sf(chi2 / df, df, df_r))
        line(f"{f'F({df:3}, {int(df_r):5})':>20} ={formatted(chi2 / df, '%8.2f')}")
        line(f"{'Prob > F':>20} ={formatted(p, '%10.4f')}")
        scalars = {"F": chi2 / df, "p": p, "df": float(df), "df_r": df_r}
    session.memory.returned["r"] = Returned(scalars=scalars | {"drop": float(bool(dropped))})


def _independent(covariance: NDArray[np.float64]) -> list[int]:
    kept: list[int] = []
    for i, variance in enumerate(np.diag(covariance)):
        inner = covariance[np.ix_(kept, kept)]
        left = variance - covariance[i, kept] @ np.linalg.solve(inner, covariance[kept, i]) if kept else variance
        if left > 1e-10 * variance:
            kept.append(i)
    return kept


@command("[R] lincom", "lincom")
def lincom(session: Session, rest: str) -> None:
    """`lincom exp[, level() or irr hr rrr eform]`."""
    main, options = split_options(rest)
    only(options, "level", "or", "irr", "hr", "rrr", "eform")
    constant, weights = combination(session, main)
    b, V, _ = estimates(session)
    estimate, se = float(weights @ b) + constant, math.sqrt(float(weights @ V @ weights))
    level = numeric(session.evaluate(options.pop("level", None) or "95"))
    session.results.line()
    session.results.line(f" ( 1)  {main} = 0", asis=True)
    session.results.line()
    heads = HEADS | {"eform": "exp(b)"}
    eform = next((heads[name] for name in options), None)
    _table(session, ["(1)"], np.array([estimate]), np.array([[se**2]]), Style(level, eform))
    _keep(session, estimate, se, level, exponentiated=eform is not None)


def _keep(session: Session, estimate: float, se: float, level: float, *, exponentiated: bool) -> None:
    df = session.memory.e.scalars.get("df_r")
    law = stats.norm if df is None else stats.t(df)
    reach, z = float(law.ppf(0.5 + level / 200)) * se, estimate / se
    shown = math.exp if exponentiated else float
    scalars = {"estimate": shown(estimate), "se": se * (math.exp(estimate) if exponentiated else 1), "level": level}
    scalars |= {"z" if df is None else "t": z, "p": float(2 * law.sf(abs(z)))}
    scalars |= {"lb": shown(estimate - reach), "ub": shown(estimate + reach)} | ({} if df is None else {"df": df})
    session.memory.returned["r"] = Returned(scalars=scalars)


@command("[R] nlcom", "nlcom")
def nlcom(session: Session, rest: str) -> None:
    """`nlcom exp`, `nlcom (name: exp) …[, level() noheader]`, by the delta method."""
    main, options = split_options(rest)
    only(options, "level", "noheader")
    named = [_named(spec, number) for number, spec in enumerate(_specs(main), start=1)]
    found = [gradient(session, text) for _, text in named]
    _, V, _ = estimates(session)
    G = np.array([row for _, row in found])
    values, covariance = np.array([value for value, _ in found]), G @ V @ G.T
    session.results.line()
    for name, text in named:
        session.results.line(f"{name:>12}: {text}", asis=True)
    session.results.line()
    level = numeric(session.evaluate(options.get("level") or "95"))
    names = [name for name, _ in named]
    _table(session, names, values, covariance, Style(level))
    b = StoredMatrix(values.reshape(1, -1), ["r1"], names)
    session.memory.returned["r"] = Returned(matrices={"b": b, "V": StoredMatrix(covariance, names, names)})


def _named(spec: str, number: int) -> tuple[str, str]:
    colon = next((at for at, char in top(spec) if char == ":"), None)
    if colon is None:
        return f"_nl_{number}", spec.strip()
    return spec[:colon].strip(), spec[colon + 1 :].strip()


def _table(session: Session, names: list[str], b: NDArray[np.float64], V: NDArray[np.float64], style: Style) -> None:
    e = session.memory.e
    columns = [name if name.isidentifier() else "_one" for name in names]
    scalars = {"df_r": e.scalars["df_r"]} if "df_r" in e.scalars else {}
    shown = Returned({"depvar": e.macros.get("depvar", "")}, scalars)
    shown.matrices = {"b": StoredMatrix(b.reshape(1, -1), ["y1"], columns), "V": StoredMatrix(V, columns, columns)}
    for line in coefficient_table(shown, style):
        session.results.line(line.replace("        _one |", f"{names[0]:>12} |"), asis=True)
