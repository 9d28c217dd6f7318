"""What a round costs: operations on files, listings, commits and signatures, counted and not timed."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from fedfolder.exchange import envelope, files
from fedfolder.exchange.names import TO_NODE
from fedfolder.server.progress import Silent
from fedfolder.simulation.places import lay_out, simulate_over_folders
from tests.node.places import data

if TYPE_CHECKING:
    from pathlib import Path

NODES = ("north", "south", "west")
ASKED, ANSWERED = 3, 2
"""Files of a request (beta, sums, JSON) and of a reply (derivatives, JSON)."""


class Rounds(Silent):
    """Takes stock of what was counted at the beginning of each round."""

    def __init__(self, spent: Counter[str]) -> None:
        self.spent = spent
        self.stock: list[Counter[str]] = []

    def asking(self, *_: object) -> None:
        self.stock.append(Counter(self.spent))

    def closing(self) -> None:
        self.stock.append(Counter(self.spent))

    @property
    def each(self) -> list[Counter[str]]:
        """What each round has taken; of the first, which carries the proposal and no sums, more is read."""
        return [after - before for before, after in zip(self.stock, self.stock[1:], strict=False)]


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Rounds:
    folder: Path = tmp_path_factory.mktemp("counts")
    spent: Counter[str] = Counter()
    connect: Any = sqlite3.connect

    def counted(owner: Any, name: str, key: str) -> None:
        true = getattr(owner, name)

        def call(*given: Any, **named: Any) -> Any:
            spent[key] += 1
            return true(*given, **named)

        monkeypatch.setattr(owner, name, call)

    def perform(operation: str, path: Path, call: Any) -> Any:
        where = "server" if TO_NODE in path.parts else "node"
        spent[operation] += 1
        spent[f"{operation} {where}"] += 1
        return call()

    def connected(path: Any, *given: Any, **named: Any) -> Any:
        database = connect(path, *given, **named)
        where = "server" if "server" in str(path) else "node"
        database.set_trace_callback(lambda sql: spent.update([f"{sql.split()[0]} {where}", sql]))
        return database

    made = Rounds(spent)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(files, "perform", perform)
        monkeypatch.setattr(sqlite3, "connect", connected)
        counted(files, "listing", "listing")
        counted(files, "read", "read")
        counted(envelope, "_is_true", "verified")
        places = lay_out(folder / "study", "lbw", data(folder / "data", *NODES))
        simulate_over_folders("logit low age smoke", places, made)
    return made


def middle(rounds: Rounds) -> list[Counter[str]]:
    """All rounds but the first and the last, in which a fit begins and is closed."""
    found = rounds.each[1:-1]
    assert len(found) >= 3
    return found


def test_every_file_is_synced_and_each_message_s_folder_once(rounds: Rounds) -> None:
    for spent in middle(rounds):
        assert spent["create server"] == spent["fsync server"] == spent["rename server"] == ASKED * len(NODES)
        assert spent["create node"] == spent["fsync node"] == spent["rename node"] == ANSWERED * len(NODES)
        assert spent["fsync-folder server"] == spent["fsync-folder node"] == len(NODES)
        assert spent["remove"] == 0


def test_the_server_commits_its_questions_together_and_its_answers_together(rounds: Rounds) -> None:
    for spent in middle(rounds):
        assert spent["COMMIT server"] == 2
        assert spent["COMMIT node"] == 2 * len(NODES), "a request when it has come, and its reply"


def test_what_has_come_is_synced_with_what_is_sent_next(rounds: Rounds) -> None:
    """Until then its writer keeps it on the share: one sync a message that leaves, and none for one that comes."""
    for spent in middle(rounds):
        assert spent["PRAGMA synchronous = NORMAL"] == spent["PRAGMA synchronous = FULL"] == 1 + len(NODES)


def test_few_statements(rounds: Rounds) -> None:
    """What is known is asked for once, and whether others have written once for all of a look, or of a transaction."""
    for spent in middle(rounds):
        assert spent["SELECT node"] + spent["SELECT server"] <= 14 * len(NODES)
        assert spent["PRAGMA data_version"] <= 18 * len(NODES)


def test_few_listings_and_reads(rounds: Rounds) -> None:
    """A folder is listed by its writer before it writes, and when it looks; by its reader when a glance was in vain.

    Every so many glances there is a whole look, which reads more.
    """
    for spent in middle(rounds):
        assert spent["listing"] <= 6 * len(NODES)
        assert spent["read"] <= 23 * len(NODES)
    assert min(spent["read"] for spent in middle(rounds)) <= 15 * len(NODES)


def test_each_signature_is_verified_once_in_a_process(rounds: Rounds) -> None:
    """A message's at its reader, and each node's statement; who has verified one does not verify it again."""
    for spent in middle(rounds):
        assert spent["verified"] <= 3 * len(NODES)


def test_a_round_costs_what_the_one_before_did(rounds: Rounds) -> None:
    """Every so many glances there is a whole look, which lists and reads more."""
    for key in ("SELECT server", "SELECT node", "INSERT server", "INSERT node", "fsync"):
        spent = [found[key] for found in middle(rounds)]
        assert max(spent) <= 1.5 * min(spent), (key, spent)
