"""What a likelihood is: a few functions of the outcome and the linear predictor.

Everything else (rows, columns, nodes, Newton) is elsewhere; here each row stands alone, so that sums over rows, blocks
and nodes are the same thing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[np.float64]


ROUNDING = 1e-9
"""A share that no rounding of a sum reaches."""


class ObservationDerivatives(NamedTuple):
    """The log-likelihood of each row with its first and second derivative by the linear predictor; each `(n,)`.

    `hessian` is the second derivative itself, negative for a concave likelihood, not its negative.
    """

    loglike: Vector
    score: Vector
    hessian: Vector


class Likelihood(ABC):
    """A model for an outcome given a linear predictor.

    `derivatives` may be those of a kernel rather than of the whole log-likelihood: one with the same maximum, without
    the parameters that have a closed form. `loglike` and `scale` then complete it.

    Attributes
    ----------
    name : str
        The command, such as `logit`.
    title : str
        The heading of its table.
    statistic : {"z", "t"}
        The distribution that its tests refer to.
    concave : bool
        Whether the kernel is concave in the linear predictor everywhere.
    highest : float
        What the kernel of a row, and so every sum of it, cannot exceed.
    least_squares : bool
        Whether the kernel is -RSS / 2, so that a model is described by its sums of squares; otherwise it is described
        by log-likelihoods.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    statistic: ClassVar[Literal["z", "t"]]
    concave: ClassVar[bool] = True
    highest: ClassVar[float] = 0.0
    least_squares: ClassVar[bool] = False

    @abstractmethod
    def outcome(self, values: Vector) -> Vector:
        """The outcome `(n,)` that the model is about, from the values `(n,)` in the data; NaN stays NaN."""

    def can_be(self, nobs: int, total: float, squares: float) -> bool:
        """Whether the outcomes of `nobs` rows can have this sum and sum of squares."""
        return total * total <= nobs * squares * (1 + ROUNDING)

    @abstractmethod
    def derivatives(self, y: Vector, eta: Vector) -> ObservationDerivatives:
        """The kernel of each row and its derivatives.

        Parameters
        ----------
        y : (n,) array
            As `outcome` returns it, without NaN.
        eta : (n,) array
            The linear predictor.
        """

    def start_constant(self, nobs: int, total: float) -> float:  # noqa: ARG002 - most start at zero
        """The constant to start from, given the sum of the outcome; every other parameter starts at zero."""
        return 0.0

    @abstractmethod
    def varies(self, nobs: int, total: float, squares: float) -> bool:
        """Whether the outcome may vary, given its sum and its sum of squares over `nobs` > 0 rows.

        False only if there can be no fit: a likelihood that cannot tell from these two says True.
        """

    @abstractmethod
    def loglike(self, kernel: float, nobs: int) -> float:
        """The log-likelihood to report, from the sum of the kernel over all rows."""

    @abstractmethod
    def scale(self, kernel: float, nobs: int, nparams: int) -> float:
        """What the inverse of the summed information is multiplied by to be the covariance.

        NaN where it is not determined, with no more rows than parameters.
        """

    @abstractmethod
    def null_loglike(self, nobs: int, total: float, total_of_squares_about_mean: float) -> float:
        """The log-likelihood of the model with a constant alone, in closed form.

        Parameters
        ----------
        nobs : int
            Rows.
        total : float
            Sum of the outcome.
        total_of_squares_about_mean : float
            Sum of (y - mean)^2.
        """
