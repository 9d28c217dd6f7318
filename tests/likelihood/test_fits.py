"""Maxima, against R and statsmodels."""

from __future__ import annotations

import json
import math
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.discrete.discrete_model import NegativeBinomial
from statsmodels.miscmodels.ordinal_model import OrderedModel

from tests.likelihood.samples import ROWS, SETS, SURVIVAL, maximum, rows_of, totals_of

HERE = Path(__file__).parent
FITS = json.loads((HERE / "fits.json").read_text(encoding="utf-8"))
"""Coefficients, standard errors by the observed information and log-likelihoods of data in `tests/truth`: from R 4 and
confirmed by a second program, which shares no code with R or with this package."""


def read(case):
    """The rows of all nodes."""
    folder = HERE.parent / "truth" / case
    return pd.concat([pd.read_csv(folder / f"node{k}.csv") for k in (1, 2, 3)], ignore_index=True)


def columns(data, names):
    """A column for each name of a coefficient: `2.race` is 1 where race is 2."""
    found = []
    for name in names:
        level, _, variable = name.rpartition(".")
        if name == "_cons":
            found.append(np.ones(len(data)))
        elif level:
            found.append((data[variable].astype(str) == level).to_numpy(dtype=float))
        else:
            found.append(data[name].to_numpy(dtype=float))
    return np.column_stack(found)


MODELS = {
    "probit_lbw": ("probit", {"y": "low"}, None),
    "cloglog_lbw": ("cloglog", {"y": "low"}, None),
    "poisson_exposure": ("poisson", {"y": "Claims"}, "Holders"),
    "nbreg_quine": ("nbreg", {"y": "Days"}, None),
    "gamma_airquality": ("glm family(gamma) link(log)", {"y": "Ozone"}, None),
    "grouped_binomial_esoph": ("glm family(binomial) link(logit)", {"y": "ncases", "trials": "n"}, None),
    "excess_mortality_poisson": ("glm family(poisson) link(rs)", {"y": "d", "expected": "dstar"}, "py"),
}


@pytest.mark.parametrize("case", MODELS)
def test_a_fit_is_that_of_r(case):
    name, roles, exposure = MODELS[case]
    truth, data, likelihood = FITS[case], read(case).dropna(), ROWS[name]
    x = columns(data, [term for term in truth["coef"] if term != "lnalpha"])
    rows = {role: data[variable].to_numpy(dtype=float) for role, variable in roles.items()}
    offset = np.log(data[exposure].to_numpy()) if exposure else np.zeros(len(data))
    fit = maximum(likelihood, rows, x, likelihood.start(totals_of(likelihood, rows)), offset=offset)
    further = likelihood.further(rows, (x @ fit.beta[: x.shape[1]] + offset)[None]) if likelihood.also else ()
    sums = dict(zip(likelihood.also, (float(part.sum()) for part in further), strict=True))
    scale = likelihood.scale(fit.kernel, len(data), len(fit.beta), sums)
    compare(fit.beta, np.sqrt(scale * np.diag(np.linalg.inv(-fit.hessian))), truth)
    assert math.isclose(likelihood.loglike(fit.kernel, len(data)), truth["ll"], rel_tol=1e-10)


def compare(beta, se, truth):
    expected = np.array(list(truth["se"].values()))
    np.testing.assert_allclose(se, expected, rtol=1e-6)
    assert (np.abs(beta - list(truth["coef"].values())) <= 1e-6 * expected).all()


def test_mlogit_is_that_of_r():
    truth, data = FITS["mlogit_race"], read("mlogit_race")
    likelihood = ROWS["mlogit"].of_levels(("1", "2", "3"), (96.0, 26.0, 67.0), "1")
    assert likelihood.equations == ("2", "3")
    fit = maximum(
        likelihood,
        {"y": data["race"].to_numpy(dtype=float) - 1},
        columns(data, ["age", "lwt", "smoke", "_cons"]),
        (0.0, 0.0),
    )
    compare(fit.beta, np.sqrt(np.diag(np.linalg.inv(-fit.hessian))), truth)
    assert math.isclose(fit.kernel, truth["ll"], rel_tol=1e-12)


