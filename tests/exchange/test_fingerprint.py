"""A fingerprint that is read out by phone: every slip is found, and named by its group."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.errors import ConfigError
from fedfolder.exchange.fingerprint import DIGITS, GROUPS, differing, fingerprint, read_fingerprint

KEYS = st.binary(min_size=32, max_size=32)
PLACES = st.integers(0, GROUPS - 1)


def test_it_is_the_same_for_ever() -> None:
    assert fingerprint(b"\0" * 32) == "22020 23709 96315 47919 99183 10387 29026 76656 30937 09815"


@given(KEYS, st.sampled_from([" ", "  ", "-", " - ", "\n", ". ", ", ", ""]))
def test_however_it_is_typed_it_is_read(key: bytes, sign: str) -> None:
    shown = fingerprint(key)
    assert read_fingerprint(f"  {shown.replace(' ', sign)} ") == shown
    assert [len(group) for group in shown.split()] == [DIGITS] * GROUPS


@given(KEYS, PLACES, st.integers(0, DIGITS - 1), st.integers(1, 9))
def test_a_wrong_digit_names_its_group(key: bytes, place: int, at: int, more: int) -> None:
    groups = fingerprint(key).split()
    group = groups[place]
    groups[place] = group[:at] + str((int(group[at]) + more) % 10) + group[at + 1 :]
    with pytest.raises(ConfigError, match=f"group {place + 1} of the fingerprint was misheard"):
        read_fingerprint(" ".join(groups))


@given(KEYS, PLACES, st.integers(0, DIGITS - 2))
def test_neighbours_that_changed_places_name_their_group(key: bytes, place: int, at: int) -> None:
    groups = fingerprint(key).split()
    group = groups[place]
    groups[place] = group[:at] + group[at + 1] + group[at] + group[at + 2 :]
    if groups[place] == group:
        return
    with pytest.raises(ConfigError, match=f"group {place + 1} of the fingerprint was misheard"):
        read_fingerprint(" ".join(groups))


@given(KEYS, PLACES, PLACES)
def test_groups_that_changed_places_are_found(key: bytes, one: int, other: int) -> None:
    groups = fingerprint(key).split()
    if groups[one] == groups[other]:
        return
    groups[one], groups[other] = groups[other], groups[one]
    with pytest.raises(ConfigError, match=f"group {min(one, other) + 1} of the fingerprint was misheard"):
        read_fingerprint(" ".join(groups))


@given(KEYS, PLACES)
def test_a_group_that_is_missing_or_said_twice_is_found(key: bytes, place: int) -> None:
    groups = fingerprint(key).split()
    for wrong in (groups[:place] + groups[place + 1 :], [*groups[:place], groups[place], *groups[place:]]):
        with pytest.raises(ConfigError, match="fingerprint"):
            read_fingerprint(" ".join(wrong))


@given(st.text(max_size=80) | st.text("0123456789 -", max_size=80))
def test_any_text_is_read_or_refused_by_our_own_errors(text: str) -> None:
    with contextlib.suppress(ConfigError):
        read = read_fingerprint(text)
        assert read_fingerprint(read) == read


@given(KEYS, KEYS)
def test_two_keys_differ_in_more_groups_than_are_misread(one: bytes, other: bytes) -> None:
    assert (len(differing(fingerprint(one), fingerprint(other))) > 2) == (one != other)


def test_the_form_of_an_older_version_is_named() -> None:
    with pytest.raises(ConfigError, match=r"as fedfolder 0\.1 showed it"):
        read_fingerprint("6668 7aad f862 bd77 6c8f c18b 8e9f 8e20")
