"""Who says yes at a node: proposals that wait for a person, and answers that a person reads before they leave."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from fedfolder.custody import gate
from fedfolder.custody.approval import APPROVED, Attempt
from fedfolder.errors import ConfigError, RefusedError
from fedfolder.exchange.journal import OUT
from fedfolder.exchange.names import SERVER
from fedfolder.node.account import account
from fedfolder.node.pending import tray

if TYPE_CHECKING:
    from fedfolder.estimates import FitResult
    from fedfolder.node.pending import Pending
    from tests.node.places import Bench

MOST_LOOKS = 12
"""Of a server at a node that waits for a person."""


def asks(bench: Bench, name: str, mode: str) -> None:
    """Let a node of the bench ask its custodian."""
    path = bench.folder / name / "policy.toml"
    text = path.read_text(encoding="utf-8")
    assert "mode = 'auto'" in text
    path.write_text(text.replace("mode = 'auto'", f"mode = '{mode}'"), encoding="utf-8", newline="\n")
    bench.wake(name)


def waiting(bench: Bench, name: str = "north") -> Pending | None:
    with tray(bench.home(name)) as found:
        return found.show()


def sums_on_share(bench: Bench, name: str) -> list[str]:
    return [file for file in bench.on_share(name, "to-server") if not file.startswith("m000000")]


def sent(bench: Bench, name: str) -> int:
    last = bench.nodes[name].journal.last(SERVER, OUT)
    assert last is not None
    return last.header.number


class StuckError(Exception):
    """The server has looked often enough."""


def patient(bench: Bench, command: str = "logit low age smoke", *, again: bool = False) -> FitResult:
    """Run a fit while that leads anywhere."""
    looks = itertools.count()

    def idle(_seconds: float) -> None:
        bench.work()
        if next(looks) > MOST_LOOKS:
            raise StuckError

    return bench.run(command, again=again, idle=idle)


def stuck(bench: Bench, command: str = "logit low age smoke", *, again: bool = False) -> None:
    with pytest.raises(StuckError):
        patient(bench, command, again=again)


def test_nothing_leaves_before_a_person_has_said_yes(bench: Bench) -> None:
    asks(bench, "north", "proposal")
    stuck(bench)
    assert sums_on_share(bench, "north") == []
    assert sent(bench, "north") == 0
    assert "waiting for a person: fit 1" in bench.log("north")
    found = waiting(bench)
    assert found is not None
    assert (found.fit, found.needs_yes, found.answer) == (1, True, None)
    with tray(bench.home("north")) as open_:
        open_.approve(1, "A. Custodian", "agreed on the phone")
    assert waiting(bench) is None
    result = bench.run()
    assert result.status == "converged"
    page = "\n".join(account(bench.home("north"), bench.nodes["north"].journal, 1))
    assert "approved by A. Custodian" in page
    assert "agreed on the phone" in page


def test_the_page_says_all_that_is_asked(bench: Bench) -> None:
    asks(bench, "north", "proposal")
    stuck(bench)
    found = waiting(bench)
    assert found is not None
    for said in (
        "logit low age smoke",
        "low",
        "rows without a missing value",
        "(this site)",
        "seen first, not compared",
        "south",
        "log-likelihood, gradient and Hessian",
        "up to 40 times",
        "at least 10 numbers",
        "profile open",
    ):
        assert said in found.page, said


def test_a_proposal_that_is_rejected_is_refused_with_the_custodian_s_words(bench: Bench) -> None:
    asks(bench, "north", "proposal")
    stuck(bench)
    with tray(bench.home("north")) as open_:
        open_.reject(1, "A. Custodian", "not in our agreement")
    with pytest.raises(RefusedError, match="not in our agreement"):
        bench.run()
    assert all("moments" not in file for file in bench.on_share("north", "to-server"))
    assert waiting(bench) is None


def test_what_was_approved_may_still_be_rejected(bench: Bench) -> None:
    asks(bench, "north", "proposal")
    stuck(bench)
    with tray(bench.home("north")) as open_:
        open_.approve(1, "A", "")
    bench.asleep.add("south")
    stuck(bench)
    with tray(bench.home("north")) as open_:
        open_.reject(1, "B", "second thoughts")
    bench.asleep.clear()
    with pytest.raises(RefusedError, match="second thoughts"):
        bench.run()


def test_an_approval_is_of_one_proposal(bench: Bench) -> None:
    asks(bench, "north", "proposal")
    stuck(bench)
    with tray(bench.home("north")) as open_:
        open_.approve(1, "A", "")
    assert bench.run().status == "converged"
    stuck(bench, "logit low age")
    found = waiting(bench)
    assert found is not None
    assert found.fit == 2
    assert "logit low age" in found.page


def test_an_approval_holds_after_a_restart(bench: Bench) -> None:
    asks(bench, "north", "proposal")
    stuck(bench)
    bench.wake("north")
    with tray(bench.home("north")) as open_:
        open_.approve(1, "A", "")
    bench.wake("north")
    assert bench.run().status == "converged"


def released(bench: Bench, name: str) -> FitResult:
    """Run a fit, reading and releasing each answer; checks that nothing left before."""
    read = 0
    while True:
        try:
            return patient(bench)
        except StuckError:
            found = waiting(bench, name)
            assert found is not None
            with tray(bench.home(name)) as open_:
                if found.needs_yes:
                    open_.approve(found.fit, "A", "")
                    continue
                number = found.asked.header.number
                assert found.answer is not None
                assert sent(bench, name) == number - 1, "it has not left"
                seen = {path.name: path.read_bytes() for path in found.answer.iterdir()}
                open_.release(found.fit, "A")
            bench.wake(name).work()
            message = bench.nodes[name].journal.message(SERVER, OUT, number)
            assert message is not None
            assert {n: seen[n] for n in message.parts} == message.parts, "what was read is what left"
            read += 1


def test_every_file_is_read_before_it_leaves(bench: Bench) -> None:
    same = bench.run()
    asks(bench, "north", "every-file")
    stuck(bench, again=True)
    result = released(bench, "north")
    assert result.beta.tolist() == same.beta.tolist()
    assert list((bench.folder / "north" / "outbox").iterdir()) == []


def test_an_answer_that_waits_can_be_held_back(bench: Bench) -> None:
    asks(bench, "north", "every-file")
    stuck(bench)
    with tray(bench.home("north")) as open_:
        open_.approve(1, "A", "")
    stuck(bench)
    found = waiting(bench)
    assert found is not None
    assert found.answer is not None
    with tray(bench.home("north")) as open_:
        open_.reject(1, "A", "too small")
    with pytest.raises(RefusedError, match="too small"):
        bench.run()
    assert all("moments" not in file for file in bench.on_share("north", "to-server"))


@pytest.mark.parametrize("what", ["approve", "release", "reject"])
def test_what_does_not_wait_cannot_be_decided(bench: Bench, what: str) -> None:
    asks(bench, "north", "proposal")
    with tray(bench.home("north")) as open_, pytest.raises(ConfigError, match="nothing of fit 3"):
        getattr(open_, what)(3, "A", *([] if what == "release" else [""]))


def test_a_page_is_of_the_proposal_that_its_header_names(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A yes is remembered under the digest in the header: with another one, it would be a yes to what nobody saw."""
    asks(bench, "north", "proposal")
    bench.work()  # they introduce themselves
    bench.asleep |= {"north", "south"}
    digests = gate.digests
    monkeypatch.setattr(gate, "digests", lambda *given: {**digests(*given), "proposal": "0" * 64})
    stuck(bench)
    monkeypatch.undo()
    with tray(bench.home("north")) as open_:
        assert open_.pending() is None, "the node refuses it by itself"
        with pytest.raises(ConfigError, match="waits for a person"):
            open_.approve(1, "A", "")
    bench.asleep.clear()
    for _ in range(3):
        bench.nodes["north"].work()
    assert "is not what comes out here" in bench.log("north")
    assert bench.nodes["north"].journal.rows("SELECT * FROM decisions") == []


