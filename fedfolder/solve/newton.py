"""Newton's method for a log-likelihood, as a generator.

It yields a beta and is sent the derivatives there, so that pooled data, simulated nodes, a folder of nodes and a
journal can all drive the same program, and the same answers give the same bits.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from fedfolder.solve import information as info
from fedfolder.solve.separation import Watch
from fedfolder.solve.step import EPSILON, Point, point_at

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from numpy.typing import NDArray

    from fedfolder.solve.derivatives import Derivatives
    from fedfolder.solve.last_step import LastStep
    from fedfolder.solve.step import Form

    Array: TypeAlias = NDArray[np.float64]

Status: TypeAlias = Literal["converged", "not concave", "not converged", "separation"]

FALL = 64 * EPSILON
"""A log-likelihood that falls by less than this share of itself has fallen by rounding, not by a step too long."""

OF_FIRST_STEP = 1e-28
"""Decrement below which the first step is the last."""

SLIGHT = 1e-8
"""Share of the log-likelihood by which it may fall where the derivatives come nearer to zero."""

EXHAUSTED = 1e-12
"""A decrement that is converged all the same once rounding allows no better: 1e-6 standard errors from the maximum."""

FLAT = 1e-3
"""The decrement below which separation is believed: on the way down from a start too high, steps gain a lot."""

NEARLY = 1e-9
"""What the log-likelihood may still gain from parameters that run off to a bound."""

CRAWL, CRAWLING = 3, (0.1, 0.6)
"""So many steps, each of which leaves a share of the decrement between these: under separation it is 1/e."""


@dataclass(frozen=True, slots=True)
class Iteration:
    """An accepted beta.

    Parameters
    ----------
    number : int
        0 for the start.
    loglike : float
        The log-likelihood there.
    halvings : int
        How often the step to it was halved.
    decrement : float
        g I^-1 g / scale there: the squared distance to the maximum in standard errors, as far as the quadratic tells.
    """

    number: int
    loglike: float
    halvings: int
    decrement: float


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Where Newton's method ended, and why.

    Parameters
    ----------
    beta : (p,) array
        The last accepted beta, as it was asked about.
    derivatives : Derivatives
        Those at `beta`.
    status : {"converged", "not concave", "not converged", "separation"}
        Only the first is an estimate.
    iterations : tuple of Iteration
        Every accepted beta, the start included.
    evaluations : int
        Betas asked about, those of rejected steps included.
    at : (p,) array
        The last accepted beta that was asked about: `beta` itself, unless the last step was taken without asking.
    """

    beta: Array
    derivatives: Derivatives
    status: Status
    iterations: tuple[Iteration, ...]
    evaluations: int
    at: Array


