"""What is published must be what the other nodes can have answered, and this node's own answer."""

from __future__ import annotations

import dataclasses

import pytest

from fedfolder.custody.others import possible
from fedfolder.errors import TamperedAnswerError
from fedfolder.likelihood import LIKELIHOODS
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.fit import fit
from fedfolder.plan.opening import first_question
from fedfolder.plan.own import SITES, OwnEstimate
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.questions.evaluation import LOGLIKE, Evaluation
from fedfolder.questions.moments import Moments
from fedfolder.questions.scores import Scores
from fedfolder.questions.sums import Sums, add
from fedfolder.questions.together import Together, single
from fedfolder.simulation import few_of
from tests.simulation.generated import SPLITS, births, parts
from tests.simulation.models import SPLITS as BY_UNIT
from tests.simulation.models import parts as split
from tests.simulation.models import problem, takes

ROUNDS = 4


def rounds(command, frames, most=ROUNDS):
    """The first rounds of a fit and those about scores: question, answers, and their sum."""
    parsed = read_command(command)
    samples = [sample_from_frame(frame, parsed) for frame in frames]
    program, sums = fit(Proposal(parsed, tuple((f"n{k}", "") for k in range(len(samples))))), None
    question = next(program)
    for number in range(40):
        answers = [question.compute(sample) for sample in samples]
        sums = add(answers)
        if number < most or any(isinstance(part, Scores) for part in single(question)):
            yield from apart(question, answers, sums)
        try:
            question = program.send((question, sums))
        except StopIteration:
            return


def apart(question, answers, sums):
    """What travels together, each by itself."""
    if not isinstance(question, Together):
        yield question, answers, sums
        return
    each = zip(*(question.parts(answer) for answer in answers), strict=True)
    for part, said, summed in zip(question.questions, each, question.parts(sums), strict=True):
        yield part, list(said), summed


@pytest.mark.parametrize("how", BY_UNIT)
@pytest.mark.parametrize("name", LIKELIHOODS)
def test_every_true_sum_passes_at_every_node(name, how):
    given = problem(name)
    command = given.command(weight="pw=real" if takes(name, "pw") else "")
    seen = 0
    for question, answers, sums in rounds(command, split(given, how, 1)):
        for own in answers:
            possible(question, sums, own, len(answers) - 1)
            seen += 1
    assert seen >= 9


@pytest.mark.parametrize("how", SPLITS)
@pytest.mark.parametrize("command", ["logit b x i.g i.t, vce(robust)", "regress y x i.g##i.t w"])
def test_true_sums_pass_where_a_node_has_few_rows_or_none(command, how):
    frames = parts(births(3), how, 1)
    for question, answers, sums in rounds(command, frames):
        for own in answers:
            possible(question, sums, own, len(answers) - 1)


COMMAND = "logit b x i.g, vce(robust)"
FRAMES = [births(1).iloc[:70], births(1).iloc[70:]]
HISTORY = list(rounds(COMMAND, FRAMES, 9))


def moved(sums, by, labels=None, column=0):
    """The same with one number changed."""
    if labels is None:
        name, amount = by
        return dataclasses.replace(sums, scalars={**sums.scalars, name: sums.scalars[name] + amount})
    row = list(sums.rows[labels])
    row[column] += by
    return dataclasses.replace(sums, rows={**sums.rows, labels: tuple(row)})


def refused(question, published, own, others=1):
    with pytest.raises(TamperedAnswerError, match=r"cannot be true|is none"):
        possible(question, published, own, others)


MOMENTS = next(step for step in HISTORY if isinstance(step[0], Moments))
DERIVATIVES = next(step for step in HISTORY if isinstance(step[0], Evaluation))
PRODUCTS = next(step for step in HISTORY if isinstance(step[0], Scores))


@pytest.mark.parametrize("name", ["nobs", "nodes"])
@pytest.mark.parametrize("by", [-1000.0, 0.5, 1.0])
def test_counts_that_cannot_be_are_refused(name, by):
    question, answers, sums = MOMENTS
    if (name, by) == ("nobs", 1.0):
        by = -float(len(FRAMES[1]))  # no rows of others, and numbers of theirs
    refused(question, moved(sums, (name, by)), answers[0])