def test_clogit_is_that_of_r():
    truth, data = FITS["clogit_infert"], read("clogit_infert")
    likelihood = SETS["clogit"]
    sets: dict[tuple[int, int], list[tuple[np.ndarray, np.ndarray]]] = {}
    for _, group in data.groupby("stratum"):
        y, z = group["case"].to_numpy(dtype=float), columns(group, list(truth["coef"]))
        sets.setdefault((len(y), int(y.sum())), []).append((y, z))
    beta = np.zeros(2)
    for _ in range(10):
        kernel, score, hessian = 0.0, np.zeros(2), np.zeros((2, 2))
        for members in sets.values():
            y, z = (np.stack(part) for part in zip(*members, strict=True))
            told = likelihood.tells(y)
            found = likelihood.set_derivatives(y[told], (z @ beta)[told], z[told])
            kernel, score, hessian = (
                kernel + found.loglike.sum(),
                score + found.score.sum(0),
                hessian + found.hessian.sum(0),
            )
        beta = beta - np.linalg.solve(hessian, score)
    compare(beta, np.sqrt(np.diag(np.linalg.inv(-hessian))), truth)
    assert math.isclose(kernel, truth["ll"], rel_tol=1e-12)


LINKS = {
    "logit": sm.families.links.Logit,
    "probit": sm.families.links.Probit,
    "cloglog": sm.families.links.CLogLog,
    "log": sm.families.links.Log,
    "identity": sm.families.links.Identity,
    "power -1": sm.families.links.InversePower,
    "power -2": sm.families.links.InverseSquared,
}
STATSMODELS = {
    "binomial": sm.families.Binomial,
    "gaussian": sm.families.Gaussian,
    "poisson": sm.families.Poisson,
    "gamma": sm.families.Gamma,
    "igaussian": sm.families.InverseGaussian,
}


class Excess(sm.families.links.Link):  # type: ignore[misc] # statsmodels ships no types
    """mu = exp(eta) + expected."""

    def __init__(self, expected):
        self.expected = expected

    def __call__(self, p):
        return np.log(p - self.expected)

    def inverse(self, z):
        return np.exp(z) + self.expected

    def deriv(self, p):
        return 1 / (p - self.expected)

    def deriv2(self, p):
        return -1 / np.square(p - self.expected)


def reference(name, rows, x):
    """Score and observed Hessian of the sum of kernels, by statsmodels, as functions of the coefficients."""
    y = rows["y"]
    discrete = {"logit": sm.Logit, "probit": sm.Probit, "poisson": sm.Poisson, "mlogit": sm.MNLogit}
    if name in discrete:
        # statsmodels' base is the first level; that of samples.py is the second.
        model = discrete[name](np.array([1.0, 0.0, 2.0, 3.0])[y.astype(int)] if name == "mlogit" else y, x)
        return model.score, model.hessian
    if name == "nbreg":
        return by_log_alpha(NegativeBinomial(y, x))
    name = {"regress": "glm family(gaussian) link(identity)", "cloglog": "glm family(binomial) link(cloglog)"}.get(
        name, name
    )
    family, link = (part.split("(")[1] for part in name.split(")")[:2])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of links that may leave the family's domain
        chosen = STATSMODELS[family](Excess(rows["expected"]) if link == "rs" else LINKS[link](), check_link=False)
        model = sm.GLM(np.column_stack([y, rows["trials"] - y]) if "trials" in rows else y, x, family=chosen)
    return lambda beta: model.score(beta, scale=1.0), lambda beta: model.hessian(beta, scale=1.0, observed=True)


def by_log_alpha(model):
    """By ln alpha, where statsmodels has alpha."""
    model._transparams = False  # noqa: SLF001 - otherwise the score is by ln alpha and the Hessian by alpha

    def scaled(beta):
        return np.append(beta[:-1], math.exp(beta[-1])), np.append(np.ones(len(beta) - 1), math.exp(beta[-1]))

    def score(beta):
        at, factor = scaled(beta)
        return factor * model.score(at)

    def hessian(beta):
        at, factor = scaled(beta)
        found = model.hessian(at) * np.outer(factor, factor)
        found[-1, -1] += score(beta)[-1]
        return found

    return score, hessian


