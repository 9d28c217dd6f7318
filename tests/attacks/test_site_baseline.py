"""A site's own baseline at times that lie close together: sums over those at risk at each failure, under its name.

Persons recovered: thirty and more of 120 with the guards off; none where between two times nobody fails, or enough do.
"""

from __future__ import annotations

import dataclasses
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
from fedfolder.questions.baseline_hazards import BaselineHazards
from fedfolder.questions.influence import influences
from fedfolder.questions.specification import Specification
from fedfolder.simulation.memory import require_allowed

RNG = np.random.default_rng(5)
PERSONS = pd.DataFrame(
    {
        "age": RNG.integers(40, 90, 120).astype(float),
        "dose": np.round(RNG.uniform(0, 10, 120), 1),
        "t": np.arange(1, 121) / 10.0,
        "d": (RNG.random(120) < 0.7).astype(float),
    }
)
OF = "stcox age dose, strata(_node) time(t) failure(d) basesurv({})"
CLOSE = OF.format(" ".join(f"{t:g}" for t in PERSONS["t"][:99]))
"""A time for each person: a second of three fits has the others."""


def sample_of(command):
    return sample_from_frame(PERSONS, read_command(command), node="north")


def asked(command, frame, person=None):
    """The question after the baseline, with its sample."""
    sample = sample_from_frame(frame, read_command(command), persons=person, node="north")
    program = fit(Proposal(read_command(command), (("north", ""),)))
    question = next(program)
    while not isinstance(question, BaselineHazards):
        question = program.send((question, question.compute(sample)))
    return question, sample


def recovered(command):
    """Persons whose age and dose come out of two rises that follow each other.

    A rise is 1 / S where one person fails, and beside it stands the mean: so S, and the sum of each column.
    """
    question, sample = asked(command, PERSONS)
    (rises,) = question.curves(question.compute(sample)).values()
    rises = rises[rises[:, 0] > 0]
    size = 1 / rises[:, :1]
    sums = np.hstack([size, rises[:, 2:] / rises[:, :1] * size])
    known, found = set(map(tuple, PERSONS[["age", "dose"]].to_numpy().tolist())), 0
    back, centres = np.linalg.inv(question.design.to_user()), np.array(question.design.centres)
    for before, after in itertools.pairwise(sums):
        left = before - after
        person = left[1:] / left[0] @ back + centres
        found += tuple(np.round(person, 1).tolist()) in known
    return found


def allowing(tmp_path, **limits):
    """The profile `registry`, with a site's own baseline allowed to leave."""
    path = tmp_path / "policy.toml"
    text = 'format = 1\nprofile = "registry"\n[approval]\nmode = "auto"\n[allowed]\nsite_baseline = true\n'
    path.write_text(text, encoding="utf-8")
    policy = named(str(path))
    return dataclasses.replace(policy, limits=dataclasses.replace(policy.limits, **limits))


def broken(policy, command):
    found = policy.of_sample(Specification.of(read_command(command)), sample_of(command))
    return {finding.rule for finding in found}


def test_who_fails_between_two_times_that_are_close_is_read_off(tmp_path):
    """With the guard off, whichever limits are on."""
    assert broken(allowing(tmp_path, events=0), CLOSE) == set()
    assert recovered(CLOSE) >= 30


def test_no_interval_of_a_site_s_own_baseline_holds_few_failures(tmp_path):
    policy = allowing(tmp_path)
    assert broken(policy, CLOSE) == {"baseline_events"}
    for times in ("3 6 9 12", "6", "2 4 6 8 10 12"):
        assert broken(policy, OF.format(times)) == set()
        assert recovered(OF.format(times)) == 0


def test_no_interval_of_a_site_s_own_baseline_is_about_the_last_who_is_at_risk(tmp_path):
    """Ten fail between two times, and the last of them alone: that rise is the larger part, and the mean is hers."""
    n, last = 120, 119
    early = (np.arange(n) < 9) | (np.arange(n) == last)
    frame = PERSONS.assign(t=np.where(early, 1 + np.arange(n) / n, 3.0), d=early * 1.0)
    frame.loc[last, "t"] = 5.0
    question, sample = asked(OF.format("6"), frame)
    ((rise,),) = question.curves(question.compute(sample)).values()
    mean = rise[2:] / rise[0] @ np.linalg.inv(question.design.to_user()) + np.array(question.design.centres)
    np.testing.assert_allclose(mean, frame.loc[last, ["age", "dose"]].astype(float), atol=2)
    assert allowing(tmp_path).of_sample(question.specification, sample) == []
    rules = [finding.rule for finding in at_beta(allowing(tmp_path).limits, question, sample)]
    assert rules == ["effective_size", "leverage"]
    assert at_beta(named("open").limits, question, sample) == []


@pytest.mark.parametrize("weight", ["", "[fw=w]", "[iw=w]"])
@pytest.mark.parametrize("person", [None, "pid"])
def test_what_a_rise_owes_to_a_person_is_what_is_defined(weight, person):
    """The sum of m r / S^2 over the failures at which a row is at risk, as its share of m / S."""
    more = {"w": 1.0 + np.arange(120) % 3, "pid": np.arange(120) // 2 * 1.0, "s": np.arange(120) % 2}
    frame = PERSONS.assign(**more, e=np.where(PERSONS.index % 5, 0.0, PERSONS["t"] / 2))
    command = f"stcox age dose {weight}, strata(_node s) time(t) entry(e) failure(d) basesurv(3 9)"
    question, sample = asked(command, frame, person)
    w = frame["w"].to_numpy() if weight else np.ones(120)
    r = w * np.exp(frame[["age", "dose"]].to_numpy() @ (question.design.to_user() @ question.beta))
    owner = frame["pid"].to_numpy(int) if person else np.arange(120)
    often = w if weight == "[fw=w]" and not person else np.ones(120)
    wanted = []
    for s, (low, high) in itertools.product((0, 1), ((0, 3), (3, 9))):
        each = np.zeros(120)
        for k in np.flatnonzero((frame["s"] == s) & (frame["d"] == 1) & (frame["t"] > low) & (frame["t"] <= high)):
            t = frame["t"][k]
            here = (frame["s"] == s) & (frame["t"] >= t) & (frame["e"] < t)
            each += np.where(here, w[k] * r / r[here].sum() ** 2, 0.0)
        size = np.bincount(owner, each / often)
        times = np.ones(len(size)) if person else often
        wanted.append(((times * size).sum() ** 2 / (times * size**2).sum(), size.max() / (times * size).sum()))
    found = [(part.effective, part.leverage) for words, part in influences(question, sample) if words]
    np.testing.assert_allclose(sorted(found), sorted(wanted), rtol=1e-9)


@pytest.mark.parametrize("profile", ["registry", "strict"])
def test_no_site_s_own_baseline_leaves_unless_its_policy_says_so(profile):
    command = read_command(OF.format("6"))
    sample = sample_of(str(command))
    with pytest.raises(PolicyError, match="own survival curve"):
        require_allowed(named(profile), command, {"n": sample, "m": sample, "o": sample})
    require_allowed(named("open"), command, {"n": sample})
