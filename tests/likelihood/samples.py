"""Rows that suit any likelihood, found by asking it, and a small Newton of the tests' own."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np

from fedfolder.likelihood import LIKELIHOODS, RowLikelihood, SetLikelihood, Totals

LEVELS = ("a", "b", "c", "d")


def ready(likelihood):
    """The likelihood itself, or for a categorical one that of some levels."""
    return likelihood.of_levels(LEVELS, (2.0, 5.0, 3.0, 4.0)) if likelihood.categorical else likelihood


ROWS = {name: ready(each) for name, each in LIKELIHOODS.items() if isinstance(each, RowLikelihood)}
SURVIVAL = {name: each for name, each in ROWS.items() if "time" in each.roles}
SEEN_ONCE = {name: each for name, each in ROWS.items() if len(each.views) == 1}
SETS = {name: each for name, each in LIKELIHOODS.items() if isinstance(each, SetLikelihood)}


def rows_of(likelihood, n, rng):
    """`n` rows that the likelihood says it can have, of counts, fractions and negatives alike."""
    many = 40 * n
    kinds = [rng.poisson(1.5, many), rng.integers(-2, 4, many).clip(0), np.round(rng.gamma(1.0, 2.0, many), 3) + 0.001]
    proposed = {
        "y": np.choose(rng.integers(0, 3, many), kinds) * rng.choice([1.0, 1.0, 1.0, -1.0], many),
        "trials": rng.integers(1, 9, many).astype(float),
        "expected": np.round(rng.gamma(1.0, 1.0, many), 3),
    }
    proposed["entry"] = np.round(rng.gamma(1.0, 1.0, many), 3) * rng.integers(0, 2, many)
    proposed["time"] = proposed["entry"] + np.round(rng.gamma(1.0, 1.5, many), 3) + 0.001
    proposed["y"] = likelihood.outcome(proposed["y"])
    rows = {role: proposed[role] for role in ("y", *likelihood.roles)}
    keep = np.flatnonzero(likelihood.can_have(rows))[:n]
    assert len(keep) == n
    return {role: values[keep] for role, values in rows.items()}


def points(likelihood, n, rng, *, spread=1.5, margin=0.1):
    """Rows and linear predictors `(q, n)` that lie within the domain, and not nearer than `margin` to its edge."""
    many = 60 * n
    chosen = rows_of(likelihood, 50, rng)
    at = rng.integers(0, 50, many)
    rows = {role: values[at] for role, values in chosen.items()}
    eta = spread * rng.standard_normal((likelihood.predictors, many))
    inside = (np.abs(eta) > margin).all(axis=0)  # the reciprocal has a pole at zero, with a domain on both sides
    for corner in itertools.product((-margin, margin), repeat=likelihood.predictors):
        inside &= np.isfinite(likelihood.derivatives(rows, eta + np.array(corner)[:, None]).loglike)
    keep = np.flatnonzero(inside)[:n]
    assert len(keep) == n
    return {role: values[keep] for role, values in rows.items()}, eta[:, keep]


def seen_from(likelihood, start, n):
    """The linear predictors `(q, n)` of a start; of an equation that is seen with its slope, this is one."""
    seen = [*start, 1.0, start[0] - 1.0][: likelihood.predictors]
    return np.repeat(np.array(seen)[:, None], n, axis=1)


def totals_of(likelihood, rows, weight=None):
    """The totals of these rows, as nodes would send them."""
    y = rows["y"]
    w = np.ones_like(y) if weight is None else weight
    total, whole = math.fsum(w * y), math.fsum(w)
    return Totals(
        nobs=len(y),
        weight=whole,
        total=math.nan if likelihood.categorical else total,
        squares=math.nan if likelihood.categorical else math.fsum(w * y * y),
        counts=tuple(math.fsum(w[y == k]) for k in range(len(LEVELS))) if likelihood.categorical else (),
        exposure=math.fsum(w * _exposure(rows)),
        about_mean=math.fsum(w * np.square(y - total / whole)),
    )


def _exposure(rows):
    """What the outcome is per."""
    if "time" in rows:
        return rows["time"] - rows["entry"]
    return rows.get("trials", np.full(len(rows["y"]), math.nan))


class Fit(NamedTuple):
    beta: np.ndarray
    kernel: float
    score: np.ndarray
    hessian: np.ndarray


def evaluate(likelihood, rows, x, beta, *, offset, weight):
    """Sums of kernel, score and Hessian; `beta` holds each equation's coefficients, then the ancillaries."""
    q, equations, (n, p) = likelihood.predictors, len(likelihood.equations), x.shape
    z = np.zeros((q, n, len(beta)))
    for k in range(equations):
        z[k, :, k * p : (k + 1) * p] = x
    for k in range(equations, q):
        z[k, :, equations * p + k - equations] = 1.0
    found = likelihood.derivatives(rows, z @ beta + offset * (np.arange(q) < equations)[:, None])
    score = np.einsum("qn,qnp,n->p", found.score, z, weight)
    hessian = np.einsum("qrn,qni,rnj,n->ij", found.hessian, z, z, weight, optimize=True)
    return Fit(beta, float(weight @ found.loglike), score, hessian)


def maximum(likelihood, rows, x, start, *, offset=0.0, weight=None):
    """Newton's method, uphill also where the kernel is not concave, with halving."""
    n, p = x.shape
    w = np.ones(n) if weight is None else weight
    equations = len(likelihood.equations)
    beta = np.zeros(equations * p + len(likelihood.ancillaries))
    beta[[(k + 1) * p - 1 for k in range(equations)]] = start[:equations]  # the constant is the last column
    beta[equations * p :] = start[equations:]
    fit = evaluate(likelihood, rows, x, beta, offset=offset, weight=w)
    for _ in range(200):
        values, vectors = np.linalg.eigh(-fit.hessian)
        sizes = np.maximum(np.abs(values), 1e-10 * np.abs(values).max())
        step = vectors @ ((vectors.T @ fit.score) / sizes)
        if fit.score @ step < 1e-22:
            break
        for halving in range(40):
            tried = evaluate(likelihood, rows, x, fit.beta + 0.5**halving * step, offset=offset, weight=w)
            if np.isfinite(tried.hessian).all() and tried.kernel >= fit.kernel - 1e-13 * abs(fit.kernel):
                break
        else:
            break
        fit = tried
    return fit


def slopes(function, x, h=0.04, steps=5):
    """The derivative of `function` at x, by central differences extrapolated to no step at all (Richardson)."""
    table = [(function(x + h / 2**k) - function(x - h / 2**k)) / (2 * h / 2**k) for k in range(steps)]
    for order in range(1, steps):
        table = [(4**order * after - before) / (4**order - 1) for before, after in itertools.pairwise(table)]
    return table[0]
