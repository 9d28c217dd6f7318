"""Stored estimates, and statistics: our reading of [R] estimates, [R] estat ic and [R] predict."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.terms import Column
from fedfolder.estimates.layout import Row, rows_of
from tests.stata.standin.commands.registry import command
from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.formats import formatted
from tests.stata.standin.memory import Returned, StoredMatrix
from tests.stata.standin.stripes import is_zero, split
from tests.stata.standin.text import only, split_options
from tests.stata.standin.values import MISSING, is_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stata.standin.session import Session


@command("[R] estimates", "estimates", "est", "estim")
def estimates(session: Session, rest: str) -> None:
    """`estimates store|restore|replay|drop|clear|dir|table`."""
    word, _, what = rest.strip().partition(" ")
    if word not in _WORDS:
        raise OutsideSubset(f"estimates {rest}")
    _WORDS[word](session, what.strip())


def _store(session: Session, name: str) -> None:
    e = session.memory.e
    if "b" not in e.matrices or not e.macros.get("cmd"):
        raise StataError(301, "last estimates not found")
    if not is_name(name):
        raise StataError(198, f"{name} invalid name")
    e.macros["_estimates_name"] = name
    session.memory.kept[name] = e.copy()


def _restore(session: Session, name: str) -> None:
    session.memory.returned["e"] = _kept(session, name).copy()
    session.results.line(f"(results {name} are active now)")


def _replay(session: Session, name: str) -> None:
    if name:
        session.memory.returned["e"] = _kept(session, name).copy()
    session.interpreter.command(session.memory.e.macros["cmd"])


def _clear(session: Session, _: str) -> None:
    session.memory.kept.clear()


def _drop(session: Session, names: str) -> None:
    for one in names.split():
        _kept(session, one)
        del session.memory.kept[one]


def _dir(session: Session, _: str) -> None:
    for one, e in session.memory.kept.items():
        session.results.line(f"{one:>12} | {e.macros['cmd']}", asis=True)


def _kept(session: Session, name: str) -> Returned:
    if name == ".":
        return session.memory.e
    if name not in session.memory.kept:
        raise StataError(111, f"estimation result {name} not found")
    return session.memory.kept[name]


def _table(session: Session, what: str) -> None:
    main, options = split_options(what)
    only(options, "b", "se", "stats", "star")
    if "star" in options and "se" in options:
        raise StataError(198, "star may not be combined with se")
    names = main.split() or ["."]
    fits = [_kept(session, name) for name in names]
    width, crossed = 12, "-" * 13 + "+" + "-" * 15 * len(names)
    line = session.results.line
    line("-" * len(crossed))
    line(Row("Variable").stub(width) + "".join(f" {name:^12}  " for name in names), asis=True)
    terms = dict.fromkeys(split(full)[1] for fit in fits for full in fit.matrices["b"].columns if not is_zero(full))
    line(crossed)
    in_order = sorted(terms, key=lambda term: term == "_cons")
    for row in rows_of([Column.parse(term) for term in in_order], width):
        line((row.stub(width) + _cells(fits, row.label, options, "b")).rstrip(), asis=True)
        if row.label and "se" in options:
            line((Row("").stub(width) + _cells(fits, row.label, options, "se")).rstrip(), asis=True)
    statistics = (options.get("stats") or "").split()
    if statistics:
        line(crossed)
    for name in statistics:
        cells = "".join(f"  {formatted(_statistic(fit, name), '%12.0g')} " for fit in fits)
        line(f"{name:>12} |{cells}".rstrip(), asis=True)
    line("-" * len(crossed))
    if "se" in options:
        line("Legend: b/se".rjust(len(crossed)))


def _cells(fits: list[Returned], label: str | None, options: dict[str, str | None], kind: str) -> str:
    if label is None:
        return ""
    form, cells = options.get(kind) or options.get("b") or "%12.0g", ""
    for fit in fits:
        columns = [split(full)[1] for full in fit.matrices["b"].columns]
        if label not in columns:
            cells += " " * 15
            continue
        at = columns.index(label)
        value = float(fit.matrices["b"].values[0, at])
        if kind == "se":
            value = math.sqrt(float(fit.matrices["V"].values[at, at]))
        cells += f"  {formatted(value, form):>12} "
    return cells


def _statistic(e: Returned, name: str) -> float:
    if name in {"aic", "bic"}:
        return _criteria(e)[name == "bic"]
    return e.scalars.get(name, MISSING)


def _criteria(e: Returned) -> tuple[float, float]:
    if "ll" not in e.scalars or "rank" not in e.scalars:
        raise StataError(321, "e(ll) and e(rank) are what information criteria need")
    ll, df, n = e.scalars["ll"], e.scalars["rank"], e.scalars["N"]
    return -2 * ll + 2 * df, -2 * ll + df * math.log(n)


@command("[R] estat ic", "estat")
def estat(session: Session, rest: str) -> None:
    """`estat ic`: the table, and r(S); any other goes to the program in e(estat_cmd)."""
    e = session.memory.e
    if rest.strip() != "ic":
        if not e.macros.get("estat_cmd"):
            raise OutsideSubset(f"estat {rest}")
        session.interpreter.command(f"{e.macros['estat_cmd']} {rest}")
        return
    aic, bic = _criteria(e)
    values = [e.scalars["N"], e.scalars.get("ll_0", MISSING), e.scalars["ll"], e.scalars["rank"], aic, bic]
    names = ["N", "ll0", "ll", "df", "AIC", "BIC"]
    r = Returned(matrices={"S": StoredMatrix(np.array([values]), ["."], names)})
    session.memory.returned["r"] = r
    widths = ("%10.0fc", "%9.0g", "%9.0g", "%6.0f", "%9.0g", "%9.0g")
    line = session.results.line
    line("\nAkaike's information criterion and Bayesian information criterion\n")
    line("-" * 77)
    line("       Model |          N   ll(null)  ll(model)      df        AIC        BIC")
    line("-" * 13 + "+" + "-" * 63)
    cells = [formatted(value, form) for value, form in zip(values, widths, strict=True)]
    line(f"           . | {cells[0]}  {cells[1]}  {cells[2]}  {cells[3]}  {cells[4]}  {cells[5]}", asis=True)
    line("-" * 77)
    line("Note: BIC uses N = number of observations. See [R] IC note.")


@command("[R] predict", "predict", "pred", "predic")
def predict(session: Session, rest: str) -> None:
    """`predict …`: the program in e(predict)."""
    program = session.memory.e.macros.get("predict")
    if "b" not in session.memory.e.matrices:
        raise StataError(301, "last estimates not found")
    if not program:
        raise OutsideSubset("predict without e(predict)")
    session.interpreter.command(f"{program} {rest}")


_WORDS: dict[str, Callable[[Session, str], None]] = {
    "clear": _clear,
    "dir": _dir,
    "drop": _drop,
    "replay": _replay,
    "restore": _restore,
    "store": _store,
    "sto": _store,
    "table": _table,
}
