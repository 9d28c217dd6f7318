"""Matrix expressions: our reading of [P] matrix define."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.stata.standin.errors import OutsideSubset, StataError
from tests.stata.standin.expressions import numeric
from tests.stata.standin.memory import StoredMatrix
from tests.stata.standin.stripes import find_coefficient
from tests.stata.standin.text import closing, top
from tests.stata.standin.values import MISSING, is_missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tests.stata.standin.session import Session


def matrix_value(session: Session, text: str) -> StoredMatrix:
    """The value of a matrix expression: names, `e(b)`, literals, + - * / ', a few functions, submatrices."""
    text = text.strip()
    for operators in ("\\", ",", "+-", "*/"):
        at = _last(text, operators)
        if at is not None:
            return _joined(session, text[at], text[:at], text[at + 1 :])
    if text.startswith("-"):
        found = matrix_value(session, text[1:])
        return StoredMatrix(-found.values, found.rows, found.columns)
    if text.endswith("'") and not text.endswith("\"'"):
        found = matrix_value(session, text[:-1])
        return StoredMatrix(found.values.T.copy(), found.columns, found.rows)
    return _atom(session, text)


def _last(text: str, operators: str) -> int | None:
    places = [
        at for at, char in top(text) if char in operators and at > 0 and text[:at].strip()[-1:] not in {*"+-*/,\\(", ""}
    ]
    return places[-1] if places else None


def _atom(session: Session, text: str) -> StoredMatrix:
    if text.startswith("(") and closing(text, 0) == len(text) - 1:
        return matrix_value(session, text[1:-1])
    function = re.match(r"([A-Za-z]\w*)\(", text)
    if function and closing(text, function.end() - 1) == len(text) - 1 and function[1] not in {"e", "r"}:
        return _function(session, function[1], text[function.end() : -1])
    part = re.fullmatch(r"(\w+|[er]\(\w+\))\[(.+)\]", text)
    if part and (".." in part[2] or '"' in part[2]):
        return _submatrix(session, session.memory.matrix(part[1]), part[2])
    name = re.fullmatch(r"[^\W\d]\w*|[er]\(\w+\)", text)
    if name:
        try:
            return session.memory.matrix(text).copy()
        except StataError:
            if text.startswith(("e(", "r(")) and text[2:-1] not in session.memory.returned[text[0]].scalars:
                raise
    return StoredMatrix(np.array([[numeric(session.evaluate(text))]]))


def _function(session: Session, name: str, inside: str) -> StoredMatrix:
    args = [piece.strip() for piece in _arguments(inside)]
    if name == "J":
        r, c, z = (numeric(session.evaluate(arg)) for arg in args)
        return StoredMatrix(np.full((int(r), int(c)), z))
    if name == "I":
        return StoredMatrix(np.eye(int(numeric(session.evaluate(args[0])))))
    if name in _FUNCTIONS and len(args) == 1:
        found = matrix_value(session, args[0])
        rows, columns = (found.columns, found.rows) if name in {"inv", "invsym", "syminv"} else ([], found.columns)
        values = _FUNCTIONS[name](found.values)
        return StoredMatrix(values, rows or (found.rows if values.shape[0] == len(found.rows) else []), columns)
    return StoredMatrix(np.array([[_scalar_function(session, name, args)]]))


def _scalar_function(session: Session, name: str, args: list[str]) -> float:
    if name not in _SCALARS:
        return numeric(session.evaluate(f"{name}({','.join(args)})"))
    return _SCALARS[name](session, args)


def _place(session: Session, args: list[str], names: list[str]) -> float:
    try:
        return float(find_coefficient(str(session.evaluate(args[1])), names) + 1)
    except StataError:
        return MISSING


def _mreldif(session: Session, args: list[str]) -> float:
    a, b = (matrix_value(session, arg).values for arg in args)
    _conform(a.shape == b.shape)
    return float(np.max(np.abs(a - b) / (np.abs(b) + 1)))


def _element(session: Session, args: list[str]) -> float:
    i, j = (int(numeric(session.evaluate(arg))) for arg in args[1:])
    return float(matrix_value(session, args[0]).values[i - 1, j - 1])


def _symmetric(session: Session, args: list[str]) -> float:
    values = matrix_value(session, args[0]).values
    return float(np.array_equal(values, values.T))


def _arguments(text: str) -> list[str]:
    commas = [-1, *(at for at, char in top(text) if char == ","), len(text)]
    return [text[a + 1 : b] for a, b in itertools.pairwise(commas)]


