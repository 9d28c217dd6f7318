"""The statistics of a whole model, under Stata's names in e()."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fedfolder.estimates import distributions, intercepts, logit_stats, regress_stats, wald_chi2
from fedfolder.estimates.statistics import model_df
from fedfolder.likelihood import ClusterLikelihood
from fedfolder.plan import cox
from fedfolder.plan.units import scale_of

if TYPE_CHECKING:
    from fedfolder.estimates import FitResult
    from fedfolder.plan.outcome import Ending


def statistics(result: FitResult, ending: Ending) -> dict[str, float]:
    """Those of `result`, which has its numbers already."""
    stats = _of_squares(result, ending) if result.model == "regress" else _of_likelihood(result)
    survival = _of_survival(ending) | _of_persons(ending) | cox.statistics(result, ending)
    return stats | _of_dispersion(ending) | survival | _of_comparison(result, ending)


def _of_likelihood(result: FitResult) -> dict[str, float]:
    """The likelihood-ratio test; Wald's where the likelihood is none of independent rows, or ll_0 is not known."""
    # glm tests by Wald's chi-squared whatever the variance.
    robust = result.vce != "oim" or result.model == "glm"
    found = logit_stats(result.llf, result.llnull, result.names, result.beta, result.cov, robust=robust)
    if "time" in result.roles:
        found.pop("r2_p", None)  # of densities, which may be above one, it is no share
    return found


def _of_squares(result: FitResult, ending: Ending) -> dict[str, float]:
    from fedfolder.plan.outcome import total_squares

    layout, count = ending.start.layout, ending.start.parameters.count
    share = layout.normalised
    rss = -2.0 * ending.solution.derivatives.loglike * share
    tss = total_squares(layout, ending.start.usual) * share
    stats = regress_stats(rss, tss, result.nobs, count, constant=layout.design.constant)
    df = model_df(result.names)
    if result.vce != "oim" and df:
        stats["F"] = wald_chi2(result.names, result.beta, result.cov) / df
    return stats


def _of_dispersion(ending: Ending) -> dict[str, float]:
    """Deviance and Pearson's chi-squared, and each over the residual degrees of freedom."""
    layout, found_there = ending.start.layout, ending.solution.derivatives
    further = {name: value * layout.reported for name, value in found_there.further.items()}
    if not further:
        return {}
    count = ending.start.parameters.count
    residual = layout.observations - count
    found = {_STATA.get(name, name): value for name, value in further.items()}
    over = {name.replace("deviance", "dispers"): value / residual for name, value in found.items() if residual > 0}
    phi = scale_of(layout, found_there) * layout.normalised
    return {**found, **over, "phi": phi}


def _of_survival(ending: Ending) -> dict[str, float]:
    """Failures and time at risk, weighted; nothing of rows that were left by sites, of which they are not known."""
    layout = ending.start.layout
    found = {"N_fail": layout.totals.total, "risk": layout.totals.exposure}
    known = "time" in layout.specification.roles and not any(map(math.isnan, found.values()))
    return found if known else {}


def _of_persons(ending: Ending) -> dict[str, float]:
    """The persons, where the command says whose the rows are, and no rows were left out by what predicts perfectly."""
    subjects = ending.start.layout.subjects
    return {} if math.isnan(subjects) else {"N_sub": subjects}


def _of_comparison(result: FitResult, ending: Ending) -> dict[str, float]:
    """Of a random intercept, the comparison with the same model without.

    A variance of zero lies at the edge of what there is, so that the likelihood ratio is half the time zero and half
    the time a chi-squared of one degree (Self and Liang 1987).
    """
    from fedfolder.plan.outcome import null_maximum

    without = null_maximum(ending)
    if not isinstance(ending.start.layout.specification.likelihood, ClusterLikelihood) or without is None:
        return {}
    chi2 = 2.0 * (result.llf - without)
    chi2 = chi2 if chi2 > ROUNDING * abs(without) else 0.0
    p = 0.5 * float(distributions.chi2_upper(chi2, 1)) if chi2 > 0 else 1.0
    return {"ll_c": without, "chi2_c": chi2, "p_c": p, "df_c": 1.0} | intercepts.intraclass(result)


ROUNDING = 1e-12
"""Share of a log-likelihood by which two of the same maximum may differ."""

_STATA = {"deviance": "deviance", "pearson": "deviance_p"}
"""Stata's names in e() of further sums."""
