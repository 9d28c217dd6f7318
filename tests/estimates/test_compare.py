from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.errors import ConfigError, FitError
from fedfolder.estimates import difference_line, estimates_table, largest_difference


def test_a_fit_does_not_differ_from_itself(fits, name):
    assert largest_difference(fits[name], fits[name]) == 0


def test_a_change_of_any_coefficient_is_found_in_its_unit(fits, name):
    result = fits[name]
    units = np.maximum(np.abs(result.beta), result.bse.to_numpy())
    for i, unit in enumerate(units):
        beta = result.beta.copy()
        beta[i] += 1e-6 * unit
        assert largest_difference(result, dataclasses.replace(result, beta=beta)) == pytest.approx(1e-6, rel=1e-6)


@given(st.floats(1e-9, 0.5))
def test_a_change_of_the_standard_errors_is_found(fits, relative):
    result = fits["published"]
    other = dataclasses.replace(result, cov=result.cov * (1 + relative) ** 2)
    assert largest_difference(result, other) == pytest.approx(relative, rel=1e-5)


def test_the_order_of_the_coefficients_does_not_matter(fits):
    result = fits["published"]
    order = np.arange(len(result.names))[::-1]
    other = dataclasses.replace(
        result,
        names=tuple(result.names[i] for i in order),
        beta=result.beta[order],
        cov=result.cov[np.ix_(order, order)],
    )
    assert largest_difference(result, other) == 0


def test_a_missing_number_is_no_agreement(fits):
    result = fits["demo"]
    assert np.isnan(largest_difference(result, dataclasses.replace(result, beta=np.full(3, np.nan))))
    assert np.isnan(largest_difference(result, dataclasses.replace(result, cov=np.full((3, 3), np.nan))))


def test_a_coefficient_without_a_scale_differs_infinitely_or_not_at_all(fits):
    zero = dataclasses.replace(fits["demo"], beta=np.zeros(3), cov=np.zeros((3, 3)))
    assert largest_difference(zero, zero) == 0
    assert largest_difference(zero, dataclasses.replace(zero, beta=np.full(3, 1e-9))) == np.inf


def test_fits_of_other_coefficients_cannot_be_compared(fits, nothing):
    for a, b in [(fits["demo"], fits["published"]), (nothing, nothing), (fits["demo"], nothing)]:
        with pytest.raises(FitError, match="cannot be compared"):
            largest_difference(a, b)


def test_the_difference_in_words():
    assert difference_line(4.44e-16) == "Largest difference: 4.4e-16 of max(|b|, se)  (limit 1e-12)"
    assert difference_line(0.0, 1e-6) == "Largest difference: 0 of max(|b|, se)  (limit 1e-06)"


def test_two_fits_stand_side_by_side_with_their_differences(fits, golden):
    result = fits["published"]
    other = dataclasses.replace(result, beta=result.beta * (1 + 1e-9), cov=result.cov * (1 + 1e-9) ** 2)
    golden("table-pooled-federated.txt", estimates_table([("Pooled", result), ("Federated", other)]))


def test_fits_of_different_terms_leave_blanks(fits, golden, nothing):
    columns = [("demo", fits["demo"]), ("omitted", fits["omitted"]), ("a_very_long_name", fits["interaction"])]
    golden("table-three.txt", estimates_table([*columns, ("separated", nothing)]))


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_lines_have_at_most_80_characters_and_no_spaces_at_their_ends(fits, count):
    lines = estimates_table([("fit", fits["long-names"])] * count).split("\n")
    assert all(len(line) <= 80 and line == line.rstrip() for line in lines)
    assert ("Difference" in lines[1]) == (count == 2)


def test_a_table_of_nothing_is_refused():
    with pytest.raises(ConfigError, match="at least one"):
        estimates_table([])
