"""What e() holds after a fit, under the names that Stata's own commands give it.

Source: Stored results of the manual's entry of each command.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from fedfolder.command import parse
from fedfolder.command.models import WEIGHTS
from fedfolder.command.terms import is_name
from fedfolder.estimates import distributions, family
from fedfolder.estimates.heading import information_of_glm, is_wald
from fedfolder.estimates.statistics import model_df
from fedfolder.stata import keeping
from fedfolder.stata.stripe import LONGEST_NAME, equation_names, stripe
from fedfolder.stata.wording import harmless

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedfolder.estimates import FitResult
    from fedfolder.stata.bridge import Stata
    from fedfolder.stata.keeping import Pending
    from fedfolder.stata.stripe import Stripe

PREDICT = "fedfolder_p"


def post_numbers(stata: Stata) -> None:
    """Fill the matrices that the locals `b` and `V` name, and say in others how to post them."""
    result = keeping.pending().result
    columns = stripe(result)
    stata.set_matrix(stata.local("b"), columns.widen(result.beta).reshape(1, -1))
    stata.set_matrix(stata.local("V"), columns.widen(result.cov))
    stata.set_local("names", " ".join(columns.names))
    dof = f" dof({result.df_resid})" if result.statistic == "t" and result.df_resid is not None else ""
    stata.set_local("options", f"depname({result.observed}) obs({result.nobs}){dof} properties(b V)")


def post_statistics(stata: Stata) -> None:
    """Set the scalars and macros of e()."""
    pending = keeping.pending()
    columns = stripe(pending.result)
    for name, value in scalars(pending.result, columns).items():
        stata.set_scalar(f"e({name})", value)
    for name, text in macros(pending, columns).items():
        if text:
            stata.set_macro(f"e({name})", text)
    stata.set_macro(keeping.RECORD, keeping.record(pending.result), hidden=True)


def scalars(result: FitResult, columns: Stripe) -> dict[str, float]:
    """The scalars of e(), but for N and df_r."""
    df_m = model_df(result.names)
    # What is of one term or time has a name that Stata cannot have.
    named = {name: value for name, value in result.stats.items() if is_name(name)}
    found = {"rank": len(result.names), "df_m": df_m, "ll": result.llf, **named}
    if result.llnull is not None:
        found["ll_0"] = result.llnull
    if result.clusters is not None:
        found["N_clust"] = result.clusters
    found |= _of_squares(result, df_m) if result.model == "regress" else _of_likelihood(result, columns)
    return {name: float(value) for name, value in found.items()}


def _of_squares(result: FitResult, df_m: int) -> dict[str, float]:
    tss, rss = result.stats.get("tss", math.nan), result.stats.get("rss", math.nan)
    return {"mss": tss - rss if df_m else 0.0}


def _of_likelihood(result: FitResult, columns: Stripe) -> dict[str, float]:
    chi2 = result.stats.get("chi2", math.nan)
    p = float(distributions.chi2_upper(chi2, model_df(result.names)))
    return {
        "k": len(columns.names),
        "k_eq": columns.equations,
        "k_eq_model": len(result.equations),
        # How many equations `ereturn display, eform()` exponentiates; the first alone where nothing is said.
        "k_eform": len(equation_names(result)),
        "converged": 1,
        "rc": 0,
        "ic": max((number for number, _ in result.iterations), default=0),
        **({"p": p} if math.isfinite(chi2) else {}),
        **_of_outcomes(result),
        **_of_model(result),
    }


def _of_outcomes(result: FitResult) -> dict[str, float]:
    if result.base_outcome is None:
        return {"k_cat": len(result.outcomes)} if result.outcomes else {}
    place = result.outcomes.index(result.base_outcome) + 1
    base = {"baseout": float(result.base_outcome)} if re.fullmatch("-?[0-9]+", result.base_outcome) else {}
    return {"k_out": len(result.outcomes), "ibaseout": place, "k_eq_base": place, **base}


def _of_model(result: FitResult) -> dict[str, float]:
    if result.model == "nbreg":
        return {"k_aux": 1, "alpha": math.exp(result.beta[result.names.index("/lnalpha")])}
    if result.model != "glm":
        return _of_shape(result) if result.model == "streg" else {}
    df = result.nobs - len(result.names) if result.df_resid is None else result.df_resid
    deviance, pearson = (result.stats.get(name, math.nan) for name in ("deviance", "deviance_p"))
    aic, bic = information_of_glm(result, deviance, df)
    each = {"dispers": deviance / df, "dispers_p": pearson / df} if df else {}
    return {"df": df, "aic": aic, "bic": bic, **each}


def _of_shape(result: FitResult) -> dict[str, float]:
    """How many ancillary parameters a survival model has, and what is made of it, under the names of `streg`."""
    made = {"/ln_p": ("aux_p", math.exp), "/lnsigma": ("sigma", math.exp), "/lngamma": ("gamma", math.exp)}
    made["/gamma"] = ("gamma", float)
    found = {made[n][0]: made[n][1](b) for n, b in zip(result.names, result.beta.tolist(), strict=True) if n in made}
    return {"k_aux": float(len(found)), **found}


def macros(pending: Pending, columns: Stripe) -> dict[str, str]:
    """The macros of e(); those that are empty are not set."""
    result = pending.result
    found = {
        "cmd": keeping.COMMAND,
        "cmdline": pending.cmdline,
        "model": result.model,
        "command": result.command,
        "depvar": result.observed,
        "title": result.title,
        "predict": PREDICT,
        "properties": "b V",
        "marginsnotok": "_ALL",
        "study": pending.study,
        "nodes": " ".join(name for name, _ in result.nodes),
        "nodes_N": " ".join(str(n) for _, n in result.nodes),
        "without": " ".join(result.without),
    }
    found |= _of_variance(result) | _of_roles(result) | _of_equations(result)
    return found | {f"levels_{name}"[:LONGEST_NAME]: harmless(_levels(codes)) for name, codes in columns.codes.items()}


def _of_variance(result: FitResult) -> dict[str, str]:
    kind = result.vce.split()[0] if result.vce else ""
    return {
        "vce": "ols" if result.model == "regress" and not result.robust else kind,
        "vcetype": "Robust" if result.robust else "OIM" if result.model == "glm" else "",
        "chi2type": ("Wald" if is_wald(result) else "LR") if "chi2" in result.stats else "",
    }


def _of_roles(result: FitResult) -> dict[str, str]:
    exposure = result.roles.get("exposure")
    return {
        "clustvar": result.roles.get("cluster", ""),
        "wtype": WEIGHTS[result.weight][0] if result.weight else "",
        "wexp": f"= {result.roles['weight']}" if result.weight else "",
        "offset": f"ln({exposure})" if exposure else result.roles.get("offset", ""),
        "group": result.roles.get("group", ""),
        **_of_survival(result),
    }


def _of_survival(result: FitResult) -> dict[str, str]:
    """What Stata's `streg` says of times, under its names, and in which metric the coefficients are."""
    if "time" not in result.roles:
        return {}
    command = parse(result.command)
    if result.model == "stcox":
        ties = "efron" if command.option("efron") else "breslow"
        told = {"ties": ties, "method": ties, "strata": command.argument("strata") or ""}
        return told | {"t0": result.roles.get("entry", "")}
    found = {"dead": result.depvar, "t0": result.roles.get("entry", "")}
    if result.splines:
        baseline, *others = (" ".join(map(repr, spline.knots)) for spline in result.splines)
        # Of a factor, all levels have the same.
        called = (spline.of.rpartition(".")[2] for spline in result.splines[1:])
        of_terms = {f"knots_{name}": text for name, text in zip(called, others, strict=True)}
        return found | {"scale": command.argument("scale") or "", "knots": baseline} | of_terms
    metric = "hazard" if command.hazards else "time"
    return found | {"distribution": command.argument("distribution") or "", "frm2": metric}


def _of_equations(result: FitResult) -> dict[str, str]:
    label = result.labels.get(result.depvar, {}).get(result.base_outcome or "", "")
    found = {"baselab": harmless(label)}
    if len(equation_names(result)) > 1:
        found["eqnames"] = " ".join(equation_names(result))
    if result.model == "glm":
        found["varfuncf"], found["varfunct"] = family.variance_function(result)
        found["linkf"], found["linkt"] = family.link_function(result)
    return found


def _levels(codes: Mapping[str, str]) -> str:
    return ", ".join(f"{number} {level}" for level, number in codes.items())
