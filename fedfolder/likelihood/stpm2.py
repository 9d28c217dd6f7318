"""Flexible parametric survival models: Royston and Parmar's, with splines of ln(time) in the linear predictor."""

from __future__ import annotations

import dataclasses
import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from fedfolder.likelihood.base import AT_END, AT_ENTRY, SLOPE, ObservationDerivatives
from fedfolder.likelihood.hazards import ExtremeValue, LogisticHazard, NormalHazard
from fedfolder.likelihood.survival import Survival

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Self

    from numpy.typing import NDArray

    from fedfolder.likelihood.base import Array, Rows
    from fedfolder.likelihood.hazards import Hazard

HAZARDS: Mapping[str, Hazard] = {"hazard": ExtremeValue(), "odds": LogisticHazard(), "normal": NormalHazard()}
"""The distribution in which survival is the probability of being above eta, by scale."""
MOST_FAILED = 0.999
"""The share of failures beyond which no probit is begun with."""
TITLES = {
    "hazard": "Flexible parametric PH regression",
    "odds": "Flexible parametric PO regression",
    "normal": "Flexible parametric probit regression",
}


def stpm2_name(scale: str) -> str:
    """The name of a `stpm2` in the registry."""
    return f"stpm2 scale({scale})"


@dataclasses.dataclass(frozen=True)
class FlexibleParametric(Survival):
    r"""S = 1 - F(eta): eta is the logarithm of the cumulative hazard, or of the odds of failure, or a probit.

    With s the slope of eta by ln t, G = -ln(1 - F), g = G' and L = ln g, the hazard times t is s g(eta). A row's kernel
    is

        y ln(u + s g(eta)) - (G(eta) - G(eta0))

    where u is t times the expected rate, which `bhazard()` names and without which it is zero. With q = s g, the share
    w = q / (u + q) and r = g / (u + q), its derivatives are

        eta: y w L' - g,   s: y r,   eta0: g(eta0),
        eta eta: y (w L'' + w (1 - w) L'^2) - g L',   eta s: y r (1 - w) L',   s s: -y r^2,   eta0 eta0: g L' (eta0)

    A row that fails where its hazard is not above zero has none.

    Parameters
    ----------
    model_scale : str
        One of `HAZARDS`.
    entered : bool
        Whether rows may enter after zero, so that there is an eta0.

    References
    ----------
    Royston, Parmar (2002). Statistics in Medicine 21. Nelson, Lambert, Squire, Jones (2007). Flexible parametric models
    for relative survival. Statistics in Medicine 26.
    """

    model_scale: str
    entered: bool = True

    concave = False
    curved = False

    @property
    def name(self) -> str:  # type: ignore[override]
        """The command and its scale."""
        return stpm2_name(self.model_scale)

    @property
    def title(self) -> str:  # type: ignore[override]
        """By the scale."""
        return TITLES[self.model_scale]

    @property
    def views(self) -> tuple[str, ...]:  # type: ignore[override]
        """At the end of a row with its slope, and where some enter late, at their entry."""
        return (AT_END, SLOPE, AT_ENTRY) if self.entered else (AT_END, SLOPE)

    def of_roles(self, roles: Collection[str]) -> Self:
        """Without an entry there is nothing to see there."""
        return dataclasses.replace(self, entered="entry" in roles)

    def can_have(self, rows: Rows) -> NDArray[np.bool_]:
        """Whether a row ends after it begins, and no rate is expected to be below zero."""
        rate = rows.get("bhazard")
        found = super().can_have(rows)
        return found if rate is None else np.asarray(found & np.isfinite(rate) & (rate >= 0))

    def line(self, cumulative: float, power: float) -> tuple[float, float]:
        """Eta and its slope by ln t where the cumulative hazard is `cumulative` and rises as t^power."""
        if self.model_scale == "hazard":
            return math.log(cumulative), power
        failed = -math.expm1(-cumulative)
        if self.model_scale == "odds":
            return cumulative + math.log(failed), power * cumulative / failed
        normal = NormalDist()
        eta = normal.inv_cdf(min(failed, MOST_FAILED))
        return eta, power * cumulative * (1.0 - min(failed, MOST_FAILED)) / normal.pdf(eta)

    def prepared(self, rows: Rows) -> Rows:
        """Themselves: logarithms of times are in the columns."""
        return rows

    def derivatives(self, rows: Rows, eta: Array) -> ObservationDerivatives:
        """See the class."""
        y, hazard = rows["y"], HAZARDS[self.model_scale]
        q = len(self.views)
        score, hessian = np.zeros((q, len(y))), np.zeros((q, q, len(y)))
        with np.errstate(all="ignore"):
            at, cumulative = hazard.log_hazard(eta[0]), cumulative_hazard(self.model_scale, eta[0])
            g, s, u = np.exp(at.value), eta[1], rows["time"] * rows.get("bhazard", 0.0)
            total = u + s * g
            failed = y > 0
            w = np.where(failed, np.where(u > 0, s * g / total, 1.0), 0.0)
            r = np.where(failed, np.where(u > 0, g / total, 1.0 / s), 0.0)
            logarithm = np.where(u > 0, np.log(total), np.log(s) + at.value)
            loglike = np.where(failed, logarithm, 0.0) - cumulative
            score[0], score[1] = w * at.slope - g, r
            hessian[0, 0] = w * (at.bend + (1.0 - w) * np.square(at.slope)) - g * at.slope
            hessian[0, 1] = hessian[1, 0] = r * (1.0 - w) * at.slope
            hessian[1, 1] = -np.square(r)
            if q > 2:  # noqa: PLR2004 - there is an eta0
                late = rows["entry"] > 0
                before = hazard.log_hazard(eta[2])
                g0 = np.where(late, np.exp(before.value), 0.0)
                loglike = loglike + np.where(late, cumulative_hazard(self.model_scale, eta[2]), 0.0)
                # More than all who entered do not survive, whatever a beta says.
                loglike = np.where(np.isposinf(loglike), np.nan, loglike)
                score[2], hessian[2, 2] = g0, np.where(late, g0 * before.slope, 0.0)
        return ObservationDerivatives(loglike, score, hessian)


def cumulative_hazard(scale: str, eta: Array) -> Array:
    """G(eta)."""
    from scipy.special import log_ndtr

    if scale == "hazard":
        return np.asarray(np.exp(eta))
    return np.asarray(np.logaddexp(0.0, eta) if scale == "odds" else -log_ndtr(-eta))


def every_stpm2() -> tuple[FlexibleParametric, ...]:
    """One of each scale."""
    return tuple(map(FlexibleParametric, HAZARDS))
