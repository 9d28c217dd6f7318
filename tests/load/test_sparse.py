"""A sparse file of 10 GiB in the place of any file: refused before it is opened."""

from __future__ import annotations

import json
import os

import load
import pytest

from fedfolder.exchange.names import HELLO
from tests import needs

pytestmark = needs.linux  # elsewhere such a file may take its room on the disk

JSON, CSV = "m000001-fit1-round1-instruction.json", "m000001-fit1-round1-beta.csv"


@pytest.fixture(autouse=True)
def opened(monkeypatch):
    """The names of the files that are opened for reading; opening a huge one is an error at once."""
    seen, true = [], os.open

    def open_(path, flags, *mode):
        size = os.stat(path).st_size if os.path.isfile(path) else 0  # noqa: PTH113, PTH116 - as os.open sees it
        assert size < load.HUGE, f"{path} was opened"
        seen.append(str(path))
        return true(path, flags, *mode)

    monkeypatch.setattr(os, "open", open_)
    return seen


def test_in_the_place_of_every_file_of_a_fit(place, opened):
    """Fault 55: each hello, message and payload in turn, in both folders; each is put right by its writer."""
    found = load.fit_struck(place / "struck", 1000)
    rounds = json.loads(found.bits)["rounds"]
    hellos, requests, tables, replies, closing = 2, rounds, 2 * (rounds - 1), 2 * rounds, 3
    assert found.struck == hellos + requests + tables + replies + closing
    assert opened
    assert found.bits == load.in_memory(place / "memory", 1)


@pytest.mark.parametrize("name", [HELLO, JSON, CSV])
def test_a_reader_refuses_it_and_its_writer_puts_it_right(pair, name):
    """Fault 55: named, not accepted, and not an alarm."""
    pair.ask()
    load.strike(pair.to_node.folder / name)
    message = pair.node.box.receive()
    assert (message is None) == (name != HELLO)
    assert any("too long" in reason for reason in pair.node.box.findings.values())
    assert pair.server.box.publish() == [name]
    assert message or pair.node.box.receive().header.number == 1


@pytest.mark.parametrize("name", ["m000001-x.json", "m000000-x.json", "m000009-x.json", "m000001-fit1-round1-x.csv"])
def test_beside_the_message_it_costs_nothing(pair, name):
    """Fault 55: one more file that counts for nothing."""
    for store in (pair.to_node, pair.to_server):
        store.write(name, b"")
        load.strike(store.folder / name)
    pair.ask()
    pair.answer()
    assert pair.server.box.receive().header.number == 1
