"""The same regression in statsmodels, survival by formulas: log-likelihood, scores, Hessian, and a maximum by them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import special
from statsmodels.discrete.conditional_models import ConditionalLogit
from statsmodels.discrete.discrete_model import NegativeBinomial
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.miscmodels.ordinal_model import OrderedModel

from fedfolder.likelihood import LIKELIHOODS, ClusterLikelihood, RiskLikelihood

if TYPE_CHECKING:
    from tests.simulation.models import Problem

Function: TypeAlias = Callable[[np.ndarray], Any]

LINKS = {
    "logit": sm.families.links.Logit,
    "probit": sm.families.links.Probit,
    "cloglog": sm.families.links.CLogLog,
    "log": sm.families.links.Log,
    "identity": sm.families.links.Identity,
    "power -1": sm.families.links.InversePower,
    "power -2": sm.families.links.InverseSquared,
}
FAMILIES = {
    "binomial": sm.families.Binomial,
    "gaussian": sm.families.Gaussian,
    "poisson": sm.families.Poisson,
    "gamma": sm.families.Gamma,
    "igaussian": sm.families.InverseGaussian,
}
AS_GLM = {"regress": "glm family(gaussian) link(identity)", "cloglog": "glm family(binomial) link(cloglog)"}


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


class Elsewhere(NamedTuple):
    """Functions of all parameters in our order: scores of rows or sets `(n, p)`, Hessian, log-likelihood and scale."""

    scores: Function
    hessian: Function
    loglike: Function
    scale: Function

    def maximum(self, near: np.ndarray) -> np.ndarray:
        """Newton's method from near by, by statsmodels' derivatives alone."""
        beta = near
        for _ in range(8):
            information = -self.hessian(beta)
            step = np.linalg.solve(information, self.scores(beta).sum(axis=0))
            beta = beta + step
            if step @ information @ step < 1e-13:  # the next step would be its square
                break
        return beta

    def cov(self, beta: np.ndarray) -> np.ndarray:
        """The inverse of the observed information, by the scale."""
        return np.asarray(self.scale(beta) * np.linalg.inv(-self.hessian(beta)))

    def sandwich(self, beta, cluster=None, *, small=0):
        """The robust covariance."""
        return sandwich(self.scores(beta), self.hessian(beta), cluster, small=small)


def sandwich(scores, hessian, cluster=None, *, small=0):
    """Stata's robust covariance: with n/(n - 1), or G/(G - 1) for clusters; with that of regress for `small` = k."""
    bread, n = np.linalg.inv(-hessian), len(scores)
    factor = n / (n - max(small, 1))
    if cluster is not None:
        scores = pd.DataFrame(scores).groupby(np.asarray(cluster)).sum().to_numpy()
        factor = len(scores) / (len(scores) - 1) * ((n - 1) / (n - small) if small else 1)
    return factor * bread @ (scores.T @ scores) @ bread


def clusters(given: Problem, frame: pd.DataFrame) -> pd.Series:
    """The cluster of each row of scores: rows, or the sets that tell something."""
    if not given.in_sets:
        return frame["id"]
    sets = frame.groupby("set")
    if given.name != "clogit":
        return sets["id"].first()
    return sets["id"].first()[sets["y"].mean().between(0, 1, inclusive="neither")]


def design(frame: pd.DataFrame, *, constant: bool) -> np.ndarray:
    """The columns of `x w i.g`, the constant last."""
    levels = np.unique(frame["g"])[1:]
    columns = [frame["x"], frame["w"], *(frame["g"] == level for level in levels)]
    return np.column_stack([*columns, np.ones(len(frame))] if constant else columns).astype(float)


def elsewhere(given: Problem, frame: pd.DataFrame, offset: np.ndarray | None = None) -> Elsewhere:  # noqa: PLR0911
    """The regression of `given` on `frame` in statsmodels."""
    name, y = given.name, frame["y"].to_numpy(float)
    ordered = name in {"ologit", "oprobit"}
    x = design(frame, constant=not ordered and name != "clogit" and not name.startswith("stcox"))
    if ordered or name == "mlogit":
        return _ordered(name, y, x) if ordered else _multinomial(y, x)
    if isinstance(LIKELIHOODS[name], ClusterLikelihood):
        return _mixed(name, frame, x, 0.0 if offset is None else offset)
    if "time" in LIKELIHOODS[name].roles:
        of = _cox if isinstance(LIKELIHOODS[name], RiskLikelihood) else _survival
        of = _flexible if name.startswith("stpm2") else of
        return of(name, frame, x, 0.0 if offset is None else offset)
    if name == "clogit":
        return _conditional(y, x, frame["set"].to_numpy())
    discrete = {"logit": sm.Logit, "probit": sm.Probit, "poisson": sm.Poisson}
    if name in discrete:
        model = discrete[name](y, x, offset=offset)
        return Elsewhere(model.score_obs, model.hessian, model.loglike, lambda _: 1.0)
    if name == "nbreg":
        return _nbreg(NegativeBinomial(y, x, offset=offset))
    return _glm(AS_GLM.get(name, name), frame, x, offset)


