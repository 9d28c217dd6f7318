"""`ml maximize`: a Newton of the tests' own that calls an evaluator as `ml` does; our reading of [R] ml, [R] maximize.

At the start the evaluator is called with todo 2, at every trial with todo 0, and where a trial is accepted with todo 2
at that same point. A step that is worse, or has a missing log likelihood, is halved, 60 times at most. From one that is
not, `ml` goes on in its direction, by 1/8 of it, then by twice as much as before, as long as it gains: so that each
iteration costs a trial more than the step itself. In a region that is not concave the step goes along a modified
Hessian, and on by the whole of it. `showstep` shows all this, and public logs of it are where it was learnt from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tests.stata.standin.errors import StataError
from tests.stata.standin.expressions import numeric
from tests.stata.standin.formats import formatted
from tests.stata.standin.memory import StoredMatrix
from tests.stata.standin.values import MISSING, is_missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tests.stata.standin.ml_model import Model
    from tests.stata.standin.session import Session

    Vector = NDArray[np.float64]

HALVINGS = 60
ITERATIONS = 300
ON = 1 / 8
"""The first step forward after a whole step, as a share of it, in a concave region."""


@dataclass(frozen=True)
class Point:
    """Derivatives at a beta."""

    b: Vector
    g: Vector
    H: Vector


@dataclass
class Maximum:
    """Where `ml` stopped."""

    b: Vector
    lnf: float
    g: Vector
    H: Vector
    iterations: int
    log: list[float]
    converged: bool


class Evaluator:
    """Calls the program as `ml` does: `PROG todo b lnf g H`, the last four being temporary names."""

    def __init__(self, session: Session, model: Model) -> None:
        self._session, self._model = session, model
        self.names = [session.temporary_name() for _ in range(4)]
        self.calls: list[int] = []

    def __call__(self, todo: int, b: Vector) -> tuple[float, Vector, Vector]:
        """The log likelihood (missing where it cannot be computed), and g and H where they are asked for."""
        memory, (name, lnf, g, H) = self._session.memory, self.names
        self.calls.append(todo)
        self.forget()
        memory.matrices[name] = StoredMatrix(b.reshape(1, -1).copy(), ["r1"], list(self._model.names))
        self._session.interpreter.command(f"{self._model.program} {todo} {' '.join(self.names)}")
        value = numeric(self._session.memory.scalars.get(lnf, MISSING))
        if lnf not in memory.scalars:
            raise StataError(111, f"evaluator {self._model.program} did not set its scalar lnf")
        if is_missing(value) or todo == 0:
            return value, np.zeros(0), np.zeros((0, 0))
        return (
            value,
            self._matrix(g, (1, len(b)))[0],
            self._matrix(H, (len(b), len(b))) if todo == 2 else np.zeros((0, 0)),
        )

    def _matrix(self, name: str, shape: tuple[int, int]) -> Vector:
        found = self._session.memory.matrix(name).values
        if found.shape != shape:
            raise StataError(503, "conformability error")
        if any(is_missing(float(value)) for value in found.ravel()):
            raise StataError(504, "matrix has missing values")
        if shape[0] > 1 and np.max(np.abs(found - found.T)) > 1e-8 * (1 + np.max(np.abs(found))):
            raise StataError(505, "matrix not symmetric")
        return found

    def forget(self) -> None:
        """The temporary names are gone."""
        for one in self.names:
            self._session.memory.matrices.pop(one, None)
            self._session.memory.scalars.pop(one, None)


def maximize(session: Session, model: Model, start: Vector) -> Maximum:
    """Climb from a start.

    Raises
    ------
    StataError
        1400 where the log likelihood is missing at the start; 430 without convergence; what the evaluator ends with.
    """
    evaluate = Evaluator(session, model)
    try:
        return _climb(session, model, evaluate, start)
    finally:
        evaluate.forget()


def _climb(session: Session, model: Model, evaluate: Evaluator, b: Vector) -> Maximum:
    free = ~np.array(model.zero)
    limit = int(_option(model, "iterate", ITERATIONS))
    iteration, moved, gained, log = 0, np.inf, np.inf, []
    while True:
        lnf, g, H = evaluate(2, b)
        if is_missing(lnf):
            raise StataError(1400, "initial values not feasible")
        if model.method == "d2debug":
            compare(session, evaluate, Point(b, g, H), free)
        log.append(lnf)
        direction, concave, scaled = step(g, H, free)
        _say(session, model, iteration, lnf, note="" if concave else "  (not concave)")
        settled = moved <= _option(model, "tolerance", 1e-6) or gained <= _option(model, "ltolerance", 1e-7)
        if concave and settled and scaled < _option(model, "nrtolerance", 1e-5):
            return Maximum(b, lnf, g, H, iteration, log, converged=True)
        if iteration >= limit:
            session.results.line("convergence not achieved")
            return Maximum(b, lnf, g, H, iteration, log, converged=False)
        new, better = _trial(lambda at: evaluate(0, at)[0], b, direction, lnf, on=ON if concave else 1.0)
        if new is None:
            raise StataError(430, "could not find a better point: convergence not achieved")
        moved = float(np.max(np.abs(new - b) / (np.abs(b) + 1)))
        gained = abs(better - lnf) / (abs(lnf) + 1)
        b, iteration = new, iteration + 1


def step(g: Vector, H: Vector, free: NDArray[np.bool_]) -> tuple[Vector, bool, float]:
    """The direction on the coefficients that are free, whether H is negative definite, and g (-H)^-1 g'."""
    information = -H[np.ix_(free, free)]
    information = (information + information.T) / 2
    values, vectors = np.linalg.eigh(information)
    concave = bool(values[0] > 1e-12 * max(abs(values[-1]), 1e-300))
    usable = values if concave else np.maximum(np.abs(values), 1e-8 * max(1.0, abs(values).max()))
    direction = np.zeros_like(g)
    direction[free] = vectors @ ((vectors.T @ g[free]) / usable)
    return direction, concave, float(g[free] @ direction[free])


