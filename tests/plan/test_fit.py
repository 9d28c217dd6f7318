"""The program itself: how often it asks, what it lets pass, and what it says when sums contradict each other."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fedfolder.errors import BetaError, TamperedAnswerError, VariableError
from fedfolder.likelihood import LIKELIHOODS
from fedfolder.node.data import sample_from_frame
from fedfolder.plan import messages
from fedfolder.plan.climb import NEAR
from fedfolder.plan.fit import fit
from fedfolder.plan.outcome import NO_NUMBERS
from fedfolder.plan.proposal import MOST_EVALUATIONS, Proposal, read_command
from fedfolder.questions.at_beta import BETA, CANDIDATE
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.moments import Moments
from fedfolder.questions.parameters import ONLY as EQUATION
from fedfolder.questions.sums import Sums, add, write_table
from tests.simulation.generated import COMMANDS, births

if TYPE_CHECKING:
    from fedfolder.solve import Iteration

PROPOSAL = Proposal(read_command("logit b x w"), (("a", ""), ("b", "")))
SAMPLE = sample_from_frame(births(1), PROPOSAL.command)


def run(answer, proposal=PROPOSAL, report=None):
    """Drive the program with `answer(question)`; return the questions and the result."""
    program, questions = fit(proposal, report), []
    question = next(program)
    while True:
        questions.append(question)
        try:
            question = program.send((question, answer(question)))
        except StopIteration as end:
            return questions, end.value


def honest(question):
    return question.compute(SAMPLE)


def invented(loglikes, gradient=1.0):
    """Answers whose log-likelihood follows `loglikes`, with a gradient that never ends."""

    def answer(question):
        if isinstance(question, Moments):
            return honest(question)
        p = len(question.design.terms)
        labels = [(CANDIDATE, EQUATION, term) for term in question.design.terms]
        hessian = -150.0 * np.eye(p)
        rows: dict[tuple[str, ...], tuple[float, ...]] = {
            label: (gradient, *map(float, hessian[j])) for j, label in enumerate(labels)
        }
        columns = ("gradient", *(f"{EQUATION}:{term}" for term in question.design.terms))
        scalars = {"nobs": float(SAMPLE.nobs), f"loglike {CANDIDATE}": next(loglikes)}
        return Sums(scalars, question.answer_keys, columns, rows)

    return answer


def test_the_rounds_are_moments_and_then_evaluations():
    told: list[Iteration] = []
    questions, result = run(honest, report=told.append)
    assert [type(q) for q in questions] == [Moments] + [Evaluation] * result.evaluations
    assert (result.rounds, result.nobs) == (len(questions), 150)
    assert [(i.number, i.loglike) for i in told] == list(result.iterations)
    assert told[0].loglike == pytest.approx(150 * math.log(0.5), rel=1e-14)


def rising():
    value = -100.0
    while True:
        yield value
        value += 0.01


def rising_after_falls():
    """Every step is halved five times before it is accepted."""
    value = -100.0
    yield value
    while True:
        yield from [value - 50.0] * 5
        value += 0.01
        yield value


def falling():
    yield -100.0
    while True:
        yield -200.0


@pytest.mark.parametrize("loglikes", [rising, rising_after_falls, falling])
def test_no_answers_make_a_fit_ask_more_often_than_the_proposal_allows(loglikes):
    questions, result = run(invented(loglikes()))
    (asked,) = [entry for entry in PROPOSAL.to_dict()["asked"] if entry["kind"] == "derivatives"]
    assert asked["times at most"] == MOST_EVALUATIONS
    assert (result.status, result.names) == ("not converged", ())
    assert len(questions) - 1 == result.evaluations <= MOST_EVALUATIONS
    if loglikes is not falling:
        assert result.evaluations == MOST_EVALUATIONS


@pytest.mark.parametrize("loglikes", [rising, rising_after_falls, falling])
def test_what_is_let_pass_is_near_in_every_round(loglikes):
    questions, _ = run(invented(loglikes()))
    for question in questions[1:]:
        assert np.isfinite(question.tolerance).all()
        assert (question.tolerance <= 2 * NEAR / math.sqrt(150) + 1e-10).all()
    assert not questions[1].tolerance.any()


@pytest.mark.parametrize("left", [0.0, 1e-12])
def test_a_step_too_long_to_where_the_information_vanishes_lets_no_other_beta_pass(left):
    def answer(question):
        sums = honest(question)
        if isinstance(question, Evaluation) and question.beta.any():
            rows = {label: (row[0], *(left * value for value in row[1:])) for label, row in sums.rows.items()}
            return dataclasses.replace(sums, rows=rows, scalars={**sums.scalars, f"loglike {CANDIDATE}": -1e6})
        return sums

    program = fit(PROPOSAL)
    question = next(program)
    for _ in range(3):
        question = program.send((question, answer(question)))
    assert isinstance(question, Evaluation)
    assert np.isfinite(question.tolerance).all()
    assert (question.tolerance <= 4 * NEAR / math.sqrt(150)).all()


def asked_at(question, beta):
    rows: dict[tuple[str, ...], tuple[float, ...]] = {
        (EQUATION, term): (float(b),) for term, b in zip(question.design.terms, beta, strict=True)
    }
    content = messages.request(question, None, None)
    files = {**content.files, BETA: write_table(("equation", "term"), (CANDIDATE,), rows)}
    return messages.asked(question, messages.Content(content.body, files))


@pytest.mark.parametrize("command", [c for c in COMMANDS if "t" not in c.split()])
def test_every_round_takes_a_beta_within_its_last_bits_and_none_that_is_moved(command):
    proposal = Proposal(read_command(command), ())
    sample = sample_from_frame(births(2), proposal.command)
    program = fit(proposal)
    question = next(program)
    question = program.send((question, question.compute(sample)))
    rounds, found = 0, None
    while found is None:
        assert isinstance(question, Evaluation)
        first = rounds == 0
        derivatives = question.derivatives(question.compute(sample))
        likelihood = LIKELIHOODS[proposal.command.likelihood]
        scale = likelihood.scale(derivatives.loglike, derivatives.nobs, len(question.beta), derivatives.further)
        se = np.sqrt(scale * np.diag(np.linalg.inv(-derivatives.hessian)))
        for j in range(len(se)):
            unit = np.eye(len(se))[j] * se
            with pytest.raises(BetaError):
                asked_at(question, question.beta + 1e-5 * unit)
            if not first:
                near = asked_at(question, question.beta + 1e-9 * unit)
                assert isinstance(near, Evaluation)
                np.testing.assert_array_equal(near.beta, question.beta + 1e-9 * unit)
        rounds += 1
        try:
            question = program.send((question, question.compute(sample)))
        except StopIteration as end:
            found = end.value
    assert found.status == "converged"


def test_the_server_s_beta_is_the_one_that_counts():
    moved = {}

    def run_moved(by):
        program = fit(PROPOSAL)
        question = next(program)
        while True:
            if isinstance(question, Evaluation) and question.tolerance.any():
                question = asked_at(question, question.beta + by * question.tolerance)
                assert isinstance(question, Evaluation)
                moved[by] = question.beta
            try:
                question = program.send((question, question.compute(SAMPLE)))
            except StopIteration as end:
                return end.value

    plain, other = run_moved(0.0), run_moved(0.5)
    assert other.status == "converged"
    assert (moved[0.0] != moved[0.5]).all()
    assert (plain.beta != other.beta).any()
    assert (np.abs(other.beta - plain.beta) <= 2e-6 * plain.bse).all()


def test_a_number_of_rows_that_changes_is_said():
    def answer(question):
        sums = honest(question)
        return (
            sums
            if isinstance(question, Moments)
            else dataclasses.replace(sums, scalars={**sums.scalars, "nobs": 149.0})
        )

    with pytest.raises(TamperedAnswerError, match="number of rows changed"):
        run(answer)


@pytest.mark.parametrize("value", [0.0, 37.5])
def test_a_start_that_is_flat_along_the_constant_is_said(value):
    def answer(question):
        sums = honest(question)
        if isinstance(question, Moments):
            return sums
        rows = {label: (*row[:-1], value if label[-1] == "_cons" else row[-1]) for label, row in sums.rows.items()}
        return dataclasses.replace(sums, rows=rows)

    with pytest.raises(TamperedAnswerError, match="constant"):
        run(answer)


@pytest.mark.parametrize("factor", [1e-300, 1e300, -1.0, 0.0])
def test_forged_moments_end_in_our_own_errors_or_a_status(factor):
    def answer(question):
        sums = honest(question)
        if not isinstance(question, Moments):
            return sums
        rows = {k: v if k == ("b",) else (v[0] * factor, v[1] * abs(factor)) for k, v in sums.rows.items()}
        return dataclasses.replace(sums, rows=rows)

    try:
        _, result = run(answer)
    except (TamperedAnswerError, VariableError):
        return
    assert result.status == "converged" or not result.names


def test_every_status_without_numbers_has_its_words():
    for loglikes, status in ((rising, "not converged"), (falling, "not converged")):
        _, result = run(invented(loglikes()))
        assert result.status == status
        assert result.message.startswith(f"{NO_NUMBERS[status]}. Most involved: ")
    assert "converged" not in NO_NUMBERS


@pytest.mark.parametrize("command", COMMANDS)
def test_a_proposal_says_what_the_plan_then_asks(command):
    proposal = Proposal(read_command(command), (("north", "ab12"),))
    sample = sample_from_frame(births(3), proposal.command)
    said = json.loads(json.dumps(proposal.to_dict()))
    questions, _ = run(lambda q: q.compute(sample), proposal)
    assert {q.kind for q in questions} == {entry["kind"] for entry in said["asked"]}
    leaves = [entry["leaves"] for entry in said["asked"]]
    assert all(map(str.startswith, leaves, (Moments.asks, Evaluation.asks)))
    assert {v["name"] for v in said["variables"]} == set(proposal.command.variables)
    assert Proposal.from_dict(said) == proposal


def test_two_nodes_add_to_what_the_program_sees():
    halves = [SAMPLE.rows(0, 75), SAMPLE.rows(75, 150)]
    _, result = run(lambda q: add([q.compute(half) for half in halves]))
    _, everything = run(honest)
    np.testing.assert_allclose(result.beta, everything.beta, rtol=1e-12)


def test_the_question_of_round_2_does_not_know_how_the_rows_were_dealt():
    proposal = Proposal(read_command("logit b i.g##i.h##c.x"), ())
    frame = births(1).assign(h=lambda f: np.where(f["g"] == 3, 0, f["w"] > 0.7).astype(int))
    asked = []
    for parts in ([frame], [frame[frame["g"] == 3], frame[frame["g"] != 3]]):
        question = next(program := fit(proposal))
        sums = add([question.compute(sample_from_frame(part, proposal.command)) for part in parts])
        asked.append(program.send((question, sums)).declaration())
    assert asked[0] == asked[1]
    assert "3.g#1.h#c.x" not in asked[0]["terms"]
