"""The result of a fit as an object, in statsmodels' words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from fedfolder.command.options import LARGEST_LEVEL, SMALLEST_LEVEL
from fedfolder.errors import ConfigError
from fedfolder.estimates import prediction, record, table
from fedfolder.estimates.coefficients import coefficients, standard_errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from fedfolder.estimates.coefficients import Coefficients


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FitResult:
    """What a fit returns; with a status such as "separation" it has no numbers, and `names` is empty.

    Parameters
    ----------
    command : str
        The canonical command.
    model : str
        The command's model, `"logit"` or `"regress"`.
    title : str
        What the table is headed.
    depvar : str
        The outcome.
    status : str
        `"converged"`, `"not converged"`, `"separation"`, `"refused"` and so on.
    message : str
        The diagnosis in words when there are no numbers, otherwise empty.
    nobs : int
        Observations in the fit.
    llf : float
        Log-likelihood at `beta`.
    llnull : float or None
        Log-likelihood of the constant alone.
    names : tuple of str
        Labels of the p coefficients, `"_cons"` last.
    beta : ndarray, shape (p,)
        Coefficients.
    cov : ndarray, shape (p, p)
        Their covariance.
    omitted : tuple of str
        Labels left out: collinear, or predicting perfectly.
    bases : mapping of str to str
        Each factor's base level.
    statistic : {"z", "t"}
        The test of a coefficient.
    df_resid : int or None
        Residual degrees of freedom, for t.
    level : float
        Confidence level in percent.
    odds_ratios : bool
        Whether the table shows odds ratios.
    rounds, evaluations : int
        Trips to the nodes, and betas evaluated.
    iterations : tuple of (int, float)
        Number and log-likelihood of each iteration.
    nodes : tuple of (str, int)
        Name and observations of each node.
    without : tuple of str
        Names of nodes that were left out because they did not answer in time.
    condition : float
        Condition number of the scaled information.
    stats : mapping of str to float
        Statistics of the model under Stata's names in e().

    Raises
    ------
    ValueError
        `beta` or `cov` has not the shape that `names` asks for, or a name comes twice.
    """

    command: str
    model: str
    title: str
    depvar: str
    status: str
    message: str = ""
    nobs: int
    llf: float
    llnull: float | None
    names: tuple[str, ...]
    beta: NDArray[np.float64]
    cov: NDArray[np.float64]
    omitted: tuple[str, ...] = ()
    bases: Mapping[str, str]
    statistic: Literal["z", "t"]
    df_resid: int | None = None
    level: float = 95.0
    odds_ratios: bool = False
    rounds: int
    evaluations: int
    iterations: tuple[tuple[int, float], ...] = ()
    nodes: tuple[tuple[str, int], ...] = ()
    without: tuple[str, ...] = ()
    condition: float
    stats: Mapping[str, float]

    def __post_init__(self) -> None:
        """Check shapes and keep copies that nobody can write to."""
        p = len(self.names)
        if len(set(self.names)) != p:
            raise ValueError(f"a coefficient's name comes twice: {self.names}")
        for field, shape in (("beta", (p,)), ("cov", (p, p))):
            values = np.array(getattr(self, field), dtype=np.float64)
            if p == 0 and values.size == 0:
                values = values.reshape(shape)
            if values.shape != shape:
                raise ValueError(f"{field} has the shape {values.shape}; {p} names ask for {shape}")
            values.flags.writeable = False
            object.__setattr__(self, field, values)
        object.__setattr__(self, "bases", dict(self.bases))
        object.__setattr__(self, "stats", {name: float(value) for name, value in self.stats.items()})

    @property
    def params(self) -> pd.Series[float]:
        """Coefficients by name."""
        return self._series(self.beta, "params")

    @property
    def bse(self) -> pd.Series[float]:
        """Standard errors by name."""
        return self._series(standard_errors(self), "bse")

    @property
    def tvalues(self) -> pd.Series[float]:
        """The z or t of each coefficient, by name."""
        return self._series(coefficients(self).statistic, "tvalues")

    @property
    def pvalues(self) -> pd.Series[float]:
        """Two-sided p-values by name."""
        return self._series(coefficients(self).p, "pvalues")

    def cov_params(self) -> pd.DataFrame:
        """The covariance of the coefficients, named both ways."""
        import pandas as pd

        return pd.DataFrame(self.cov.copy(), index=list(self.names), columns=list(self.names))

    def coefficients(self, level: float | None = None) -> Coefficients:
        """Coefficients, standard errors, tests and intervals as arrays; never exponentiated."""
        return coefficients(self, level)

    def conf_int(self, level: float | None = None) -> pd.DataFrame:
        """Confidence intervals, columns lower and upper; `level` in percent, by default the fit's own.

        Raises
        ------
        ConfigError
            If `level` is not from 10 to 99.99, as in Stata: 0.95 or 0.05 is meant as something else.
        """
        import pandas as pd

        if level is not None and not SMALLEST_LEVEL <= level <= LARGEST_LEVEL:
            raise ConfigError(
                "this is no confidence level",
                found=str(level),
                expected=f"percent, from {SMALLEST_LEVEL:g} to {LARGEST_LEVEL}",
                do="write conf_int(95) for 95 percent",
            )
        found = coefficients(self, level)
        return pd.DataFrame({"lower": found.lower, "upper": found.upper}, index=list(self.names))

    def summary(self) -> str:
        """The table as Stata prints it; see `fedfolder.estimates.table.summary`."""
        return table.summary(self)

    def predict(self, frame: pd.DataFrame, what: str | None = None) -> pd.Series[float]:
        """Predict for each row of a data frame; see `fedfolder.estimates.prediction.predict`."""
        return prediction.predict(self, frame, what)

    def to_dict(self) -> dict[str, Any]:
        """The fit as plain values; see `fedfolder.estimates.record.to_dict`."""
        return record.to_dict(self)

    def to_json(self) -> str:
        """`to_dict` as one JSON object with 17-digit numbers."""
        return record.to_json(self)

    def to_csv(self) -> str:
        """The coefficient table as CSV: name, coef, se, statistic, p, lower, upper."""
        return record.to_csv(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any], *, bases: Mapping[str, str] | None = None, message: str = "") -> Self:
        """Read back what `to_dict` wrote; see `fedfolder.estimates.record.arguments` for what that leaves out."""
        return cls(**record.arguments(fields, bases, message))

    def _series(self, values: NDArray[np.float64], name: str) -> pd.Series[float]:
        import pandas as pd

        return pd.Series(values.copy(), index=list(self.names), name=name)
