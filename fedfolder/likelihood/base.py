"""What a likelihood is: a few functions of what is observed and the linear predictors.

Everything else (columns, weights, nodes, Newton) is elsewhere. Rows stand alone, or in sets that lie within a node, so
that sums over rows, blocks and nodes are the same thing.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from fedfolder.likelihood.partial import Cases

Array: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = Mapping[str, Array]
"""What is observed, by role, `(n,)` each: `y`, and what `Likelihood.roles` names."""

AT_END, SLOPE, AT_ENTRY = "", "slope", "entry"
"""The views of an equation: its columns as they are, at a row's end; their derivatives by the logarithm of time; its
columns as they were when the row entered."""
ROUNDING = 1e-9
"""A share that no rounding of a sum reaches."""


class ObservationDerivatives(NamedTuple):
    """The log-likelihood of each row and its derivatives by the q linear predictors.

    `loglike` is `(n,)`, `score` `(q, n)` and `hessian` `(q, q, n)`: the second derivatives themselves, not their
    negatives. A row at which the likelihood is not defined has NaN.
    """

    loglike: Array
    score: Array
    hessian: Array


class SetDerivatives(NamedTuple):
    """The log-likelihood of each of S sets and its derivatives by the p coefficients: `(S,)`, `(S, p)`, `(S, p, p)`."""

    loglike: Array
    score: Array
    hessian: Array


@dataclass(frozen=True, slots=True)
class Totals:
    """What is known of the outcome before the first beta, over all nodes.

    Parameters
    ----------
    nobs : int
        Rows, n > 0.
    weight : float
        Sum of the weights; n without weights.
    total, squares : float
        Weighted sums of the outcome and of its square (NaN for a categorical outcome).
    counts : tuple of float
        Weighted number of rows in each category of a categorical outcome, in the order of its levels.
    exposure : float
        Weighted sum of what a rate is per (`exposure()`, the trials of a grouped binomial, the time at risk); `weight`
        without.
    about_mean : float
        Weighted sum of (y - mean)^2, where the first evaluation has brought it.
    """

    nobs: int
    weight: float
    total: float = math.nan
    squares: float = math.nan
    counts: tuple[float, ...] = ()
    exposure: float = math.nan
    about_mean: float = math.nan

    @property
    def mean(self) -> float:
        """The outcome's mean, per exposure."""
        return self.total / (self.weight if math.isnan(self.exposure) else self.exposure)


