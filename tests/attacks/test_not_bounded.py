"""What the gates do not bound: docs/threat-model.md says it, and this shows that it is so.

Covariates with few values, known to the attacker, and sums of sixteen digits: how often each possible row occurs is the
solution of linear equations. No beta in this needs to be a strange one.
"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from tests.attacks.attacker import REGISTRY, Attacker, solved_for, world
from tests.system.places import LBW

FRAME = pd.read_stata(LBW, convert_categoricals=False)[["low", "age", "smoke"]].sample(120, random_state=1).astype(int)
CELLS = np.array(list(itertools.product((0, 1), range(14, 46), (0, 1))), dtype=float)
TRUE = np.array([((cell == FRAME).all(axis=1)).sum() for cell in CELLS])


def singles(leaks):
    """Persons alone in their cell whom the attacker names, rightly; and those it names wrongly."""
    named = solved_for(leaks, CELLS) == 1
    return int((named & (TRUE == 1)).sum()), int((named & (TRUE != 1)).sum())


@pytest.fixture
def attacker(tmp_path):
    bench = world(tmp_path, FRAME, REGISTRY)
    yield Attacker(bench)
    bench.close()


def test_a_server_that_lies_solves_for_some_persons_with_all_guards_on(attacker):
    rng, count = np.random.default_rng(1), 0

    def choose(question):
        nonlocal count
        count += 1
        return rng.uniform(-0.7, 0.7, len(question.beta)) if count < 20 else None

    honest, _ = singles(attacker.fit("logit low age smoke", steer=False))
    leaks = attacker.fit("logit low age smoke", choose, steer=True)
    right, wrong = singles(leaks)
    assert attacker.refused == 0, "no beta of it is one that a node would refuse"
    assert right > max(honest, 2), "if this is 0 one day, docs/threat-model.md says too little of the node"
    assert right < (TRUE == 1).sum()
    assert wrong > 0
