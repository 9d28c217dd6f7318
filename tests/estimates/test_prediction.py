from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fedfolder.command.parameters import Parameter
from fedfolder.errors import FitError, UnknownNameError, VariableError
from fedfolder.estimates import family
from fedfolder.estimates.columns import level_text
from fedfolder.estimates.prediction import PREDICTIONS, variables
from tests.estimates.models import births


def test_the_linear_predictor_is_the_design_times_beta(fits, lbw, name, design_of):
    result = fits[name]
    columns, matrix, _ = design_of(result.command, lbw)
    keep = [j for j, column in enumerate(columns) if column.label in result.names]
    np.testing.assert_allclose(result.predict(lbw, "xb"), matrix[:, keep] @ result.beta, rtol=1e-12, atol=1e-12)


def test_predictions_add_up_to_what_was_observed(fits, lbw, name):
    """With a constant, the score of either model makes fitted and observed totals equal."""
    result = fits[name]
    if "_cons" in result.names:
        assert result.predict(lbw).sum() == pytest.approx(lbw[result.depvar].sum(), rel=1e-9)


def test_the_default_is_statas(fits, lbw):
    assert fits["demo"].predict(lbw).name == "pr"
    assert fits["regress"].predict(lbw).name == "xb"
    assert {result.model for result in fits.values()} <= set(PREDICTIONS)


@pytest.mark.parametrize("kind", [int, float, "int8", "float32", str, "category", "string", "Int64", object])
def test_levels_may_be_of_any_type(fits, lbw, kind):
    as_expected = fits["published"].predict(lbw)
    pd.testing.assert_series_equal(fits["published"].predict(lbw.assign(race=lbw["race"].astype(kind))), as_expected)


def test_a_boolean_is_a_level(fits, lbw):
    as_expected = fits["odds-ratios"].predict(lbw)
    frame = lbw.assign(smoke=lbw["smoke"] == 1)
    pd.testing.assert_series_equal(fits["odds-ratios"].predict(frame), as_expected)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
@pytest.mark.parametrize("variable", ["race", "age"])
def test_a_missing_value_gives_a_missing_prediction_and_nothing_else(fits, lbw, variable, missing):
    values = lbw[variable].astype(object)
    values.iloc[3] = missing
    found = fits["published"].predict(lbw.assign(**{variable: values}))
    expected = fits["published"].predict(lbw)
    assert list(np.flatnonzero(found.isna())) == [3]
    np.testing.assert_array_equal(found.drop(index=3), expected.drop(index=3))


def test_an_empty_string_is_missing(fits, lbw):
    frame = lbw.assign(race=lbw["race"].astype(str).where(lbw.index != 5, ""))
    assert list(np.flatnonzero(fits["published"].predict(frame).isna())) == [5]


def test_the_frames_index_is_kept(fits, lbw):
    frame = lbw.sample(frac=1, random_state=1)
    assert fits["demo"].predict(frame).index.equals(frame.index)
    assert len(fits["demo"].predict(lbw.iloc[:0])) == 0


@pytest.mark.parametrize("level", [4, 1.5, "other", " 1"])
def test_a_level_that_the_fit_has_not_seen_is_an_error_that_names_the_variable_alone(fits, lbw, level):
    frame = lbw.assign(race=lbw["race"].astype(object).where(lbw.index != 7, level))
    with pytest.raises(VariableError) as caught:
        fits["published"].predict(frame)
    assert caught.value.where == "variable race"
    assert str(level) not in str(caught.value)


def test_an_omitted_level_is_known_and_contributes_nothing(fits, lbw):
    result = fits["omitted"]
    frame = lbw.iloc[[0]]
    third, first = (result.predict(frame.assign(race=level), "xb").iloc[0] for level in (3, 1))
    assert third == first


def test_text_where_a_number_is_needed_is_an_error(fits, lbw):
    with pytest.raises(VariableError, match="variable age"):
        fits["demo"].predict(lbw.assign(age="old"))


def test_a_variable_that_is_not_there_is_named_with_the_nearest(fits, lbw):
    with pytest.raises(UnknownNameError) as caught:
        fits["demo"].predict(lbw[["age"]].assign(smoked=1))
    assert "variable smoke " in caught.value.what
    assert caught.value.do == "did you mean smoked?"


def test_a_model_predicts_only_what_it_can(fits, lbw):
    with pytest.raises(UnknownNameError):
        fits["regress"].predict(lbw, "pr")
    with pytest.raises(UnknownNameError):
        fits["demo"].predict(lbw, "hazard")


def test_a_fit_without_numbers_predicts_nothing(nothing, lbw):
    with pytest.raises(FitError, match="separation"):
        nothing.predict(lbw)


