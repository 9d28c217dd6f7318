"""Cutting of follow-up: nothing is lost, nothing counts twice, and each piece lies in its interval."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.errors import VariableError
from fedfolder.questions import cutting
from fedfolder.questions.cutting import cut, cut_every

MOMENTS = st.lists(st.integers(-40, 40), min_size=1, max_size=8, unique=True).map(
    lambda found: sorted(x / 4 for x in found)
)
ROWS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 40), st.integers(-40, 40)).map(
        lambda r: (r[0] / 4, (r[0] + r[1]) / 4, r[2] / 8)
    ),
    max_size=8,
)


def columns(rows: list[tuple[float, float, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    begins, ends, after = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return begins, ends, after


def by_hand(begin, end, after, moments):
    """The pieces of one row, one after another: ends, and intervals; what happens at a cut is before it."""
    inner = [m for m in moments if begin < m + after < end]
    edges = [begin, *(m + after for m in inner), end]
    return [(a, b, max((m for m in moments if m + after <= a), default=0.0)) for a, b in pairwise(edges)]


@given(ROWS, MOMENTS)
def test_pieces_are_those_that_one_gets_row_by_row(rows, moments):
    found = cut(*columns(rows), moments)
    expected = [(n, *piece) for n, (b, e, a) in enumerate(rows) for piece in by_hand(b, e, a, moments)]
    assert (
        list(zip(found.parents.tolist(), found.begins.tolist(), found.ends.tolist(), found.bands.tolist(), strict=True))
        == expected
    )


@given(ROWS, MOMENTS)
def test_time_is_neither_lost_nor_counted_twice(rows, moments):
    begins, ends, after = columns(rows)
    found = cut(begins, ends, after, moments)
    same = found.parents[1:] == found.parents[:-1]
    assert np.array_equal(found.ends[:-1][same], found.begins[1:][same])
    assert np.array_equal(found.ends[found.last], ends)
    assert np.array_equal(np.flatnonzero(found.last), np.searchsorted(found.parents, np.arange(len(rows)), "right") - 1)
    assert bool((found.begins < found.ends).all())


@given(ROWS, MOMENTS)
def test_trim_leaves_what_lies_between_the_first_and_the_last_moment(rows, moments):
    begins, ends, after = columns(rows)
    found = cut(begins, ends, after, moments, trim=True)
    low, high = moments[0] + after, moments[-1] + after
    within = np.maximum(np.minimum(ends, high) - np.maximum(begins, low), 0.0)
    total = np.zeros(len(rows))
    np.add.at(total, found.parents, found.ends - found.begins)
    np.testing.assert_allclose(total, within, atol=1e-12)


@given(ROWS, st.integers(1, 12))
def test_every_is_at_all_multiples(rows, quarters):
    every = quarters / 4
    begins, ends, after = columns(rows)
    found, at = cut_every(begins, ends, after, every), cut(begins, ends, after, [k * every for k in range(-200, 200)])
    for name in ("parents", "begins", "ends", "last", "bands"):
        np.testing.assert_array_equal(getattr(found, name), getattr(at, name))


def test_a_moment_that_is_the_end_but_for_rounding_makes_no_piece():
    # 0.1 + 0.2 is not 0.3, and a person of 49.3 who dies 10.7 years later is 60.
    for begin, end, after, moment in [(0.0, 10.7, -49.3, 60.0), (0.0, 0.7, -2000.3, 2001.0), (10.7, 12.0, -49.3, 60.0)]:
        row = columns([(begin, end, after)])
        assert cut(*row, [moment]).ends.tolist() == [end]
        assert cut_every(*row, moment).ends.tolist() == [end]
    assert cut(*columns([(10.7, 12.0, -49.3)]), [60.0]).bands.tolist() == [60.0]
    assert cut(*columns([(0.0, 10.7, -49.3)]), [60.0]).bands.tolist() == [0.0]


def test_intervals_of_age_and_year_are_whole_numbers_whatever_the_fractions():
    rng = np.random.default_rng(3)
    ages = np.round(rng.uniform(20, 90, 4000), 2)
    found = cut_every(np.zeros(4000), rng.uniform(0.001, 20, 4000), -ages, 1.0)
    assert np.array_equal(found.bands, np.floor(found.bands))
    middle = ages[found.parents] + (found.begins + found.ends) / 2
    clear = np.abs(middle - np.round(middle)) > 1e-9
    assert np.array_equal(found.bands[clear], np.floor(middle[clear]))


def test_too_many_pieces_of_all_rows_are_an_error_before_they_are_made(monkeypatch):
    monkeypatch.setattr(cutting, "MOST_TOGETHER", 5)
    assert len(cut(np.zeros(2), np.full(2, 1.5), np.zeros(2), [1.0]).parents) == 4
    with pytest.raises(VariableError, match="too many pieces"):
        cut(np.zeros(3), np.full(3, 1.5), np.zeros(3), [1.0])


def test_too_many_pieces_are_an_error_before_they_are_made():
    with pytest.raises(VariableError, match="too many pieces"):
        cut_every(np.zeros(1), np.array([1e9]), np.zeros(1), 1e-3)
    with pytest.raises(VariableError, match="too many pieces"):
        cut_every(np.zeros(1), np.array([1e9]), np.array([-1e9]), 1e-307)
    assert len(cut_every(np.zeros(1), np.array([math.e]), np.zeros(1), 1.0).parents) == 3
