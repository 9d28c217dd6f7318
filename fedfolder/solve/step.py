"""A beta with its derivatives, and the Newton step from there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from fedfolder.solve import information as info

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fedfolder.solve.derivatives import Derivatives

    Array: TypeAlias = NDArray[np.float64]

EPSILON = float(np.finfo(np.float64).eps)

CURVED = EPSILON
"""Times p: relative to the largest, a smaller eigenvalue of the scaled information is zero but for rounding."""

FLOOR = 1e-6
"""Where the log-likelihood is not concave: the smallest eigenvalue to step with, relative to the largest."""


FAR = 0.1
"""The decrement above which steps are taken in exponentials: nearer, those of the parameters themselves are as good."""

SHORT = 0.125
"""The share of a mirrored parameter that is left by a step beyond zero."""

ANYWAY = 0.5
"""How far one step may take a mirrored parameter, however small it is."""

LEAST = 0.1
"""The share of an exponential that one step leaves at least."""


@dataclass(frozen=True, slots=True)
class Exponent:
    """A parameter a, such that the log-likelihood is nearer to a quadratic in others made with q = exp(sign a).

    Parameters
    ----------
    place : int
        Where a stands.
    sign : float
        1 or -1.
    added, multiplied : tuple of int
        The places of the b in whose place b + ln q is better taken, and of those in whose place q b is.
    """

    place: int
    sign: float
    added: tuple[int, ...] = ()
    multiplied: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Mirror:
    """A parameter at whose negative the log-likelihood is the same, so that its slope at zero is zero.

    Parameters
    ----------
    place : int
        Where it stands.
    """

    place: int


Form: TypeAlias = Exponent | Mirror
"""What is known of the shape of a log-likelihood far from its maximum."""


@dataclass(frozen=True, slots=True)
class Point:
    """A beta with all that the next step needs."""

    beta: Array
    derivatives: Derivatives
    step: Array
    gain: float  # g I^-1 g, twice what the step gains if the log-likelihood is quadratic
    decrement: float
    concave: bool

    @property
    def distance(self) -> float:
        """From the maximum, in standard errors, as far as the quadratic tells."""
        return math.sqrt(self.decrement) if self.decrement > 0 else 0.0


def point_at(
    beta: Array, derivatives: Derivatives, scale: Callable[[Derivatives], float], forms: tuple[Form, ...] = ()
) -> Point:
    """The Newton step from here.

    Where the information is not positive definite, each eigenvalue of the scaled information is replaced by its size,
    and by `FLOOR` times the largest size where that is more: uphill in every direction, and bounded.

    Far from the maximum, the step is one for the `forms` that there are.
    """
    information = -derivatives.hessian
    by = info.scaling(information)
    matrix = info.scaled(information, by)
    values, vectors = np.linalg.eigh(matrix)
    sizes = np.abs(values)
    largest = float(sizes.max(initial=0.0))
    concave = bool((values > CURVED * len(values) * largest).all())
    if concave:
        step = info.solve_scaled(by, matrix, derivatives.score)
    else:
        used = np.maximum(sizes, FLOOR * largest) if largest > 0 else np.ones_like(sizes)
        step = by * (vectors @ ((vectors.T @ (by * derivatives.score)) / used))
    gain = float(derivatives.score @ step)
    by_scale = scale(derivatives)
    decrement = 0.0 if gain == 0.0 else gain / by_scale if by_scale > 0 else math.inf
    for form in forms if not (concave and decrement < FAR) else ():
        step = _in_form(beta, derivatives, form, step)
    return Point(beta, derivatives, step, gain, decrement, concave)


def _in_form(beta: Array, derivatives: Derivatives, form: Form, otherwise: Array) -> Array:
    """The step (p,) that goes by a form."""
    if isinstance(form, Exponent):
        return _in_exponential(beta, derivatives, form, otherwise)
    return _on_this_side(beta, derivatives, form, otherwise)


def _in_exponential(beta: Array, derivatives: Derivatives, by: Exponent, otherwise: Array) -> Array:
    """The Newton step in the parameters of an `Exponent`, as one of `beta` (p,); `otherwise` if it is not uphill.

    With q in the place of a, and c = b + ln q, e = q b, a function f of them has q f_q = v f', where v holds `sign` at
    a, -1 at each b of c and -b at each b of e. Then q^2 f_qq = v f'' v - v f' + sum b f_b over the latter, and q f_qe,
    for e taken in units of q, is f'' v - f_b. A step d of q, relative to q, is one of `sign` ln(1 + d) of a.
    """
    turn, multiplied = np.eye(len(beta)), list(by.multiplied)
    turn[by.place, by.place] = by.sign
    turn[list(by.added), by.place] = -1.0
    turn[multiplied, by.place] = -beta[multiplied]
    score = turn.T @ derivatives.score
    hessian = turn.T @ derivatives.hessian @ turn
    hessian[by.place, by.place] += beta[multiplied] @ derivatives.score[multiplied] - score[by.place]
    hessian[multiplied, by.place] -= derivatives.score[multiplied]
    hessian[by.place, multiplied] -= derivatives.score[multiplied]
    try:
        turned = info.solve(-hessian, score)
    except info.NotConcave:
        return otherwise
    share = max(float(turned[by.place]), LEAST - 1.0)
    step = turned.copy()
    step[by.place] = by.sign * math.log1p(share)
    step[list(by.added)] -= math.log1p(share)
    step[multiplied] = (step[multiplied] - share * beta[multiplied]) / (1.0 + share)
    return step if float(derivatives.score @ step) > 0 else otherwise


def _on_this_side(beta: Array, derivatives: Derivatives, mirror: Mirror, otherwise: Array) -> Array:
    """Newton's step of a mirrored parameter, within bounds, and that of the others which goes with it.

    With the others at their best for each value of it, a quadratic in it alone is left (the profile). Where that curves
    upward, the step goes uphill as far as it would downhill. It leaves `SHORT` of the parameter where it would end far
    on the other side of zero: that is the other side of the same hill. Near zero, where one is over the hill's top,
    Newton's step ends beyond it by a little. Nor does it more than double it, unless it is small.
    """
    j, information = mirror.place, -derivatives.hessian
    rest = np.arange(len(beta)) != j
    among = information[np.ix_(rest, rest)]
    try:
        solved = np.stack([info.solve(among, derivatives.score[rest]), info.solve(among, information[rest, j])], axis=1)
    except info.NotConcave:
        return otherwise
    slope = float(derivatives.score[j] - information[j, rest] @ solved[:, 0])
    curve = abs(float(information[j, j] - information[j, rest] @ solved[:, 1]))
    at, step = float(beta[j]), slope / curve if curve > 0 else math.copysign(math.inf, slope)
    size, reach = abs(at), abs(at) + max(abs(at), ANYWAY)
    if (at + step) * at < 0 and abs(at + step) > size / 2.0:
        step = (SHORT - 1.0) * at
    step = min(max(at + step, -reach), reach) - at
    found = np.empty_like(beta)
    found[j], found[rest] = step, solved[:, 0] - step * solved[:, 1]
    return found


def newton_step(derivatives: Derivatives) -> Array:
    """The step (p,) from where these derivatives were computed; bounded and uphill where they are not concave."""
    return point_at(np.zeros_like(derivatives.score), derivatives, lambda _: 1.0).step
