"""A fit in few trips has the answer of one that takes its time."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from fedfolder.errors import BetaError, FedfolderError, RefusedError, TamperedAnswerError
from fedfolder.likelihood import LIKELIHOODS
from fedfolder.node.data import sample_from_frame
from fedfolder.plan import fit as fit_module
from fedfolder.plan.few import FewTrips, known_columns
from fedfolder.plan.fit import fit
from fedfolder.plan.layout import lay_out
from fedfolder.plan.opening import Opening, first_question, weighted_mean
from fedfolder.plan.own import SITES, OwnEstimate
from fedfolder.plan.proposal import SEPARATE_ROUNDS, Proposal, read_command
from fedfolder.plan.protocol import solved
from fedfolder.questions.candidates import Candidates
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.moments import Moments
from fedfolder.questions.specification import Specification
from fedfolder.questions.sums import add, to_parts
from fedfolder.questions.together import Together, single
from fedfolder.simulation import few_of, fit_samples, split
from fedfolder.solve import last_step
from tests.simulation.models import SPLITS, parts, problem
from tests.system.places import LBW

if TYPE_CHECKING:
    from fedfolder.questions.sums import Sums

DEMO = "logit low age smoke"
EIGHT = "logit low age lwt i.race smoke ptl ht ui"
RACES = {"race": ("1", "2", "3")}


@functools.cache
def lbw():
    return pd.read_stata(LBW, convert_categoricals=False)


def samples(command, frames):
    return {f"node{n}": sample_from_frame(frame, read_command(command)) for n, frame in enumerate(frames, start=1)}


def both(command, frames, few=None, **more):
    """The cold start, and the same in few trips."""
    parsed, rows = read_command(command), samples(command, frames)
    few = few_of(parsed, rows) if few is None else few
    return fit_samples(parsed, rows), fit_samples(parsed, rows, few=few, **more)


def errors(result):
    return np.sqrt(np.diag(result.cov))


def require_same(cold, few, within=1e-8):
    """One status, the same columns, and the same answer to a share of the standard errors."""
    assert (few.status, few.names, few.omitted, few.excluded) == (cold.status, cold.names, cold.omitted, cold.excluded)
    assert few.nobs == cold.nobs
    if cold.status != "converged":
        return
    free = errors(cold) > 0
    np.testing.assert_array_less(np.abs(few.beta - cold.beta)[free], within * errors(cold)[free])
    np.testing.assert_allclose(errors(few), errors(cold), rtol=1e-7, atol=0)
    assert few.llf == pytest.approx(cold.llf, rel=1e-12, abs=1e-11)
    assert (few.llnull is None) == (cold.llnull is None)
    assert few.llnull is None or few.llnull == pytest.approx(cold.llnull, rel=1e-11, abs=1e-11)


# -- how many trips ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("command", "trips"), [(DEMO, 4), (EIGHT, 5), (f"{DEMO}, vce(robust)", 4)])
def test_the_demo_s_split_takes_so_many_trips(command, trips):
    cold, few = both(command, split(lbw(), 3, 1), FewTrips.of(read_command(command), RACES))
    assert few.rounds <= trips < cold.rounds
    require_same(cold, few, within=1e-9)


def test_without_a_dictionary_no_more_is_saved_than_the_last_step():
    cold, few = both(EIGHT, split(lbw(), 3, 1), FewTrips())
    assert few.rounds in {cold.rounds, cold.rounds - 1}
    require_same(cold, few, within=1e-9)


def test_sites_that_keep_their_estimates_make_it_slower_and_nothing_else():
    cold, few = both(DEMO, split(lbw(), 3, 1), own_estimates=False)
    assert few.rounds in {cold.rounds, cold.rounds - 1}
    require_same(cold, few, within=1e-9)


def test_a_regression_is_where_the_sites_mean_is():
    cold, few = both("regress bwt age i.race smoke", split(lbw(), 3, 1))
    assert (cold.rounds, few.rounds) == (3, 2)
    require_same(cold, few, within=1e-12)


# -- the same answer, whatever the model and the data ------------------------------------------------------------------


@pytest.mark.parametrize("name", list(LIKELIHOODS))
def test_every_likelihood_comes_to_the_same(name):
    given, ways = problem(name), list(SPLITS)
    how = ways[list(LIKELIHOODS).index(name) % len(ways)]
    require_same(*both(given.command(), parts(given, how, 1)))


def _data():
    rng = np.random.default_rng(7)
    n = 300
    d = pd.DataFrame({"x": np.round(rng.normal(size=n) * 5 + 2000, 1), "w": np.round(rng.normal(size=n), 2)})
    d["g"], d["z"] = rng.choice([1, 2, 3], n, p=[0.5, 0.3, 0.2]), rng.integers(0, 2, n)
    eta = -0.5 + 0.1 * (d.x - 2000) + 0.5 * d.w - 0.4 * (d.g == 2)
    d["y"] = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    d["c"] = rng.poisson(np.exp(eta / 2)).astype(float)
    d["f"], d["p"] = rng.integers(1, 4, n), np.round(rng.uniform(0.5, 2, n), 2)
    d["off"], d["s"] = np.round(rng.normal(size=n) * 0.2, 2), np.round(rng.normal(size=n), 0)
    d["apart"], d["nearly"] = (d.w > 0.1).astype(float), np.where(d.s > 0, 1.0, np.where(d.s < 0, 0.0, d.y))
    d["all1"], d["same"], d["v"] = np.where(d.z == 1, 1.0, d.y), 1.0, 2 * d.w + 1
    d["gap"] = d.w.where(rng.random(n) > 0.2)
    return d


DATA = _data()
THIRDS = np.arange(300) // 100
CASES = {
    "three rows": ("logit y x w i.g", np.where(np.arange(300) < 3, 0, np.arange(300) // 150 + 1)),
    "no events": ("logit y x w i.g", np.where((DATA.y == 0) & (np.arange(300) < 120), 0, 1 + np.arange(300) % 2)),
    "a level at one node": ("logit y x w i.g", np.where(DATA.g == 3, 0, 1 + np.arange(300) % 2)),
    "the base at one node": ("logit y x w i.g", np.where(DATA.g == 1, 0, 1 + np.arange(300) % 2)),
    "events at one node": ("logit y x w", np.where(DATA.y == 1, 0, 1 + np.arange(300) % 2)),
    "collinear": ("logit y x w v i.g", THIRDS),
    "constant": ("logit y x same w", THIRDS),
    "a square of years": ("logit y x c.x#c.x w", THIRDS),
    "separation": ("logit apart w x", THIRDS),
    "nearly separated": ("logit nearly s x", THIRDS),
    "a perfect predictor": ("logit all1 z x w", THIRDS),
    "a perfect level": ("logit all1 i.z x w", THIRDS),
    "frequencies": ("logit y x w i.g [fw=f]", THIRDS),
    "sampling weights": ("logit y x w i.g [pw=p]", THIRDS),
    "offset": ("logit y x w i.g, offset(off)", THIRDS),
    "offset of a model that is not concave": ("cloglog y x w, offset(off)", THIRDS),
    "exposure": ("poisson c x w i.g, exposure(p)", THIRDS),
    "missing": ("logit y x gap i.g", THIRDS),
    "no constant": ("logit y w ibn.g, noconstant", THIRDS),
    "nothing at zero": ("glm f w, family(gamma) link(power -1) noconstant", THIRDS),
    "most frequent base": ("logit y w ib(freq).g", THIRDS),
    "interaction": ("logit y c.w##i.g", THIRDS),
    "no rows": ("logit y x w if x > 9999", THIRDS),
    "one outcome": ("logit same x w", THIRDS),
    "the constant alone": ("logit y", THIRDS),
    "one node": ("logit y x w i.g", 0 * THIRDS),
    "robust": ("probit y x w, vce(robust)", THIRDS),
}


@pytest.mark.parametrize("case", list(CASES))
def test_hard_cases_end_alike(case):
    command, nodes = CASES[case]
    require_same(*both(command, [DATA[nodes == node] for node in np.unique(nodes)]))


def test_a_base_that_nobody_has_is_the_same_error():
    rows = samples("logit y i.g", [DATA])
    for few in (None, FewTrips({"g": ("1", "2", "3", "9")})):
        with pytest.raises(FedfolderError, match="base"):
            fit_samples(read_command("logit y ib9.g"), rows, few=few)


@pytest.mark.parametrize(
    "levels",
    [("1", "2"), ("1", "2", "3", "4"), ("0", "1", "2", "3")],
    ids=["one too few", "one too many", "another base"],
)
def test_a_dictionary_that_is_wrong_makes_it_slower_and_nothing_else(levels):
    frames = [DATA[third == THIRDS] for third in range(3)]
    require_same(*both("logit y x w i.g", frames, FewTrips({"g": levels})))


# -- the rule of the last step -----------------------------------------------------------------------------------------


def test_the_rule_switched_off_asks_once_more_and_ends_where_the_step_led(monkeypatch):
    frames = split(lbw(), 3, 1)
    _, short = both(DEMO, frames)
    monkeypatch.setattr(last_step.LastStep, "is_proven", lambda *_: False)
    _, long = both(DEMO, frames)
    assert long.rounds == short.rounds + 1
    require_same(long, short, within=1e-12)


def test_halvings_that_travelled_are_not_asked_for_again():
    """A first step that overshoots is halved by what came along: no round is a step back."""
    few = FewTrips()
    command = read_command("glm y x w i.g, family(igaussian) link(identity)")
    given = problem("glm family(igaussian) link(identity)")
    rows = samples(str(command), parts(given, "at random", 1))
    program = fit(Proposal(command, tuple((name, "") for name in rows), few=few))
    question, betas, asked = next(program), [], 0
    try:
        while True:
            for part in single(question):
                betas += [tuple(part.beta)] if isinstance(part, Evaluation) else []
            asked += isinstance(question, Candidates)
            question = program.send((question, add(question.compute(sample) for sample in rows.values())))
    except StopIteration as end:
        result = end.value
    assert asked
    assert len(set(betas)) == len(betas) == result.evaluations


# -- what travels ------------------------------------------------------------------------------------------------------


def opening(levels=("1", "2", "3")):
    command = read_command("logit y x w i.g")
    specification, few = Specification.of(command), FewTrips({"g": levels})
    return Together((Moments(specification), OwnEstimate(specification, few, known_columns(specification, few) or ())))


def own_part(question: Together) -> OwnEstimate:
    (found,) = (part for part in question.questions if isinstance(part, OwnEstimate))
    return found


def test_parts_of_an_answer_are_those_of_the_questions_alone():
    question, sample = opening(), samples("logit y x w i.g", [DATA])["node1"]
    answer = question.compute(sample)
    again = question.read_answer(*to_parts(answer), where="here")
    for part, alone, said in zip(question.questions, question.parts(again), question.parts(answer), strict=True):
        assert alone == said == part.compute(sample)


def test_own_estimates_add_and_their_mean_is_the_estimate_of_one_site():
    """One site's sums lead back to where its search ended, and one step further."""
    question = opening().questions[1]
    sample = samples("logit y x w i.g", [DATA])["node1"]
    answer = question.compute(sample)
    assert answer.scalars == {SITES: 1.0}
    pooled = fit_samples(read_command("logit y x w i.g"), {"all": sample})
    mean = np.linalg.solve(question.information(answer), [row[0] for row in answer.rows.values()])
    np.testing.assert_array_less(np.abs(mean - pooled.beta), 0.5 * errors(pooled))
    twice = add([answer, answer])
    np.testing.assert_array_equal(question.information(twice), 2 * question.information(answer))


