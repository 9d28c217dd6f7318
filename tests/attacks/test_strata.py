"""A stratum made for one person: who is in it is in no risk set, and the sums with and without are that person's.

Persons recovered: none under the profiles `registry` and `strict`; without the rule that counts strata, one.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from fedfolder.custody.policy import Policy
from fedfolder.custody.profiles import PROFILES
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.proposal import read_command
from fedfolder.questions.compute import contribution
from fedfolder.questions.design import Design
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.specification import Specification

RNG = np.random.default_rng(3)
N = 120
FRAME = pd.DataFrame(
    {
        "dose": np.round(RNG.uniform(0, 10, N), 2),
        "t": [0.5, *np.sort(np.round(RNG.uniform(1, 9, N - 1), 3))],
        "d": [1.0, *(RNG.random(N - 1) < 0.6)],
    }
)
TIMES = "time(t) failure(d)"
WHOLE = f"stcox dose, strata(_node) {TIMES}"
APART = f"generate s = t < 1.1*{FRAME.t[0]:g}; stcox dose, strata(_node s) {TIMES}"


def score(command):
    """The score at a coefficient of zero, in the units of the data."""
    parsed = read_command(command)
    design = Design(("dose",), constant=False, centres=(0.0,), scales=(1.0,), mixing=((0.0,),), rescaling=(1.0,))
    question = Evaluation(Specification.of(parsed), design, np.zeros(1), np.zeros(1))
    return float(contribution(question, sample_from_frame(FRAME, parsed)).score[0])


def broken(command, limits):
    """The rules that the first sum would break."""
    parsed = read_command(command)
    policy = Policy((), limits=limits)
    return {f.rule for f in policy.of_sample(Specification.of(parsed), sample_from_frame(FRAME, parsed))}


def test_who_fails_first_is_the_difference_of_two_scores():
    """Her dose less the mean of all, which is known: it is she alone whom the two fits compare otherwise."""
    assert score(WHOLE) - score(APART) + FRAME.dose.mean() == pytest.approx(FRAME.dose[0], abs=1e-9)


@pytest.mark.parametrize("profile", ["registry", "strict"])
def test_no_stratum_is_of_few_persons(profile):
    assert broken(APART, PROFILES[profile]) == {"random_groups"}
    assert broken(WHOLE, PROFILES[profile]) == set()
    assert broken(APART, dataclasses.replace(PROFILES[profile], smallest_cell=0)) == set()
