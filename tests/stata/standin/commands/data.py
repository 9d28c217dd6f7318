"""The data set: our reading of [D] generate, use, clear, obs, drop, count, label, sort, summarize, preserve."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING

import numpy as np

from tests.stata.standin.commands.registry import command
from tests.stata.standin.data import NUMERIC, DataSet
from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.expressions import numeric, quoted
from tests.stata.standin.files import read_csv, read_dta, write_dta
from tests.stata.standin.formats import formatted
from tests.stata.standin.memory import Returned
from tests.stata.standin.text import only, split_options, words
from tests.stata.standin.values import is_missing
from tests.stata.standin.varlists import expanded, qualified

if TYPE_CHECKING:
    from tests.stata.standin.data import Column
    from tests.stata.standin.session import Session


@command("[D] clear", "clear")
def clear(session: Session, rest: str) -> None:
    """`clear`, `clear all`."""
    session.memory.data.clear()
    if rest.strip() == "all":
        session.memory.scalars.clear()
        session.memory.matrices.clear()
        session.memory.kept.clear()
        session.interpreter.programs.clear()
        for returned in session.memory.returned.values():
            returned.clear()
    elif rest.strip():
        raise OutsideSubset(f"clear {rest}")


@command("[D] use", "use")
def use(session: Session, rest: str) -> None:
    """`use "file.dta"[, clear]`."""
    main, options = split_options(rest)
    only(options, "clear")
    _may_replace(session, options)
    name = words(main)[0]
    read_dta(session.memory.data, name if name.endswith(".dta") else f"{name}.dta")


@command("[D] import delimited", "import")
def import_(session: Session, rest: str) -> None:
    """`import delimited "file.csv"[, clear]`."""
    main, options = split_options(rest)
    only(options, "clear", "case", "encoding", "asdouble")
    kind, *others = words(main)
    if kind not in {"delimited", "delim"}:
        raise OutsideSubset(f"import {rest}")
    _may_replace(session, options)
    read_csv(session.memory.data, others[-1])


@command("[D] append", "append")
def append(session: Session, rest: str) -> None:
    """`append using "a.dta" "b.dta"`: observations below those in memory, by the variables' names."""
    word, *names = words(rest)
    if word != "using":
        raise StataError(198, "using required")
    for name in names:
        other = DataSet()
        read_dta(other, name if name.endswith(".dta") else f"{name}.dta")
        _below(session.memory.data, other)


def _below(data: DataSet, other: DataSet) -> None:
    first = data.nobs
    data.set_nobs(first + other.nobs)
    for column in other.columns:
        held = data.column(column.name) if column.name in data.names else data.add(column.name, column.type)
        for i, value in enumerate(column.values):
            held.put(first + i, value)
    data.labels = other.labels | data.labels
    data.changed = True


@command("[D] save", "save")
def save(session: Session, rest: str) -> None:
    """`save "file.dta"[, replace]`."""
    main, options = split_options(rest)
    only(options, "replace")
    write_dta(session.memory.data, words(main)[0], replace="replace" in options)
    session.memory.data.changed = False


def _may_replace(session: Session, options: dict[str, str | None]) -> None:
    data = session.memory.data
    if data.changed and data.columns and "clear" not in options:
        raise StataError(4, "no; dataset in memory has changed since last saved")
    data.clear()


@command("[D] generate", "generate", "gen", "ge", "g")
def generate(session: Session, rest: str) -> None:
    """`generate [type] x = exp [if] [in]`; float by default."""
    match = re.match(rf"\s*(?:({'|'.join(NUMERIC)}|str\d+|strL)\s+)?(\w+)\s*=\s*(.+)", rest)
    if match is None:
        raise StataError(198, "invalid syntax")
    expression, rows = qualified(session, match[3])
    values = {i: session.evaluate(expression, i) for i in rows}
    text = any(isinstance(value, str) for value in values.values())
    column = session.memory.data.add(match[2], match[1] or ("str1" if text else "float"))
    for i, value in values.items():
        _put(column, i, value, fixed=True)
    session.memory.data.changed = True
    empty = sum(not isinstance(v, str) and is_missing(v) for v in column.values)
    if empty:
        session.results.line(f"({empty} missing value{'s' if empty > 1 else ''} generated)")


@command("[D] generate", "replace")
def replace(session: Session, rest: str) -> None:
    """`replace x = exp [if] [in]`."""
    match = re.match(r"\s*(\w+)\s*=\s*(.+)", rest)
    if match is None:
        raise StataError(198, "invalid syntax")
    column = session.memory.data.column(match[1])
    expression, rows = qualified(session, match[2])
    values = {i: session.evaluate(expression, i) for i in rows}
    changed = sum(column.values[i] != value for i, value in values.items())
    for i, value in values.items():
        _put(column, i, value, fixed=False)
    session.memory.data.changed = True
    session.results.line(f"({changed} real change{'' if changed == 1 else 's'} made)")


def _put(column: Column, i: int, value: object, *, fixed: bool) -> None:
    kind = column.type
    try:
        column.put(i, value)
    except TypeError as error:
        raise StataError(109, "type mismatch") from error
    if fixed and kind in {"float", "double"}:
        column.type = kind
        held = column.values[i]
        if kind == "float" and isinstance(held, float) and not is_missing(held):
            column.values[i] = float(np.float32(held))  # type: ignore[call-overload]


@command("[D] drop", "drop")
def drop(session: Session, rest: str) -> None:
    """`drop varlist`, `drop if exp`, `drop _all`."""
    _choose(session, rest, keep=False)


@command("[D] drop", "keep")
def keep(session: Session, rest: str) -> None:
    """`keep varlist`, `keep if exp`, `keep in range`."""
    _choose(session, rest, keep=True)