def test_what_is_withheld_is_zeros():
    question = opening().questions[1].withheld()
    answer = question.compute(samples("logit y x w i.g", [DATA])["node1"])
    assert (question.betas, answer.scalars) == (0, {SITES: 0.0})
    assert not any(map(any, answer.rows.values()))
    question.check(answer, where="here")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: dataclasses.replace(s, scalars={SITES: 0.0}), "no site that has one"),
        (lambda s: dataclasses.replace(s, scalars={SITES: 0.5}), "a count in this answer is none"),
        (lambda s: dataclasses.replace(s, scalars={}), "other scalars"),
        (lambda s: _scaled(s, -1.0), "none at a maximum"),
        (lambda s: dataclasses.replace(s, rows=dict(list(s.rows.items())[1:])), "other parameters"),
    ],
)
def test_an_answer_that_is_none_is_refused(change, message):
    question = opening().questions[1]
    answer = question.compute(samples("logit y x w i.g", [DATA])["node1"])
    with pytest.raises(TamperedAnswerError, match=message):
        question.check(change(answer), where="here")


def _scaled(sums: Sums, by: float) -> Sums:
    return dataclasses.replace(sums, rows={label: tuple(by * x for x in row) for label, row in sums.rows.items()})


def test_an_answer_with_a_part_more_or_less_is_refused():
    question = opening()
    answer = question.compute(samples("logit y x w i.g", [DATA])["node1"])
    for scalars, rows in (
        ({**answer.scalars, "3 nobs": 1.0}, answer.rows),
        (answer.scalars, {**answer.rows, ("3", "x", "", ""): (0.0,) * len(answer.columns)}),
        (answer.scalars, {**answer.rows, ("1", "x", "y", ""): (0.0,) * len(answer.columns)}),
    ):
        with pytest.raises(TamperedAnswerError):
            question.check(dataclasses.replace(answer, scalars=scalars, rows=rows), where="here")


