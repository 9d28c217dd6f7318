"""Models with a random intercept: rows of a cluster share a normal effect that nobody sees."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from fedfolder.likelihood.clusters import ClusterLikelihood
from fedfolder.likelihood.glm import glm_name
from fedfolder.likelihood.modes import Higher, Inside
from fedfolder.likelihood.quadrature import marginal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from numpy.typing import NDArray

    from fedfolder.likelihood.base import (
        Array,
        ObservationDerivatives,
        RowLikelihood,
        Rows,
        SetDerivatives,
        Totals,
    )
    from fedfolder.likelihood.clusters import Clusters


SD = "/sd"
"""The standard deviation of the random intercept, as files have it."""

POINTS = 7
"""Points of quadrature where a command names none."""

START = 0.5
"""Where the standard deviation starts: at zero its derivative is zero, whatever the data."""


@dataclass(frozen=True, eq=False)
class RandomIntercept(ClusterLikelihood):
    """Rows that stand alone given a normal effect v of their cluster, eta = xb + sd v.

    The parameter is the standard deviation itself rather than its logarithm. The log-likelihood is the same at -sd, so
    that it is smooth at zero, where data without any variance between clusters have their maximum: Newton's method gets
    there in a few steps. A logarithm would run off without end. A fit reports the size.

    Parameters
    ----------
    name : str
        As in the registry.
    fixed : RowLikelihood
        The rows' own likelihood, concave in its linear predictor.
    higher : callable
        What `fixed` is further up; see `modes.Higher`.
    title : str
        The heading of its table.
    points : int
        Those of the quadrature.
    of_one_trial : RowLikelihood or None
        What `fixed` is where nobody says how many trials a row has: a yes or no, which a column can predict perfectly.

    References
    ----------
    Stata Multilevel Mixed-Effects Reference Manual, [ME] meglm, Methods and formulas (mode-curvature adaptive
    Gauss-Hermite quadrature).
    """

    name: str
    fixed: RowLikelihood
    higher: Callable[[Rows, Array, ObservationDerivatives], Higher]
    title: str
    points: int = POINTS
    of_one_trial: RowLikelihood | None = None

    def __post_init__(self) -> None:
        """Take over what the rows' likelihood says of itself."""
        fixed = self.fixed
        said = {
            "roles": (*fixed.roles, "group"),
            "ancillaries": (*fixed.ancillaries, SD),
            "highest": float("inf"),  # of a sum over points, rounding alone may lie above zero
            "binary": fixed.binary,
            "expected": fixed.expected,
            "exponents": fixed.exponents,
        }
        for name, value in said.items():
            object.__setattr__(self, name, value)

    def with_points(self, points: int) -> Self:
        """The same with so many points."""
        return dataclasses.replace(self, points=points)

    def of_roles(self, roles: Collection[str]) -> Self:
        """Without trials, each row is one."""
        if self.of_one_trial is None or "trials" in roles:
            return self
        return dataclasses.replace(self, fixed=self.of_one_trial, of_one_trial=None)

    @property
    def indicator(self) -> bool:
        """As without the random intercept."""
        return self.fixed.indicator

    def outcome(self, values: Array) -> Array:
        """As without the random intercept."""
        return self.fixed.outcome(values)

    def can_have(self, rows: Rows) -> NDArray[np.bool_]:
        """As without the random intercept."""
        return self.fixed.can_have(rows)

    def prepared(self, rows: Rows) -> Rows:
        """As without the random intercept."""
        return self.fixed.prepared(rows)

    def can_be(self, totals: Totals) -> bool:
        """As without the random intercept."""
        return self.fixed.can_be(totals)

    def varies(self, totals: Totals) -> bool:
        """As without the random intercept."""
        return self.fixed.varies(totals)

    def start(self, totals: Totals) -> tuple[float, ...]:
        """As without the random intercept, and `START`."""
        return (*self.fixed.start(totals), START)

    def cluster_derivatives(self, clusters: Clusters, eta: Array, shape: Array, sd: float) -> SetDerivatives:
        """See `fedfolder.likelihood.quadrature`."""
        return marginal(Inside(self.fixed, clusters, eta, shape, sd), self.higher, self.points)


def of_shares(_rows: Rows, eta: Array, found: ObservationDerivatives) -> Higher:
    """What a logit is further up: with p + q = 1, each derivative of pq is pq times a polynomial in p."""
    from scipy.special import expit

    p, q = expit(eta[0]), expit(-eta[0])
    bend = found.hessian[0, 0]
    return Higher(bend * (q - p), bend * (1.0 - 6.0 * p * q), *_without_shape(len(p)))


def of_means(_rows: Rows, _eta: Array, found: ObservationDerivatives) -> Higher:
    """What a likelihood with y eta - exp(eta) is further up: the same again."""
    bend = found.hessian[0, 0]
    return Higher(bend, bend, *_without_shape(len(bend)))


def _without_shape(n: int) -> tuple[Array, Array, Array, Array]:
    """What there is by other ancillaries, of which there are none."""
    by, by_both = np.empty((0, n)), np.empty((0, 0, n))
    return by, by, by_both, by_both


def of_weibull(rows: Rows, eta: Array, found: ObservationDerivatives) -> Higher:
    """The same with a shape: what is linear in eta falls away, and the rest is a multiple of exp(eta)."""
    from fedfolder.likelihood.survival import log_time

    bend, tilt = found.hessian[0, 0], found.hessian[0, 1:]
    both = found.hessian[1:, 1:] - rows["y"] * np.exp(eta[1]) * log_time(rows)
    return Higher(bend, bend, tilt, tilt, both, both)


def every_mixed(known: dict[str, RowLikelihood]) -> tuple[RandomIntercept, ...]:
    """The models with a random intercept, from the likelihoods of their rows by name."""
    weibull, exponential = "distribution(weibull)", "distribution(exponential)"
    return (
        RandomIntercept(
            "melogit",
            known[glm_name("binomial")],
            of_shares,
            "Mixed-effects logistic regression",
            of_one_trial=known["logit"],
        ),
        RandomIntercept("mepoisson", known["poisson"], of_means, "Mixed-effects Poisson regression"),
        RandomIntercept(
            f"mestreg {exponential}", known[f"streg {exponential}"], of_means, "Mixed-effects exponential PH regression"
        ),
        RandomIntercept(
            f"mestreg {weibull}", known[f"streg {weibull}"], of_weibull, "Mixed-effects Weibull PH regression"
        ),
    )