def maximize(
    start: Array,
    *,
    max_iterations: int = 25,
    max_halvings: int = 12,
    max_evaluations: int | None = None,
    tolerance: float = 1e-16,
    scale: Callable[[Derivatives], float] = lambda _: 1.0,
    report: Callable[[Iteration], None] | None = None,
    bounded: tuple[int, ...] = (),
    last_step: LastStep | None = None,
    forms: tuple[Form, ...] = (),
    watched: Derivatives | None = None,
    longest: float = math.inf,
) -> Generator[Array, tuple[Array, Derivatives], Solution]:
    """Maximize a log-likelihood.

    Parameters
    ----------
    start : (p,) array
        The first beta to ask about.
    max_iterations, max_halvings : int
        Accepted steps, and halvings of one step.
    max_evaluations : int, optional
        Betas asked about, at most; a step that has no evaluation left ends the search at the last accepted beta.
    tolerance : float
        Converged where g I^-1 g / scale is below this, with I = -Hessian.
    scale : callable
        What the inverse information at some derivatives is multiplied by to be the covariance.
    report : callable, optional
        Told of every accepted beta, the start included, before the next is asked about.
    bounded : tuple of int
        Places of parameters that may run off to a bound: where only they still move, by one or so with each step, the
        search has converged as soon as the others have.
    last_step : LastStep, optional
        When the last step is taken without asking there; never by default.
    forms : tuple of Exponent or Mirror
        What steps from far off go by; see `fedfolder.solve.step`.
    watched : Derivatives, optional
        Those that separation, and the noise of a perfect fit, are seen against, where the search begins elsewhere.
    longest : float
        What no parameter moves farther than in one step: where the information all but vanishes, Newton's step says no
        more than a direction.

    Yields
    ------
    (p,) array
        A beta to evaluate. It wants to be sent the pair of the beta that was evaluated and the derivatives there. The
        two betas may differ in the last bits; the one that is sent counts from there on.

    Returns
    -------
    Solution
        With the derivatives at its beta. Nothing is extrapolated, unless `last_step` allows it.

    Notes
    -----
    A step is accepted if the log-likelihood does not fall beyond rounding, otherwise it is halved from the last
    accepted beta; a value that is not finite counts as a fall. A decrement that rounding keeps from falling further
    counts as converged below `EXHAUSTED`, and so does a gain too small for the outcome's own last bits.

    References
    ----------
    Boyd and Vandenberghe, Convex Optimization, 9.5 (Newton decrement). Stata Base Reference Manual, [R] Maximize.
    """
    beta, derivatives = yield start.copy()
    if not derivatives.is_finite:
        unknown = Iteration(0, derivatives.loglike, 0, math.nan)
        return Solution(beta, derivatives, "not converged", (unknown,), 1, beta)
    limits = _Limits(max_iterations, max_halvings, max_evaluations, tolerance, bounded, last_step, forms, longest)
    climb = _Climb(point_at(beta, derivatives, scale, forms), limits, scale, report or (lambda _: None), watched)
    while (status := climb.status()) is None:
        step = yield from climb.step()
        if step is None:
            return climb.solution(climb.without_a_step())
        beta, derivatives, halvings = step
        climb.accept(point_at(beta, derivatives, scale, forms), halvings)
    if status == "converged" and last_step is not None:
        climb.take_last_step()
    return climb.solution(status)


@dataclass(frozen=True, slots=True)
class _Limits:
    iterations: int
    halvings: int
    evaluations: int | None
    tolerance: float
    bounded: tuple[int, ...]
    last_step: LastStep | None
    forms: tuple[Form, ...]
    longest: float