def _trial(
    lnf_at: Callable[[Vector], float], b: Vector, direction: Vector, lnf: float, *, on: float
) -> tuple[Vector | None, float]:
    new = b + direction
    value = lnf_at(new)
    if not is_missing(value) and value >= lnf:
        return _forward(lnf_at, new, on * direction, value)
    for _ in range(HALVINGS):
        new = (new + b) / 2
        value = lnf_at(new)
        if not is_missing(value) and value >= lnf:
            return new, value
    return None, lnf


def _forward(lnf_at: Callable[[Vector], float], b: Vector, step: Vector, value: float) -> tuple[Vector, float]:
    while True:
        further = lnf_at(b + step)
        if is_missing(further) or further <= value:
            return b, value
        b, value, step = b + step, further, 2 * step


def compare(session: Session, evaluate: Evaluator, at: Point, free: NDArray[np.bool_]) -> None:
    """`d2debug`: g against differences of lnf, H against differences of g, as relative differences."""
    numeric_g, numeric_H = np.zeros_like(at.g), np.zeros_like(at.H)
    for i in np.flatnonzero(free):
        move = np.zeros_like(at.b)
        move[i] = 1e-4 * (1 + abs(at.b[i])) / max(1.0, np.sqrt(abs(at.H[i, i])))
        (up, g_up, _), (down, g_down, _) = evaluate(1, at.b + move), evaluate(1, at.b - move)
        numeric_g[i] = (up - down) / (2 * move[i])
        numeric_H[i] = (g_up - g_down) / (2 * move[i])
    kept = np.ix_(free, free)
    of_g = _mreldif(numeric_g[free], at.g[free])
    of_H = _mreldif((numeric_H + numeric_H.T)[kept] / 2, at.H[kept])
    line = session.results.line
    line("d2debug:  Begin derivative-comparison report " + "-" * 34)
    line(f"d2debug:  mreldif(gradient vectors)  = {formatted(of_g, '%9.0g').strip()}")
    line(f"d2debug:  mreldif(negative Hessians) = {formatted(of_H, '%9.0g').strip()}")
    line("d2debug:  End derivative-comparison report " + "-" * 36)


def _mreldif(x: Vector, y: Vector) -> float:
    return float(np.max(np.abs(x - y) / (np.abs(y) + 1)))


def _say(session: Session, model: Model, iteration: int, lnf: float, *, note: str) -> None:
    if "nolog" not in model.options:
        session.results.line(f"Iteration {iteration}:  Log likelihood = {formatted(lnf, '%10.0g')}{note}")


def _option(model: Model, name: str, default: float) -> float:
    given = model.options.get(name)
    return float(given) if given else default
