"""What cannot be estimated is said, by name, and the same for every split."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fedfolder import pooled, simulate
from fedfolder.errors import ConfigError, UnknownNameError, VariableError
from tests.simulation.generated import SEEDS, SPLITS, births, parts

OMITTED = {
    "a duplicate": ("logit b x twice w", {"twice": lambda f: 2 * f["x"]}, ("twice",)),
    "the duplicate first": ("logit b twice x w", {"twice": lambda f: 2 * f["x"]}, ("x",)),
    "a sum of two": ("logit b x w total", {"total": lambda f: f["x"] + f["w"]}, ("total",)),
    "a sum before its parts": ("regress y total x w", {"total": lambda f: f["x"] + f["w"]}, ("w",)),
    "a constant": ("logit b one x", {"one": lambda f: np.full(len(f), 0.1)}, ("one",)),
    "a large constant": ("regress y one x", {"one": lambda f: np.full(len(f), 1e9 + 0.1)}, ("one",)),
    "zeros without constant": ("logit b zero x, noconstant", {"zero": lambda f: 0 * f["x"]}, ("zero",)),
    "a shifted copy": ("regress y x moved", {"moved": lambda f: f["x"] + 1e6}, ("moved",)),
    "an empty cell": ("logit b i.g##i.h", {"h": lambda f: np.where(f["g"] == 3, 0, f["w"] > 0.7)}, ("3.g#1.h",)),
    "a slope in an empty cell": (
        "logit b i.g##i.h c.x i.g#i.h#c.x",
        {"h": lambda f: np.where(f["g"] == 3, 0, f["w"] > 0.7)},
        ("3.g#1.h", "3.g#1.h#c.x"),
    ),
    "empty and collinear, in the user's order": (
        "regress y twice i.g##i.h x w",
        {"h": lambda f: np.where(f["g"] == 3, 0, f["w"] > 0.7), "twice": lambda f: 2 * f["x"]},
        ("3.g#1.h", "x"),
    ),
}


@pytest.mark.parametrize("what", OMITTED)
@given(seed=SEEDS)
@settings(max_examples=3, deadline=None)
def test_columns_that_say_nothing_new_are_omitted_by_name_whatever_the_split(what, seed):
    command, extra, omitted = OMITTED[what]
    frame = births(seed)
    frame = frame.assign(**{name: np.asarray(make(frame), dtype=float) for name, make in extra.items()})
    found = [pooled(command, frame), *(simulate(command, parts(frame, how, seed)) for how in SPLITS)]
    assert {(f.status, f.omitted) for f in found} == {(found[0].status, omitted)}
    assume(found[0].status != "separation")  # a small random sample may be separated; then at every split, as above
    assert found[0].status == "converged"
    assert not set(omitted) & set(found[0].names)
    assert len({f.names for f in found}) == 1


def sep(frame):
    return frame.assign(b=(frame["x"] > 30).astype(float))


def quasi(frame):
    return frame.assign(b=np.where(frame["g"] == 2, 1.0, frame["b"]))


def quasi_on_a_line(frame):
    x = np.round(frame["x"])
    return frame.assign(x=x, b=np.where(x == 30, frame["b"], (x > 30).astype(float)))


@pytest.mark.parametrize("how", SPLITS)
@pytest.mark.parametrize(
    ("command", "spoil"),
    [
        ("logit b x w", sep),
        ("logit b x i.g##c.w", sep),
        ("logit b x", quasi_on_a_line),
        ("logit b x, noconstant", lambda f: f.assign(x=f["x"] - 30, b=(f["x"] > 30).astype(float))),
    ],
    ids=["complete", "complete, many columns", "all but a point", "noconstant"],
)
def test_separation_is_said_and_no_number_given(command, spoil, how):
    for seed in range(3):
        frame = spoil(births(seed))
        found = simulate(command, parts(frame, how, seed))
        assert (found.status, found.names, found.nobs) == ("separation", (), len(frame))
        assert math.isnan(found.llf)
        assert "predict" in found.message
        assert found.evaluations <= 40


def test_strong_but_finite_effects_are_no_separation():
    rng = np.random.default_rng(2)
    x = rng.normal(size=4000)
    frame = pd.DataFrame({"x": x, "b": (rng.random(4000) < 1 / (1 + np.exp(-12 * x))).astype(float)})
    found = simulate("logit b x", frame)
    assert found.status == "converged"
    assert 9 < found.params["x"] < 15


def test_a_rare_outcome_is_no_separation():
    b = np.zeros(200_000)
    b[:2] = 1.0
    found = simulate("logit b", pd.DataFrame({"b": b}))
    assert found.status == "converged"
    assert found.params["_cons"] == pytest.approx(math.log(2 / 199_998), rel=1e-12)
    assert found.llf == pytest.approx(found.llnull, rel=1e-12)


@pytest.mark.parametrize("value", [0.0, 1.0, 7.0])
def test_an_outcome_with_one_value_is_said_in_the_first_round(value):
    found = simulate("logit b x", births(1).assign(b=value))
    assert (found.status, found.rounds, found.names) == ("outcome does not vary", 1, ())


@pytest.mark.parametrize("value", [0.0, 0.1, 7.0, 1e9 + 0.1, -3e-20])
def test_a_regression_of_a_constant_is_said(value):
    found = simulate("regress y x w", births(1).assign(y=value))
    assert (found.status, found.names) == ("outcome does not vary", ())
    assert found.rounds <= 2


@given(value=st.floats(1e-6, 1e12), seed=SEEDS)
@settings(max_examples=40)
def test_a_regression_of_any_constant_is_said(value, seed):
    found = simulate("regress y x", parts(births(seed).assign(y=value), "at random", seed))
    assert (found.status, found.names) == ("outcome does not vary", ())


def test_one_value_that_differs_in_its_last_bits_is_variation():
    y = np.full(150, 0.1)
    y[7] = np.nextafter(0.1, 1)
    assert simulate("regress y x", births(1).assign(y=y)).status != "outcome does not vary"


def test_a_regression_of_a_constant_without_constant_has_an_estimate():
    frame = births(1).assign(y=1.0)
    found = simulate("regress y x, noconstant", frame)
    assert found.status == "converged"
    assert found.params["x"] == pytest.approx(frame["x"].sum() / (frame["x"] ** 2).sum(), rel=1e-13)


@pytest.mark.parametrize("command", ["logit b x", "regress y x i.g"])
def test_no_observations_are_said(command):
    frame = births(1).assign(x=np.nan)
    found = simulate(command, frame)
    assert (found.status, found.nobs, found.rounds) == ("no observations", 0, 1)
    assert [n for _, n in found.nodes] == [0, 0, 0]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_regression_needs_more_rows_than_coefficients(n):
    frame = births(1).head(n).assign(y=[1.0, 2.5, 2.0][:n])
    found = simulate("regress y x w", frame, nodes=1)
    assert found.status == ("outcome does not vary" if n == 1 else "too few rows")
    assert found.rounds == 2


@pytest.mark.parametrize("model", ["logit b zero, noconstant", "regress y zero, noconstant"])
def test_nothing_left_to_estimate_is_said(model):
    found = simulate(model, births(1).assign(zero=0.0))
    assert (found.status, found.omitted, found.names) == ("no coefficients", ("zero",), ())


def test_a_perfect_fit_converges():
    frame = births(1)
    for y, x in ((2 * frame["x"] + 1, frame["x"]), (2 * frame["g"] + 1, frame["g"])):
        found = simulate("regress y x", frame.assign(y=y.astype(float), x=x.astype(float)))
        assert found.status == "converged"
        np.testing.assert_allclose(found.beta, [2.0, 1.0], rtol=0, atol=1e-12)
        assert found.bse.max() < 1e-12
        assert found.stats["r2"] == pytest.approx(1.0)
        assert found.evaluations <= 4


@pytest.mark.parametrize(
    ("unit", "what"), [(1e200, "too large"), (1e100, "too large"), (1e-100, "too small"), (1e-200, "too small")]
)
@pytest.mark.parametrize(("command", "name"), [("logit b x", "x"), ("regress y x", "y"), ("logit b x c.x#c.x", "x")])
def test_values_beyond_what_can_be_squared_are_an_error_that_names_the_variable(command, name, unit, what):
    frame = births(1)
    with pytest.raises(VariableError, match=what) as caught:
        simulate(command, frame.assign(**{name: frame[name] * unit}))
    assert name in str(caught.value)


def test_values_near_the_limits_are_fitted():
    frame = births(1)
    for unit in (1e60, 1e-60):
        found = simulate("regress y x w", frame.assign(x=frame["x"] * unit, y=frame["y"] / unit))
        assert found.status == "converged"
        assert np.isfinite(found.cov).all()


def test_no_data_at_all_is_an_error():
    with pytest.raises(ConfigError, match="no data"):
        simulate("logit b x", [])


def test_a_base_that_no_node_has_is_an_error():
    with pytest.raises(UnknownNameError, match="not a level"):
        simulate("logit b ib9.g", births(1))


def test_text_at_one_node_and_numbers_at_another_is_an_error_that_names_both():
    frame = births(1)
    with pytest.raises(VariableError, match="text at one node") as caught:
        simulate("logit b i.g", [frame, frame.assign(g=frame["g"].astype(str)), frame.head(0)])
    assert "text at node2; numbers at node1" in str(caught.value)


def test_an_empty_node_may_hold_its_factor_as_it_likes():
    frame = births(1)
    empty = frame.assign(g=frame["g"].astype(str)).head(0)
    assert simulate("logit b i.g", [frame, empty]).status == "converged"
