"""Attacks through what is asked for, rather than where: a careless analyst's commands, or a malicious one's.

Rows recovered: none under the profile `registry`; with the guard off, some.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fedfolder.custody.profiles import PROFILES
from fedfolder.exchange.journal import OUT
from fedfolder.node.loop import Node
from tests.attacks.attacker import (
    OPEN,
    REGISTRY,
    VICTIM,
    Attacker,
    alone,
    means_of_cells,
    recovered,
    the_one_event,
    without,
    world,
)
from tests.attacks.test_beta import COLUMNS, FRAME, N

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from tests.attacks.attacker import Leak
    from tests.node.places import Bench

OLDEST = FRAME["age"].idxmax()
SECOND = FRAME["age"].drop(OLDEST).max()
ONE = FRAME.assign(
    rare=(FRAME.index == 7).astype(int),
    half=(np.arange(N) % 2).astype(int),
    few=((np.arange(N) % 2 == 0) & (np.arange(N) % 40 == 8) | (np.arange(N) % 2 == 1) & (np.arange(N) % 4 == 3)).astype(
        int
    ),
    far=np.where(FRAME.index == 7, 1e4, FRAME["age"]),
    visits=1,
    id=np.arange(N),
)
PERSONS = ONE.loc[ONE.index.repeat(np.where(ONE.index == 7, 12, 1))].reset_index(drop=True)
"""One person has twelve rows, all alike."""
FULL = ONE.iloc[:60].assign(a=np.arange(60) // 10, b=np.arange(60) % 10)
"""Sixty persons, one in each cell of two variables."""
EVENT = ONE.assign(low=(ONE.index == 7).astype(int))
"""One event."""


@pytest.fixture
def attacker(tmp_path):
    benches: list[Bench] = []

    def make(policy, frame=ONE):
        bench = world(tmp_path / str(len(benches)), frame, policy)
        benches.append(bench)
        return Attacker(bench)

    yield make
    for bench in benches:
        bench.close()


def refused_by(attacker):
    """The rules by which the victim has refused."""
    headers = attacker.bench.nodes[VICTIM].journal.headers("server", OUT)
    return [header.body.get("rule", header.body["code"]) for header in headers if header.kind == "refusal"]


def left(attacker):
    """The fits of which sums have left the victim, by its journal, its own copies and the share."""
    bench = attacker.bench
    headers = bench.nodes[VICTIM].journal.headers("server", OUT)
    fits = {header.fit for header in headers if header.kind == "sums"}
    folders = (bench.folder / VICTIM, bench.folder / "exchange" / "lbw" / VICTIM / "to-server")
    files = [path.name for folder in folders for path in folder.rglob("*-sums*")]
    assert {int(name.split("-fit")[1].split("-")[0]) for name in files} <= fits
    return fits


# -- one command ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ask:
    """A command that would show persons, how they are read off, and the limits any one of which is in its way."""

    command: str
    guards: tuple[str, ...]
    frame: pd.DataFrame = field(default_factory=lambda: ONE)
    read: Callable[[list[Leak]], list[np.ndarray]] = means_of_cells

    def recovered(self, attacker):
        """Persons whose age and weight come out, of the first derivatives that are answered."""
        leaks = attacker.fit(self.command, most=2)
        if len(leaks) < 2:
            return 0
        columns = leaks[1].question.design.columns
        places = [columns.index(name) for name in COLUMNS[:2]]
        # The data have one decimal.
        rows = [np.round(row[places], 1) for row in self.read(leaks)]
        return recovered(rows, self.frame, COLUMNS[:2])


ASKS = {
    "a column of one person": Ask("logit low age lwt rare", ("smallest_cell", "leverage", "differing_rows")),
    "a joint cell": Ask("logit low age lwt i.half#i.rare", ("smallest_cell", "leverage", "differing_rows")),
    "one event": Ask("logit low age lwt smoke", ("events", "smallest_cell", "differing_rows"), EVENT, the_one_event),
    "an outlier": Ask("logit low age lwt c.far#c.far", ("largest_share", "leverage")),
    "a saturated model": Ask(
        "logit low age lwt i.a##i.b",
        ("parameters_per_person", "residual_degrees", "smallest_cell", "leverage", "differing_rows"),
        FULL,
    ),
}


@pytest.mark.parametrize("name", ASKS)
def test_a_command_that_would_show_a_person(attacker, name):
    ask = ASKS[name]
    guarded = attacker(REGISTRY, ask.frame)
    assert ask.recovered(guarded) == 0
    assert len(refused_by(guarded)) == 1
    assert left(guarded) == set()


@pytest.mark.parametrize("name", ASKS)
def test_with_its_guards_off_and_all_others_on_the_person_is_read_off(attacker, name):
    ask = ASKS[name]
    assert ask.recovered(attacker(without(*ask.guards), ask.frame)) > 0


@pytest.mark.parametrize(("name", "guard"), [(name, guard) for name, ask in ASKS.items() for guard in ask.guards])
def test_each_guard_is_enough_by_itself(attacker, name, guard):
    guarded = attacker(alone(guard), ASKS[name].frame)
    assert ASKS[name].recovered(guarded) == 0
    assert left(guarded) == set()


def test_rows_of_one_person_that_pass_as_persons(attacker):
    ask = Ask("logit low age lwt rare", ())
    guarded = attacker(dataclasses.replace(REGISTRY, person="id"), PERSONS)
    assert (ask.recovered(guarded), left(guarded)) == (0, set())
    # Without the variable that says who is who, twelve rows are twelve persons.
    assert ask.recovered(attacker(REGISTRY, PERSONS)) > 0


NOT_RELEASED = [
    "logit low age, offset(smoke)",
    "logit low age [iw=smoke]",
    "logit low age if smoke == 1",
    "generate x = smoke * lwt; logit low age x",
]


def test_a_variable_that_is_not_released_in_any_place_of_a_command(attacker):
    guarded, unguarded = attacker(dataclasses.replace(OPEN, variables=("low", "age", "lwt"))), attacker(OPEN)
    for command in NOT_RELEASED:
        assert guarded.fit(command, most=1) == [], command
        assert len(unguarded.fit(command, most=1)) == 1, command
    assert refused_by(guarded) == ["UnknownName"] * len(NOT_RELEASED)
    assert left(guarded) == set()


def test_a_level_that_the_victim_does_not_have(tmp_path):
    """What nobody has here tells of nobody here: it is answered, with zeros, and nothing breaks."""
    here, elsewhere = ONE.assign(region=np.arange(N) % 2), ONE.iloc[:1].assign(region=2)
    bench = world(tmp_path, here, REGISTRY, elsewhere)
    try:
        one = Attacker(bench)
        leaks = one.fit("logit low age lwt i.region", most=3)
        assert (len(leaks), refused_by(one)) == (3, [])
        assert not any(leaks[0].sums.rows.get(("2.region",), (0.0,)))
    finally:
        bench.close()


# -- differences --------------------------------------------------------------------------------------------------

OLD = FRAME["age"].max()
BETWEEN = FRAME.index[FRAME["age"] == 23.3].item()
HIDDEN = ONE.assign(size=np.where(ONE.index == OLDEST, np.nan, np.arange(N) % 17))
PLAIN = "logit low age lwt smoke"
CUT = "generate g = age >= {}; logit low age lwt smoke i.g#c.lwt i.g#c.smoke"
UNLIKE_ONE = f"generate a = lwt * (age != {OLD}); generate b = smoke * (age != {OLD}); logit low age a b"
SPLIT = "stset age, failure(low); stsplit g, at({}) icodes; logit _d lwt smoke i.g#c.lwt i.g#c.smoke"
UNSEEN = "stset age, failure(low); stsplit g, at({}); generate z = 0*g; logit _d lwt smoke, offset(z)"
TIMES = "stset age, failure(low){}; logit _d lwt smoke"
PAIRS = {
    "a row less by if": (PLAIN, f"{PLAIN} if age <= {SECOND}"),
    "nested, and missing for one": (PLAIN, f"{PLAIN} size"),
    "nested, and made missing for one": (PLAIN, f"generate s = lwt / (age != {OLD}); {PLAIN} s"),
    "another value for one": (PLAIN, UNLIKE_ONE),
    "nested, with a cell that is larger by one": (CUT.format(23.3), CUT.format(23.4)),
    "follow-up cut a little later": (SPLIT.format(23.2), SPLIT.format(23.3)),
    "the same, where no column shows it": (UNSEEN.format(23.2), UNSEEN.format(23.3)),
    "a row less by its time of exit": (TIMES.format(""), TIMES.format(f" exit(time cond(age == {OLD}, 0, .))")),
    "the data a row shorter": (PLAIN, PLAIN),
}
TWINS = (
    ("lwt", "a"),
    ("smoke", "b"),
    ("1.g#c.lwt", "1.g#c.lwt"),
    ("1.g#c.smoke", "1.g#c.smoke"),
    ("0.g#c.lwt", "0.g#c.lwt"),
    ("0.g#c.smoke", "0.g#c.smoke"),
    ("lwt", "lwt"),
    ("smoke", "smoke"),
)
"""Columns of a first and a second answer whose sums differ by what is one person's."""


