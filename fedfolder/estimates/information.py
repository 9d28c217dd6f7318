"""`lrtest`, `estat ic` and `estat vce`: what the likelihood and its curvature say."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.errors import FitError
from fedfolder.estimates import distributions
from fedfolder.estimates.heading import WIDTH
from fedfolder.estimates.layout import NARROWEST, Row, abbreviate, name_width
from fedfolder.estimates.linear import check_has_numbers
from fedfolder.estimates.number import display, fixed

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from fedfolder.errors import FedfolderError
    from fedfolder.estimates.result import FitResult

_ROUNDING = 2.0**-40
"""Of a log-likelihood: what a difference may be below zero by rounding and by where two fits stopped."""

_COLUMN = {False: 12, True: 10}
_STYLE = {False: "%9.0g", True: "%8.4f"}
_ROOM = 80


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """A likelihood-ratio test of a smaller against a larger model: `chi2 = 2 (ll_larger - ll_smaller)`."""

    smaller: str
    larger: str
    chi2: float
    df: int
    p: float
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """What Stata prints."""
        heads = (f"LR chi2({self.df})", "Prob > chi2")
        values = (fixed(self.chi2, 8, 2), fixed(self.p, 6, 4))
        width, room = max(map(len, heads)), max(6, *map(len, values))
        lines = [f"{head:>{width}} = {value:>{room}}" for head, value in zip(heads, values, strict=True)]
        notes = [line for note in self.notes for line in textwrap.wrap(note, WIDTH, subsequent_indent="      ")]
        assumed = f"Assumption: {self.smaller} nested within {self.larger}"
        return "\n".join(["", "Likelihood-ratio test", assumed, "", *lines, *notes, ""])


def lrtest(a: FitResult, b: FitResult, names: tuple[str, str] = ("A", "B")) -> LikelihoodRatio:
    """Test the smaller of two fits against the larger ([R] lrtest).

    Parameters
    ----------
    a, b : FitResult
        Two fits of the same model and outcome to the same observations, in either order.
    names : tuple of str
        What to call them.

    Raises
    ------
    FitError
        The two cannot be compared: other observations, another model or outcome, a pseudo log-likelihood, the same
        number of coefficients, or a larger model that fits worse.
    """
    for fit in (a, b):
        check_has_numbers(fit)
    _check_comparable(a, b, names)
    (small, smaller), (large, larger) = sorted([(a, names[0]), (b, names[1])], key=lambda pair: len(pair[0].names))
    df, chi2 = len(large.names) - len(small.names), 2 * (large.llf - small.llf)
    if df == 0:
        raise _not_comparable("both have the same number of coefficients", "one model within the other")
    if chi2 < -_ROUNDING * abs(small.llf):
        raise _not_comparable(
            f"{larger} has more coefficients and a lower log-likelihood than {smaller}", "one model within the other"
        )
    chi2 = max(chi2, 0.0)
    others = [name for name in small.names if name not in large.names]
    notes = (f"Note: {', '.join(others)} of {smaller} not among the coefficients of {larger}.",) if others else ()
    return LikelihoodRatio(smaller, larger, chi2, df, float(distributions.chi2_upper(chi2, df)), notes)


def _check_comparable(a: FitResult, b: FitResult, names: tuple[str, str]) -> None:
    for fit, name in zip((a, b), names, strict=True):
        if fit.robust or fit.weight == "pw":
            raise _not_comparable(
                f"the covariance of {name} is {fit.vce}: its log-likelihood is a pseudo log-likelihood",
                "fits by maximum likelihood",
                do="test the coefficients instead (`test`, `testparm`), or fit without vce()",
            )
        if not math.isfinite(fit.llf):
            raise _not_comparable(f"the log-likelihood of {name} is not known", "two log-likelihoods")
    sides = {
        "the same number of observations": [f"{fit.nobs:,}" for fit in (a, b)],
        "the same model": [fit.likelihood or fit.model for fit in (a, b)],
        "the same outcome": [fit.depvar for fit in (a, b)],
        "the same weights": [fit.weight or "none" for fit in (a, b)],
        "the same offset, exposure and groups": [_roles(fit) for fit in (a, b)],
    }
    for expected, (one, other) in sides.items():
        if one != other:
            do = "fit both to the rows that are complete for both" if "observations" in expected else ""
            raise _not_comparable(f"{one} in {names[0]}, {other} in {names[1]}", expected, do=do)


def _roles(fit: FitResult) -> str:
    return ", ".join(f"{role} {name}" for role, name in sorted(fit.roles.items())) or "none"


def _not_comparable(found: str, expected: str, do: str = "") -> FedfolderError:
    return FitError("these two fits cannot be compared by their likelihoods", found=found, expected=expected, do=do)


@dataclass(frozen=True, slots=True)
class InformationCriteria:
    """Akaike's and the Bayesian information criterion: `-2 ll + 2 df` and `-2 ll + df ln N` ([R] estat ic)."""

    nobs: int
    ll_0: float
    ll: float
    df: int
    aic: float
    bic: float

    def __str__(self) -> str:
        """What Stata prints."""
        numbers = [self.ll_0, self.ll, self.aic, self.bic]
        null, ll, aic, bic = (display(number, "%9.0g") for number in numbers)
        rule = "-" * 77
        return "\n".join(
            [
                "",
                "Akaike's information criterion and Bayesian information criterion",
                "",
                rule,
                "       Model |          N   ll(null)  ll(model)      df        AIC        BIC",
                f"{'-' * 13}+{'-' * 63}",
                f"           . | {self.nobs:>10,}  {null}  {ll} {self.df:>7}  {aic}  {bic}",
                rule,
                "Note: BIC uses N = number of observations.",
                "",
            ]
        )


