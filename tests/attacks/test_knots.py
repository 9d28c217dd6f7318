"""Knots chosen around one person's time: a spline beyond a knot is a column of whoever is beyond it.

Persons whose time is recovered: none under the profiles `registry` and `strict`; without these rules, one.
"""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from fedfolder.custody.approval import Attempt
from fedfolder.custody.desk import Desk
from fedfolder.custody.policy import Policy
from fedfolder.custody.profiles import PROFILES
from fedfolder.errors import PolicyError
from fedfolder.exchange.journal import Journal
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.proposal import read_command
from fedfolder.questions.event_groups import FINENESS, LEAST_EVENTS, EventGroups, edges_of
from fedfolder.questions.moments import Moments
from fedfolder.questions.specification import Specification
from fedfolder.questions.splines import Curve
from tests.exchange.helpers import clock

RNG = np.random.default_rng(8)
N, LAST = 300, 9.1375
FRAME = pd.DataFrame(
    {
        "age": RNG.integers(40, 90, N).astype(float),
        "t": [*np.round(RNG.uniform(0.3, 6.0, N - 1), 3), LAST],
        "d": (RNG.random(N) < 0.6).astype(float),
    }
)
AROUND, BEYOND, ENDS = 7.0, 12.0, (0.2, 20.0)
COMMAND = "stpm2 age, scale(hazard) {} noorthog time(t) failure(d)"
ATTACK = COMMAND.format(f"knots({AROUND} {BEYOND}) bknots({ENDS[0]} {ENDS[1]})")
USUAL = COMMAND.format("knots(1 2.5) bknots(0.2 8)")


def recovered():
    """The longest time, solved from the sums of two columns of splines that differ beyond one knot alone."""
    specification = Specification.of(read_command(ATTACK))
    found = Moments(specification).compute(sample_from_frame(FRAME, specification.command))
    first, last = np.log(ENDS)
    one, other = ((last - np.log(knot)) / (last - first) for knot in (AROUND, BEYOND))
    sums = {label: values[0] for (label,), values in found.rows.items()}
    cube = sums["_rcs2"] - one / other * sums["_rcs3"]
    return float(np.exp(np.log(AROUND) + np.cbrt(cube)))


def broken(command, profile):
    parsed = read_command(command)
    policy = Policy((), limits=PROFILES[profile])
    return {f.rule for f in policy.of_sample(Specification.of(parsed), sample_from_frame(FRAME, parsed))}


def test_the_longest_time_is_solved_from_the_sums_of_two_columns():
    assert recovered() == pytest.approx(LAST, abs=1e-6)
    assert broken(ATTACK, "open") == set()


@pytest.mark.parametrize("profile", ["registry", "strict"])
def test_splines_are_columns_to_the_rules(profile):
    assert "leverage" in broken(ATTACK, profile)
    assert broken(USUAL, profile) == set()


# -- knots that follow from what was published, of which a server can lie about the others' part -----------------------

BY_DF = COMMAND.format("df(3)")


def of_knots(command, knots):
    """The question for moments of a fit whose knots were found."""
    specification = Specification.of(read_command(command))
    (spline,) = specification.command.splines
    return Moments(specification.with_knots((Curve(spline, knots),)))


@pytest.mark.parametrize("profile", ["registry", "strict"])
def test_knots_that_were_found_are_looked_at_as_well(tmp_path, profile):
    sample = sample_from_frame(FRAME, read_command(BY_DF))
    with closing(Journal(tmp_path / "journal.sqlite3", clock=clock)) as journal:
        desk = Desk(journal, Policy((), limits=PROFILES[profile]))
        desk.weigh(Attempt(1, 1, "p"), of_knots(BY_DF, (0.4, 1.5, 3.0, 5.9)), sample)
        with pytest.raises(PolicyError) as refused:
            desk.weigh(Attempt(1, 1, "p"), of_knots(BY_DF, (ENDS[0], AROUND, BEYOND, ENDS[1])), sample)
    assert refused.value.rule == "leverage"


@pytest.mark.parametrize("profile", ["registry", "strict"])
def test_splines_are_parameters_to_the_rules(profile):
    """Fifty persons, and more columns than a policy lets so few have."""
    limits, few = PROFILES[profile], FRAME.iloc[:55]
    for knots in ("df(10)", f"knots({' '.join(map(str, np.linspace(1, 5, 9)))}) bknots(0.4 5.9)"):
        command = read_command(COMMAND.format(knots))
        found = Policy((), limits=limits).of_sample(Specification.of(command), sample_from_frame(few, command))
        assert "parameters_per_person" in {f.rule for f in found}


# -- counts of events by their times -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("weights", "whose"), [("[fw=w] ", ""), ("", " id(p)")])
def test_a_group_of_events_is_of_ten_persons(weights, whose):
    """However much a row weighs, and however many of the rows are one person's."""
    frame = FRAME.assign(w=12.0, p=np.arange(N) // 12)
    command = read_command(f"stpm2 age {weights}, scale(hazard) df(3) time(t) failure(d){whose}")
    sample = sample_from_frame(frame, command)
    groups = EventGroups(Specification.of(command)).compute(sample)
    at = FINENESS * np.log2(frame.t)
    for low, high in (edges_of(labels) for labels in groups.rows):
        inside = (at > low) & (at <= high) & (frame.d == 1)
        assert (frame.p[inside].nunique() if whose else inside.sum()) >= LEAST_EVENTS
    assert len(groups.rows) > 1


def test_a_time_that_is_stretched_tells_each_tenth_event_nearer():
    """Not bounded: docs/threat-model.md says it. With a time that is taken as it is, an edge is 1.1 % from the next."""
    command = read_command("generate s = (t/3)^200; stpm2 age, scale(hazard) df(3) time(s) failure(d)")
    groups = EventGroups(Specification.of(command)).compute(sample_from_frame(FRAME, command))
    (_, edge), *_ = sorted(edges_of(labels) for labels in groups.rows)
    tenth = FRAME.t[FRAME.d == 1].nsmallest(LEAST_EVENTS).max()
    assert 3.0 * 2.0 ** (edge / FINENESS / 200) == pytest.approx(tenth, rel=1e-4)
