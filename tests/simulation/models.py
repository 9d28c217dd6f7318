"""A command and data for every likelihood in the registry, found by asking it what it is of."""

from __future__ import annotations

import functools
import math
import re
import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fedfolder.command.models import model_of
from fedfolder.likelihood import LIKELIHOODS, ClusterLikelihood, RiskLikelihood, RowLikelihood, Totals

LEVELS = ("1", "2", "3")
TERMS = "x w i.g"
FLAT, CONSTANT = 12, 0.5
"""The first rows, in which x has this value."""
LAST = 4
"""The level of g that one node has alone."""
AMPLITUDES = (0.8, 0.4, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005)
"""How much the linear predictor varies: the first that leaves room on both sides."""
KNOTS = "knots(0.9 1.3) bknots(0.6 1.9)"
"""Of a spline of `time`."""
CANDIDATES = np.unique(np.concatenate([np.arange(-40.0, 40.0), np.arange(0.05, 12.0, 0.1)]))
"""Outcomes that are tried; a likelihood says which it can have, and how likely each is."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A regression: `model` is what stands before the outcome, `options` what must follow the comma."""

    name: str
    frame: pd.DataFrame
    options: str = ""

    @property
    def model(self) -> str:
        """The word of the command."""
        return self.name.partition(" ")[0]

    @property
    def unit(self) -> pd.Series:
        """What stays together in a split: a row, or its set."""
        return self.frame["set"] if self.in_sets else pd.Series(np.arange(len(self.frame)))

    @property
    def in_sets(self) -> bool:
        """Whether rows come in sets, or in clusters."""
        return "group" in LIKELIHOODS[self.name].roles

    def of(self, frame: pd.DataFrame) -> Problem:
        """The same regression of other data."""
        return Problem(self.name, frame, self.options)

    def command(self, terms: str = TERMS, *, more: str = "", weight: str = "", condition: str = "") -> str:
        """The whole line."""
        options = " ".join(part for part in (self.options, more) if part)
        outcome = "" if model_of(self.model).survival else "y"
        random = "|| set:" if model_of(self.model).random else ""
        parts = (self.model, outcome, terms, condition and f"if {condition}", weight and f"[{weight}]", random)
        line = " ".join(part for part in parts if part)
        return f"{line}, {options}" if options else line


def at_zero(name: str) -> bool:
    """Whether a linear predictor of zero is one of the model; a fit without a constant begins there."""
    likelihood, frame = LIKELIHOODS[name], problem(name).frame
    if not isinstance(likelihood, RowLikelihood) or likelihood.categorical:
        return True
    rows = {role: frame[role].to_numpy(float) for role in ("y", *likelihood.roles)}
    with np.errstate(all="ignore"):
        found = likelihood.derivatives(rows, np.zeros((likelihood.predictors, len(frame))))
    return bool(np.isfinite(found.loglike).all())


def takes(name: str, what: str) -> bool:
    """Whether the model of a likelihood has a kind of weight, or an option."""
    model = model_of(name.partition(" ")[0])
    if what in {"fw", "pw", "iw", "aw"}:
        return what in model.weights
    if what == "exposure" and name.startswith("glm"):
        return "link(log)" in name or "link(rs)" in name
    return bool(getattr(model, what))


def within_nodes(name: str) -> str:
    """The option with which a model of risk sets leaves a node as a log-likelihood; nothing of other models."""
    return "strata(_node)" if isinstance(LIKELIHOODS[name], RiskLikelihood) else ""


def options_of(name: str) -> str:
    """What the name of a likelihood and its roles say of its options."""
    found = re.fullmatch(r"glm family\((.+)\) link\((.+)\)", name)
    roles = LIKELIHOODS[name].roles
    if name.startswith("stpm2"):
        return f"{name.partition(' ')[2]} {KNOTS} noorthog time(time) failure(y) entry(entry)"
    if name == "melogit":
        return "binomial(trials)"
    if "time" in roles:
        return f"{name.partition(' ')[2]} time(time) failure(y) entry(entry)"
    if found:
        family = f"{found[1]} trials" if "trials" in roles else found[1]
        link = f"{found[2]} expected" if "expected" in roles else found[2]
        return f"family({family}) link({link})"
    if hasattr(LIKELIHOODS[name], "base"):
        return "baseoutcome(1)"
    return "group(set)" if "group" in roles and not model_of(name).random else ""


