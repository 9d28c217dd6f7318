"""One person moved from a stratum, a matched set or a cluster to another: two fits of the same rows show that person.

Persons recovered: none under the profiles `registry` and `strict`; without comparing who stands with whom, one.
"""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from fedfolder.custody.approval import Attempt
from fedfolder.custody.groupings import moved
from fedfolder.custody.ledger import Ledger
from fedfolder.custody.profiles import PROFILES
from fedfolder.custody.row_sets import GROUPS
from fedfolder.exchange.journal import Journal
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.proposal import read_command
from fedfolder.questions.compute import contribution
from fedfolder.questions.design import Design
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.specification import Specification
from tests.exchange.helpers import clock

RNG = np.random.default_rng(3)
N = 120
FRAME = pd.DataFrame(
    {
        "dose": np.round(RNG.uniform(0, 10, N), 2),
        "t": [0.5, *np.sort(np.round(RNG.uniform(1, 9, N - 1), 3))],
        "d": [1.0, *(RNG.random(N - 1) < 0.6)],
        "ward": RNG.integers(0, 2, N).astype(float),
        "pair": np.arange(N) // 4.0,
    }
)
FRAME["ward2"] = np.where(FRAME.index == 0, 1 - FRAME.ward, FRAME.ward)
FRAME["pair2"] = np.where(FRAME.index == 5, 2.0, FRAME.pair)
FRAME["half"] = np.where(FRAME.index % 2, FRAME.ward, FRAME.pair)
STRATA = "stcox dose, strata(_node {}) time(t) failure(d)"
USES = [
    (STRATA, "ward"),
    ("stcox dose, strata({}) time(t) failure(d)", "ward"),
    ("stcox dose, strata(_node) time(t) failure(d) vce(cluster {})", "pair"),
    ("logit d dose t, vce(cluster {})", "pair"),
    ("clogit d dose t, group({})", "pair"),
    ("melogit d dose t || {}:", "pair"),
]


def score(command):
    """The score at a coefficient of zero, in the units of the data."""
    parsed = read_command(command)
    design = Design(("dose",), constant=False, centres=(0.0,), scales=(1.0,), mixing=((0.0,),), rescaling=(1.0,))
    question = Evaluation(Specification.of(parsed), design, np.zeros(1), np.zeros(1))
    return float(contribution(question, sample_from_frame(FRAME, parsed)).score[0])


def test_who_fails_first_and_is_moved_is_the_difference_of_two_scores():
    """She is compared with another ward: its doses, and how many there are, are in any fit by wards."""
    before, after = (FRAME[FRAME.ward == w] for w in (FRAME.ward[0], 1 - FRAME.ward[0]))
    mean = before.dose.mean() - (score(STRATA.format("ward2")) - score(STRATA.format("ward")))
    assert mean * (len(after) + 1) - after.dose.sum() == pytest.approx(FRAME.dose[0], abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_those_who_were_moved_are_found_whatever_groups_are_called(seed):
    rng = np.random.default_rng(seed)
    before = np.repeat(np.arange(6), 20)
    who = rng.choice(len(before), 4, replace=False)
    after = before.copy()
    after[who] = (after[who] + rng.integers(1, 6, len(who))) % 6
    after = rng.permutation(6)[after]
    packed = [[np.packbits((codes + 1) >> digit & 1) for digit in range(3)] for codes in (before, after)]
    assert np.flatnonzero(np.unpackbits(moved(*packed))).tolist() == sorted(who.tolist())


def rules(ledger, number, command):
    """What a person must look at; the fit is answered all the same."""
    parsed = read_command(command)
    columns = {name: FRAME[name].to_numpy() for name in parsed.sources}
    attempt = Attempt(number, 1, f"proposal of {number}")
    seen = ledger.seen(columns, parsed, sample_from_frame(FRAME, parsed))
    found = ledger.concerns(attempt, seen)
    ledger.admit(attempt, seen)
    return [finding.rule for finding in found]


@pytest.mark.parametrize(("command", "by"), USES)
@pytest.mark.parametrize("profile", ["registry", "strict", "open"])
def test_who_stands_with_whom_is_compared_with_earlier_fits(tmp_path, profile, command, by):
    with closing(Journal(tmp_path / "journal.sqlite3", clock=clock)) as journal:
        ledger = Ledger(journal, PROFILES[profile])
        assert rules(ledger, 1, command.format(by)) == []
        # Other groups altogether, and the same under other names, are no concern.
        assert rules(ledger, 2, command.format("half")) == []
        assert rules(ledger, 3, f"generate other = 70 - {by}; " + command.format("other")) == []
        assert rules(ledger, 4, command.format(f"{by}2")) == ["differing_rows"] * (profile != "open")
        kinds = {kind for (kind,) in journal.rows("SELECT DISTINCT kind FROM parts WHERE kind = ?", GROUPS)}
        assert kinds == {GROUPS}


def test_a_robust_variance_and_clusters_of_two_are_compared(tmp_path):
    """Products of scores that differ by one pair are that pair's."""
    FRAME["household"] = np.where(FRAME.index == 7, 6, FRAME.index)
    with closing(Journal(tmp_path / "journal.sqlite3", clock=clock)) as journal:
        ledger = Ledger(journal, PROFILES["registry"])
        assert rules(ledger, 1, "logit d dose, vce(robust)") == []
        assert rules(ledger, 2, "logit d dose t, vce(cluster pair)") == []
        assert rules(ledger, 3, "logit d dose, vce(cluster household)") == ["differing_rows"]
