"""The result of a fit as an object, in statsmodels' words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from fedfolder.estimates import averages as averaged
from fedfolder.estimates import combination as combined
from fedfolder.estimates import curves as curved
from fedfolder.estimates import information, prediction, record, stored, table, wald
from fedfolder.estimates.coefficients import check_level, coefficients, standard_errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from fedfolder.estimates.averages import Averages
    from fedfolder.estimates.baseline import FittedBaseline
    from fedfolder.estimates.coefficients import Coefficients
    from fedfolder.estimates.combination import Combination
    from fedfolder.estimates.flexible import FittedSpline
    from fedfolder.estimates.information import Covariance, InformationCriteria
    from fedfolder.estimates.quantities import Curves
    from fedfolder.estimates.wald import WaldTest


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FitResult:
    """What a fit returns; with a status such as "separation" it has no numbers, and `names` is empty.

    Parameters
    ----------
    command : str
        The canonical command.
    model : str
        The command's model, such as `"logit"`.
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
        Names of the p coefficients, as in Stata's e(b): `age`, `2:age`, `/cut1`; see `fedfolder.command.parameters`.
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
    likelihood : str
        The name of the likelihood in the registry, with family and link for a `glm`.
    vce : str
        How the covariance was estimated: `"oim"`, `"robust"`, or `"cluster id"`.
    clusters : int or None
        Number of clusters.
    weight : str
        Kind of the weights: `"fw"`, `"pw"`, `"iw"`, `"aw"`, or empty.
    eform : str
        What exponentiated coefficients the table shows: `"or"`, `"irr"`, `"rrr"`, `"hr"`, `"tr"`, `"eform"`, or
        empty for none.
    roles : mapping of str to str
        Which variable is the `offset`, the `exposure`, the `expected` number, the `group`, the `time`, the `entry`, the
        `cluster`, the `weight`, and which variable or number the `trials`.
    equations : tuple of str
        Names of the linear predictors that have the terms; `("",)` where there is one.
    outcomes : tuple of str
        The levels of a categorical outcome, in their order.
    base_outcome : str or None
        The level that has no equation.
    labels : mapping of str to mapping of str to str
        Value labels, by variable and level.
    notes : tuple of str
        Lines to print under the table.
    excluded : tuple of (str, str, int)
        Columns that predict perfectly: the column, the sentence that says so in Stata's words, and the rows left out.
    rounds, evaluations : int
        Trips to the nodes, and betas evaluated.
    iterations : tuple of (int, float)
        Number and log-likelihood of each iteration.
    nodes : tuple of (str, int)
        Name and observations of each node.
    without : tuple of str
        Names of nodes that were left out because they did not answer in time.
    splines : tuple of FittedSpline
        What the columns `_rcs1` and so on are, after `stpm2`; the baseline's spline first.
    averages : Averages or None
        Average survival, after `standsurv()`.
    baselines : tuple of FittedBaseline
        The cumulative baseline hazard of each stratum at the times of `basesurv()`, after `stcox`.
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
    likelihood: str = ""
    vce: str = "oim"
    clusters: int | None = None
    weight: str = ""
    eform: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    equations: tuple[str, ...] = ("",)
    outcomes: tuple[str, ...] = ()
    base_outcome: str | None = None
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    excluded: tuple[tuple[str, str, int], ...] = ()
    rounds: int
    evaluations: int
    iterations: tuple[tuple[int, float], ...] = ()
    nodes: tuple[tuple[str, int], ...] = ()
    without: tuple[str, ...] = ()
    splines: tuple[FittedSpline, ...] = ()
    averages: Averages | None = None
    baselines: tuple[FittedBaseline, ...] = ()
    condition: float
    stats: Mapping[str, float]

    def __post_init__(self) -> None:
        """Check shapes and keep copies that nobody can write to."""
        p = len(self.names)
        if len(set(self.names)) != p:
            raise ValueError(f"a coefficient's name comes twice: {self.names}")
        for name, shape in (("beta", (p,)), ("cov", (p, p))):
            values = np.array(getattr(self, name), dtype=np.float64)
            if p == 0 and values.size == 0:
                values = values.reshape(shape)
            if values.shape != shape:
                raise ValueError(f"{name} has the shape {values.shape}; {p} names ask for {shape}")
            values.flags.writeable = False
            object.__setattr__(self, name, values)
        for name in ("bases", "roles"):
            object.__setattr__(self, name, dict(getattr(self, name)))
        object.__setattr__(self, "labels", {name: dict(texts) for name, texts in self.labels.items()})
        object.__setattr__(self, "stats", {name: float(value) for name, value in self.stats.items()})

    def __eq__(self, other: object) -> bool:
        """Whether all that is written of the two is the same, to the last bit; a missing number equals another."""
        return isinstance(other, FitResult) and record.to_dict(self) == record.to_dict(other)

    def __hash__(self) -> int:
        return hash((self.command, self.status, self.nobs, self.names))

    def __repr__(self) -> str:
        """One line: `<FitResult: logit low age smoke; converged, N = 189, ll = -113.63815>`."""
        numbers = f", N = {self.nobs:,}" + (f", ll = {self.llf:.8g}" if self.names else "")
        return f"<FitResult: {self.command}; {self.status}{numbers}>"

    @property
    def observed(self) -> str:
        """The variable that heads the table: the outcome; of survival times, the time, as in Stata."""
        return self.roles.get("time", self.depvar)

    @property
    def odds_ratios(self) -> bool:
        """Whether the table shows odds ratios."""
        return self.eform == "or"

    @property
    def robust(self) -> bool:
        """Whether the covariance is a sandwich, so that the log-likelihood is a pseudo log-likelihood."""
        return self.vce not in {"", "oim"}

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
        """Confidence intervals, columns lower and upper; `level` in percent (10 to 99.99), by default the fit's own."""
        import pandas as pd

        found = coefficients(self, None if level is None else check_level(level))
        return pd.DataFrame({"lower": found.lower, "upper": found.upper}, index=list(self.names))

    def summary(self) -> str:
        """The table as Stata prints it; see `fedfolder.estimates.table.summary`."""
        return table.summary(self)

    def test(self, hypotheses: str) -> WaldTest:
        """Test linear hypotheses: `"2.race 3.race"`, `"age = lwt"`, `"(age=0) (smoke=1)"`; see `wald.wald_test`."""
        return wald.wald_test(self, hypotheses)

    def testparm(self, terms: str, *, equal: bool = False, equation: str | None = None) -> WaldTest:
        """Test that the coefficients of terms are zero: `"i.race"`, `"smoke ptl"`; see `wald.term_test`."""
        return wald.term_test(self, terms, equal=equal, equation=equation)

    def lincom(self, combination: str) -> Combination:
        """A linear combination: `"2*age + smoke, or level(90)"`; see `combination.lincom`."""
        return combined.lincom(self, combination)

    def nlcom(self, expression: str) -> Combination:
        """A function of coefficients by the delta method: `"_b[age]/_b[smoke]"`; see `combination.nlcom`."""
        return combined.nlcom(self, expression)

    def estat_ic(self) -> InformationCriteria:
        """Akaike's and the Bayesian information criterion."""
        return information.estat_ic(self)

    def estat_vce(self, *, correlation: bool = False) -> Covariance:
        """The covariance of the coefficients, or their correlations, as Stata prints them."""
        return information.estat_vce(self, correlation=correlation)

    def predict(
        self,
        frame: pd.DataFrame,
        what: str | None = None,
        *,
        outcome: str | int | None = None,
        unseen: str = "error",
        offset: bool = True,
    ) -> pd.Series[float]:
        """Predict for each row of a data frame; see `fedfolder.estimates.prediction.predict`."""
        return prediction.predict(self, frame, what, outcome=outcome, unseen=unseen, offset=offset)

    def predict_all(
        self, frame: pd.DataFrame, what: str | None = None, *, unseen: str = "error", offset: bool = True
    ) -> pd.DataFrame:
        """Predict for each row and each outcome; see `fedfolder.estimates.prediction.predict_all`."""
        return prediction.predict_all(self, frame, what, unseen=unseen, offset=offset)

    def curves(
        self,
        patterns: Mapping[str, Mapping[str, float | str]],
        times: Sequence[float] | NDArray[np.float64],
        what: str = "survival",
        *,
        contrast: str | None = None,
        level: float | None = None,
    ) -> Curves:
        """Survival or hazards over time at patterns of covariates; see `fedfolder.estimates.curves.curves`."""
        return curved.curves(self, patterns, times, what, contrast=contrast, level=level)

    def standardised(self, *, contrast: str | None = None, level: float | None = None) -> Curves:
        """Average survival of the patterns of `standsurv()`; see `fedfolder.estimates.averages.standardised`."""
        return averaged.standardised(self, contrast=contrast, level=level)

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
        """Read back what `to_dict` wrote; `bases` and `message` are for an object of an older version, without them."""
        return cls(**stored.arguments(fields, bases, message))

    @classmethod
    def from_json(cls, text: str, where: str = "") -> Self:
        """Read back what `to_json` wrote; `where` names the file in an error."""
        return cls(**stored.arguments(stored.read_json(text, where), where=where))

    def _series(self, values: NDArray[np.float64], name: str) -> pd.Series[float]:
        import pandas as pd

        return pd.Series(values.copy(), index=list(self.names), name=name)
