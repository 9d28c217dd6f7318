"""The Mata of `_fedfolder_compute.ado` and of my_likelihood.do in numpy, line by line.

Each statement of it is quoted above its twin.

`test_mata_twin.py` holds the quotes to the file. Missing values are NaN here; what overflows is missing in Mata.
"""
# ruff: noqa: ERA001 - the quotes are code

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import gammaln, log_ndtr

from tests.stata.standin.commands.registry import COMMANDS
from tests.stata.standin.errors import StataError
from tests.stata.standin.memory import StoredMatrix
from tests.stata.standin.values import MISSING, is_missing

OWN: dict[str, Any] = {}
"""Mata functions that a user has defined, by name; each returns (ll, s, h)."""


def fedfolder_compute(st, name):
    # mata: f = fedfolder_function(name)
    f = fedfolder_function(name)
    # mata: y = st_data(., "y")
    y = st.data("y")
    # mata: offset = st_data(., "offset")
    offset = st.data("offset")
    # mata: weight = st_data(., "weight")
    weight = st.data("weight")
    # mata: Z = st_data(., 7..st_nvar())
    Z = st.data(*st.names[6:])
    # mata: eta = Z * st_matrix("_fedfolder_b") + offset
    eta = Z @ st.matrix("_fedfolder_b") + offset
    # mata: ll = J(rows(y), 1, .)
    ll = np.full((len(y), 1), np.nan)
    # mata: s = J(rows(y), 1, .)
    s = np.full((len(y), 1), np.nan)
    # mata: h = J(rows(y), 1, .)
    h = np.full((len(y), 1), np.nan)
    # mata: (*f)(y, eta, ll, s, h)
    ll, s, h = f(y, eta)
    # mata: st_store(., 4..6, (ll, s, h))
    st.store(st.names[3:6], np.hstack([ll, s, h]))
    # mata: st_numscalar("_fedfolder_missing", hasmissing((ll, s, h)))
    st.numscalar("_fedfolder_missing", float(hasmissing(ll, s, h)))
    # mata: st_numscalar("_fedfolder_ll", quadcross(weight, ll))
    st.numscalar("_fedfolder_ll", quadcross(weight, ll).item())
    # mata: st_matrix("_fedfolder_s", quadcross(Z, weight :* s))
    st.set_matrix("_fedfolder_s", quadcross(Z, weight * s))
    # mata: st_matrix("_fedfolder_h", quadcross(Z, weight :* h, Z))
    st.set_matrix("_fedfolder_h", quadcross(Z, weight * h, Z))


def fedfolder_function(name):
    # mata: if (name == "fedfolder_logit") return(&fedfolder_logit())
    if name == "fedfolder_logit":
        return fedfolder_logit
    # mata: if (name == "fedfolder_probit") return(&fedfolder_probit())
    if name == "fedfolder_probit":
        return fedfolder_probit
    # mata: if (name == "fedfolder_cloglog") return(&fedfolder_cloglog())
    if name == "fedfolder_cloglog":
        return fedfolder_cloglog
    # mata: if (name == "fedfolder_poisson") return(&fedfolder_poisson())
    if name == "fedfolder_poisson":
        return fedfolder_poisson
    # mata: if (name == "fedfolder_regress") return(&fedfolder_regress())
    if name == "fedfolder_regress":
        return fedfolder_regress
    # mata: f = findexternal(name + "()")
    f = OWN.get(name)
    # mata: if (f == NULL) _error(3499, "there is no Mata function " + name + "()")
    if f is None:
        raise StataError(3499, "there is no Mata function " + name + "()")
    # mata: return(f)
    return f


def fedfolder_ln1p(t):
    # mata: u = 1 :+ t
    u = 1 + t
    # mata: d = u :- 1
    d = u - 1
    # mata: return(t :* ln(u) :/ (d + (d :== 0)) + t :* (d :== 0))
    return t * ln(u) / (d + (d == 0)) + t * (d == 0)


