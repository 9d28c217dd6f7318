"""Survival from hazards that are constant in intervals: against sums by hand, and against the exponential model."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from fedfolder.command import parse
from fedfolder.errors import ConfigError, VariableError
from fedfolder.estimates.columns import Rows
from fedfolder.estimates.curves import curves
from fedfolder.estimates.pieces import Intervals, over_time
from fedfolder.node.readers import Frame
from fedfolder.node.sampling import make_sample
from fedfolder.simulation import fit_samples

if TYPE_CHECKING:
    from fedfolder.command.lexis import Split
    from fedfolder.estimates import FitResult

STSET = "stset t, failure(d); stsplit fu, at(0 1 3); generate y = _t - _t0; "
AGE = "stset t, failure(d); stsplit old, at(50 60) after(_t = -young); "
AT = {"one": {"x": 1.0, "sex": 1}, "two": {"x": -0.5, "sex": 2}}
TIMES = [0.0, 0.5, 1.0, 2.0, 3.0, 7.0]


def fitted(text: str) -> FitResult:
    rng = np.random.default_rng(5)
    x, sex = rng.normal(size=300), rng.integers(1, 3, 300).astype(float)
    t, end = rng.exponential(4 * np.exp(-0.4 * x)), rng.uniform(0.5, 9, 300)
    columns = {"t": np.minimum(t, end), "d": (t < end).astype(float), "x": x, "sex": sex, "young": 40 + 9 * sex}
    command = parse(text)
    named = {name: columns[name] for name in command.sources}
    return fit_samples(command, {"here": make_sample(Frame("here", 300, named), command)})


@pytest.fixture(scope="module")
def fit() -> FitResult:
    return fitted(STSET + "poisson _d i.fu##i.sex x, exposure(y)")


def by_hand(fit: FitResult, pattern: dict[str, float], t: float) -> float:
    b = dict(zip(fit.names, fit.beta.tolist(), strict=True))
    total = 0.0
    for begin, end in ((0, 1), (1, 3), (3, math.inf)):
        eta = b["_cons"] + b["x"] * pattern["x"] + b.get(f"{begin}.fu", 0.0)
        eta += (b["2.sex"] + b.get(f"{begin}.fu#2.sex", 0.0)) if pattern["sex"] == 2 else 0.0
        total += math.exp(eta) * max(0.0, min(t, end) - begin)
    return total


def test_survival_is_what_the_hazards_add_up_to(fit):
    found = curves(fit, AT, TIMES)
    for row, pattern in zip(found.estimate, AT.values(), strict=True):
        np.testing.assert_allclose(row, [math.exp(-by_hand(fit, pattern, t)) for t in TIMES], rtol=1e-12)
    assert bool(((found.lower <= found.estimate) & (found.estimate <= found.upper)).all())
    assert found.lower[:, 0].tolist() == found.upper[:, 0].tolist() == [1.0, 1.0]


def test_a_hazard_belongs_to_the_interval_that_ends_there(fit):
    found = curves(fit, AT, [0.0, 1.0, 1.5, 3.0, 9.0], "hazard").estimate[0]
    assert found[0] == found[1] != found[2] == found[3] != found[4]


def test_derivatives_are_those_of_the_value(fit):
    rows = Rows(fit, pd.DataFrame(AT.values()))
    times = np.array(TIMES[1:])
    found = over_time(fit, rows, times)
    for place in range(len(fit.names)):
        step = np.zeros(len(fit.names))
        step[place] = 1e-6
        up, down = (over_time(dataclasses.replace(fit, beta=fit.beta + s * step), rows, times) for s in (1, -1))
        for name in ("cumulative", "hazard"):
            slope = (getattr(up, name) - getattr(down, name)) / 2e-6
            np.testing.assert_allclose(getattr(found, f"{name}_by")[:, :, place], slope, atol=1e-8)


def test_one_interval_is_the_exponential_model():
    cut = fitted("stset t, failure(d); stsplit fu, at(0); generate y = _t - _t0; poisson _d c.fu x, exposure(y)")
    plain = fitted("streg x, distribution(exponential) time(t) failure(d)")
    for what in ("survival", "hazard", "cumhazard"):
        one, other = (curves(f, {"a": {"x": 0.3}}, [1.0, 4.0], what) for f in (cut, plain))
        for name in ("estimate", "lower", "upper"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9)


def test_streg_and_poisson_with_the_same_intervals_say_the_same():
    one = fitted(STSET + "poisson _d i.fu x, exposure(y)")
    other = fitted("stset t, failure(d); stsplit fu, at(0 1 3); streg i.fu x, distribution(exponential)")
    for name in ("estimate", "lower", "upper"):
        found = [getattr(curves(f, {"a": {"x": 0.3}}, TIMES), name) for f in (one, other)]
        np.testing.assert_allclose(found[0], found[1], rtol=1e-10)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stset t, failure(d); generate y = _t - _t0; poisson _d x, exposure(y)", "by intervals of follow-up"),
        (STSET.replace("_t - _t0", "(_t - _t0)*12") + "poisson _d i.fu x, exposure(y)", "per unit of time"),
        (STSET + "glm _d i.fu x y, family(poisson)", "y changes along"),
        (STSET + "generate late = fu>0; poisson _d i.fu late x, exposure(y)", "late changes along"),
        (AGE + STSET.partition("; ")[2] + "poisson _d i.fu i.old x, exposure(y)", "old changes along"),
        (STSET.replace("at(0 1 3)", "at(0 1 3) trim") + "poisson _d i.fu x, exposure(y)", "nothing of some"),
        ("stset t, failure(d); stsplit fu, at(0 1 3); streg i.fu x, distribution(weibull)", "per unit of time"),
    ],
)
def test_what_has_no_curve_is_refused(text, said):
    pattern = {"x": 0.0, "late": 1.0, "old": 50.0}
    fit = fitted(text)
    known = {name: pattern.get(name, 1.0) for name in ("x", "late", "old", "y") if {name, f"60.{name}"} & {*fit.names}}
    with pytest.raises(ConfigError, match=said):
        curves(fit, {"a": known}, TIMES)


def test_an_interval_in_which_nobody_was_is_one_that_the_fit_does_not_know():
    fit = fitted(STSET.replace("0 1 3", "0 1 30") + "poisson _d i.fu x, exposure(y)")
    assert curves(fit, {"a": {"x": 0.0}}, [20.0]).estimate.size == 1
    with pytest.raises(VariableError, match="does not know"):
        curves(fit, {"a": {"x": 0.0}}, [40.0])


@pytest.mark.parametrize(
    ("said", "begins", "values"),
    [
        ("at(0 1 3)", [0, 1, 3], [0, 1, 3]),
        ("at(1 3)", [0, 1, 3], [0, 1, 3]),
        ("at(0 0.5 3) icodes", [0, 0.5, 3], [0, 1, 2]),
        ("at(0.5 3) icodes", [0, 0.5, 3], [0, 1, 2]),
        ("at(-2 0.5 3)", [0, 0.5, 3], [-2, 0.5, 3]),
        ("at(0 1 3) trim", [0, 1], [0, 1]),
        ("every(2)", [0, 2, 4], [0, 2, 4]),
    ],
)
def test_intervals_are_called_as_the_pieces_in_them_are(said, begins, values):
    split: Split = parse(f"stset t, failure(d); stsplit fu, {said}; poisson _d fu").derivations[1]  # type: ignore[assignment]
    found = Intervals.of(split, 5.0)
    assert (found.begins.tolist(), found.called.tolist()) == (begins, values)
    command = parse(f"stset t, failure(d); stsplit fu, {said}; generate b = _t0; poisson _d fu b")
    columns = {"t": np.array([5.0]), "d": np.array([1.0])}
    made = make_sample(Frame("here", 1, columns), command)
    seen = dict(zip(made.outcome("b").tolist(), made.outcome("fu").tolist(), strict=True))
    assert seen == dict(zip(begins, values, strict=True))
