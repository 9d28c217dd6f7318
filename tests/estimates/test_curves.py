"""Curves over time: against predictions of rows, against differences in beta and in time, and against lincom."""

from __future__ import annotations

import dataclasses
import sys

import numpy as np
import pandas as pd
import pytest

from fedfolder import pooled
from fedfolder.command.arguments import DISTRIBUTIONS
from fedfolder.errors import ConfigError, FitError, UnknownNameError, VariableError
from fedfolder.estimates.curves import OVER_TIME
from fedfolder.estimates.drawing import draw
from fedfolder.estimates.quantities import CONTRASTS, QUANTITIES

PATTERNS = {"early": {"age": 61.0, "stage": 1}, "late": {"age": 58.0, "stage": 3}}
TIMES = np.array([0.25, 1.0, 3.5, 9.0])
METRICS = [*sorted({meant for meant, _ in DISTRIBUTIONS.values()}), "exponential) time(", "weibull) time("]


@pytest.fixture(scope="module")
def followed() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = 300
    frame = pd.DataFrame({"age": np.round(rng.uniform(40, 80, n)), "stage": rng.integers(1, 4, n)})
    death = 6.0 * rng.weibull(1.3, n) * np.exp(-0.3 * (frame["stage"] - 2) - 0.01 * (frame["age"] - 60))
    end = rng.uniform(0.5, 8.0, n)
    return frame.assign(d=(death <= end).astype(float), t=np.minimum(death, end))


@pytest.fixture(scope="module", params=METRICS)
def fit(request, followed):
    more = " time" if "(" in request.param else ""
    distribution = request.param.split(")")[0]
    return pooled(f"streg age i.stage, distribution({distribution}){more} time(t) failure(d)", followed)


@pytest.fixture(scope="module")
def weibull(followed):
    return pooled("streg age i.stage, distribution(weibull) time(t) failure(d)", followed)


def test_every_model_of_times_has_curves(followed):
    assert set(OVER_TIME) == {"streg", "stpm2", "stcox", "poisson", "glm"}
    logit = pooled("logit d age", followed)
    with pytest.raises(UnknownNameError, match="says nothing over time"):
        logit.curves({"": {"age": 60.0}}, TIMES)


def test_they_go_through_the_predictions_of_rows(fit):
    rows = pd.DataFrame([{**pattern, "t": time} for pattern in PATTERNS.values() for time in TIMES])
    for what, kind in (("survival", "surv"), ("hazard", "hazard")):
        found = fit.curves(PATTERNS, TIMES, what).estimate.ravel()
        np.testing.assert_allclose(found, fit.predict(rows, kind), rtol=1e-12)
    cumulative = fit.curves(PATTERNS, TIMES, "cumhazard").estimate
    np.testing.assert_allclose(np.exp(-cumulative), fit.curves(PATTERNS, TIMES).estimate, rtol=1e-12)


def test_the_hazard_is_the_slope_of_the_cumulative_hazard(fit):
    h = 1e-5
    before, after = (fit.curves(PATTERNS, TIMES + by, "cumhazard").estimate for by in (-h, h))
    np.testing.assert_allclose((after - before) / (2 * h), fit.curves(PATTERNS, TIMES, "hazard").estimate, rtol=1e-6)


@pytest.mark.parametrize("contrast", [None, *CONTRASTS])
@pytest.mark.parametrize("what", QUANTITIES)
def test_intervals_are_those_of_differences_in_beta(fit, what, contrast):
    """The delta method with a numerical gradient, on the scale that each interval is taken on."""

    def scale(values):
        if contrast == "difference":
            return values
        if contrast is None and what == "survival":
            return np.log(-np.log(values))
        return np.log(values)

    def at(beta):
        return scale(dataclasses.replace(fit, beta=beta).curves(PATTERNS, TIMES, what, contrast=contrast).estimate)

    h = 1e-5 * fit.bse.to_numpy()
    gradient = np.stack(
        [(at(fit.beta + step) - at(fit.beta - step)) / (2 * h[j]) for j, step in enumerate(np.diag(h))], axis=-1
    )
    se = np.sqrt(np.einsum("ktp,pq,ktq->kt", gradient, fit.cov, gradient))
    found = fit.curves(PATTERNS, TIMES, what, contrast=contrast, level=90.0)
    ends = scale(found.lower), scale(found.upper)
    np.testing.assert_allclose(np.abs(ends[1] - ends[0]) / (2 * 1.6448536269514722), se, rtol=1e-6)
    assert (found.lower < found.estimate).all()
    assert (found.estimate < found.upper).all()