def estat_ic(result: FitResult) -> InformationCriteria:
    """The information criteria of a fit; df counts all its coefficients.

    Raises
    ------
    FitError
        The fit has no numbers.
    """
    check_has_numbers(result)
    df, ll = len(result.names), result.llf
    ll_0 = math.nan if result.llnull is None else result.llnull
    bic = -2 * ll + df * math.log(result.nobs) if result.nobs else math.nan
    return InformationCriteria(result.nobs, ll_0, ll, df, -2 * ll + 2 * df, bic)


@dataclass(frozen=True, slots=True, eq=False)
class Covariance:
    """The covariance of the coefficients of a `model`, or their correlations; `matrix` is `(p, p)`."""

    model: str
    names: tuple[str, ...]
    matrix: NDArray[np.float64]
    correlation: bool = False

    @property
    def frame(self) -> pd.DataFrame:
        """The matrix, named both ways."""
        import pandas as pd

        return pd.DataFrame(self.matrix.copy(), index=list(self.names), columns=list(self.names))

    def __str__(self) -> str:
        """What Stata prints: the lower triangle, in several panels where it is wide."""
        kind = "Correlation" if self.correlation else "Covariance"
        return "\n".join(["", f"{kind} matrix of coefficients of {self.model} model", *self._panels(), ""])

    def _panels(self) -> Iterator[str]:
        cell, style = _COLUMN[self.correlation], _STYLE[self.correlation]
        width = name_width([Row(name) for name in self.names], 2 * NARROWEST)
        across = max((_ROOM - width - 2) // cell, 1)
        for first in range(0, len(self.names), across):
            names = self.names[first : first + across]
            heads = "".join(abbreviate(name, cell - 1).rjust(cell) for name in names)
            yield from ("", Row("e(V)").stub(width) + heads, f"{'-' * (width + 1)}+{'-' * (len(heads) + 1)}")
            for i in range(first, len(self.names)):
                entries = self.matrix[i, first : min(first + across, i + 1)].tolist()
                yield Row(self.names[i]).stub(width) + "".join(display(x, style).rjust(cell) for x in entries)


def estat_vce(result: FitResult, *, correlation: bool = False) -> Covariance:
    """The covariance of the coefficients, or their correlations (NaN where a variance is not positive).

    Raises
    ------
    FitError
        The fit has no numbers.
    """
    check_has_numbers(result)
    matrix = result.cov
    if correlation:
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = 1 / np.sqrt(np.diag(matrix))
            matrix = matrix * np.outer(scale, scale)
    return Covariance(result.model, result.names, matrix, correlation)
