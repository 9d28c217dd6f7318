"""A fit that goes on with fewer nodes: the right estimate, and no sum that stands with and without a node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from fedfolder.errors import FedfolderError, RefusedError
from fedfolder.node.data import sample_from_frame
from fedfolder.plan import climb as climb_module
from fedfolder.plan.fit import fit
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.plan.restart import MOST_STARTS, Restart
from fedfolder.questions.evaluation import Evaluation
from fedfolder.questions.event_groups import EventGroups
from fedfolder.questions.sums import add
from fedfolder.resources import resource
from fedfolder.simulation import fit_samples, split

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedfolder.estimates import FitResult
    from fedfolder.questions.sample import Sample
    from fedfolder.questions.sums import Sums

COMMANDS = [
    "logit low age smoke",
    "logit low age lwt i.race i.smoke##c.lwt ptl ht ui",
    "logit low i.race age i.race#i.smoke",
    "logit low lwt i.race, noconstant",
    "regress bwt age lwt i.race smoke",
    "regress bwt age lwt, noconstant",
]


def samples(command: str, nodes: int = 4, seed: int = 3) -> dict[str, Sample]:
    births = pd.read_stata(str(resource("examples", "lbw", "lbw.dta")), convert_categoricals=False)
    parts = enumerate(split(births, nodes, seed), start=1)
    return {f"node{n}": sample_from_frame(part, read_command(command)) for n, part in parts}


def driven(proposal: Proposal, parts: Mapping[str, Sample]) -> tuple[FitResult, list[tuple[Any, Sums]]]:
    """The result, and each question with the published sums."""
    program, history = fit(proposal), []
    try:
        question = next(program)
        while True:
            history.append((question, add(question.compute(sample) for sample in parts.values())))
            question = program.send(history[-1])
    except StopIteration as end:
        return end.value, history


def roster(parts: Mapping[str, Sample]) -> tuple[tuple[str, str], ...]:
    return tuple((name, "") for name in parts)


def restarted(command: str, start: int) -> tuple[Any, Any, Any, Any]:
    """The first attempt's history with everyone, and the restart without node4."""
    everyone = samples(command)
    few = {name: sample for name, sample in everyone.items() if name != "node4"}
    parsed = read_command(command)
    _, before = driven(Proposal(parsed, roster(everyone)), everyone)
    proposal = Proposal(parsed, roster(few), Restart(("node4",), start, before[0][1]))
    assert Proposal.from_dict(proposal.to_dict()) == proposal
    return (*driven(proposal, few), before, few)


def in_units_of_the_data(question: Evaluation) -> dict[str, float]:
    beta = question.design.to_user() @ question.beta
    return dict(zip(question.design.terms, beta, strict=True))


@pytest.mark.parametrize("start", [1, 2, MOST_STARTS])
@pytest.mark.parametrize("command", COMMANDS)
def test_the_estimate_is_that_of_the_nodes_that_are_left(
    command: str, start: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 98, for a site that is left out: compared with a usual fit of the others, both to the last digits."""
    found, _, _, few = restarted(command, start)
    monkeypatch.setattr(climb_module, "TOLERANCE", climb_module.TOLERANCE_OF_RESTART)
    expected = fit_samples(read_command(command), few)
    assert found.status == expected.status == "converged"
    assert found.names == expected.names
    assert found.nobs == expected.nobs
    size = np.maximum(np.abs(expected.beta), np.sqrt(np.diag(expected.cov)))
    assert np.abs((found.beta - expected.beta) / size).max() < 1e-10
    assert found.cov == pytest.approx(expected.cov, rel=1e-9)
    assert found.llf == pytest.approx(expected.llf, rel=1e-12)
    if command.startswith("regress"):
        assert found.stats == pytest.approx(dict(expected.stats), rel=1e-9)
        assert (found.llnull is None) == (expected.llnull is None)
    else:
        assert found.llnull is None
        assert set(found.stats) == {"chi2"}
    assert found.without == ("node4",)
    assert "without node4" in found.summary()


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_is_asked_that_was_asked_with_the_larger_roster(command: str) -> None:
    _, after, before, _ = restarted(command, 1)
    assert {question.kind for question, _ in after} == {"derivatives"}
    asked = [in_units_of_the_data(question) for question, _ in before[1:]]
    for question, _ in after:
        assert in_units_of_the_data(question) not in asked


def site_from_difference(command: str, start: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """X'X/4 of node4, and what a reader of the published sums would take for it, at the first evaluations."""
    _, after, before, _ = restarted(command, start)
    everyone = samples(command)
    first = before[1][0]
    secret = first.derivatives(first.compute(everyone["node4"])).hessian
    with_, without = before[1], after[0]
    return secret, with_[0].derivatives(with_[1]).hessian - without[0].derivatives(without[1]).hessian


def test_the_difference_of_two_sums_is_not_the_sites_own() -> None:
    """What a restart at the same beta would give away to the last digit is not to be had so; see the next test."""
    secret, taken = site_from_difference("logit low age lwt smoke", 1)
    assert np.abs(taken / secret - 1).min() > 1e-4


def test_the_start_at_the_same_beta_would_have_given_the_site_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Restart, "shift", lambda _self, layout: np.full(len(layout.design.terms), 1e-13))
    secret, taken = site_from_difference("logit low age lwt smoke", 1)
    assert np.allclose(taken, secret, rtol=1e-9, atol=1e-9)