class Likelihood(ABC):
    """A model for what is observed given linear predictors.

    Its subclasses say what the derivatives are of: rows, sets, risk sets, or clusters (in `clusters`). These may be
    those of a kernel rather than of the whole log-likelihood: one with the same maximum, without the parameters that
    have a closed form. `loglike` and `scale` then complete it.

    Attributes
    ----------
    name : str
        The key in the registry: the command, such as `logit`, with family and link for a `glm`.
    title : str
        The heading of its table.
    statistic : {"z", "t"}
        The distribution that its tests refer to.
    roles : tuple of str
        What is observed beside `y`: `trials`, `expected`, `group`, `time` and `entry`.
    equations : tuple of str
        Names of the linear predictors that have the command's terms; `""` for the only one.
    views : tuple of str
        In which of the views `AT_END`, `SLOPE` and `AT_ENTRY` rows see an equation: each is a linear predictor of its
        own, with the same coefficients and other columns.
    ancillaries : tuple of str
        Names of the linear predictors that are one number each: `/lnalpha`. They follow the equations.
    categorical : bool
        Whether the outcome is one of some levels; `of_levels` then gives the likelihood for them, and `y` is the place
        of a row's level among them.
    concave : bool
        Whether the kernel is concave in all linear predictors together, everywhere.
    curved : bool
        Whether, at the usual start, the kernel of every row is curved downward along the first linear predictor.
    far_from_zero : bool
        Whether a linear predictor of zero may be so far from every outcome that nothing leads on from there: of
        ln(time), whose level is that of its unit.
    highest : float
        What the kernel of a row, and so every sum of it, cannot exceed.
    least_squares : bool
        Whether the kernel is -RSS / 2 with an identity link, so that a model is described by its sums of squares;
        otherwise it is described by log-likelihoods.
    profiled : bool
        Whether the kernel lacks a scale parameter, which `loglike` puts at its maximum.
    has_constant : bool
        Whether its first equation can have a constant.
    thresholds : bool
        Whether the constant and the ancillaries are reported as cut points: /cut1 = -constant,
        /cut(j) = ancillary - constant.
    binary : bool
        Whether `y` is 0 or 1, so that a 0/1 column can predict it perfectly.
    bounded : tuple of str
        Ancillaries that run off without end where the data lie at the bound of what the model allows, and take nothing
        with them: `/lnalpha` of counts that do not vary more than Poisson's.
    exponents : tuple of (str, float, str)
        At most one ancillary a with a sign s. The log-likelihood is nearer to a quadratic in q = exp(s a) and the
        constant with ln q `"added"`, or all coefficients `"multiplied"` by q: far off, steps are taken in these.
    also : tuple of str
        Names of further sums, see `further`.
    expected : str
        What values an outcome can have, in words.
    """

    name: str
    title: str
    statistic: Literal["z", "t"] = "z"
    roles: tuple[str, ...] = ()
    equations: tuple[str, ...] = ("",)
    views: tuple[str, ...] = (AT_END,)
    ancillaries: tuple[str, ...] = ()
    categorical: ClassVar[bool] = False
    concave: bool = True
    curved: bool = True
    far_from_zero: bool = False
    highest: float = 0.0
    least_squares: bool = False
    profiled: bool = False
    has_constant: ClassVar[bool] = True
    thresholds: ClassVar[bool] = False
    binary: bool = False
    bounded: tuple[str, ...] = ()
    exponents: tuple[tuple[str, float, Literal["added", "multiplied"]], ...] = ()
    also: tuple[str, ...] = ()
    expected: str = "numbers"

    @property
    def predictors(self) -> int:
        """q, the number of linear predictors."""
        return len(self.equations) * len(self.views) + len(self.ancillaries)

    @property
    def indicator(self) -> bool:
        """Whether `y` is 0 or 1."""
        return self.binary

    def with_points(self, points: int) -> Self:  # noqa: ARG002 - most have no integral
        """The likelihood with so many points of quadrature."""
        return self

    def of_levels(self, levels: Sequence[str], counts: Sequence[float], base: str | None = None) -> Self:  # noqa: ARG002
        """The likelihood of a categorical outcome with these levels, sorted, and `counts` rows in each.

        Parameters
        ----------
        base : str, optional
            The level that `baseoutcome()` names.
        """
        return self

    def of_roles(self, roles: Collection[str]) -> Self:  # noqa: ARG002
        """The likelihood of rows of which no more is observed than these roles."""
        return self

    def outcome(self, values: Array) -> Array:
        """The outcome `(n,)` that the model is about, from the values `(n,)` in the data; NaN stays NaN."""
        return values

    def can_have(self, rows: Rows) -> NDArray[np.bool_]:
        """Whether each row `(n,)` is one that the model can be of."""
        return np.isfinite(rows["y"])

    def prepared(self, rows: Rows) -> Rows:
        """`rows` with what `derivatives` needs of them that no linear predictor changes, so that it is computed once.

        `derivatives` takes rows with and without it, and gives the same bits.
        """
        return rows

    def can_be(self, totals: Totals) -> bool:
        """Whether there are rows with these totals."""
        return totals.total * totals.total <= totals.weight * totals.squares * (1 + ROUNDING)

    def varies(self, totals: Totals) -> bool:  # noqa: ARG002 - most cannot tell
        """Whether the outcome may vary. False only if there can be no fit; True where the totals cannot tell."""
        return True

    def start(self, totals: Totals) -> tuple[float, ...]:  # noqa: ARG002 - most start at zero
        """Where the constant of each equation and each ancillary starts; slopes start at zero."""
        return (0.0,) * (len(self.equations) + len(self.ancillaries))

    def further(self, rows: Rows, eta: Array) -> tuple[Array, ...]:  # noqa: ARG002 - most have none
        """The values `(n,)` whose sums are `also`, at the linear predictors `eta` (q, n)."""
        return ()

    def loglike(self, kernel: float, nobs: float) -> float:  # noqa: ARG002 - most kernels are the whole of it
        """The log-likelihood to report, from the sum of the kernel over `nobs` observations."""
        return kernel

    def scale(self, kernel: float, nobs: float, nparams: int, sums: Mapping[str, float]) -> float:  # noqa: ARG002
        """What the inverse of the summed information is multiplied by to be the covariance.

        Parameters
        ----------
        sums : mapping of str to float
            Those of `also`.

        Returns
        -------
        float
            NaN where it is not determined, with no more rows than parameters.
        """
        return 1.0

    def null_loglike(self, totals: Totals) -> float | None:  # noqa: ARG002 - most have no closed form
        """The log-likelihood of the model with a constant alone and no offset; None if it has no closed form."""
        return None


class RowLikelihood(Likelihood):
    """A likelihood in which each row stands alone."""

    @abstractmethod
    def derivatives(self, rows: Rows, eta: Array) -> ObservationDerivatives:
        """The kernel of each row and its derivatives.

        Parameters
        ----------
        rows : mapping of str to (n,) array
            `y` as `outcome` returns it, and the `roles`; without NaN.
        eta : (q, n) array
            The linear predictors: of each equation its views, then ancillaries.
        """


class SetLikelihood(Likelihood):
    """A likelihood of sets of rows (`group()`), each of which lies within one node.

    It does not change when something is added to a column within a set: there is no constant.
    """

    roles = ("group",)
    has_constant: ClassVar[bool] = False

    @abstractmethod
    def tells(self, y: Array) -> NDArray[np.bool_]:
        """Whether sets with the outcomes `y` (S, m) say anything at all: `(S,)`. Others are left out."""

    @abstractmethod
    def set_derivatives(self, y: Array, eta: Array, z: NDArray[Any]) -> SetDerivatives:
        """The kernel of each set and its derivatives by the coefficients.

        Parameters
        ----------
        y, eta : (S, m) arrays
            Outcomes and linear predictors of S sets with m rows and the same number of ones each.
        z : (S, m, p) array
            Their columns.
        """


class RiskLikelihood(Likelihood):
    """A likelihood of who fails among those at risk, at each time at which somebody of a stratum does.

    It does not change when something is added to a column within a stratum: there is no constant. See
    `fedfolder.likelihood.partial`.

    Attributes
    ----------
    parted : bool
        Whether the failing of a time are at risk by shares that differ between its cases.
    """

    roles = ("time", "entry")
    parted: ClassVar[bool] = False
    has_constant: ClassVar[bool] = False

    @abstractmethod
    def cases(self, number: Array, weight: Array) -> Cases:
        """What the failures of each of T times are compared with.

        Parameters
        ----------
        number, weight : (T,) float64
            How many rows fail at each, at least 1, and the sum of their weights.
        """