def test_only_what_the_plan_comes_to_is_answered():
    question = opening()
    assert question.as_asked(question.declaration(), question.payloads()).declaration() == question.declaration()
    for other in (opening(("1", "2")), Together(question.questions[:1]), question.questions[0]):
        with pytest.raises((RefusedError, BetaError)):
            question.as_asked(other.declaration(), other.payloads())
    with pytest.raises(RefusedError):
        question.as_asked(question.declaration(), {"1-beta.csv": b""})


# -- the proposal ------------------------------------------------------------------------------------------------------


def test_a_proposal_says_it_and_only_then():
    command = read_command(EIGHT)
    roster = (("north", ""), ("south", ""))
    usual = Proposal(command, roster).to_dict()
    few = Proposal(command, roster, few=FewTrips.of(command, {**RACES, "other": ("1",)}))
    said = few.to_dict()
    assert "trips" not in usual
    assert (said["trips"], said["levels"]) == ("few", {"race": ["1", "2", "3"]})
    assert [asked["kind"] for asked in said["asked"]] == ["moments", "own estimate", "derivatives"]
    assert Proposal.from_dict(said).few == few.few
    assert Proposal.from_dict(usual).few is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"trips": "many"},
        {"levels": {"race": ["3", "1", "2"]}},
        {"levels": {"race": ["1", "1"]}},
        {"levels": {"race": ["1", "2\n"]}},
        {"levels": {"age": ["1", "2"]}},
        {"levels": {"race": [1, 2]}},
        {"levels": []},
        {"levels": None},
    ],
)
def test_a_proposal_that_says_it_otherwise_is_refused(wrong):
    command = read_command(EIGHT)
    said = Proposal(command, (("north", ""),), few=FewTrips.of(command, RACES)).to_dict()
    with pytest.raises(RefusedError):
        Proposal.from_dict({**said, **wrong})