def fedfolder_logit(y, eta):
    # mata: side = 2 :* (y :!= 0) :- 1
    side = 2 * (y != 0) - 1
    # mata: x = side :* eta
    x = side * eta
    # mata: tail = exp(-abs(x))
    tail = exp(-np.abs(x))
    # mata: ll = rowmin((x, J(rows(x), 1, 0))) - fedfolder_ln1p(tail)
    ll = rowmin(x, 0) - fedfolder_ln1p(tail)
    # mata: s = side :* ((x :>= 0) :* tail + (x :< 0)) :/ (1 :+ tail)
    s = side * ((x >= 0) * tail + (x < 0)) / (1 + tail)
    # mata: h = -tail :/ (1 :+ tail):^2
    h = -tail / (1 + tail) ** 2
    return ll, s, h


def fedfolder_probit(y, eta):
    # mata: side = 2 :* (y :!= 0) :- 1
    side = 2 * (y != 0) - 1
    # mata: x = side :* eta
    x = side * eta
    # mata: far = x :< -3
    far = (x < -3).astype(float)
    # mata: near = rowmax((x, J(rows(x), 1, -3)))
    near = rowmax(x, -3)
    # mata: t = rowmax((-x, J(rows(x), 1, 3)))
    t = rowmax(-x, 3)
    # mata: above = 0 :* t
    above = 0 * t
    # mata: for (k = 40; k >= 1; k--) above = k :/ (t + above)
    for k in range(40, 0, -1):
        above = k / (t + above)
    # mata: ratio = far :* (t + above) + (1 :- far) :* exp(lnnormalden(near) - lnnormal(near))
    ratio = far * (t + above) + (1 - far) * exp(lnnormalden(near) - log_ndtr(near))
    # mata: above = far :* above + (1 :- far) :* (ratio + near)
    above = far * above + (1 - far) * (ratio + near)
    # mata: ll = lnnormal(x)
    ll = log_ndtr(x)
    # mata: s = side :* ratio
    s = side * ratio
    # mata: h = -ratio :* above
    h = -ratio * above
    return ll, s, h


def fedfolder_cloglog(y, eta):
    # mata: low = rowmin((rowmax((eta, J(rows(eta), 1, -40))), J(rows(eta), 1, 700)))
    low = rowmin(rowmax(eta, -40), 700)
    # mata: x = exp(low)
    x = exp(low)
    # mata: small = x :< 0.1
    small = (x < 0.1).astype(float)
    # mata: t = small :* x
    t = small * x
    # mata: series = 1 :- t / 7 :* (1 :- t / 8 :* (1 :- t / 9 :* (1 :- t / 10)))
    series = 1 - t / 7 * (1 - t / 8 * (1 - t / 9 * (1 - t / 10)))
    # mata: series = (1 :- t / 3 :* (1 :- t / 4 :* (1 :- t / 5 :* (1 :- t / 6 :* series)))) / 2
    series = (1 - t / 3 * (1 - t / 4 * (1 - t / 5 * (1 - t / 6 * series)))) / 2
    # mata: rest = small :* t:^2 :* series + (1 :- small) :* ((x :- 1) + exp(-x))
    rest = small * t**2 * series + (1 - small) * ((x - 1) + exp(-x))
    # mata: p = small :* (t - t:^2 :* series) + (1 :- small) :* (1 :- exp(-x))
    p = small * (t - t**2 * series) + (1 - small) * (1 - exp(-x))
    # mata: value = (eta :< 0) :* (eta + ln(p :/ x)) - (eta :>= 0) :* fedfolder_ln1p(exp(-x) :/ p)
    value = (eta < 0) * (eta + ln(p / x)) - (eta >= 0) * fedfolder_ln1p(exp(-x) / p)
    # mata: slope = x :* exp(-x) :/ p
    slope = x * exp(-x) / p
    # mata: yes = y :!= 0
    yes = (y != 0).astype(float)
    # mata: no = (1 :- yes) :* exp((1 :- yes) :* eta)
    no = (1 - yes) * exp((1 - yes) * eta)
    # mata: ll = yes :* value - no
    ll = yes * value - no
    # mata: s = yes :* slope - no
    s = yes * slope - no
    # mata: h = -yes :* slope :* rest :/ p - no
    h = -yes * slope * rest / p - no
    return ll, s, h


def fedfolder_poisson(y, eta):
    # mata: mu = exp(eta)
    mu = exp(eta)
    # mata: ll = y :* eta - mu - lngamma(y :+ 1)
    ll = y * eta - mu - gammaln(y + 1)
    # mata: s = y - mu
    s = y - mu
    # mata: h = -mu
    h = -mu
    return ll, s, h


