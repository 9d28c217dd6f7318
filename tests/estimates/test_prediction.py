from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fedfolder.errors import FitError, UnknownNameError, VariableError
from fedfolder.estimates.prediction import PREDICTIONS, level_text


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
    assert set(PREDICTIONS) == {result.model for result in fits.values()}


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
