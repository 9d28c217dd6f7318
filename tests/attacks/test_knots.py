"""Knots chosen around one person's time: a spline beyond a knot is a column of whoever is beyond it.

Persons whose time is recovered: none under the profiles `registry` and `strict`; without these rules, one.
"""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from fedfolder import simulate
from fedfolder.custody.approval import Attempt
from fedfolder.custody.desk import Desk
from fedfolder.custody.ledger import Ledger
from fedfolder.custody.policy import Policy
from fedfolder.custody.profiles import PROFILES
from fedfolder.errors import PolicyError
from fedfolder.exchange.journal import Journal
from fedfolder.node.data import sample_from_frame
from fedfolder.node.preview import preview
from fedfolder.plan.proposal import read_command
from fedfolder.questions.event_groups import BOTTOM, FINENESS, LEAST_EVENTS, TOP, EventGroups, edges_of
from fedfolder.questions.moments import Moments
from fedfolder.questions.specification import Specification
from fedfolder.questions.splines import Curve
from fedfolder.server.preflight import preflight
from tests.exchange.helpers import clock
from tests.node.places import Bench

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


EARLY = FRAME.assign(t=np.where(FRAME.index == N - 1, 1e-6, FRAME.t))


@pytest.mark.parametrize("early", [True, False])
def test_a_simulation_a_preflight_and_a_preview_put_knots_where_events_do(tmp_path, early):
    """One person ends long before all others: the logarithm of time goes through her, once there are splines."""
    frame = EARLY if early else FRAME.assign(t=np.where(FRAME.t > 6, 5.0, FRAME.t))
    parts = [frame, FRAME.assign(t=np.where(FRAME.t > 6, 5.0, FRAME.t)), FRAME.iloc[: N // 2]]
    expected = {"largest_share", "leverage"} if early else set()
    if early:
        with pytest.raises(PolicyError) as refused:
            simulate(BY_DF, parts, policy="registry")
        assert refused.value.rule in expected
    else:
        assert simulate(BY_DF, parts, policy="registry").status == "converged"
    files = {}
    for name, part in zip(("north", "south", "west"), parts, strict=True):
        files[name] = tmp_path / f"{name}.csv"
        part.to_csv(files[name], index=False)
    bench = Bench(tmp_path / "study").open(files)
    page = bench.folder / "north" / "policy.toml"
    text = page.read_text(encoding="utf-8").replace("profile = 'open'", "profile = 'registry'")
    page.write_text(text, encoding="utf-8", newline="\n")
    assert {finding.rule for finding in preview(bench.home("north"), BY_DF)} == expected
    bench.wake("north")
    asked = preflight(bench.study.path, BY_DF, timeout=20.0, idle=bench.work)
    assert {refusal.rule for site in asked.sites for refusal in site.refusals if not refusal.by_person} == expected
    bench.close()


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


STRETCHED = "generate s = (t/3)^200; stpm2 age, scale(hazard) df(3) time(s) failure(d)"


def in_turn(times):
    """The guard off: groups that are closed with each tenth event, whose edges are its time, rounded up."""
    cells = np.sort(np.ceil(FINENESS * 200 * np.log2(times / 3)))
    return cells[LEAST_EVENTS - 1 :: LEAST_EVENTS]


def as_time(edge):
    return 3.0 * 2.0 ** (edge / FINENESS / 200)


def elsewhere(edges, low, high):
    """The stretched times of persons, each moved within the smallest cell whose count matters, by halving the grid."""
    inside = edges[(edges > low) & (edges <= high)]
    if len(inside) < LEAST_EVENTS or high - low < 2:
        return dict.fromkeys(inside, (low, high))
    middle = (low + high) // 2
    halves = [(low, middle), (middle, high)]
    if all(((edges > a) & (edges <= b)).sum() < LEAST_EVENTS for a, b in halves):
        return dict.fromkeys(inside, (low, high))
    return {edge: cell for half in halves for edge, cell in elsewhere(edges, *half).items()}


def test_a_time_that_is_stretched_tells_no_event_nearer():
    """The grid is as fine as one likes, and follows from no person: all may be elsewhere, with the same answer."""
    command = read_command(STRETCHED)
    failed = FRAME.d == 1
    tenths = np.sort(FRAME.t[failed])[LEAST_EVENTS - 1 :: LEAST_EVENTS]
    np.testing.assert_allclose(as_time(in_turn(FRAME.t[failed])), tenths, rtol=1e-4)
    asked = EventGroups(Specification.of(command))
    groups = asked.compute(sample_from_frame(FRAME, command)).rows
    assert len(groups) > 5
    edges = np.ceil(FINENESS * 200 * np.log2(FRAME.t / 3))
    cells = elsewhere(edges[failed].to_numpy(), BOTTOM, TOP)
    rng, away = np.random.default_rng(1), []
    for _ in range(5):
        moved = [
            rng.integers(max(cells[at][0], edges.min()), min(cells[at][1], edges.max())) + 1 for at in edges[failed]
        ]
        frame = FRAME.copy()
        frame.loc[failed, "t"] = as_time(np.array(moved) - 0.5)
        assert asked.compute(sample_from_frame(frame, command)).rows == groups
        away.append(np.abs(np.log(frame.t[failed] / FRAME.t[failed])))
    furthest = np.max(away, axis=0)
    assert furthest.min() > 1e-3
    assert np.median(furthest) > 0.03


# -- knots that were found, on both sides of a person ------------------------------------------------------------------


def remembered(ledger, number, command, knots, frame=FRAME):
    """What a person must look at once knots are found, and the attempt is noted."""
    parsed = read_command(command)
    sample = sample_from_frame(frame, parsed)
    attempt = Attempt(number, 1, f"proposal of {number}")
    columns = {name: frame[name].to_numpy() for name in parsed.sources}
    seen = ledger.with_knots(
        ledger.seen(columns, parsed, sample), of_knots(command, knots).specification.splines, sample
    )
    found = ledger.concerns_of_knots(attempt, seen)
    ledger.admit(attempt, seen)
    return [finding.rule for finding in found]


GAP = FRAME.assign(t=np.where(FRAME.t.between(2.0, 2.3), 1.9, FRAME.t))
GAP.loc[0, ["t", "d"]] = 2.05, 0.0
ABOVE = (2.1, 2.15, 2.2, 2.25)


def sum_of_cubes(knot):
    """Of x - k over those beyond a knot k, less what is known of the ends: the sum of a fit's second column."""
    command = read_command(BY_DF.replace("df(3)", "df(2)"))
    (spline,) = command.splines
    question = Moments(Specification.of(command).with_knots((Curve(spline, (0.6, knot, 5.4)),)))
    found = question.compute(sample_from_frame(GAP, command))
    return found.rows[("_rcs2",)][0]


def test_knots_on_both_sides_of_a_person_are_that_persons_time(tmp_path):
    """Beyond knots in a gap the sum is a cubic in the knot, which four fits give; a fifth differs by one person."""
    at = np.log([*ABOVE, 2.0])
    sums = np.array([sum_of_cubes(float(np.exp(x))) for x in at])
    # The share of the cubes beyond the ends changes with the knot in a straight line, and goes into the polynomial.
    expected = np.polyval(np.linalg.solve(np.vander(at[:4], 4), sums[:4]), at[4])
    assert np.exp(at[4] + np.cbrt(sums[4] - expected)) == pytest.approx(2.05, abs=1e-4)
    command = BY_DF.replace("df(3)", "df(2)")
    for limits, waits in ((PROFILES["registry"], ["differing_rows"]), (PROFILES["open"], [])):
        with closing(Journal(tmp_path / f"{len(waits)}.sqlite3", clock=clock)) as journal:
            ledger = Ledger(journal, limits)
            for number, knot in enumerate(ABOVE, start=1):
                assert remembered(ledger, number, command, (0.6, knot, 5.4), GAP) == []
            assert remembered(ledger, 5, command, (0.6, 2.0, 5.4), GAP) == waits
            assert remembered(ledger, 6, command, (0.6, 4.0, 5.4), GAP) == []


def up_to_edges(factor):
    """The rows of the events up to each edge, with time in other units."""
    command = read_command(STRETCHED.replace("(t/3)^200", f"t*{factor}"))
    asked = EventGroups(Specification.of(command))
    return command, [set(np.flatnonzero(mask)) for _, mask in asked.up_to(sample_from_frame(FRAME, command))]


def test_counts_of_events_up_to_edges_that_a_few_lie_between_wait_for_a_person(tmp_path):
    """Time in other units moves the grid: two counts would tell when somebody failed."""
    usual, first = up_to_edges(1.0)
    columns, waited = {name: FRAME[name].to_numpy() for name in ("age", "t", "d")}, []
    for factor in (1.01, 1.2, 1.4, 2.0):
        command, second = up_to_edges(factor)
        differing = {len(one ^ other) for one in first for other in second}
        with closing(Journal(tmp_path / f"{factor}.sqlite3", clock=clock)) as journal:
            ledger = Ledger(journal, PROFILES["registry"])
            ledger.admit(Attempt(1, 1, "one"), ledger.seen(columns, usual, sample_from_frame(FRAME, usual)))
            seen = ledger.seen(columns, command, sample_from_frame(FRAME, command))
            waited.append(bool(ledger.concerns(Attempt(2, 1, "two"), seen)))
        assert waited[-1] == any(0 < number < PROFILES["registry"].differing_rows for number in differing)
    assert set(waited) == {True, False}


@pytest.mark.parametrize("counted_first", [True, False])
def test_rows_up_to_a_time_that_is_a_few_events_from_an_edge_wait_for_a_person(tmp_path, counted_first):
    """How many failed up to an edge, and how many up to another time, tell when somebody failed."""
    usual, edges = up_to_edges(1.0)
    failed = np.sort(FRAME.loc[FRAME["d"] == 1, "t"])
    columns, waited = {name: FRAME[name].to_numpy() for name in ("age", "t", "d")}, []
    for number in range(20, 45, 3):
        up_to = read_command(f"streg age if t <= {failed[number]}, distribution(weibull) time(t) failure(d)")
        commands = (usual, up_to) if counted_first else (up_to, usual)
        apart = {len(edge ^ set(FRAME.index[(FRAME["d"] == 1) & (FRAME["t"] <= failed[number])])) for edge in edges}
        with closing(Journal(tmp_path / f"{number}.sqlite3", clock=clock)) as journal:
            ledger = Ledger(journal, PROFILES["registry"])
            seen = [ledger.seen(columns, command, sample_from_frame(FRAME, command)) for command in commands]
            ledger.admit(Attempt(1, 1, "one"), seen[0])
            waited.append(bool(ledger.concerns(Attempt(2, 1, "two"), seen[1])))
        assert waited[-1] == any(0 < few < PROFILES["registry"].differing_rows for few in apart)
    assert set(waited) == {True, False}
