"""What is published must be what the other nodes can have answered, and this node's own answer."""

from __future__ import annotations

import dataclasses

import pytest

from fedfolder.custody.others import possible
from fedfolder.errors import TamperedAnswerError
from fedfolder.likelihood import LIKELIHOODS
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.fit import fit
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.questions.evaluation import LOGLIKE, Evaluation
from fedfolder.questions.moments import Moments
from fedfolder.questions.scores import Scores
from fedfolder.questions.sums import Sums, add
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
        if number < most or isinstance(question, Scores):
            yield question, answers, sums
        try:
            question = program.send((question, sums))
        except StopIteration:
            return


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