def by_difference(attacker, name):
    """The persons whose weight and smoking are the difference of two answers."""
    first, second = PAIRS[name]
    before = attacker.fit(first, most=1)
    assert before
    if name == "the data a row shorter":
        path = attacker.bench.home(VICTIM).data
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(lines[:-1]), encoding="utf-8", newline="\n")
    after = attacker.fit(second, most=1)
    if not after:
        return 0
    sums = [{label: row[0] for (label,), row in leaks[0].sums.rows.items()} for leaks in (before, after)]
    told = [abs(sums[0][one] - sums[1][other]) for one, other in TWINS if one in sums[0] and other in sums[1]]
    return recovered([np.round(told[:2], 1)], HIDDEN, COLUMNS[1:])


@pytest.mark.parametrize("name", PAIRS)
def test_two_answers_that_differ_by_a_person(attacker, name):
    guarded = attacker(REGISTRY, HIDDEN)
    assert by_difference(guarded, name) == 0
    assert refused_by(guarded) == []
    assert left(guarded) == {1}, "the second waits for a person"
    assert "waiting for a person: fit 2; " in guarded.bench.log(VICTIM)


@pytest.mark.parametrize("name", PAIRS)
def test_without_the_ledger_the_difference_is_that_person(attacker, name):
    assert by_difference(attacker(without("differing_rows"), HIDDEN), name) > 0


