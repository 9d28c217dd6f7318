"""From protocol units to those of the data: names, coefficients and covariance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedfolder.command.parameters import ANCILLARY, Parameter
from fedfolder.command.terms import CONSTANT_NAME
from fedfolder.likelihood import ClusterLikelihood
from fedfolder.solve.information import invert

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedfolder.command import Command
    from fedfolder.likelihood import Likelihood
    from fedfolder.plan.layout import Layout
    from fedfolder.plan.outcome import Ending
    from fedfolder.questions.parameters import Parameters
    from fedfolder.questions.specification import Specification
    from fedfolder.solve.derivatives import Derivatives

    Array = NDArray[np.float64]


def names(parameters: Parameters, specification: Specification) -> tuple[str, ...]:
    """The names of the P parameters, as in Stata's e(b): `age`, `2:age`, `/lnalpha`, `/cut1`, `/sd(_cons[herd])`."""
    likelihood = specification.likelihood
    columns = tuple(
        Parameter(term, equation).name for equation in parameters.equations for term in parameters.design.terms
    )
    if isinstance(likelihood, ClusterLikelihood):
        *others, sd = parameters.ancillaries
        return (*columns, *others, f"{sd}({CONSTANT_NAME}[{specification.command.random}])")
    if not likelihood.thresholds:
        return (*columns, *parameters.ancillaries)
    cuts = (f"{ANCILLARY}cut{number}" for number in range(1, len(parameters.ancillaries) + 2))
    return (*columns[:-1], *cuts)


def to_user(parameters: Parameters, likelihood: Likelihood) -> Array:
    """B (P, P), which leads from protocol units to those of the data: g = B b, in the order of `names`.

    Thresholds: with the constant c and ancillaries a_j, /cut1 = -c and /cut(j) = a_j - c.
    """
    full = parameters.spread(parameters.design.to_user())
    if not likelihood.thresholds:
        return full
    constant = parameters.width - 1
    full[constant:] -= np.vstack([2.0 * full[constant], *[full[constant]] * len(parameters.ancillaries)])
    return full


def scale_of(layout: Layout, found: Derivatives) -> float:
    """What the inverse of the summed information is multiplied by to be the covariance.

    Weights count by their sizes relative to each other: sums are multiplied by what makes the weights add up to n.
    """
    unit = layout.normalised
    further = {name: unit * value for name, value in found.further.items()}
    likelihood = layout.specification.likelihood
    return likelihood.scale(unit * found.loglike, layout.observations, len(found.score), further) / unit


def covariance(command: Command, ending: Ending, user: Array) -> Array:
    """The covariance (P, P) of the coefficients in the units of the data.

    Without `vce(robust)`, the inverse of the information times the likelihood's scale; with it, q D M D (see
    `questions.scores`), q = n / (n - 1), for a cluster variance G / (G - 1), each of a least-squares fit times
    (n - 1) / (n - k).
    """
    inverse = invert(-ending.solution.derivatives.hessian)
    layout, found = ending.start.layout, ending.solution.derivatives
    n, k = layout.observations, ending.start.parameters.count
    if ending.products is None:
        inverse = scale_of(layout, found) * inverse
    else:
        units = ending.products.number if _in_clusters(command, ending) else n
        factor = units / (units - 1) if units > 1 else np.nan
        if layout.specification.likelihood.least_squares and command.model == "regress":
            factor *= (n - 1) / (n - k)
        inverse = factor * (inverse @ ending.products.matrix @ inverse)
    spread = user @ inverse @ user.T
    return (spread + spread.T) / 2


def _in_clusters(command: Command, ending: Ending) -> bool:
    return command.vce == "cluster" or "group" in ending.start.layout.specification.likelihood.roles
