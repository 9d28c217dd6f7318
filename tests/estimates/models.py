"""A result of every shape that a model can have, from fits of the lbw example by statsmodels.

The shapes: one equation, several, ancillary parameters, cut points, sets, a sandwich, clusters, offsets, value labels.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import statsmodels.api as sm
from statsmodels.discrete.conditional_models import ConditionalLogit

from fedfolder.estimates import FitResult, logit_stats, regress_stats
from fedfolder.estimates.statistics import wald_chi2

if TYPE_CHECKING:
    import pandas as pd

# statsmodels' OrderedModel, to six digits: its derivatives are numeric, so that further ones are the machine's.
ORDERED = {
    "ologit": (
        "Ordered logistic regression",
        -251.651394,
        [0.047849, -0.776173, -0.88444, -0.783021, 0.345793, 1.698477],
        [
            [0.000618374],
            [-0.000296954, 0.0738257],
            [0.00012467, 0.0101578, 0.323474],
            [0.0138914, 0.0296147, 0.0345426, 0.367494],
            [0.0141315, 0.0258242, 0.0266294, 0.351108, 0.361388],
            [0.0145725, 0.0191076, 0.0198548, 0.349934, 0.35768, 0.379927],
        ],
    ),
    "oprobit": (
        "Ordered probit regression",
        -252.478438,
        [0.026263, -0.434039, -0.437778, -0.501504, 0.163473, 0.984931],
        [
            [0.00023077],
            [1.45468e-05, 0.0260697],
            [7.52508e-05, 0.000461204, 0.105288],
            [0.00527045, 0.011862, 0.0100565, 0.137432],
            [0.00532357, 0.0112591, 0.0085215, 0.132605, 0.136528],
            [0.00541357, 0.00989215, 0.00758901, 0.13133, 0.133896, 0.140381],
        ],
    ),
}

RACES = {"1": "white", "2": "black", "3": "other"}


def births(lbw: pd.DataFrame) -> pd.DataFrame:
    """The data with the columns of the factors, a count, an ordered outcome, a set and an exposure."""
    dummies: dict[str, Any] = {f"{level}.race": 1.0 * (lbw["race"] == level) for level in (2, 3)}
    return lbw.assign(
        **dummies,
        _cons=1.0,
        size=np.searchsorted([2300, 2800, 3400], lbw["bwt"]) + 1,
        agegroup=np.searchsorted([18, 20, 22, 24, 27, 30], lbw["age"]),
        weeks=37.0 + lbw["lwt"] / 100,
        lnweeks=np.log(37.0 + lbw["lwt"] / 100),
    )


def result(command: str, title: str, names: list[str], fit: Any, **changes: Any) -> FitResult:
    """A converged result; the covariance and the log-likelihoods are the fit's."""
    model, depvar = command.replace(",", " ").split()[:2]
    beta, cov = np.asarray(fit.params).ravel(), np.asarray(fit.cov_params())
    fields: dict[str, Any] = {
        "command": command,
        "model": model,
        "title": title,
        "depvar": depvar,
        "status": "converged",
        "nobs": int(fit.model.endog.shape[0]),
        "llf": float(fit.llf),
        "llnull": None if "llnull" in changes else float(getattr(fit, "llnull", np.nan)),
        "names": tuple(names),
        "beta": beta,
        "cov": cov,
        "bases": {"race": "1"} if "2.race" in names else {},
        "statistic": "z",
        "rounds": 6,
        "evaluations": 6,
        "iterations": ((0, -131.0), (1, float(fit.llf))),
        "nodes": (("north", 100), ("south", 89)),
        "condition": 7.25,
        "likelihood": model,
    } | changes
    if "stats" not in fields:
        robust = fields.get("vce", "oim") != "oim"
        fields["stats"] = logit_stats(
            fields["llf"], fields["llnull"], fields["names"], fields["beta"], fields["cov"], robust=robust
        )
    return FitResult(**fields)


