"""Stored results: our reading of [P] ereturn and [P] return."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from tests.stata.standin.commands.language import macro_value
from tests.stata.standin.commands.registry import command
from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.expressions import numeric, quoted
from tests.stata.standin.formats import formatted
from tests.stata.standin.matrix_expressions import matrix_value
from tests.stata.standin.stripes import split
from tests.stata.standin.table import Style, coefficient_table
from tests.stata.standin.text import only, split_options
from tests.stata.standin.values import is_missing, is_name

if TYPE_CHECKING:
    from tests.stata.standin.memory import Returned, StoredMatrix
    from tests.stata.standin.session import Session


IGNORED = (
    *["noci", "nopvalues", "noomitted", "vsquish", "noemptycells", "baselevels", "allbaselevels"],
    *["nofvlabel", "fvwrap", "fvwrapon", "cformat", "pformat", "sformat", "nolstretch"],
)
"""Options of [R] Estimation options that change how the table looks: let pass, and not carried out."""


@command("[P] ereturn", "ereturn", "eret", "eretu", "eretur")
def ereturn(session: Session, rest: str) -> None:
    """`ereturn post|display|local|scalar|matrix|clear|list`."""
    match = re.match(r"\s*(\w+)\s*(.*)", rest, re.DOTALL)
    word, what = (match[1], match[2]) if match else ("", "")
    if word not in {"display", "di", "dis", "list"} and session.interpreter.calls:
        kind = session.interpreter.calls[-1].program.kind
        if kind != "eclass":
            raise OutsideSubset("ereturn in a program that is not eclass may not change e() ([P] program)")
    if word == "post":
        post(session, what)
    elif word == "clear":
        session.memory.e.clear()
    elif word in {"display", "di", "dis"}:
        display(session, what)
    elif word == "list":
        _list(session, session.memory.e, "e")
    else:
        _stored(session, session.memory.e, word, what)


@command("[P] return", "return", "ret")
def return_(session: Session, rest: str) -> None:
    """`return local|scalar|matrix|clear|list`; what an rclass program returns is in r() when it has ended."""
    match = re.match(r"\s*(\w+)\s*(.*)", rest, re.DOTALL)
    word, what = (match[1], match[2]) if match else ("", "")
    if word == "list":
        _list(session, session.memory.r, "r")
        return
    calls = session.interpreter.calls
    if not calls or calls[-1].program.kind != "rclass":
        raise OutsideSubset("return outside of an rclass program")
    if word == "clear":
        calls[-1].returned.clear()
    elif word == "add":
        for kind in ("macros", "scalars", "matrices"):
            getattr(calls[-1].returned, kind).update(getattr(session.memory.r, kind))
    else:
        _stored(session, calls[-1].returned, word, what)


def _stored(session: Session, where: Returned, word: str, what: str) -> None:
    match = re.match(r"(\w+)\s*(.*)", what.strip(), re.DOTALL)
    if match is None or not is_name(match[1]):
        raise StataError(198, "invalid syntax")
    name, value = match[1], match[2].strip()
    if word in {"local", "loc"}:
        text = macro_value(session, value)
        where.drop(name)
        if text:
            where.macros[name] = text
    elif word in {"scalar", "sca"} and value.startswith("="):
        number = numeric(session.evaluate(value[1:]))
        where.drop(name)
        where.scalars[name] = number
    elif word in {"matrix", "mat"} and value.startswith("="):
        source, options = split_options(value[1:])
        only(options, "copy")
        found = matrix_value(session, source)
        if is_name(source) and not options:
            session.memory.matrices.pop(source, None)
        where.drop(name)
        where.matrices[name] = found
    else:
        raise OutsideSubset(f"{word} {what} among stored results")


def post(session: Session, rest: str) -> None:
    """`ereturn post b V [, depname() obs() dof() esample() properties() buildfvinfo findomitted]`.

    Raises
    ------
    StataError
        111, 503, 504, 505 or 507 for matrices that are none of estimates.
    """
    main, options = split_options(rest)
    only(options, "depname", "obs", "dof", "esample", "properties", "buildfvinfo", "findomitted", "noclear")
    names = main.split()
    if len(names) > 2:
        raise OutsideSubset("ereturn post with constraints")
    memory = session.memory
    matrices = [memory.matrix(name) for name in names]
    _check(matrices)
    sample = options.get("esample")
    mask = [value != 0 for value in memory.data.column(sample).values] if sample else None
    if "noclear" not in options:
        memory.e.clear()
    for name, kind, matrix in zip(names, "bV", matrices, strict=False):
        memory.e.matrices[kind] = matrix
        # [P] ereturn: the matrices are moved, not copied.
        memory.matrices.pop(name, None)
    if sample:
        memory.data.columns.remove(memory.data.column(sample))
        memory.e.sample = mask
    if matrices:
        matrices[0].rows = ["y1"]
        memory.e.macros["properties"] = options.get("properties") or ("b V" if len(names) > 1 else "b")
    for option, kind in (("obs", "N"), ("dof", "df_r")):
        if options.get(option):
            memory.e.scalars[kind] = numeric(session.evaluate(options[option] or ""))
    if options.get("depname"):
        memory.e.macros["depvar"] = (options["depname"] or "").strip()


def _check(matrices: list[StoredMatrix]) -> None:
    if not matrices:
        return
    b = matrices[0].values
    if b.shape[0] != 1:
        raise StataError(503, "conformability error")
    if len(set(matrices[0].columns)) != len(matrices[0].columns):
        raise StataError(507, "name conflict")
    if len(matrices) > 1:
        V = matrices[1]
        if V.values.shape != (b.shape[1], b.shape[1]):
            raise StataError(503, "conformability error")
        if not V.rows == V.columns == matrices[0].columns:
            raise StataError(507, "name conflict")
        if not np.array_equal(V.values, V.values.T):
            raise StataError(505, "matrix not symmetric")
    if any(is_missing(float(value)) for matrix in matrices for value in matrix.values.ravel()):
        raise StataError(504, "matrix has missing values")


def display(session: Session, rest: str) -> None:
    """`ereturn display [, level(#) eform(title)]`."""
    _, options = split_options(rest)
    only(options, "level", "eform", "first", "neq", "plus", *IGNORED)
    level = numeric(session.evaluate(options.get("level") or "95"))
    if not 10 <= level <= 99.99:
        raise StataError(198, "level() must be between 10 and 99.99 inclusive")
    eform = options.get("eform")
    if eform and eform.startswith('"'):
        eform = quoted(eform, 0)[0]
    neq = 1 if "first" in options else int(options.get("neq") or 0)
    style = Style(level, eform if "eform" in options else None, neq, plus="plus" in options)
    _check_equations(session.memory.e)
    for line in coefficient_table(session.memory.e, style):
        session.results.line(line, asis=True)


def _check_equations(e: Returned) -> None:
    """[P] _coef_table: e(k_eq) may not count more equations than e(b) names."""
    equations = {split(name)[0] for name in e.matrices["b"].columns} if "b" in e.matrices else set()
    if equations and "/" not in equations and e.scalars.get("k_eq", 0) > len(equations):
        raise StataError(322, "e(k_eq) does not equal the number of equations")


def _list(session: Session, found: Returned, kind: str) -> None:
    for name, value in found.scalars.items():
        session.results.line(f"{f'{kind}({name})':>23} =  {formatted(value, '%10.0g').strip()}", asis=True)
    for name, text in found.macros.items():
        session.results.line(f'{f"{kind}({name})":>23} : "{text}"', asis=True)
    for name, matrix in found.matrices.items():
        r, c = matrix.values.shape
        session.results.line(f"{f'{kind}({name})':>23} :  {r} x {c}", asis=True)
