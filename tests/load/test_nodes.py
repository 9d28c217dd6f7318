"""Many nodes."""

from __future__ import annotations

import json

import load

MANY = 47


def test_a_whole_fit_of_47_nodes_by_folders_is_bitwise_the_one_in_memory(place):
    """Fault 98: some nodes have four rows, none of the folders or journals is shared."""
    found = load.fit_of_many(place / "folders", MANY)
    assert found.bits == load.in_memory(place / "memory", MANY)
    rows = [node["n"] for node in json.loads(found.bits)["nodes"]]
    assert len(rows) == MANY
    assert (sum(rows), min(rows)) == (189, 4)