@pytest.mark.parametrize(
    ("label", "column", "by"),
    [("2.g", 0, 1.0), ("2.g", 0, -40.0), ("x", 1, -1e5), ("x", 0, 1e4), ("b", 0, -60.0), ("b", 0, 100.0)],
)
def test_moments_that_no_rows_have_are_refused(label, column, by):
    question, answers, sums = MOMENTS
    refused(question, moved(sums, by, (label,), column), answers[0])


def test_levels_that_do_not_add_up_to_the_rows_are_refused():
    question, answers, sums = MOMENTS
    changed = moved(moved(sums, 1.0, ("2.g",), 0), 1.0, ("2.g",), 1)
    refused(question, changed, answers[0])


def test_a_level_of_this_node_that_is_not_published_is_refused():
    question, answers, sums = MOMENTS
    without = dataclasses.replace(sums, rows={k: v for k, v in sums.rows.items() if k != ("2.g",)})
    refused(question, without, answers[0])


def test_a_log_likelihood_above_what_this_node_s_own_leaves_is_refused():
    question, answers, sums = DERIVATIVES
    refused(question, moved(sums, (LOGLIKE, -sums.scalars[LOGLIKE] + answers[0].scalars[LOGLIKE] / 2)), answers[0])


@pytest.mark.parametrize("step", [DERIVATIVES, PRODUCTS], ids=["derivatives", "scores"])
def test_less_curvature_than_this_node_s_own_is_refused(step):
    question, answers, sums = step
    first = 1 if isinstance(question, Evaluation) else 0
    smaller = {
        label: (*row[:first], *(0.5 * cell for cell in answers[0].rows[label][first:]))
        for label, row in sums.rows.items()
    }
    refused(question, Sums(sums.scalars, sums.keys, sums.columns, smaller), answers[0])


@pytest.mark.parametrize("step", HISTORY[:4], ids=lambda step: step[0].kind)
def test_alone_in_a_roster_the_sums_are_this_node_s_own(step):
    question, answers, sums = step
    possible(question, answers[0], answers[0], 0)
    refused(question, sums, answers[0], 0)


def _own_estimates(of=3):
    """The question after sites' own estimates, and their answers."""
    command = read_command("logit b x i.g i.t")
    frames = parts(births(3), next(iter(SPLITS)), 1)[:of]
    samples = {f"n{k}": sample_from_frame(frame, command) for k, frame in enumerate(frames)}
    question = find(first_question(Proposal(command, (("n0", ""),), few=few_of(command, samples))))
    return question, [question.compute(sample) for sample in samples.values()]


def find(question):
    return next(part for part in single(question) if isinstance(part, OwnEstimate))


@pytest.mark.parametrize(
    ("lie", "message"),
    [
        (lambda _, own: own, "no other node sent an estimate"),
        (lambda published, _: _with(published, scalars={SITES: 9.0}), "more nodes say so than there are"),
        (lambda published, own: _with(published, rows=_times(own, 0.5).rows), "information of the other nodes"),
        (lambda published, _: _with(published, scalars={SITES: 0.0}), "a count in this answer is none"),
    ],
    ids=["own alone", "too many", "less than one's own", "fewer than oneself"],
)
def test_sums_of_own_estimates_that_cannot_be_are_refused(lie, message):
    question, answers = _own_estimates()
    published = add(answers)
    assert published.scalars[SITES] >= 2
    for own in answers:
        possible(question, published, own, len(answers) - 1)
    own = next(answer for answer in answers if answer.scalars[SITES])
    lied = lie(published, own)
    if lied is own:
        lied = _with(published, scalars=dict(own.scalars))
    with pytest.raises(TamperedAnswerError, match=message):
        possible(question, lied, own, len(answers) - 1)


def _with(sums, **more):
    return dataclasses.replace(sums, **more)


def _times(sums, by):
    return _with(sums, rows={label: tuple(by * x for x in row) for label, row in sums.rows.items()})


def test_parts_that_travel_together_are_held_each_by_itself():
    question, answers = _own_estimates()
    moments = Moments(question.specification)
    whole = Together((moments, question))
    frames = parts(births(3), next(iter(SPLITS)), 1)[: len(answers)]
    counted = [moments.compute(sample_from_frame(frame, question.specification.command)) for frame in frames]
    together = [whole.together(list(pair)) for pair in zip(counted, answers, strict=True)]
    published = add(together)
    possible(whole, published, together[0], len(together) - 1)
    with pytest.raises(TamperedAnswerError, match="more nodes say so"):
        possible(whole, _with(published, scalars={**published.scalars, f"2 {SITES}": 9.0}), together[0], 2)
