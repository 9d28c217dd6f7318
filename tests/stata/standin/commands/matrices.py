"""Matrices: our reading of [P] matrix define, [P] matrix utility, [P] matrix rownames."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.stata.standin.commands.registry import command
from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.expressions import numeric
from tests.stata.standin.formats import formatted
from tests.stata.standin.matrix_expressions import matrix_value
from tests.stata.standin.text import only, split_options, words
from tests.stata.standin.values import is_name, is_stripe_name

if TYPE_CHECKING:
    from tests.stata.standin.memory import StoredMatrix
    from tests.stata.standin.session import Session


@command("[P] matrix define", "matrix", "mat", "matname")
def matrix(session: Session, rest: str) -> None:
    """`matrix [define] A = exp`, `matrix A[i,j] = exp`, `matrix list|drop|rownames|colnames|coleq|roweq|rename`."""
    element = re.fullmatch(r"\s*(\w+)\[([^\]]+)\]\s*=(?!=)\s*(.+)", rest)
    if element:
        _set_element(session, *element.groups())
        return
    defined = re.fullmatch(r"\s*(?:def\w*\s+|inp\w*\s+)?(\w+)\s*=\s*(.+)", rest)
    if defined:
        if not is_name(defined[1]):
            raise StataError(198, f"{defined[1]} invalid name")
        session.memory.set_matrix(defined[1], matrix_value(session, defined[2]))
        return
    word, _, what = rest.strip().partition(" ")
    if word in {"list", "l", "lis"}:
        _list(session, what)
    elif word == "drop":
        for name in what.split():
            session.memory.matrix(name)
            del session.memory.matrices[name]
    elif word in {"rownames", "colnames", "roweq", "coleq", "rown", "coln"}:
        _names(session, word, what)
    elif word in {"rename", "ren"}:
        old, new = what.split()
        session.memory.set_matrix(new, session.memory.matrix(old))
        del session.memory.matrices[old]
    else:
        raise OutsideSubset(f"matrix {rest}")


def _set_element(session: Session, name: str, inside: str, value: str) -> None:
    i, j = (int(numeric(session.evaluate(part))) for part in inside.split(","))
    found = session.memory.matrix(name)
    r, c = found.values.shape
    if not (1 <= i <= r and 1 <= j <= c):
        raise StataError(503, "conformability error")
    found.values[i - 1, j - 1] = numeric(session.evaluate(value))


def _names(session: Session, word: str, what: str) -> None:
    name, _, given = what.partition("=")
    found = session.memory.matrix(name.strip())
    columns = word.startswith("col")
    old = found.columns if columns else found.rows
    new = words(session.expand(given))
    if word.endswith("eq"):
        new = [f"{new[min(i, len(new) - 1)]}:{term.rpartition(':')[2]}" for i, term in enumerate(old)]
    if len(new) != len(old) or not all(map(is_stripe_name, new)):
        raise StataError(198 if len(new) == len(old) else 503, "invalid names")
    if columns:
        found.columns = new
    else:
        found.rows = new


def _list(session: Session, what: str) -> None:
    main, options = split_options(what)
    only(options, "format", "noheader", "nohalf")
    found = session.memory.matrix(main)
    form = options.get("format") or "%9.0g"
    for line in listing(main, found, form, symmetric="nohalf" not in options):
        session.results.line(line, asis=True)


def listing(name: str, matrix: StoredMatrix, form: str, *, symmetric: bool) -> list[str]:
    """A matrix as `matrix list` shows it: the lower half of a symmetric one."""
    r, c = matrix.values.shape
    half = symmetric and r == c and matrix.rows == matrix.columns and (matrix.values == matrix.values.T).all()
    width = max([len(formatted(0, form)), *(len(column) for column in matrix.columns)])
    stub = max(len(row) for row in matrix.rows)
    lines = ["", f"{'symmetric ' if half else ''}{name}[{r},{c}]"]
    lines.append(" " * stub + "".join(f"  {column:>{width}}" for column in matrix.columns))
    for i, row in enumerate(matrix.rows):
        cells = [formatted(float(value), form).strip() for value in matrix.values[i, : i + 1 if half else c]]
        lines.append(f"{row:>{stub}}" + "".join(f"  {cell:>{width}}" for cell in cells))
    return lines
