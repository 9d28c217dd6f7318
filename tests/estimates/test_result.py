from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from fedfolder.estimates import logit_stats, regress_stats, wald_chi2
from fedfolder.estimates.number import general

# Stata, lbw.dta: logit low age smoke to all its digits, and logit low age lwt i.race smoke ptl ht ui as printed.
DEMO = {"age": -0.0497792742582770, "smoke": 0.691848676936729, "_cons": 0.0609055366130124}
DEMO_SE = {"age": 0.031971957, "smoke": 0.321806118, "_cons": 0.757319899}
PUBLISHED = {
    "age": ("-.0271003", ".0364504"),
    "lwt": ("-.0151508", ".0069259"),
    "2.race": ("1.262647", ".5264101"),
    "3.race": (".8620792", ".4391532"),
    "smoke": (".9233448", ".4008266"),
    "ptl": (".5418366", ".346249"),
    "ht": ("1.832518", ".6916292"),
    "ui": (".7585135", ".4593768"),
    "_cons": (".4612239", "1.20459"),
}


def test_the_demo_that_the_tables_are_made_of_is_statas(fits):
    assert fits["demo"].params.to_dict() == pytest.approx(DEMO, rel=1e-12)
    assert fits["demo"].bse.to_dict() == pytest.approx(DEMO_SE, abs=5e-10)


def test_the_published_fit_is_statas_to_every_digit_printed(fits):
    result = fits["published"]
    printed = {
        name: (general(b, 9), general(se, 9)) for name, b, se in zip(result.names, result.beta, result.bse, strict=True)
    }
    assert printed == PUBLISHED
    assert list(printed) == list(PUBLISHED)
    assert general(result.llf, 10) == "-100.724"


def test_log_likelihoods_of_the_demo_are_statas(fits):
    assert fits["demo"].llf == pytest.approx(-113.63814580140382, abs=1e-10)
    assert fits["demo"].llnull == pytest.approx(-117.33599809660922, abs=1e-10)


@pytest.mark.parametrize("level", [80, 95, 99.9])
def test_tests_and_intervals_are_those_of_statsmodels(fits, lbw, name, level, design_of):
    import statsmodels.api as sm

    result = fits[name]
    columns, matrix, _ = design_of(result.command, lbw)
    keep = [j for j, column in enumerate(columns) if column.label in result.names]
    y = lbw[result.depvar].to_numpy(dtype=float)
    if result.model == "regress":
        theirs = sm.OLS(y, matrix[:, keep]).fit()
    else:
        theirs = sm.Logit(y, matrix[:, keep]).fit(method="newton", tol=1e-14, disp=0)
    np.testing.assert_allclose(result.tvalues, theirs.tvalues, rtol=1e-9)
    np.testing.assert_allclose(result.pvalues, theirs.pvalues, rtol=1e-9)
    np.testing.assert_allclose(result.conf_int(level), theirs.conf_int(1 - level / 100), rtol=1e-9)
    np.testing.assert_allclose(result.cov_params(), theirs.cov_params(), rtol=1e-12)


def test_statistics_of_regress_are_those_of_statsmodels(fits, lbw, name, design_of):
    import statsmodels.api as sm

    result = fits[name]
    if result.model != "regress":
        return
    columns, matrix, _ = design_of(result.command, lbw)
    y = lbw["bwt"].to_numpy(dtype=float)
    theirs = sm.OLS(y, matrix, hasconst="_cons" in result.names).fit()
    assert result.stats["rmse"] == pytest.approx(np.sqrt(theirs.mse_resid), rel=1e-12)
    assert result.stats["r2"] == pytest.approx(theirs.rsquared, abs=1e-12)
    assert result.stats["r2_a"] == pytest.approx(theirs.rsquared_adj, abs=1e-12)
    if len(columns) > 1:
        assert result.stats["F"] == pytest.approx(theirs.fvalue, rel=1e-9)


def test_everything_is_named_and_ordered_alike(fits):
    result = fits["published"]
    for named in (result.params, result.bse, result.tvalues, result.pvalues, result.conf_int()):
        assert tuple(named.index) == result.names
    assert tuple(result.cov_params().index) == tuple(result.cov_params().columns) == result.names
    assert list(result.conf_int().columns) == ["lower", "upper"]


def test_nobody_can_write_into_a_result(fits):
    result = fits["demo"]
    for values in (result.beta, result.cov):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 0
    params = result.params
    params["age"] = 99.0
    assert result.params["age"] != 99.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.llf = 0.0


def test_a_result_keeps_its_own_copy_of_what_it_was_given(fits):
    beta = np.zeros(3)
    result = dataclasses.replace(fits["demo"], beta=beta)
    beta[0] = 5
    assert result.beta[0] == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"beta": np.zeros(2)},
        {"cov": np.zeros((3, 2))},
        {"cov": np.zeros(9)},
        {"names": ("age", "age", "_cons")},
        {"names": ()},
    ],
)
def test_shapes_that_do_not_agree_are_refused(fits, changes):
    with pytest.raises(ValueError, match=r"shape|twice"):
        dataclasses.replace(fits["demo"], **changes)


def test_a_result_without_numbers_has_empty_tables(nothing):
    assert len(nothing.params) == len(nothing.bse) == len(nothing.pvalues) == len(nothing.conf_int()) == 0
    assert nothing.cov_params().shape == (0, 0)


def test_a_variance_of_zero_has_no_test(fits):
    result = dataclasses.replace(fits["demo"], cov=np.zeros((3, 3)))
    assert result.tvalues.isna().all()
    assert result.pvalues.isna().all()


def test_walds_test_of_one_coefficient_is_its_z_squared(lbw, fit):
    result = fit("logit low smoke", lbw)
    assert wald_chi2(result.names, result.beta, result.cov) == pytest.approx(result.tvalues["smoke"] ** 2, rel=1e-12)


def test_without_a_constant_only_fit_the_test_is_walds(fits):
    result = fits["demo"]
    stats = logit_stats(result.llf, None, result.names, result.beta, result.cov)
    assert stats == {"chi2": wald_chi2(result.names, result.beta, result.cov)}


def test_rounding_is_no_negative_r_squared():
    below = 1 + 2**-50
    assert logit_stats(-117.3 * below, -117.3, (), np.array([]), np.array([])) == {"chi2": 0, "r2_p": 0}
    assert regress_stats(below, 1.0, 189, 1)["r2"] == 0
    assert logit_stats(-118.0, -117.0, (), np.array([]), np.array([]))["chi2"] == -2


def test_a_singular_covariance_gives_no_wald_test():
    assert np.isnan(wald_chi2(("a", "b"), np.ones(2), np.zeros((2, 2))))
    assert wald_chi2(("_cons",), np.ones(1), np.ones((1, 1))) == 0


def test_results_come_as_pandas_objects(fits):
    assert isinstance(fits["demo"].params, pd.Series)
    assert isinstance(fits["demo"].cov_params(), pd.DataFrame)


@pytest.mark.parametrize("level", [0.95, 0.05, 0, 100, 99.995, float("nan")])
def test_a_confidence_level_is_in_percent(level):
    from fedfolder import pooled
    from fedfolder.errors import ConfigError

    frame = pd.DataFrame({"y": [0.0, 1.0, 1.0, 0.0, 1.0, 0.0], "x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]})
    with pytest.raises(ConfigError, match="no confidence level"):
        pooled("regress y x", frame).conf_int(level)
