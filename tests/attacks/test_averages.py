"""Average survival at a time at which one person alone is left: what a server reads off it, and what keeps it from it.

At a late time S = exp(-H) of whoever has the lowest hazard exceeds that of all others together by any factor. The
gradient is then that person's row. Persons recovered: none under the profiles `registry` and `strict`; without the
guard, one for each such time.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from fedfolder.custody.limits import at_beta
from fedfolder.custody.profiles import PROFILES
from fedfolder.errors import PolicyError
from fedfolder.exchange.journal import OUT
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.proposal import read_command
from fedfolder.questions.specification import Specification
from fedfolder.questions.standardised import Standardised
from fedfolder.simulation.memory import require_allowed
from tests.attacks.attacker import OPEN, REGISTRY, VICTIM, Attacker, alone, in_user_units, recovered, world
from tests.questions.asking import averaging

RNG = np.random.default_rng(4)
N = 150
FRAME = pd.DataFrame({"age": RNG.integers(40, 90, N).astype(float), "dose": np.round(RNG.uniform(0, 10, N), 2)})
HAZARD = 0.05 * np.exp(0.04 * (FRAME["age"] - 60) + 0.2 * FRAME["dose"])
FRAME["t"] = np.round(RNG.exponential(1 / HAZARD), 3) + 0.001
FRAME["d"] = (FRAME["t"] < 5).astype(float)
FRAME["t"] = FRAME["t"].clip(upper=5)
COLUMNS = ["age", "dose"]
COMMAND = "streg age dose, distribution(exponential) time(t) failure(d) standsurv({})"
LATE, USUAL = "10000", "1 2 4"
"""Times at which the hazards of nobody, and of everybody, have done their work."""


def read_off(question, sums):
    """Rows (p,): of an exponential model a gradient is a sum of multiples of rows, whose constant is 1."""
    gradients = [np.array(values[1:]) for values in sums.rows.values()]
    return [in_user_units(question, g / g[-1]) for g in gradients if g[-1]]


def attack(folder, policy, times):
    """An honest fit whose command has the times: how many persons come out of the victim's answers; its refusals."""
    bench = world(folder, FRAME, policy)
    try:
        leaks = Attacker(bench).fit(COMMAND.format(times))
        found = [leak for leak in leaks if isinstance(leak.question, Standardised)]
        refused = [h for h in bench.nodes[VICTIM].journal.headers("server", OUT) if h.kind == "refusal"]
        rows = [row for leak in found for row in read_off(leak.question, leak.sums)]
        return len(found), recovered(rows, FRAME, COLUMNS), [h.body["code"] for h in refused]
    finally:
        bench.close()


def test_at_a_late_time_the_one_who_is_left_is_read_off_with_the_guard_off(tmp_path):
    assert attack(tmp_path, OPEN, LATE) == (1, 1, [])


def test_at_a_late_time_nothing_leaves(tmp_path):
    assert attack(tmp_path, REGISTRY, LATE) == (0, 0, ["Policy"])


def test_at_usual_times_averages_leave_and_are_of_nobody(tmp_path):
    assert attack(tmp_path, REGISTRY, USUAL) == (1, 0, [])


# -- each of what is looked at is needed -------------------------------------------------------------------------------


