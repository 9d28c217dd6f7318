from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from fedfolder.errors import FitError
from fedfolder.estimates import lrtest

LR = """
Likelihood-ratio test
Assumption: B nested within A

 LR chi2(2) =   7.34
Prob > chi2 = 0.0254
"""


def test_the_ratio_is_twice_the_difference_whichever_comes_first(lbw, fit):
    large, small = fit("logit low age lwt i.race smoke ptl ht ui", lbw), fit("logit low age lwt smoke ptl ht ui", lbw)
    found = lrtest(large, small)
    assert found.chi2 == 2 * (large.llf - small.llf)
    assert (found.df, found.notes) == (2, ())
    assert found.p == pytest.approx(math.exp(-found.chi2 / 2), rel=1e-12)
    assert str(found) == LR
    turned = lrtest(small, large, names=("B", "A"))
    assert turned == found


def test_the_ratio_against_the_constant_is_that_of_the_heading(fits, lbw, fit):
    found = lrtest(fits["published"], fit("logit low", lbw))
    assert found.chi2 == pytest.approx(fits["published"].stats["chi2"], rel=1e-9)


def test_models_that_do_not_look_nested_are_noted(lbw, fit):
    found = lrtest(fit("logit low age lwt", lbw), fit("logit low smoke", lbw))
    assert "smoke of B not among the coefficients of A" in str(found)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"nobs": 188}, "188"),
        ({"depvar": "bwt"}, "bwt"),
        ({"likelihood": "probit"}, "probit"),
        ({"vce": "robust"}, "pseudo"),
        ({"vce": "cluster"}, "pseudo"),
        ({"weight": "pw"}, "pseudo"),
        ({"weight": "fw"}, "fw"),
        ({"roles": {"offset": "x"}}, "offset x"),
        ({"llf": math.nan}, "not known"),
        ({"llf": -90.0}, "lower log-likelihood"),
    ],
)
def test_fits_that_cannot_be_compared_are_refused(fits, lbw, fit, changes, found):
    small = fit("logit low age smoke", lbw)
    for pair in ((small, fits["published"]), (fits["published"], small)):
        assert lrtest(*pair).df == 6
    with pytest.raises(FitError, match="cannot be compared") as caught:
        lrtest(dataclasses.replace(small, **changes), fits["published"])
    assert found in caught.value.found


def test_models_of_one_size_are_refused(fits):
    with pytest.raises(FitError, match="cannot be compared"):
        lrtest(fits["demo"], fits["demo"])


def test_a_ratio_below_zero_by_rounding_is_zero(fits):
    smaller = fits["demo"]
    larger = dataclasses.replace(fits["published"], llf=smaller.llf * (1 + 2**-50))
    assert lrtest(smaller, larger).chi2 == 0


def test_a_fit_without_numbers_is_refused(fits, nothing):
    with pytest.raises(FitError, match="no coefficients"):
        lrtest(fits["demo"], nothing)
    for ask in (nothing.estat_ic, nothing.estat_vce):
        with pytest.raises(FitError, match="no coefficients"):
            ask()


def test_criteria_are_those_of_statsmodels(fits, lbw, design_of, golden):
    import statsmodels.api as sm

    result = fits["published"]
    _, matrix, _ = design_of(result.command, lbw)
    theirs = sm.Logit(lbw["low"].to_numpy(), matrix).fit(method="newton", tol=1e-14, disp=0)
    found = result.estat_ic()
    assert (found.aic, found.bic) == pytest.approx((theirs.aic, theirs.bic), rel=1e-12)
    golden("estat-ic.txt", str(found))


def test_covariances_and_correlations(models, shape, golden):
    result = models[shape]
    np.testing.assert_array_equal(result.estat_vce().matrix, result.cov)
    frame = result.estat_vce(correlation=True).frame
    np.testing.assert_allclose(frame, result.cov / np.outer(result.bse, result.bse), rtol=1e-12)
    assert list(frame.index) == list(frame.columns) == list(result.names)
    if shape in {"mlogit", "nbreg"}:
        golden(f"estat-vce-{shape}.txt", f"{result.estat_vce()}{result.estat_vce(correlation=True)}")


@pytest.mark.parametrize("correlation", [False, True])
def test_panels_hold_each_entry_of_the_lower_triangle_once(models, shape, correlation):
    result = models[shape]
    lines = str(result.estat_vce(correlation=correlation)).split("\n")
    assert all(len(line) <= 80 for line in lines)
    rows = [line.split("|")[1].split() for line in lines if "|" in line and "e(V)" not in line]
    p = len(result.names)
    assert sum(map(len, rows)) == p * (p + 1) // 2
