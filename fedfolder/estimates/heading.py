"""What stands above the coefficients: the title, the size of the sample, how well the model fits.

Source: printed output of `logit`, `regress` and `glm`; log-likelihoods are `%10.0g` (`%12.0g` in `glm`), sums of
squares `%11.0g`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fedfolder.estimates import distributions, family, intercepts
from fedfolder.estimates.number import display, fixed, general
from fedfolder.estimates.statistics import model_df

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedfolder.estimates.result import FitResult

WIDTH = 78
"""Characters in a line of a table whose names are short."""

_LEFT_OF_REGRESSION = 48
_LEFT_OF_GLM = 50


def heading(result: FitResult) -> list[str]:
    """The lines above the coefficient table of a fit with numbers, the empty one before it included."""
    return [*heading_without_clusters(result), *_clusters(result)]


def heading_without_clusters(result: FitResult) -> list[str]:
    """The same without the line on clusters, which Stata's own table of coefficients brings."""
    if result.model == "regress":
        lines = _linear(result) if result.robust else _anova(result)
    elif result.model == "glm":
        lines = _glm(result)
    elif "time" in result.roles:
        lines = _survival(result)
    else:
        dispersion = "Dispersion: mean" if result.model == "nbreg" else group_line(result)
        lines = _beside([result.title, "", dispersion, f"{loglike_name(result)} = {general(result.llf, 10)}"], result)
    return [*lines, ""]


def heading_without_numbers(result: FitResult) -> list[str]:
    """The title beside the number of observations."""
    return _beside([result.title], result, only_count=True)


def loglike_name(result: FitResult) -> str:
    """`Log likelihood`, or `Log pseudolikelihood` where the covariance is a sandwich."""
    return "Log pseudolikelihood" if result.robust else "Log likelihood"


def is_wald(result: FitResult) -> bool:
    """Whether the model is tested by Wald's test, for want of a likelihood to compare with."""
    return result.robust or result.llnull is None


def _clusters(result: FitResult) -> list[str]:
    if result.clusters is None:
        return []
    variable = result.roles.get("cluster", result.vce.removeprefix("cluster").strip())
    return [f"(Std. err. adjusted for {result.clusters:,} clusters in {variable})".rjust(WIDTH)]


def _counted(result: FitResult) -> list[tuple[str, str]]:
    """The right-hand side of the heading of a maximum-likelihood fit, as labels and values."""
    df, chi2 = model_df(result.names), result.stats.get("chi2", math.nan)
    pairs = [
        ("Number of obs", f"{result.nobs:,}"),
        (f"{'Wald' if is_wald(result) else 'LR'} chi2({df})", fixed(chi2, 9, 2)),
        ("Prob > chi2", fixed(float(distributions.chi2_upper(chi2, df)), 6, 4)),
    ]
    if "r2_p" in result.stats:
        pairs.append(("Pseudo R2", fixed(result.stats["r2_p"], 6, 4)))
    return pairs


def _beside(left: Sequence[str], result: FitResult, *, only_count: bool = False) -> list[str]:
    """Set `label = value` lines flush right beside the lines on the left."""
    right = _counted(result)[:1] if only_count else _counted(result)
    return _side_by_side(left, right)


def _survival(result: FitResult) -> list[str]:
    """The heading of a model of survival times: failures and time at risk beside the number of rows.

    Subjects are counted where the command says whose the rows are: these are none where follow-up is parted.
    """
    failures, risk = (result.stats.get(name, math.nan) for name in ("N_fail", "risk"))
    sums = {"No. of failures": general(failures, 10), "Time at risk": general(risk, 10)}
    if (subjects := result.stats.get("N_sub")) is not None:
        sums = {"No. of subjects": general(subjects, 10), **sums}
    width = max(map(len, sums.values()))
    left = [f"{label.ljust(15)} = {value.rjust(width)}" for label, value in sums.items()]
    (nobs, *tests), nothing = _counted(result), ("", "")
    above = [result.title, *filter(None, [group_line(result)]), ""]
    left = [*above, *left, "", f"{loglike_name(result)} = {general(result.llf, 10)}"]
    blank = [nothing] * (len(sums) - 1)
    return _side_by_side(left, [*[nothing] * len(above), nobs, *blank, *tests])


def group_line(result: FitResult) -> str:
    """What has a random intercept; empty for other models."""
    return f"Group variable: {result.roles['group']}" if any(map(intercepts.is_deviation, result.names)) else ""


def _side_by_side(left: Sequence[str], right: Sequence[tuple[str, str]]) -> list[str]:
    """Lines with `label = value` flush right beside those that have one."""
    label_width = max(13, *(len(label) for label, _ in right))
    value_width = max(6, *(len(value) for _, value in right))
    texts = [f"{label.ljust(label_width)} = {value.rjust(value_width)}" if label else "" for label, value in right]
    room = WIDTH - label_width - 3 - value_width
    missing = [""] * (len(left) - len(texts))
    return [f"{name.ljust(room)}{text}".rstrip() for name, text in zip(left, [*texts, *missing], strict=False)]


