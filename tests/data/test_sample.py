"""Properties of the rows that enter a fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.command.terms import Column
from fedfolder.errors import UnknownNameError
from fedfolder.questions.sample import FactorValues, Sample

CONSTANT = Column((), ())
finite = st.floats(-1e6, 1e6)


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    nobs = draw(st.integers(0, 12))
    levels = tuple(str(level) for level in range(draw(st.integers(1, 4))))
    vector = st.lists(finite, min_size=nobs, max_size=nobs).map(lambda values: np.array(values, dtype=np.float64))
    codes = draw(st.lists(st.integers(0, len(levels) - 1), min_size=nobs, max_size=nobs))
    return Sample(
        nobs=nobs,
        numeric={"y": draw(vector), "x": draw(vector), "z": draw(vector)},
        factors={"g": FactorValues(np.array(codes, dtype=np.int32), levels)},
        kinds={"y": "numeric", "x": "numeric", "z": "numeric", "g": "numeric"},
    )


@given(samples())
def test_indicators_of_the_levels_sum_to_the_constant(sample: Sample):
    total = sum((sample.column(Column((("g", level),), ())) for level in sample.factors["g"].levels), np.zeros(1))
    assert np.array_equal(np.broadcast_to(total, sample.nobs), sample.column(CONSTANT))


@given(samples())
def test_a_column_is_the_product_of_its_parts(sample: Sample):
    for level in sample.factors["g"].levels:
        product = sample.column(Column((("g", level),), ())) * sample.column(Column((), ("x",)))
        assert np.array_equal(sample.column(Column((("g", level),), ("x",))), product)
    assert np.array_equal(sample.column(Column((), ("x", "z"))), sample.numeric["x"] * sample.numeric["z"])
    assert np.array_equal(sample.column(Column((), ("x", "x"))), sample.numeric["x"] ** 2)


@given(samples())
def test_a_level_that_does_not_occur_gives_zeros(sample: Sample):
    for continuous in ((), ("x",)):
        column = sample.column(Column((("g", "not here"),), continuous))
        assert column.dtype == np.float64
        assert np.array_equal(column, np.zeros(sample.nobs))


@given(samples(), st.integers(0, 12), st.integers(0, 12))
def test_a_block_has_the_columns_rows(sample: Sample, start: int, stop: int):
    block = sample.rows(start, stop)
    for column in (CONSTANT, Column((("g", "0"),), ("x",)), Column((), ("z",))):
        assert np.array_equal(block.column(column), sample.column(column)[start:stop])
    assert np.array_equal(block.outcome("y"), sample.outcome("y")[start:stop])
    assert block.kinds == sample.kinds


@given(samples())
def test_a_block_is_a_view(sample: Sample):
    if sample.nobs:
        assert np.shares_memory(sample.rows(0, sample.nobs).outcome("y"), sample.outcome("y"))


def test_a_variable_in_another_role_is_unknown():
    sample = Sample(1, {"age": np.ones(1)}, {}, {"age": "numeric"})
    for column in (Column((("age", "1"),), ()), Column((), ("agee",))):
        with pytest.raises(UnknownNameError):
            sample.column(column)


def test_a_variable_of_another_length_is_refused():
    with pytest.raises(ValueError, match="age"):
        Sample(2, {"age": np.ones(1)}, {}, {"age": "numeric"})
    codes = FactorValues(np.zeros(1, dtype=np.int32), ("1",))
    with pytest.raises(ValueError, match=r"i\.race"):
        Sample(2, {}, {"race": codes}, {"race": "numeric"})


def test_printing_a_sample_shows_no_value():
    factor = FactorValues(np.zeros(1, dtype=np.int32), ("canary",))
    text = repr(Sample(1, {"x": np.array([4711.25])}, {"g": factor}, {"x": "numeric", "g": "text"})) + repr(factor)
    assert "canary" not in text
    assert "4711" not in text
