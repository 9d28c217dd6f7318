r"""Adaptive Gauss-Hermite quadrature of a cluster's likelihood, with its exact derivatives.

A cluster's kernel is L = ln of the integral of exp(G(v)) dv / sqrt(2 pi), where

    G(v) = sum over its rows of l(eta + sd v) - v^2 / 2

With m the mode of G, H = -G''(m) and s = 1 / sqrt(H), the points are t_k = m + s x_k, and what is computed is

    L = ln s + ln sum of W_k exp(x_k^2 / 2 + G(t_k))

with x_k and W_k those of Gauss and Hermite for a standard normal. m and s follow from the parameters, and the
derivatives here are those of L as it is computed, with m and s moving along. They need l up to its fourth derivative.
Below, subscripts of G are its derivatives by v and by the parameters, D is the whole derivative, and p_k the share of
a point in the sum:

    G_v(m) = 0         gives  Dm = M = G_vb / H
    ln s = -ln(H) / 2  gives  D ln s = R = (G_vvb + G_vvv M) / (2 H)
    DL  = R + sum of p_k d_k,  d_k = G_b(t_k) + G_v(t_k) (M + s x_k R)

For the second derivatives, with a = sum of p_k G_v(t_k), c = s sum of p_k x_k G_v(t_k), f = (1 + c) / (2 H) and
e = (a + (1 + c) G_vvv / (2 H)) / H, and T = M + s x_k R, twice the symmetric part being written as sym,

    D2L = e (G_vbb + G_vvv M M' + sym(G_vvb M')) + f (G_vvbb + sym(G_vvvb M') + G_vvvv M M') + (2 + 3 c) R R'
          + sum of p_k (G_bb + sym(G_vb T') + G_vv T T') + covariance of d_k under p_k

As points grow c goes to -1 and a to 0, and what is left are the moments of the posterior that Louis's formula has.

References
----------
Pinheiro and Bates (1995), Approximations to the log-likelihood function in the nonlinear mixed-effects model, Journal
of Computational and Graphical Statistics 4. Louis (1982), Finding the observed information matrix when using the EM
algorithm, Journal of the Royal Statistical Society B 44.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fedfolder.likelihood.base import SetDerivatives
from fedfolder.likelihood.modes import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fedfolder.likelihood.base import Array, ObservationDerivatives, Rows
    from fedfolder.likelihood.clusters import Clusters
    from fedfolder.likelihood.modes import Higher, Inside


@functools.cache
def points_of(number: int) -> tuple[Array, Array]:
    """The points x_k, and ln W_k + x_k^2 / 2, `(number,)` each."""
    x, w = np.polynomial.hermite_e.hermegauss(number)
    x = (x - x[::-1]) / 2.0  # as far to the left as to the right, to the last bit
    w = (w + w[::-1]) / 2.0
    with np.errstate(divide="ignore"):
        return x, np.log(w) - 0.5 * math.log(2.0 * math.pi) + np.square(x) / 2.0


def marginal(
    inside: Inside, higher: Callable[[Rows, Array, ObservationDerivatives], Higher], points: int
) -> SetDerivatives:
    """The kernel of each cluster and its derivatives by the coefficients, the shape and sd; see above.

    Parameters
    ----------
    higher : callable
        From what is observed, the linear predictors and the derivatives of rows there to those further up.

    Returns
    -------
    SetDerivatives
        NaN for a cluster whose rows overflow.
    """
    clusters = inside.clusters
    with np.errstate(all="ignore"):
        mode = Mode.of(inside, higher)
        s = 1.0 / np.sqrt(mode.h)
        x, logs = points_of(points)
        heights = np.stack([
            log + clusters.sums(inside.at(mode.m + s * at).loglike) - np.square(mode.m + s * at) / 2.0
            for at, log in zip(x.tolist(), logs.tolist(), strict=True)
        ])  # fmt: skip
        top = heights.max(axis=0)
        shares = np.exp(heights - top)
        total = shares.sum(axis=0)
        found = _Sums(inside, mode, shares / total)
        loglike = np.log(s) + top + np.log(total)
        score, hessian = found.derivatives(s, x)
    return SetDerivatives(loglike, score, hessian)


class _Sums:
    """The sums over the points that derivatives are made of.

    Those that multiply z z' or z are kept by row, so that columns are multiplied once for all points.
    """

    def __init__(self, inside: Inside, mode: Mode, shares: Array) -> None:
        self._inside, self._mode, self._shares = inside, mode, shares

    def derivatives(self, s: Array, x: Array) -> tuple[Array, Array]:
        """Score (S, P) and Hessian (S, P, P)."""
        inside, mode, shares = self._inside, self._mode, self._shares
        points, reach = list(self._points(s, x)), x[:, np.newaxis] * s
        each, slopes, curves, slopes_by = (
            np.stack([getattr(point, name) for point in points]) for name in ("by", "slope", "curve", "slope_by")
        )
        mean = np.einsum("ks,ksp->sp", shares, each)
        pull, spread = (shares * slopes).sum(axis=0), (shares * reach * slopes).sum(axis=0)
        f = (1.0 + spread) / (2.0 * mode.h)
        e = (pull + f * mode.third) / mode.h
        # With T = M + s x_k R, sums of products with T are products of sums with M and with R.
        among = [(shares * reach**power * curves).sum(axis=0) for power in range(3)]
        by_move = (e * mode.third + f * mode.fourth + among[0])[:, np.newaxis] / 2.0 * mode.move
        by_move += e[:, np.newaxis] * mode.bend_by + f[:, np.newaxis] * mode.third_by
        by_move += np.einsum("ks,ksp->sp", shares, slopes_by) + among[1][:, np.newaxis] * mode.stretch
        by_stretch = (2.0 + 3.0 * spread + among[2])[:, np.newaxis] / 2.0 * mode.stretch
        by_stretch += np.einsum("ks,ksp->sp", shares * reach, slopes_by)
        apart = (np.sqrt(shares)[:, :, np.newaxis] * (each - mean)).transpose(1, 0, 2)
        hessian = apart.transpose(0, 2, 1) @ apart + _sym(by_move, mode.move) + _sym(by_stretch, mode.stretch)
        rows = _ByRow.of(inside, mode, shares, points, (e, f))
        return mode.stretch + mean, hessian + rows.hessian(inside.clusters)

    def _points(self, s: Array, x: Array) -> Iterator[_Point]:
        inside, mode = self._inside, self._mode
        sums, of_columns, sd = inside.clusters.sums, inside.clusters.of_columns, inside.sd
        for at in x.tolist():
            t = mode.m + s * at
            rows = inside.at(t)
            a1, a2 = sums(rows.score[0]), sums(rows.hessian[0, 0])
            slope = sd * a1 - t
            moved = mode.move + (s * at)[:, None] * mode.stretch
            by = inside.stacked(of_columns(rows.score[0]), sums(rows.score[1:]), t * a1)
            slope_by = inside.stacked(
                sd * of_columns(rows.hessian[0, 0]), sd * sums(rows.hessian[0, 1:]), a1 + t * sd * a2
            )
            yield _Point(t, rows, a2, slope, sd**2 * a2 - 1.0, by + slope[:, None] * moved, slope_by)


class _Point(NamedTuple):
    """A point: where it is, the rows there, the sum of l_ee, G_v, G_vv, d_k and G_vb."""

    t: Array
    rows: ObservationDerivatives
    bend: Array
    slope: Array
    curve: Array
    by: Array
    slope_by: Array


class _ByRow(NamedTuple):
    """What G_bb, G_vbb and G_vvbb add, by row: for z z', z with sd, z with the shape, the shape, the shape with sd, sd.

    The last is by cluster: `(S,)`.
    """

    bend: Array
    bend_by_sd: Array
    tilt: Array
    shape: Array
    shape_by_sd: Array
    sd: Array

    @classmethod
    def of(
        cls, inside: Inside, mode: Mode, shares: Array, points: list[_Point], weights: tuple[Array, Array]
    ) -> _ByRow:
        """The sums over points and, with the weights e and f (S,), at the mode."""
        e, f = weights
        owner, sums, sd, rows, up = inside.clusters.owner, inside.clusters.sums, inside.sd, mode.rows, mode.higher
        m, e_rows, f_rows = mode.m[owner], e[owner], f[owner]
        bend = e_rows * sd * up.third + f_rows * sd**2 * up.fourth
        bend_by_sd = e_rows * (rows.hessian[0, 0] + m * sd * up.third)
        bend_by_sd += f_rows * (2.0 * sd * up.third + m * sd**2 * up.fourth)
        tilt = e_rows * sd * up.bend_by + f_rows * sd**2 * up.third_by
        shape = e_rows * sd * up.slope_by_both + f_rows * sd**2 * up.bend_by_both
        shape_by_sd = e_rows * (rows.hessian[0, 1:] + m * sd * up.bend_by)
        shape_by_sd += f_rows * (2.0 * sd * up.bend_by + m * sd**2 * up.third_by)
        a2, a3, a4 = (sums(values) for values in (rows.hessian[0, 0], up.third, up.fourth))
        of_sd = e * (2.0 * mode.m * a2 + mode.m**2 * sd * a3)
        of_sd += f * (2.0 * a2 + 4.0 * mode.m * sd * a3 + mode.m**2 * sd**2 * a4)
        for share, point in zip(shares, points, strict=True):
            there, by = share[owner], point.rows
            bend += there * by.hessian[0, 0]
            bend_by_sd += there * point.t[owner] * by.hessian[0, 0]
            tilt += there * by.hessian[0, 1:]
            shape += there * by.hessian[1:, 1:]
            shape_by_sd += there * point.t[owner] * by.hessian[0, 1:]
            of_sd += share * point.t**2 * point.bend
        return cls(bend, bend_by_sd, tilt, shape, shape_by_sd, of_sd)

    def hessian(self, clusters: Clusters) -> Array:
        """The sums, (S, P, P)."""
        p, r = clusters.z.shape[1], len(self.tilt)
        found = np.zeros((len(clusters.starts), p + r + 1, p + r + 1))
        found[:, :p, :p] = clusters.products(self.bend)
        found[:, :p, -1] = found[:, -1, :p] = clusters.of_columns(self.bend_by_sd)
        for j in range(r):
            found[:, :p, p + j] = found[:, p + j, :p] = clusters.of_columns(self.tilt[j])
            found[:, p + j, -1] = found[:, -1, p + j] = clusters.sums(self.shape_by_sd[j])
            found[:, p : p + r, p + j] = clusters.sums(self.shape[j]).T
        found[:, -1, -1] = self.sd
        return found


def _sym(a: Array, b: Array) -> Array:
    """A b' + b a' of each cluster, (S, P, P)."""
    product = a[:, :, None] * b[:, None, :]
    return product + product.transpose(0, 2, 1)