def test_a_level_that_only_the_silent_site_has_is_left_out() -> None:
    births = pd.read_stata(str(resource("examples", "lbw", "lbw.dta")), convert_categoricals=False)
    parts = split(births, 3, 1)
    parts[2] = parts[2].assign(race=parts[2]["race"].where(parts[2].index > 4, 7))
    command = read_command("logit low age i.race")
    everyone = {f"node{n}": sample_from_frame(part, command) for n, part in enumerate(parts, start=1)}
    _, before = driven(Proposal(command, roster(everyone)), everyone)
    few = {name: everyone[name] for name in ("node1", "node2")}
    found, _ = driven(Proposal(command, roster(few), Restart(("node3",), 1, before[0][1])), few)
    assert found.status == "converged"
    assert found.omitted == ("7.race",)


def test_nobody_left_has_a_row() -> None:
    everyone = samples("logit low age smoke")
    _, before = driven(Proposal(read_command("logit low age smoke"), roster(everyone)), everyone)
    none = {"node1": everyone["node1"].rows(0, 0)}
    restart = Restart(("node2", "node3", "node4"), 1, before[0][1])
    found, _ = driven(Proposal(read_command("logit low age smoke"), roster(none), restart), none)
    assert found.status == "no observations"


def test_each_loss_after_something_was_published_takes_another_start() -> None:
    everyone = samples("logit low age smoke")
    moments = next(fit(Proposal(read_command("logit low age smoke"), ()))).compute(everyone["node1"])
    nothing_published = Restart(()).also_without(["a"], None)
    assert nothing_published == Restart(("a",))
    once = nothing_published.also_without(["b"], moments)
    assert (once.without, once.start) == (("a", "b"), 1)
    twice = once.also_without(["c"], None)
    assert (twice.start, twice.moments) == (2, moments)


BY_DF = "stpm2 smoke lwt, scale(hazard) df(3) bknots(16 36) time(age) failure(low)"


@pytest.fixture
def of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups of three events: these are few births."""
    monkeypatch.setattr(EventGroups.__init__, "__defaults__", (3,))


@pytest.mark.usefixtures("of_three")
@pytest.mark.parametrize(
    ("command", "start"),
    [(BY_DF, 1), (BY_DF.replace("hazard", "odds"), MOST_STARTS), (f"{BY_DF} tvc(smoke) dftvc(1)", 3)],
)
def test_splines_begin_on_another_line_with_the_knots_that_were_found(command: str, start: int) -> None:
    """Fault 98 once more, of knots that follow from what was published with the site that is left out."""
    everyone = samples(command)
    few = {name: sample for name, sample in everyone.items() if name != "node4"}
    parsed = read_command(command)
    whole, before = driven(Proposal(parsed, roster(everyone)), everyone)
    (_, events), (_, moments), *_ = before
    proposal = Proposal(parsed, roster(few), Restart(("node4",), start, moments, events))
    assert Proposal.from_dict(proposal.to_dict()) == proposal
    found, after = driven(proposal, few)
    assert {question.kind for question, _ in after} == {"derivatives"}
    begun, _ = driven(Proposal(parsed, roster(few), Restart(("node4",), 0, None, events)), few)
    assert found.status == begun.status == "converged"
    assert found.splines[0].knots == begun.splines[0].knots == whole.splines[0].knots
    terms = [place for place, name in enumerate(found.names) if name == "lwt"]
    assert found.beta[terms] == pytest.approx(begun.beta[terms], rel=1e-9)
    assert found.llf == pytest.approx(begun.llf, rel=1e-12)


@pytest.mark.usefixtures("of_three")
@pytest.mark.parametrize("given", [True, False])
def test_counts_of_events_belong_to_knots_that_follow_from_them(given: bool) -> None:
    command = BY_DF.replace("df(3)", "knots(20 25)") if given else BY_DF
    everyone = samples(BY_DF)
    _, before = driven(Proposal(read_command(BY_DF), roster(everyone)), everyone)
    (_, events), (_, moments), *_ = before
    restart = Restart(("node4",), 0, None, events) if given else Restart(("node4",), 1, moments)
    with pytest.raises(FedfolderError):
        Proposal.from_dict(Proposal(read_command(command), (("a", ""),), restart).to_dict())


def proposed(**changes: Any) -> dict[str, Any]:
    command = read_command("logit low age smoke")
    everyone = samples("logit low age smoke")
    _, before = driven(Proposal(command, roster(everyone)), everyone)
    said = Proposal(command, (("a", ""),), Restart(("node4",), 1, before[0][1])).to_dict()
    said["restart"] = {**said["restart"], **changes}
    return said


@pytest.mark.parametrize(
    "changes",
    [
        {"start": MOST_STARTS + 1},
        {"start": -1},
        {"start": 0},
        {"start": "1"},
        {"without": "node4"},
        {"moments": None},
        {"moments": {"scalars": {}, "table": ""}},
        {"moments": {"scalars": {"nobs": "-3", "nodes": "1"}, "table": "column,sum,sum_of_squares\nlow,1,1\n"}},
        {"more": 1},
    ],
)
def test_a_restart_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(FedfolderError) as refused:
        Proposal.from_dict(proposed(**changes))
    assert isinstance(refused.value, RefusedError)


def test_a_far_start_cannot_be_asked_for() -> None:
    """A server chooses a start among few, each within two standard deviations: no beta of its own making."""
    proposal = Proposal.from_dict(proposed(start=MOST_STARTS))
    question = next(fit(proposal))
    assert isinstance(question, Evaluation)
    assert np.abs(question.beta).sum() <= 2.0