@functools.cache
def problem(name: str, seed: int = 1, n: int = 200) -> Problem:
    """Data of which this likelihood can be, made from it."""
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    x = np.round(rng.uniform(-1, 1, n), 2)
    x[:FLAT] = CONSTANT
    w, g = np.round(rng.uniform(-1, 1, n), 2), rng.choice([1, 2, 3, LAST], n, p=[0.4, 0.3, 0.2, 0.1])
    signal = (0.5 * x - 0.3 * w + 0.2 * (g == 2) - 0.2 * (g == LAST)) / 1.2
    frame = pd.DataFrame({"x": x, "w": w, "g": g, "set": np.arange(n) // 4})
    frame["trials"] = rng.integers(3, 12, n).astype(float)
    frame["expected"] = np.round(rng.uniform(0.05, 0.5, n), 3)
    frame["time"] = np.round(rng.uniform(0.5, 2.0, n), 3)
    frame["off"] = np.round(rng.uniform(-0.1, 0.1, n), 3)
    frame["count"] = rng.integers(1, 4, n)[frame["set"]]
    frame["real"] = np.round(rng.uniform(0.3, 3.0, n), 2)[frame["set"]]
    frame["id"] = (frame["set"] // 2).to_numpy()
    late = np.random.default_rng(seed)
    frame["entry"] = np.round(frame["time"] * late.uniform(0.1, 0.8, n) * late.integers(0, 2, n), 3)
    likelihood = LIKELIHOODS[name]
    if isinstance(likelihood, ClusterLikelihood):
        size = 6.0 if "time" in likelihood.roles else 2.0
        likelihood, signal = (
            likelihood.fixed,
            signal + size * np.random.default_rng(seed).standard_normal(n)[frame["set"]],
        )
    if isinstance(likelihood, RowLikelihood):
        frame["y"] = _outcomes(likelihood, frame, signal, rng)
    else:
        frame["y"] = (rng.random(n) < 1 / (1 + np.exp(-2 * signal))).astype(float)
    return Problem(name, frame, options_of(name))


def _outcomes(likelihood, frame, signal, rng):
    """An outcome for each row, drawn from the candidates as the likelihood has it."""
    if likelihood.categorical:
        likelihood = likelihood.of_levels(LEVELS, (1.0, 1.0, 1.0))
    candidates = np.arange(3.0) if likelihood.categorical else np.arange(2.0) if likelihood.indicator else CANDIDATES
    start = likelihood.start(_typical(likelihood))
    roles = {role: frame[role].to_numpy(float) for role in likelihood.roles}
    for amplitude in AMPLITUDES:
        eta = np.ones((likelihood.predictors, len(frame)))
        eta[: len(start)] = np.array(start)[:, None]
        if "entry" in likelihood.views:
            eta[-1] = np.log(np.maximum(frame["entry"], 0.01) / frame["time"])
        for k in range(len(likelihood.equations)):
            eta[k] += amplitude * signal * (1 - 0.5 * k)
        values = np.stack([_loglike(likelihood, roles, candidate, eta) for candidate in candidates])
        around = [
            np.stack([_loglike(likelihood, roles, y, eta + s) for y in candidates]) for s in (-amplitude, amplitude)
        ]
        if all(np.isfinite(found).any(axis=0).all() for found in (values, *around)):
            break
    sharp = 20.0 if "family(gaussian)" in likelihood.name else 1.0
    chances = np.exp(sharp * (values - values.max(axis=0)))
    chances /= chances.sum(axis=0)
    place = (chances.cumsum(axis=0) > rng.random(len(frame))).argmax(axis=0)
    return candidates[place] + (1 if likelihood.categorical else 0)


def _loglike(likelihood, roles, candidate, eta):
    """The log-likelihood of one outcome in each row; minus infinity where it cannot be."""
    rows = {"y": np.full(eta.shape[1], candidate), **roles}
    with np.errstate(all="ignore"):
        found = likelihood.derivatives(rows, eta).loglike
    return np.where(likelihood.can_have(rows) & np.isfinite(found), found, -np.inf)


def _typical(likelihood):
    """Totals of an outcome with the mean and variance that any model can have."""
    if likelihood.categorical:
        return Totals(nobs=300, weight=300.0, counts=(100.0,) * 3)
    n, share = 300, likelihood.indicator or "trials" in likelihood.roles
    mean = 0.5 if share else 6.0 if "power -2" in likelihood.name else 2.0
    squares = mean if share else 2 * mean + 1.5 * mean * mean
    exposure = float(n) if {"trials", "time"} & set(likelihood.roles) else math.nan
    return Totals(nobs=n, weight=float(n), total=n * mean, squares=n * squares, exposure=exposure)


# -- splits ------------------------------------------------------------------------------------------------------------


def _odd(frame: pd.DataFrame, unit: pd.Series, rng: np.random.Generator) -> np.ndarray:
    """Nodes of three units, without events, with the only rows of a level, with one value of x; and all others."""
    units = frame.groupby(unit.to_numpy())
    nodes = np.zeros(units.ngroups, dtype=int)
    nodes[(units["y"].max() == frame["y"].min()).to_numpy()] = 1
    nodes[((units["x"].min() == CONSTANT) & (units["x"].max() == CONSTANT)).to_numpy()] = 2
    nodes[(units["g"].max() == LAST).to_numpy()] = 3
    nodes[rng.choice(np.flatnonzero(nodes == 0), 3, replace=False)] = 5
    return nodes


def _sorted(frame: pd.DataFrame, unit: pd.Series, _rng: np.random.Generator) -> np.ndarray:
    """By the outcome, the most frequent one at a node of its own."""
    y = frame.groupby(unit.to_numpy())["y"].mean()
    thirds = np.asarray(pd.qcut(y.rank(method="first"), 3, labels=False))
    return np.where(y == y.mode().iloc[0], 3, thirds)


SPLITS = {
    "at random": lambda _, unit, rng: rng.integers(0, 3, unit.nunique()),
    "three rows, no events, a level, one x, none": _odd,
    "sorted, and with one outcome": _sorted,
}
"""Ways to deal units to nodes: a node for each unit. The fifth node is always empty."""


def parts(given: Problem, how: str, seed: int) -> list[pd.DataFrame]:
    """A data frame for each node; one is empty at least."""
    nodes = SPLITS[how](given.frame, given.unit, np.random.default_rng(seed))
    found = np.asarray(nodes)[pd.factorize(given.unit)[0]]
    return [given.frame[found == node].reset_index(drop=True) for node in (*np.unique(found), 4)]
