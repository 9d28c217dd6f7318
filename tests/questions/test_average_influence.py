"""How much of an average hangs on one person: by its definition, however rows stand for persons."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from fedfolder.node.data import sample_from_frame
from fedfolder.plan.proposal import read_command
from fedfolder.questions.influence import influences
from tests.questions.asking import averaging

RNG = np.random.default_rng(9)
N = 40
FRAME = pd.DataFrame(
    {
        "x": np.round(RNG.normal(size=N), 2),
        "z": RNG.integers(0, 2, N).astype(float),
        "w": RNG.integers(1, 4, N).astype(float),
        "t": np.round(RNG.exponential(2.0, N), 3) + 0.01,
        "d": (RNG.random(N) < 0.7).astype(float),
        "pid": np.arange(N) // 2 * 1.0,
    }
)
COMMAND = "streg x z {}, distribution(exponential) time(t) failure(d) standsurv(1.5)"


def asked(weight="", frame=FRAME, person=None, constant=-0.4):
    """The question at a beta of no fit, and the sample."""
    question, sample, _ = averaging(COMMAND.format(weight), frame, person)
    beta = np.linalg.solve(question.design.to_user(), np.array([1.5, 0.7, constant]))
    return dataclasses.replace(question, beta=beta), sample


def by_definition(frame, weights, owner, constant=-0.4):
    """(sum a)^2 / sum a^2 and the largest share, the worst of w S, w (1 - S) and w S H; the largest leverage."""
    x = np.column_stack([frame["x"], frame["z"], np.ones(len(frame))])
    h = 1.5 * np.exp(x @ [1.5, 0.7, constant])
    survival = np.exp(-h)
    parts = (weights * survival, weights * -np.expm1(-h), weights * survival * h)
    sizes = [np.bincount(owner, a) for a in parts]
    effective = min(a.sum() ** 2 / (a * a).sum() for a in sizes)
    share = max(a.max() / a.sum() for a in sizes)
    scaled = x * np.sqrt(weights * survival * h)[:, None]
    whitened = scaled @ np.linalg.inv(np.linalg.cholesky(scaled.T @ scaled)).T
    leverages = [np.linalg.eigvalsh(part.T @ part)[-1] for k in np.unique(owner) if len(part := whitened[owner == k])]
    return effective, max(share, *leverages)


@pytest.mark.parametrize("weight", ["", "[iw=w]"])
@pytest.mark.parametrize("person", [None, "pid"])
def test_it_is_what_is_defined(weight, person):
    question, sample = asked(weight, person=person)
    ((_, found),) = influences(question, sample)
    owner = np.arange(N) if person is None else FRAME["pid"].to_numpy(int)
    weights = FRAME["w"].to_numpy() if weight else np.ones(N)
    assert found.units == len(np.unique(owner))
    assert (found.effective, found.leverage) == pytest.approx(by_definition(FRAME, weights, owner), rel=1e-9)
    # Below what is asked for, a bound may stand for a leverage, and is never less.
    ((_, bound),) = influences(question, sample, at_least=0.9)
    assert bound.leverage >= found.leverage * (1 - 1e-12)


def test_one_who_has_died_for_sure_while_hardly_anybody_else_has_is_all_of_the_deaths():
    """Of him the gradient says nothing: it is the share in the deaths that shows."""
    frame = FRAME.assign(x=np.where(FRAME.index == 3, 20.0, FRAME["x"]))
    question, sample = asked(frame=frame, constant=-9.0)
    ((_, found),) = influences(question, sample)
    effective, largest = by_definition(frame, np.ones(N), np.arange(N), -9.0)
    assert (found.effective, found.leverage) == pytest.approx((effective, largest), rel=1e-9)
    assert effective < 1.2
    assert largest > 0.9


def test_a_row_with_a_frequency_weight_is_as_many_persons():
    question, sample = asked("[fw=w]")
    rows = FRAME.loc[FRAME.index.repeat(FRAME["w"].astype(int))]
    again = sample_from_frame(rows, read_command(COMMAND.format("")))
    plain = dataclasses.replace(asked()[0], design=question.design, beta=question.beta)
    ((_, found),), ((_, repeated),) = influences(question, sample), influences(plain, again)
    assert dataclasses.astuple(found) == pytest.approx(dataclasses.astuple(repeated), rel=1e-12)


def test_one_who_is_alone_in_a_column_has_the_whole_of_it():
    frame = FRAME.assign(z=(FRAME.index == 11).astype(float))
    question, sample = asked(frame=frame)
    ((part, found),) = influences(question, sample)
    assert found.leverage == pytest.approx(1.0, rel=1e-9)
    assert part == ", of average survival at time 1.5, as they are,"