def test_an_extreme_predictor_is_a_probability_all_the_same(fits, lbw):
    found = fits["demo"].predict(lbw.assign(age=[-1e6, 1e6] + [20] * (len(lbw) - 2)))
    assert found.iloc[0] == 1
    assert found.iloc[1] == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2, "2"),
        (2.0, "2"),
        (np.int8(2), "2"),
        (np.float32(2), "2"),
        (True, "1"),
        (np.bool_(0), "0"),
        ("2", "2"),
        (0.5, "0.5"),
        ("a b", "a b"),
        ("", ""),
        (None, None),
        (np.nan, None),
        (pd.NA, None),
        (pd.NaT, None),
    ],
)
def test_a_level_reads_the_same_whatever_its_type(value, text):
    assert level_text(value) == text


@pytest.fixture(scope="module")
def data(lbw):
    return births(lbw)


def test_every_shape_predicts_what_lincom_says_of_a_row(models, shape, data):
    """The linear predictor and its standard error, for three rows, as a combination of coefficients."""
    result = models[shape]
    rows = data.iloc[[0, 50, 188]]
    xb, stdp = (result.predict_all(rows, what, offset=False) for what in ("xb", "stdp"))
    for column in stdp.columns:
        equation = column.removeprefix("stdp").removeprefix("_")
        for i in range(len(rows)):
            terms = [p for p in map(Parameter.parse, result.names) if p.equation == equation]
            values = {p.name: float(data[p.term].iloc[[0, 50, 188][i]]) for p in terms}
            found = result.lincom(" + ".join(f"{value!r}*{name}" for name, value in values.items()))
            assert xb[column.replace("stdp", "xb")].iloc[i] == pytest.approx(found.estimate, rel=1e-10)
            assert stdp[column].iloc[i] == pytest.approx(found.se, rel=1e-10)


def test_counts_have_their_exposure_and_their_offset(models, data):
    result = models["poisson"]
    rate = np.exp(data[list(result.names)].to_numpy() @ result.beta)
    np.testing.assert_allclose(result.predict(data, "ir"), rate, rtol=1e-12)
    np.testing.assert_allclose(result.predict(data), rate * data["weeks"], rtol=1e-12)
    np.testing.assert_allclose(result.predict(data, "mu", offset=False), rate, rtol=1e-12)
    assert result.predict(data).sum() == pytest.approx(data["ftv"].sum(), rel=1e-9)
    assert models["poisson-offset"].predict(data).sum() == pytest.approx(data["ftv"].sum(), rel=1e-9)
    assert models["nbreg"].predict(data).name == "n"


def test_means_of_glm_are_those_of_statsmodels(models, data):
    import statsmodels.api as sm

    for shape, kind in (
        ("glm-binomial", sm.families.Binomial()),
        ("glm-gamma", sm.families.Gamma(sm.families.links.Log())),
    ):
        result = models[shape]
        X = data[list(result.names)]
        expected = sm.GLM(data[result.depvar], X, family=kind).predict(result.beta, X)
        np.testing.assert_allclose(result.predict(data), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("link", "mean"),
    [
        ("logit", lambda x: 1 / (1 + np.exp(-x))),
        ("probit", stats.norm.cdf),
        ("cloglog", lambda x: 1 - np.exp(-np.exp(x))),
        ("log", np.exp),
        ("identity", lambda x: x),
        ("power -1", lambda x: 1 / x),
        ("power -2", lambda x: x**-0.5),
        ("rs", lambda x: 2.5 + np.exp(x)),
    ],
)
def test_every_link_has_its_mean(models, link, mean):
    assert set(family.LINKS) == {"logit", "probit", "cloglog", "log", "identity", "power -1", "power -2", "rs"}
    base = models["glm-gamma"]
    result = dataclasses.replace(
        base,
        likelihood=f"glm family(poisson) link({link})",
        names=("x",),
        beta=[1.0],
        cov=[[1.0]],
        bases={},
        roles={"expected": "d"} if link == "rs" else {},
    )
    x = np.array([0.1, 0.5, 1.7, 3.0])
    found = result.predict(pd.DataFrame({"x": x, "d": 2.5}))
    np.testing.assert_allclose(found, mean(x), rtol=1e-12)


@pytest.mark.parametrize("trials", ["10", "m"])
def test_grouped_data_have_a_number_of_successes(models, trials):
    result = dataclasses.replace(
        models["glm-binomial"], names=("x",), beta=[1.0], cov=[[1.0]], bases={}, roles={"trials": trials}
    )
    found = result.predict(pd.DataFrame({"x": [0.0, 0.0], "m": [10, 10]}))
    np.testing.assert_allclose(found, [5.0, 5.0])
    assert f"u*(1-u/{trials})" in result.summary()


