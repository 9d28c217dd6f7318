"""Two candidates in one round, products of scores, and rows that are left out: what is asked, answered and refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from fedfolder.custody.finding import refuse
from fedfolder.custody.policy import Policy, Waiver
from fedfolder.errors import BetaError, PolicyError, RefusedError, TamperedAnswerError
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.proposal import read_command
from fedfolder.questions.at_beta import BETA, Excluded
from fedfolder.questions.candidates import NULL_BETA, Candidates
from fedfolder.questions.design import Design
from fedfolder.questions.evaluation import OUTSIDE, Evaluation
from fedfolder.questions.scores import ClusterScores, Scores
from fedfolder.questions.specification import Specification
from fedfolder.questions.sums import add, to_parts

RNG = np.random.default_rng(7)
FRAME = pd.DataFrame(
    {
        "y": RNG.integers(0, 4, 60).astype(float),
        "low": RNG.integers(0, 2, 60).astype(float),
        "x": RNG.normal(size=60),
        "flag": RNG.integers(0, 2, 60).astype(float),
        "id": RNG.integers(0, 9, 60).astype(float),
        "w": RNG.integers(1, 4, 60).astype(float),
    }
)
DESIGN = Design(("x",), constant=True, centres=(0.0,), scales=(1.0,), mixing=((0.0,),), rescaling=(1.0,))
ALONE = Design((), constant=True, centres=(), scales=(), mixing=(), rescaling=())


def asked(kind, command, beta, design=DESIGN, **more):
    beta = np.array(beta)
    return kind(Specification.of(read_command(command)), design, beta, np.full(len(beta), 1e-9), **more)


def sample(command, frame=FRAME):
    return sample_from_frame(frame, read_command(command))


COUNTS = "nbreg y x"
CONSTANT = asked(Evaluation, COUNTS, [0.3, -0.5], ALONE)
PAIR = Candidates((asked(Evaluation, COUNTS, [0.1, 0.2, -1.0]),), CONSTANT)


# -- two candidates --------------------------------------------------------------------------------


def test_a_pair_is_answered_as_its_two_questions_are():
    rows = sample(COUNTS)
    answer = PAIR.read_answer(*to_parts(PAIR.compute(rows)), where="north")
    model, constant = PAIR.parts(answer)
    assert model == PAIR.models[0].compute(rows)
    assert constant == CONSTANT.compute(rows)
    assert {labels[0] for labels in answer.rows} == {"b1", "b2"}


def test_the_parts_of_a_sum_are_the_sums_of_the_parts():
    halves = [sample(COUNTS, FRAME.iloc[:25]), sample(COUNTS, FRAME.iloc[25:])]
    together = PAIR.parts(add(PAIR.compute(half) for half in halves))
    for part, question in zip(together, (PAIR.models[0], CONSTANT), strict=True):
        assert part == add(question.compute(half) for half in halves)


def test_a_pair_is_itself_and_no_other_question():
    again = PAIR.as_asked(PAIR.declaration(), PAIR.payloads())
    assert again.constant is not None
    np.testing.assert_array_equal(again.constant.beta, CONSTANT.beta)
    with pytest.raises(RefusedError):
        PAIR.as_asked(PAIR.models[0].declaration(), PAIR.payloads())
    for files in ({BETA: PAIR.payloads()[BETA]}, {**PAIR.payloads(), NULL_BETA: PAIR.payloads()[BETA]}):
        with pytest.raises(BetaError):
            PAIR.as_asked(PAIR.declaration(), files)


def test_a_second_candidate_that_was_not_asked_for_is_turned_away():
    answer = PAIR.compute(sample(COUNTS))
    more = dataclasses.replace(answer, rows={**answer.rows, ("b3", "xb", "x"): answer.rows[("b1", "xb", "x")]})
    with pytest.raises(TamperedAnswerError, match="other candidates"):
        PAIR.check(more, where="north")


# -- where a likelihood is not defined ---------------------------------------------------------------


def test_outside_of_what_is_defined_a_node_says_only_that():
    question = asked(Evaluation, "glm y x, family(poisson) link(identity)", [0.0, -1.0])
    answer = question.compute(sample("glm y x, family(poisson) link(identity)"))
    assert answer.scalars[OUTSIDE] == 1.0
    assert all(value == 0.0 for row in answer.rows.values() for value in row)
    assert {name for name, value in answer.scalars.items() if value} == {"nobs", OUTSIDE}
    question.check(answer, where="north")
    assert not question.derivatives(answer).is_finite


# -- products of scores ----------------------------------------------------------------------------


def scores_by_hand(beta, frame=FRAME):
    x = np.column_stack([frame["x"], np.ones(len(frame))])
    return x * (frame["low"] - 1 / (1 + np.exp(-x @ beta))).to_numpy()[:, None]


@pytest.mark.parametrize(
    ("command", "groups"),
    [("logit low x, vce(robust)", None), ("logit low x, vce(cluster id)", "id")],
)
def test_the_products_are_those_of_the_scores(command, groups):
    question = asked(Scores, command, [0.3, -0.2])
    answer = question.read_answer(*to_parts(question.compute(sample(command))), where="north")
    s = scores_by_hand([0.3, -0.2])
    units = s if groups is None else pd.DataFrame(s).groupby(FRAME[groups]).sum().to_numpy()
    np.testing.assert_allclose(question.products(answer), units.T @ units, rtol=1e-12)
    assert question.number(answer) == len(units)


def test_a_frequency_weight_counts_a_row_so_many_times():
    question = asked(Scores, "logit low x [fw=w], vce(robust)", [0.3, -0.2])
    weighted = question.compute(sample("logit low x [fw=w], vce(robust)"))
    repeated = FRAME.loc[FRAME.index.repeat(FRAME["w"].astype(int))]
    s = scores_by_hand([0.3, -0.2], repeated)
    np.testing.assert_allclose(question.products(weighted), s.T @ s, rtol=1e-12)
    assert question.number(weighted) == len(repeated)


def test_clusters_at_several_nodes_add_up_before_they_are_squared():
    command = "logit low x, vce(cluster id, across)"
    question = asked(ClusterScores, command, [0.3, -0.2])
    parts = [question.compute(sample(command, part)) for part in (FRAME.iloc[::2], FRAME.iloc[1::2])]
    for part in parts:
        question.check(part, where="north")
    units = pd.DataFrame(scores_by_hand([0.3, -0.2])).groupby(FRAME["id"]).sum().to_numpy()
    np.testing.assert_allclose(question.products(add(parts)), units.T @ units, rtol=1e-12)
    assert question.number(add(parts)) == FRAME["id"].nunique()


def test_scores_by_name_leave_only_where_a_custodian_allows_it():
    across = read_command("logit low x, vce(cluster id, across)")
    within = read_command("logit low x, vce(cluster id)")
    names = ("low", "x", "id")
    refuse(Policy(names).of_command(within, ()))
    refuse(Policy(names, cluster_scores=True).of_command(across, ()))
    with pytest.raises(PolicyError, match="names of clusters"):
        refuse(Policy(names).of_command(across, ()))
    waived = Waiver("cluster_scores", "lbw", "sites share these clusters", ("id",))
    refuse(Policy(names, study="lbw", waivers=(waived,)).of_command(across, ()))


def turned(sums, sign):
    return dataclasses.replace(sums, rows={k: tuple(sign * v for v in row) for k, row in sums.rows.items()})


def test_products_that_no_scores_have_are_turned_away():
    question = asked(Scores, "logit low x, vce(robust)", [0.3, -0.2])
    answer = question.compute(sample("logit low x, vce(robust)"))
    with pytest.raises(TamperedAnswerError, match="sum of squares"):
        question.check(turned(answer, -1.0), where="north")


# -- rows that are left out ------------------------------------------------------------------------


def test_rows_that_are_predicted_are_left_out_and_others_are_not():
    frame = FRAME.assign(low=np.where(FRAME["flag"] == 1, 1.0, FRAME["low"]))
    rows = sample("logit low x flag", frame)
    kept = asked(Evaluation, "logit low x flag", [0.3, -0.2], excluded=(Excluded("flag", 1, 1),))
    assert kept.compute(rows).scalars["nobs"] == (frame["flag"] == 0).sum()
    plain = asked(Evaluation, "logit low x flag", [0.3, -0.2])
    assert kept.compute(rows).rows == plain.compute(sample("logit low x flag", frame[frame["flag"] == 0])).rows


@pytest.mark.parametrize("lie", [Excluded("flag", 1, 1), Excluded("flag", 1, 0), Excluded("flag", 0, 1)])
def test_a_node_sees_for_itself_that_rows_are_not_predicted(lie):
    question = asked(Evaluation, "logit low x flag", [0.3, -0.2], excluded=(lie,))
    with pytest.raises(RefusedError, match="their outcome does vary"):
        question.compute(sample("logit low x flag"))
