from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.estimates.number import display, fixed, general

FINITE = st.floats(allow_nan=False, allow_infinity=False)
READABLE = st.one_of(FINITE, st.floats(-1e9, 1e9), st.floats(-2, 2), st.integers(-(10**12), 10**12).map(float))
WIDTHS = st.integers(7, 20)


def half_a_unit(text):
    return Decimal(1).scaleb(int(Decimal(text).as_tuple().exponent)) / 2


@given(READABLE, WIDTHS)
def test_the_general_format_never_exceeds_its_width(number, width):
    assert len(general(number, width)) <= width


@given(READABLE, WIDTHS)
def test_reading_the_general_format_back_is_within_half_a_unit_of_the_last_digit(number, width):
    text = general(number, width)
    assert abs(Decimal(text) - Decimal(number)) <= half_a_unit(text)


@given(READABLE, WIDTHS)
def test_the_general_format_shows_as_many_digits_as_its_width_allows(number, width):
    """Dropped zeros count as shown: the error is that of width - 2 digits, or of an exponent's fewer."""
    error = abs(Decimal(general(number, width)) - Decimal(number))
    assert error <= abs(Decimal(number)) * Decimal(10) ** -(max(width - 7, 1) - 1) / 2


@given(READABLE, WIDTHS)
def test_the_sign_is_a_minus_or_nothing(number, width):
    assert general(-abs(number), width) == "-" * (number != 0) + general(abs(number), width)


@given(READABLE, WIDTHS)
def test_no_zero_before_the_point_and_none_at_the_end_after_it(number, width):
    text = general(number, width).lstrip("-")
    assert not text.startswith("0.")
    assert "e" in text or "." not in text or text[-1] not in "0."


@given(READABLE, WIDTHS, st.integers(0, 5))
def test_the_fixed_format_keeps_its_width_and_its_last_digit(number, width, decimals):
    text = fixed(number, width, decimals)
    assert len(text) <= width
    assert abs(Decimal(text) - Decimal(number)) <= half_a_unit(text)


@pytest.mark.parametrize(
    ("number", "style", "text"),
    [
        # From printed output of Stata 18: logit low age smoke on lbw.dta, and regress.
        (-0.0497792742582770, "%9.0g", "-.0497793"),
        (0.031971957, "%9.0g", ".031972"),
        (0.0609055366130124, "%9.0g", ".0609055"),
        (1.3225770, "%9.0g", "1.322577"),
        (-131.00482, "%10.0g", "-131.00482"),
        (-100.7239956, "%10.0g", "-100.724"),
        (-0.04977927425827, "%12.0g", "-.0497792743"),
        (3.798e-18, "%10.0g", "3.798e-18"),
        (39008779.62, "%11.0g", "39008779.6"),
        (1591771.2, "%9.0g", "1591771"),
        (0.00000123, "%9.0g", "1.23e-06"),
        (0.0000012, "%9.0g", "1.20e-06"),
        (12345678.0, "%9.0g", "1.23e+07"),
        (9999999.6, "%9.0g", "1.00e+07"),
        (0.99999999, "%9.0g", "1"),
        (-1.5e-300, "%9.0g", "-1.5e-300"),
        (0.0, "%9.0g", "0"),
        (-0.0, "%9.0g", "0"),
        (100.0, "%9.0g", "100"),
        (-1.5569, "%8.2f", "-1.56"),
        (0.1194, "%5.3f", "0.119"),
        (0.02475, "%6.4f", "0.0248"),
        (1234567.0, "%8.2f", "1.2e+06"),
    ],
)
def test_numbers_are_printed_as_stata_prints_them(number, style, text):
    assert display(number, style).lstrip() == text
    assert len(display(number, style)) == int(style[1:].split(".")[0])


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("style", ["%9.0g", "%8.2f"])
def test_what_is_not_finite_is_missing(number, style):
    assert display(number, style).lstrip() == "."


@pytest.mark.parametrize("style", ["9.0g", "%9.2g", "%9s", "%9.0gc", ""])
def test_other_formats_are_refused(style):
    with pytest.raises(ValueError, match="no number format"):
        display(1.0, style)
