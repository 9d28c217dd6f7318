"""The mode of a cluster's likelihood in what is unseen, and how it moves with the parameters.

`fedfolder.likelihood.quadrature` has the notation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedfolder.likelihood.base import Array, ObservationDerivatives, RowLikelihood, Rows
    from fedfolder.likelihood.clusters import Clusters

MOST_STEPS = 200
"""Steps to the modes, of which a handful is needed."""
NEAR = 1e-9
"""A Newton step of this size, relative to 1 + |v|, ends where rounding does: the next one would be its square."""


class Higher(NamedTuple):
    """Derivatives of a row's kernel l by its linear predictor e and by the other r ancillaries a.

    Two more by e, `(n,)`; those of l_ee and l_eee by a, `(r, n)`; those of l_e and l_ee twice by a, `(r, r, n)`.
    """

    third: Array
    fourth: Array
    bend_by: Array
    third_by: Array
    slope_by_both: Array
    bend_by_both: Array


@dataclass(frozen=True, slots=True)
class Inside:
    """The rows of clusters at some parameters, for any value v (S,) of what is unseen.

    Parameters
    ----------
    fixed : RowLikelihood
        Of the rows, given what is unseen.
    clusters : Clusters
        The rows.
    eta : (n,) float64
        The linear predictor without what is unseen.
    shape : (r,) float64
        The ancillaries of `fixed`.
    sd : float
        What v is multiplied by.
    """

    fixed: RowLikelihood
    clusters: Clusters
    eta: Array
    shape: Array
    sd: float

    def eta_at(self, v: Array) -> Array:
        """The linear predictors (1 + r, n)."""
        found = np.empty((1 + len(self.shape), len(self.eta)))
        found[0] = self.eta + self.sd * v[self.clusters.owner]
        found[1:] = self.shape[:, np.newaxis]
        return found

    def at(self, v: Array) -> ObservationDerivatives:
        """The rows' own derivatives, weighted."""
        return self.weighed(self.fixed.derivatives(self.clusters.observed, self.eta_at(v)))

    def weighed(self, found: ObservationDerivatives) -> ObservationDerivatives:
        """The same with weights."""
        w = self.clusters.weights
        return found if w is None else type(found)(*(part * w for part in found))

    def stacked(self, columns: Array, shape: Array, sd: Array) -> Array:
        """One vector (S, P) from the sums (S, p) by coefficients, (r, S) by the shape and (S,) by sd."""
        return np.concatenate([columns, shape.T, sd[:, np.newaxis]], axis=1)

    def modes(self) -> Array:
        """Where G is highest, `(S,)`; NaN where it is not found.

        G_v falls with a slope of -1 or steeper, so that its zero lies between 0 and G_v(0). Newton's steps are taken
        while each is half as long as the one before, and the interval is halved otherwise.
        """
        size = len(self.clusters.starts)
        v, before = np.zeros(size), np.full(size, np.inf)
        slope, curve = self._slopes(v)
        low, high = np.minimum(slope, 0.0), np.maximum(slope, 0.0)
        done = np.zeros(size, dtype=np.bool_)
        for _ in range(MOST_STEPS):
            step = slope / curve
            newton = (np.abs(step) <= before / 2.0) & (v + step >= low) & (v + step <= high)
            near = newton & (np.abs(step) <= NEAR * (1.0 + np.abs(v)))
            after = np.where(newton, v + step, (low + high) / 2.0)
            before = np.where(done, before, np.abs(after - v))
            v = np.where(done, v, after)
            done |= near | (high - low <= 0)
            if done.all():
                return v
            slope, curve = self._slopes(v)
            low, high = np.where(slope > 0, v, low), np.where(slope < 0, v, high)
            low, high = np.where(slope == 0, v, low), np.where(slope == 0, v, high)
        return np.where(done, v, np.nan)

    def _slopes(self, v: Array) -> tuple[Array, Array]:
        """G_v and -G_vv, `(S,)` each."""
        found, sums = self.at(v), self.clusters.sums
        return self.sd * sums(found.score[0]) - v, 1.0 - self.sd**2 * sums(found.hessian[0, 0])


@dataclass(frozen=True, slots=True)
class Mode:
    """What the points follow from, and how it moves with the parameters: (S,), (S, P), and rows' derivatives."""

    m: Array
    h: Array
    move: Array
    stretch: Array
    third: Array
    fourth: Array
    bend_by: Array
    third_by: Array
    rows: ObservationDerivatives
    higher: Higher

    @classmethod
    def of(cls, inside: Inside, higher: Callable[[Rows, Array, ObservationDerivatives], Higher]) -> Mode:
        """That of some clusters."""
        clusters, sd = inside.clusters, inside.sd
        sums, of_columns = clusters.sums, clusters.of_columns
        m = inside.modes()
        eta = inside.eta_at(m)
        plain = inside.fixed.derivatives(clusters.observed, eta)
        up = higher(clusters.observed, eta, plain)
        if clusters.weights is not None:
            up = Higher(*(part * clusters.weights for part in up))
        rows = inside.weighed(plain)
        a1, a2, a3, a4 = (sums(values) for values in (rows.score[0], rows.hessian[0, 0], up.third, up.fourth))
        h = 1.0 - sd**2 * a2
        by = inside.stacked(
            sd * of_columns(rows.hessian[0, 0]), sd * sums(rows.hessian[0, 1:]), a1 + m * sd * a2
        )  # fmt: skip
        bend_by = inside.stacked(
            sd**2 * of_columns(up.third), sd**2 * sums(up.bend_by), 2.0 * sd * a2 + m * sd**2 * a3
        )  # fmt: skip
        third_by = inside.stacked(
            sd**3 * of_columns(up.fourth), sd**3 * sums(up.third_by), 3.0 * sd**2 * a3 + m * sd**3 * a4
        )  # fmt: skip
        move = by / h[:, None]
        third = sd**3 * a3
        stretch = (bend_by + third[:, None] * move) / (2.0 * h[:, None])
        return cls(m, h, move, stretch, third, sd**4 * a4, bend_by, third_by, rows, up)
