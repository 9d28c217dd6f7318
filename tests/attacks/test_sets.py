"""A matched set made for two persons: two fits, with the set and without, differ by what these two are.

Persons recovered: none under the profiles `registry` and `strict`; without the rule that counts sets, two.
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
        "dose": [0.11, 0.34, *np.round(RNG.uniform(1, 10, N - 2), 2)],
        "y": [1.0, 0.0, *(RNG.random(N - 2) < 0.4)],
        "all": np.ones(N),
    }
)
WHOLE = "clogit y dose, group(all)"
APART = "generate s = dose < 0.5; clogit y dose, group(s)"


def leaves(command):
    """The score and the information at a coefficient of zero, in the units of the data."""
    parsed = read_command(command)
    design = Design(("dose",), constant=False, centres=(0.0,), scales=(1.0,), mixing=((0.0,),), rescaling=(1.0,))
    question = Evaluation(Specification.of(parsed), design, np.zeros(1), np.zeros(1))
    found = contribution(question, sample_from_frame(FRAME, parsed))
    return float(found.score[0]), -float(found.hessian[0, 0])


def spread(cases, rows):
    """What a set's information is of its sum of squares about the mean."""
    return cases * (rows - cases) / (rows * (rows - 1))


def recovered():
    """The doses of the two, from two fits, and from the sums of all that come with any fit."""
    (score, _), (apart, information) = leaves(WHOLE), leaves(APART)
    total, squares, cases = FRAME["dose"].sum(), np.square(FRAME["dose"]).sum(), FRAME["y"].sum()
    # score - apart = s / 2 + (cases - 1) (total - s) / (N - 2) - cases total / N, of which s is their sum.
    rest = (cases - 1) / (N - 2)
    s = (score - apart - rest * total + cases * total / N) / (0.5 - rest)
    # information = (q / 2 - s^2 / 4) + spread (squares - q - (total - s)^2 / (N - 2)), of which q is that of squares.
    share = spread(cases - 1, N - 2)
    q = (information + s**2 / 4 - share * (squares - (total - s) ** 2 / (N - 2))) / (0.5 - share)
    apart_by = np.sqrt(2 * q - s**2)
    return sorted([(s - apart_by) / 2, (s + apart_by) / 2])


def broken(command, limits):
    """The rules that the first sum would break."""
    parsed = read_command(command)
    policy = Policy((), limits=limits)
    return {f.rule for f in policy.of_sample(Specification.of(parsed), sample_from_frame(FRAME, parsed))}


def test_two_persons_in_a_set_of_their_own_are_the_difference_of_two_fits():
    assert recovered() == pytest.approx([0.11, 0.34], abs=1e-7)


@pytest.mark.parametrize("profile", ["registry", "strict"])
def test_no_set_is_of_few_persons_unless_many_are(profile):
    assert broken(APART, PROFILES[profile]) == {"random_groups"}
    assert broken(WHOLE, PROFILES[profile]) == set()
    assert broken(APART, dataclasses.replace(PROFILES[profile], smallest_cell=0)) == set()
    pairs = FRAME.assign(pair=np.arange(N) // 2, y=np.resize([1.0, 0.0], N))
    parsed = read_command("clogit y dose, group(pair)")
    policy = Policy((), limits=PROFILES[profile])
    assert not policy.of_sample(Specification.of(parsed), sample_from_frame(pairs, parsed))