@pytest.mark.parametrize("guarded", [True, False])
def test_three_answers_of_which_no_two_are_alike(attacker, guarded):
    """Those up to an age and those from it on are, together, all of them and whoever has that age."""
    one = attacker(REGISTRY if guarded else without("differing_rows"))
    age = FRAME["age"][BETWEEN]
    answers = [one.fit(f"{PLAIN}{rows}", most=1) for rows in ("", f" if age <= {age}", f" if age >= {age}")]
    if guarded:
        assert [bool(answer) for answer in answers] == [True, True, False]
        return
    everyone, younger, older = (np.array([leaks[0].sums.rows[(name,)][0] for name in COLUMNS]) for leaks in answers)
    assert recovered([np.round(younger + older - everyone, 1)], ONE, COLUMNS) == 1


# -- budgets ------------------------------------------------------------------------------------------------------


def search(attacker, is_below):
    """The age of the fiftieth person from below, by halving: with fewer a fit is refused. None if it does not come out.

    Ages have one decimal. `is_below` says of a command whether too few enter, None for no answer.
    """
    low, high = 16.0, 28.8
    for _ in range(7):
        middle = (low + high) / 2
        below = is_below(attacker, f"logit low lwt if age < {middle:.1f}")
        if below is None:
            return None
        low, high = (middle, high) if below else (low, middle)
    return round(low, 1)


def by_fits(attacker, command):
    before = len(refused_by(attacker))
    leaks = attacker.fit(command, most=1)
    refused = len(refused_by(attacker)) > before
    return refused if leaks or refused else None


def by_preflights(attacker, command):
    return attacker.preflight(command)


# What else would stand in the way of this search.
SEARCHED = "differing_rows", "smallest_cell", "events", "leverage"
FIFTIETH = sorted(FRAME["age"])[49]


@pytest.mark.parametrize("way", [by_fits, by_preflights])
def test_a_search_by_refusals(attacker, way):
    """Each answer says on which side a person is; after a few a person at the site must look."""
    policy = without(*SEARCHED)
    guarded = attacker(dataclasses.replace(policy, limits=dataclasses.replace(policy.limits, refusals=3)))
    assert search(guarded, way) is None
    charged = guarded.bench.nodes[VICTIM].clerk._desk.ledger.spent().unseen  # noqa: SLF001
    assert len(charged) == 3
    assert search(guarded, way) is None, "until a person has looked"
    assert search(attacker(without(*SEARCHED, "refusals")), way) == FIFTIETH


def test_a_budget_that_a_restart_would_refill(attacker):
    def evaluations(limit):
        limits = dataclasses.replace(PROFILES["registry"], evaluations=limit)
        policy = dataclasses.replace(REGISTRY, limits=limits)
        one = attacker(policy)
        bench, count = one.bench, 0

        def choose(question):
            nonlocal count
            count += 1
            if count % 3 == 0:
                home = bench.nodes[VICTIM].home
                bench.nodes[VICTIM].close()
                bench.nodes[VICTIM] = Node(home)
            return 0.1 * np.sin(count + np.arange(len(question.beta))) if count < 8 else None

        leaks = one.fit("logit low age lwt smoke", choose, steer=True)
        return sum(hasattr(leak.question, "beta") for leak in leaks)

    assert evaluations(5) == 5
    assert evaluations(50) > 5