class _Climb:
    """The accepted betas so far, and what follows from the last of them."""

    def __init__(
        self,
        start: Point,
        limits: _Limits,
        scale: Callable[[Derivatives], float],
        report: Callable[[Iteration], None],
        watched: Derivatives | None,
    ) -> None:
        self._limits = limits
        self._scale = scale
        self._report = report
        usual = watched or start.derivatives
        self._watch = Watch(usual)
        self._before: Point | None = None
        # Sums of squares lose what is below the last bits of the outcome: such a gain is noise of a perfect fit.
        self._noise = 64 * EPSILON**2 * abs(usual.loglike)
        self._iterations: list[Iteration] = []
        self._evaluations = 1
        self._point = start
        self.accept(start, 0)

    def accept(self, point: Point, halvings: int) -> None:
        """Go on from `point`."""
        self._before = None if halvings or point is self._point else self._point
        self._point, self._at = point, point.beta
        number = len(self._iterations)
        self._iterations.append(Iteration(number, point.derivatives.loglike, halvings, point.decrement))
        self._report(self._iterations[-1])

    def status(self) -> Status | None:
        """The status where the climb ends at the last accepted beta, None to go on."""
        point = self._point
        if self._limits.bounded and self._crawls() and self._others_have_converged():
            # What they can still gain must be small, too, or the log-likelihood would be short of its limit.
            return "converged" if point.gain <= NEARLY else self._unless_used_up()
        if self._crawls() and point.decrement < FLAT and self._watch.sees_separation(point.derivatives):
            return "separation"
        before = self._iterations[-2].decrement if len(self._iterations) > 1 else -math.inf
        stalled = EXHAUSTED > point.decrement > 0.5 * before > -math.inf
        if point.decrement < self._tolerance() or point.gain <= self._noise or stalled:
            return "converged" if point.concave else "not concave"
        return "converged" if self._is_proven() else self._unless_used_up()

    def _is_proven(self) -> bool:
        """Whether the next step can be taken without asking there."""
        rule = self._limits.last_step
        return rule is not None and rule.is_proven(self._before, self._point)

    def take_last_step(self) -> None:
        """End where the next step ends, with the log-likelihood and score of the quadratic there."""
        point = self._point
        if not point.gain > self._noise or (self._limits.bounded and self._crawls()):
            return
        found = point.derivatives
        there = dataclasses.replace(
            found, loglike=found.loglike + point.gain / 2, score=found.score + found.hessian @ point.step
        )
        at = self._at
        self.accept(Point(point.beta + point.step, there, np.zeros_like(point.step), 0.0, 0.0, concave=True), 0)
        self._at = at

    def _tolerance(self) -> float:
        """A first step may have been solved from an information that is nearly singular: no rounding of it stays."""
        steps = len(self._iterations) - 1
        return min(self._limits.tolerance, OF_FIRST_STEP) if steps <= 1 else self._limits.tolerance

    def _unless_used_up(self) -> Status | None:
        """None to go on, the status of a search without a maximum where no step is left."""
        used_up = len(self._iterations) > self._limits.iterations or self._used_up()
        return _unfinished(self._point) if used_up else None

    def _others_have_converged(self) -> bool:
        """Whether the decrement over the parameters that have no bound is as low as rounding may let it."""
        derivatives = self._point.derivatives
        free = [j for j in range(len(derivatives.score)) if j not in self._limits.bounded]
        score, information = derivatives.score[free], -derivatives.hessian[np.ix_(free, free)]
        try:
            return float(score @ info.solve(information, score)) < EXHAUSTED
        except info.NotConcave:
            return False

    def _crawls(self) -> bool:
        """Whether the decrement falls by a factor at each step: towards a maximum, it falls ever faster in the end."""
        low, high = CRAWLING
        last = [iteration.decrement for iteration in self._iterations[-CRAWL - 1 :]]
        falls = [low * before < after < high * before for before, after in itertools.pairwise(last)]
        return len(falls) == CRAWL and all(falls)

    def step(self) -> Generator[Array, tuple[Array, Derivatives], tuple[Array, Derivatives, int] | None]:
        """Ask about the step, halved until it is accepted; None where it never is."""
        step = self._point.step
        farthest = float(np.abs(step).max(initial=0.0))
        if farthest > self._limits.longest:
            step = step * (self._limits.longest / farthest)
        for halvings in range(self._limits.halvings + 1):
            if self._used_up():
                break
            beta, derivatives = yield self._point.beta + step * 0.5**halvings
            self._evaluations += 1
            if _accepts(self._point.derivatives, derivatives) or self._nearer(beta, derivatives):
                return beta, derivatives, halvings
        return None

    def _nearer(self, beta: Array, after: Derivatives) -> bool:
        """Whether a fall is slight, and the derivatives say that the maximum is nearer.

        A log-likelihood that is a difference of large numbers, of large counts, has fewer digits than its derivatives.
        """
        before = self._point.derivatives.loglike
        if not after.is_finite or after.loglike < before - SLIGHT * max(abs(before), 1.0):
            return False
        point = point_at(beta, after, self._scale, self._limits.forms)
        return point.concave and point.decrement < 0.5 * self._point.decrement

    def without_a_step(self) -> Status:
        """The status where no step was accepted: so near to the maximum that rounding decides, or stuck."""
        exhausted = self._point.concave and self._point.decrement < EXHAUSTED and not self._used_up()
        return "converged" if exhausted else _unfinished(self._point)

    def solution(self, status: Status) -> Solution:
        """What there is at the last accepted beta."""
        point = self._point
        return Solution(point.beta, point.derivatives, status, tuple(self._iterations), self._evaluations, self._at)

    def _used_up(self) -> bool:
        return self._evaluations == self._limits.evaluations


def _accepts(before: Derivatives, after: Derivatives) -> bool:
    """Whether the log-likelihood did not fall beyond rounding."""
    return after.is_finite and after.loglike >= before.loglike - FALL * abs(before.loglike)


def _unfinished(point: Point) -> Status:
    """The status of a search that ends here without a maximum."""
    return "not converged" if point.concave else "not concave"