def test_a_fit_begun_anew_without_a_site_is_not_one_of_few_trips():
    command = read_command(DEMO)
    said = Proposal(command, (("north", ""),), few=FewTrips()).to_dict()
    moments = Moments(Specification.of(command)).compute(samples(DEMO, [lbw()])["node1"])
    scalars, table = to_parts(moments)
    restart = {"without": ["south"], "start": 1, "moments": {"scalars": scalars, "table": table.decode()}}
    with pytest.raises(RefusedError):
        Proposal.from_dict({**said, "restart": restart})


def test_what_is_derived_or_has_no_known_levels_is_not_known():
    for line, known in (
        ("logit y i.g", False),
        ("logit y x", True),
        ("logit y ib(freq).g", False),
        ("mlogit g x", False),
    ):
        command = read_command(line)
        levels = {} if "ib(" not in line else {"g": ("1", "2")}
        assert (known_columns(Specification.of(command), FewTrips.of(command, levels)) is not None) == known
    command = read_command("recode x (0/3 = 1) (else = 2), generate(h); logit y i.h")
    assert FewTrips.of(command, {"h": ("1", "2")}).levels == {}


def test_a_server_that_names_very_many_levels_gets_no_information_of_them():
    command = read_command("logit y i.g")
    levels = {"g": tuple(map(str, range(2000)))}
    assert known_columns(Specification.of(command), FewTrips.of(command, levels)) is None


def test_a_fit_that_another_program_drives_is_none_of_few_trips():
    command = read_command(DEMO)
    said = Proposal(command, (("north", ""),), driver="external", radius=1.0, few=FewTrips()).to_dict()
    with pytest.raises(RefusedError):
        Proposal.from_dict(said)


