"""A fit that another program drives: over real folders and in memory, near its path and nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fedfolder.custody.approval import Attempt
from fedfolder.custody.page import Review, page
from fedfolder.custody.policy import Policy
from fedfolder.errors import BetaError, FitError, RefusedError
from fedfolder.exchange.journal import IN, OUT
from fedfolder.likelihood import LIKELIHOODS, RiskLikelihood
from fedfolder.node.data import sample_from_frame
from fedfolder.plan.check import read_proposal
from fedfolder.plan.proposal import MOST_EVALUATIONS, Proposal, read_command
from fedfolder.questions.sums import add
from fedfolder.questions.within import Within
from fedfolder.server.driven import Driven
from fedfolder.server.external import External
from fedfolder.simulation import pooled
from fedfolder.solve.step import newton_step
from tests.node.places import Bench, data
from tests.simulation.models import parts, problem

COMMAND = "logit low age smoke"


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path / "study").open(data(tmp_path / "data", "north", "south", "west"))
    yield made
    made.close()


class Memory:
    """Samples that are asked in memory."""

    def __init__(self, samples):
        self.samples = samples
        self.asked = []
        self.closed = []

    def ask(self, round_, question, published):  # noqa: ARG002
        self.asked.append(question)
        return question, add(question.compute(sample) for sample in self.samples)

    def was_asked(self, round_, question):  # noqa: ARG002
        return None

    def close(self, published, status, message=""):  # noqa: ARG002
        self.closed.append(status)


def in_memory(command, frames, radius=1.0):
    parsed = read_command(command)
    memory = Memory([sample_from_frame(frame, parsed) for frame in frames])
    roster = tuple((f"n{k}", "") for k in range(len(frames)))
    return Driven(Proposal(parsed, roster, driver="external", radius=radius), memory), memory


def newton(fit, start=None, most=30):
    """What another program may do: steps uphill, halved where they are too long, in the units of the data."""
    beta = np.zeros(len(fit.names)) if start is None else start
    here = fit.evaluate(beta)
    for _ in range(most):
        step, share = newton_step(here), 1.0
        if here.score @ step < 1e-18:
            break
        there = fit.evaluate(beta + step)
        while not there.loglike >= here.loglike - 1e-12 * abs(here.loglike) and share > 1e-3:
            share /= 2
            there = fit.evaluate(beta + share * step)
        beta, here = beta + share * step, there
    return beta, here


def test_newton_of_another_program_drives_real_nodes_to_the_pooled_result(bench):
    with External(bench.study.path, COMMAND, idle=bench.work, timeout=60) as fit:
        beta, found = newton(fit)
        assert fit.names == ("age", "smoke", "_cons")
        fit.close("converged")
    result = bench.run(COMMAND)
    assert np.all(np.abs(beta - result.beta) <= 1e-9 * result.bse.to_numpy())
    np.testing.assert_allclose(np.linalg.inv(-found.hessian), result.cov, rtol=1e-9)
    assert found.loglike == pytest.approx(result.llf, rel=1e-13)
    for node in bench.nodes.values():
        kinds = [h.kind for h in node.journal.headers("server", OUT) if h.fit == 1]
        assert set(kinds) == {"sums", "receipt"}


def test_a_custodian_reads_who_drives_and_how_freely(bench):
    with External(bench.study.path, COMMAND, idle=bench.work, timeout=60, radius=0.5) as fit:
        fit.close()
    asked = bench.nodes["north"].journal.message("server", IN, 1)
    assert asked is not None
    said = asked.header.body["proposal"]
    assert (said["driver"], said["trust radius"]) == ("external", "0.5")
    assert read_proposal(said).to_dict() == said
    with pytest.raises(RefusedError):
        read_proposal({**said, "trust radius": "0.50"})
    with pytest.raises(RefusedError):
        read_proposal({**said, "driver": "newton"})


def test_the_page_says_in_words_that_another_program_chooses():
    roster = (("north", "ab"), ("south", "cd"), ("west", "ef"))
    proposal = Proposal(read_command(COMMAND), roster, driver="external", radius=0.5)
    text = page(Attempt(1, 1, "x"), proposal, me="north", server=("", ""), policy=Policy(()), review=Review())
    said = " ".join(text.split())
    assert "each beta is chosen by another program on the server's side, such as Stata's ml" in said
    assert "no beta farther than 0.5 standard deviations of the columns from that path" in said


def test_it_is_another_fit_than_one_that_this_program_drives(bench):
    assert bench.run(COMMAND).status == "converged"
    with External(bench.study.path, COMMAND, idle=bench.work, timeout=60) as fit:
        newton(fit)
        fit.close()
    assert bench.run(COMMAND).status == "converged"
    assert {header.fit for header in bench.nodes["north"].journal.headers("server", IN)} == {0, 1, 2}


def test_a_program_that_begins_again_is_answered_from_the_journal(bench):
    with External(bench.study.path, COMMAND, idle=bench.work, timeout=60) as fit:
        first = fit.evaluate(np.zeros(3))
    before = bench.nodes["north"].journal.last("server", OUT)
    with External(bench.study.path, COMMAND, idle=bench.work, timeout=60) as fit:
        again = fit.evaluate(np.zeros(3))
        assert bench.nodes["north"].journal.last("server", OUT) == before
        assert np.array_equal(again.hessian, first.hessian)
        newton(fit)
        fit.close()


def test_a_program_that_begins_again_elsewhere_goes_on_after_what_was_asked(bench):
    with External(bench.study.path, COMMAND, idle=bench.work, timeout=60) as fit:
        there = fit.evaluate([0.01, 0.0, 0.0])
        fit.evaluate([0.02, 0.0, 0.0])
    with External(bench.study.path, COMMAND, idle=bench.work, timeout=60) as fit:
        fit.evaluate([0.03, 0.0, 0.0])
        rounds = fit.rounds
        assert np.array_equal(fit.evaluate([0.01, 0.0, 0.0]).score, there.score)
        assert fit.rounds == rounds
        beta, _ = newton(fit)
        fit.close()
    result = bench.run(COMMAND)
    assert np.all(np.abs(beta - result.beta) <= 1e-9 * result.bse.to_numpy())


@pytest.mark.parametrize("same", [True, False])
def test_a_wait_that_was_interrupted_goes_on_whatever_is_asked_next(bench, same):
    def interrupted(_seconds=0.0):
        raise KeyboardInterrupt

    idle = {"now": bench.work}
    with External(bench.study.path, COMMAND, idle=lambda _: idle["now"](), timeout=60) as fit:
        before = fit.rounds
        idle["now"] = interrupted
        with pytest.raises(KeyboardInterrupt):
            fit.evaluate([0.01, 0.0, 0.0])
        assert fit.is_open
        idle["now"] = bench.work
        found = fit.evaluate([0.01 if same else 0.02, 0.0, 0.0])
        assert fit.rounds == before + (1 if same else 2)
        fit.close()
    with External(bench.study.path, COMMAND, idle=bench.work, timeout=60) as fit:
        again = fit.evaluate([0.01 if same else 0.02, 0.0, 0.0])
        fit.close()
    np.testing.assert_allclose(again.hessian, found.hessian, rtol=1e-12)


def test_a_refused_fit_is_not_open(bench, monkeypatch):
    with External(bench.study.path, COMMAND, idle=bench.work, timeout=60) as fit:
        server_side, expected = Within.at, fit._next  # noqa: SLF001

        def boundless(question, beta):
            return server_side(_without_radius(question) if question is expected else question, beta)

        monkeypatch.setattr(Within, "at", boundless)
        with pytest.raises(RefusedError):
            fit.evaluate([0.0, 50.0, 0.0])
        assert not fit.is_open


def test_a_beta_outside_the_radius_is_not_sent(bench):
    with External(bench.study.path, COMMAND, idle=bench.work, timeout=60) as fit:
        before = bench.on_share("north", "to-node")
        with pytest.raises(BetaError, match="too far from the path"):
            fit.evaluate([0.0, 50.0, 0.0])
        with pytest.raises(BetaError):
            fit.evaluate([np.nan, 0.0, 0.0])
        assert bench.on_share("north", "to-node") == before
        fit.close()


def test_a_beta_outside_the_radius_is_refused_by_the_node_with_nothing_computed(bench, monkeypatch):
    with External(bench.study.path, COMMAND, idle=bench.work, timeout=60) as fit:
        number = bench.nodes["north"].journal.last("server", OUT).header.number
        far = fit._question.radius  # noqa: SLF001
        server_side = Within.at

        def at_will(question, beta):
            """The malicious server's own copy has no radius; the nodes' have."""
            return server_side(question if question is not fit._question else _without_radius(question), beta)  # noqa: SLF001

        monkeypatch.setattr(Within, "at", at_will)
        with pytest.raises(RefusedError, match="refused"):
            fit.evaluate([0.0, 50.0, 0.0])
    assert far == 1.0
    for name, node in bench.nodes.items():
        reply = node.journal.message("server", OUT, number + 1)
        assert (reply.header.kind, reply.header.body["code"]) == ("refusal", "Beta")
        assert not reply.payloads
        assert "too far from the path" in bench.log(name)
        kept = Path(bench.folder / name / "kept" / "fit1")
        assert not list(kept.glob(f"m{number + 1:06d}*derivatives*"))


def _without_radius(question):
    import dataclasses

    return dataclasses.replace(question, radius=np.inf)


def test_the_evaluations_that_were_approved_are_enforced_at_the_node(bench, monkeypatch):
    monkeypatch.setattr("fedfolder.plan.external.MOST_EVALUATIONS", 4)
    with External(bench.study.path, COMMAND, idle=bench.work, timeout=60) as fit:
        for k in range(3):
            fit.evaluate([0.001 * k, 0.0, 0.0])
        with pytest.raises(RefusedError, match="used up"):
            fit.evaluate([0.009, 0.0, 0.0])
        assert fit.evaluate([0.0, 0.0, 0.0]).nobs > 0, "what was answered is known"
    header = bench.nodes["north"].journal.last("server", OUT).header
    assert header.kind == "receipt"


def test_a_server_that_does_not_count_is_refused(bench, monkeypatch):
    limit = {"server": MOST_EVALUATIONS}
    monkeypatch.setattr("fedfolder.plan.external.MOST_EVALUATIONS", 4)
    work = bench.work

    def nodes_count(seconds=0.0):
        monkeypatch.setattr("fedfolder.plan.external.MOST_EVALUATIONS", 4)
        work(seconds)
        monkeypatch.setattr("fedfolder.plan.external.MOST_EVALUATIONS", limit["server"])

    monkeypatch.setattr("fedfolder.plan.external.MOST_EVALUATIONS", limit["server"])
    with External(bench.study.path, COMMAND, idle=nodes_count, timeout=60) as fit:
        for k in range(3):
            fit.evaluate([0.001 * k, 0.0, 0.0])
        with pytest.raises(RefusedError, match="refused"):
            fit.evaluate([0.009, 0.0, 0.0])
    kinds = [header.kind for header in bench.nodes["north"].journal.headers("server", OUT)]
    assert kinds[-2:] == ["refusal", "receipt"]
    assert "the plan is at its end" in bench.log("north")


def test_a_common_baseline_cannot_be_driven():
    """Of what its nodes answer, no log-likelihood of one node can be made."""
    given = problem("stcox breslow")
    with pytest.raises(RefusedError, match="common baseline"):
        in_memory(given.command(), parts(given, "at random", 1))
    fit, _ = in_memory(given.command(more="strata(_node)"), parts(given, "at random", 1))
    assert fit.evaluate(np.zeros(len(fit.names))).loglike < 0
    fit.close()


@pytest.mark.parametrize("name", [n for n, of in LIKELIHOODS.items() if not isinstance(of, RiskLikelihood)])
def test_any_model_is_driven_to_the_pooled_result(name):
    # Where a log-likelihood curves upward, every program steps in its own way.
    given, radius = problem(name), 1.0 if LIKELIHOODS[name].concave else 100.0
    if len(LIKELIHOODS[name].views) > 1:
        with pytest.raises(FitError, match="another program cannot drive"):
            in_memory(given.command(), parts(given, "at random", 1), radius)
        return
    fit, memory = in_memory(given.command(), parts(given, "at random", 1), radius)
    start = fit._to_user @ fit._question.path[0][1]  # noqa: SLF001
    beta, _ = newton(fit, start)
    whole = pooled(given.command(), given.frame)
    assert fit.names == whole.names
    assert np.all(np.abs(beta - whole.beta) <= 1e-6 * whole.bse.to_numpy())
    fit.close()
    assert memory.closed == ["closed"]


def test_derivatives_are_those_by_the_coefficients_of_the_data():
    given = problem("logit")
    fit, _ = in_memory(given.command(), parts(given, "at random", 1))
    beta, step = np.full(len(fit.names), 0.01), 1e-5
    here = fit.evaluate(beta)
    for j in range(len(beta)):
        up, down = (fit.evaluate(beta + sign * step * np.eye(len(beta))[j]) for sign in (1, -1))
        assert here.score[j] == pytest.approx((up.loglike - down.loglike) / (2 * step), rel=1e-6, abs=1e-5)
        np.testing.assert_allclose(here.hessian[j], (up.score - down.score) / (2 * step), rtol=1e-6, atol=1e-4)


def test_what_was_asked_is_not_asked_again():
    given = problem("logit")
    fit, memory = in_memory(given.command(), parts(given, "at random", 1))
    zero = np.zeros(len(fit.names))
    fit.evaluate(zero)
    before = len(memory.asked)
    fit.evaluate(zero)
    assert len(memory.asked) == before


def test_what_can_have_no_estimate_ends_at_once():
    frame = problem("logit").frame.assign(y=1.0)
    with pytest.raises(FitError, match="one value"):
        in_memory("logit y x", [frame])


@pytest.mark.parametrize("radius", [0.2, 1.0])
def test_the_radius_is_in_standard_deviations(radius):
    frame = problem("logit").frame
    frame = frame.assign(x=1000 * frame["x"])
    fit, _ = in_memory("logit y x", [frame], radius)
    (best, there), slope = fit._question.path[1], 1 / frame["x"].std(ddof=0)  # noqa: SLF001
    from_there = fit._to_user @ there  # noqa: SLF001
    away = np.sign(from_there[0] - (fit._to_user @ best)[0]) * slope * np.array([1.0, -frame["x"].mean()])  # noqa: SLF001
    fit.evaluate(from_there + 0.99 * radius * away)
    with pytest.raises(BetaError):
        fit.evaluate(from_there + 2.5 * radius * away)
