"""What nodes answer where a baseline hazard is common to them, and what cannot be such an answer."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from fedfolder.custody.limits import at_beta
from fedfolder.custody.others import possible
from fedfolder.custody.profiles import PROFILES
from fedfolder.errors import RefusedError, TamperedAnswerError
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.fit import fit
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.questions.baseline_hazards import BaselineHazards
from fedfolder.questions.evaluation import LOGLIKE, OUTSIDE
from fedfolder.questions.event_times import EventTimes, _written, levels_of_stratum, stratum_names
from fedfolder.questions.influence import influence
from fedfolder.questions.risk_sums import RiskSums
from fedfolder.questions.sites import Site
from fedfolder.questions.specification import Specification
from fedfolder.questions.sums import add, to_parts
from fedfolder.questions.time_effects import RiskTimeEffects, TimeEffects

RNG = np.random.default_rng(8)
FRAME = pd.DataFrame({"x": RNG.normal(size=60), "z": RNG.normal(size=60), "t": RNG.integers(1, 9, 60).astype(float)})
FRAME["d"], FRAME["g"] = (RNG.random(60) < 0.6).astype(float), RNG.choice(["a b", "a", "b\\", ""], 60)
FRAME["h"] = RNG.choice(["b c", "c", "\\_"], 60)
PARTS = [FRAME.iloc[:35], FRAME.iloc[35:]]
TIMES = "time(t) failure(d)"


def questions(command, kind):
    """Each question of a kind in a fit, with the answer of each node."""
    parsed = read_command(command)
    samples = [sample_from_frame(part, parsed, node=name) for name, part in zip("ab", PARTS, strict=True)]
    program = fit(Proposal(parsed, (("a", ""), ("b", ""))))
    question = next(program)
    while True:
        answers = [question.compute(sample) for sample in samples]
        if isinstance(question, kind):
            return question, answers, samples
        question = program.send((question, add(answers)))


KINDS = {
    "times": (f"stcox x z, strata(g) {TIMES}", EventTimes),
    "breslow": (f"stcox x z, strata(g) {TIMES}", RiskSums),
    "efron": (f"stcox x z, efron {TIMES}", RiskSums),
    "effects": (f"stcox x z, strata(_node) phtest(log) {TIMES}", TimeEffects),
    "baselines": (f"stcox x z, strata(_node h) basesurv(2 5) {TIMES}", BaselineHazards),
    "effects of failures": (f"stcox x z, phtest(rank) {TIMES}", RiskTimeEffects),
}
every_kind = pytest.mark.parametrize("name", KINDS)


@every_kind
def test_an_answer_is_read_as_it_was_written_and_held_against_the_sums(name):
    question, answers, _ = questions(*KINDS[name])
    for answer in answers:
        assert question.read_answer(*to_parts(answer), where="a") == answer
        possible(question, add(answers), answer, 1)


def changed(sums, *, by=lambda value: value, row=0, column=0):
    labels = list(sums.rows)[row]
    values = list(sums.rows[labels])
    values[column] = by(values[column])
    return dataclasses.replace(sums, rows={**sums.rows, labels: tuple(values)})


LIES = {
    ("times", "a part of a failure"): lambda sums: changed(sums, by=lambda number: number + 0.5),
    ("times", "more than memory holds"): lambda sums: changed(sums, by=lambda _: 1e15),
    ("times", "no weight"): lambda sums: changed(sums, by=lambda _: 0.0, column=1),
    ("times", "a time below zero"): lambda sums: dataclasses.replace(sums, rows={("a", "-1"): (1.0, 1.0)}),
    ("times", "a time in other words"): lambda sums: dataclasses.replace(sums, rows={("a", "1.0"): (1.0, 1.0)}),
    ("times", "more scalars"): lambda sums: dataclasses.replace(sums, scalars={**sums.scalars, "more": 1.0}),
    ("breslow", "nobody at risk"): lambda sums: changed(sums, by=lambda risk: -risk),
    ("breslow", "no such squares"): lambda sums: changed(sums, by=lambda _: 0.0, column=3),
    ("breslow", "another time"): lambda sums: dataclasses.replace(
        sums, rows={**sums.rows, ("b1", "a", "77"): next(iter(sums.rows.values()))}
    ),
    ("efron", "below zero of the failing"): lambda sums: changed(sums, by=lambda tied: -tied - 1.0, column=6),
    ("efron", "fewer scalars"): lambda sums: dataclasses.replace(sums, scalars={"nobs": 35.0, LOGLIKE: 0.0}),
    ("effects", "not symmetric"): lambda sums: changed(sums, by=lambda value: value + 1.0, column=2),
    ("baselines", "a hazard that falls"): lambda sums: changed(sums, by=lambda hazard: -hazard - 1.0),
    ("baselines", "no variance"): lambda sums: changed(sums, by=lambda variance: -variance - 1.0, column=1),
    ("baselines", "another time"): lambda sums: dataclasses.replace(
        sums, rows={**sums.rows, ("a", "c", "3"): next(iter(sums.rows.values()))}
    ),
    ("baselines", "no name"): lambda sums: dataclasses.replace(
        sums, rows={**sums.rows, ("", "c", "2"): next(iter(sums.rows.values()))}
    ),
    ("baselines", "more scalars"): lambda sums: dataclasses.replace(sums, scalars={**sums.scalars, "more": 1.0}),
    ("effects of failures", "more columns"): lambda sums: dataclasses.replace(
        sums, columns=("score", "own"), rows={label: (*row, 1.0) for label, row in sums.rows.items()}
    ),
    ("effects of failures", "more scalars"): lambda sums: dataclasses.replace(sums, scalars={**sums.scalars, "x": 1.0}),
    ("effects", "more rows"): lambda sums: dataclasses.replace(
        sums, rows={**sums.rows, ("xb", "w"): next(iter(sums.rows.values()))}
    ),
}


@pytest.mark.parametrize(("name", "lie"), LIES)
def test_what_cannot_be_an_answer_is_refused(name, lie):
    question, (answer, _), _ = questions(*KINDS[name])
    with pytest.raises(TamperedAnswerError):
        question.read_answer(*to_parts(LIES[name, lie](answer)), where="a")


@pytest.mark.parametrize("name", ["times", "breslow", "efron"])
def test_published_sums_that_leave_out_what_a_node_answered_are_refused(name):
    question, answers, _ = questions(*KINDS[name])
    less = changed(add(answers), by=lambda value: value * 0.0)
    with pytest.raises(TamperedAnswerError, match="below zero"):
        possible(question, less, answers[0] if next(iter(less.rows)) in answers[0].rows else answers[1], 1)


def test_nobody_speaks_under_another_site_s_name():
    """Neither a site to the server, nor the server to the sites."""
    question, answers, _ = questions(*KINDS["baselines"])
    Site("a").hold(question, answers[0], where="a")
    with pytest.raises(TamperedAnswerError, match="another site's name"):
        Site("b").hold(question, answers[0], where="b")
    published = add(answers)
    with pytest.raises(TamperedAnswerError, match="under this node's name"):
        possible(question, changed(published, by=lambda hazard: hazard + 1e-6), answers[0], 1)
    less = dataclasses.replace(published, rows=dict(list(published.rows.items())[1:]))
    with pytest.raises(TamperedAnswerError, match="under this node's name"):
        possible(question, less, answers[0], 1)


def test_names_of_strata_are_read_back():
    for one in ("a b", "a", "b\\", "", "\\_", " ", "\\ "):
        for other in ("", "c d"):
            assert levels_of_stratum(f"{_written(one)} {_written(other)}") == (one, other)
    assert levels_of_stratum("") == ()


@pytest.mark.parametrize("name", ["breslow", "efron"])
def test_what_custody_looks_at_and_what_leaves_are_kept_apart(name):
    question, answers, (sample, _) = questions(*KINDS[name])
    assert influence(question, sample).units == sample.nobs
    assert question.compute(sample) == answers[0]
    assert influence(question, sample).units == sample.nobs


def test_a_grid_is_part_of_what_is_asked():
    usual, rounded = (EventTimes(Specification.of(read_command(f"stcox x, {TIMES}{g}"))) for g in ("", " grid(2)"))
    assert rounded.declaration() != usual.declaration()
    with pytest.raises(RefusedError):
        usual.as_asked(rounded.declaration(), {})


def test_names_of_strata_tell_any_levels_apart():
    parsed = read_command(f"stcox x, strata(g h) {TIMES}")
    sample = sample_from_frame(FRAME[FRAME["g"] != ""], parsed)
    number, names = stratum_names(Specification.of(parsed), sample)
    pairs = set(zip(FRAME["g"][FRAME["g"] != ""], FRAME["h"][FRAME["g"] != ""], strict=True))
    assert len(set(names)) == len(names) == len(pairs)
    assert len(number) == sample.nobs


def test_a_beta_at_which_sums_overflow_is_outside_for_all_rows_together():
    question, answers, (sample, _) = questions(*KINDS["breslow"])
    far = dataclasses.replace(question, beta=np.array([1e4, 0.0]), tolerance=np.array([0.0, 0.0]))
    answer = far.compute(sample)
    assert answer.scalars[OUTSIDE] == 1.0
    assert not answer.rows
    assert answer.scalars["nobs"] == answers[0].scalars["nobs"]
    assert np.isnan(far.derivatives(far.read_answer(*to_parts(answer), where="a")).loglike)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_the_leverage_of_a_row_is_its_share_of_the_information(ties):
    """By the definition: the scatter that a row adds at each failure it is at risk of, with Breslow's weights."""
    question, _, (sample, _) = questions(f"stcox x z, strata(_node) {ties} phtest(time) {TIMES}", TimeEffects)
    frame, z = PARTS[0], np.vstack([block for _, block in question.design.blocks(sample)])
    r, each = np.exp(z @ question.beta), np.zeros((35, 2, 2))
    for t in np.unique(frame["t"][frame["d"] > 0]):
        at_risk, failing = (frame["t"] >= t).to_numpy() * r, ((frame["t"] == t) & (frame["d"] > 0)).sum()
        away = z - at_risk @ z / at_risk.sum()
        each += failing * (at_risk / at_risk.sum())[:, None, None] * away[:, :, None] * away[:, None, :]
    root = np.linalg.cholesky(np.linalg.inv(each.sum(axis=0)))
    expected = max(np.linalg.eigvalsh(root.T @ one @ root)[-1] for one in each)
    found = influence(question, sample)
    assert found.leverage == pytest.approx(expected, rel=1e-9)
    assert found.units == 35
    assert 1 <= found.effective <= 35


def test_a_node_without_failures_is_not_refused_for_what_it_does_not_say():
    command = read_command(f"stcox x z, strata(_node) phtest(time) {TIMES}")
    question, _, _ = questions(str(command), TimeEffects)
    quiet = sample_from_frame(FRAME.assign(d=0.0), command)
    assert at_beta(PROFILES["registry"], question, quiet) == []
    answer = question.compute(quiet)
    assert not any(map(any, answer.rows.values()))
