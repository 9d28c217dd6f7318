"""Each kernel is the density that scipy has, and each deviance what separates it from a perfect fit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, log_softmax

from tests.likelihood.samples import ROWS, SURVIVAL, points
from tests.simulation.elsewhere import survivor

each = pytest.mark.parametrize("likelihood", ROWS.values(), ids=ROWS)
GLMS = {name: likelihood for name, likelihood in ROWS.items() if name.startswith("glm ")}

MEANS = {
    "logit": lambda eta, _: expit(eta),
    "probit": lambda eta, _: stats.norm.cdf(eta),
    "cloglog": lambda eta, _: 1 - np.exp(-np.exp(eta)),
    "log": lambda eta, _: np.exp(eta),
    "identity": lambda eta, _: eta,
    "power -1": lambda eta, _: 1 / eta,
    "power -2": lambda eta, _: 1 / np.sqrt(eta),
    "rs": lambda eta, rows: np.exp(eta) + rows["expected"],
}
FAMILIES = {
    "binomial": lambda mean, rows: stats.binom(rows["trials"], mean),
    "gaussian": lambda mean, _: stats.norm(mean),
    "poisson": lambda mean, _: stats.poisson(mean),
    "gamma": lambda mean, _: stats.gamma(1, scale=mean),
    "igaussian": lambda mean, _: stats.invgauss(mean),
}
COUNTED = {"binomial", "poisson"}
"""Families of whole numbers alone, to scipy."""


def parts(name):
    """Family and link of a name in the registry; of a command that is a `glm` in disguise, too."""
    name = {
        "logit": "glm family(binomial) link(logit)",
        "probit": "glm family(binomial) link(probit)",
        "cloglog": "glm family(binomial) link(cloglog)",
        "poisson": "glm family(poisson) link(log)",
        "regress": "glm family(gaussian) link(identity)",
    }.get(name, name)
    return tuple(part.split("(")[1] for part in name.split(")")[:2])


def log_of(distribution, y):
    return getattr(distribution, "logpmf" if hasattr(distribution.dist, "logpmf") else "logpdf")(y)


def expected(name, rows, eta):
    """The log-density by scipy, `(n,)`."""
    y = rows["y"]
    if name.startswith("stpm2"):
        (survival, hazard), (before, _) = survivor(name, eta[0]), survivor(name, eta[2])
        failed = np.log(np.where(y > 0, eta[1] * hazard, 1.0))
        return failed + survival - np.where(rows["entry"] > 0, before, 0.0)
    if name in SURVIVAL:
        after, before = (surviving(name, rows[role], eta) for role in ("time", "entry"))
        with np.errstate(divide="ignore", invalid="ignore"):
            return y * (after[0] - after[1] + np.log(rows["time"])) + after[1] - before[1]
    if name == "nbreg":
        alpha = np.exp(eta[1])
        return stats.nbinom(1 / alpha, 1 / (1 + alpha * np.exp(eta[0]))).logpmf(y)
    if name == "mlogit":  # the base of samples.py is the second level
        every = np.stack([eta[0], np.zeros_like(eta[0]), eta[1], eta[2]])
        return log_softmax(every, axis=0)[y.astype(int), np.arange(len(y))]
    if name in {"ologit", "oprobit"}:
        below = {"ologit": stats.logistic.cdf, "oprobit": stats.norm.cdf}[name]
        zero = np.zeros_like(eta[0])
        cuts = np.stack([zero - np.inf, zero, eta[1], eta[2], zero + np.inf]) - eta[0]
        shares = np.diff(below(cuts), axis=0)
        return np.log(shares[y.astype(int), np.arange(len(y))])
    family, link = parts(name)
    return log_of(FAMILIES[family](MEANS[link](eta[0], rows), {"trials": np.ones_like(y)} | rows), y)


def surviving(name, t, eta):
    """The logarithms of the density of failure at t, and of survival up to t."""
    if "gompertz" in name:
        cumulative = np.exp(eta[0]) * np.expm1(eta[1] * t) / eta[1]
        return eta[0] + eta[1] * t - cumulative, -cumulative
    spread = np.exp(eta[-1])
    at = {
        "streg distribution(exponential)": lambda: stats.expon(scale=np.exp(-eta[0])),
        "streg distribution(exponential) aft": lambda: stats.expon(scale=np.exp(eta[0])),
        "streg distribution(weibull)": lambda: stats.weibull_min(spread, scale=np.exp(-eta[0] / spread)),
        "streg distribution(weibull) aft": lambda: stats.weibull_min(spread, scale=np.exp(eta[0])),
        "streg distribution(loglogistic)": lambda: stats.fisk(1 / spread, scale=np.exp(eta[0])),
    }
    with np.errstate(divide="ignore", invalid="ignore"):
        if "lognormal" in name:
            z = (np.log(t) - eta[0]) / spread
            return stats.norm.logpdf(z) - eta[1] - np.log(t), stats.norm.logsf(z)
        return at[name]().logpdf(t), at[name]().logsf(t)


def sample(name, likelihood):
    """Rows and points; whole numbers where scipy wants these."""
    rows, eta = points(likelihood, 300, np.random.default_rng(7), spread=0.7, margin=0.01)
    if name in SURVIVAL:
        return rows, eta
    if name == "nbreg" or (not likelihood.categorical and parts(name)[0] in COUNTED):
        rows["y"] = np.floor(rows["y"])
    return rows, eta


@pytest.mark.parametrize("name", ROWS)
def test_the_kernel_is_the_log_density(name):
    likelihood = ROWS[name]
    rows, eta = sample(name, likelihood)
    found = likelihood.derivatives(rows, eta).loglike
    if likelihood.least_squares or "gaussian" in name.split("(")[1:2] or "family(gaussian)" in name:
        found = found - 0.5 * math.log(2 * math.pi)
    np.testing.assert_allclose(found, expected(name, rows, eta), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", [name for name in ROWS if name == "regress" or "family(gaussian)" in name])
def test_the_normal_log_likelihood_has_the_variance_that_fits_best(name):
    likelihood = ROWS[name]
    rows, eta = sample(name, likelihood)
    mean = MEANS[parts(name)[1]](eta[0], rows)
    sigma = math.sqrt(float(np.square(rows["y"] - mean).mean()))
    kernel = float(likelihood.derivatives(rows, eta).loglike.sum())
    whole = float(stats.norm(mean, sigma).logpdf(rows["y"]).sum())
    assert math.isclose(likelihood.loglike(kernel, 300), whole, rel_tol=1e-12)


@pytest.mark.parametrize("name", [name for name in ROWS if name != "regress" and "family(gaussian)" not in name])
def test_elsewhere_the_kernel_is_the_whole_of_it(name):
    assert ROWS[name].loglike(-3.5, 9) == -3.5


@pytest.mark.parametrize("name", GLMS)
def test_deviance_and_pearson_statistic(name):
    rows, eta = sample(name, GLMS[name])
    family, link = parts(name)
    deviance, pearson = GLMS[name].further(rows, eta)
    mean, y = MEANS[link](eta[0], rows), rows["y"]
    inner = (y > 0) & (y < rows.get("trials", np.inf))  # scipy knows no certain success or failure
    share = np.where(inner | (family == "gaussian"), y / rows.get("trials", 1.0), mean)
    fitted, perfect = (log_of(FAMILIES[family](at, rows), y) for at in (mean, share))
    perfect = np.where(inner | (family == "gaussian"), perfect, 0.0)
    variance = FAMILIES[family](mean, rows).var()
    centre = mean * rows.get("trials", 1.0)
    np.testing.assert_allclose(deviance, 2 * (perfect - fitted), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(pearson, np.square(y - centre) / variance, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", GLMS)
def test_nothing_is_known_outside_the_domain(name):
    likelihood = GLMS[name]
    rows, _ = sample(name, likelihood)
    eta = np.linspace(-2, 2, 300)
    with np.errstate(all="raise"):
        found = likelihood.derivatives(rows, eta[None])
        further = likelihood.further(rows, eta[None])
    family, link = parts(name)
    with np.errstate(all="ignore"):
        mean = MEANS[link](eta, rows)
    outside = ~((mean > 0) & (mean < 1)) if family == "binomial" else ~(mean > 0) & (family != "gaussian")
    outside |= ~np.isfinite(mean)
    for part in (*found, *further):
        np.testing.assert_array_equal(np.isnan(part).reshape(-1, 300).any(axis=0), outside)


def test_a_grouped_logit_is_the_logit_of_its_trials():
    rng = np.random.default_rng(8)
    trials = rng.integers(1, 9, 200).astype(float)
    y, eta = rng.binomial(trials.astype(int), 0.4).astype(float), rng.normal(0, 30, (1, 200))
    grouped = ROWS["glm family(binomial) link(logit)"].derivatives({"y": y, "trials": trials}, eta)
    yes, no = (ROWS["logit"].derivatives({"y": np.full(200, value)}, eta) for value in (1.0, 0.0))
    ways = np.log([math.comb(int(n), int(k)) for n, k in zip(trials, y, strict=True)])
    np.testing.assert_allclose(
        grouped.loglike, ways + y * yes.loglike + (trials - y) * no.loglike, rtol=1e-13, atol=1e-13
    )
    np.testing.assert_allclose(grouped.hessian, trials * yes.hessian, rtol=1e-14)
    one = {"y": (y > 2).astype(float), "trials": np.ones(200)}
    single, plain = (ROWS[name].derivatives(one, eta) for name in ("glm family(binomial) link(logit)", "logit"))
    for a, b in zip(single, plain, strict=True):
        np.testing.assert_array_equal(a, b)
