"""Likelihoods of one of some levels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedfolder.errors import UnknownNameError
from fedfolder.likelihood import LIKELIHOODS, Totals
from tests.likelihood.samples import LEVELS, ROWS, rows_of, totals_of

CATEGORICAL: dict[str, Any] = {name: likelihood for name, likelihood in LIKELIHOODS.items() if likelihood.categorical}
each = pytest.mark.parametrize("name", CATEGORICAL)


def test_they_are_these():
    assert set(CATEGORICAL) == {"mlogit", "ologit", "oprobit"}


@each
@given(eta=st.lists(st.floats(-30, 30), min_size=5, max_size=5), levels=st.integers(2, 6))
def test_the_probabilities_of_all_levels_are_one_together(name, eta, levels):
    likelihood = CATEGORICAL[name].of_levels([str(k) for k in range(levels)], [1.0] * levels)
    q = likelihood.predictors
    assert q == levels - 1
    at = (
        np.array([eta[0], *np.cumsum(np.abs(eta[1:q]) + 0.01)])[:, None]
        if likelihood.thresholds
        else np.array(eta[:q])[:, None]
    )
    found = [likelihood.derivatives({"y": np.array([float(k)])}, at) for k in range(levels)]
    p = np.exp([part.loglike[0] for part in found])
    assert abs(p.sum() - 1) < 1e-13
    # So their derivatives add up to nothing: of p, p score, and p (score score' + Hessian).
    with np.errstate(invalid="ignore", over="ignore"):
        first = sum(share * part.score[:, 0] for share, part in zip(p, found, strict=True) if share > 1e-300)
        size = sum(share * np.abs(part.score[:, 0]) for share, part in zip(p, found, strict=True) if share > 1e-300)
    assert (np.abs(first) <= 1e-12 * (1 + size)).all()


@each
def test_the_instance_in_the_registry_stays_as_it_was(name):
    before = CATEGORICAL[name].predictors
    known = CATEGORICAL[name].of_levels(LEVELS, (1.0,) * 4)
    assert (known.levels, known.predictors) == (LEVELS, 3)
    assert (CATEGORICAL[name].levels, CATEGORICAL[name].predictors) == ((), before)
    assert known.name == name
    rows = {"y": np.array([-1.0, 0.0, 0.5, 3.0, 4.0])}
    assert known.can_have(rows).tolist() == [False, True, False, True, False]


@pytest.mark.parametrize(
    ("counts", "base", "equations"),
    [
        ((2.0, 5.0, 3.0), None, ("a", "c")),
        ((5.0, 2.0, 5.0), None, ("b", "c")),
        ((1.0, 5.0, 5.0), None, ("a", "c")),
        ((1.0, 5.0, 5.0), "c", ("a", "b")),
    ],
)
def test_the_base_of_mlogit_is_the_one_named_or_the_most_frequent_or_the_lowest_of_these(counts, base, equations):
    assert CATEGORICAL["mlogit"].of_levels(("a", "b", "c"), counts, base).equations == equations


def test_a_base_that_no_row_has():
    with pytest.raises(UnknownNameError, match=r"baseoutcome\(4\)"):
        CATEGORICAL["mlogit"].of_levels(("1", "2", "3"), (1.0, 1.0, 1.0), "4")


def test_the_base_changes_the_equations_and_nothing_else():
    rng = np.random.default_rng(9)
    rows, eta = rows_of(ROWS["mlogit"], 30, rng), rng.standard_normal((4, 30))
    values = []
    for place, base in enumerate(LEVELS):
        likelihood = CATEGORICAL["mlogit"].of_levels(LEVELS, (1.0,) * 4, base)
        values.append(likelihood.derivatives(rows, np.delete(eta - eta[place], place, axis=0)).loglike)
    for value in values[1:]:
        np.testing.assert_allclose(value, values[0], rtol=1e-12)


@pytest.mark.parametrize("name", ["ologit", "oprobit"])
def test_ordinal_thresholds(name):
    known = CATEGORICAL[name].of_levels(("1", "2", "3", "4"), (1.0,) * 4)
    assert (known.equations, known.ancillaries, known.thresholds) == (("",), ("/cut2", "/cut3"), True)
    assert CATEGORICAL[name].of_levels(("0", "1"), (1.0, 1.0)).ancillaries == ()
    rows = {"y": np.array([0.0, 1.0, 2.0, 3.0])}
    for cuts in ((-1.0, 2.0), (2.0, 1.0), (1.0, 1.0)):  # the first is at zero
        found = known.derivatives(rows, np.repeat([[0.3], [cuts[0]], [cuts[1]]], 4, axis=1))
        assert all(np.isnan(part).all() for part in found)


@pytest.mark.parametrize("name", ["ologit", "oprobit"])
def test_ordinal_likelihoods_start_at_the_maximum_over_the_thresholds(name):
    known = ROWS[name]
    rows = rows_of(known, 80, np.random.default_rng(10))
    start = np.array(known.start(totals_of(known, rows)))
    score = known.derivatives(rows, np.repeat(start[:, None], 80, axis=1)).score.sum(axis=1)
    assert np.abs(score).max() < 1e-11


@pytest.mark.parametrize(("name", "same"), [("ologit", "logit"), ("oprobit", "probit"), ("mlogit", "logit")])
def test_with_two_levels_it_is_the_binary_one(name, same):
    known = CATEGORICAL[name].of_levels(("0", "1"), (3.0, 2.0))
    eta = np.linspace(-40, 40, 81)[None]
    for value in (0.0, 1.0):
        rows = {"y": np.full(81, value)}
        found, binary = known.derivatives(rows, eta), ROWS[same].derivatives(rows, eta)
        for a, b in zip(found, binary, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-14)
    assert known.start(Totals(5, 5.0, counts=(3.0, 2.0)))[0] == pytest.approx(
        0.0 if name == "mlogit" else known.probability.of_mean(0.4)
    )