def _glm(name, frame, x, offset) -> Elsewhere:
    family, link = (part.split("(")[1] for part in name.split(")")[:2])
    y = frame["y"].to_numpy(float)
    trials = frame["trials"] if "binomial" in name and y.max() > 1 else np.ones(len(y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of links that may leave the family's domain
        other = Excess(frame["expected"].to_numpy()) if link == "rs" else LINKS[link]()
        chosen = FAMILIES[family](other, check_link=False)
        outcome = np.column_stack([y, trials - y]) if family == "binomial" else y
        model = sm.GLM(outcome, x, family=chosen, offset=offset)
    dispersed = family in {"gaussian", "gamma", "igaussian"}

    def loglike(beta):
        if family != "gaussian":
            return model.loglike(beta, scale=1.0)
        rss = np.square(y - model.predict(beta)).sum()
        return model.loglike(beta, scale=rss / len(y))

    return Elsewhere(
        lambda beta: model.score_obs(beta, scale=1.0),
        lambda beta: model.hessian(beta, scale=1.0, observed=True),
        loglike,
        lambda beta: model.estimate_scale(model.predict(beta)) if dispersed else 1.0,
    )


def _nbreg(model) -> Elsewhere:
    """By ln(alpha) in place of alpha."""
    model._transparams = False  # noqa: SLF001 - otherwise the score is by ln(alpha) and the Hessian by alpha

    def turned(beta):
        return np.append(beta[:-1], np.exp(beta[-1]))

    def scores(beta):
        found = np.array(model.score_obs(turned(beta)))
        found[:, -1] *= np.exp(beta[-1])
        return found

    def hessian(beta):
        turn = np.append(np.ones(len(beta) - 1), np.exp(beta[-1]))
        found = model.hessian(turned(beta)) * np.outer(turn, turn)
        found[-1, -1] += scores(beta)[:, -1].sum()
        return found

    return Elsewhere(scores, hessian, lambda beta: model.loglike(turned(beta)), lambda _: 1.0)


def _multinomial(y, x) -> Elsewhere:
    """With the first level as base."""
    levels = np.unique(y)
    model = sm.MNLogit(y, x)

    def scores(beta):
        p = np.asarray(model.predict(beta.reshape(len(levels) - 1, -1).T))[:, 1:]
        hit = np.asarray(model.wendog)[:, 1:]
        return ((hit - p)[:, :, None] * x[:, None, :]).reshape(len(y), -1)

    return Elsewhere(scores, model.hessian, model.loglike, lambda _: 1.0)


def _ordered(name, y, x) -> Elsewhere:
    """With Stata's cut points for statsmodels' first one and logarithms of the increments."""
    model = OrderedModel(y, x, distr=name[1:])
    slopes = x.shape[1]

    def turned(beta):
        cuts = beta[slopes:]
        return np.concatenate([beta[:slopes], cuts[:1], np.log(np.diff(cuts))])

    def obs(beta):
        return model.loglikeobs(turned(beta))

    def hessian(beta):
        return _slopes(lambda b: _slopes(obs, b).sum(axis=0), beta, h=3e-3)

    return Elsewhere(lambda beta: _slopes(obs, beta), hessian, lambda beta: obs(beta).sum(), lambda _: 1.0)


def _survival(name, frame, x, offset) -> Elsewhere:
    """By the formulas of a book, as they stand there, and numerical derivatives."""
    y, time, entry = (frame[name].to_numpy(float) for name in ("y", "time", "entry"))

    def obs(beta):
        eta = np.stack([x @ beta[: x.shape[1]] + offset, *(b + np.zeros(len(y)) for b in beta[x.shape[1] :])])
        log_hazard, cumulative = hazards(name, time, eta)
        _, before = hazards(name, np.where(entry > 0, entry, 1.0), eta)
        return y * (log_hazard + np.log(time)) - cumulative + np.where(entry > 0, before, 0.0)

    def scores(beta):
        steps = 1e-30j * np.eye(len(beta))  # exact, as of any analytic function
        return np.stack([obs(beta + step).imag / 1e-30 for step in steps], axis=-1)

    def hessian(beta):
        return _slopes(lambda b: scores(b).sum(axis=0), beta)

    return Elsewhere(scores, hessian, lambda beta: obs(beta).sum(), lambda _: 1.0)


def _cox(name, frame, x, offset) -> Elsewhere:
    """With statsmodels' derivatives; the scores of rows, of which it has those of Breslow alone, row by row."""
    y, time, entry = (frame[name].to_numpy(float) for name in ("y", "time", "entry"))
    ties = name.partition(" ")[2]
    # To it, who enters at a time is at risk there; to Stata and R, later.
    after = np.where(entry > 0, np.nextafter(entry, np.inf), 0.0)
    model = PHReg(time, x, status=y, entry=after, ties=ties, offset=offset + np.zeros(len(y)))

    def scores(beta):
        r, found = np.exp(x @ beta + offset), np.zeros_like(x)
        for t in np.unique(time[y > 0]):
            fails = (time == t) & (y > 0)
            for case in range(fails.sum()):
                share = 1 - case / fails.sum() if ties == "efron" else 1.0
                at_risk = ((entry < t) & (time >= t)) * np.where(fails, share, 1.0) * r
                away = x - at_risk @ x / at_risk.sum()
                found -= at_risk[:, None] * away / at_risk.sum()
                found[fails] += away[fails] / fails.sum()
        return found

    return Elsewhere(scores, model.hessian, model.loglike, lambda _: 1.0)


def _mixed(name, frame, x, offset) -> Elsewhere:
    """Seven points about the mode, by their definition; derivatives by complex steps, through Newton's as well."""
    frame, x = frame.reset_index(drop=True), np.asarray(x)
    order = np.argsort(frame["set"].to_numpy(), kind="stable")
    frame, x, offset = frame.iloc[order], x[order], (offset + np.zeros(len(order)))[order]
    _, first, group = np.unique(frame["set"], return_index=True, return_inverse=True)
    row = _of_rows(name, frame)
    points, weights = np.polynomial.hermite_e.hermegauss(7)
    p, q = x.shape[1], x.shape[1] + 1 + name.endswith("(weibull)")

    def at(beta, v):
        return [np.add.reduceat(part, first) for part in row(x @ beta[:p] + offset + beta[-1] * v[group], beta[p:-1])]

    near = np.zeros(len(first))

    def obs(beta):
        v, sd, steps = near + 0j, beta[-1], 3 if near.any() else 40
        for _ in range(steps):
            _, slope, bend = at(beta, v)
            step = (sd * slope - v) / (1 - sd * sd * bend)
            v = v + (step if steps == 3 else step / np.maximum(np.abs(step), 1.0))
        near[:] = v.real
        top, _, bend = at(beta, v)
        top, total, scale = top - v * v / 2, 0.0, 1 / np.sqrt(1 - sd * sd * bend)
        for place, weight in zip(points, weights / np.sqrt(2 * np.pi), strict=True):
            t = v + scale * place
            total = total + weight * np.exp(place * place / 2 + at(beta, t)[0] - t * t / 2 - top)
        return np.log(scale * total) + top

    def scores(beta):
        return np.stack([obs(beta + step).imag / 1e-30 for step in 1e-30j * np.eye(q)], axis=-1)

    def hessian(beta):
        return _slopes(lambda b: scores(b).sum(axis=0), beta)

    return Elsewhere(scores, hessian, lambda beta: obs(beta + 0j).real.sum(), lambda _: 1.0)


def _of_rows(name, frame):
    """The log-likelihood of each row, and its first two derivatives by the linear predictor, as a function of it."""
    y, n, time, entry = (frame[role].to_numpy(float) for role in ("y", "trials", "time", "entry"))
    if name == "melogit":
        ways = -np.log(n + 1) - special.betaln(n - y + 1, y + 1)

        def shares(eta, _):
            chance = 1 / (1 + np.exp(-eta))
            return y * eta + n * np.log(1 - chance) + ways, y - n * chance, -n * chance * (1 - chance)

        return shares
    constant = special.gammaln(y + 1)
    late, start = entry > 0, np.where(entry > 0, entry, 1.0)

    def means(eta, shape):
        power = np.exp(shape[0]) if len(shape) else 1.0
        mean = np.exp(eta) * (1.0 if name == "mepoisson" else time**power - np.where(late, start**power, 0.0))
        rest = -constant if name == "mepoisson" else y * (np.log(power) + power * np.log(time))
        return y * eta + rest - mean, y - mean, -mean

    return means


def hazards(name, t, eta):
    """The logarithm of the hazard at t, and the cumulative hazard ([ST] streg, Methods and formulas)."""
    xb, shape = eta[0], eta[-1]
    if name.endswith("(gompertz)"):
        return xb + shape * t, np.exp(xb) * np.expm1(shape * t) / shape
    if name.endswith("(lognormal)"):
        z = (np.log(t) - xb) / np.exp(shape)
        survival = special.log_ndtr(-z)
        return -0.5 * (z * z + np.log(2 * np.pi)) - survival - shape - np.log(t), -survival
    if name.endswith("(loglogistic)"):
        odds = (t * np.exp(-xb)) ** np.exp(-shape)
        return np.log(odds) - np.log1p(odds) - shape - np.log(t), np.log1p(odds)
    p = np.exp(shape) if "weibull" in name else 1.0
    xb = -p * xb if name.endswith(" aft") else xb
    return np.log(p) + xb + (p - 1) * np.log(t), np.exp(xb) * t**p


def _flexible(name, frame, x, offset) -> Elsewhere:
    """Royston and Parmar's formulas, as they stand there, and numerical derivatives."""
    y, time, entry = (frame[name].to_numpy(float) for name in ("y", "time", "entry"))
    knots = np.array([0.6, 0.9, 1.3, 1.9])

    def seen(t):
        return np.column_stack([x[:, :-1], spline(np.log(t), np.log(knots)), x[:, -1:]])

    late = entry > 0
    z, before = seen(time), seen(np.where(late, entry, 1.0))
    slope = np.column_stack([0 * x[:, :-1], spline_slope(np.log(time), np.log(knots)), 0 * x[:, -1:]])

    def obs(beta):
        survival, hazard = survivor(name, z @ beta + offset)
        start, _ = survivor(name, before @ beta + offset)
        return y * np.log(hazard * (slope @ beta)) + survival - np.where(late, start, 0.0)

    def scores(beta):
        steps = 1e-30j * np.eye(len(beta))
        return np.stack([obs(beta + step).imag / 1e-30 for step in steps], axis=-1)

    def hessian(beta):
        return _slopes(lambda b: scores(b).sum(axis=0), beta)

    return Elsewhere(scores, hessian, lambda beta: obs(beta).sum(), lambda _: 1.0)


def survivor(name, eta):
    """The logarithm of survival, and minus its derivative by eta."""
    if name.endswith("(hazard)"):
        return -np.exp(eta), np.exp(eta)
    if name.endswith("(odds)"):
        return -np.log1p(np.exp(eta)), 1 / (1 + np.exp(-eta))
    survival = special.log_ndtr(-eta)
    return survival, np.exp(-0.5 * eta * eta - survival) / np.sqrt(2 * np.pi)


def spline(x, knots, power=3):
    """Restricted cubic splines of x; with `power` 2, a third of the derivatives of those that are cubic."""
    first, *inner, last = knots

    def above(knot):
        return np.where(x > knot, x - knot, 0.0) ** power

    shares = [(last - knot) / (last - first) for knot in inner]
    pieces = [
        above(k) - share * above(first) - (1 - share) * above(last) for k, share in zip(inner, shares, strict=True)
    ]
    return np.column_stack([x, *pieces])


def spline_slope(x, knots):
    """Their derivatives."""
    found = 3 * spline(x, knots, power=2)
    found[:, 0] = 1.0
    return found


def _conditional(y, x, sets) -> Elsewhere:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sets that tell nothing
        model = ConditionalLogit(y, x, groups=sets)

    def scores(beta):
        return np.array([model.score_grp(k, beta) for k in range(model._n_groups)])  # noqa: SLF001

    def hessian(beta):
        return _slopes(lambda b: scores(b).sum(axis=0), beta)

    return Elsewhere(scores, hessian, model.loglike, lambda _: 1.0)


def _slopes(function, beta, h=1e-3):
    """The derivative of a vector, by central differences of four points."""
    columns = []
    for k in range(len(beta)):
        e = h * (np.arange(len(beta)) == k)
        near, far = function(beta + e) - function(beta - e), function(beta + 2 * e) - function(beta - 2 * e)
        columns.append((8 * near - far) / (12 * h))
    return np.stack(columns, axis=-1)
