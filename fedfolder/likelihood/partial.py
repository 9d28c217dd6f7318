"""The partial likelihood of Cox's model over risk sets, with its derivatives.

With r = w exp(eta), the failing of a time have the sums E0 = sum of r and E1 = sum of r x, the others at risk O0
and O1. Each time has cases with a weight m and a share f: its risk set is all others, and the failing at the
share f. Breslow has one case with f = 1 and m the weight of the failing; Efron as many cases as rows fail, with f = 1,
1 - 1/d, …, 1/d and equal weights. With S = O0 + f E0 and the mean x̄ = (O1 + f E1) / S:

    log-likelihood   sum over failing of w eta - sum over cases of m ln S
    score            sum over failing of w x - sum over cases of m x̄
    information      sum over cases of m (scatter of the risk set about x̄) / S

The scatter of a risk set is that within groups of rows, plus that of the means of the groups: all are sums of squares,
so that the information has none of the cancellation of a difference of second moments.

References
----------
Stata Survival Analysis Reference Manual, [ST] stcox, Methods and formulas. Chan, Golub, LeVeque (1983), Algorithms for
computing the sample variance, The American Statistician 37, for scatters of parts. Lin and Wei (1989), The robust
inference for the Cox proportional hazards model, JASA 84, for the scores of rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fedfolder.likelihood.risk_sets import scatter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.likelihood.risk_sets import Groups, RiskSets

    Array = NDArray[np.float64]
    Places = NDArray[np.intp]

AT_ONCE = 8192
"""Rows whose scatter is added up at a time; they fix the order of summation."""
NOTHING = 1e-24
"""A share of what a column's information could be that rounding of means does not reach from below."""


class Cases(NamedTuple):
    """What the failing of each time are compared with, `(Q,)` each, in the order of times.

    The place of the time, the share f at which its failing are at risk, and the weight m.
    """

    time: Places
    share: Array
    weight: Array


class Partial(NamedTuple):
    """The log partial likelihood, and its derivatives by the k coefficients: a number, `(k,)` and `(k, k)`."""

    loglike: float
    score: Array
    hessian: Array


@dataclass(frozen=True, slots=True)
class _Parts:
    """Sums and means over groups of rows: by their number (G,), and (G, k)."""

    groups: Groups
    sizes: Array
    totals: Array
    means: Array

    @classmethod
    def of(cls, groups: Groups, number: int, r: Array, z: Array) -> _Parts:
        sizes, totals = np.zeros(number), np.zeros((number, z.shape[1]))
        of_rows = r[groups.rows]
        sizes[groups.numbers] = groups.sums(of_rows)
        for j in range(z.shape[1]):
            totals[groups.numbers, j] = groups.sums(of_rows * z[groups.rows, j])
        return cls(groups, sizes, totals, over(totals, sizes))

    def scatter(self, weights: Array, r: Array, z: Array) -> Array:
        """The sum over groups of `weights` (G,) times the scatter (k, k) of their rows."""
        total, number = np.zeros((z.shape[1],) * 2), self.groups.numbers[self.groups.of_each()]
        for start in range(0, len(number), AT_ONCE):
            rows, at = self.groups.rows[start : start + AT_ONCE], number[start : start + AT_ONCE]
            total += scatter(z[rows] - self.means[at], r[rows] * weights[at])
        return total


def over(totals: Array, sizes: Array) -> Array:
    """Means (T, k) of sums; zero where there is nothing."""
    size = sizes[:, np.newaxis]
    return np.divide(totals, size, out=np.zeros_like(totals), where=size > 0)


