"""Many rounds: the last costs what the first did."""

from __future__ import annotations

from collections import Counter

import load
import pytest

from fedfolder.exchange import files
from fedfolder.exchange.journal import Journal
from fedfolder.node.home import open_home
from fedfolder.node.loop import Node
from fedfolder.server.run import run
from tests import needs


@needs.linux
def test_a_daemon_keeps_its_memory_and_its_descriptors(place):
    """A daemon through 60 rounds; `python scripts/load.py --only rounds` takes it through 1,000."""
    samples = load.many_rounds(place, 60)
    assert samples[-1].rounds >= 60
    assert samples[0].descriptors > 0
    assert samples[0].memory > 0
    assert load.level(samples), samples


def test_growth_is_seen():
    start = load.Sample(100, 0.1, 100.0, 10, (0, 0))
    for memory, descriptors, flat in [(109.0, 10, True), (111.0, 10, False), (100.0, 11, False)]:
        assert load.level([start, load.Sample(1000, 0.1, memory, descriptors, (0, 0))]) == flat
    assert load.slope([start, load.Sample(600, 0.1, 101.0, 10, (0, 0))]) == pytest.approx(2.0)


def test_a_late_fit_asks_no_more_of_journal_and_folders_than_an_early_one(place, monkeypatch):
    """Statements, messages that are loaded, and operations on files, of server and node together."""
    spent: Counter[str] = Counter()
    true_messages, true_open = Journal._messages, Journal._open  # noqa: SLF001 - what is counted

    def counted_messages(journal, where, *values):
        found = true_messages(journal, where, *values)
        spent["messages"] += len(found)
        return found

    def counted_open(journal):
        true_open(journal)
        journal._db.set_trace_callback(lambda _statement: spent.update(["statements"]))  # noqa: SLF001

    def counted_perform(operation, _path, call):
        spent[operation] += 1
        return call()

    monkeypatch.setattr(Journal, "_messages", counted_messages)
    monkeypatch.setattr(Journal, "_open", counted_open)
    monkeypatch.setattr(files, "perform", counted_perform)
    places = load.lay_out(place, 1)
    node = Node(open_home(places.nodes["node1"]))
    costs = []

    def work(_seconds):
        node.work()

    for _ in range(8):
        spent.clear()
        run(places.server, load.COMMAND, again=True, timeout=60, idle=work)
        costs.append(dict(spent))
    node.close()
    assert costs[1]["messages"] > 0
    assert costs[1]["rename"] > 0
    written = [{what: n for what, n in cost.items() if what not in {"statements", "messages"}} for cost in costs]
    assert written[1:] == [written[1]] * 7, "the first one greets as well"
    # Which looks are glances changes from fit to fit, and is the same again after four of them.
    for early, late in zip(costs[1:4], costs[5:8], strict=True):
        assert late["statements"] <= early["statements"]
        assert late["messages"] <= early["messages"]