def _choose(session: Session, rest: str, *, keep: bool) -> None:
    data = session.memory.data
    if re.match(r"\s*(if|in)\b", rest):
        rows = set(qualified(session, " " + rest)[1])
        kept = [i for i in range(data.nobs) if (i in rows) == keep]
        session.results.line(f"({data.nobs - len(kept)} observations deleted)")
        data.keep(kept)
    elif rest.strip() == "_all" and not keep:
        data.clear()
    else:
        names = set(expanded(session, rest))
        data.columns[:] = [column for column in data.columns if (column.name in names) == keep]
    data.changed = True


@command("[D] count", "count")
def count(session: Session, rest: str) -> None:
    """`count [if] [in]`."""
    _, rows = qualified(session, " " + rest.strip())
    session.memory.r.clear()
    session.memory.r.scalars["N"] = float(len(rows))
    session.results.line(f"  {len(rows):,}")


@command("[R] summarize", "summarize", "summ", "sum", "su")
def summarize(session: Session, rest: str) -> None:
    """`summarize varlist [if] [in]`: r() of the last variable, and the table."""
    main, options = split_options(rest)
    only(options, "meanonly")
    names, rows = qualified(session, main)
    results = session.results
    if "meanonly" not in options:
        results.line(f"\n    Variable |{'Obs':>12}{'Mean':>12}{'Std. dev.':>13}{'Min':>11}{'Max':>11}", asis=True)
        results.line("-" * 13 + "+" + "-" * 57)
    for name in expanded(session, names):
        column = session.memory.data.column(name)
        values = np.array([v for i in rows if not is_missing(v := numeric(column.values[i]))])
        session.memory.returned["r"] = _summary(values)
        if "meanonly" not in options:
            r = session.memory.r.scalars
            shown = "".join(f"   {formatted(r[key], '%9.0g')}" for key in ("mean", "sd", "min", "max") if key in r)
            results.line(f"{name:>12} |{len(values):>10,}{shown}", asis=True)


def _summary(values: np.ndarray) -> Returned:
    scalars = {"N": float(len(values)), "sum_w": float(len(values)), "sum": float(values.sum())}
    if len(values):
        scalars |= {"mean": float(values.mean()), "min": float(values.min()), "max": float(values.max())}
    if len(values) > 1:
        scalars |= {"sd": float(values.std(ddof=1)), "Var": float(values.var(ddof=1))}
    return Returned(scalars=scalars)


@command("[D] label", "label", "lab")
def label(session: Session, rest: str) -> None:
    """`label data "…"`, `label variable x "…"`, `label define l # "…" …[, modify]`, `label values x l`."""
    data = session.memory.data
    given = words(split_options(rest)[0])
    match given:
        case ["data", text]:
            data.characteristics["_dta", "label"] = text
        case ["var" | "variable", name, text]:
            data.column(name).label = text
        case ["define" | "def", name, *pairs] if len(pairs) % 2 == 0:
            found = data.labels.setdefault(name, {})
            found |= {int(value): text for value, text in zip(pairs[::2], pairs[1::2], strict=True)}
        case ["values" | "val", *names, held]:
            for name in names:
                data.column(name).value_label = "" if held == "." else held
        case _:
            raise OutsideSubset(f"label {rest}")


@command("[D] sort", "sort")
def sort(session: Session, rest: str) -> None:
    """`sort varlist`, stable."""
    data = session.memory.data
    keys = [data.column(name).values for name in expanded(session, rest)]
    order = sorted(range(data.nobs), key=lambda i: tuple(key[i] for key in keys))
    for column in data.columns:
        column.values = [column.values[i] for i in order]  # type: ignore[assignment]


@command("[P] preserve", "preserve")
def preserve(session: Session, rest: str) -> None:
    """`preserve`: until `restore`; the end of a program restores by itself, which the stand-in does not do."""
    if rest.strip() or session.interpreter.calls:
        raise OutsideSubset("preserve in a program")
    session.preserved.append(copy.deepcopy(session.memory.data))


@command("[P] preserve", "restore")
def restore(session: Session, rest: str) -> None:
    """`restore`, `restore, not`."""
    if not session.preserved:
        raise StataError(622, "nothing to restore")
    held = session.preserved.pop()
    if "not" not in rest:
        session.memory.frames[session.memory.frame] = held


@command("[D] list", "list", "l")
def list_(session: Session, rest: str) -> None:
    """`list varlist [if] [in]`: the values, without Stata's frame around them."""
    main, _ = split_options(rest)
    names, rows = qualified(session, main)
    columns = [session.memory.data.column(name) for name in expanded(session, names)]
    for i in rows:
        cells = [v if isinstance(v := column.values[i], str) else formatted(v, "%9.0g").strip() for column in columns]
        session.results.line(f"{i + 1:>6}. " + "  ".join(cells), asis=True)


@command("[R] set", "set")
def set_(session: Session, rest: str) -> None:
    """`set obs #`; `set more off` and the like change nothing here."""
    word, _, what = rest.strip().partition(" ")
    if word == "obs":
        session.memory.data.set_nobs(int(numeric(session.evaluate(what))))
        session.memory.data.changed = True
    elif word not in {"more", "linesize", "trace", "seed", "varabbrev", "rmsg", "type", "output", "processors"}:
        raise OutsideSubset(f"set {rest}")


@command("[P] char", "char")
def char(session: Session, rest: str) -> None:
    """`char _dta[name] "text"`, `char x[name] text`."""
    match = re.fullmatch(r"\s*(\w+)\[(\w+)\]\s*(.*)", rest)
    if match is None:
        raise OutsideSubset(f"char {rest}")
    text = quoted(match[3], 0)[0] if match[3].startswith(('"', "`")) else match[3]
    session.memory.data.characteristics[match[1], match[2]] = text
