"""Attacks through groups with a random intercept: second derivatives hold the square of a sum over each group.

Persons recovered: none under the profile `registry`; without the rule that counts groups, one.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from fedfolder.custody.limits import at_beta
from fedfolder.custody.policy import Policy
from fedfolder.custody.profiles import PROFILES
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.proposal import read_command
from fedfolder.questions.at_beta import Excluded
from fedfolder.questions.compute import contribution
from fedfolder.questions.design import Design
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.specification import Specification

COMMAND = "melogit y || g:"
N, CHANCE = 200, 0.5


def site(outcome, groups):
    """A site at which the first persons are in groups of their own."""
    rng = np.random.default_rng(4)
    y = (rng.random(N) < 0.3).astype(float)
    y[0] = outcome
    places = np.arange(N)
    return pd.DataFrame({"y": y, "g": np.where(places < groups, places, N)})


def asked(command, *excluded):
    """A question at a beta of nothing."""
    design = Design((), constant=True, centres=(), scales=(), mixing=(), rescaling=())
    return Evaluation(Specification.of(command), design, np.zeros(2), np.zeros(2), excluded)


def recovered(frame, text=COMMAND, *excluded):
    """The first person's outcome, solved from what leaves at a beta of nothing; None if it is not one of two."""
    command = read_command(text)
    question, sample = asked(command, *excluded), sample_from_frame(frame, command)
    found, n = contribution(question, sample), question.included(sample).nobs
    # score = a + b and bend = a^2 + b^2 - n p (1 - p), with a = y - p of the person and b of all others.
    total, squares = found.score[0], found.hessian[1, 1] + n * CHANCE * (1 - CHANCE)
    roots = np.roots([2.0, -2.0 * total, total**2 - squares])
    outcomes = [root + CHANCE for root in roots.real if min(abs(root + CHANCE), abs(root + CHANCE - 1)) < 1e-9]
    return round(outcomes[0]) if len(outcomes) == 1 else None


def broken(frame, limits):
    """The rules that the first sum would break."""
    command = read_command(COMMAND)
    policy = Policy((), limits=limits)
    return [f.rule for f in policy.of_sample(Specification.of(command), sample_from_frame(frame, command))]


@pytest.mark.parametrize("outcome", [0, 1])
def test_a_person_alone_in_a_group_is_read_off_unless_the_policy_counts_groups(outcome):
    frame = site(outcome, groups=1)
    assert recovered(frame) == outcome
    assert broken(frame, PROFILES["registry"]) == ["random_groups"]
    assert broken(frame, dataclasses.replace(PROFILES["registry"], smallest_cell=0)) == []


@pytest.mark.parametrize("outcome", [0, 1])
def test_many_persons_alone_cannot_be_told_apart(outcome):
    frame = site(outcome, groups=50)
    assert broken(frame, PROFILES["registry"]) == []
    assert recovered(frame) is None


@pytest.mark.parametrize("outcome", [0, 1])
def test_a_group_that_perfect_predictors_leave_one_person_of_is_looked_at_again(outcome):
    """Who shares the group is left out of later rounds, by a column that the server thought of."""
    frame = site(outcome, groups=0).assign(u=0.0)
    frame.loc[:11, "g"], frame.loc[1:11, ["y", "u"]] = 1, [0.0, 1.0]
    text, gone = "melogit y u || g:", Excluded("u", 1, 0)
    assert recovered(frame, text, gone) == outcome
    command, limits = read_command(text), PROFILES["registry"]
    sample, policy = sample_from_frame(frame, command), Policy((), limits=limits)
    assert "random_groups" not in {f.rule for f in policy.of_sample(Specification.of(command), sample)}
    assert "random_groups" in {f.rule for f in at_beta(limits, asked(command, gone), sample)}
    loose = dataclasses.replace(limits, smallest_cell=0)
    assert "random_groups" not in {f.rule for f in at_beta(loose, asked(command, gone), sample)}