def change(bench: Bench, name: str, row: str) -> None:
    """Add a row to a site's file."""
    with bench.home(name).data.open("a", encoding="utf-8", newline="\n") as file:
        file.write(f"{row}\n")


def answered_attempts(bench: Bench, name: str) -> list[tuple[int, int]]:
    return bench.nodes[name].journal.rows("SELECT DISTINCT fit, attempt FROM admitted ORDER BY fit, attempt")


def registered(bench: Bench, name: str) -> None:
    """Give a node the ledger's limits of a registry, and no other."""
    path = bench.folder / name / "policy.toml"
    text = path.read_text(encoding="utf-8")
    assert "[limits]\n" in text
    limits = "[limits]\ndiffering_rows = 5\nrefusals = 1\n"
    path.write_text(text.replace("[limits]\n", limits), encoding="utf-8", newline="\n")
    bench.wake(name)


def test_an_approval_is_of_the_data_that_were_looked_at(bench: Bench) -> None:
    """The server opens a second attempt at what was approved, after a row has come in: it would give that row away."""
    registered(bench, "north")
    assert bench.run().status == "converged"
    change(bench, "north", "1,40,1")
    stuck(bench, again=True)
    with tray(bench.home("north")) as open_:
        open_.show()
        open_.approve(2, "A", "one more row, and nothing follows from that")
    change(bench, "north", "0,41,0")
    bench.wake("north")
    stuck(bench)
    assert answered_attempts(bench, "north") == [(1, 1)]
    found = waiting(bench)
    assert found is not None
    assert found.needs_yes
    with tray(bench.home("north")) as open_:
        open_.approve(2, "A", "seen again")
    assert bench.run().status == "converged"
    assert answered_attempts(bench, "north") == [(1, 1), (2, 1)]


