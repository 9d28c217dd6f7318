"""Conditional logistic regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fedfolder.likelihood.base import SetDerivatives, SetLikelihood
from fedfolder.likelihood.binary import yes_or_no

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.likelihood.base import Array, Totals


class ConditionalLogit(SetLikelihood):
    """Which k of a set's m rows are the ones, given that k are: exp(sum of eta over the ones) / f_k.

    f_k is the sum over all subsets of size k. It is built row by row: with f_j of the first rows,
    f_j <- f_j + exp(eta_i) f_(j-1), a mixture of the subsets without row i and those with it. A mixture's mean and
    covariance follow from those of its two parts. So ln f_k is carried with the mean and the covariance, over the
    subsets, of their sums of columns, which are its first and second derivatives: nothing overflows, the covariance
    never is a difference, and the Hessian, minus the covariance, never is anything but downward.

    Zeros are as good as ones: of these and those the fewer are counted.

    References
    ----------
    Stata Base Reference Manual, [R] clogit, Methods and formulas. Gail, Lubin and Rubinstein (1981), Likelihood
    calculations for matched case-control studies, Biometrika 68.
    """

    name = "clogit"
    title = "Conditional (fixed-effects) logistic regression"
    expected = "0 for no, anything else for yes"

    def outcome(self, values: Array) -> Array:
        """1 where the value is not zero, and 0 elsewhere."""
        return yes_or_no(values)

    def varies(self, totals: Totals) -> bool:
        """Whether there are both zeros and ones."""
        return 0 < totals.total < totals.weight

    def can_be(self, totals: Totals) -> bool:
        """Whether it is a sum of ones, which are their own squares."""
        return 0 <= totals.total == totals.squares <= totals.weight

    def tells(self, y: Array) -> NDArray[np.bool_]:
        """Whether a set has both zeros and ones."""
        ones = (y > 0).sum(axis=1)
        return np.asarray((ones > 0) & (ones < y.shape[1]))

    def set_derivatives(self, y: Array, eta: Array, z: NDArray[Any]) -> SetDerivatives:
        """See the class. Columns count from their mean within the set, which changes nothing but rounding."""
        m = y.shape[1]
        k = int((y[:1] > 0).sum())
        sign = 1.0 if 2 * k <= m else -1.0
        chosen = (y > 0) if sign > 0 else ~(y > 0)
        with np.errstate(all="ignore"):
            columns = sign * (z - z.mean(axis=1, keepdims=True))
            predictor = sign * (eta - eta.mean(axis=1, keepdims=True))
            total, mean, covariance = _subsets(predictor, columns, min(k, m - k))
            loglike = np.where(chosen, predictor, 0.0).sum(axis=1) - total
            score = np.where(chosen[:, :, None], columns, 0.0).sum(axis=1) - mean
        return SetDerivatives(loglike, score, -covariance)


def _subsets(eta: Array, z: Array, k: int) -> tuple[Array, Array, Array]:
    """Ln f_k `(S,)`, and over subsets of size k the mean `(S, p)` and the covariance `(S, p, p)` of sums of `z`.

    After row i only sizes up to i and from k - (m - i) on matter.
    """
    from scipy.special import expit

    sets, m, p = z.shape
    total = np.full((sets, k + 1), -np.inf)
    total[:, 0] = 0.0
    mean, covariance = np.zeros((sets, k + 1, p)), np.zeros((sets, k + 1, p, p))
    for i in range(m):
        to = slice(max(1, k - (m - 1 - i)), min(i + 1, k) + 1)
        before = slice(to.start - 1, to.stop - 1)
        taken = total[:, before] + eta[:, i, None]
        share = expit(taken - total[:, to])[:, :, None]
        moved = mean[:, before] + z[:, i, None, :] - mean[:, to]
        spread = (share * (1.0 - share))[..., None] * (moved[..., :, None] * moved[..., None, :])
        change = share[..., None] * (covariance[:, before] - covariance[:, to])
        covariance[:, to] = covariance[:, to] + change + spread
        mean[:, to] = mean[:, to] + share * moved
        total[:, to] = np.logaddexp(total[:, to], taken)
    return total[:, k], mean[:, k], covariance[:, k]
