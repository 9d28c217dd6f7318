"""The family and the link of a fit: what they are called, and how they turn a linear predictor into a mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fedfolder.estimates.result import FitResult

    Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Link:
    """A link: what the heading of a `glm` says of it, and its inverse.

    Parameters
    ----------
    formula : str
        g(u) as Stata prints it; `{n}` stands for the trials and `{share}` for the mean by trial.
    name : str
        Its name in brackets.
    mean : callable
        From the linear predictor to the mean (per trial, above the expected number), elementwise.
    """

    formula: str
    name: str
    mean: Callable[[Array], Array]


def _logistic(eta: Array) -> Array:
    from scipy import special

    return np.asarray(special.expit(eta))


def _normal(eta: Array) -> Array:
    from scipy import special

    return np.asarray(special.ndtr(eta))


def _complementary(eta: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(-np.expm1(-np.exp(eta)))


def _exponential(eta: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(eta))


LINKS = {
    "logit": Link("g(u) = ln(u/({n}-u))", "Logit", _logistic),
    "probit": Link("g(u) = invnorm({share})", "Probit", _normal),
    "cloglog": Link("g(u) = ln(-ln(1-{share}))", "Complementary log-log", _complementary),
    "log": Link("g(u) = ln({share})", "Log", _exponential),
    "identity": Link("g(u) = {share}", "Identity", lambda eta: eta),
    "power -1": Link("g(u) = 1/({share})", "Reciprocal", lambda eta: 1 / eta),
    "power -2": Link("g(u) = ({share})^(-2)", "Power", lambda eta: 1 / np.sqrt(eta)),
    "rs": Link("g(u) = ln(u-d*)", "Relative survival", _exponential),
}
"""Every link by its name in a command; with `rs` the mean is what the link gives and the expected number d*."""

_FAMILIES = {
    "gaussian": ("V(u) = 1", "Gaussian", "identity"),
    "poisson": ("V(u) = u", "Poisson", "log"),
    "gamma": ("V(u) = u^2", "Gamma", "power -1"),
    "igaussian": ("V(u) = u^3", "Inverse Gaussian", "power -2"),
    "binomial": ("V(u) = u*(1-u)", "Bernoulli", "logit"),
}
_MODELS = {
    "logit": "logit",
    "probit": "probit",
    "cloglog": "cloglog",
    "poisson": "log",
    "nbreg": "log",
    "melogit": "logit",
    "mepoisson": "log",
    "regress": "identity",
}
_COUNTS = {"poisson", "nbreg", "mepoisson"}


def natural_eform(result: FitResult) -> str:
    """What exponentiated coefficients are: `eform` of a `glm` is `or` or `irr` where its family and link make it so."""
    if result.model == "glm" and result.eform:
        return {("binomial", "logit"): "or", ("poisson", "log"): "irr"}.get(
            (family_of(result), link_of(result)), "eform"
        )
    return result.eform


def family_of(result: FitResult) -> str:
    """The family's name without its argument: `"poisson"` for `glm family(poisson) link(rs)`, `""` where unknown."""
    found = re.search(r"\bf(?:amily)?\((\w+)", result.likelihood or result.command)
    return found[1] if found else ""


def link_of(result: FitResult) -> str:
    """The link's name without a variable, `""` where it is not known."""
    if result.model in _MODELS:
        return _MODELS[result.model]
    found = re.search(r"\bl(?:ink)?\(([^)]*)", result.likelihood or result.command)
    if found:
        return "rs" if found[1].startswith("rs") else found[1]
    family = family_of(result)
    return _FAMILIES[family][2] if family in _FAMILIES else ""


def is_count(result: FitResult) -> bool:
    """Whether the mean is that of a number of events."""
    return result.model in _COUNTS or (result.model == "glm" and family_of(result) == "poisson")


def is_grouped(result: FitResult) -> bool:
    """Whether the outcome is a number of successes in several trials."""
    return result.roles.get("trials", "1") != "1"


def variance_function(result: FitResult) -> tuple[str, str]:
    """The variance as a function of the mean and its name, as the heading of `glm` has them."""
    if is_grouped(result):
        return f"V(u) = u*(1-u/{result.roles['trials']})", "Binomial"
    family = family_of(result)
    formula, name, _ = _FAMILIES.get(family, ("", family, ""))
    return formula, name


def link_function(result: FitResult) -> tuple[str, str]:
    """The link as a function of the mean and its name, as the heading of `glm` has them."""
    name, trials = link_of(result), result.roles.get("trials", "1")
    if name not in LINKS:
        return "", name
    share = f"u/{trials}" if is_grouped(result) else "u"
    return LINKS[name].formula.format(n=trials, share=share), LINKS[name].name
