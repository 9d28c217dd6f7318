"""What a table says of a random intercept: its variance, and the test of there being any.

The parameter of the fit is the standard deviation. Stata shows the variance, whose interval is that of its logarithm.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.estimates.coefficients import standard_errors
from fedfolder.estimates.layout import Row, abbreviate
from fedfolder.estimates.number import display, fixed

if TYPE_CHECKING:
    from fedfolder.estimates.result import FitResult

_SD = re.compile(r"/sd\((\w+)\[(\w+)\]\)")

ZERO = 1e-6
"""Standard errors below which a standard deviation is zero but for where the solver stopped."""

WITHOUT = {"melogit": "logistic", "mepoisson": "Poisson", "weibull": "Weibull", "exponential": "exponential"}
"""What a model without its random intercept is called, by the command or the distribution."""


def is_deviation(name: str) -> bool:
    """Whether a parameter is the standard deviation of a random intercept."""
    return _SD.fullmatch(name) is not None


def variance_lines(result: FitResult, width: int, reach: float) -> list[str]:
    """The group and its variance, without the rule above; nothing where the model has no random intercept.

    Parameters
    ----------
    width : int
        Characters left of the bar, the space before it not counted.
    reach : float
        The quantile of the confidence level.
    """
    for place, name in enumerate(result.names):
        if found := _SD.fullmatch(name):
            sd, se = float(result.beta[place]), float(standard_errors(result)[place])
            variance = Row(f"var({found[1]})").stub(width) + _row(sd, se, reach)
            return [f"{abbreviate(found[2], width).ljust(width)} |", variance]
    return []


def _row(sd: float, se: float, reach: float) -> str:
    """Variance, 2 sd se, and the interval exp(ln var -+ reach 2 se / sd)."""
    with np.errstate(all="ignore"):
        factor = float(np.exp(2.0 * reach * se / np.float64(sd)))
        lower, upper = float(np.float64(sd * sd) / factor), float(np.float64(sd * sd) * factor)
    estimate = f"  {display(sd * sd, '%9.0g')}  {display(2.0 * sd * se, '%9.0g')}"
    return f"{estimate}{' ' * 17}    {display(lower, '%9.0g')}   {display(upper, '%9.0g')}"


def comparison(result: FitResult, width: int) -> list[str]:
    """The line of the test against the model without, where it was fitted beside; not of a pseudolikelihood."""
    if result.robust or not any(map(is_deviation, result.names)) or "chi2_c" not in result.stats:
        return []
    distribution = re.search(r"distribution\((\w+)\)", result.likelihood)
    name = WITHOUT.get(result.model) or WITHOUT.get(distribution[1] if distribution else "", "smaller")
    left = f"LR test vs. {name} model: chibar2(01) = {fixed(result.stats['chi2_c'], 9, 2).strip()}"
    return [f"{left.ljust(width - 24)}Prob >= chibar2 = {fixed(result.stats['p_c'], 6, 4)}"]


def intraclass(result: FitResult) -> dict[str, float]:
    """The share of the variance of a latent outcome that lies between groups, of a logit: sd^2 / (sd^2 + pi^2 / 3)."""
    if result.model != "melogit":
        return {}
    variance = float(result.beta[-1]) ** 2
    return {"icc": variance / (variance + math.pi**2 / 3.0)}


def none_found(result: FitResult) -> list[str]:
    """What is to be said of a variance of zero."""
    for place, name in enumerate(result.names):
        found = _SD.fullmatch(name)
        if found and result.beta[place] <= ZERO * standard_errors(result)[place]:
            zero = f"Note: no variance between values of {found[2]}: its estimate is zero, the edge of its range"
            return [f"{zero}, and the other estimates are those of the model without a random intercept."]
    return []
