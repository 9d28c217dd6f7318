"""Whose turn it is to be read: bounded in each look, and everyone in the end, whatever a folder says of its files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.exchange import rota
from fedfolder.exchange.envelope import LARGEST_ENVELOPE
from fedfolder.exchange.rota import Rota
from fedfolder.exchange.store import MemoryStore, Stamp

MOST = 4


class Told(MemoryStore):
    """A store that says of its files what it is told to, and counts how often it is asked."""

    def __init__(self, stamps):
        super().__init__()
        self.stamps = dict(stamps)
        self.asked = 0

    def stamp(self, name):
        self.asked += 1
        return self.stamps[name]


def named(count, kind="x"):
    return [f"m000001-{kind}{number:06d}.json" for number in range(count)]


sizes = st.one_of(st.none(), st.integers(0, 2 * LARGEST_ENVELOPE).map(lambda size: Stamp(size, 0)))


@given(st.lists(sizes, max_size=40), st.integers(1, 8))
def test_a_turn_is_bounded_and_in_the_end_everything_is_read_again_and_again(stamps, most):
    store = Told(zip(named(len(stamps)), stamps, strict=True))
    turns = Rota(store, most)
    read = []
    for _ in range(40 * (rota.MOST_SKIPPED + 2)):
        store.asked = 0
        now = list(turns.turn(store.stamps))
        read += now
        assert len(now) <= most
        assert store.asked <= most * rota.MOST_STAMPED
        assert sum(rota._cost(store.stamps[name]) for name in now) <= rota.MOST_BYTES  # noqa: SLF001 - the count
    assert all(read.count(name) >= 2 for name in store.stamps), "even what always looks the same"


def test_what_looks_unchanged_is_read_once_in_many_looks():
    store = Told((name, Stamp(1, 0)) for name in named(3))
    turns = Rota(store, MOST)
    read = [list(turns.turn(store.stamps)) for _ in range(3 * (rota.MOST_SKIPPED + 1))]
    assert [len(now) for now in read] == 3 * [3, *[0] * rota.MOST_SKIPPED]


def test_what_was_changed_is_read_at_the_next_look():
    store = Told((name, Stamp(1, 0)) for name in named(3))
    turns = Rota(store, MOST)
    assert len(list(turns.turn(store.stamps))) == 3
    for changed in (Stamp(2, 0), Stamp(2, 1), None, None):
        store.stamps[named(3)[1]] = changed
        assert list(turns.turn(store.stamps)) == [named(3)[1]]


def test_what_is_new_comes_before_all_that_waits():
    store = Told((name, Stamp(1, 0)) for name in named(50))
    turns = Rota(store, MOST)
    assert list(turns.turn(store.stamps)) == named(50)[:MOST]
    store.stamps["m000001-late.json"] = Stamp(1, 0)
    assert list(turns.turn(store.stamps)) == ["m000001-late.json", *named(50)[MOST : 2 * MOST - 1]]


def test_among_new_ones_names_as_fedfolder_writes_them_come_first():
    likely = ["m000001-fit12-round1-instruction.json", "m000001-fit2-closing-result.json"]
    store = Told((name, Stamp(1, 0)) for name in [*named(50, "a"), *likely])
    assert list(Rota(store, MOST).turn(store.stamps))[:2] == likely


def test_what_hangs_on_more_than_its_bytes_is_read_at_each_look():
    store = Told([("m000001-x.json", Stamp(1, 0))])
    turns = Rota(store)
    for _ in range(5):
        assert list(turns.turn(store.stamps)) == ["m000001-x.json"]
        turns.again("m000001-x.json")


def test_what_is_gone_is_forgotten():
    store = Told((name, Stamp(1, 0)) for name in named(3))
    turns = Rota(store, MOST)
    assert len(list(turns.turn(store.stamps))) == 3
    assert list(turns.turn([])) == []
    assert len(list(turns.turn(store.stamps))) == 3, "what comes back is new"


@pytest.mark.parametrize("stamp", [Stamp(LARGEST_ENVELOPE, 0), None])
def test_one_file_is_always_within_the_bounds(stamp):
    store = Told((name, stamp) for name in named(2))
    assert len(list(Rota(store, most_bytes=1).turn(store.stamps))) == 1