def test_what_is_answered_is_what_is_there_when_a_person_says_yes(bench: Bench) -> None:
    asks(bench, "north", "proposal")
    stuck(bench)
    change(bench, "north", "1,40,1")
    with tray(bench.home("north")) as open_:
        open_.approve(1, "A", "one patient was missing")
    result = bench.run()
    assert result.nobs == 30 + 27 + 1


def test_an_approval_lets_no_later_refusal_pass_unseen(bench: Bench) -> None:
    """A person looked at some refusals, and said yes; those that come afterwards are looked at again."""
    registered(bench, "north")
    north = bench.nodes["north"]
    desk = north.clerk._desk  # noqa: SLF001
    attempt = Attempt(1, 1, "p")
    for _ in range(2):
        with north.journal.transaction():
            desk.ledger.charge_refusal(attempt, 1, "leverage")
        held = desk.must_look()
        assert held is not None
        desk.decide(attempt, APPROVED, "A", "", held.concerns)
        assert desk.must_look() is None


def test_a_refusal_that_waits_to_be_read_gives_way_to_the_custodian_s_no(bench: Bench) -> None:
    asks(bench, "north", "every-file")
    stuck(bench, "logit low height")
    found = waiting(bench)
    assert found is not None
    assert found.answer is not None, "the refusal waits to be read: it says which variable is not there"
    with tray(bench.home("north")) as open_:
        open_.reject(1, "A", "ask the board first")
    bench.work()
    message = bench.nodes["north"].journal.last(SERVER, OUT)
    assert message is not None
    assert (message.header.body["code"], message.header.body["reason"]) == ("Rejected", "ask the board first")


def test_what_calls_for_a_person_is_shown_before_it_is_approved(bench: Bench) -> None:
    """The page said that nothing is against it; a row comes in over night, and the yes would cover that unseen."""
    asks(bench, "north", "proposal")
    registered(bench, "north")
    stuck(bench)
    with tray(bench.home("north")) as open_:
        open_.approve(1, "A", "")
    assert bench.run().status == "converged"
    stuck(bench, again=True)
    found = waiting(bench)
    assert found is not None
    assert found.concerns == ()
    change(bench, "north", "1,40,1")
    with tray(bench.home("north")) as open_:
        with pytest.raises(ConfigError, match="was not shown"):
            open_.approve(2, "A", "as I read it yesterday")
        assert "a person must look" in open_.show().page  # type: ignore[union-attr]
        open_.approve(2, "A", "read again")
    assert bench.nodes["north"].journal.rows("SELECT fit, reason FROM decisions") == [(1, ""), (2, "read again")]


def test_an_answer_is_shown_before_it_is_released(bench: Bench) -> None:
    asks(bench, "north", "every-file")
    stuck(bench)
    with tray(bench.home("north")) as open_:
        open_.approve(1, "A", "")
    stuck(bench)
    with tray(bench.home("north")) as open_:
        with pytest.raises(ConfigError, match="was not shown"):
            open_.release(1, "A")
        open_.show()
        open_.release(1, "A")
