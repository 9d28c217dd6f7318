"""Regressions of an ordered outcome."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from fedfolder.likelihood.base import ObservationDerivatives
from fedfolder.likelihood.categorical import Categorical
from fedfolder.likelihood.intervals import Interval, logistic_interval, normal_interval
from fedfolder.likelihood.probability import Logistic, Normal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedfolder.likelihood.base import Array, Rows, Totals
    from fedfolder.likelihood.probability import Symmetric


class Ordinal(Categorical):
    """P(y <= j) = F(t_j - eta), with thresholds t that rise.

    eta has a constant and the first threshold is zero, so that there is always a first equation like any other; the
    further thresholds are the ancillaries. Stata's cut points follow: /cut1 = -constant, /cut(j) = t_j - constant.
    Thresholds that do not rise are outside the domain.

    The log-likelihood is concave in eta and the thresholds together (Pratt 1981, JASA 76), but a row depends only on
    the thresholds beside its own category.
    """

    equations = ("",)
    thresholds = True
    probability: ClassVar[Symmetric]

    def name_predictors(self, counts: Sequence[float], base: str | None) -> None:  # noqa: ARG002
        """A threshold between any two neighbouring levels; the first is the constant's."""
        self.ancillaries = tuple(f"/cut{j}" for j in range(2, len(self.levels)))

    def start(self, totals: Totals) -> tuple[float, ...]:
        """The thresholds that fit the shares of the categories."""
        n = math.fsum(totals.counts)
        shares = [math.fsum(totals.counts[: j + 1]) / n for j in range(len(totals.counts) - 1)]
        first, *others = (self.probability.of_mean(share) for share in shares)
        return (-first, *(cut - first for cut in others))

    @staticmethod
    @abstractmethod
    def interval(lower: Array, upper: Array, width: Array) -> Interval:
        """Of a category between two thresholds."""

    def derivatives(self, rows: Rows, eta: Array) -> ObservationDerivatives:
        """See the class."""
        place = rows["y"].astype(np.intp)
        cuts = np.concatenate([np.zeros_like(eta[:1]), eta[1:]])
        with np.errstate(all="ignore"):
            parts = self._categories(place, cuts, eta[0])
            found = _by_predictor(parts, place, len(cuts))
            rising = (np.diff(cuts, axis=0) > 0).all(axis=0)
            return ObservationDerivatives(*(np.where(rising, part, np.nan) for part in found))

    def _categories(self, place: NDArray[np.intp], cuts: Array, eta: Array) -> Interval:
        """The log-probability of each row's category and its derivatives by the ends of the category.

        The first category is open below, the last above; there, derivatives by the end that is not are zero.
        """
        last = len(cuts)
        columns = np.arange(len(eta))
        above, below = cuts[np.minimum(place, last - 1), columns], cuts[np.maximum(place - 1, 0), columns]
        first = place == 0
        # Where an end is open the interval is not used: any width will do that is one.
        width = np.where(first | (place == last), 1.0, above - below)
        inner = self.interval(below - eta, below - eta + width, width)
        outer = self.probability.of_outcome(first, np.where(first, above, below) - eta)
        zero = np.zeros_like(eta)
        low, high = _open_below(outer, zero), _open_above(outer, zero)
        return Interval(
            *(np.where(first, a, np.where(place == last, c, b)) for a, b, c in zip(low, inner, high, strict=True))
        )


def _open_below(outer: tuple[Array, Array, Array], zero: Array) -> Interval:
    value, slope, bend = outer
    return Interval(value, slope, slope, zero, bend, bend, zero, bend, zero, zero)


def _open_above(outer: tuple[Array, Array, Array], zero: Array) -> Interval:
    value, slope, bend = outer
    return Interval(value, slope, zero, slope, bend, zero, bend, zero, zero, bend)


def _by_predictor(parts: Interval, place: NDArray[np.intp], q: int) -> ObservationDerivatives:
    """The derivatives by eta, against which both ends move, and by each threshold that is an end."""
    score, hessian = np.zeros((q, len(place))), np.zeros((q, q, len(place)))
    score[0], hessian[0, 0] = -parts.shift, parts.shift_shift
    for k in range(1, q):
        is_upper, is_lower = place == k, place == k + 1
        score[k] = np.where(is_upper, parts.upper, np.where(is_lower, parts.lower, 0.0))
        cross = np.where(is_upper, parts.shift_upper, np.where(is_lower, parts.shift_lower, 0.0))
        hessian[0, k] = hessian[k, 0] = -cross
        hessian[k, k] = np.where(is_upper, parts.upper_upper, np.where(is_lower, parts.lower_lower, 0.0))
        if k > 1:
            hessian[k, k - 1] = hessian[k - 1, k] = np.where(is_upper, parts.upper_lower, 0.0)
    return ObservationDerivatives(parts.value, score, hessian)


class OrderedLogit(Ordinal):
    """F logistic: the proportional odds model.

    References
    ----------
    Stata Base Reference Manual, [R] ologit, Methods and formulas.
    """

    name = "ologit"
    title = "Ordered logistic regression"
    probability = Logistic()
    interval = staticmethod(logistic_interval)


class OrderedProbit(Ordinal):
    """F standard normal.

    References
    ----------
    Stata Base Reference Manual, [R] oprobit, Methods and formulas.
    """

    name = "oprobit"
    title = "Ordered probit regression"
    probability = Normal()
    interval = staticmethod(normal_interval)
