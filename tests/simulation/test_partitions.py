"""However the rows are dealt to nodes, the fit is that of all rows together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedfolder import pooled, simulate
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.fit import fit
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.questions.sums import add
from tests.simulation.generated import COMMANDS, SEEDS, SPLITS, births, parts

EPSILON = np.finfo(float).eps


def away(found, other):
    """The largest difference of coefficients in max(|b|, se)."""
    assert (found.status, found.names, found.omitted, found.nobs) == (
        other.status,
        other.names,
        other.omitted,
        other.nobs,
    )
    unit = np.maximum(np.abs(other.beta), other.bse.to_numpy())
    return float(np.max(np.abs(found.beta - other.beta) / unit, initial=0.0))


def bits(result):
    return (result.beta.tobytes(), result.cov.tobytes(), result.llf, result.llnull, result.iterations, result.stats)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("how", SPLITS)
@given(seed=SEEDS)
@settings(max_examples=4, deadline=None)
def test_federated_is_pooled(command, how, seed):
    frame = births(seed)
    found, everything = simulate(command, parts(frame, how, seed)), pooled(command, frame)
    assert everything.status == "converged"
    assert away(found, everything) <= min(1e-12, 200 * EPSILON * everything.condition)
    np.testing.assert_allclose(found.bse, everything.bse, rtol=1e-12)
    np.testing.assert_allclose(found.cov, everything.cov, rtol=0, atol=1e-11 * np.abs(everything.cov).max())
    assert found.llf == pytest.approx(everything.llf, rel=1e-13)
    assert found.stats == pytest.approx(everything.stats, rel=1e-10, abs=1e-10)
    assert [n for _, n in found.nodes] == [len(part) for part in parts(frame, how, seed)]
    if command.startswith("logit"):  # a regression may need a step more to take rounding away
        assert (found.rounds, found.evaluations) == (everything.rounds, everything.evaluations)


def driven(command, samples, order):
    """Drive the plan with answers that arrive in any order."""
    program = fit(Proposal(read_command(command), ()))
    question = next(program)
    round_ = 0
    while True:
        answers = [question.compute(samples[k]) for k in order(round_)]
        round_ += 1
        try:
            question = program.send((question, add(answers)))
        except StopIteration as end:
            return end.value


@pytest.mark.parametrize("command", COMMANDS)
@given(seed=SEEDS, data=st.data())
@settings(max_examples=5, deadline=None)
def test_the_order_of_arrival_changes_no_bit(command, seed, data):
    samples = [sample_from_frame(part, read_command(command)) for part in parts(births(seed), "at random", seed)]
    orders = data.draw(st.lists(st.permutations(range(5)), min_size=3, max_size=3))
    first = driven(command, samples, lambda _: range(5))
    other = driven(command, samples, lambda round_: orders[round_ % 3])
    assert bits(first) == bits(other)
    assert bits(first) == bits(driven(command, samples, lambda _: range(5)))


def quadratic(seed, n=400, mean=2000.0):
    rng = np.random.default_rng(seed)
    year = np.round(rng.normal(mean, 5, n))
    eta = 0.05 * (year - mean) - 0.01 * (year - mean) ** 2
    b = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    return pd.DataFrame({"b": b, "y": eta + rng.normal(size=n), "year": year})


@pytest.mark.parametrize("command", ["logit b year c.year#c.year", "regress y year c.year#c.year"])
def test_a_year_and_its_square_agree_between_splits(command):
    frame = quadratic(1)
    everything = pooled(command, frame)
    assert everything.status == "converged"
    assert everything.condition < 10
    for seed in range(6):
        found = simulate(command, frame, nodes=4, seed=seed)
        # In the units of the data coefficients cancel; what is promised is about standard errors.
        assert away(found, everything) <= 4e-14
        np.testing.assert_allclose(found.bse, everything.bse, rtol=4e-14)


def scaled(frame, units):
    return frame.assign(**{name: frame[name] * unit for name, unit in units.items()})


@pytest.mark.parametrize("command", ["logit b x w", "logit b c.x##c.w", "regress y x w", "logit b x w, noconstant"])
def test_millions_beside_millionths(command):
    frame, units = births(4), {"x": 1e6, "w": 1e-6}
    plain, wild = pooled(command, frame), scaled(frame, units)
    everything = pooled(command, wild)
    for seed in range(3):
        assert away(simulate(command, wild, nodes=3, seed=seed), everything) <= 1e-13
    unit = np.array([np.prod([units.get(v.removeprefix("c."), 1.0) for v in name.split("#")]) for name in plain.names])
    assert everything.omitted == ()
    np.testing.assert_allclose(everything.beta * unit, plain.beta, rtol=1e-9, atol=1e-9 * plain.bse.min())
    np.testing.assert_allclose(everything.bse * unit, plain.bse, rtol=1e-9)


@pytest.mark.parametrize("mean", [1e6, 1e9, 1e12])
@pytest.mark.parametrize("command", ["logit b x w", "regress y x w"])
def test_a_mean_far_from_zero_costs_no_digits_of_the_slope(command, mean):
    frame = births(5)
    exact = np.round((frame["x"] - 30) * 1024) / 1024  # so that adding the mean loses nothing
    near, far = frame.assign(x=exact), frame.assign(x=exact + mean)
    plain, everything = pooled(command, near), pooled(command, far)
    for seed in range(3):
        found = simulate(command, far, nodes=3, seed=seed)
        assert away(found, everything) <= 1e-13
        assert abs(found.params["x"] - plain.params["x"]) <= 1e-9 * plain.bse["x"]
        assert found.bse["x"] == pytest.approx(plain.bse["x"], rel=1e-9)


def test_an_outcome_with_a_mean_far_from_zero_is_fitted():
    frame = births(6)
    exact = np.round(frame["y"] * 1024) / 1024
    plain = pooled("regress y x w", frame.assign(y=exact))
    found = simulate("regress y x w", frame.assign(y=exact + 1e9))
    assert found.status == "converged"
    np.testing.assert_allclose(found.bse, plain.bse, rtol=1e-6)
    assert found.stats["tss"] == pytest.approx(plain.stats["tss"], rel=1e-9)
    assert found.llnull == pytest.approx(plain.llnull, rel=1e-9)
    assert found.params["_cons"] - 1e9 == pytest.approx(plain.params["_cons"], abs=1e-6)


@given(seed=SEEDS)
@settings(max_examples=15, deadline=None)
def test_near_collinearity_costs_what_the_condition_says(seed):
    frame = births(seed)
    frame["v"] = frame["x"] + 10.0 ** -(1 + seed % 4) * np.random.default_rng(seed).normal(size=len(frame))
    everything = pooled("logit b x v w", frame)
    found = simulate("logit b x v w", parts(frame, "at random", seed))
    assert away(found, everything) <= 200 * EPSILON * everything.condition * 10.0 ** (1 + seed % 4)
    assert everything.condition < 100  # freed of each other, columns are far from singular
