"""`predict` on the data in Stata's memory: the numbers of `FitResult.predict_all`, in new variables."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from fedfolder.estimates.prediction import PREDICTIONS
from fedfolder.stata.bridge import Stata
from fedfolder.stata.keeping import posted
from fedfolder.stata.prediction import KINDS
from tests.stata.births import births, shared
from tests.stata.standin.session import ADO
from tests.stata.standin.values import MISSING
from tests.stata.test_fits import COMMANDS, run_fit


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    with shared(tmp_path_factory) as found:
        yield found


def load(stata, frame):
    """Put a data frame into memory."""
    data = stata.memory.data
    data.clear()
    data.set_nobs(len(frame))
    for name in frame:
        text = not pd.api.types.is_numeric_dtype(frame[name])
        column = data.add(name, "str20" if text else "double")
        for at, value in enumerate(frame[name].tolist()):
            missing = not text and np.isnan(value)
            column.put(at, value if text else MISSING if missing else float(value))


def made(stata, name):
    """A variable as an array, NaN where it is missing."""
    return np.array([np.nan if value >= MISSING else value for value in stata.memory.data.column(name).values])  # noqa: PD011


def test_the_options_are_all_that_can_be_predicted():
    assert set(KINDS) == {"mu", *(kind for kinds in PREDICTIONS.values() for kind in kinds)}


@pytest.mark.parametrize("model", COMMANDS)
def test_every_prediction_of_every_model(stata, study, model):
    assert run_fit(stata, study, COMMANDS[model]) == 0, stata.text
    frame = births()
    frame.loc[3, "age"] = np.nan
    load(stata, frame)
    result = posted(Stata())
    for kind in PREDICTIONS[model]:
        expected = result.predict_all(frame, kind)
        names = [f"{kind}{j}" for j in range(expected.shape[1])]
        assert stata.run(f"predict {' '.join(names)}, {kind}") == 0, stata.text
        for j, name in enumerate(names):
            np.testing.assert_array_equal(made(stata, name), expected.iloc[:, j].to_numpy(), strict=True)
    assert stata.run("predict usual") == 0
    np.testing.assert_array_equal(made(stata, "usual"), made(stata, f"{PREDICTIONS[model][0]}0"))
    assert f"(option {PREDICTIONS[model][0]} assumed; " in stata.text


def test_fedfolder_p_has_all_of_them_as_options():
    text = (ADO / "fedfolder_p.ado").read_text(encoding="ascii")
    found = re.search(r"syntax newvarlist \[if\] \[in\] \[, (.*)\]", text)
    assert found is not None
    words = found[1].split()
    assert {word.lower() for word in words} - {"nooffset", "outcome(string)"} == set(KINDS)


def test_only_where_it_was_asked_for(stata, study):
    assert run_fit(stata, study, COMMANDS["logit"]) == 0, stata.text
    frame = births()
    load(stata, frame)
    assert stata.run("predict p if age > 20 in 1/50") == 0, stata.text
    expected = posted(Stata()).predict(frame).to_numpy()
    here = (frame["age"] > 20) & (np.arange(len(frame)) < 50)
    np.testing.assert_array_equal(made(stata, "p"), np.where(here, expected, np.nan))
    assert f"({(~here).sum()} missing values generated)" in stata.text
    column = stata.memory.data.column("p")
    assert (column.type, column.label) == ("double", "Pr(low)")


def test_without_the_offset(stata, study):
    assert run_fit(stata, study, COMMANDS["poisson"]) == 0, stata.text
    load(stata, births())
    assert stata.run("predict a, n nooffset") == 0, stata.text
    np.testing.assert_array_equal(made(stata, "a"), posted(Stata()).predict(births(), "n", offset=False))


def test_one_outcome_of_several(stata, study):
    assert run_fit(stata, study, COMMANDS["mlogit"]) == 0, stata.text
    load(stata, births())
    every = posted(Stata()).predict_all(births())
    for typed, column in (("outcome(3)", "pr_3"), ("outcome(#2)", "pr_2"), ("", "pr_1")):
        name = f"p{column[-1]}"
        assert stata.run(f"predict {name}, pr {typed}") == 0, stata.text
        np.testing.assert_array_equal(made(stata, name), every[column])
    assert stata.memory.data.column("p3").label == "Pr(race==3)"
    assert stata.run("predict x, outcome(9)") == 111
    assert stata.run("predict x y") == 198
    assert "x" not in stata.memory.data.names


def test_restored_estimates_predict_as_they_did_wherever_the_study_is(stata, study):
    assert run_fit(stata, study, "logit low i.colour") == 0, stata.text
    assert stata.run("estimates store first") == 0
    assert run_fit(stata, study, COMMANDS["regress"]) == 0, stata.text
    load(stata, births())
    assert stata.run("predict second, xb") == 0, stata.text
    assert stata.run("estimates restore first") == 0
    assert stata.run("predict again, xb") == 0, stata.text
    assert posted(Stata()).model == "logit"
    np.testing.assert_array_equal(made(stata, "again"), posted(Stata()).predict(births(), "xb"))
    assert not np.array_equal(made(stata, "again"), made(stata, "second"))


def test_a_level_that_the_fit_has_not_seen_is_missing(stata, study):
    assert run_fit(stata, study, COMMANDS["logit"]) == 0, stata.text
    frame = births()
    frame.loc[5, "race"] = 9
    load(stata, frame)
    assert stata.run("predict p") == 0, stata.text
    assert np.flatnonzero(np.isnan(made(stata, "p"))).tolist() == [5]
    assert "(1 missing value generated)" in stata.text


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        ("predict p, n", 111, "does not predict n"),
        ("predict p, xb pr", 198, "one thing"),
        ("predict age", 110, "age"),
        ("predict p q", 198, "expected: 1\n"),
        ("predict p, outcome(2)", 111, "no such outcome"),
    ],
)
def test_what_cannot_be_predicted(stata, study, typed, code, said):
    assert run_fit(stata, study, "logit low age") == 0, stata.text
    load(stata, births())
    before = list(stata.memory.data.names)
    assert stata.run(typed) == code, stata.text
    assert said in stata.errors
    assert stata.memory.data.names == before


def test_a_variable_that_is_not_in_memory_is_named(stata, study):
    assert run_fit(stata, study, COMMANDS["logit"]) == 0, stata.text
    load(stata, births().drop(columns="smoke"))
    assert stata.run("predict p") == 111
    assert "smoke" in stata.errors
    assert "__0" not in stata.errors
    stata.memory.data.clear()
    assert stata.run("predict p") == 111
    assert "use the data" in stata.errors


def test_p_is_enough_for_a_probability(stata, study):
    assert run_fit(stata, study, "logit low age") == 0, stata.text
    load(stata, births())
    assert stata.run("predict one, p") == 0, stata.text
    assert stata.run("predict two") == 0, stata.text
    np.testing.assert_array_equal(made(stata, "one"), made(stata, "two"))
    load(stata, births()[["low"]])
    assert stata.run("predict p") == 111
    assert stata.errors.endswith("known are low\nr(111);"), "and no temporary variable of predict's own"


@pytest.mark.parametrize("rows", [0, 1])
def test_few_observations(stata, study, rows):
    assert run_fit(stata, study, "logit low i.colour") == 0, stata.text
    frame = births().head(rows)
    load(stata, frame)
    assert stata.run("predict p") == 0, stata.text
    np.testing.assert_array_equal(made(stata, "p"), posted(Stata()).predict(frame))


def test_texts_that_a_node_takes_for_one_level_are_one_here(stata, study):
    assert run_fit(stata, study, "logit low i.colour") == 0, stata.text
    frame = births()
    load(stata, frame)
    assert stata.run("predict plain") == 0, stata.text
    expected = made(stata, "plain")
    frame["colour"] = [f"{' ' * (row % 3)}{text}{' ' * (row % 2)}" for row, text in enumerate(frame["colour"])]
    load(stata, frame)
    assert stata.run("predict spaced") == 0, stata.text
    np.testing.assert_array_equal(made(stata, "spaced"), expected)


def test_what_the_fit_has_made_is_said_with_what_made_it(stata, study):
    assert run_fit(stata, study, "logit low age i._node") == 0, stata.text
    load(stata, births())
    assert stata.run("predict p") == 111
    assert "add a column _node with the name of each row's site there" in " ".join(stata.text.split())
