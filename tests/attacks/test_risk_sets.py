"""Sums over those at risk at each failure time: what a server reads off them, and what keeps it from them."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from fedfolder.custody.limits import at_beta
from fedfolder.custody.policy_file import named
from fedfolder.errors import PolicyError
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.fit import fit
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.questions.risk_sums import RISK, RiskSums
from fedfolder.questions.specification import Specification
from fedfolder.questions.sums import add
from fedfolder.questions.time_effects import RiskTimeEffects, TimeEffects
from fedfolder.simulation.memory import require_allowed

RNG = np.random.default_rng(5)
PERSONS = pd.DataFrame(
    {
        "age": RNG.integers(40, 90, 120).astype(float),
        "dose": np.round(RNG.uniform(0, 10, 120), 1),
        "t": np.round(RNG.exponential(5.0, 120), 2) + 0.01,
        "d": (RNG.random(120) < 0.7).astype(float),
    }
)
OPEN = "stcox age dose, time(t) failure(d)"


def asked(command):
    """What one node is asked in a fit that it takes part in alone, with its sample."""
    parsed = read_command(command)
    sample = sample_from_frame(PERSONS, parsed)
    program = fit(Proposal(parsed, (("n", ""),)))
    question = next(program)
    found = [question][:0]
    while len(found) < 3:
        found.append(question)
        question = program.send((question, question.compute(sample)))
    return [*found, question], sample


def recovered(command):
    """Persons whose age and dose come out of the difference of the sums at two failure times that follow each other."""
    questions, sample = asked(command)
    risk = next((question for question in questions if isinstance(question, RiskSums)), None)
    if risk is None:
        return 0
    rows = list(risk.compute(sample).rows.values())
    centres, scales = (np.array(values) for values in (risk.design.centres, risk.design.scales))
    known = set(map(tuple, PERSONS[["age", "dose"]].to_numpy().tolist()))
    size = risk.columns.index(RISK)
    found = 0
    for before, after in itertools.pairwise(rows):
        left = np.array(before) - np.array(after)
        if round(left[size]) == 1:
            person = left[size + 1 : size + 3] / scales + centres
            found += tuple(np.round(person, 1).tolist()) in known
    return found


def test_a_person_who_leaves_between_two_failure_times_is_read_off_their_sums():
    """With the guard off: the profile open lets failure times leave."""
    require_allowed(named("open"), read_command(OPEN), {"n": sample_from_frame(PERSONS, read_command(OPEN))})
    assert recovered(OPEN) >= 30


@pytest.mark.parametrize("profile", ["registry", "strict"])
def test_no_person_is_where_no_failure_time_leaves(profile):
    sample = sample_from_frame(PERSONS, read_command(OPEN))
    with pytest.raises(PolicyError, match="strata"):
        require_allowed(named(profile), read_command(OPEN), {"n": sample, "m": sample, "o": sample})
    assert recovered(f"{OPEN} strata(_node)") == 0


def test_of_one_failure_a_test_of_proportional_hazards_tells_every_column(tmp_path):
    """The failures' sum of columns times g(t), at a site where one person fails; with the guard on, nothing leaves."""
    command = read_command(f"{OPEN} grid(8) phtest(rank)")
    alone = PERSONS.assign(d=np.arange(len(PERSONS)) == 7)
    parts = [sample_from_frame(frame, command) for frame in (alone, PERSONS)]
    program = fit(Proposal(command, (("n", ""), ("m", ""))))
    question = next(program)
    while not isinstance(question, RiskTimeEffects):
        question = program.send((question, add([question.compute(part) for part in parts])))
    score = np.array([s for (s,) in question.compute(parts[0]).rows.values()])
    baseline, g = question.specification.baseline, question.g
    assert baseline is not None
    assert g is not None
    place = next(k for k, time in enumerate(baseline.times) if time >= PERSONS.t[7])
    her = np.linalg.inv(question.design.unmixing()) @ (score / g[place])
    her = her / np.array(question.design.scales) + np.array(question.design.centres)
    np.testing.assert_allclose(her, PERSONS.loc[7, ["age", "dose"]].astype(float), atol=1e-6)
    policy = allowing(tmp_path)
    assert "events" in {finding.rule for finding in policy.of_sample(Specification.of(command), parts[0])}
    assert "events" not in {finding.rule for finding in policy.of_sample(Specification.of(command), parts[1])}


@pytest.mark.parametrize(("stretch", "rules"), [("t", []), ("exp(25*(t - 6))", ["leverage"])])
def test_no_test_of_proportional_hazards_is_of_the_last_failure_alone(stretch, rules):
    """Times that are stretched change nothing in Cox's model, and make g(t) of the last failure all that counts.

    Many are at risk up to one last time, so that no time by itself is the larger part of the variation of times.
    """
    rng = np.random.default_rng(1)
    failed, n = np.round(np.linspace(0.5, 5.8, 30), 2), 150
    frame = pd.DataFrame({"age": rng.uniform(40, 90, n).round(1), "dose": rng.uniform(0, 10, n).round(2)})
    frame = frame.assign(t=np.where(np.arange(n) < 30, np.resize(failed, n), 6.0), d=np.arange(n) < 30)
    command = read_command(f"generate u = {stretch}; stcox age dose, strata(_node) time(u) failure(d) phtest(time)")
    sample = sample_from_frame(frame, command)
    assert named("registry").of_sample(Specification.of(command), sample) == []
    program = fit(Proposal(command, (("n", ""),)))
    question = next(program)
    while not isinstance(question, TimeEffects):
        question = program.send((question, question.compute(sample)))
    back = np.linalg.inv(question.design.to_user())
    score = back.T @ question.parts(question.compute(sample))[0]
    apart = frame.loc[29, ["age", "dose"]].astype(float) - frame.loc[29:, ["age", "dose"]].mean()
    last = np.exp(25 * (failed[-1] - 6)) * apart.to_numpy()
    assert np.allclose(score, last, atol=0.05 * np.abs(last).max()) == bool(rules)
    assert [finding.rule for finding in at_beta(named("registry").limits, question, sample)] == rules
    assert at_beta(named("open").limits, question, sample) == []


def allowing(tmp_path):
    """The profile `registry`, with failure times allowed to leave."""
    path = tmp_path / "policy.toml"
    text = 'format = 1\nprofile = "registry"\n[approval]\nmode = "auto"\n[allowed]\nevent_times = true\n'
    path.write_text(text, encoding="utf-8")
    return named(str(path))


def test_no_interval_of_a_grid_holds_few_persons(tmp_path):
    """What leaves between two of its times is then at least as many as the limit says, or nobody."""
    policy, passed = allowing(tmp_path), []
    for grid in ("0.1", "1", "3", "8", "40"):
        command = read_command(f"{OPEN} grid({grid})")
        sample = sample_from_frame(PERSONS, command)
        rules = {finding.rule for finding in policy.of_sample(Specification.of(command), sample)}
        if "same_time" not in rules:
            passed.append(grid)
            assert recovered(str(command)) == 0
    assert passed
    assert "0.1" not in passed
