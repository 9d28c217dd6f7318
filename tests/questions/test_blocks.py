"""Columns in few bytes, and sums by blocks: what is made of them does not show it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.questions import blocks as module
from fedfolder.questions.blocks import code_type, counted, joined, looked_up, numbered, smallest, summed

TYPES = (np.int8, np.int16, np.int32, np.float32, np.float64)
numbers = st.one_of(
    st.integers(-200, 200),
    st.integers(-(2**33), 2**33),
    st.sampled_from([0.5, -0.0, 0.1, np.inf, np.nan, 2.0**24 + 1, 2.0**60, 1e-300]),
).map(float)
columns = st.lists(numbers, max_size=40).map(lambda values: np.array(values, dtype=np.float64))


@pytest.fixture
def few_rows(monkeypatch):
    """Blocks of eight rows."""
    monkeypatch.setattr(module, "ROWS", 8)


def same(a, b):
    """The same float64 numbers, NaN and the sign of zero included."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    return np.array_equal(a, b, equal_nan=True) and np.array_equal(np.signbit(a[a == 0]), np.signbit(b[b == 0]))


@given(columns)
def test_the_smallest_type_holds_every_number(values):
    found = smallest(values)
    assert same(found, values)
    smaller = TYPES[: TYPES.index(found.dtype.type)]
    with np.errstate(all="ignore"):
        assert not any(same(values.astype(kind), values) for kind in smaller)
    assert smallest(found).dtype == found.dtype


@given(columns, columns)
def test_blocks_are_joined_in_the_smallest_type_of_all(one, other):
    whole = np.concatenate([one, other])
    found = joined([smallest(one), smallest(other)])
    assert same(found, whole)
    assert found.dtype == smallest(whole).dtype


@given(columns)
def test_numbers_are_numbered_as_they_are_sorted(values):
    distinct, places = np.unique(values, return_inverse=True)
    found, codes = numbered(values)
    assert np.array_equal(found, distinct, equal_nan=True)
    assert np.array_equal(codes, places)
    assert codes.dtype == code_type(len(distinct))


@pytest.mark.usefixtures("few_rows")
@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32])
def test_codes_are_counted_and_looked_up(kind):
    codes = np.random.default_rng(1).integers(0, 5, 1003).astype(kind)
    table = np.array([3.0, 1.0, 4.0, 1.5, 9.0])
    assert np.array_equal(counted(codes, 7), np.bincount(codes, minlength=7))
    assert np.array_equal(looked_up(table, codes), table[codes])


@pytest.mark.parametrize("size", [8, 128, 4096])
@pytest.mark.parametrize("rows", [0, 1, 8, 9, 129, 1000, 4097, 65537])
def test_a_sum_by_blocks_has_the_bits_of_numpys_sum(rows, size, monkeypatch):
    monkeypatch.setattr(module, "ROWS", max(size, 128))
    values = np.random.default_rng(rows).standard_normal(rows) * 10.0 ** np.arange(rows).astype(float).clip(max=5)
    assert summed(rows, lambda part: values[part].sum()) == values.sum()