def fedfolder_regress(y, eta):
    # mata: s = y - eta
    s = y - eta
    # mata: ll = -0.5 :* s :* s
    ll = -0.5 * s * s
    # mata: h = J(rows(y), 1, -1)
    h = np.full((len(y), 1), -1.0)
    return ll, s, h


def my_logit(y, eta):
    # mata: a = 0.5
    a = 0.5
    # mata: p = 1 :/ (1 :+ exp(-eta))
    p = 1 / (1 + exp(-eta))
    # mata: q = (1 :+ exp(eta)):^(-a)
    q = (1 + exp(eta)) ** (-a)
    # mata: yes = a :* p :* q :/ (1 :- q)
    yes = a * p * q / (1 - q)
    # mata: no = -a :* p
    no = -a * p
    # mata: ll = y :* ln(1 :- q) + (1 :- y) :* ln(q)
    ll = y * ln(1 - q) + (1 - y) * ln(q)
    # mata: s = y :* yes + (1 :- y) :* no
    s = y * yes + (1 - y) * no
    # mata: h = y :* yes :* (1 :- p :- a :* p :/ (1 :- q)) + (1 :- y) :* no :* (1 :- p)
    h = y * yes * (1 - p - a * p / (1 - q)) + (1 - y) * no * (1 - p)
    return ll, s, h


# -- Mata's functions, as their manual pages describe them ----------------------------------------------------------


def exp(x):
    """[M-5] exp(): missing where it overflows."""
    with np.errstate(over="ignore"):
        found = np.exp(x)
    return np.where(np.isfinite(found), found, np.nan)


def ln(x):
    """[M-5] exp(): missing where x is not above zero."""
    with np.errstate(all="ignore"):
        return np.where(x > 0, np.log(x), np.nan)


def lnnormalden(x):
    """[M-5] normal()."""
    return -0.5 * x * x - 0.5 * math.log(2 * math.pi)


def rowmin(x, bound):
    """[M-5] minmax(): missing values are ignored."""
    return np.fmin(x, bound)


def rowmax(x, bound):
    """[M-5] minmax()."""
    return np.fmax(x, bound)


def hasmissing(*parts):
    """[M-5] missing()."""
    return not all(np.isfinite(part).all() for part in parts)


def quadcross(a, w, b=None):
    """[M-5] quadcross(): sums in quad precision, for which fsum stands."""
    left = a if b is None else a * w
    right = w if b is None else b
    return np.array([[_fsum(x * y) for y in right.T] for x in left.T])


def _fsum(values):
    return math.fsum(values.tolist()) if np.isfinite(values).all() else math.nan


class Interface:
    """Mata's st_data(), st_store(), st_matrix() and st_numscalar() on the frame that is the current one."""

    def __init__(self, session):
        self._memory = session.memory
        self.names = session.memory.data.names

    def data(self, *names):
        """[M-5] st_data(): (n, number of names)."""
        columns = [self._memory.data.column(name).values for name in names]
        return np.array([[np.nan if is_missing(value) else value for value in column] for column in columns]).T

    def store(self, names, values):
        """[M-5] st_store()."""
        for name, column in zip(names, values.T, strict=True):
            found = self._memory.data.column(name)
            found.values = [float(value) if np.isfinite(value) else MISSING for value in column]

    def matrix(self, name):
        """[M-5] st_matrix()."""
        return self._memory.matrix(name).values

    def set_matrix(self, name, values):
        """[M-5] st_matrix()."""
        stored = np.where(np.isfinite(values), values, MISSING)
        self._memory.set_matrix(name, StoredMatrix(stored))

    def numscalar(self, name, value):
        """[M-5] st_numscalar()."""
        self._memory.set_scalar(name, value if math.isfinite(value) else MISSING)


def install(monkeypatch):
    """Let the stand-in run `_fedfolder_compute` by this twin; its calls are listed in what is returned."""
    calls = []

    def compute(session, rest):
        calls.append((session.memory.frame, rest.strip()))
        with np.errstate(all="ignore"):
            fedfolder_compute(Interface(session), rest.strip())

    monkeypatch.setitem(COMMANDS, "_fedfolder_compute", compute)
    monkeypatch.setattr("tests.stata.mata_twin.OWN", {})
    return calls
