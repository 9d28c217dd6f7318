"""How much of what leaves hangs on one unit: held against what every unit adds when it is asked alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from fedfolder.likelihood import LIKELIHOODS, RiskLikelihood, RowLikelihood, SetLikelihood
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.fit import fit
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.questions import influence as module
from fedfolder.questions import kept, patterns, prepared, row_influence
from fedfolder.questions.compute import contribution
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.influence import influence
from fedfolder.questions.together import single
from fedfolder.questions.whitening import Whitening
from tests.simulation.models import problem, takes, within_nodes


def evaluations(command, frame, most=4):
    """The sample of a frame, and the first evaluations of a fit to it."""
    parsed = read_command(command)
    sample = sample_from_frame(frame, parsed)
    program = fit(Proposal(parsed, (("n", ""),)))
    question = next(program)
    found: list[Evaluation] = []
    while len(found) < most:
        found += [part for part in single(question) if isinstance(part, Evaluation) and part.design.columns]
        try:
            question = program.send((question, question.compute(sample)))
        except StopIteration:
            break
    return sample, [asked for asked in found if contribution(asked, sample).defined]


def units(likelihood, question, sample):
    if isinstance(likelihood, SetLikelihood):
        return question.specification.sets(sample)
    return np.arange(sample.nobs)


def alone(question, sample, unit):
    """The information of each unit, from asking it alone: (U, P, P)."""
    return np.array([-contribution(question, sample.where(unit == u)).hessian for u in np.unique(unit)])


def leverage(each):
    """By the definition, without a short cut."""
    t = Whitening.of(each.sum(axis=0)).matrix
    return max(np.linalg.eigvalsh(t.T @ one @ t)[-1] for one in each)


@pytest.mark.parametrize("weighted", ["", "pw=real"])
@pytest.mark.parametrize("name", [n for n, of in LIKELIHOODS.items() if not isinstance(of, RiskLikelihood)])
def test_the_leverage_is_that_of_the_definition(name, weighted):
    if weighted and not takes(name, "pw"):
        pytest.skip("takes no such weights")
    given = problem(name, n=60)
    sample, asked = evaluations(given.command(weight=weighted), given.frame)
    question, likelihood = asked[-1], asked[-1].specification.likelihood
    found = influence(question, sample)
    unit = units(likelihood, question, sample)
    assert found.units == len(np.unique(unit))
    assert 1 <= found.effective <= found.units * (1 + 1e-12)
    if likelihood.concave:
        assert found.leverage == pytest.approx(leverage(alone(question, sample, unit)), rel=1e-7)
    assert 0 < found.leverage <= 1 + 1e-9


@pytest.mark.parametrize("name", ["logit", "mlogit", "ologit", "poisson"])
def test_all_rows_of_a_person_count_together(name, monkeypatch):
    given = problem(name, n=80)
    sample, (question, *_) = evaluations(given.command(), given.frame)
    person = np.arange(80) % 23
    monkeypatch.setattr(module, "_owners", lambda _: person)
    found = influence(question, sample)
    assert found.units == 23
    assert found.leverage == pytest.approx(leverage(alone(question, sample, person)), rel=1e-9)
    # Those below what is asked for are not looked at, and none is given too low.
    assert influence(question, sample, at_least=0.9).leverage >= found.leverage


def test_split_rows_do_not_make_more_persons(monkeypatch):
    frame = problem("logit", n=60).frame
    sample, (question, *_) = evaluations("logit y x w", frame)
    double, _ = evaluations("logit y x w", pd.concat([frame, frame], ignore_index=True))
    once = influence(question, sample)
    assert influence(question, double).effective == pytest.approx(2 * once.effective)
    monkeypatch.setattr(module, "_owners", lambda _: np.arange(120) % 60)
    found = influence(question, double)
    assert found.units == 60
    assert found.effective == pytest.approx(once.effective)
    assert found.leverage == pytest.approx(once.leverage)


def test_a_frequency_weight_is_so_many_persons():
    frame = problem("logit", n=60).frame
    frame["k"] = np.arange(60) % 3 + 1.0
    sample, asked = evaluations("logit y x w [fw=k]", frame)
    long, _ = evaluations("logit y x w", frame.loc[frame.index.repeat(frame["k"])])
    plain = dataclasses.replace(
        asked[-1], specification=dataclasses.replace(asked[-1].specification, command=read_command("logit y x w"))
    )
    found, expected = influence(asked[-1], sample), influence(plain, long)
    assert dataclasses.astuple(found) == pytest.approx(dataclasses.astuple(expected))


@pytest.mark.parametrize("weight", ["", "fw=k", "pw=k"])
@pytest.mark.parametrize("name", ["logit", "mlogit", "poisson", "cloglog"])
def test_patterns_have_the_influence_of_their_rows(name, weight, monkeypatch):
    if weight and not takes(name, weight[:2]):
        pytest.skip("takes no such weights")
    given = problem(name, n=60)
    frame = pd.concat([given.frame.assign(k=k) for k in (1.0, 2.0, 1.0)], ignore_index=True)
    command = given.command(weight=weight)
    sample, asked = evaluations(command, frame)
    found = []
    for fewest in (0, len(frame) + 1):
        monkeypatch.setattr(patterns, "FEWEST", fewest)
        kept.forget()
        found += [dataclasses.astuple(influence(asked[-1], sample, at_least=a)) for a in (0.0, 0.01)]
    assert found[0] == pytest.approx(found[2], rel=1e-9)
    assert found[1] == pytest.approx(found[3], rel=1e-9)


@pytest.mark.parametrize("name", [n for n in LIKELIHOODS if not n.endswith("power -2)")])
def test_a_node_without_a_level_or_with_one_row_has_its_answer(name):
    given = problem(name)
    command = given.command(more=within_nodes(name))
    _, asked = evaluations(command, given.frame, 2)
    parsed = read_command(command)
    for frame in (given.frame[given.frame["g"] < 3], given.frame.iloc[:4], given.frame[:0]):
        sample = sample_from_frame(frame, parsed)
        found = influence(asked[-1], sample)
        assert np.isfinite(found.leverage)
        if not contribution(asked[-1], sample).defined:
            assert (found.effective, found.leverage) == (np.inf, 0.0), "nothing leaves but that"
            continue
        assert 0 <= found.effective <= max(found.units, 0) * (1 + 1e-12)


def test_a_level_of_one_row_is_wholly_that_rows():
    frame = problem("logit").frame.copy()
    frame.loc[7, "g"] = 9
    sample, asked = evaluations("logit y x i.g", frame)
    assert influence(asked[0], sample).leverage == pytest.approx(1.0)


def test_rows_without_any_information_have_no_effective_size():
    sample, (question, *_) = evaluations("logit y x", problem("logit").frame)
    far = dataclasses.replace(question, beta=np.array([0.0, 2000.0]))
    assert influence(far, sample).effective == 0


@pytest.mark.parametrize("name", [n for n, of in LIKELIHOODS.items() if isinstance(of, RowLikelihood)])
def test_blocks_in_which_no_row_can_be_near_are_not_looked_at_row_by_row(name, monkeypatch):
    """And where one can, it is found: what is said of the limit is what a look at each row says."""
    given = problem(name, n=200)
    given.frame.loc[170, "x"] = 6.0
    sample, asked = evaluations(given.command(), given.frame, most=2)
    monkeypatch.setattr(prepared, "blocks_of", lambda n: [slice(k, min(k + 40, n)) for k in range(0, n, 40)])
    looked, true = list[int](), row_influence._Look._traces  # noqa: SLF001 - what is counted

    def counted(look, block):
        looked.append(block.rows.start)
        return true(look, block)

    monkeypatch.setattr(row_influence._Look, "_traces", counted)  # noqa: SLF001
    question = asked[-1]
    for at_least in (0.1, 0.5, 1e12):
        kept.forget()
        looked.clear()
        short = influence(question, sample, at_least=at_least)
        closely = list(looked)
        with monkeypatch.context() as patch:
            patch.setattr(row_influence._Look, "_highest", lambda *_: np.inf)  # noqa: SLF001
            whole = influence(question, sample, at_least=at_least)
        assert looked[len(closely) :] == [0, 40, 80, 120, 160]
        assert (short.units, short.effective) == (whole.units, whole.effective)
        assert short.leverage == whole.leverage or max(short.leverage, whole.leverage) < at_least
        assert (short.leverage >= at_least) == (whole.leverage >= at_least)
        assert influence(question, sample, at_least=at_least) == short, "from the squares that are known"
    assert closely != [0, 40, 80, 120, 160], "none has a leverage of a million millions"
