from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from fedfolder.estimates import distributions as d

PROBABILITY = st.floats(0.001, 0.999)
FREEDOM = st.integers(1, 500)


@given(st.floats(-30, 30), FREEDOM)
def test_tails_are_those_of_scipys_distributions(x, df):
    assert d.normal_two_sided(x) == pytest.approx(2 * stats.norm.sf(abs(x)), rel=1e-12, abs=1e-300)
    assert d.t_two_sided(x, df) == pytest.approx(2 * stats.t.sf(abs(x), df), rel=1e-10, abs=1e-300)
    assert d.chi2_upper(abs(x), df) == pytest.approx(stats.chi2.sf(abs(x), df), rel=1e-10)
    assert d.f_upper(abs(x), df, 181) == pytest.approx(stats.f.sf(abs(x), df, 181), rel=1e-10, abs=1e-300)


@given(PROBABILITY, FREEDOM)
def test_a_quantile_gives_its_probability_back(p, df):
    two_sided = 2 * min(p, 1 - p)
    assert d.normal_two_sided(d.normal_quantile(p)) == pytest.approx(two_sided, rel=1e-9)
    assert d.t_two_sided(d.t_quantile(p, df), df) == pytest.approx(two_sided, rel=1e-6)


def test_the_normal_tail_is_the_integral_of_the_density():
    area, _ = integrate.quad(lambda z: np.exp(-z * z / 2) / np.sqrt(2 * np.pi), 1.5, np.inf)
    assert d.normal_two_sided(1.5) == pytest.approx(2 * area, rel=1e-8)


def test_a_test_without_degrees_of_freedom_has_no_p_value():
    assert np.isnan(d.chi2_upper(0.0, 0))
    assert np.isnan(d.f_upper(0.0, 0, 10))
    assert np.isnan(d.f_upper(1.0, 2, 0))


def test_arrays_keep_their_shape():
    assert d.normal_two_sided(np.zeros((2, 3))).shape == (2, 3)
    assert np.array_equal(d.chi2_upper(np.zeros(4), 2), np.ones(4))