def test_probabilities_of_outcomes_are_those_of_statsmodels_and_add_to_one(models, data):
    import statsmodels.api as sm

    result = models["mlogit"]
    X = data[["age", "smoke", "_cons"]]
    fit = sm.MNLogit(data["race"], X).fit(method="newton", tol=1e-14, disp=0)
    found = result.predict_all(data)
    assert list(found.columns) == ["pr_1", "pr_2", "pr_3"]
    np.testing.assert_allclose(found, fit.predict(X), rtol=1e-9)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-14)
    np.testing.assert_array_equal(result.predict(data, outcome=2), found["pr_2"])
    np.testing.assert_array_equal(result.predict(data, "xb", outcome="1"), 0.0)


@pytest.mark.parametrize(("shape", "below"), [("ologit", stats.logistic.cdf), ("oprobit", stats.norm.cdf)])
def test_probabilities_of_ordered_outcomes_are_differences_of_the_distribution(models, data, shape, below):
    result = models[shape]
    found = result.predict_all(data)
    xb = data[["age", "smoke", "ht"]].to_numpy() @ result.beta[:3]
    edges = below(result.beta[3:] - xb[:, None])
    np.testing.assert_allclose(found["pr_1"], edges[:, 0], rtol=1e-12)
    np.testing.assert_allclose(found["pr_3"], edges[:, 2] - edges[:, 1], rtol=1e-9)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-14)


def test_far_out_an_ordered_outcome_keeps_its_digits(models, data):
    """F(a) - F(b) with both near one would be rounding."""
    result = models["ologit"]
    far = data.iloc[:1].assign(age=-2000.0)
    a, b = result.beta[3:5] - (far[["age", "smoke", "ht"]].to_numpy() @ result.beta[:3])
    found = result.predict_all(far)["pr_2"].iloc[0]
    assert found == pytest.approx(np.exp(-a) - np.exp(-b), rel=1e-9)
    assert found > 0


def test_a_conditional_logit_predicts_within_its_groups(models, data):
    result = models["clogit"]
    found = result.predict(data)
    np.testing.assert_allclose(found.groupby(data["agegroup"]).sum(), 1.0, rtol=1e-12)
    assert result.predict(data, "pu0").between(0, 1).all()


def test_an_outcome_has_to_be_named_and_known(models, data):
    with pytest.raises(UnknownNameError, match="several outcomes"):
        models["mlogit"].predict(data)
    with pytest.raises(UnknownNameError, match="no such outcome"):
        models["mlogit"].predict(data, outcome=9)


@pytest.mark.parametrize("shape", ["mlogit", "ologit", "poisson", "clogit"])
def test_a_missing_value_is_missing_in_every_prediction(models, data, shape):
    result = models[shape]
    gap = "age" if shape != "clogit" else "lwt"
    frame = data.assign(**{gap: data[gap].where(data.index != 3)})
    for what in PREDICTIONS[result.model]:
        found = result.predict_all(frame, what)
        base = [f"xb_{result.base_outcome}"] if what == "xb" and result.base_outcome else []
        found = found.drop(columns=base)
        assert found.iloc[3].isna().all()
        assert found.drop(index=3).notna().all(axis=None)


def test_a_level_that_the_fit_has_not_seen_can_be_missing(fits, lbw):
    frame = lbw.assign(race=lbw["race"].where(lbw.index != 7, 4))
    found = fits["published"].predict(frame, unseen="missing")
    assert list(np.flatnonzero(found.isna())) == [7]
    with pytest.raises(UnknownNameError):
        fits["published"].predict(frame, unseen="whatever")


def test_the_variables_that_predictions_need(models, shape, data):
    result = models[shape]
    frame = data[variables(result)]
    pd.testing.assert_frame_equal(result.predict_all(frame), result.predict_all(data))
    for name in frame.columns:
        with pytest.raises(UnknownNameError):
            result.predict_all(frame.drop(columns=name))


def test_derived_variables_are_derived_again(lbw):
    import fedfolder

    command = (
        "generate lnlwt = ln(lwt); recode age (min/19 = 1) (20/29 = 2) (30/max = 3), generate(band); "
        'generate white = ethnicity=="white"; logit low lnlwt i.band white smoke'
    )
    result = fedfolder.pooled(command, lbw)
    assert result.predict(lbw).sum() == pytest.approx(lbw["low"].sum(), rel=1e-9)
    assert set(variables(result)) == {"lwt", "age", "ethnicity", "smoke"}
    frame = lbw[variables(result)]
    pd.testing.assert_series_equal(result.predict(frame), result.predict(lbw))
    gap = frame.assign(lwt=frame["lwt"].where(frame.index != 4))
    assert list(np.flatnonzero(result.predict(gap).isna())) == [4]
