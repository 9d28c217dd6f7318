"""A preflight: what a fit would be refused for, site by site, asked before anyone waits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from fedfolder.custody.desk import Desk
from fedfolder.errors import CommandError
from fedfolder.exchange.journal import IN
from fedfolder.questions.refusals import Refusal
from fedfolder.server.preflight import Forecast, SiteRefusals, preflight
from tests.node.places import Bench, data

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Two nodes, of which north has the limits of a registry."""
    made = Bench(tmp_path / "study").open(data(tmp_path / "data", "north", "south"))
    policy = made.folder / "north" / "policy.toml"
    text = policy.read_text(encoding="utf-8")
    assert "profile = 'open'" in text
    policy.write_text(text.replace("profile = 'open'", "profile = 'registry'"), encoding="utf-8", newline="\n")
    made.wake("north")
    yield made
    made.close()


def asked(bench: Bench, command: str) -> Forecast:
    return preflight(bench.study.path, command, timeout=20.0, idle=bench.work)


def test_it_names_the_site_and_the_rule(bench: Bench) -> None:
    found = asked(bench, "logit low age smoke")
    assert found.refusing == ("north",)
    assert found.silent == ()
    rules = {refusal.rule for refusal in found.sites[0].refusals}
    assert {"roster"} <= rules
    assert "south: nothing would be refused" in found.summary()
    assert json.loads(found.to_json())["sites"][1]["rules"] == []


def test_a_rule_is_one_line_a_site_with_all_its_variables() -> None:
    refusals = (
        Refusal("roster", "", by_person=False),
        Refusal("pairs", "race", by_person=False),
        Refusal("pairs", "ftv", by_person=False),
        Refusal("differing_rows", "race", by_person=True),
    )
    found = Forecast("logit low i.race i.ftv", (SiteRefusals("north", refusals), SiteRefusals("south")))
    assert found.summary().splitlines() == [
        "north: would be refused by the rule roster",
        "north: would be refused by the rule pairs: race, ftv",
        "north: a person would be asked by the rule differing_rows: race",
        "south: nothing would be refused",
    ]


def test_it_says_nothing_but_yes_and_no(bench: Bench) -> None:
    asked(bench, "logit low age i.smoke")
    replies = bench.study_messages("north")
    (table,) = (content for message in replies for content in message.payloads.values())
    for line in table.decode().splitlines()[1:]:
        assert set(line.split(",")[2:]) <= {"0", "1"}, line


def test_a_variable_that_is_not_there_is_named(bench: Bench) -> None:
    found = asked(bench, "logit low age height")
    assert ("UnknownName", "height") in {(r.rule, r.name) for r in found.sites[1].refusals}


def test_each_rule_that_it_names_is_charged(bench: Bench) -> None:
    desk = Desk(bench.nodes["north"].journal, bench.home("north").policy)
    for k in range(desk.policy.limits.refusals):
        if desk.ledger.must_look():
            break
        asked(bench, "logit low age smoke" if k % 2 else "logit low age")
    assert desk.ledger.must_look(), "after a few, a person must look"


def test_a_command_that_does_not_parse_is_not_asked(bench: Bench) -> None:
    with pytest.raises(CommandError):
        asked(bench, "logit low (age")
    assert bench.nodes["north"].journal.headers("server", IN) == []


def test_that_nothing_is_refused_is_charged_too(bench: Bench) -> None:
    """Otherwise one could search from the side on which nothing is refused, and pay for the last step alone."""
    ledger = bench.nodes["south"].clerk._desk.ledger  # noqa: SLF001 - south has no limits, and refuses nothing
    for count in range(1, 4):
        assert asked(bench, f"logit low age if age < {30 + count}").sites[1].refusals == ()
        assert len(ledger.spent().unseen) == count
