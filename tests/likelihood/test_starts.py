"""Where the search starts, and how a `glm` is named."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fedfolder.likelihood import Totals, find, glm_name
from tests.likelihood.samples import ROWS, rows_of, totals_of

TOTALS = Totals(10, 10.0, 20.0, 80.0, exposure=40.0)


@pytest.mark.parametrize("name", ["logit", "probit", "cloglog", "mlogit"])
def test_what_starts_at_zero(name):
    assert set(ROWS[name].start(Totals(10, 10.0, 4.0, 4.0, (1.0, 2.0, 3.0, 4.0)))) == {0.0}


@pytest.mark.parametrize("name", ["poisson", "nbreg", "glm family(poisson) link(log)", "glm family(poisson) link(rs)"])
def test_a_rate_starts_at_events_per_exposure(name):
    assert math.isclose(ROWS[name].start(TOTALS)[0], math.log(0.5))
    assert math.isclose(ROWS[name].start(Totals(10, 10.0, 20.0, 80.0))[0], math.log(2.0))


@pytest.mark.parametrize(
    ("squares", "alpha"),
    [(80.0, 0.5), (50.0, 0.05), (60.5, 0.05), (4000.0, 20.0), (72.0, 0.3), (math.nan, 1.0)],
)
def test_alpha_starts_at_the_variance_above_the_mean_within_bounds(squares, alpha):
    start = ROWS["nbreg"].start(Totals(10, 10.0, 20.0, squares))
    assert math.isclose(start[1], math.log(alpha), rel_tol=1e-12, abs_tol=1e-12)


@pytest.mark.parametrize("name", [name for name in ROWS if name.startswith("glm ") and "rs" not in name])
def test_a_glm_starts_at_the_maximum_over_the_constant(name):
    likelihood = ROWS[name]
    rows = rows_of(likelihood, 60, np.random.default_rng(12))
    rows["y"] = np.abs(rows["y"])
    found = likelihood.derivatives(rows, np.full((1, 60), likelihood.start(totals_of(likelihood, rows))[0]))
    assert abs(found.score.sum()) < 1e-12 * np.abs(found.score).sum()


@pytest.mark.parametrize("name", [name for name in ROWS if name.startswith("glm ")])
@pytest.mark.parametrize("total", [-3.0, 0.0, 1e-3])
def test_a_glm_starts_within_its_domain_whatever_the_mean(name, total):
    likelihood = ROWS[name]
    start = likelihood.start(Totals(5, 5.0, total, 9.0, exposure=5.0))
    rows = {"y": np.ones(1), "trials": np.ones(1), "expected": np.ones(1)}
    assert np.isfinite(likelihood.derivatives(rows, np.array([start])).loglike).all()


@pytest.mark.parametrize("total", [-3.0, 0.0])
def test_a_mean_that_the_link_cannot_have_has_no_null_loglike(total):
    totals = Totals(5, 5.0, total, 9.0, about_mean=4.0)
    assert ROWS["glm family(gaussian) link(log)"].null_loglike(totals) is None
    assert ROWS["glm family(gaussian) link(identity)"].null_loglike(totals) is not None
    assert ROWS["glm family(gamma) link(log)"].null_loglike(totals) is None


@pytest.mark.parametrize(
    ("family", "link"),
    {
        "binomial": "logit",
        "gaussian": "identity",
        "poisson": "log",
        "gamma": "power -1",
        "igaussian": "power -2",
    }.items(),
)
def test_the_canonical_link_is_taken_where_none_is_named(family, link):
    assert glm_name(family) == f"glm family({family}) link({link})"
    assert find(glm_name(family)).name == glm_name(family, link)


def test_reciprocal_is_another_word():
    assert find(glm_name("gamma", "reciprocal")) is find("glm family(gamma) link(power -1)")


def test_every_family_and_link_of_a_glm():
    power = ("identity", "log", "power -1", "power -2")
    expected = {glm_name("binomial", link) for link in ("logit", "probit", "cloglog", "log", "identity")}
    expected |= {glm_name(family, link) for family in ("gaussian", "poisson", "gamma", "igaussian") for link in power}
    assert {name for name in ROWS if name.startswith("glm ")} == expected | {glm_name("poisson", "rs")}
