"""Each rule of the registries refuses what it is for, and nothing at its limit; and says nothing of the data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedfolder.custody import keys
from fedfolder.custody.command_rules import COMMAND_RULES, WORDS
from fedfolder.custody.leverage import largest_leverage
from fedfolder.custody.policy import Allowed, Policy
from fedfolder.custody.profiles import Limits
from fedfolder.custody.sample_rules import SAMPLE_RULES
from fedfolder.custody.view import View
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.proposal import read_command
from fedfolder.questions.specification import Specification

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedfolder.custody.finding import Finding


def found(
    command: str, frame: pd.DataFrame, limits: dict[str, Any], person: str | None = None, rule: str = ""
) -> list[Finding]:
    parsed = read_command(command)
    sample = sample_from_frame(frame, parsed, persons=person, node="here")
    policy = Policy((), limits=replace(Limits(), **limits), person=person)
    findings = policy.of_sample(Specification.of(parsed), sample)
    return [finding for finding in findings if not rule or finding.rule == rule]


# -- every rule on rows ----------------------------------------------------------------------------------------------

ROWS = 40


def some(few: int, n: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """Rows of which the first `few` are marked in d; numbers and an outcome that vary with the seed, and levels."""
    rng = np.random.default_rng(few + 100 * seed)
    first = np.arange(n) < few
    frame = pd.DataFrame({"y": rng.normal(size=n), "b": np.arange(n) % 2, "x": rng.normal(size=n)})
    frame["d"] = first.astype(float)
    frame["g"] = np.where(first, 70 + few, 60 + few)
    frame["e"] = np.where(first, 1.0, np.arange(n) % 3 == 0)
    frame["few"] = np.where(first, rng.normal(size=n), 5.0 + few)
    return frame


def _outlier(size: float) -> pd.DataFrame:
    return some(5).assign(o=[size, -1.0, *[0.0] * (ROWS - 2)])


def _grouped(levels: int) -> pd.DataFrame:
    return some(5).assign(g=np.arange(ROWS) % levels + 10 * levels)


def _ending(few: int) -> pd.DataFrame:
    return some(few).assign(t=2.0 - some(few)["d"], one=1.0)


def _alone(groups: int) -> pd.DataFrame:
    """So many groups of one person beside a large one."""
    places = np.arange(ROWS)
    return some(20).assign(g=np.where(places < groups, places + groups, 90 + groups))


CELLS = {"smallest_cell": 5}
SAMPLE_CASES: dict[str, tuple[str, dict[str, Any], Callable[[int], pd.DataFrame], int, tuple[int, ...]]] = {
    "persons": ("regress y x", {"persons": 12}, lambda n: some(5, n), 12, (11, 9)),
    "events": ("logit d x", {"events": 5}, some, 5, (4, 3)),
    "parameters_per_person": ("logit b x", {"parameters_per_person": 0.1}, lambda n: some(5, n), 20, (19, 12)),
    "residual_degrees": ("logit b x", {"residual_degrees": 10}, lambda n: some(5, n), 12, (11, 9)),
    "levels": ("regress y i.g", {"levels": 3}, _grouped, 3, (4, 5)),
    "cells": ("regress y i.g", CELLS, some, 5, (4, 3)),
    "outcome_cells": ("logit d e", CELLS, lambda few: some(20).assign(e=some(few)["d"]), 5, (4, 3)),
    "pairs": ("regress y d e", CELLS, lambda few: some(few).assign(d=some(20)["d"], e=some(few)["d"]), 5, (4, 3)),
    "cluster_cells": ("regress y x, vce(cluster g, across)", CELLS, some, 5, (4, 3)),
    "random_groups": ("melogit b x || g:", CELLS, _alone, 5, (4, 3)),
    "few_different": ("regress y few", CELLS, some, 5, (4, 3)),
    "largest_share": ("logit b o", {"largest_share": 0.5}, _outlier, 1, (2, 9)),
    "same_time": ("stcox x, time(t) failure(one)", {"same_time": 5}, _ending, 5, (4, 3)),
    "baseline_events": (
        "stcox x, strata(_node) time(t) failure(one) basesurv(1 2)",
        {"events": 5},
        _ending,
        5,
        (4, 3),
    ),
    "averages_per_person": (
        "streg x, distribution(weibull) time(t) failure(one) standsurv(1 2) at1(x 0) at2(.)",  # 2 x 2 x (1 + 3)
        {"averages_per_person": 0.5},
        lambda n: some(5, n).assign(t=2.0, one=1.0),
        32,
        (31, 12),
    ),
    "leverage": ("logit b o", {"leverage": 0.53}, _outlier, 1, (2, 9)),
}
"""By rule: a command, limits, data by a number, the number at the limit, and numbers that break it."""


def test_every_rule_on_rows_has_a_case() -> None:
    assert list(SAMPLE_CASES) == [rule.name for rule in SAMPLE_RULES]


@pytest.mark.parametrize("rule", SAMPLE_RULES, ids=lambda rule: rule.name)
def test_a_rule_on_rows_refuses_beyond_its_limit_and_not_at_it(rule) -> None:
    command, limits, data, at, beyond = SAMPLE_CASES[rule.name]
    assert rule.limit in limits
    assert not found(command, data(at), limits, rule=rule.name)
    for number in beyond:
        assert found(command, data(number), limits, rule=rule.name), number


@pytest.mark.parametrize("rule", SAMPLE_RULES, ids=lambda rule: rule.name)
def test_a_finding_says_the_same_whatever_the_data_are(rule) -> None:
    """Other levels, other counts, other values: the same words. So nothing of them is in the words."""
    command, limits, data, _, beyond = SAMPLE_CASES[rule.name]
    said = {tuple(found(command, data(number), limits, rule=rule.name)) for number in beyond}
    assert len(said) == 1
    ((finding,),) = said
    assert set(finding.names) <= set(read_command(command).variables)


@pytest.mark.parametrize("rule", SAMPLE_RULES, ids=lambda rule: rule.name)
def test_without_limits_nothing_is_refused(rule) -> None:
    command, _, data, _, beyond = SAMPLE_CASES[rule.name]
    for number in beyond:
        assert not found(command, data(number), {})


def test_a_level_that_only_other_nodes_have_is_fine() -> None:
    frame = some(20).assign(g=1, e=0.0)
    assert not found("logit d i.g e", frame, {"smallest_cell": 5, "events": 5})


def test_the_complement_of_a_level_is_looked_at() -> None:
    assert found("regress y d", some(ROWS - 3), CELLS, rule="cells")


def test_numbers_with_two_other_values_are_looked_at_as_well() -> None:
    assert found("regress y e", some(4).assign(e=some(4)["d"] + 3), CELLS, rule="cells")


def test_derived_columns_are_looked_at() -> None:
    frame = some(5).assign(age=np.arange(ROWS) + 30.0)
    assert found("generate old = age > 66; regress y old", frame, CELLS, rule="cells")
    assert found("mkspline a 66 b = age; regress y a b", frame, CELLS, rule="few_different")
    assert not found("mkspline a 60 b = age; regress y a b", frame, CELLS, rule="few_different")


def test_the_part_of_a_number_within_a_level_is_looked_at() -> None:
    frame = some(20).assign(
        g=np.arange(ROWS) // 20, z=np.r_[np.zeros(37), 1.5, 2.5, 3.5] + np.r_[np.ones(19), [0.0] * 21]
    )
    assert found("regress y z", frame, CELLS, rule="few_different") == []
    assert found("regress y i.g#c.z", frame, CELLS, rule="few_different")


def test_counts_of_events_are_totals() -> None:
    counts = some(5).assign(n=[3.0, 1.0, *[0.0] * (ROWS - 2)])
    assert found("poisson n x", counts, {"events": 5}, rule="events")
    assert not found("poisson n x", counts, {"events": 4}, rule="events")
    assert not found("poisson n x", counts.assign(n=0.0), {"events": 5}, rule="events")


def test_one_weight_that_outweighs_all_others_is_refused() -> None:
    frame = some(5).assign(w=[30.0, *[1.0] * 10, *[0.5] * (ROWS - 11)])
    assert found("regress y x [pw=w]", frame, {"largest_share": 0.5}, rule="largest_share")[0].names == ("w",)


def test_those_who_end_or_enter_at_a_time_are_counted_as_those_who_fail() -> None:
    frame = some(4).assign(t=9.0 - some(4)["d"], e0=some(4)["d"], one=1.0 - some(4)["d"], late=some(4)["d"] * 5)
    assert found("stcox x, time(t) failure(one)", frame, {"same_time": 5}, rule="same_time")
    entered = frame.assign(t=9.0, one=1.0)
    assert found("stcox x, time(t) failure(one) entry(late)", entered, {"same_time": 5}, rule="same_time")
    assert not found("stcox x, time(t) failure(one)", entered, {"same_time": 5}, rule="same_time")
    assert not found("stcox x, time(t) failure(one) grid(9)", frame, {"same_time": 5}, rule="same_time")


def test_failures_between_two_times_are_counted_in_each_stratum() -> None:
    frame = some(4).assign(t=np.where(np.arange(ROWS) < 10, 1.0, 2.0), one=1.0)
    command = "stcox x, strata(_node{}) time(t) failure(one) basesurv({})"
    assert not found(command.format("", "1 2"), frame, {"events": 5}, rule="baseline_events")
    assert found(command.format(" d", "1 2"), frame, {"events": 5}, rule="baseline_events")
    assert not found(command.format("", "0.5 1 1.5 7"), frame, {"events": 5}, rule="baseline_events")
    late = frame.assign(t=frame["t"] + frame["d"] * 5)
    assert not found(command.format("", "2"), late, {"events": 5}, rule="baseline_events"), (
        "after the last, nothing leaves"
    )
    assert not found("stcox x, time(t) failure(one) basesurv(1 2)", frame, {"events": 5}, rule="baseline_events")


# -- persons ---------------------------------------------------------------------------------------------------------


def test_rows_of_one_person_do_not_pass_as_persons() -> None:
    """The attack: a row is written down many times, or a follow-up is split, and the cells look full."""
    frame = pd.concat([some(2)] * 5, ignore_index=True).assign(pid=lambda f: f.index % ROWS)
    limits = {"persons": 50, "smallest_cell": 5}
    assert not found("regress y d", frame, limits)
    rules = {finding.rule for finding in found("regress y d", frame, limits, "pid")}
    assert {"persons", "cells"} <= rules


DRAWN = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 2), st.integers(0, 1), st.integers(0, 1), st.integers(0, 1)),
    min_size=1,
    max_size=30,
)


def few_by_hand(frame: pd.DataFrame, one: list[Any], other: list[Any], least: int) -> bool:
    """Whether a cell of two lists of 0/1 columns, or of complements, holds somebody but too few; counted by sets."""
    for a in one:
        for b in other:
            for cell in (a & b, a & ~b, ~a & b, ~a & ~b):
                if 0 < len(set(frame["pid"][cell])) < least:
                    return True
    return False


@settings(deadline=None, max_examples=100)
@given(DRAWN, st.integers(1, 5), st.booleans())
def test_cells_and_pairs_are_those_that_counting_by_hand_finds(rows, least: int, by_person: bool) -> None:
    frame = pd.DataFrame(rows, columns=["pid", "g", "d", "e", "b"]).astype(float)
    if not by_person:
        frame["pid"] = np.arange(len(frame))
    groups = {
        ("g",): [frame["g"] == level for level in range(3)],
        ("d",): [frame["d"] == 1],
        ("e",): [frame["e"] == 1],
        ("g", "d"): [(frame["g"] == level) & (frame["d"] == d) for level in range(3) for d in (0, 1)],
    }
    expected = set()
    nobody = [frame["b"] > 1]
    for names, columns in groups.items():
        if few_by_hand(frame, columns, nobody, least):
            expected.add(("cells", names))
        if few_by_hand(frame, columns, [frame["b"] == 1], least):
            expected.add(("outcome_cells", ("b", *names)))
    for one, other in [(("g",), ("d",)), (("g",), ("e",)), (("d",), ("e",)), (("e",), ("g", "d"))]:
        if few_by_hand(frame, groups[one], groups[other], least):
            expected.add(("pairs", (*one, *other)))
    said = found("logit b i.g##c.d e", frame, {"smallest_cell": least}, "pid" if by_person else None)
    looked = {"cells", "outcome_cells", "pairs"}
    assert {(finding.rule, finding.names) for finding in said if finding.rule in looked} == expected


# -- leverage --------------------------------------------------------------------------------------------------------


def leverage_of(command: str, frame: pd.DataFrame) -> float:
    parsed = read_command(command)
    return largest_leverage(View.of(Specification.of(parsed), sample_from_frame(frame, parsed)))


def test_leverage_is_that_of_the_hat_matrix() -> None:
    frame = some(5, 300).assign(g=lambda f: f.index % 4)
    columns = np.column_stack([np.ones(300), frame["x"], *(frame["g"] == level for level in (1, 2, 3))])
    expected = np.diag(columns @ np.linalg.pinv(columns)).max()
    assert leverage_of("logit b x i.g", frame) == pytest.approx(expected, rel=1e-9)
    again = frame.assign(again=frame["x"] * 2 + 1, h=frame["g"])
    assert leverage_of("logit b x again i.g i.h", again) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("size", [1.0, 1e-3, 1e-6, 1e-9])
def test_a_column_of_one_person_hidden_in_a_difference_of_two_is_found(size: float) -> None:
    frame = some(5, 300).assign(age=lambda f: 20.0 + f.index % 60)
    frame["other"] = frame["age"] + size * (frame.index == 17)
    assert leverage_of("logit b age", frame) < 0.1
    assert leverage_of("logit b age other", frame) > 0.9


# -- every rule on commands ------------------------------------------------------------------------------------------

ONE, TWO = bytes(32), bytes([7]) * 32
THREE = (("a", "01"), ("b", "02"), ("c", "03"))
DERIVED = "generate old = age > 66; logit b old if old == 1 [fw=w], vce(cluster id, across)"


def _asked_by(key: bytes) -> Policy:
    return Policy((), cluster_scores=True, allowed=Allowed(servers=(keys.fingerprint(key).upper(),)))


COMMAND_CASES: dict[str, tuple[Policy, Policy]] = {
    "servers": (_asked_by(ONE), _asked_by(TWO)),
    "roster": (
        Policy((), cluster_scores=True, limits=Limits(roster=3)),
        Policy((), cluster_scores=True, limits=Limits(roster=4)),
    ),
    "models": (
        Policy((), cluster_scores=True, allowed=Allowed(models=("logit",))),
        Policy((), cluster_scores=True, allowed=Allowed(models=("glm",))),
    ),
    "derivations": (
        Policy((), cluster_scores=True, allowed=Allowed(derivations=("generate",))),
        Policy((), cluster_scores=True, allowed=Allowed(derivations=("egen",))),
    ),
    "conditions": (
        Policy((), cluster_scores=True, allowed=Allowed(conditions=("age",))),
        Policy((), cluster_scores=True, allowed=Allowed(conditions=("old", "x"))),
    ),
    "weights": (
        Policy((), cluster_scores=True, allowed=Allowed(weights=("fw",))),
        Policy((), cluster_scores=True, allowed=Allowed(weights=())),
    ),
    "event_times": (Policy(()), Policy((), allowed=Allowed(event_times=False))),
    "standardised": (Policy(()), Policy((), allowed=Allowed(standardised=False))),
    "site_baseline": (Policy(()), Policy((), allowed=Allowed(site_baseline=False))),
    "cluster_scores": (Policy((), cluster_scores=True), Policy(())),
}
"""By rule: a policy that allows what is asked of three nodes and the first server, and one that does not."""

ASKED = dict.fromkeys(COMMAND_CASES, DERIVED) | {
    "event_times": "stcox x, time(age) failure(b)",
    "site_baseline": "stcox x, strata(_node) time(age) failure(b) basesurv(5)",
    "standardised": "streg x, distribution(weibull) time(age) failure(b) standsurv(1)",
}
"""What is asked."""


def test_every_rule_on_commands_has_a_case() -> None:
    assert set(COMMAND_CASES) == {rule.name for rule in COMMAND_RULES}


@pytest.mark.parametrize("rule", COMMAND_CASES)
def test_a_rule_on_commands_refuses_what_is_not_allowed(rule: str) -> None:
    allows, refuses = COMMAND_CASES[rule]
    command = read_command(ASKED[rule])
    assert allows.of_command(command, THREE, ONE) == []
    assert [finding.rule for finding in refuses.of_command(command, THREE, ONE)] == [rule]


def test_a_key_under_two_names_is_one_node() -> None:
    policy = Policy((), limits=Limits(roster=3))
    assert policy.of_command(read_command("logit b x"), (("a", "01"), ("b", "02"), ("c", "02")))


def test_a_server_that_is_not_known_yet_is_not_on_the_list() -> None:
    assert COMMAND_CASES["servers"][0].of_command(read_command("logit b x"), THREE, None)


def test_every_statement_that_derives_has_its_word() -> None:
    texts = {
        "generate": "generate z = x",
        "egen": "egen z = cut(x), at(0 1 2)",
        "recode": "recode x (1 = 2), generate(z)",
        "mkspline": "mkspline z 1 z2 = x",
        "stset": "stset x, failure(b)",
        "stsplit": "stsplit z, at(1 2)",
        "merge": "merge m:1 x using popmort, keepusing(z)",
    }
    assert set(WORDS.values()) == set(texts)
    for word, text in texts.items():
        terms = {"mkspline": "z z2", "stset": "_t"}.get(word, "z")
        command = read_command(f"{text}; logit b {terms}")
        refused = Policy((), allowed=Allowed(derivations=tuple(set(texts) - {word}))).of_command(command, THREE)
        assert [finding.rule for finding in refused] == ["derivations"]


@pytest.mark.parametrize(
    "text",
    [
        "stset x if age>50, failure(b)",
        "stset x, failure(b) enter(time age)",
        "stset x, failure(b) exit(time x + age)",
        "stset x, failure(b) id(p) enter(age==50)",
        "stset x, failure(b) id(p) exit(age==50 time x)",
        "stset x, failure(b) id(p) origin(age==50)",
        "merge m:1 age x using pop, keep(match) keepusing(rate); stset x, failure(b) origin(time -rate)",
        "merge m:1 age x using pop, keep(match master) keepusing(rate); stset x, failure(b) origin(time -rate)",
    ],
)
def test_stset_and_merge_can_choose_rows_and_are_held_to_the_same_variables_as_if(text: str) -> None:
    command = read_command(f"{text}; poisson _d z")
    refused = Policy((), allowed=Allowed(conditions=("z",))).of_command(command, THREE)
    assert {finding.rule for finding in refused} == {"conditions"}
    assert "age" in {name for finding in refused for name in finding.names}
    assert not Policy((), allowed=Allowed(conditions=("age", "x"))).of_command(command, THREE)
