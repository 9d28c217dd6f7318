"""The custodian at the command line: what waits, yes and no, letting go, account and ledger; and a preflight."""

from __future__ import annotations

import itertools
import re
import threading
from typing import TYPE_CHECKING

import pytest

from fedfolder.server import asking
from tests.cli.commands import fedfolder
from tests.node.places import Bench, data
from tests.node.test_approval import asks, sums_on_share

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_LOOKS = 12
"""Of a server at a node that waits for a person."""
COMMAND = "logit low age smoke"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Two nodes, of which north asks its custodian; a fit was begun, and waits there."""
    made = Bench(tmp_path / "study").open(data(tmp_path / "data", "north", "south"))
    asks(made, "north", "proposal")
    wait(made)
    yield made
    made.close()


class StuckError(Exception):
    """The server has looked often enough."""


def wait(bench: Bench, command: str = COMMAND, *, again: bool = False) -> None:
    """Run a fit until it waits for a person."""
    looks = itertools.count()

    def idle(_seconds: float) -> None:
        bench.work()
        if next(looks) > MOST_LOOKS:
            raise StuckError

    with pytest.raises(StuckError):
        bench.run(command, again=again, idle=idle)


def said(*words: object, code: int = 0) -> str:
    result = fedfolder(*words)
    assert result.exit_code == code, result.output
    return result.output


def with_nodes(bench: Bench, *words: object, code: int = 0) -> str:
    """What a command of the server says, while the nodes work beside it."""
    done = threading.Event()
    output: list[str] = []
    errors: list[BaseException] = []

    def serve() -> None:
        try:
            output.append(said(*words, code=code))
        except BaseException as error:  # noqa: BLE001 - told in the thread of the test
            errors.append(error)
        done.set()

    thread = threading.Thread(target=serve)
    thread.start()
    while not done.wait(0.05):
        bench.work()
    thread.join()
    if errors:
        raise errors[0]
    return output[0]


def test_pending_shows_the_page_and_what_can_be_typed(bench: Bench) -> None:
    home = bench.folder / "north"
    page = said("node", "pending", home)
    for line in (
        f"command: {COMMAND}",
        "variable low: outcome",
        "(this site)",
        f'fedfolder node approve "{home}" 1',
        f'fedfolder node reject "{home}" 1 --reason',
    ):
        assert line in page, line
    assert said("node", "pending", bench.folder / "south") == "nothing waits for a person here\n"


def test_the_numbers_on_the_page_are_those_of_the_files_that_leave(bench: Bench) -> None:
    home = bench.folder / "north"
    page = said("node", "pending", home)
    assert "(here at least 10 numbers)" in page
    assert "(here at least 14 numbers)" in page
    said("node", "approve", home, 1)
    assert bench.run().status == "converged"
    left = said("node", "show", home, 1)
    assert re.search(r"moments\.csv \(\d+ bytes\): 10 numbers", left)
    assert re.search(r"derivatives\.csv \(\d+ bytes\): 14 numbers", left)


def test_before_a_decision_the_account_does_not_speak_of_one(bench: Bench) -> None:
    page = said("node", "show", bench.folder / "north", 1)
    assert "nobody has decided yet; fedfolder node pending" in page
    assert "the policy lets the node answer" not in page
    assert "0 numbers in all" in page
    assert "the policy lets the node answer by itself" in said("node", "show", bench.folder / "south", 1)


def test_approve_names_who_and_lets_the_fit_go_on(bench: Bench) -> None:
    home = bench.folder / "north"
    done = said("node", "approve", home, 1, "--by", "A. Custodian", "--reason", "agreement 12/2026")
    assert done.startswith("fit 1 is approved by A. Custodian")
    assert f'fedfolder node once "{home}"' in done
    assert said("node", "pending", home) == "nothing waits for a person here\n"
    assert bench.run().status == "converged"
    assert "approved by A. Custodian at 20" in (page := said("node", "show", home, 1))
    assert "(agreement 12/2026)" in page
    again = said("node", "approve", home, 1, code=15)
    assert "nothing of fit 1 waits for a person here" in again


def test_reject_needs_a_reason_and_sends_it(bench: Bench) -> None:
    home = bench.folder / "north"
    assert "Missing option '--reason'" in said("node", "reject", home, 1, code=2)
    done = said("node", "reject", home, 1, "--by", "A. Custodian", "--reason", "not in our agreement")
    assert done.startswith("fit 1 is rejected by A. Custodian")
    told = with_nodes(bench, "run", bench.study.path, COMMAND, code=13)
    assert "its custodian said no (not in our agreement)" in told
    assert "--again asks anew" in told
    page = said("node", "show", home, 1)
    assert "rejected by A. Custodian" in page
    assert "refused (Rejected: not in our agreement)" in page
    assert "0 numbers in all" in page
    assert all("moments" not in file for file in sums_on_share(bench, "north"))


def test_a_no_holds_for_the_fit_and_again_asks_anew(bench: Bench) -> None:
    home = bench.folder / "north"
    said("node", "reject", home, 1, "--reason", "later")
    with_nodes(bench, "run", bench.study.path, COMMAND, code=13)
    assert "(later)" in with_nodes(bench, "run", bench.study.path, COMMAND, code=13)
    wait(bench, again=True)
    assert f'fedfolder node approve "{home}" 2' in said("node", "pending", home)


def test_who_must_still_answer_a_fit_that_has_ended_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "RECEIPTS", 0.2)
    bench = Bench(tmp_path / "study").open(data(tmp_path / "data", "north", "south"))
    try:
        asks(bench, "north", "proposal")
        asks(bench, "south", "proposal")
        wait(bench)
        said("node", "reject", bench.folder / "north", 1, "--reason", "no")
        told = with_nodes(bench, "run", bench.study.path, COMMAND, code=13)
        assert "note: still to be answered by south, although the fit has ended" in told
        assert "not yet fetched" not in told
        assert "fedfolder node approve" in said("node", "pending", bench.folder / "south")
    finally:
        bench.close()


@pytest.mark.parametrize("words", [("approve",), ("release",), ("reject", "--reason", "no")])
def test_another_fit_than_the_one_that_waits(bench: Bench, words: tuple[str, ...]) -> None:
    verb, *options = words
    error = said("node", verb, bench.folder / "north", 7, *options, code=15)
    assert "nothing of fit 7" in error
    assert "fit 1" in error
    assert "fedfolder node pending" in error


def test_release_lets_each_answer_go(bench: Bench) -> None:
    home = bench.folder / "north"
    asks_for_every_file(bench)
    assert "its proposal waits: fedfolder node approve" in said("node", "release", home, 1, code=15)
    said("node", "approve", home, 1)
    wait(bench)
    page = said("node", "pending", home)
    folder = home / "outbox" / "fit1-round1"
    assert f"read what would leave, in {folder}" in page
    assert sorted(path.name for path in folder.iterdir()) == ["moments.csv", "reply.json"]
    assert "lets its answer go" in said("node", "approve", home, 1, code=15)
    assert sums_on_share(bench, "north") == []
    assert said("node", "release", home, 1, "--by", "B").startswith("released by B;")
    bench.work()
    assert any("round1-moments" in file for file in sums_on_share(bench, "north"))
    assert not folder.exists()


def asks_for_every_file(bench: Bench) -> None:
    path = bench.folder / "north" / "policy.toml"
    text = path.read_text(encoding="utf-8")
    assert "mode = 'proposal'" in text
    path.write_text(text.replace("mode = 'proposal'", "mode = 'every-file'"), encoding="utf-8", newline="\n")
    bench.wake("north")


def test_the_ledger_counts_answers_betas_and_refusals(bench: Bench) -> None:
    home = bench.folder / "north"
    assert "fit 1" not in said("node", "ledger", home)
    said("node", "approve", home, 1)
    assert bench.run().status == "converged"
    ledger = said("node", "ledger", home)
    assert f"fit 1: {COMMAND}: 6 answers, 5 betas, 0 refusals" in ledger
    assert "betas a fit: at most 80" in ledger
    assert "fits of one version of the data: no limit" in ledger
    assert "versions of the data: 1" in ledger


def test_a_fit_that_was_never_asked_for(bench: Bench) -> None:
    assert "never asked about fit 9" in said("node", "show", bench.folder / "north", 9, code=15)


def registry(bench: Bench, name: str, limit: str = "") -> None:
    """Give a node the limits of a registry, one of them another if it is said."""
    path = bench.folder / name / "policy.toml"
    text = path.read_text(encoding="utf-8")
    assert "profile = 'open'" in text
    text = text.replace("profile = 'open'", "profile = 'registry'").replace("[limits]", f"[limits]\n{limit}")
    path.write_text(text, encoding="utf-8", newline="\n")
    bench.wake(name)


def test_policy_check_names_rules_and_a_waiver_lets_one_go(bench: Bench) -> None:
    home = bench.folder / "north"
    assert "Nothing in the data or the command is against" in said("policy", "check", home, COMMAND)
    registry(bench, "north")
    found = said("policy", "check", home, COMMAND, code=21)
    assert "refused  persons:" in found
    assert "the rules persons" in found
    assert "did you mean persons?" in said("policy", "waive", home, "person", "--reason", "tried", code=15)
    waived = said("policy", "waive", home, "persons", "--reason", "a trial")
    assert "persons is waived in study lbw" in waived
    found = said("policy", "check", home, COMMAND, code=21)
    assert "waived   persons:" in found
    assert "(a trial)" in found
    assert "refused  persons:" not in found


def test_names_of_a_waiver_may_have_commas(bench: Bench) -> None:
    home = bench.folder / "north"
    assert "waived for low, age in study" in said(
        "policy", "waive", home, "cells", "--names", "low, age", "--reason", "x"
    )
    assert "names = ['low', 'age']" in (home / "policy.toml").read_text(encoding="utf-8")


def test_a_refusal_by_a_rule_names_site_rule_and_what_to_do(bench: Bench) -> None:
    registry(bench, "north")
    told = with_nodes(bench, "run", bench.study.path, COMMAND, code=13)
    assert "north: its policy does not allow it (rule roster)" in told
    assert "fedfolder preflight names all rules of all sites" in told
    home = bench.folder / "north"
    page = said("node", "show", home, 1)
    assert "no person was asked: the node refused by itself" in page
    assert "refused (Policy, rule roster)" in page
    assert "fit 1: nothing was answered: 0 answers, 0 betas, 1 refusal\n" in said("node", "ledger", home)


def test_preflight_names_sites_and_rules_and_is_charged(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "study").open(data(tmp_path / "data", "north", "south"))
    try:
        registry(bench, "north", "refusals = 2")
        found = with_nodes(bench, "preflight", bench.study.path, COMMAND, code=21)
        assert "Copying question on the policies" in found
        assert "Copying the end of the preflight" in found
        assert "north: would be refused by the rule roster" in found
        assert "south: nothing would be refused" in found
        home = bench.folder / "north"
        assert "fit 1: a preflight or a check: 1 answer, 0 betas," in said("node", "ledger", home)
        assert "asked for what the policy would refuse, for: preflight: logit low age smoke" in bench.log("north")
        # What it named was charged: the next request, a preflight too, waits for a person, whose page says what it is.
        waiting = with_nodes(bench, "preflight", bench.study.path, "logit low age", "--timeout", "1s", code=12)
        assert "north: no answer yet" in waiting
        page = said("node", "pending", home)
        assert "preflight: logit low age" in page
        assert "a person must look (refusals)" in page
    finally:
        bench.close()