ORDINAL = {name for name, likelihood in ROWS.items() if likelihood.thresholds}


def data_for(likelihood):
    """Rows with two columns of small numbers and a constant; outcomes above zero where these may be anything."""
    rng = np.random.default_rng(11)
    rows = rows_of(likelihood, 400, rng)
    if not likelihood.categorical:
        rows["y"] = np.abs(rows["y"]) + (0.5 if likelihood.expected == "numbers" else 0.0)
    if "/lnalpha" in likelihood.ancillaries:
        rows["y"] *= 3.0  # more variance than a Poisson outcome has
    return rows, np.column_stack([0.2 * rng.standard_normal(400), rng.integers(0, 2, 400), np.ones(400)])


@pytest.mark.parametrize("name", sorted(set(ROWS) - ORDINAL - set(SURVIVAL)))
def test_the_maximum_has_the_score_and_the_hessian_of_statsmodels(name):
    likelihood = ROWS[name]
    rows, x = data_for(likelihood)
    fit = maximum(likelihood, rows, x, likelihood.start(totals_of(likelihood, rows)))
    se = np.sqrt(np.diag(np.linalg.inv(-fit.hessian)))
    assert np.abs(fit.score * se).max() < 1e-8
    score, hessian = reference(name, rows, x)
    beta = fit.beta.reshape(len(likelihood.equations), -1).T if name == "mlogit" else fit.beta
    assert np.abs(score(beta) * se).max() < 1e-7
    size = 1 / np.outer(se, se)
    assert np.abs((hessian(beta) - fit.hessian) / size).max() < 1e-7


@pytest.mark.parametrize("name", sorted(ORDINAL))
def test_an_ordinal_maximum_is_that_of_statsmodels(name):
    likelihood = ROWS[name]
    rows, x = data_for(likelihood)
    fit = maximum(likelihood, rows, x, likelihood.start(totals_of(likelihood, rows)))
    model = OrderedModel(rows["y"].astype(int), x[:, :2], distr=likelihood.probability.name)
    found = model.fit(method="bfgs", disp=False, gtol=1e-8)
    assert math.isclose(found.llf, fit.kernel, rel_tol=1e-11)
    cuts = np.array([0.0, *fit.beta[3:]]) - fit.beta[2]  # /cut1 = -constant, /cut(j) = ancillary - constant
    np.testing.assert_allclose(found.params[:2], fit.beta[:2], atol=1e-6)
    np.testing.assert_allclose(model.transform_threshold_params(found.params)[1:-1], cuts, atol=1e-6)


# Spector and Mazzeo's data, the RAND health insurance experiment and the American National Election Studies of 1996, as
# statsmodels has them; the log-likelihoods are Stata's and R's in its tests, of data with a few more digits.
PUBLISHED = {
    "logit": (sm.datasets.spector, -12.8896334653335),
    "probit": (sm.datasets.spector, -12.8188033324334),
    "poisson": (sm.datasets.randhie, -62419.588535018),
    "mlogit": (sm.datasets.anes96, -1461.922747312),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_log_likelihoods(name):
    dataset, expected = PUBLISHED[name]
    data = dataset.load_pandas()
    y, x = data.endog.to_numpy(dtype=float), data.exog
    likelihood = ROWS[name]
    if likelihood.categorical:
        levels = np.unique(y)
        likelihood = likelihood.of_levels(
            [str(int(level)) for level in levels], [(y == level).sum() for level in levels]
        )
    x = np.column_stack([x.to_numpy(dtype=float), np.ones(len(y))])
    x = np.column_stack([x[:, :-1] / np.abs(x[:, :-1]).max(axis=0), x[:, -1]])
    start = (0.0,) * likelihood.predictors
    fit = maximum(likelihood, {"y": y}, x, start)
    assert math.isclose(fit.kernel, expected, rel_tol=1e-7)
