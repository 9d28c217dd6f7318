"""Combinations of coefficients: our reading of [R] test, [R] lincom and [R] nlcom."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from tests.stata.standin.errors import StataError
from tests.stata.standin.expressions import numeric
from tests.stata.standin.stripes import find_coefficient

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.stata.standin.session import Session

_PIECE = r"(?:(?:\d+[a-z]*|[a-z]+)\.)?[^\W\d]\w*"
_TERM = re.compile(
    rf"(?P<kept>_(?:b|se|coef)\[[^\]]*\]|\w+\([^()]*\)(?=\[)|%?\d+\.\d+|[eE][-+]?\d+)"
    rf"|(?P<eq>\[[^\]]+\])?(?P<term>{_PIECE}(?:\#{_PIECE})*(?::{_PIECE}(?:\#{_PIECE})*)?)(?![\w(\#.])",
)


def with_coefficients(text: str, names: list[str]) -> str:
    """The expression with `_b[…]` around each name of a coefficient."""

    def written(match: re.Match[str]) -> str:
        if match["kept"] or match["term"] in {"_b", "_se", "_coef"}:
            return match[0]
        term = f"{match['eq'][1:-1]}:{match['term']}" if match["eq"] else match["term"]
        find_coefficient(term, names)
        return f"_b[{term}]"

    return _TERM.sub(written, text)


def estimates(session: Session) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]]:
    """e(b) as a vector (p,), e(V) (p, p) and the names.

    Raises
    ------
    StataError
        301 without estimates.
    """
    e = session.memory.e
    if "b" not in e.matrices or "V" not in e.matrices:
        raise StataError(301, "last estimates not found")
    return e.matrices["b"].values[0], e.matrices["V"].values, e.matrices["b"].columns


def combination(session: Session, text: str) -> tuple[float, NDArray[np.float64]]:
    """A linear combination of coefficients: its constant, and the weights (p,).

    Raises
    ------
    StataError
        198 if it is not linear.
    """
    b, _, names = estimates(session)
    expression = with_coefficients(text, names)
    at_zero = _at(session, expression, np.zeros_like(b))
    weights = np.array([_at(session, expression, unit) - at_zero for unit in np.eye(len(b))])
    if abs(_at(session, expression, 2 * np.ones_like(b)) - at_zero - 2 * weights.sum()) > 1e-8 * (
        1 + abs(weights).sum()
    ):
        raise StataError(198, "not a linear expression of the coefficients")
    return at_zero, weights


def gradient(session: Session, text: str) -> tuple[float, NDArray[np.float64]]:
    """A smooth function of the coefficients at e(b): its value, and its derivatives (p,) by differences."""
    b, _, names = estimates(session)
    expression = with_coefficients(text, names)
    value = _at(session, expression, b)
    found = np.zeros_like(b)
    for i, size in enumerate(np.maximum(np.abs(b), 1) * 1e-5):
        step = np.zeros_like(b)
        step[i] = size
        low, high = _at(session, expression, b - step), _at(session, expression, b + step)
        found[i] = (high - low) / (2 * size)
    return value, found


def _at(session: Session, expression: str, b: NDArray[np.float64]) -> float:
    matrix = session.memory.e.matrices["b"]
    kept, matrix.values = matrix.values, b.reshape(1, -1)
    try:
        return numeric(session.evaluate(expression))
    finally:
        matrix.values = kept
