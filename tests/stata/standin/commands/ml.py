"""`ml`: our reading of [R] ml."""

from __future__ import annotations

import contextlib
import copy
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from tests.stata.standin.commands.registry import command
from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.expressions import numeric
from tests.stata.standin.formats import formatted
from tests.stata.standin.matrix_expressions import inverse
from tests.stata.standin.memory import StoredMatrix
from tests.stata.standin.ml_maximize import maximize
from tests.stata.standin.ml_model import read_model
from tests.stata.standin.stripes import find_coefficient
from tests.stata.standin.table import Style, coefficient_table
from tests.stata.standin.text import only, options, split_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stata.standin.ml_maximize import Maximum
    from tests.stata.standin.ml_model import Model
    from tests.stata.standin.session import Session


HEADS = {"or": "Odds ratio", "irr": "IRR", "hr": "Haz. ratio", "rrr": "RRR", "shr": "SHR"}
"""Heads of exponentiated coefficients, by option ([R] eform_option)."""


@command("[R] ml", "ml")
def ml(session: Session, rest: str) -> None:
    """`ml model`, `ml maximize`, `ml display`, `ml init`."""
    word, _, what = rest.strip().partition(" ")
    word = word.rstrip(",")
    if word == "model":
        session.ml = read_model(session, what)
        if "maximize" in session.ml.options:
            _maximize(session, session.ml)
    elif word in {"maximize", "max"}:
        model = _defined(session)
        model.options |= options(what.lstrip(" ,"))
        _maximize(session, model)
        if "nooutput" not in model.options:
            display(session, "")
    elif word in {"display", "di"}:
        display(session, what if what.strip().startswith(",") else f",{what}")
    elif word == "init":
        _defined(session).options["init"] = what
    else:
        raise OutsideSubset(f"ml {word}")


def _defined(session: Session) -> Model:
    if session.ml is None:
        raise StataError(198, "ml model not defined")
    return session.ml


def _start(session: Session, model: Model) -> np.ndarray:
    b = np.zeros(len(model.names))
    given = (model.options.get("init") or "").partition(",")[0].strip()
    if not given:
        return b
    if "=" not in given:
        held = session.memory.matrix(given)
        for name, value in zip(held.columns, held.values[0], strict=True):
            if name in model.names:
                b[model.names.index(name)] = value
        return b
    for pair in given.split():
        name, _, value = pair.partition("=")
        b[find_coefficient(name, model.names)] = numeric(session.evaluate(value))
    return b


def _maximize(session: Session, model: Model) -> None:
    if model.options.get("search", "off") != "off" or "search" not in model.options:
        raise OutsideSubset("ml with a search for starting values: say search(off)")
    session.results.line()
    with _only_the_sample(session, model):
        found = maximize(session, model, _start(session, model))
    _post(session, model, found)


@contextlib.contextmanager
def _only_the_sample(session: Session, model: Model) -> Iterator[None]:
    """What `ml` does to the data and to its global macros around the calls of an evaluator: see nopreserve there."""
    memory, whole = session.memory, session.memory.data
    seen, used = copy.deepcopy(whole), set(model.rows)
    marks = seen.add("_MLtua1", "byte")
    marks.values = [float(i in used) for i in range(seen.nobs)]
    if "nopreserve" not in model.options:
        seen.keep(model.rows)
    memory.frames[memory.frame] = seen
    memory.globals |= {"ML_samp": marks.name, "ML_n": str(len(model.equations) + len(model.ancillary))}
    try:
        yield
    finally:
        memory.frames[memory.frame] = whole
        for name in [name for name in memory.globals if name.startswith("ML_")]:
            del memory.globals[name]


def _post(session: Session, model: Model, found: Maximum) -> None:
    e = session.memory.e
    e.clear()
    free = ~np.array(model.zero)
    V = np.zeros_like(found.H)
    V[np.ix_(free, free)] = inverse(-(found.H + found.H.T)[np.ix_(free, free)] / 2)
    e.matrices["b"] = StoredMatrix(found.b.reshape(1, -1), ["y1"], list(model.names))
    e.matrices["V"] = StoredMatrix(V, list(model.names), list(model.names))
    e.matrices["gradient"] = StoredMatrix(found.g.reshape(1, -1), ["r1"], list(model.names))
    e.matrices["ilog"] = StoredMatrix(np.array([found.log]))
    first = f"{model.equations[0].name}:"
    tested = [i for i, n in enumerate(model.names) if n.startswith(first) and not n.endswith(":_cons") and free[i]]
    rank = int(np.linalg.matrix_rank(V[np.ix_(free, free)]))
    e.scalars |= {"N": model.nobs, "ll": found.lnf, "ic": float(found.iterations), "rank": float(rank)}
    e.scalars |= {"k": float(len(model.names)), "k_eq": float(len(model.equations) + len(model.ancillary))}
    e.scalars |= {"k_dv": float(len(model.depvars)), "converged": float(found.converged), "df_m": float(len(tested))}
    e.scalars["rc"] = 0.0 if found.converged else 430.0
    if tested:
        b, inner = found.b[tested], V[np.ix_(tested, tested)]
        e.scalars["chi2"] = float(b @ np.linalg.solve(inner, b))
        e.scalars["p"] = float(stats.chi2.sf(e.scalars["chi2"], len(tested)))
        e.macros["chi2type"] = "Wald"
    e.macros |= {"cmd": "ml", "predict": "ml_p", "opt": "ml", "user": model.program, "ml_method": model.method}
    e.macros |= {"depvar": " ".join(model.depvars), "technique": "nr", "properties": "b V", "vce": "oim"}
    if model.options.get("title"):
        e.macros["title"] = (model.options["title"] or "").strip('"')


def display(session: Session, rest: str) -> None:
    """`ml display[, level() noheader]`: the heading, and the table of coefficients."""
    _, found = split_options(rest)
    only(found, "level", "noheader", "eform", *HEADS)
    e, line = session.memory.e, session.results.line
    if "b" not in e.matrices:
        raise StataError(301, "last estimates not found")
    if "noheader" not in found:
        line()
        title = e.macros.get("title", "")
        line(f"{title:<55} Number of obs ={formatted(e.scalars['N'], '%7.0fc')}", asis=True)
        left = f"Log likelihood = {formatted(e.scalars['ll'], '%10.0g').strip()}"
        if "chi2" in e.scalars:
            chi2 = f"Wald chi2({int(e.scalars['df_m'])})"
            line(f"{'':<55} {chi2:<13} ={formatted(e.scalars['chi2'], '%7.2f')}", asis=True)
            line(f"{left:<55} {'Prob > chi2':<13} ={formatted(e.scalars['p'], '%7.4f')}", asis=True)
        else:
            line(left, asis=True)
        line()
    if e.scalars.get("converged") == 0:
        line("Warning: Convergence not achieved.")
    level = numeric(session.evaluate(found.get("level") or "95"))
    eform = next((HEADS[name] for name in found if name in HEADS), found.get("eform"))
    for text in coefficient_table(e, Style(level, eform)):
        line(text, asis=True)
