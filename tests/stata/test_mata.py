"""An answer that Mata makes is the answer that Python makes, at any beta."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fedfolder.command import parse
from fedfolder.command.terms import Column
from fedfolder.errors import ConfigError
from fedfolder.node.data import read_sample
from fedfolder.questions.at_beta import Excluded
from fedfolder.questions.candidates import Candidates
from fedfolder.questions.design import Design
from fedfolder.questions.evaluation import LOGLIKE, OUTSIDE, Evaluation
from fedfolder.questions.specification import Specification
from fedfolder.resources import resource
from fedfolder.stata.bridge import Stata
from fedfolder.stata.computing import InStata
from fedfolder.stata.mata import Computing
from tests.stata import mata_twin
from tests.stata.standin.commands.registry import COMMANDS as COMMANDS_OF_STATA

COMMANDS = {
    "logit low age i.race": ("age", "2.race", "3.race"),
    "logit low age i.race if age > 99": ("age", "2.race"),
    "probit low age lwt [fw=race]": ("age", "lwt"),
    "cloglog low age smoke, offset(ui)": ("age", "smoke"),
    "poisson ftv age i.race [pw=lwt], exposure(lwt)": ("age", "3.race"),
    "poisson ftv age smoke, noconstant": ("age", "smoke"),
    "regress lwt age i.race [aw=age]": ("age", "2.race"),
}
DEMO = "logit low age i.race"
COUNTS = "poisson ftv age i.race [pw=lwt], exposure(lwt)"


def evaluation(command, beta, *, excluded=(), constant_alone=False):
    """The question of a round over the whole of lbw, in units that are as made up as beta; and its rows."""
    parsed = parse(command)
    sample = read_sample(resource("examples", "lbw/lbw.dta"), parsed)
    columns = () if constant_alone else COMMANDS[command]
    k = len(columns)
    constant = parsed.constant
    design = Design(columns, constant, (20.0,) * k, (0.125,) * k, tuple((0.0,) * (j + 1) for j in range(k)), (2.0,) * k)
    p = len(design.terms)
    return Evaluation(Specification.of(parsed), design, np.array(beta[:p]), np.zeros(p), excluded), sample


def holding(**replaced):
    return InStata(Stata(), "default", "default", None, Computing(Stata(), replaced))  # type: ignore[arg-type]


def same(found, expected):
    assert (found.keys, found.columns, list(found.rows)) == (expected.keys, expected.columns, list(expected.rows))
    assert set(found.scalars) == set(expected.scalars)
    here, there = (
        np.array([*s.scalars.values(), *(x for row in s.rows.values() for x in row)]) for s in (found, expected)
    )
    np.testing.assert_allclose(here, there, rtol=1e-11, atol=1e-9 * (1 + abs(expected.scalars[LOGLIKE])))


@pytest.fixture
def twin(stata, monkeypatch):
    assert stata.rc == 0
    return mata_twin.install(monkeypatch)


@given(command=st.sampled_from(sorted(COMMANDS)), beta=st.lists(st.floats(-3, 3), min_size=4, max_size=4))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_beta(twin, command, beta):
    question, sample = evaluation(command, beta)
    before = len(twin)
    same(holding().compute(question, sample), question.compute(sample))
    assert len(twin) - before == (sample.nobs > 0)


def test_a_beta_that_the_likelihood_is_not_defined_at(twin):
    question, sample = evaluation(COUNTS, [0.0, 0.0, 900.0])
    found = holding().compute(question, sample)
    assert twin
    assert found.scalars[OUTSIDE] == 1
    same(found, question.compute(sample))


def test_sums_are_not_believed_where_a_row_is_missing(twin, monkeypatch):
    question, sample = evaluation(COUNTS, [0.0, 0.0, 900.0])
    quadcross = mata_twin.quadcross
    monkeypatch.setattr(mata_twin, "quadcross", lambda *parts: quadcross(*map(np.nan_to_num, parts)))
    assert holding().compute(question, sample).scalars[OUTSIDE] == 1
    assert twin


def test_rows_that_are_left_out(twin):
    out = (Excluded("2.race", 1, 0),)
    asked, sample = evaluation(DEMO, [0.1, 0.2, 0.3, 0.4], excluded=out)
    rows = sample.where((sample.column(Column.parse("2.race")) != 1) | (sample.outcome("low") == 0))
    found = holding().compute(asked, rows)
    same(found, asked.compute(rows))
    assert found.scalars["nobs"] < rows.nobs
    assert twin


def test_a_model_and_its_constant_in_one_question(twin):
    model, sample = evaluation(COUNTS, [0.1, 0.2, 0.3])
    constant, _ = evaluation(COUNTS, [0.2], constant_alone=True)
    asked, here = Candidates((model,), constant), holding()
    for _ in range(2):
        same(here.compute(asked, sample), asked.compute(sample))
    assert [frame for frame, _ in twin] == 2 * ["_fedfolder", "_fedfolder_constant"]
    replaced = holding(poisson="fedfolder_poisson")
    same(replaced.meant(asked).compute(sample), asked.compute(sample))
    assert replaced.own_likelihood(asked) == "fedfolder_poisson"


def test_what_mata_does_not_give_is_not_taken_for_an_answer(twin, monkeypatch):
    question, sample = evaluation(DEMO, [0.1, 0.2, 0.3, 0.4])
    here = holding()
    here.compute(question, sample)
    monkeypatch.setitem(COMMANDS_OF_STATA, "_fedfolder_compute", lambda *_: None)
    with pytest.raises(ConfigError):
        here.compute(question, sample)
    assert math.isnan(Stata().scalar("_fedfolder_missing"))
    assert twin