def count_models(frame: pd.DataFrame) -> dict[str, FitResult]:
    """Poisson and negative binomial."""
    names = ["age", "2.race", "3.race", "smoke", "_cons"]
    X = frame[names]
    poisson = sm.Poisson(frame["ftv"], X, exposure=frame["weeks"]).fit(method="newton", tol=1e-14, disp=0)
    offset = sm.Poisson(frame["ftv"], X[["age", "_cons"]], offset=frame["lnweeks"]).fit(
        method="newton", tol=1e-14, disp=0
    )
    nb = sm.NegativeBinomial(frame["ftv"], X).fit(method="newton", tol=1e-12, maxiter=100, disp=0)
    alpha = float(nb.params["alpha"])
    slope = np.diag([1.0] * len(names) + [1 / alpha])
    beta = np.append(np.asarray(nb.params)[:-1], np.log(alpha))
    null = sm.NegativeBinomial(frame["ftv"], X[["_cons"]]).fit(method="newton", tol=1e-12, maxiter=100, disp=0).llf
    plain = sm.Poisson(frame["ftv"], X).fit(method="newton", tol=1e-14, disp=0)
    cov = slope @ np.asarray(nb.cov_params()) @ slope
    nbreg = result(
        "nbreg ftv age i.race smoke",
        "Negative binomial regression",
        [*names, "/lnalpha"],
        nb,
        beta=beta,
        cov=cov,
        llnull=float(null),
        stats=logit_stats(float(nb.llf), float(null), [*names, "/lnalpha"], beta, cov)
        | {"ll_c": float(plain.llf), "chi2_c": 2 * float(nb.llf - plain.llf)},
    )
    return {
        "poisson": result(
            "poisson ftv age i.race smoke, exposure(weeks) irr",
            "Poisson regression",
            names,
            poisson,
            eform="irr",
            roles={"exposure": "weeks"},
        ),
        "poisson-offset": result(
            "poisson ftv age, offset(lnweeks)",
            "Poisson regression",
            ["age", "_cons"],
            offset,
            roles={"offset": "lnweeks"},
            omitted=("twice",),
        ),
        "nbreg": nbreg,
        "nbreg-irr": _changed(nbreg, command="nbreg ftv age i.race smoke, irr", eform="irr"),
    }


def _changed(found: FitResult, **changes: Any) -> FitResult:
    return dataclasses.replace(found, **changes)


def generalised(frame: pd.DataFrame) -> dict[str, FitResult]:
    """Binomial and gamma `glm`."""
    names = ["age", "2.race", "3.race", "smoke", "_cons"]
    cases = {
        "glm-binomial": ("low", sm.families.Binomial(), "family(binomial) link(logit) eform", "eform", 1.0),
        "glm-gamma": ("bwt", sm.families.Gamma(sm.families.links.Log()), "family(gamma) link(log)", "", None),
    }
    found = {}
    for case, (y, family, options, eform, phi) in cases.items():
        fit = sm.GLM(frame[y], frame[names], family=family).fit(tol=1e-14)
        likelihood = "glm " + options.removesuffix(" eform")
        stats = {
            "deviance": float(fit.deviance),
            "deviance_p": float(fit.pearson_chi2),
            "phi": phi or float(fit.scale),
        }
        found[case] = result(
            f"glm {y} age i.race smoke, {options}",
            "Generalized linear models",
            names,
            fit,
            likelihood=likelihood,
            eform=eform,
            stats=stats,
            df_resid=int(fit.df_resid),
        )
    return found


def categorical(frame: pd.DataFrame) -> dict[str, FitResult]:
    """Multinomial and ordered models."""
    names = ["age", "smoke", "_cons"]
    mlogit = sm.MNLogit(frame["race"], frame[names]).fit(method="newton", tol=1e-14, disp=0)
    equations = ("2", "3")
    full = [f"{equation}:{name}" for equation in equations for name in names]
    several = result(
        "mlogit race age smoke, baseoutcome(1)",
        "Multinomial logistic regression",
        full,
        mlogit,
        beta=np.asarray(mlogit.params).T.ravel(),
        equations=equations,
        outcomes=("1", "2", "3"),
        base_outcome="1",
    )
    found = {
        "mlogit": several,
        "mlogit-labels": _changed(
            several,
            command="mlogit race age smoke, baseoutcome(1) rrr",
            eform="rrr",
            labels={"race": RACES},
            omitted=("2:twice", "3:twice"),
        ),
    }
    for model, (title, llf, beta, lower) in ORDERED.items():
        names = ["age", "smoke", "ht", "/cut1", "/cut2", "/cut3"]
        triangle = np.array([[*row, *[0.0] * (6 - len(row))] for row in lower])
        cov = triangle + triangle.T - np.diag(np.diag(triangle))
        found[model] = _changed(
            several,
            command=f"{model} size age smoke ht",
            model=model,
            likelihood=model,
            title=title,
            depvar="size",
            names=tuple(names),
            beta=np.array(beta),
            cov=cov,
            llf=llf,
            llnull=-258.569802,
            stats=logit_stats(llf, -258.569802, names, np.array(beta), cov),
            equations=("",),
            outcomes=("1", "2", "3", "4"),
            base_outcome=None,
        )
    found["ologit-or"] = _changed(found["ologit"], command="ologit size age smoke ht, or", eform="or")
    return found


