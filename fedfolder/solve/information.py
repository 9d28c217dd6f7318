"""The information matrix (minus the Hessian): inverse, solution, condition.

Everything is done on D I D with D = |diag I|^-1/2, the matrix with a diagonal of ones. It does not know the units of
the columns, and inverting it loses no digits to them: of all diagonal scalings its condition number is within a factor
p of the smallest (van der Sluis, Numer. Math. 14, 1969, 14-23).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


class NotConcave(ValueError):  # noqa: N818 - it is a finding about a log-likelihood, which a caller may expect
    """The information is not positive definite, so that it has no Cholesky factor and is nobody's covariance."""


def scaling(information: Array) -> Array:
    """The diagonal `(p,)` of D, |diag I|^-1/2, with 1 where the diagonal is zero."""
    diagonal = np.abs(np.diagonal(information))
    return 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))


def scaled(information: Array, by: Array) -> Array:
    """D I D for the diagonal `by`, exactly symmetric; of `information` both triangles are averaged."""
    # Two products rather than one by outer(by, by), which overflows where a diagonal is very small.
    product = information * by[:, np.newaxis] * by[np.newaxis, :]
    return np.asarray(0.5 * (product + product.T))


def _factor(information: Array) -> tuple[Array, Array]:
    """D and the lower Cholesky factor of D I D."""
    by = scaling(information)
    return by, _cholesky(scaled(information, by))


def _cholesky(matrix: Array) -> Array:
    if not np.isfinite(matrix).all():
        raise NotConcave("the information is not finite")
    try:
        return np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)
    except np.linalg.LinAlgError:
        raise NotConcave("the information is not positive definite") from None


def invert(information: Array) -> Array:
    """The inverse `(p, p)` of the information `(p, p)`, exactly symmetric.

    Raises
    ------
    NotConcave
        If the information is not positive definite.
    """
    by, lower = _factor(information)
    inverse_lower = np.linalg.solve(lower, np.eye(len(by)))
    return scaled(inverse_lower.T @ inverse_lower, by)


def solve(information: Array, v: Array) -> Array:
    """I^-1 v, for a vector `(p,)`.

    Raises
    ------
    NotConcave
        If the information is not positive definite.
    """
    by = scaling(information)
    return solve_scaled(by, scaled(information, by), v)


def solve_scaled(by: Array, matrix: Array, v: Array) -> Array:
    """I^-1 v, as `solve`, from the diagonal of D and from D I D."""
    lower = _cholesky(matrix)
    return by * np.linalg.solve(lower.T, np.linalg.solve(lower, by * v))


def weakest(information: Array) -> Array:
    """The direction `(p,)` of the scaled parameters along which the information is least, of length 1."""
    matrix = scaled(information, scaling(information))
    if not np.isfinite(matrix).all():
        return np.ones(len(matrix))
    return np.asarray(np.linalg.eigh(matrix)[1][:, 0])


def condition(information: Array) -> float:
    """The 2-norm condition number of D I D; 1 for no parameters, infinite for a singular or not finite matrix."""
    if information.size == 0:
        return 1.0
    matrix = scaled(information, scaling(information))
    if not np.isfinite(matrix).all():
        return np.inf
    sizes = np.abs(np.linalg.eigvalsh(matrix))
    return float(sizes.max() / sizes.min()) if sizes.min() > 0 else np.inf
