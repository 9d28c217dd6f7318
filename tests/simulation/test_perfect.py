"""A 0/1 column that predicts perfectly is omitted by name, with the rows that it predicts, whatever the split."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from fedfolder import pooled, simulate
from fedfolder.plan import perfect
from tests.simulation.generated import SEEDS, SPLITS, births, parts

MODELS = ("logit", "probit", "cloglog")


def spoilt(frame, column, value, outcome):
    """The outcome is always the same where the column has this value."""
    return frame.assign(b=np.where(frame[column] == value, outcome, frame["b"]))


def flagged(frame):
    """A 0/1 variable of its own beside the levels of g."""
    return frame.assign(flag=(np.arange(len(frame)) % 7 == 3).astype(float))


CASES = {  # the command without its model, the column and value that predict, and what is then omitted
    "a level": ("b i.g x", ("g", 2), "2.g"),
    "a 0/1 variable at 1": ("b flag x", ("flag", 1.0), "flag"),
    "a 0/1 variable at 0": ("b flag x", ("flag", 0.0), "flag"),
    "without a constant": ("b flag x, noconstant", ("flag", 1.0), "flag"),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("outcome", [0, 1])
@pytest.mark.parametrize("what", CASES)
@given(seed=SEEDS)
@settings(max_examples=2, deadline=None)
def test_it_is_the_fit_of_the_other_rows(what, model, outcome, seed):
    rest, (column, value), omitted = CASES[what]
    frame = spoilt(flagged(births(seed)), column, value, outcome)
    others = frame[frame[column] != value]
    expected = pooled(f"{model} {rest}", others)
    for how in SPLITS:
        found = simulate(f"{model} {rest}", parts(frame, how, seed))
        assert (found.status, found.nobs) == (expected.status, len(others))
        if expected.status != "converged":
            continue
        assert omitted in found.omitted
        ((name, sentence, rows),) = found.excluded
        sign = "!=" if value else "=="
        assert sentence == f"{omitted} {sign} 0 predicts {'success' if outcome else 'failure'} perfectly"
        assert (name, rows) == (omitted, len(frame) - len(others))
        np.testing.assert_allclose(found.params[list(expected.names)], expected.beta, rtol=1e-7, atol=1e-9)
        assert found.llf == pytest.approx(expected.llf, rel=1e-12)
        if expected.llnull is not None:
            assert found.llnull == pytest.approx(expected.llnull, rel=1e-12)


def test_a_predictor_that_the_first_one_uncovers_is_found_too():
    frame = flagged(births(3))
    frame = spoilt(frame, "g", 2, 1)
    # Where g is not 2, the flag predicts; rows with g = 2 hide it, since their outcome is the other one.
    frame = frame.assign(b=np.where((frame["flag"] == 1) & (frame["g"] != 2), 0, frame["b"]))
    assert ((frame["flag"] == 1) & (frame["g"] == 2)).any()
    found = simulate("logit b flag i.g x", frame)
    assert [name for name, _, _ in found.excluded] == ["2.g", "flag"]
    assert found.nobs == ((frame["g"] != 2) & (frame["flag"] != 1)).sum()


def test_a_column_that_says_the_outcome_itself_is_complete_separation():
    frame = births(4)
    found = simulate("logit b x same", frame.assign(same=frame["b"]))
    assert (found.status, found.names) == ("separation", ())
    assert "same" in found.message


def test_fractions_are_no_0_1_column():
    frame = births(5).assign(half=np.resize([0.0, 0.5, 1.5], 150))
    found = simulate("logit b half x", frame.assign(b=np.where(frame["half"] == 0.5, 1, frame["b"])))
    assert not found.excluded


@given(seed=SEEDS)
@settings(max_examples=10, deadline=None)
def test_the_first_evaluation_tells_the_counts(seed):
    """What `perfect.counts` reads off derivatives are the counts in the data, for every model, with any constant."""
    frame = flagged(births(seed))
    seen = []
    original = perfect.counts

    def spied(layout, first, label):
        found = original(layout, first, label)
        seen.append((label, found))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(perfect, "counts", spied)
        for model in MODELS:
            simulate(f"{model} b flag x", frame)
            simulate(f"{model} b flag x, noconstant", frame)
    assert len(seen) == 2 * len(MODELS)
    for label, found in seen:
        at_one = frame[label] == 1
        expected = (len(frame), frame["b"].sum(), at_one.sum(), frame["b"][at_one].sum())
        assert (found.rows, found.events, found.rows_at_one, found.events_at_one) == expected