def test_a_ratio_of_proportional_hazards_is_that_of_lincom(weibull):
    pair = {"a": {"age": 60.0, "stage": 2}, "b": {"age": 60.0, "stage": 3}}
    found = weibull.curves(pair, TIMES, "hazard", contrast="ratio")
    expected = weibull.lincom("3.stage - 2.stage, hr").table
    assert found.names == ("b against a",)
    for ours, theirs in ((found.estimate, expected.b), (found.lower, expected.lower), (found.upper, expected.upper)):
        np.testing.assert_allclose(ours, np.full((1, 4), theirs[0]), rtol=1e-12)


def test_at_time_zero_all_are_alive(fit):
    found = fit.curves(PATTERNS, [0.0])
    for values in (found.estimate, found.lower, found.upper):
        np.testing.assert_array_equal(values, [[1.0], [1.0]])
    apart = fit.curves(PATTERNS, [0.0], contrast="difference")
    np.testing.assert_array_equal([apart.estimate, apart.lower, apart.upper], np.zeros((3, 1, 1)))


def test_an_offset_is_a_variable_of_the_pattern(followed):
    shifted = followed.assign(o=0.5)
    fit = pooled("streg age, distribution(weibull) offset(o) time(t) failure(d)", shifted)
    found = fit.curves({"": {"age": 60.0, "o": 0.5}}, TIMES, "hazard").estimate[0]
    rows = pd.DataFrame({"age": 60.0, "o": 0.5, "t": TIMES})
    np.testing.assert_allclose(found, fit.predict(rows, "hazard"), rtol=1e-12)


def test_a_model_of_the_constant_alone_has_one_pattern(followed):
    fit = pooled("streg, distribution(exponential) time(t) failure(d)", followed)
    found = fit.curves({"": {}}, TIMES, "hazard")
    np.testing.assert_allclose(found.estimate, np.full((1, 4), np.exp(fit.params["_cons"])), rtol=1e-14)


def test_they_are_a_table(weibull):
    frame = weibull.curves(PATTERNS, TIMES).frame()
    assert list(frame.columns) == ["pattern", "time", "estimate", "lower", "upper"]
    assert list(frame["pattern"]) == ["early"] * 4 + ["late"] * 4
    assert list(frame["time"]) == [*TIMES, *TIMES]


@pytest.mark.parametrize(
    ("patterns", "times", "more", "wrong"),
    [
        ({"a": {"age": 60.0}}, [1.0], {}, (UnknownNameError, "nothing for stage")),
        ({"a": {"age": 60.0, "stage": 1, "sex": 1}}, [1.0], {}, (UnknownNameError, "sex is not in the model")),
        ({"a": {"age": 60.0, "stage": 9}}, [1.0], {}, (VariableError, "variable stage")),
        ({"a": {"age": "old", "stage": 1}}, [1.0], {}, (VariableError, "variable age")),
        (PATTERNS, [], {}, (ConfigError, "no times")),
        (PATTERNS, [-1.0], {}, (ConfigError, "no times")),
        (PATTERNS, [np.nan], {}, (ConfigError, "no times")),
        (PATTERNS, [1.0], {"what": "median"}, (UnknownNameError, "median")),
        (PATTERNS, [1.0], {"contrast": "sum"}, (UnknownNameError, "sum")),
        (PATTERNS, [1.0], {"level": 0.95}, (ConfigError, "confidence level")),
        ({"a": PATTERNS["early"]}, [1.0], {"contrast": "ratio"}, (ConfigError, "one pattern")),
    ],
)
def test_what_cannot_be_shown_says_why(weibull, patterns, times, more, wrong):
    with pytest.raises(wrong[0], match=wrong[1]):
        weibull.curves(patterns, times, **more)


def test_a_fit_without_numbers_has_no_curves(followed):
    fit = pooled("streg age i.stage, distribution(weibull) time(t) failure(d)", followed.assign(d=0.0))
    with pytest.raises(FitError):
        fit.curves(PATTERNS, [1.0])


# -- pictures ---------------------------------------------------------------------------------------------------------


def test_an_svg_holds_names_and_axes_as_text_and_is_the_same_twice(weibull):
    curves = weibull.curves(PATTERNS, TIMES)
    picture = draw(curves, "svg", time="years")
    assert picture == draw(curves, "svg", time="years")
    for words in ("early", "late", "years", "survival (95% intervals)"):
        assert f">{words}</text>" in picture.decode()
    assert b"<dc:date>" not in picture


def test_a_png_is_the_same_twice(weibull):
    curves = weibull.curves(PATTERNS, TIMES, "hazard", contrast="ratio")
    picture = draw(curves, "png")
    assert picture.startswith(b"\x89PNG")
    assert picture == draw(curves, "png")


def test_without_matplotlib_the_error_says_what_to_install(weibull, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigError, match=r"fedfolder\[plot\]"):
        draw(weibull.curves(PATTERNS, TIMES), "svg")