def _joined(session: Session, operator: str, left: str, right: str) -> StoredMatrix:
    a, b = matrix_value(session, left), matrix_value(session, right)
    x, y = a.values, b.values
    if operator == "\\":
        _conform(x.shape[1] == y.shape[1])
        return StoredMatrix(np.vstack([x, y]), _both(a.rows, b.rows, "r1"), a.columns)
    if operator == ",":
        _conform(x.shape[0] == y.shape[0])
        return StoredMatrix(np.hstack([x, y]), a.rows, _both(a.columns, b.columns, "c1"))
    if operator in "+-":
        _conform(x.shape == y.shape)
        return _missing_kept(x + y if operator == "+" else x - y, a.rows, a.columns, x, y)
    return _product(operator, a, b)


def _product(operator: str, a: StoredMatrix, b: StoredMatrix) -> StoredMatrix:
    x, y = a.values, b.values
    if operator == "/":
        _conform(y.shape == (1, 1))
        return _missing_kept(x / y[0, 0] if y[0, 0] else np.full(x.shape, MISSING), a.rows, a.columns, x, y)
    if (1, 1) in {x.shape, y.shape}:
        named = a if y.shape == (1, 1) else b
        return _missing_kept(x * y, named.rows, named.columns, x, y)
    _conform(x.shape[1] == y.shape[0])
    return _missing_kept(x @ y, a.rows, b.columns, x, y)


def _missing_kept(
    values: NDArray[np.float64], rows: list[str], columns: list[str], *of: NDArray[np.float64]
) -> StoredMatrix:
    if any(is_missing(float(one)) for part in of for one in part.ravel()):
        raise OutsideSubset("arithmetic on a matrix with missing values")
    return StoredMatrix(values, list(rows), list(columns))


def _both(first: list[str], second: list[str], default: str) -> list[str]:
    """The names of two matrices in one; names that nobody gave are made anew."""
    return [] if default in {first[0], second[0]} else [*first, *second]


def _conform(fits: bool) -> None:
    if not fits:
        raise StataError(503, "conformability error")


def _submatrix(session: Session, matrix: StoredMatrix, inside: str) -> StoredMatrix:
    row, _, col = inside.partition(",")
    i, j = _span(session, row, matrix.rows), _span(session, col, matrix.columns)
    return StoredMatrix(matrix.values[i, j].copy(), matrix.rows[i], matrix.columns[j])


def _span(session: Session, text: str, names: list[str]) -> slice:
    text = text.strip()
    if text.startswith('"'):
        at = find_coefficient(text.strip('"'), names)
        return slice(at, at + 1)
    low, dots, high = text.partition("..")
    first = int(numeric(session.evaluate(low)))
    last = len(names) if high == "." else int(numeric(session.evaluate(high))) if dots else first
    if not 1 <= first <= last <= len(names):
        raise StataError(503, "conformability error")
    return slice(first - 1, last)


def _invsym(values: NDArray[np.float64]) -> NDArray[np.float64]:
    if not np.allclose(values, values.T, rtol=1e-8, atol=0):
        raise StataError(505, "matrix not symmetric")
    return inverse(values)


def inverse(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The symmetric inverse; rows and columns of zeros stay so, as by `invsym()`."""
    kept = np.flatnonzero(np.any(values != 0, axis=1))
    found = np.zeros_like(values)
    found[np.ix_(kept, kept)] = np.linalg.inv(values[np.ix_(kept, kept)])
    return (found + found.T) / 2


_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "diag": lambda v: np.diag(v.ravel()),
    "inv": np.linalg.inv,
    "invsym": _invsym,
    "syminv": _invsym,
    "vecdiag": lambda v: np.diag(v).reshape(1, -1),
}

_SCALARS: dict[str, Callable[[Session, list[str]], float]] = {
    "colnumb": lambda session, args: _place(session, args, matrix_value(session, args[0]).columns),
    "colsof": lambda session, args: float(matrix_value(session, args[0]).values.shape[1]),
    "det": lambda session, args: float(np.linalg.det(matrix_value(session, args[0]).values)),
    "el": _element,
    "issymmetric": _symmetric,
    "mreldif": _mreldif,
    "rownumb": lambda session, args: _place(session, args, matrix_value(session, args[0]).rows),
    "rowsof": lambda session, args: float(matrix_value(session, args[0]).values.shape[0]),
    "trace": lambda session, args: float(np.trace(matrix_value(session, args[0]).values)),
}