@dataclass(frozen=True, slots=True)
class At:
    """Risk sets at one beta.

    Parameters
    ----------
    sets : RiskSets
        Who is at risk when.
    cases : Cases
        What failures are compared with.
    z : (n, k) float64
        The columns.
    eta : (n,) float64
        The linear predictors, none far above zero.
    r : (n,) float64
        w exp(eta).
    weights : (n,) float64
        The weights w.
    """

    sets: RiskSets
    cases: Cases
    z: Array
    eta: Array
    r: Array
    weights: Array
    failing: _Parts
    others: _Parts
    size: Array
    total: Array

    @classmethod
    def of(cls, sets: RiskSets, cases: Cases, z: Array, eta: Array, weights: Array) -> At:
        """With the sums over the others at risk, O0 (T,) and O1 (T, k)."""
        r = weights * np.exp(eta)
        failing = _Parts.of(sets.failing, len(sets.times), r, z)
        others = _Parts.of(sets.others, sets.shape.groups, r, z)
        size, total = sets.shape.over_sets(others.sizes), sets.shape.over_sets(others.totals)
        return cls(sets, cases, z, eta, r, weights, failing, others, size, total)

    def risks(self) -> Array:
        """S of each case, (Q,)."""
        return self.size[self.cases.time] + self.cases.share * self.failing.sizes[self.cases.time]

    def of_times(self, of_cases: Array) -> Array:
        """Sums over the cases of each time, (T,)."""
        return np.bincount(self.cases.time, of_cases, minlength=len(self.sets.times)).astype(np.float64)

    def partial(self) -> Partial:
        """Log-likelihood and derivatives."""
        risks, (_, share, weight) = self.risks(), self.cases
        rows = self.sets.failing.rows
        alpha, epsilon = self.of_times(weight / risks), self.of_times(weight * share / risks)
        loglike = float((self.weights[rows] * self.eta[rows]).sum()) - float((weight * np.log(risks)).sum())
        expected = alpha[:, np.newaxis] * self.total + epsilon[:, np.newaxis] * self.failing.totals
        failed = np.empty(expected.shape)
        for j, weighted in enumerate(self.weights[rows] * self.z[rows].T):
            failed[:, j] = self.failing.groups.sums(weighted)
        information = self._without_rounding(self.information())
        return Partial(loglike, (failed - expected).sum(axis=0), -information)

    def by_time(self, g: Array) -> Partial:
        """The score and the Hessian with each failure time counted g (T,) times; the log-likelihood is left out."""
        time, share, weight = self.cases
        weighted = replace(self, cases=Cases(time, share, weight * g[time]))
        risks, rows, at = self.risks(), self.sets.failing.rows, self.sets.failing.of_each()
        once = weight * g[time] / risks
        alpha, epsilon = self.of_times(once), self.of_times(once * share)
        expected = alpha[:, np.newaxis] * self.total + epsilon[:, np.newaxis] * self.failing.totals
        failed = (self.weights[rows] * g[at]) @ self.z[rows]
        return Partial(0.0, failed - expected.sum(axis=0), -weighted.information())

    def information(self) -> Array:
        """The information (k, k), with what rounding leaves."""
        risks, (_, share, weight) = self.risks(), self.cases
        alpha, epsilon = self.of_times(weight / risks), self.of_times(weight * share / risks)
        sets, others, failing = self.sets, self.others, self.failing
        means = over(self.total, self.size)
        found = others.scatter(sets.shape.over_times(alpha), self.r, self.z)
        found += sets.shape.between(alpha, others.sizes, others.means, self.size, means)
        found += failing.scatter(epsilon, self.r, self.z)
        joined = self.of_times(self.cases.weight * self.cases.share / np.square(risks))
        found += scatter(failing.means - means, joined * self.size * failing.sizes)
        return found

    def _without_rounding(self, information: Array) -> Array:
        """Zeros for columns that vary in no risk set, of which only rounding of means is left."""
        most = np.abs(self.z).max(axis=0, initial=0.0) ** 2 * float(self.cases.weight.sum())
        none = np.diagonal(information) <= NOTHING * most
        information[none, :] = information[:, none] = 0.0
        return information

    def scores(self) -> Array:
        """The score of each row, (n, k), weighted: they add up to the score.

        A row has w (x - x̄) at its failure, less r (x - x̄) m / S for each case that it is at risk in.
        """
        risks, (_, share, weight) = self.risks(), self.cases
        once, squared = weight / risks, weight / np.square(risks)
        by_share = [self.of_times(squared * share**power) for power in range(3)]
        alpha, epsilon = self.of_times(once), self.of_times(once * share)
        among_others = by_share[0][:, None] * self.total + by_share[1][:, None] * self.failing.totals
        among_failing = by_share[1][:, None] * self.total + by_share[2][:, None] * self.failing.totals
        found = -self.r[:, None] * (self.z * self.over_range(alpha[:, None]) - self.over_range(among_others))
        rows, at = self.sets.failing.rows, self.sets.failing.numbers[self.sets.failing.of_each()]
        mean = alpha[:, None] * self.total + epsilon[:, None] * self.failing.totals
        mean /= self.of_times(weight)[:, None]
        found[rows] += self.weights[rows, None] * (self.z[rows] - mean[at])
        found[rows] -= self.r[rows, None] * (self.z[rows] * epsilon[at, None] - among_failing[at])
        return found

    def over_range(self, of_times: Array) -> Array:
        """The sums over the times at which each row is one of the others at risk, (n, …)."""
        groups = self.sets.others
        of_groups, number = self.sets.shape.over_times(of_times), groups.numbers[groups.of_each()]
        found = np.empty((len(self.eta), of_times.shape[1]))
        for j in range(of_times.shape[1]):
            found[:, j] = np.bincount(groups.rows, of_groups[number, j], minlength=len(self.eta))
        return found