def _anova(result: FitResult) -> list[str]:
    """The heading of `regress`: the analysis of variance beside the statistics of the fit."""
    df_model = model_df(result.names)
    df_resid = result.df_resid or 0
    rss, tss = (result.stats.get(name, math.nan) for name in ("rss", "tss"))
    rule = f"{'-' * 13}+{'-' * 34}"
    left = [
        "      Source |       SS           df       MS",
        rule,
        _source("Model", tss - rss if df_model else 0.0, df_model),
        _source("Residual", rss, df_resid),
        rule,
        _source("Total", tss, df_model + df_resid),
    ]
    right = (f"{label.ljust(15)} = {value.rjust(9)}" for label, value in _fit_statistics(result, df_model, df_resid))
    return [f"{block.ljust(_LEFT_OF_REGRESSION)}   {text}" for block, text in zip(left, right, strict=True)]


def _source(name: str, squares: float, df: int) -> str:
    mean = squares / df if df else math.nan
    return f"{name:>12} | {display(squares, '%11.0g')}{df:>10,} {display(mean, '%11.0g')}"


def _fit_statistics(result: FitResult, df_model: int, df_resid: int) -> list[tuple[str, str]]:
    f, r2, r2_a, rmse = (result.stats.get(name, math.nan) for name in ("F", "r2", "r2_a", "rmse"))
    return [
        ("Number of obs", f"{result.nobs:,}"),
        (f"F({df_model}, {df_resid})", fixed(f, 9, 2)),
        ("Prob > F", fixed(float(distributions.f_upper(f, df_model, df_resid)), 9, 4)),
        ("R-squared", fixed(r2, 9, 4)),
        ("Adj R-squared", fixed(r2_a, 9, 4)),
        ("Root MSE", general(rmse, 7)),
    ]


def _linear(result: FitResult) -> list[str]:
    """The heading of `regress` with a sandwich, where sums of squares test nothing."""
    pairs = _fit_statistics(result, model_df(result.names), result.df_resid or 0)
    right = [f"{label.ljust(17)} = {value.rjust(10)}" for label, value in pairs if label != "Adj R-squared"]
    left = [result.title, *[""] * (len(right) - 1)]
    return [f"{name.ljust(_LEFT_OF_REGRESSION)}{text}" for name, text in zip(left, right, strict=True)]


def _glm(result: FitResult) -> list[str]:
    df = float(result.nobs - len(result.names) if result.df_resid is None else result.df_resid)
    deviance, pearson = (result.stats.get(name, math.nan) for name in ("deviance", "deviance_p"))
    variance, link = family.variance_function(result), family.link_function(result)
    aic, bic = information_of_glm(result, deviance, df)
    right = {
        "Number of obs": f"{result.nobs:,}",
        "Residual df": f"{df:,.0f}",
        "Scale parameter": general(result.stats.get("phi", 1.0), 10),
        "(1/df) Deviance": general(deviance / df if df else math.nan, 9),
        "(1/df) Pearson": general(pearson / df if df else math.nan, 9),
        "AIC": general(aic, 9),
        "BIC": general(bic, 9),
    }
    beside = [f"{label.ljust(15)} = {value.rjust(10)}" for label, value in right.items()]
    left = [
        result.title,
        "Optimization     : ML",
        "",
        *(_labelled(*p) for p in (("Deviance", deviance), ("Pearson", pearson))),
    ]
    top = [f"{name.ljust(_LEFT_OF_GLM)}{text}" for name, text in zip(left, beside[:5], strict=True)]
    middle = [
        "",
        f"Variance function: {variance[0]}".ljust(_LEFT_OF_GLM) + f"[{variance[1]}]",
        f"Link function    : {link[0]}".ljust(_LEFT_OF_GLM) + f"[{link[1]}]",
        "",
    ]
    name = loglike_name(result).ljust(16)
    bottom = [
        " " * _LEFT_OF_GLM + beside[5],
        f"{name} = {display(result.llf, '%12.0g')}".ljust(_LEFT_OF_GLM) + beside[6],
    ]
    return [*top, *middle, *bottom]


def _labelled(name: str, value: float) -> str:
    return f"{name.ljust(16)} = {display(value, '%12.0g')}"


def information_of_glm(result: FitResult, deviance: float, df: float) -> tuple[float, float]:
    """AIC and BIC as `glm` prints them: (-2 ll + 2 k) / n, and deviance - df ln n ([R] glm, Methods and formulas)."""
    n = result.nobs
    if n == 0:
        return math.nan, math.nan
    return (-2 * result.llf + 2 * len(result.names)) / n, deviance - df * math.log(n)