def steep(halves, middle):
    """A beta of the attacker's choice at which some have died for sure, others survived for sure, and one is between.

    Parameters
    ----------
    halves : (float, float)
        Logarithms of cumulative hazards of the halves with the lower and with the higher ages.
    middle : float
        That of the one whose age is between.
    """
    age = np.sort(np.where(np.arange(N) < N // 2, 40.0, 80.0))
    frame = FRAME.assign(age=age)
    frame.loc[N // 2, "age"] = 60.0
    question, sample, _ = averaging(COMMAND.format("1"), frame)
    low, high = halves
    slope = (high - low) / 40.0
    # The eccentric age of one, and a trace of dose, which makes a row of it.
    wanted = np.array([slope, 1e-9, middle - 60.0 * slope])
    beta = np.linalg.solve(question.design.to_user(), wanted)
    return dataclasses.replace(question, beta=beta), sample, frame


CASES = {
    "one is left": ((50.0, 60.0), None),
    "one has died": ((-90.0, -60.0), None),
    "one is between those who have died and those who have not": ((-60.0, 60.0), 0.0),
}


def one_alone(name):
    """A question at which one row is all that a gradient is made of, the sample, and that row."""
    (low, high), middle = CASES[name]
    if middle is not None:
        return steep((low, high), middle)
    age = np.full(N, 80.0 if name == "one is left" else 40.0)
    age[7] = 40.0 if name == "one is left" else 80.0
    frame = FRAME.assign(age=age + np.arange(N) % 2 * 1e-3)
    question, sample, _ = averaging(COMMAND.format("1"), frame)
    slope = 5.0 / 40.0 if name == "one is left" else 60.0 / 40.0
    constant = -80.0 * slope + (5.0 if name == "one is left" else -30.0)
    beta = np.linalg.solve(question.design.to_user(), np.array([slope, 0.0, constant]))
    return dataclasses.replace(question, beta=beta), sample, frame


@pytest.mark.parametrize("name", CASES)
def test_where_one_person_is_all_that_a_gradient_is_made_of_nothing_leaves(name):
    question, sample, frame = one_alone(name)
    assert recovered(read_off(question, question.compute(sample)), frame, COLUMNS) == 1
    assert at_beta(PROFILES["open"], question, sample) == []
    for guard in ("effective_size", "effective_share", "leverage"):
        (finding,) = at_beta(alone(guard).limits, question, sample)
        assert finding.rule == ("leverage" if guard == "leverage" else "effective_size")
        assert "average survival at time 1, as they are" in finding.says


@pytest.mark.parametrize("steep", [1e7, -1e7])
@pytest.mark.parametrize("usual", ["", "*(dose>3)"])
def test_no_average_counts_who_is_below_a_threshold(steep, usual):
    """A value that no row has, of a term that is multiplied: with all limits on but this, two thresholds find a person.

    Derivatives vanish, but for those who have no part in the product.
    """
    frame = FRAME.assign(x=RNG.normal(size=N).round(2))
    command = "generate z = (age - 57.5){}; streg c.x#c.z dose, distribution(exponential) time(t) failure(d) "
    question, sample, _ = averaging(command.format(usual) + f"standsurv(1) at1(x {steep})", frame)
    ((survival, *_),) = question.compute(sample).rows.values()
    low = frame["age"] < 57.5
    counts = {int(side.sum()) for side in (low, ~low)} if not usual else set()
    assert not counts or round(survival, 9) in counts
    assert at_beta(PROFILES["open"], question, sample) == []
    assert "effective_size" in {finding.rule for finding in at_beta(REGISTRY.limits, question, sample)}


def test_the_first_time_that_is_too_much_is_named_and_no_other():
    question, sample, _ = averaging(COMMAND.format("2 10000 10001"), FRAME)
    finding, *others = at_beta(PROFILES["registry"], question, sample)
    assert "at time 10000, as they are" in finding.says
    assert all("10001" not in other.says for other in others)


def test_more_numbers_than_persons_are_too_many():
    """Seven times, six patterns, and three parameters: as many equations as would solve for every person."""
    patterns = " ".join(f"at{k}(dose {k})" for k in range(1, 7))
    command = read_command(COMMAND.format("1 2 3 4 5 6 7") + f" {patterns}")
    sample = sample_from_frame(FRAME, command)
    require_allowed(OPEN, command, {"n": sample})
    with pytest.raises(PolicyError, match="more than 1 numbers of standsurv"):
        require_allowed(REGISTRY, command, dict.fromkeys("nmo", sample))
    rules = [finding.rule for finding in REGISTRY.of_sample(Specification.of(command), sample)]
    assert rules == ["averages_per_person"]


# -- what no guard bounds ---------------------------------------------------------------------------------------------


def test_averages_at_many_times_are_solved_for_how_many_persons_have_each_of_few_values():
    """With every guard on: S of a row is one of as many functions of time as the number has values."""
    frame = FRAME.assign(dose=np.minimum(np.floor(FRAME["dose"]), 7.0))
    frame.loc[3, "dose"] = 8.0
    times = " ".join(f"{time:.3g}" for time in np.geomspace(0.5, 20, 12))
    question, sample, _ = averaging(COMMAND.format(times) + " at1(age 60)", frame)
    assert REGISTRY.of_sample(question.specification, sample) == []
    assert at_beta(REGISTRY.limits, question, sample) == []
    slopes, values = question.design.to_user() @ question.beta, np.arange(9.0)
    hazard = np.exp(np.column_stack([np.full(9, 60.0), values, np.ones(9)]) @ slopes)
    equations, known = [np.ones(9)], [float(N)]
    for (_, time), (survival, *gradient) in question.compute(sample).rows.items():
        by_value = np.exp(-float(time) * hazard)
        weights = -by_value * float(time) * hazard
        g = np.linalg.solve(question.design.to_user().T, gradient)
        equations += [by_value, weights * values, weights]
        known += [survival, g[1], g[2]]
    counts = np.linalg.lstsq(np.array(equations), np.array(known))[0].round().tolist()
    np.testing.assert_array_equal(counts, [(frame["dose"] == value).sum() for value in values])
    assert counts[8] == 1, "the one person with the highest dose"