def sets_and_sandwiches(frame: pd.DataFrame) -> dict[str, FitResult]:
    """Conditional logit; sandwich and cluster covariances; weights; value labels."""
    names = ["age", "2.race", "3.race", "smoke", "_cons"]
    X, y = frame[names], frame["low"]
    sets = ConditionalLogit(y, frame[["lwt", "smoke"]], groups=frame["agegroup"]).fit(
        method="newton", tol=1e-12, maxiter=100, disp=0
    )
    null = ConditionalLogit(y, frame[["lwt", "smoke"]], groups=frame["agegroup"]).loglike(np.zeros(2))
    groups = {"groups": frame["agegroup"]}
    robust = sm.Logit(y, X).fit(tol=1e-14, disp=0, cov_type="HC0")
    cluster = sm.Logit(y, X).fit(tol=1e-14, disp=0, cov_type="cluster", cov_kwds=groups)
    linear = sm.OLS(frame["bwt"], X).fit(cov_type="HC1", use_t=True)
    by_set = sm.OLS(frame["bwt"], X).fit(cov_type="cluster", cov_kwds=groups, use_t=True)
    squares = regress_stats(linear.ssr, linear.centered_tss, 189, 5)
    probit = sm.Probit(y, X).fit(tol=1e-14, disp=0)
    found = {
        "clogit": result(
            "clogit low lwt smoke, group(agegroup)",
            "Conditional (fixed-effects) logistic regression",
            ["lwt", "smoke"],
            sets,
            nobs=189,
            llnull=float(null),
            roles={"group": "agegroup"},
        ),
        "probit": result("probit low age i.race smoke", "Probit regression", names, probit),
        "logit-robust": result(
            "logit low age i.race smoke, vce(robust)", "Logistic regression", names, robust, vce="robust", weight="pw"
        ),
        "logit-cluster": result(
            "logit low age i.race smoke, vce(cluster agegroup)",
            "Logistic regression",
            names,
            cluster,
            vce="cluster agegroup",
            roles={"cluster": "agegroup"},
            clusters=7,
            labels={"race": RACES, "smoke": {"0": "no", "1": "yes"}},
        ),
    }
    for name, fit, changes in (
        ("regress-robust", linear, {"vce": "robust", "df_resid": 184}),
        (
            "regress-cluster",
            by_set,
            {"vce": "cluster agegroup", "roles": {"cluster": "agegroup"}, "clusters": 7, "df_resid": 6},
        ),
    ):
        f = wald_chi2(names, np.asarray(fit.params), np.asarray(fit.cov_params())) / 4
        found[name] = result(
            f"regress bwt age i.race smoke, vce({changes['vce']})",
            "Linear regression",
            names,
            fit,
            statistic="t",
            stats=squares | {"F": f},
            **changes,
        )
    found["perfect"] = _changed(
        found["probit"],
        omitted=("3.smoke",),
        excluded=(("3.smoke", "3.smoke != 0 predicts failure perfectly", 12),),
        bases={"race": "1", "smoke": "1"},
        notes=("Note: if age >= 50 is true where age is missing.",),
        without=("west",),
    )
    return found


def survival(frame: pd.DataFrame) -> dict[str, FitResult]:
    """Survival models; an exponential one is Poisson's with an exposure, and this one has a shape beside it."""
    names = ["age", "2.race", "3.race", "smoke", "_cons"]
    fit = sm.Poisson(frame["low"], frame[names], exposure=frame["weeks"]).fit(method="newton", tol=1e-14, disp=0)
    beta, cov = np.append(np.asarray(fit.params), 0.25), np.zeros((6, 6))
    cov[:5, :5], cov[5, 5] = np.asarray(fit.cov_params()), 0.01
    stats = {"chi2": 2 * float(fit.llf - fit.llnull), "N_fail": 59.0, "risk": float(frame["weeks"].sum())}
    weibull = result(
        "streg age i.race smoke, distribution(weibull) time(weeks) failure(low)",
        "Weibull PH regression",
        [*names, "/ln_p"],
        fit,
        depvar="low",
        beta=beta,
        cov=cov,
        eform="hr",
        likelihood="streg distribution(weibull)",
        roles={"time": "weeks"},
        stats=stats,
    )
    aft = "streg age i.race smoke, distribution(weibull) time(weeks) failure(low) aft"
    likelihood, title = "streg distribution(weibull) aft", "Weibull AFT regression"
    return {"streg": weibull, "streg-aft": _changed(weibull, command=aft, likelihood=likelihood, title=title, eform="")}


def all_models(lbw: pd.DataFrame) -> dict[str, FitResult]:
    """Every shape by name."""
    frame = births(lbw)
    return {
        **count_models(frame),
        **generalised(frame),
        **categorical(frame),
        **sets_and_sandwiches(frame),
        **survival(frame),
    }


NAMES = (
    "poisson",
    "poisson-offset",
    "nbreg",
    "nbreg-irr",
    "glm-binomial",
    "glm-gamma",
    "mlogit",
    "mlogit-labels",
    "ologit",
    "oprobit",
    "ologit-or",
    "clogit",
    "probit",
    "logit-robust",
    "logit-cluster",
    "regress-robust",
    "regress-cluster",
    "perfect",
    "streg",
    "streg-aft",
)
"""What `all_models` has."""
