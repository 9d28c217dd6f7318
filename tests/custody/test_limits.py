"""What a node checks of a beta beyond the plan, and that honest fits pass."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fedfolder.custody.limits import at_beta, of_driver, standardised
from fedfolder.custody.profiles import PROFILES
from fedfolder.likelihood import LIKELIHOODS
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.fit import fit
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.questions.candidates import Candidates
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.moments import Moments
from fedfolder.questions.scores import ClusterScores, Scores
from fedfolder.questions.specification import Specification
from fedfolder.questions.sums import add
from fedfolder.questions.together import single
from fedfolder.simulation import checked, few_of, split
from tests.simulation.models import problem, within_nodes
from tests.truth.datasets import DATA

REGISTRY, STRICT, NONE = PROFILES["registry"], PROFILES["strict"], PROFILES["open"]


def rounds(command, frames, *, few=False):
    """Every question of a fit, with the samples."""
    parsed = read_command(command)
    samples = {f"n{k}": sample_from_frame(frame, parsed) for k, frame in enumerate(frames)}
    parsed = checked(parsed, samples)
    trips = few_of(parsed, samples) if few else None
    program = fit(Proposal(parsed, tuple((name, "") for name in samples), few=trips))
    question = next(program)
    while True:
        yield question, list(samples.values())
        try:
            question = program.send((question, add(question.compute(sample) for sample in samples.values())))
        except StopIteration:
            return


def rules(limits, question, sample):
    return [finding.rule for finding in at_beta(limits, question, sample)]


def question_of(command, frame, kind=Evaluation):
    for question, (sample,) in rounds(command, [frame]):
        for part in single(question):
            if type(part) is kind:
                return part, sample
    raise AssertionError(kind)


TRUTH = Path(__file__).parents[1] / "truth"
CASES = {
    case["case"]: (
        case["command"],
        [pd.read_csv(TRUTH / case["case"] / f"node{k}.csv") for k in (1, 2, 3)],
    )
    for case in json.loads((TRUTH / "truth.json").read_text(encoding="utf-8"))
}
LARGE = {
    case["data"]: case["command"]
    for case in json.loads((TRUTH / "printed.json").read_text(encoding="utf-8"))
    if case["n"] >= 300
}
RIGHTLY = {"logit_complete_separation", "star98", "star98_floats"}
"""A separation makes the rows at the threshold count alone; 21 parameters on 101 districts of unequal size."""


VISITED = [
    *((case, limits, False) for case in [*CASES, *LARGE] for limits in (REGISTRY, STRICT)),
    *((case, REGISTRY, True) for case in [*CASES, *LARGE] if case != "randhie_csv"),
]
"""Data, limits, and whether in few trips; the largest data once less."""


@pytest.mark.parametrize(("case", "limits", "few"), VISITED)
def test_no_honest_fit_is_refused_at_any_beta_that_it_visits(case, limits, few):
    command, frames = CASES[case] if case in CASES else (LARGE[case], split(DATA[case](), 3, 1))
    enough = 100 if limits is REGISTRY else 130
    found = [
        rule
        for question, samples in rounds(command, frames, few=few)
        for sample in samples
        if sample.nobs >= enough
        for rule in rules(limits, question, sample)
    ]
    assert bool(found) == (case in RIGHTLY and any(len(frame) >= enough for frame in frames)), found


def test_a_separation_is_stopped_where_few_rows_are_left():
    command, frames = CASES["logit_complete_separation"]
    first = [rules(REGISTRY, question, samples[0]) for question, samples in rounds(command, frames)]
    assert first[:3] == [[], [], []]
    assert set(first[-1]) >= {"effective_size"}


# -- each rule ----------------------------------------------------------------------------------------------------


FRAME = problem("logit").frame


@pytest.mark.parametrize("kind", [Evaluation, Scores])
def test_a_slope_beyond_the_cap_is_named(kind):
    question, sample = question_of("logit y x w, vce(robust)", FRAME, kind)
    size = standardised(question, sample).max(axis=0)
    assert rules(dataclasses.replace(NONE, largest_beta=5.0), question, sample) == []
    beta = question.beta.copy()
    beta[1] += 6.0 / (size[1] / abs(question.beta[1]) if question.beta[1] else sample.outcome("w").std())
    beta[1] = beta[1] if standardised(dataclasses.replace(question, beta=beta), sample)[0, 1] > 5 else 1e3
    (finding,) = at_beta(dataclasses.replace(NONE, largest_beta=5.0), dataclasses.replace(question, beta=beta), sample)
    assert (finding.rule, finding.names) == ("largest_beta", ("w",))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e300])
def test_a_slope_that_is_no_number_is_too_large(bad):
    question, sample = question_of("logit y x w", FRAME)
    beta = np.array([bad, 0.0, 0.0])
    with np.errstate(all="ignore"):
        assert "largest_beta" in rules(REGISTRY, dataclasses.replace(question, beta=beta), sample)


def test_slopes_in_a_unit_of_the_outcome_have_no_cap():
    frame = problem("regress").frame
    question, sample = question_of("regress y x w", frame.assign(y=1e9 * frame["y"]))
    far = dataclasses.replace(question, beta=question.beta + 1e9)
    assert rules(REGISTRY, far, sample) == []


@pytest.mark.parametrize("kind", [Scores, ClusterScores])
def test_products_of_scores_are_held_to_the_same(kind):
    vce = "vce(cluster id, across)" if kind is ClusterScores else "vce(robust)"
    question, sample = question_of(f"logit y x w, {vce}", FRAME, kind)
    assert rules(REGISTRY, question, sample) == []
    far = dataclasses.replace(question, beta=np.array([500.0, 0.0, 0.0]))
    assert set(rules(REGISTRY, far, sample)) >= {"largest_beta", "effective_size"}


def test_the_second_candidate_is_held_to_the_same():
    command, frame = "poisson y x, exposure(time)", problem("poisson").frame
    model, _ = question_of(command, frame)
    alone = dataclasses.replace(model.design, columns=(), centres=(), scales=(), mixing=(), rescaling=())
    constant = dataclasses.replace(model, design=alone, beta=np.zeros(1), tolerance=np.zeros(1))
    # Three rows have nearly all the exposure, and the model is asked as if there were none.
    few = frame.assign(time=np.where(np.arange(len(frame)) < 3, 1e6, 1.0) * frame["time"])
    harmless = dataclasses.replace(model, specification=model.specification.without_offset())
    sample = sample_from_frame(few, read_command(command))
    assert rules(REGISTRY, harmless, sample) == []
    assert rules(REGISTRY, Candidates((harmless,), constant), sample) == ["effective_size"]


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_one_row_far_out_is_found_in_any_model(name):
    """An artificial outlier: what leaves along its direction is that row."""
    given = problem(name)
    frame = given.frame.assign(u=0.01 * np.arange(len(given.frame)) / len(given.frame))
    if "group(set)" in given.options:
        frame.loc[frame.index[1], "u"] = 2.0
    else:
        frame.loc[5, "u"] = 2.0
    question, sample = question_of(given.command("x u", more=within_nodes(name)), frame, Evaluation)
    assert "leverage" in rules(REGISTRY, question, sample)
    assert rules(NONE, question, sample) == []


def test_the_deviation_of_a_random_intercept_is_a_slope():
    given = problem("mepoisson")
    inner, sample = question_of(given.command("x"), given.frame, Evaluation)
    specification = Specification.of(read_command(given.command("x")))
    question = dataclasses.replace(inner, specification=specification, beta=np.zeros(3))
    for sd, broken in ((1.0, False), (-1.0, False), (6.0, True), (-6.0, True)):
        beta = np.array([*np.zeros(len(question.beta) - 1), sd])
        assert ("largest_beta" in rules(REGISTRY, dataclasses.replace(question, beta=beta), sample)) is broken
    assert rules(NONE, dataclasses.replace(question, beta=beta), sample) == []


def test_what_is_asked_at_no_beta_is_left_alone():
    question, sample = question_of("logit y x", FRAME, Moments)
    assert at_beta(REGISTRY, question, sample) == []


def test_nothing_derived_from_the_data_is_said():
    question, sample = question_of("logit y x w", FRAME)
    far = dataclasses.replace(question, beta=np.array([500.0, 0.0, 0.0]))
    smaller = sample.where(np.arange(sample.nobs) < 150)
    assert [f.says for f in at_beta(REGISTRY, far, sample)] == [f.says for f in at_beta(REGISTRY, far, smaller)]


@pytest.mark.parametrize(
    ("radius", "driver", "refused"), [(2.0, "external", False), (2.5, "external", True), (9.0, "newton", False)]
)
def test_the_policy_caps_the_radius_of_another_program(radius, driver, refused):
    proposal = Proposal(read_command("logit y x"), (), driver=driver, radius=radius)
    assert bool(of_driver(REGISTRY, proposal)) is refused
    assert of_driver(NONE, proposal) == []
