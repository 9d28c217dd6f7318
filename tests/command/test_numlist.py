"""Lists of numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.command.numlist import MOST, numlist
from fedfolder.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1", [1.0]),
        ("0 1 5", [0.0, 1.0, 5.0]),
        (" 0, .5,1e1 ", [0.0, 0.5, 10.0]),
        ("1/4", [1.0, 2.0, 3.0, 4.0]),
        ("4/1", [4.0, 3.0, 2.0, 1.0]),
        ("0(0.1)0.3", [0.0, 0.1, 0.2, 0.3]),
        ("0 (2) 5", [0.0, 2.0, 4.0]),
        ("5(-2)0", [5.0, 3.0, 1.0]),
        ("0 0.5 1(1)3, 10", [0.0, 0.5, 1.0, 2.0, 3.0, 10.0]),
    ],
)
def test_what_stata_writes(text, numbers):
    assert numlist(text) == numbers


@pytest.mark.parametrize(
    "text", ["", " ", "a", "1 b", "1(2", "1(0)2", "1(1)0", "1/", "1..2", "1,,2", f"0/{MOST}", "--1"]
)
def test_anything_else_is_an_error(text):
    with pytest.raises(ConfigError):
        numlist(text)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=20))
def test_numbers_come_back_to_the_last_bit(numbers):
    np.testing.assert_array_equal(numlist(" ".join(map(repr, numbers))), numbers)
