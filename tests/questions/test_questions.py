"""Moments and derivatives: what leaves, and which answers are turned away."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pandas as pd
import pytest

from fedfolder.errors import BetaError, RefusedError, TamperedAnswerError, VariableError
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.proposal import read_command
from fedfolder.questions.at_beta import BETA
from fedfolder.questions.design import Design
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.moments import Moments, levels_of, require_one_kind
from fedfolder.questions.specification import Specification
from fedfolder.questions.sums import Sums, add, to_parts

COMMAND = read_command("logit low age i.race#c.age i.race i.race#i.site")
FRAME = pd.DataFrame(
    {
        "low": [0, 2, 1, 0, 0, 1],
        "age": [20.0, 30.5, 25.0, 18.0, 41.0, 22.0],
        "race": [1, 3, 1, 1, 3, 1],
        "site": ["n", "s", "n", "s", "s", "n"],
    }
)
SAMPLE = sample_from_frame(FRAME, COMMAND)
SPECIFICATION = Specification.of(COMMAND)
MOMENTS = Moments(SPECIFICATION)
DESIGN = Design(
    ("age", "3.race"),
    constant=True,
    centres=(25.0, 0.0),
    scales=(0.125, 2.0),
    mixing=((0.0,), (0.5, 0.25)),
    rescaling=(1.0, 1.0),
)
EVALUATION = Evaluation(SPECIFICATION, DESIGN, np.array([0.1, -0.2, 0.3]), np.full(3, 1e-7))
QUESTIONS = [MOMENTS, EVALUATION]
each = pytest.mark.parametrize("question", QUESTIONS, ids=[q.kind for q in QUESTIONS])


def altered(sums, *, scalars=None, rows=None, **fields):
    return dataclasses.replace(
        sums, scalars={**sums.scalars, **(scalars or {})}, rows={**sums.rows, **(rows or {})}, **fields
    )


@each
def test_an_answer_is_read_as_it_was_computed(question):
    answer = question.compute(SAMPLE)
    found = question.read_answer(*to_parts(answer), where="node1")
    assert found == answer
    question.check(add([answer, answer]), where="the sums")


@each
def test_a_question_is_plain_json_without_a_type_of_numpy(question):
    for said in (question.declaration(), question.units()):
        assert json.loads(json.dumps(said)) == said
    assert b"np." not in b"".join(question.payloads().values())
    answer = question.compute(SAMPLE)
    values = [*answer.scalars.values(), *(value for row in answer.rows.values() for value in row)]
    assert {type(value) for value in values} == {float}
    assert question.asks
    assert answer.keys == question.answer_keys


@each
def test_the_question_itself_is_as_asked(question):
    found = question.as_asked(json.loads(json.dumps(question.declaration())), question.payloads())
    assert found.payloads() == question.payloads()


@each
@pytest.mark.parametrize("key", ["kind", "model", "outcome", "terms"])
def test_another_question_is_refused(question, key):
    said = question.declaration()
    for wrong in ({**said, key: "other"}, {k: v for k, v in said.items() if k != key}, {**said, "more": 1}, {}):
        with pytest.raises(RefusedError):
            question.as_asked(wrong, question.payloads())
    with pytest.raises((RefusedError, BetaError)):
        question.as_asked(said, {**question.payloads(), "more.csv": b""})


# -- moments ---------------------------------------------------------------------------------------


def test_moments_are_sums_of_columns_with_bases_and_counts():
    rows = MOMENTS.compute(SAMPLE).rows
    assert rows[("low",)] == (3.0, 3.0)  # 2 counts as 1
    assert rows[("age",)] == (156.5, float((FRAME["age"] ** 2).sum()))
    assert (rows[("1.race",)], rows[("3.race",)]) == ((4.0, 4.0), (2.0, 2.0))
    assert rows[("1.race#n.site",)] == (3.0, 3.0)
    assert ("3.race#n.site",) not in rows
    assert rows[("3.race#c.age",)] == (71.5, 30.5**2 + 41.0**2)
    scalars = {"nobs": 6.0, "nodes": 1.0, "text race": 0.0, "text site": 1.0, "beyond 0/1 age": 1.0}
    assert MOMENTS.compute(SAMPLE).scalars == scalars


def test_levels_are_a_union_in_order():
    other = sample_from_frame(FRAME.assign(race=[10, 2, 2, 2, 2, 2]), COMMAND)
    sums = add([MOMENTS.compute(SAMPLE), MOMENTS.compute(other)])
    found = levels_of(sums, ["race", "site"])
    assert {name: tuple(counts) for name, counts in found.items()} == {
        "race": ("1", "2", "3", "10"),
        "site": ("n", "s"),
    }
    assert found["race"] == {"1": 4.0, "2": 5.0, "3": 2.0, "10": 1.0}


def test_a_node_without_rows_has_no_level_and_no_kind():
    empty = MOMENTS.compute(sample_from_frame(FRAME.head(0), COMMAND))
    scalars = {"nobs": 0.0, "nodes": 0.0, "text race": 0.0, "text site": 0.0, "beyond 0/1 age": 0.0}
    assert empty.scalars == scalars
    assert set(empty.rows) == {("low",), ("age",)}
    require_one_kind({"a": MOMENTS.compute(SAMPLE), "b": empty})


def test_values_too_large_to_square_are_named_without_their_value():
    command = read_command("logit low c.age#c.age")
    big = sample_from_frame(FRAME.assign(age=1e200), command)
    with pytest.raises(VariableError, match="age are too large") as caught:
        Moments(Specification.of(command)).compute(big)
    assert "200" not in str(caught.value)


ROWS = MOMENTS.compute(SAMPLE)


@pytest.mark.parametrize(
    "answer",
    [
        altered(ROWS, scalars={"nobs": -1.0}),
        altered(ROWS, scalars={"nobs": 5.5}),
        altered(ROWS, scalars={"more": 1.0}),
        dataclasses.replace(ROWS, scalars={"nobs": 6.0}),
        dataclasses.replace(ROWS, scalars={}),
        altered(ROWS, rows={("1.race",): (4.0, 3.0)}),
        altered(ROWS, rows={("1.race",): (7.0, 7.0)}),
        altered(ROWS, rows={("1.race",): (-1.0, -1.0)}),
        altered(ROWS, rows={("1.race",): (0.5, 0.5)}),
        altered(ROWS, rows={("age",): (1.0, -1.0)}),
        altered(ROWS, rows={("lwt",): (1.0, 1.0)}),
        altered(ROWS, rows={("1.site#c.age",): (1.0, 1.0)}),
        altered(ROWS, rows={("_cons",): (6.0, 6.0)}),
        altered(ROWS, rows={("no label at all",): (1.0, 1.0)}),
        altered(ROWS, rows={("",): (1.0, 1.0)}),
        dataclasses.replace(ROWS, rows={label: row for label, row in ROWS.rows.items() if label != ("low",)}),
        dataclasses.replace(ROWS, columns=("sum", "mean")),
        dataclasses.replace(ROWS, columns=("sum_of_squares", "sum")),
    ],
)
def test_moments_that_cannot_be_are_turned_away(answer):
    with pytest.raises(TamperedAnswerError) as caught:
        MOMENTS.read_answer(*to_parts(answer), where="node2: m000001-fit1-round1-result.json")
    assert caught.value.where.startswith("node2: m000001-fit1-round1-result.json")


# -- derivatives -----------------------------------------------------------------------------------


def with_hessian(sums, change):
    table = {label: list(row) for label, row in sums.rows.items()}
    change(table)
    return dataclasses.replace(sums, rows={label: tuple(row) for label, row in table.items()})


ANSWER = EVALUATION.compute(SAMPLE)
AGE, RACE, CONS = list(ANSWER.rows)


def swap_rows(table):
    table[AGE], table[RACE] = table[RACE], table[AGE]


def raise_one(table):
    table[AGE][2] += 1e-9


def turn_sign(table):
    for row in table.values():
        row[1:] = [-value for value in row[1:]]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (with_hessian(ANSWER, raise_one), "not symmetric"),
        (with_hessian(ANSWER, swap_rows), "not symmetric"),
        (with_hessian(ANSWER, turn_sign), "wrong sign"),
        (with_hessian(ANSWER, lambda t: t[AGE].__setitem__(0, math.nan)), "not finite|no finite|not a finite"),
        (with_hessian(ANSWER, lambda t: t.pop(CONS)), "other parameters"),
        (dataclasses.replace(ANSWER, rows=dict(reversed(list(ANSWER.rows.items())))), "other parameters"),
        (altered(ANSWER, rows={("b1", "xb", "lwt"): (1.0, 1.0, 1.0, 1.0)}), "other parameters"),
        (dataclasses.replace(ANSWER, rows={("b2", *k[1:]): v for k, v in ANSWER.rows.items()}), "other parameters"),
        (dataclasses.replace(ANSWER, columns=("gradient", "xb:3.race", "xb:age", "xb:_cons")), "other parameters"),
        (altered(ANSWER, scalars={"more": 0.0}), "other scalars"),
        (altered(ANSWER, scalars={"nobs": 5.5}), "count"),
        (altered(ANSWER, scalars={"nobs": -6.0}), "count"),
        (dataclasses.replace(ANSWER, scalars={"nobs": 6.0}), "other scalars"),
        (Sums(ANSWER.scalars, ANSWER.keys, (), {}), "other parameters"),
    ],
)
def test_derivatives_that_cannot_be_are_turned_away(answer, message):
    with pytest.raises(TamperedAnswerError, match=message) as caught:
        EVALUATION.read_answer(*to_parts(answer), where="node3")
    assert caught.value.where.startswith("node3")


def test_derivatives_are_read_back_as_arrays():
    found = EVALUATION.derivatives(ANSWER)
    assert (found.nobs, found.score.shape, found.hessian.shape) == (6, (3,), (3, 3))
    assert found.loglike < 0
    assert (np.linalg.eigvalsh(found.hessian) < 0).all()


def beta_file(text):
    return EVALUATION.declaration(), {BETA: text.encode()}


HEAD = "equation,term,b1\n"
GOOD = HEAD + "xb,age,0.1\nxb,3.race,-0.2\nxb,_cons,0.3\n"


def test_a_beta_within_the_tolerance_is_taken_over_and_used():
    near = GOOD.replace("0.1\n", "0.10000005\n", 1)
    found = EVALUATION.as_asked(*beta_file(near))
    assert isinstance(found, Evaluation)
    np.testing.assert_array_equal(found.beta, [0.10000005, -0.2, 0.3])
    assert found.compute(SAMPLE) != ANSWER
    assert EVALUATION.payloads()[BETA].decode() == GOOD


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("0.1\n", "0.1000002\n", 1),
        GOOD.replace("-0.2", "0.2"),
        GOOD.replace("0.1\n", "nan\n", 1),
        GOOD.replace("0.1\n", "inf\n", 1),
        GOOD.replace("0.1\n", "1e999\n", 1),
        GOOD.replace("xb,_cons,0.3\n", ""),
        GOOD + "xb,lwt,0\n",
        GOOD.replace("age", "lwt"),
        GOOD.replace("xb,age", "2,age"),
        HEAD + "xb,3.race,-0.2\nxb,age,0.1\nxb,_cons,0.3\n",
        GOOD.replace("b1", "b2"),
        "equation,term,b1,b2\nxb,age,0.1,0\nxb,3.race,-0.2,0\nxb,_cons,0.3,0\n",
        "equation,term\nxb,age\nxb,3.race\nxb,_cons\n",
        "",
        "\x00",
    ],
)
def test_a_beta_that_is_not_the_plan_s_is_refused(text):
    with pytest.raises(BetaError):
        EVALUATION.as_asked(*beta_file(text))


# -- one kind ------------------------------------------------------------------------------------------


def moments_of(kind):
    command = read_command("logit low i.race")
    frame = pd.DataFrame({"low": [0, 1] * 3, "race": ["1", "x"] * 3 if kind == "text" else [1, 2] * 3})
    found = sample_from_frame(frame, command)
    return Moments(Specification.of(command)).compute(dataclasses.replace(found, kinds={**found.kinds, "race": kind}))


@pytest.mark.parametrize("kinds", [("text", "either"), ("either", "numeric"), ("text", "text"), ("either", "either")])
def test_numbers_of_a_file_without_types_go_with_text_and_with_numbers(kinds):
    answers = {f"node{place}": moments_of(kind) for place, kind in enumerate(kinds)}
    for answer in answers.values():
        Moments(Specification.of(read_command("logit low i.race"))).check(answer, where="north")
    require_one_kind(answers)


def test_numbers_without_a_type_do_not_go_with_other_words():
    command = read_command("logit low i.race")
    frame = pd.DataFrame({"low": [0, 1] * 3, "race": ["no", "yes"] * 3})
    words = Moments(Specification.of(command)).compute(sample_from_frame(frame, command))
    with pytest.raises(VariableError, match="text at one node"):
        require_one_kind({"a": words, "b": moments_of("either")})


def test_text_does_not_go_with_numbers():
    with pytest.raises(VariableError, match="text at one node"):
        require_one_kind({"a": moments_of("text"), "b": moments_of("numeric"), "c": moments_of("either")})