def test_equations_are_solved_in_python_s_own_arithmetic():
    rng = np.random.default_rng(3)
    a = rng.normal(size=(6, 9))
    matrix, right = a @ a.T, rng.normal(size=6)
    found = np.array(solved(matrix.tolist(), right.tolist()))
    np.testing.assert_allclose(found, np.linalg.solve(matrix, right), rtol=1e-9)
    matrix[:, 3] = matrix[3, :] = matrix[2]
    matrix[3, 3] = matrix[2, 3] = matrix[3, 2] = matrix[2, 2]
    assert solved(matrix.tolist(), right.tolist()) is None
    assert solved([[-1.0]], [1.0]) is None
    assert solved([[0.0]], [1.0]) is None


# -- rounds that every fit saves ---------------------------------------------------------------------------------------


def driven(proposal, rows):
    """The result of a proposal, and the questions that it took."""
    program, asked = fit(proposal), []
    question = next(program)
    try:
        while True:
            asked.append(question)
            question = program.send((question, add(question.compute(sample) for sample in rows.values())))
    except StopIteration as end:
        return end.value, asked


@pytest.mark.parametrize(
    ("command", "saved"),
    [
        ("logit y x w, vce(robust)", 1),
        ("regress w x i.g, vce(robust)", 1),
        ("logit y x w, offset(off)", 1),
        ("glm f w, family(gaussian) link(log)", 1),
        ("logit y x w", 0),
    ],
)
def test_a_fit_that_an_earlier_version_put_goes_on_in_its_rounds(command, saved):
    parsed = read_command(command)
    rows = samples(command, [DATA[third == THIRDS] for third in range(3)])
    roster = tuple((name, "") for name in rows)
    now, before = Proposal(parsed, roster), Proposal(parsed, roster, wording=SEPARATE_ROUNDS)
    assert (now.to_dict() == before.to_dict()) == (saved == 0)
    assert Proposal.from_dict(before.to_dict()).shares_rounds == (saved == 0)
    (found, _), (then, asked) = driven(now, rows), driven(before, rows)
    assert found.rounds == then.rounds - saved
    assert not any(isinstance(question, Together) for question in asked)
    require_same(then, found)


# -- where it begins ---------------------------------------------------------------------------------------------------


def test_a_mean_that_is_no_better_than_the_usual_start_is_left(monkeypatch):
    frames = split(lbw(), 3, 1)
    monkeypatch.setattr(fit_module, "weighted_mean", lambda _, layout: np.full(len(layout.design.terms), 2.5))
    cold, few = both(DEMO, frames)
    assert few.iterations[0] == cold.iterations[0]
    require_same(cold, few)


@pytest.mark.parametrize("factor", [1.0, 20.0])
def test_a_mean_far_out_is_not_asked_about(factor):
    """Policies refuse betas beyond a few standard deviations: a fit must not be lost to a start."""
    command = read_command("logit y x w i.g")
    rows = samples(str(command), [DATA])
    proposal = Proposal(command, (("north", ""),), few=few_of(command, rows))
    question = first_question(proposal)
    assert isinstance(question, Together)
    moments, own = question.parts(question.compute(rows["node1"]))
    own = dataclasses.replace(own, rows={label: (factor * row[0], *row[1:]) for label, row in own.rows.items()})
    layout = lay_out(Specification.of(command), moments)
    found = weighted_mean(Opening(moments, own, own_part(question)), layout)
    assert (found is not None) == (factor == 1.0)


def test_large_sites_search_on_until_they_are_near():
    rng = np.random.default_rng(5)
    n = 6000
    frame = pd.DataFrame({"x": rng.normal(size=n) * 3 + 50, "w": rng.normal(size=n)})
    frame["y"] = (rng.random(n) < 1 / (1 + np.exp(8 - 0.1 * frame.x - 1.5 * frame.w))).astype(float)
    cold, few = both("logit y x w", [frame[:300], frame[300:1500], frame[1500:]])
    assert few.rounds <= 5 < cold.rounds
    require_same(cold, few)


def test_a_perfect_regression_ends_where_rounding_does():
    cold, few = both("regress v w x", [DATA[third == THIRDS] for third in range(3)])
    assert cold.status == few.status == "converged"
    np.testing.assert_allclose(few.beta, cold.beta, atol=1e-9)
